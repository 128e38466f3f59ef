/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns.h"

#include <intelmq/clock.h>

#include "lib/allocated.h"
#include "net/dns_host.h"
#include "net/dns_parts.h"

static void handle_closed(uv_handle_t *handle)
{
	struct dns *dns = handle->data;
	if (--dns->handles == 0)
		free(dns);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < 0 || b < a ? b : a;
}

/* The next thing that time alone brings, in ms; -1: none. */
static int64_t wait_ms(const struct dns *dns)
{
	int64_t now_ms = clock_monotonic_about_ms();
	int64_t wait = upstream_wait_ms(&dns->upstream, now_ms);
	if (dns->flying.first) {
		int64_t due = dns->flying.first->at_ms - now_ms;
		wait = sooner(wait, due > 0 ? due : 0);
	}
	if (dns->held_back)
		wait = sooner(wait, 1);
	/* What is still in the books of c-ares can wait longer. */
	return dns->packets ? sooner(wait, 1000) : wait;
}

static void timer_fired(uv_timer_t *timer)
{
	struct dns *dns = timer->data;
	dns_flight_tick(dns);
	dns_after(dns);
}

/* Under load the timer is set once for hundreds of questions: it may fire early, but not late. */
static void timer_set(struct dns *dns)
{
	enum { CLOSE_MS = 5 };
	int64_t wait = wait_ms(dns);
	if (wait < 0) {
		uv_timer_stop(&dns->timer);
		return;
	}
	uint64_t ms = wait < CLOSE_MS ? CLOSE_MS : (uint64_t)wait;
	if (uv_is_active((uv_handle_t *)&dns->timer) &&
	    uv_timer_get_due_in(&dns->timer) <= ms + CLOSE_MS)
		return;
	uv_timer_start(&dns->timer, timer_fired, ms, 0);
}

static void idle_called(uv_idle_t *idle)
{
	dns_after(idle->data);
}

/* Times and numbers of what is asked, from the options and the file. */
static void limits_set(struct dns *dns, const struct dns_options *options)
{
	size_t at_once = options->in_flight ? options->in_flight : DNS_IN_FLIGHT;
	int total_ms = options->timeout_ms > 0 ? options->timeout_ms : DNS_TIMEOUT_MS;
	size_t usual = dns->conf.n > DNS_TRIES ? dns->conf.n : DNS_TRIES;
	size_t tries = dns->conf.attempts ? dns->conf.attempts * dns->conf.n : usual;
	/* A little less than all the time: who asks may look at the clock, too. */
	int64_t try_ms = total_ms * INT64_C(24) / 25 / (int64_t)usual;
	if (dns->conf.try_ms && dns->conf.try_ms < try_ms)
		try_ms = dns->conf.try_ms;
	dns->try_ms = try_ms > DNS_TRY_MIN_MS ? try_ms : DNS_TRY_MIN_MS;
	while (tries > 1 && dns->try_ms * (int64_t)tries > total_ms)
		tries--;
	dns->tries = (unsigned)tries;
	dns->forget_ms = total_ms + (int)dns->try_ms;
	upstream_init(&dns->upstream, at_once < DNS_IN_FLIGHT_MAX ? at_once : DNS_IN_FLIGHT_MAX);
}

/* "no name server answers (127.0.0.1:53, [::1]:53)" */
static void silence_write(struct dns *dns)
{
	size_t n = 0;
	for (size_t i = 0; i < dns->conf.n; i++) {
		const struct dns_address *server = &dns->conf.servers[i];
		char text[IP_TEXT_SIZE];
		ip_text(&server->ip, text);
		n += (size_t)snprintf(dns->silence + n, sizeof dns->silence - n,
		                      server->ip.version == 4 ? "%s%s:%u" : "%s[%s]:%u",
		                      i ? ", " : "no name server answers (", text, server->port);
	}
	snprintf(dns->silence + n, sizeof dns->silence - n, ")");
}

int dns_open(uv_loop_t *loop, const struct dns_options *options, struct dns **out, struct err *err)
{
	struct dns *dns = allocated(calloc(1, sizeof *dns));
	dns->loop = loop;
	if (dns_conf_read(options, &dns->conf, err)) {
		free(dns);
		return -1;
	}
	limits_set(dns, options);
	silence_write(dns);
	dns_hosts_init(&dns->hosts, options->hosts ? options->hosts : "/etc/hosts");
	dns_cache_init(&dns->cache, options->cache_bytes ? options->cache_bytes : DNS_CACHE_BYTES);
	arena_init(&dns->scratch);
	uv_timer_init(loop, &dns->timer);
	uv_idle_init(loop, &dns->idle);
	dns->timer.data = dns->idle.data = dns;
	dns->handles = 2;
	if (ares_library_init(ARES_LIB_INIT_ALL) || dns_flight_open(dns, err)) {
		dns_close(dns);
		return -1;
	}
	*out = dns;
	return 0;
}

