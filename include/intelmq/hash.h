/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * hash.h - the hash of the tables whose keys strangers choose.
 *
 * XXH3 with a secret that each process draws at random, so that nobody can prepare keys that fall
 * into one slot. Hence a hash must never leave the process: not into files, not into messages.
 * Keys of up to 16 bytes take a few nanoseconds, long ones several bytes a cycle.
 */
#pragma once
#include <intelmq/str.h>

/* Equal bytes have equal hashes within this process. All 64 bits are good; the empty str has one too. */
uint64_t hash_bytes(struct str);
