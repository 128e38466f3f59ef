/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "state/table.h"

#include <intelmq/hash.h>

#include "state/index.h"
#include "state/overlay.h"
#include "state/pool.h"
#include "lib/allocated.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	KEY_BYTES = 32,
	CHUNK_RECORDS = 1024,
	SHARED_VALUE = 64, /* bytes up to which equal values are kept once */
	SWEEP = 4,         /* records looked at with each change, whether they have expired */
	AGAIN = 2,         /* entries sent again with each change */
	AGAIN_LOOK = 8,    /* records looked at with each change to find them */
};

enum key_kind {
	KEY_FREE,   /* the record is not in use; `expires` is the number of the next such one */
	KEY_HEX,    /* 64 lower-case hexadecimal digits as 32 bytes */
	KEY_INLINE, /* length in the first byte, text, zeros */
	KEY_BLOB,   /* a pointer to a blob */
};

struct record {
	uint8_t key[KEY_BYTES];
	uint32_t expires; /* seconds since the epoch, 0: never */
	uint32_t kind : 2;
	uint32_t value : 30;
};

/* A value, or the number of the next free place. */
union value_place {
	struct blob *blob;
	uint32_t next_free;
};

struct state_table {
	int64_t (*now)(void);
	struct index keys;
	struct record **chunks;
	size_t n_chunks, chunks_capacity;
	uint32_t n_records; /* places, in use or free */
	uint32_t free_record;
	uint32_t sweep;
	uint32_t round, round_next; /* the record to send again next; after the commit in hand */
	struct pool pool;           /* long keys, values */
	struct index shared;        /* numbers of values of up to SHARED_VALUE bytes */
	union value_place *values;
	size_t n_values, values_capacity;
	uint32_t free_value;
	struct overlay overlay;
};

/* A key as a record would hold it. */
struct probe {
	struct str text;
	enum key_kind kind;
	uint8_t key[KEY_BYTES];
	uint64_t hash;
};

static struct record *record_at(const struct state_table *t, uint32_t number)
{
	return &t->chunks[number / CHUNK_RECORDS][number % CHUNK_RECORDS];
}

static struct str blob_text(const struct blob *blob)
{
	return (struct str){ blob->bytes, blob->n };
}

/* ---- Keys ---- */

