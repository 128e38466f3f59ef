/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The answer of the control socket: what each bot does, and why. */
#include "daemon/inside.h"

#include <intelmq/datetime.h>
#include <intelmq/text.h>

#include <unistd.h>

#include "build_config.h"

static struct value text_value(struct arena *arena, const char *text)
{
	return value_str(text_clean_utf8(arena, arena_dup(arena, str_of(text))));
}

static struct value pid_value(const struct child *c, pid_t pid)
{
	return c->alive ? value_int(pid) : value_null();
}

/* The instance that is worst off speaks for the bot. */
static const struct bot_process *speaker(const struct bot_child *bot)
{
	static const int rank[] = { [CHILD_RUNNING] = 0,  [CHILD_STOPPED] = 1, [CHILD_STOPPING] = 2,
		                    [CHILD_STARTING] = 3, [CHILD_CRASHED] = 4, [CHILD_FAILED] = 5 };
	const struct bot_process *worst = NULL;
	for (unsigned i = 0; i < bot->n; i++)
		if (!worst || rank[bot->all[i].child.state] > rank[worst->child.state])
			worst = &bot->all[i];
	return worst;
}

static const char *state_of(const struct bot_child *bot, const struct bot_process *p)
{
	if ((!p || p->child.state == CHILD_STOPPED) && bot->spec && !bot->spec->enabled)
		return "disabled";
	return child_state_name(p ? p->child.state : CHILD_STOPPED);
}

static struct value reason_of(const struct bot_child *bot, const struct bot_process *p,
                              struct arena *arena)
{
	struct worker_page page;
	if (p && p->child.state == CHILD_RUNNING && !bot->spec)
		return value_str(S("it is no longer in runtime.yaml; a reload stops it"));
	if (p && p->child.alive && p->child.state != CHILD_STOPPING && !*p->child.reason &&
	    process_read_page(&p->process, &page))
		return text_value(arena, page.state);
	return text_value(arena, p ? p->child.reason : "");
}

static struct value time_value(struct arena *arena, int64_t us)
{
	struct datetime when;
	if (datetime_from_us(us, &when) < 0)
		return value_null();
	when.microsecond = 0;
	when.has_offset = true;
	return value_str(datetime_iso(arena, &when));
}

static int64_t bounded(uint64_t n)
{
	return n > INT64_MAX ? INT64_MAX : (int64_t)n;
}

static void add_counters(const struct bot_child *bot, struct dict *out)
{
	struct counters sum = { 0 };
	struct worker_page page;
	uint64_t restarts = 0;
	for (unsigned i = 0; i < bot->n; i++) {
		restarts += bot->all[i].child.restarts;
		if (!process_read_page(&bot->all[i].process, &page))
			continue;
		sum.received += page.counters.received;
		sum.sent += page.counters.sent;
		sum.failed += page.counters.failed;
		sum.dumped += page.counters.dumped;
	}
	dict_set(out, S("restarts"), value_int(bounded(restarts)));
	dict_set(out, S("received"), value_int(bounded(sum.received)));
	dict_set(out, S("sent"), value_int(bounded(sum.sent)));
	dict_set(out, S("failed"), value_int(bounded(sum.failed)));
	dict_set(out, S("dumped"), value_int(bounded(sum.dumped)));
}

static void add_sandbox(const struct bot_child *bot, struct dict *out, struct arena *arena)
{
	struct worker_page page;
	if (bot->n && process_read_page(&bot->all[0].process, &page) && page.sandbox[0])
		dict_set(out, S("sandbox"), text_value(arena, page.sandbox));
}

static struct value bot_value(const struct bot_child *bot, struct arena *arena)
{
	const struct bot_process *p = speaker(bot);
	struct dict *out = dict_new(arena);
	dict_set(out, S("state"), value_cstr(state_of(bot, p)));
	dict_set(out, S("reason"), reason_of(bot, p, arena));
	dict_set(out, S("pid"), p ? pid_value(&p->child, p->process.pid) : value_null());
	dict_set(out, S("since"), p ? time_value(arena, p->child.since_us) : value_null());
	dict_set(out, S("module"),
	         bot->spec && bot->spec->module.p ? value_str(bot->spec->module) : value_null());
	dict_set(out, S("enabled"), value_bool(bot->spec && bot->spec->enabled));
	if (bot->n > 1)
		dict_set(out, S("instances"), value_int(bot->n));
	add_counters(bot, out);
	add_sandbox(bot, out, arena);
	return value_dict(out);
}

/* What is in force, as the first bot tells that should be in one. */
static struct value sandbox_value(const struct daemon *d, struct arena *arena)
{
	struct worker_page page;
	for (size_t i = 0; i < d->n; i++) {
		const struct bot_child *bot = d->bots[i];
		if (bot->n && process_read_page(&bot->all[0].process, &page) && page.sandbox[0])
			return text_value(arena, page.sandbox);
	}
	return value_str(S("none: no bot runs that needs one"));
}

static struct value broker_value(const struct daemon *d, struct arena *arena)
{
	const struct child *c = &d->broker.child;
	struct worker_page page;
	bool told = c->alive && !*c->reason && process_read_page(&d->broker.process, &page);
	struct dict *out = dict_new(arena);
	dict_set(out, S("state"), value_cstr(child_state_name(c->state)));
	dict_set(out, S("reason"), text_value(arena, told ? page.state : c->reason));
	dict_set(out, S("pid"), pid_value(c, d->broker.process.pid));
	dict_set(out, S("since"), time_value(arena, c->since_us));
	dict_set(out, S("restarts"), value_int(bounded(c->restarts)));
	return value_dict(out);
}

struct value status_answer(struct daemon *d, const struct request *r, struct arena *arena)
{
	struct dict *out = dict_new(arena), *self = dict_new(arena), *bots = dict_new(arena);
	dict_set(self, S("pid"), value_int(getpid()));
	dict_set(self, S("version"), value_str(S(INTELMQ_VERSION)));
	dict_set(self, S("sandbox"), sandbox_value(d, arena));
	dict_set(out, S("daemon"), value_dict(self));
	dict_set(out, S("broker"), broker_value(d, arena));
	for (size_t i = 0; i < r->n; i++) {
		const struct bot_child *bot = bot_find(d, r->ids[i]);
		if (bot)
			dict_set(bots, r->ids[i], bot_value(bot, arena));
	}
	dict_set(out, S("bots"), value_dict(bots));
	if (*r->error)
		dict_set(out, S("error"), text_value(arena, r->error));
	return value_dict(out);
}