void dns_close(struct dns *dns)
{
	dns->closing = true;
	for (size_t i = 0; i < dns->cache.n; i++) {
		struct dns_entry *entry = dns->cache.entries[i];
		for (struct dns_question *q = entry ? entry->first : NULL; q; q = q->after)
			q->entry = NULL;
	}
	dns_flight_close(dns);
	ares_library_cleanup();
	dns_cache_fini(&dns->cache);
	dns_hosts_fini(&dns->hosts);
	arena_fini(&dns->scratch);
	uv_close((uv_handle_t *)&dns->timer, handle_closed);
	uv_close((uv_handle_t *)&dns->idle, handle_closed);
}

static void question_wait(struct dns_question *q, struct dns_entry *entry)
{
	q->entry = entry;
	q->before = entry->last;
	q->after = NULL;
	if (entry->last)
		entry->last->after = q;
	else
		entry->first = q;
	entry->last = q;
}

static void question_leave(struct dns_question *q)
{
	struct dns_entry *entry = q->entry;
	if (q->before)
		q->before->after = q->after;
	else
		entry->first = q->after;
	if (q->after)
		q->after->before = q->before;
	else
		entry->last = q->before;
	q->entry = NULL;
}

/* The answer, borrowed from its entry; NULL: the question waits for it. */
static const struct dns_answer *name_ask(struct dns *dns, struct dns_question *q,
                                         const struct dns_name *name)
{
	struct str text = dns_name_str(name);
	struct dns_entry *entry = dns_cache_find(&dns->cache, text, q->type,
	                                         clock_monotonic_about_ms());
	if (entry && entry->known) {
		dns->counts.cached++;
		return &entry->answer;
	}
	if (entry) {
		dns->counts.shared++;
	} else {
		entry = dns_cache_add(&dns->cache, text, q->type);
		upstream_queue(&dns->upstream, &entry->job);
	}
	question_wait(q, entry);
	return NULL;
}

/* What a host has whose candidates all have nothing: what was said of its own name, if that came first; else the best. */
static void answer_keep(struct dns_question *q, const struct dns_answer *answer)
{
	static const int worth[] = { [DNS_NO_DATA] = 3, [DNS_REFUSED] = 2, [DNS_NO_NAME] = 1 };
	int64_t ttl = answer->ttl;
	bool none = q->kept.why.n == 0;
	if (!none && q->kept.ttl < ttl)
		ttl = q->kept.ttl;
	if (none || (!q->own_first && worth[answer->status] > worth[q->kept.status]))
		q->kept = *answer;
	q->kept.ttl = ttl;
}

static bool is_final(const struct dns_answer *answer)
{
	return answer->status == DNS_FOUND || answer->status == DNS_TIMEOUT;
}

/* Looks for the candidates from the present one on. */
static const struct dns_answer *host_ask(struct dns *dns, struct dns_question *q)
{
	struct dns_name name;
	bool itself;
	while (dns_candidate(&dns->conf, q->name, q->candidate, &name, &itself)) {
		q->own_first |= q->candidate == 0 && itself;
		const struct dns_answer *answer = name_ask(dns, q, &name);
		if (!answer || is_final(answer))
			return answer;
		answer_keep(q, answer);
		q->candidate++;
	}
	return &q->kept;
}

/* True: what is asked for is an address, or in the hosts file. */
static bool host_is_known(struct dns *dns, const struct dns_question *q,
                          const struct dns_name *name, struct arena *arena, struct dns_answer *out)
{
	struct ip ip;
	if (!dns_address_read(q->name, &ip))
		return dns_hosts_find(&dns->hosts, dns_name_str(name), q->type, arena, out);
	*out = (struct dns_answer){ DNS_NO_DATA, .ttl = DNS_TTL_MAX,
		                    .why = S("an address of the other kind") };
	if ((ip.version == 4) == (q->type == DNS_A)) {
		char text[IP_TEXT_SIZE];
		struct str *value = arena_alloc(arena, sizeof *value);
		*value = arena_dup(arena, ip_text(&ip, text));
		*out = (struct dns_answer){ DNS_FOUND, value, 1, .ttl = DNS_TTL_MAX };
	}
	return true;
}

