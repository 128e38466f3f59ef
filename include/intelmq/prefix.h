/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * prefix.h - a table of networks that answers "which is the smallest network around this address".
 *
 * For routing tables: a million prefixes take about 32 bytes each and a second to build. Each IP
 * version is one array sorted by address; an index over the first 16 bits narrows the binary search,
 * and each entry names the next larger network around it. Disadvantage: the first look-up after an
 * addition sorts everything again, so add all first.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/ip.h>

struct prefix_table;

enum { PREFIX_TABLE_MAX = 16 * 1024 * 1024 }; /* networks of one IP version */

struct prefix_table *prefix_table_new(void) __attribute__((returns_nonnull));
void prefix_table_free(struct prefix_table *);

/* From now on, of equal networks the first one counts instead of the last. */
void prefix_table_keep_first(struct prefix_table *);

/* Adds a network; of two equal ones the later counts. Fails when PREFIX_TABLE_MAX is reached. */
int prefix_table_add(struct prefix_table *, struct network, uint32_t value, struct err *);

/*
 * The longest prefix that `ip` lies in; false if there is none. *matched_out and *value_out may be
 * NULL. IPv4-mapped IPv6 addresses are looked up as IPv6.
 */
bool prefix_table_find(struct prefix_table *, const struct ip *ip, struct network *matched_out,
                       uint32_t *value_out);

/*
 * As prefix_table_find, then the next larger network around it, and so on: `each` is called from the
 * longest prefix to the shortest until it returns false.
 */
void prefix_table_each(struct prefix_table *, const struct ip *ip,
                       bool (*each)(void *context, const struct network *, uint32_t value),
                       void *context);

/* Number of different networks. */
size_t prefix_table_count(struct prefix_table *);

/* All different networks, IPv4 first, in the order of addresses, larger ones first; until `each` returns false. */
void prefix_table_walk(struct prefix_table *,
                       bool (*each)(void *context, const struct network *, uint32_t value),
                       void *context);
