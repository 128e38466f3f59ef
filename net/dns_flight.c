/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Questions under way. A question is tried at one server after the other, with the same pause between all tries, so that the
 * list of those under way is in the order in which they are due. An answer to an earlier try counts as well.
 */
#include <errno.h>
#include <intelmq/clock.h>

#include "lib/allocated.h"
#include "net/dns_parts.h"

static void entry_try(struct dns *dns, struct dns_entry *entry);
static void try_done(void *context, int status, int timeouts, unsigned char *bytes, int n);

int dns_flight_open(struct dns *dns, struct err *err)
{
	dns->servers = allocated(calloc(dns->conf.n, sizeof *dns->servers));
	for (size_t i = 0; i < dns->conf.n; i++) {
		struct dns_server *server = &dns->servers[i];
		if (dns_link_open(&server->udp, dns->loop, &dns->conf.servers[i], false,
		                  dns->forget_ms, err))
			return -1;
		server->udp.after = dns_after;
		server->udp.context = dns;
	}
	return 0;
}

void dns_flight_close(struct dns *dns)
{
	for (size_t i = 0; dns->servers && i < dns->conf.n; i++) {
		dns_link_close(&dns->servers[i].udp);
		dns_link_close(&dns->servers[i].tcp);
	}
	free(dns->servers);
	dns->servers = NULL;
	while (dns->spare) {
		struct dns_try *next = dns->spare->next;
		free(dns->spare);
		dns->spare = next;
	}
}

static struct dns_link *link_of(struct dns *dns, size_t i, bool tcp)
{
	struct dns_server *server = &dns->servers[i];
	if (!tcp)
		return &server->udp;
	if (server->tcp.channel)
		return &server->tcp;
	if (dns_link_open(&server->tcp, dns->loop, &dns->conf.servers[i], true, dns->forget_ms,
	                  NULL))
		return NULL;
	server->tcp.after = dns_after;
	server->tcp.context = dns;
	return &server->tcp;
}

static struct dns_try *try_take(struct dns *dns, struct dns_entry *entry)
{
	struct dns_try *try = dns->spare;
	if (try)
		dns->spare = try->next;
	else
		try = allocated(malloc(sizeof *try));
	*try = (struct dns_try){ .dns = dns, .entry = entry, .next = entry->tries };
	if (entry->tries)
		entry->tries->before = try;
	entry->tries = try;
	dns->packets++;
	return try;
}

/* Its entry, if it has one, does not wait for it any more. */
static void try_detach(struct dns_try *try)
{
	if (!try->entry)
		return;
	if (try->before)
		try->before->next = try->next;
	else
		try->entry->tries = try->next;
	if (try->next)
		try->next->before = try->before;
	try->entry = NULL;
}

static void try_spare(struct dns_try *try)
{
	struct dns *dns = try->dns;
	try_detach(try);
	try->next = dns->spare;
	dns->spare = try;
	dns->packets--;
}

static void tries_detach(struct dns_entry *entry)
{
	while (entry->tries)
		try_detach(entry->tries);
}

/* Asks a server, and waits for its answer until the next try is due. */
static void entry_ask(struct dns *dns, struct dns_entry *entry, size_t server, bool tcp)
{
	struct dns_link *link = link_of(dns, server, tcp);
	dns_list_del(entry);
	dns_list_add(&dns->flying, entry);
	int64_t now_ms = clock_monotonic_about_ms();
	entry->at_ms = now_ms + dns->try_ms;
	upstream_again(&dns->upstream, &entry->job, now_ms);
	entry->server = (uint8_t)server;
	if (!link)
		return;
	struct dns_try *try = try_take(dns, entry);
	try->server = (uint8_t)server;
	try->tcp = tcp;
	try->edns = !dns->servers[server].plain;
	dns->counts.sent++;
	/* The callback may come before the call is over, and the memory be used again. */
	dns->asking = try;
	if (!dns_link_ask(link, dns_entry_name(entry), entry->type, try->edns, &try->id, try_done,
	                  try))
		try_spare(try);
	dns->asking = NULL;
}

static void entry_done(struct dns *dns, struct dns_entry *entry, const struct dns_answer *answer)
{
	tries_detach(entry);
	dns_list_del(entry);
	upstream_end(&dns->upstream, &entry->job);
	dns_finish(dns, entry, answer);
}

/* All servers were tried in vain. */
static void entry_fail(struct dns *dns, struct dns_entry *entry)
{
	if (entry->answer.why.n) {
		/* Somebody answered, but not the question. */
		struct dns_answer answer = entry->answer;
		entry_done(dns, entry, &answer);
		return;
	}
	tries_detach(entry);
	dns_list_del(entry);
	int64_t now_ms = clock_monotonic_about_ms();
	if (upstream_failed(&dns->upstream, &entry->job, now_ms) == UPSTREAM_CHARGED) {
		dns->counts.timeouts++;
		struct dns_answer answer = { DNS_TIMEOUT, .why = str_of(dns->silence) };
		dns_finish(dns, entry, &answer);
	} else if (!entry->first) {
		upstream_end(&dns->upstream, &entry->job);
		dns_cache_del(&dns->cache, entry);
	}
}

/* Whether this server is asked first: not if it has been silent lately. */
static bool server_is_good(struct dns_server *server, int64_t now_ms)
{
	if (server->missed < DNS_MISSED_MAX)
		return true;
	if (now_ms < server->again_ms)
		return false;
	server->again_ms = now_ms + DNS_MISSED_MS;
	return true;
}

