/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Servers: how many requests each gets at once, and which are down. */
#include <intelmq/clock.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/allocated.h"
#include "net/http_parts.h"

enum { HOSTS = sizeof(((struct http *)0)->hosts) / sizeof(struct http_host *) };

static struct http_host **place_of(struct http *http, struct str key)
{
	struct http_host **place = &http->hosts[XXH3_64bits(key.p, key.n) % HOSTS];
	while (*place && !str_eq(str_of((*place)->key), key))
		place = &(*place)->next;
	return place;
}

struct http_host *http_host_get(struct http *http, struct str key, size_t at_once)
{
	struct http_host **place = place_of(http, key);
	if (!*place) {
		struct http_host *host = allocated(calloc(1, sizeof *host));
		host->key = allocated(strndup(key.p, key.n));
		upstream_init(&host->upstream, at_once);
		*place = host;
	}
	(*place)->users++;
	return *place;
}

static void drop(struct http_host **place)
{
	struct http_host *host = *place;
	*place = host->next;
	free(host->key);
	free(host);
}

void http_host_leave(struct http *http, struct http_host *host)
{
	if (--host->users == 0)
		drop(place_of(http, str_of(host->key)));
}

void http_hosts_free(struct http *http)
{
	for (size_t i = 0; i < HOSTS; i++)
		while (http->hosts[i])
			drop(&http->hosts[i]);
}

static struct http_transfer *transfer_of(struct upstream_job *job)
{
	return (struct http_transfer *)((char *)job - offsetof(struct http_transfer, job));
}

void http_host_run(struct http *http, struct http_host *host)
{
	struct upstream_job *job;
	(void)http;
	while ((job = upstream_next(&host->upstream, clock_monotonic_ms())))
		attempt_start(transfer_of(job));
}

int64_t http_hosts_wait(const struct http *http, int64_t now)
{
	int64_t least = -1;
	for (size_t i = 0; i < HOSTS; i++)
		for (const struct http_host *host = http->hosts[i]; host; host = host->next) {
			int64_t wait = upstream_wait_ms(&host->upstream, now);
			if (wait >= 0 && (least < 0 || wait < least))
				least = wait;
		}
	return least;
}

struct str http_trouble(struct http *http)
{
	int64_t now = clock_monotonic_ms();
	buffer_clear(&http->trouble);
	for (size_t i = 0; i < HOSTS; i++)
		for (const struct http_host *host = http->hosts[i]; host; host = host->next)
			if (host->upstream.down)
				buffer_printf(&http->trouble, "%s%s does not answer since %lld s",
				              http->trouble.n ? ", " : "", host->key,
				              (long long)(now - host->upstream.down_since_ms) /
				                      1000);
	return http->trouble.n ? buffer_str(&http->trouble) : STR_NONE;
}
