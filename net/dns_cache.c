/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_cache.h"

#include <intelmq/hash.h>

#include "lib/allocated.h"

enum { OVERHEAD = 64 }; /* bytes that an entry takes elsewhere: index, number, malloc's own */

struct key {
	struct str name;
	enum dns_type type;
};

static bool entry_equal(const void *context, uint32_t number, const void *key)
{
	const struct dns_cache *cache = context;
	const struct key *wanted = key;
	const struct dns_entry *entry = cache->entries[number];
	return entry->type == wanted->type && str_eq(dns_entry_name(entry), wanted->name);
}

static uint64_t entry_hash(const void *context, uint32_t number)
{
	const struct dns_cache *cache = context;
	return cache->entries[number]->hash;
}

static uint64_t key_hash(struct str name, enum dns_type type)
{
	return hash_bytes(name) + (uint64_t)type * UINT64_C(0x9E3779B97F4A7C15);
}

void dns_cache_init(struct dns_cache *cache, size_t bytes_max)
{
	*cache = (struct dns_cache){ .bytes_max = bytes_max };
	index_init(&cache->index, (struct index_owner){ entry_equal, entry_hash, cache });
}

static void entry_free(struct dns_entry *entry)
{
	free(entry->block);
	free(entry);
}

void dns_cache_fini(struct dns_cache *cache)
{
	for (size_t i = 0; i < cache->n; i++)
		if (cache->entries[i])
			entry_free(cache->entries[i]);
	index_fini(&cache->index);
	free(cache->entries);
	free(cache->spare);
}

void dns_list_add(struct dns_list *list, struct dns_entry *entry)
{
	entry->list = list;
	entry->before = list->last;
	entry->after = NULL;
	if (list->last)
		list->last->after = entry;
	else
		list->first = entry;
	list->last = entry;
}

void dns_list_del(struct dns_entry *entry)
{
	if (!entry->list)
		return;
	if (entry->before)
		entry->before->after = entry->after;
	else
		entry->list->first = entry->after;
	if (entry->after)
		entry->after->before = entry->before;
	else
		entry->list->last = entry->before;
	entry->list = NULL;
}

struct dns_entry *dns_cache_find(struct dns_cache *cache, struct str name, enum dns_type type,
                                 int64_t now_ms)
{
	struct key key = { name, type };
	uint32_t number = index_find(&cache->index, key_hash(name, type), &key);
	if (number == INDEX_NONE)
		return NULL;
	struct dns_entry *entry = cache->entries[number];
	if (entry->known && now_ms >= entry->at_ms) {
		if (entry->list == &cache->kept)
			dns_cache_del(cache, entry);
		else
			dns_cache_hide(cache, entry);
		return NULL;
	}
	if (entry->list == &cache->kept && cache->kept.last != entry) {
		dns_list_del(entry);
		dns_list_add(&cache->kept, entry);
	}
	return entry;
}

static uint32_t number_take(struct dns_cache *cache)
{
	if (cache->spares)
		return cache->spare[--cache->spares];
	if (cache->n == cache->capacity) {
		cache->capacity = cache->capacity ? 2 * cache->capacity : 256;
		cache->entries = allocated(
			realloc(cache->entries, cache->capacity * sizeof *cache->entries));
		cache->spare = allocated(
			realloc(cache->spare, cache->capacity * sizeof *cache->spare));
	}
	return (uint32_t)cache->n++;
}

struct dns_entry *dns_cache_add(struct dns_cache *cache, struct str name, enum dns_type type)
{
	struct dns_entry *entry = allocated(calloc(1, sizeof *entry + name.n));
	entry->hash = key_hash(name, type);
	entry->number = number_take(cache);
	entry->size = sizeof *entry + name.n + OVERHEAD;
	entry->type = type;
	entry->n = (uint8_t)name.n;
	memcpy(entry->name, name.p, name.n);
	cache->entries[entry->number] = entry;
	index_add(&cache->index, entry->hash, entry->number);
	return entry;
}

void dns_cache_hide(struct dns_cache *cache, struct dns_entry *entry)
{
	if (!entry->hidden)
		index_del(&cache->index, entry->hash, entry->number);
	entry->hidden = true;
}

void dns_cache_del(struct dns_cache *cache, struct dns_entry *entry)
{
	dns_cache_hide(cache, entry);
	if (entry->list == &cache->kept)
		cache->bytes -= entry->size;
	dns_list_del(entry);
	cache->entries[entry->number] = NULL;
	cache->spare[cache->spares++] = entry->number;
	entry_free(entry);
}

void dns_entry_answer(struct dns_entry *entry, const struct dns_answer *answer, int64_t now_ms)
{
	size_t size = answer->n * sizeof(struct str);
	for (size_t i = 0; i < answer->n; i++)
		size += answer->values[i].n;
	entry->answer = *answer;
	entry->known = true;
	entry->at_ms = now_ms + answer->ttl * 1000;
	if (answer->n == 0)
		return;
	struct str *values = entry->block = allocated(malloc(size));
	char *p = (char *)(values + answer->n);
	for (size_t i = 0; i < answer->n; i++) {
		struct str value = answer->values[i];
		memcpy(p, value.p, value.n);
		values[i] = (struct str){ p, value.n };
		p += value.n;
	}
	entry->answer.values = values;
	entry->size += size;
}

void dns_cache_keep(struct dns_cache *cache, struct dns_entry *entry)
{
	dns_list_add(&cache->kept, entry);
	cache->bytes += entry->size;
	while (cache->bytes > cache->bytes_max)
		dns_cache_del(cache, cache->kept.first);
}
