/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_cache.h - what is known and what is being asked for: one entry for each name and type.
 *
 * An entry begins as an open question, which others who ask the same join. With its answer it is kept until that
 * expires, or until the memory is needed for others: those go first that were not asked for the longest time.
 */
#pragma once
#include "net/dns.h"
#include "net/upstream.h"
#include "state/index.h"

/* Entries in a row; an entry is in one of these lists at most. */
struct dns_list {
	struct dns_entry *first, *last;
};

struct dns_try;

struct dns_entry {
	struct upstream_job job; /* the first: a job is its entry */
	uint64_t hash;
	uint32_t number; /* of the index */
	bool hidden;     /* nobody finds it any more */
	bool known;      /* has an answer */
	struct dns_list *list;
	struct dns_entry *before, *after;
	struct dns_question *first, *last; /* who waits for the answer */
	/* Under way (dns_flight.c). */
	struct dns_try *tries; /* packets that may still be answered */
	uint8_t tried, server; /* how often; the server that was tried last */
	uint8_t refusing;      /* a bit for each server that cannot answer this */
	/* When the next try is due; of a known answer, when it expires. */
	int64_t at_ms;
	struct dns_answer answer;
	void *block; /* the answer's values */
	size_t size; /* bytes, all together */
	enum dns_type type;
	uint8_t n;
	char name[];
};

struct dns_cache {
	struct index index;
	struct dns_entry **entries; /* by number */
	uint32_t *spare;            /* numbers that are not in use */
	size_t n, capacity, spares;
	size_t bytes, bytes_max; /* of answers that are kept */
	struct dns_list kept;    /* the one that was asked for last is the last */
};

void dns_cache_init(struct dns_cache *, size_t bytes_max);
void dns_cache_fini(struct dns_cache *);

/* The entry of a folded name, or NULL; what has expired is not found. */
struct dns_entry *dns_cache_find(struct dns_cache *, struct str name, enum dns_type,
                                 int64_t now_ms);

/* A new entry, whose name is not there yet. */
struct dns_entry *dns_cache_add(struct dns_cache *, struct str name, enum dns_type);

/* Nobody finds the entry from now on; who has it still deletes it. */
void dns_cache_hide(struct dns_cache *, struct dns_entry *);
void dns_cache_del(struct dns_cache *, struct dns_entry *);

/* Gives an entry its answer, which is copied but for the text `why`, a literal. */
void dns_entry_answer(struct dns_entry *, const struct dns_answer *, int64_t now_ms);

/* Keeps an entry that has an answer as long as it is good and there is room. */
void dns_cache_keep(struct dns_cache *, struct dns_entry *);

static inline struct str dns_entry_name(const struct dns_entry *entry)
{
	return (struct str){ entry->name, entry->n };
}

void dns_list_add(struct dns_list *, struct dns_entry *);
/* Takes it out of the list that it is in, if any. */
void dns_list_del(struct dns_entry *);
