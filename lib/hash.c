/* SPDX-License-Identifier: AGPL-3.0-or-later */
#define XXH_INLINE_ALL
#include <intelmq/hash.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <xxhash.h>

/*
 * State of the process, written once before its first use: tables of all arenas must agree on the
 * hash of a key, and nobody outside may know it. A whole secret instead of a seed, because a seed
 * only shifts a secret that everybody knows.
 */
static unsigned char secret[XXH3_SECRET_DEFAULT_SIZE];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool drawn;

static void secret_draw(void)
{
	size_t got = 0;
	while (got < sizeof secret) {
		ssize_t n = getrandom(secret + got, sizeof secret - got, 0);
		if (n < 0 && errno != EINTR) {
			perror("getrandom");
			abort();
		}
		got += n > 0 ? (size_t)n : 0;
	}
	__atomic_store_n(&drawn, true, __ATOMIC_RELEASE);
}

uint64_t hash_bytes(struct str s)
{
	if (!__atomic_load_n(&drawn, __ATOMIC_ACQUIRE))
		pthread_once(&once, secret_draw);
	return XXH3_64bits_withSecret(s.p, s.n, secret, sizeof secret);
}
