/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_hosts.h"

#include <intelmq/clock.h>
#include <intelmq/file.h>
#include <intelmq/hash.h>
#include <sys/stat.h>

#include "lib/allocated.h"

struct host {
	struct str name;
	struct ip ip;
	uint32_t next; /* 1 + the next one with this hash */
};

void dns_hosts_init(struct dns_hosts *hosts, const char *path)
{
	*hosts = (struct dns_hosts){ .looked_ms = INT64_MIN, .size = -1 };
	hosts->path = allocated(strdup(path));
	arena_init(&hosts->names);
}

static void hosts_clear(struct dns_hosts *hosts)
{
	free(hosts->hosts);
	free(hosts->heads);
	hosts->hosts = NULL;
	hosts->heads = NULL;
	hosts->n = hosts->capacity = hosts->heads_n = 0;
	arena_reset(&hosts->names);
}

void dns_hosts_fini(struct dns_hosts *hosts)
{
	hosts_clear(hosts);
	arena_fini(&hosts->names);
	free(hosts->path);
}

static void host_add(struct dns_hosts *hosts, struct str word, struct ip ip)
{
	struct dns_name name;
	if (hosts->n == HOSTS_MAX || !dns_name_fold(word, &name))
		return;
	if (hosts->n == hosts->capacity) {
		hosts->capacity = hosts->capacity ? 2 * hosts->capacity : 16;
		hosts->hosts = allocated(
			realloc(hosts->hosts, hosts->capacity * sizeof *hosts->hosts));
	}
	struct str kept = arena_dup(&hosts->names, dns_name_str(&name));
	hosts->hosts[hosts->n++] = (struct host){ kept, ip };
}

/* "address name name … # comment" */
static void line_read(struct dns_hosts *hosts, struct str line)
{
	struct ip ip;
	bool first = true;
	line = str_cut(&line, '#');
	for (size_t at = 0, start; at < line.n;) {
		while (at < line.n && (unsigned char)line.p[at] <= ' ')
			at++;
		for (start = at; at < line.n && (unsigned char)line.p[at] > ' ';)
			at++;
		struct str word = str_slice(line, start, at);
		if (word.n == 0)
			break;
		if (!first)
			host_add(hosts, word, ip);
		else if (ip_parse(word, &ip))
			return;
		first = false;
	}
}

static size_t head_of(const struct dns_hosts *hosts, struct str name)
{
	return hash_bytes(name) & (hosts->heads_n - 1);
}

static void heads_make(struct dns_hosts *hosts)
{
	hosts->heads_n = 16;
	while (hosts->heads_n < hosts->n)
		hosts->heads_n *= 2;
	hosts->heads = allocated(calloc(hosts->heads_n, sizeof *hosts->heads));
	/* From the last to the first, so that each list is in the order of the file. */
	for (size_t i = hosts->n; i-- > 0;) {
		uint32_t *head = &hosts->heads[head_of(hosts, hosts->hosts[i].name)];
		hosts->hosts[i].next = *head;
		*head = (uint32_t)i + 1;
	}
}

static void file_read(struct dns_hosts *hosts)
{
	struct str text;
	hosts_clear(hosts);
	if (file_map(hosts->path, HOSTS_BYTES_MAX, &text, NULL) < 0)
		return;
	for (struct str rest = text; rest.p;)
		line_read(hosts, str_cut(&rest, '\n'));
	file_unmap(text);
	heads_make(hosts);
}

static void look(struct dns_hosts *hosts)
{
	struct stat s;
	int64_t now = clock_monotonic_about_ms();
	if (hosts->looked_ms != INT64_MIN && now >= hosts->looked_ms &&
	    now - hosts->looked_ms < HOSTS_LOOK_MS)
		return;
	hosts->looked_ms = now;
	if (stat(hosts->path, &s))
		s = (struct stat){ .st_size = -1 };
	if (s.st_size == hosts->size && s.st_ino == hosts->inode &&
	    s.st_mtim.tv_sec == hosts->changed_s && s.st_mtim.tv_nsec == hosts->changed_ns)
		return;
	hosts->size = s.st_size;
	hosts->inode = s.st_ino;
	hosts->changed_s = s.st_mtim.tv_sec;
	hosts->changed_ns = s.st_mtim.tv_nsec;
	file_read(hosts);
}

bool dns_hosts_find(struct dns_hosts *hosts, struct str name, enum dns_type type,
                    struct arena *arena, struct dns_answer *out)
{
	look(hosts);
	if (hosts->n == 0)
		return false;
	struct str *values = NULL;
	size_t n = 0;
	int version = type == DNS_A ? 4 : type == DNS_AAAA ? 6 : 0;
	for (uint32_t i = hosts->heads[head_of(hosts, name)]; i; i = hosts->hosts[i - 1].next) {
		const struct host *host = &hosts->hosts[i - 1];
		char text[IP_TEXT_SIZE];
		if (host->ip.version != version || !str_eq(host->name, name))
			continue;
		if (!values)
			values = arena_zalloc(arena, HOSTS_VALUES_MAX, sizeof *values);
		values[n++] = arena_dup(arena, ip_text(&host->ip, text));
		if (n == HOSTS_VALUES_MAX)
			break;
	}
	*out = (struct dns_answer){ DNS_FOUND, values, n, .ttl = HOSTS_TTL };
	return n > 0;
}