bool dns_ask(struct dns *dns, struct dns_question *q, struct arena *arena, struct dns_answer *out)
{
	struct dns_name name = { 0 };
	bool possible = dns_name_fold(q->name, &name);
	dns->counts.asked++;
	q->entry = NULL;
	q->candidate = 0;
	q->own_first = false;
	q->kept = (struct dns_answer){ 0 };
	if (q->host && possible && host_is_known(dns, q, &name, arena, out))
		return true;
	if (!possible) {
		*out = (struct dns_answer){ DNS_BAD_NAME, .ttl = DNS_TTL_MAX,
			                    .why = S("that cannot be a name") };
		return true;
	}
	const struct dns_answer *answer = q->host ? host_ask(dns, q) : name_ask(dns, q, &name);
	if (answer) {
		dns_answer_copy(arena, answer, out);
		return true;
	}
	dns_flight_start(dns);
	timer_set(dns);
	return false;
}

void dns_cancel(struct dns *dns, struct dns_question *q)
{
	struct dns_entry *entry = q->entry;
	if (!entry)
		return;
	question_leave(q);
	/* What is under way is still worth knowing. */
	if (entry->first || entry->known || entry->job.place == UPSTREAM_RUNNING)
		return;
	upstream_end(&dns->upstream, &entry->job);
	dns_cache_del(&dns->cache, entry);
}

void dns_finish(struct dns *dns, struct dns_entry *entry, const struct dns_answer *answer)
{
	dns_entry_answer(entry, answer, clock_monotonic_about_ms());
	if (answer->ttl <= 0 || answer->status == DNS_REFUSED || answer->status == DNS_TIMEOUT)
		dns_cache_hide(&dns->cache, entry);
	dns_list_add(&dns->finished, entry);
	uv_idle_start(&dns->idle, idle_called);
}

/* The next candidate may be known already. Its entry is not kept for those who are told: it may expire while they are. */
static void host_go_on(struct dns *dns, struct dns_question *q, const struct dns_answer *answer)
{
	answer_keep(q, answer);
	q->candidate++;
	const struct dns_answer *known = host_ask(dns, q);
	if (!known)
		return;
	struct arena_mark mark = arena_mark(&dns->scratch);
	struct dns_answer copy;
	dns_answer_copy(&dns->scratch, known, &copy);
	q->done(q, &copy);
	if (!dns->closing)
		arena_rewind(&dns->scratch, mark);
}

static void entry_tell(struct dns *dns, struct dns_entry *entry)
{
	dns_list_del(entry);
	while (entry->first) {
		struct dns_question *q = entry->first;
		question_leave(q);
		if (q->host && !is_final(&entry->answer))
			host_go_on(dns, q, &entry->answer);
		else
			q->done(q, &entry->answer);
		if (dns->closing)
			return;
	}
	if (entry->hidden)
		dns_cache_del(&dns->cache, entry);
	else
		dns_cache_keep(&dns->cache, entry);
}

/* Only those that are finished by now: who is told may ask, and fail at once, for ever. */
static void finished_tell(struct dns *dns)
{
	struct dns_entry *entry;
	while ((entry = dns->finished.first)) {
		dns_list_del(entry);
		dns_list_add(&dns->telling, entry);
	}
	while ((entry = dns->telling.first)) {
		entry_tell(dns, entry);
		if (dns->closing)
			return;
	}
}

void dns_after(void *context)
{
	struct dns *dns = context;
	dns_flight_start(dns);
	finished_tell(dns);
	if (dns->closing)
		return;
	dns_flight_start(dns);
	timer_set(dns);
	if (dns->finished.first)
		uv_idle_start(&dns->idle, idle_called);
	else
		uv_idle_stop(&dns->idle);
}

struct str dns_trouble(struct dns *dns)
{
	if (!dns->upstream.down)
		return STR_NONE;
	int64_t since_ms = clock_monotonic_about_ms() - dns->upstream.down_since_ms;
	snprintf(dns->trouble, sizeof dns->trouble, "%s since %lld s", dns->silence,
	         (long long)(since_ms > 0 ? since_ms / 1000 : 0));
	return str_of(dns->trouble);
}

struct dns_counts dns_counts(const struct dns *dns)
{
	return dns->counts;
}