/* 0 … 15 for a lower-case hexadecimal digit, else more. */
static unsigned nibble(unsigned char c)
{
	unsigned digit = (unsigned)c - '0', letter = (unsigned)c - 'a';
	return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

static bool pack_hex(struct str text, uint8_t out[KEY_BYTES])
{
	unsigned all = 0;
	for (size_t i = 0; i < KEY_BYTES; i++) {
		unsigned high = nibble((unsigned char)text.p[2 * i]);
		unsigned low = nibble((unsigned char)text.p[2 * i + 1]);
		all |= high | low;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return all < 16;
}

static struct str key_bytes(const uint8_t *key)
{
	return (struct str){ (const char *)key, KEY_BYTES };
}

static struct probe probe_for(struct str text)
{
	struct probe probe = { .text = text };
	if (text.n == 2 * KEY_BYTES && pack_hex(text, probe.key)) {
		probe.kind = KEY_HEX;
	} else if (text.n < KEY_BYTES) {
		probe.kind = KEY_INLINE;
		probe.key[0] = (uint8_t)text.n;
		if (text.n)
			memcpy(probe.key + 1, text.p, text.n);
	} else {
		probe.kind = KEY_BLOB;
	}
	probe.hash = hash_bytes(probe.kind == KEY_BLOB ? text : key_bytes(probe.key));
	return probe;
}

static struct blob *key_blob(const struct record *record)
{
	struct blob *blob;
	memcpy(&blob, record->key, sizeof blob);
	return blob;
}

static uint64_t record_hash(const void *context, uint32_t number)
{
	const struct record *record = record_at(context, number);
	return hash_bytes(record->kind == KEY_BLOB ? blob_text(key_blob(record))
	                                           : key_bytes(record->key));
}

static bool record_equal(const void *context, uint32_t number, const void *key)
{
	const struct record *record = record_at(context, number);
	const struct probe *probe = key;
	if (record->kind != probe->kind)
		return false;
	if (probe->kind == KEY_BLOB)
		return str_eq(blob_text(key_blob(record)), probe->text);
	return memcmp(record->key, probe->key, KEY_BYTES) == 0;
}

/* The text of a record's key; `room` is for digits. */
static struct str key_text(const struct record *record, char room[2 * KEY_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	if (record->kind == KEY_BLOB)
		return blob_text(key_blob(record));
	if (record->kind == KEY_INLINE)
		return (struct str){ (const char *)record->key + 1, record->key[0] };
	for (size_t i = 0; i < KEY_BYTES; i++) {
		room[2 * i] = digits[record->key[i] >> 4];
		room[2 * i + 1] = digits[record->key[i] & 15];
	}
	return (struct str){ room, 2 * KEY_BYTES };
}

/* ---- Values ---- */

static uint64_t value_hash(const void *context, uint32_t number)
{
	const struct state_table *t = context;
	return hash_bytes(blob_text(t->values[number].blob));
}

static bool value_equal(const void *context, uint32_t number, const void *text)
{
	const struct state_table *t = context;
	return str_eq(blob_text(t->values[number].blob), *(const struct str *)text);
}

static uint32_t value_place(struct state_table *t)
{
	uint32_t number = t->free_value;
	if (number != INDEX_NONE) {
		t->free_value = t->values[number].next_free;
		return number;
	}
	if (t->n_values == t->values_capacity) {
		t->values_capacity = t->values_capacity ? t->values_capacity * 2 : 16;
		t->values = allocated(realloc(t->values, t->values_capacity * sizeof *t->values));
	}
	return (uint32_t)t->n_values++;
}

static uint32_t value_take(struct state_table *t, struct str text)
{
	uint64_t hash = 0;
	if (text.n <= SHARED_VALUE) {
		hash = hash_bytes(text);
		uint32_t known = index_find(&t->shared, hash, &text);
		if (known != INDEX_NONE) {
			t->values[known].blob->references++;
			return known;
		}
	}
	uint32_t number = value_place(t);
	t->values[number].blob = pool_add(&t->pool, text);
	if (text.n <= SHARED_VALUE)
		index_add(&t->shared, hash, number);
	return number;
}

static void value_drop(struct state_table *t, uint32_t number)
{
	struct blob *blob = t->values[number].blob;
	if (--blob->references)
		return;
	if (blob->n <= SHARED_VALUE)
		index_del(&t->shared, hash_bytes(blob_text(blob)), number);
	pool_del(&t->pool, blob);
	t->values[number].next_free = t->free_value;
	t->free_value = number;
}

/* ---- Records ---- */

static bool expired(int64_t expires, int64_t now)
{
	return expires && expires <= now;
}

static uint32_t record_new(struct state_table *t)
{
	uint32_t number = t->free_record;
	if (number != INDEX_NONE) {
		t->free_record = record_at(t, number)->expires;
		return number;
	}
	if (t->n_records / CHUNK_RECORDS == t->n_chunks) {
		if (t->n_chunks == t->chunks_capacity) {
			t->chunks_capacity = t->chunks_capacity ? t->chunks_capacity * 2 : 16;
			t->chunks = allocated(
				realloc(t->chunks, t->chunks_capacity * sizeof *t->chunks));
		}
		t->chunks[t->n_chunks++] = allocated(malloc(CHUNK_RECORDS * sizeof(struct record)));
	}
	return t->n_records++;
}

static void record_drop(struct state_table *t, uint32_t number)
{
	struct record *record = record_at(t, number);
	index_del(&t->keys, record_hash(t, number), number);
	if (record->kind == KEY_BLOB)
		pool_del(&t->pool, key_blob(record));
	value_drop(t, record->value);
	record->kind = KEY_FREE;
	record->expires = t->free_record;
	t->free_record = number;
}

/* Drops what has expired among the next few records, so that all are looked at again and again. */
static void sweep(struct state_table *t, int64_t now)
{
	for (int i = 0; i < SWEEP && t->n_records; i++) {
		if (t->sweep >= t->n_records)
			t->sweep = 0;
		const struct record *record = record_at(t, t->sweep);
		if (record->kind != KEY_FREE && expired(record->expires, now))
			record_drop(t, t->sweep);
		t->sweep++;
	}
}

static uint32_t shorten_time(int64_t expires)
{
	return expires < UINT32_MAX ? (uint32_t)expires : UINT32_MAX;
}

static void record_put(struct state_table *t, const struct probe *probe,
                       const struct state_change *change)
{
	uint32_t value = value_take(t, change->value);
	uint32_t number = index_find(&t->keys, probe->hash, probe);
	if (number != INDEX_NONE) {
		value_drop(t, record_at(t, number)->value);
	} else {
		number = record_new(t);
		struct record *record = record_at(t, number);
		memcpy(record->key, probe->key, sizeof record->key);
		record->kind = (uint32_t)probe->kind & 3;
		if (probe->kind == KEY_BLOB) {
			struct blob *blob = pool_add(&t->pool, probe->text);
			memcpy(record->key, &blob, sizeof blob);
		}
		index_add(&t->keys, probe->hash, number);
	}
	struct record *record = record_at(t, number);
	record->value = value & 0x3FFFFFFF;
	record->expires = shorten_time(change->expires);
}

void state_table_load(struct state_table *t, const struct state_change *change)
{
	int64_t now = t->now();
	struct probe probe = probe_for(change->key);
	if (change->deleted || expired(change->expires, now)) {
		uint32_t number = index_find(&t->keys, probe.hash, &probe);
		if (number != INDEX_NONE)
			record_drop(t, number);
	} else {
		record_put(t, &probe, change);
	}
	sweep(t, now);
}

/* ---- The table ---- */

struct state_table *state_table_new(int64_t (*now)(void))
{
	struct state_table *t = allocated(calloc(1, sizeof *t));
	t->now = now;
	t->free_record = t->free_value = INDEX_NONE;
	index_init(&t->keys, (struct index_owner){ record_equal, record_hash, t });
	index_init(&t->shared, (struct index_owner){ value_equal, value_hash, t });
	pool_init(&t->pool);
	overlay_init(&t->overlay);
	return t;
}

void state_table_free(struct state_table *t)
{
	if (!t)
		return;
	index_fini(&t->keys);
	index_fini(&t->shared);
	pool_fini(&t->pool);
	overlay_fini(&t->overlay);
	for (size_t i = 0; i < t->n_chunks; i++)
		free(t->chunks[i]);
	free(t->chunks);
	free(t->values);
	free(t);
}

bool state_table_get(struct state_table *t, struct arena *arena, struct str key,
                     struct str *value_out)
{
	int64_t now = t->now();
	struct str value;
	const struct state_change *change = overlay_find(&t->overlay, key);
	if (change) {
		if (change->deleted || expired(change->expires, now))
			return false;
		value = change->value;
	} else {
		struct probe probe = probe_for(key);
		uint32_t number = index_find(&t->keys, probe.hash, &probe);
		if (number == INDEX_NONE || expired(record_at(t, number)->expires, now))
			return false;
		value = blob_text(t->values[record_at(t, number)->value].blob);
	}
	if (value_out)
		*value_out = arena_dup(arena, value);
	return true;
}

void state_table_set(struct state_table *t, struct str key, struct str value, int64_t ttl)
{
	struct state_change change = { .key = key, .value = value, .deleted = ttl < 0 };
	if (ttl > 0)
		change.expires = shorten_time(ttl < UINT32_MAX ? t->now() + ttl : UINT32_MAX);
	overlay_add(&t->overlay, &change);
}

void state_table_del(struct state_table *t, struct str key)
{
	overlay_add(&t->overlay, &(struct state_change){ .key = key, .deleted = true });
}

size_t state_table_mark(const struct state_table *t)
{
	return t->overlay.n;
}

void state_table_undo(struct state_table *t, size_t mark)
{
	overlay_undo(&t->overlay, mark);
}

size_t state_table_changes(struct state_table *t, struct arena *arena, struct state_change **out)
{
	struct state_change *changes = arena_alloc(arena, t->overlay.n_keys * sizeof *changes);
	size_t n = 0;
	for (size_t i = 0; i < t->overlay.n; i++)
		if (!t->overlay.changes[i].superseded)
			changes[n++] = t->overlay.changes[i].change;
	*out = changes;
	return n;
}

/* A record as a change, unless the overlay has one of the same key. */
static bool record_change(struct state_table *t, struct arena *arena, const struct record *record,
                          struct state_change *out)
{
	char room[2 * KEY_BYTES];
	struct str key = key_text(record, room);
	if (overlay_find(&t->overlay, key))
		return false;
	*out = (struct state_change){
		.key = key.p == room ? arena_dup(arena, key) : key,
		.value = blob_text(t->values[record->value].blob),
		.expires = record->expires,
	};
	return true;
}

/*
 * What expired is dropped when the round passes it: no clock that is set back can bring it to life
 * after the rows that held it are gone.
 */
static size_t add_again(struct state_table *t, struct arena *arena, struct state_change *out,
                        size_t changes)
{
	int64_t now = t->now();
	size_t n = 0, looks = changes * AGAIN_LOOK;
	for (; looks && n < changes * AGAIN && t->round_next < t->n_records; looks--) {
		uint32_t number = t->round_next++;
		const struct record *record = record_at(t, number);
		if (record->kind == KEY_FREE)
			continue;
		if (expired(record->expires, now))
			record_drop(t, number);
		else
			n += record_change(t, arena, record, &out[n]);
	}
	if (t->round_next >= t->n_records)
		t->round_next = 0;
	return n;
}

size_t state_table_changes_again(struct state_table *t, struct arena *arena,
                                 struct state_change **out, bool *round_out)
{
	struct state_change *changes;
	size_t n = state_table_changes(t, arena, &changes);
	struct state_change *all = arena_alloc(arena, n * (1 + AGAIN) * sizeof *all);
	if (n)
		memcpy(all, changes, n * sizeof *all);
	*out = all;
	*round_out = n && t->round == 0;
	t->round_next = t->round;
	return n ? n + add_again(t, arena, all + n, n) : 0;
}

void state_table_committed(struct state_table *t)
{
	t->round = t->round_next;
	for (size_t i = 0; i < t->overlay.n; i++)
		if (!t->overlay.changes[i].superseded)
			state_table_load(t, &t->overlay.changes[i].change);
	overlay_clear(&t->overlay);
}

void state_table_each(struct state_table *t,
                      void (*each)(void *context, struct str key, struct str value,
                                   int64_t expires),
                      void *context)
{
	int64_t now = t->now();
	char room[2 * KEY_BYTES];
	for (uint32_t i = 0; i < t->n_records; i++) {
		const struct record *record = record_at(t, i);
		if (record->kind == KEY_FREE || expired(record->expires, now))
			continue;
		struct str key = key_text(record, room);
		if (!overlay_find(&t->overlay, key))
			each(context, key, blob_text(t->values[record->value].blob),
			     record->expires);
	}
	for (size_t i = 0; i < t->overlay.n; i++) {
		const struct overlay_change *o = &t->overlay.changes[i];
		if (!o->superseded && !o->change.deleted && !expired(o->change.expires, now))
			each(context, o->change.key, o->change.value, o->change.expires);
	}
}

static void count_one(void *context, struct str key, struct str value, int64_t expires)
{
	(void)key;
	(void)value;
	(void)expires;
	++*(size_t *)context;
}

size_t state_table_count(struct state_table *t)
{
	size_t n = 0;
	state_table_each(t, count_one, &n);
	return n;
}

size_t state_table_memory(const struct state_table *t)
{
	return sizeof *t + index_memory(&t->keys) + index_memory(&t->shared) + t->pool.memory +
	       t->n_chunks * CHUNK_RECORDS * sizeof(struct record) +
	       t->chunks_capacity * sizeof *t->chunks + t->values_capacity * sizeof *t->values +
	       overlay_memory(&t->overlay);
}