static size_t server_first(struct dns *dns)
{
	size_t n = dns->conf.n, start = dns->conf.rotate ? dns->turn++ % n : 0;
	int64_t now_ms = clock_monotonic_about_ms();
	for (size_t i = 0; n > 1 && i < n; i++)
		if (server_is_good(&dns->servers[(start + i) % n], now_ms))
			return (start + i) % n;
	return start;
}

/* The next server, or the first one, that has not refused to answer; conf.n: there is none. */
static size_t server_next(struct dns *dns, const struct dns_entry *entry)
{
	size_t n = dns->conf.n;
	size_t start = entry->tried == 0 ? server_first(dns) : entry->server + 1u;
	for (size_t i = 0; i < n; i++)
		if (!(entry->refusing >> ((start + i) % n) & 1))
			return (start + i) % n;
	return n;
}

/* Answers over TCP may have taken time that was meant for tries. */
static bool time_is_over(const struct dns *dns, const struct dns_entry *entry)
{
	int64_t taken_ms = clock_monotonic_about_ms() - entry->job.started_ms;
	return entry->tried >= dns->tries || taken_ms >= dns->try_ms * dns->tries;
}

static void entry_try(struct dns *dns, struct dns_entry *entry)
{
	size_t server = server_next(dns, entry);
	if (server == dns->conf.n || time_is_over(dns, entry)) {
		entry_fail(dns, entry);
		return;
	}
	entry->tried++;
	entry_ask(dns, entry, server, false);
}

static void entry_refused(struct dns *dns, struct dns_entry *entry, size_t server,
                          const struct dns_answer *answer)
{
	entry->answer = *answer;
	entry->refusing |= (uint8_t)(1u << server);
	entry_try(dns, entry);
}

/* A packet that belongs to the question. */
static void entry_answered(struct dns *dns, struct dns_entry *entry, const struct dns_try *try,
                           struct str packet)
{
	struct dns_server *server = &dns->servers[try->server];
	struct dns_answer answer;
	enum dns_rcode rcode = dns_packet_rcode(packet);
	if (rcode == RCODE_FORMERR && try->edns && !dns_packet_has_more(packet)) {
		server->plain = true;
		entry_ask(dns, entry, try->server, try->tcp);
		return;
	}
	if (dns_link_is_cut(try->tcp ? &server->tcp : &server->udp, packet)) {
		entry->answer = (struct dns_answer){
			DNS_REFUSED,
			.why = S("the answer is too long, and nobody gives it over TCP")
		};
		entry_ask(dns, entry, try->server, true);
		return;
	}
	arena_reset(&dns->scratch);
	dns_packet_read(&dns->scratch, packet, dns_entry_name(entry), entry->type, &answer);
	if (answer.status == DNS_REFUSED)
		entry_refused(dns, entry, try->server, &answer);
	else
		entry_done(dns, entry, &answer);
}

/* A send that finds no room is as good as a lost packet: the next try is due in time. */
static bool send_is_lost(const struct dns *dns, const struct dns_try *try)
{
	return dns->asking == try && (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM);
}

static void try_done(void *context, int status, int timeouts, unsigned char *bytes, int n)
{
	struct dns_try *done = context, try = *done;
	struct dns *dns = try.dns;
	struct dns_server *server = &dns->servers[try.server];
	bool lost = status != ARES_SUCCESS && send_is_lost(dns, done);
	(void)timeouts;
	dns_link_answered(try.tcp ? &server->tcp : &server->udp, try.id);
	try_spare(done);
	if (status == ARES_EDESTRUCTION)
		return;
	if (bytes && n >= DNS_HEADER_SIZE) {
		upstream_heard(&dns->upstream);
		server->missed = 0;
		if (try.entry)
			entry_answered(dns, try.entry, &try,
			               (struct str){ (const char *)bytes, (size_t)n });
	} else if (try.entry && !lost && status != ARES_ETIMEOUT) {
		server->missed++;
		entry_try(dns, try.entry);
	}
}

/*
 * A thousand packets at once do not fit the buffer of most servers, and what was lost in a burst must not be asked again as
 * one. So each millisecond lets some through.
 */
static bool may_send(struct dns *dns, int64_t now_ms)
{
	int64_t since = now_ms - dns->burst_ms;
	if (since > 0) {
		int64_t more = since * DNS_BURST_EACH_MS;
		dns->burst = more > DNS_BURST - dns->burst ? DNS_BURST : dns->burst + (int)more;
		dns->burst_ms = now_ms;
	}
	dns->held_back = dns->burst == 0;
	return dns->burst > 0 && dns->burst--;
}

void dns_flight_start(struct dns *dns)
{
	struct upstream_job *job;
	int64_t now_ms = clock_monotonic_about_ms();
	while (may_send(dns, now_ms)) {
		job = upstream_next(&dns->upstream, now_ms);
		if (!job) {
			dns->burst++;
			break;
		}
		struct dns_entry *entry = (struct dns_entry *)job;
		entry->tried = entry->refusing = 0;
		entry->answer = (struct dns_answer){ 0 };
		entry_try(dns, entry);
	}
}

void dns_flight_tick(struct dns *dns)
{
	int64_t now_ms = clock_monotonic_about_ms();
	struct dns_entry *entry;
	while ((entry = dns->flying.first) && entry->at_ms <= now_ms && may_send(dns, now_ms)) {
		dns->servers[entry->server].missed++;
		entry_try(dns, entry);
	}
	for (size_t i = 0; i < dns->conf.n; i++) {
		dns_link_tick(&dns->servers[i].udp);
		dns_link_tick(&dns->servers[i].tcp);
	}
}
