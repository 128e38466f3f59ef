/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/inside.h"

#include <intelmq/clock.h>
#include <intelmq/json.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/client.h"

/* ---- What it is ---- */

bool bot_is_collector(const struct bot_child *bot)
{
	if (bot->type)
		return bot->type->collect || bot->type->stream;
	return bot->spec && (str_starts(bot->spec->module, S("intelmq.bots.collectors.")) ||
	                     str_eq(bot->spec->group, S("Collector")));
}

/* What cannot change while it runs, as a text to compare; on the heap. */
static char *topology_of(const struct bot_child *bot)
{
	const struct runtime_bot *spec = bot->spec;
	struct arena arena;
	struct buffer text;
	arena_init(&arena);
	buffer_init(&text, 16 * 1024 * 1024);
	struct list *all = list_new(&arena);
	list_add(all, value_str(spec->module));
	list_add(all, value_str(spec->source_queue));
	list_add(all, value_dict(spec->destinations));
	list_add(all, value_int(spec->run_mode));
	list_add(all, value_int(bot->instances));
	json_write(&text, value_list(all), JSON_COMPACT);
	char *copy = strdup(arena_cstr(&arena, buffer_str(&text)));
	if (!copy)
		abort();
	buffer_fini(&text);
	arena_fini(&arena);
	return copy;
}

bool bot_is_alive(const struct bot_child *bot)
{
	for (unsigned i = 0; i < bot->n; i++)
		if (bot->all[i].child.alive)
			return true;
	return false;
}

/* It has said that it ends: what becomes of it is seen in a moment. */
static bool is_ending(const struct bot_process *p)
{
	struct worker_page page;
	return p->child.alive && process_read_page(&p->process, &page) && page.exits;
}

bool bot_is_settled(const struct bot_child *bot)
{
	for (unsigned i = 0; i < bot->n; i++)
		if (!child_is_settled(&bot->all[i].child) || is_ending(&bot->all[i]))
			return false;
	return !bot->again;
}

bool bot_is_wanted(const struct bot_child *bot)
{
	if (bot->again)
		return true;
	for (unsigned i = 0; i < bot->n; i++) {
		const struct child *c = &bot->all[i].child;
		if (c->again || (c->state != CHILD_STOPPED && c->state != CHILD_STOPPING))
			return true;
	}
	return false;
}

/* "<bot>" for the first instance, "<bot>.1" for the second */
static void name_of(const struct bot_process *p, char *out, size_t size)
{
	if (p->number == 0)
		snprintf(out, size, "%s", p->bot->id);
	else
		snprintf(out, size, "%s.%u", p->bot->id, p->number);
}

static void pid_path(const struct daemon *d, const struct bot_process *p, char *out, size_t size)
{
	char name[512];
	name_of(p, name, sizeof name);
	snprintf(out, size, "%s%s.pid", d->paths->run, name);
}

/* ---- Its instances ---- */

static void drop_instances(struct bot_child *bot)
{
	for (unsigned i = 0; i < bot->n; i++) {
		process_fini(&bot->all[i].process);
		former_close(&bot->all[i].former);
	}
	free(bot->all);
	bot->all = NULL;
	bot->n = 0;
}

/* Only while none of them runs. */
static void make_instances(struct daemon *d, struct bot_child *bot, unsigned n)
{
	struct child_limits limits = { .stop_ms = STOP_BOT, .max_crashes = d->max_crashes };
	if (bot->n == n)
		return;
	drop_instances(bot);
	bot->all = calloc(n, sizeof *bot->all);
	if (!bot->all)
		abort();
	bot->n = n;
	for (unsigned i = 0; i < n; i++) {
		struct bot_process *p = &bot->all[i];
		p->bot = bot;
		p->number = i;
		child_init(&p->child, limits);
		process_init(&p->process, &d->loop);
	}
}

void bot_free(struct bot_child *bot)
{
	drop_instances(bot);
	free(bot->started_as);
	free(bot->id);
	free(bot);
}

void bot_find_former(struct daemon *d, struct bot_child *bot)
{
	char module[512], name[512];
	if (!runtime_id_is_valid(bot->spec->id) || !bot->spec->module.p)
		return;
	snprintf(module, sizeof module, "%.*s", STR_ARG(bot->spec->module));
	make_instances(d, bot, bot->instances);
	for (unsigned i = 0; i < bot->n; i++) {
		name_of(&bot->all[i], name, sizeof name);
		former_find(d, &bot->all[i].former, name, module, bot->id);
	}
}

/* ---- What is wanted of it ---- */

void bot_start(struct daemon *d, struct bot_child *bot)
{
	if (bot->again || !bot->spec)
		return;
	if (!bot_is_alive(bot))
		make_instances(d, bot, bot->instances);
	for (unsigned i = 0; i < bot->n; i++)
		child_start(&bot->all[i].child);
}

void bot_stop(struct daemon *d, struct bot_child *bot, const char *reason)
{
	(void)d;
	bot->again = false;
	for (unsigned i = 0; i < bot->n; i++)
		child_stop(&bot->all[i].child, reason);
}

void bot_restart(struct daemon *d, struct bot_child *bot)
{
	if (!bot_is_alive(bot)) {
		make_instances(d, bot, bot->instances);
	} else if (bot->n != bot->instances) {
		bot_stop(d, bot, "it is started again");
		bot->again = true;
		return;
	}
	for (unsigned i = 0; i < bot->n; i++)
		child_restart(&bot->all[i].child);
}

static bool has_other_topology(const struct bot_child *bot)
{
	char *now = topology_of(bot);
	bool differs = !bot->started_as || strcmp(now, bot->started_as) != 0;
	free(now);
	return differs;
}

void bot_reload(struct daemon *d, struct bot_child *bot)
{
	if (!bot_is_wanted(bot))
		return;
	if (!bot->spec) {
		bot_stop(d, bot, "it is no longer in runtime.yaml");
	} else if (!bot->spec->enabled && bot->was_enabled) {
		bot_stop(d, bot, "it is disabled");
	} else if (has_other_topology(bot)) {
		daemon_log(d, LEVEL_INFO, "%s is started anew: its connections changed", bot->id);
		bot_restart(d, bot);
	} else {
		for (unsigned i = 0; i < bot->n; i++) {
			struct bot_process *p = &bot->all[i];
			if (p->child.alive)
				kill(p->process.pid, SIGHUP);
			else if (p->child.state == CHILD_CRASHED)
				child_start(&p->child);
		}
	}
}

/* ---- Starting it ---- */

/* Its own name in our directory, else ourselves under that name, else somebody else's program. NULL: there is none. */
static const char *find_program(const struct daemon *d, const struct bot_child *bot,
                                struct arena *arena, const char **name_out)
{
	struct str module = bot->spec->module, path = str_of(getenv("PATH"));
	*name_out = arena_printf(arena, "%s/%.*s", d->bin, STR_ARG(module)).p;
	if (access(*name_out, X_OK) == 0)
		return *name_out;
	if (bot->known)
		return d->program;
	while (path.p) {
		struct str folder = str_cut(&path, ':');
		*name_out = arena_printf(arena, "%.*s/%.*s", STR_ARG(folder), STR_ARG(module)).p;
		if (folder.n && access(*name_out, X_OK) == 0)
			return *name_out;
	}
	return NULL;
}

static const struct str *destinations_of(const struct bot_child *bot, struct arena *arena,
                                         size_t *n_out)
{
	const struct dict *paths = bot->spec->destinations;
	struct dict *unique = dict_new(arena);
	for (size_t i = 0; i < paths->n; i++) {
		const struct value *v = &paths->pairs[i].value;
		for (size_t k = 0; v->kind == VALUE_LIST && k < v->list->n; k++)
			if (v->list->items[k].kind == VALUE_STR)
				dict_set(unique, v->list->items[k].text, value_null());
	}
	struct str *all = arena_zalloc(arena, unique->n + 1, sizeof *all);
	for (size_t i = 0; i < unique->n; i++)
		all[i] = unique->pairs[i].key;
	*n_out = unique->n;
	return all;
}

/* A connection on which the broker knows already who speaks. */
static int introduce(const struct daemon *d, const struct bot_process *p, struct arena *arena,
                     int *fd_out, struct err *err)
{
	const struct bot_child *bot = p->bot;
	size_t n;
	const struct str *destinations = destinations_of(bot, arena, &n);
	*fd_out = -1;
	if (p->foreign)
		return 0;
	return broker_introduce(d->paths->broker_socket, bot->spec->id, p->number,
	                        bot_is_collector(bot) ? STR_NONE : bot->spec->source_queue,
	                        destinations, n, fd_out, err);
}

static int prepare_page(struct bot_process *p, struct err *err)
{
	if (process_new_page(&p->process, err) < 0)
		return -1;
	struct worker_page *page = p->process.page;
	page->careful = p->child.careful;
	page->quarantine = p->child.quarantine;
	memcpy(page->death, p->child.death, sizeof page->death);
	return 0;
}

static void note_start(struct daemon *d, struct bot_process *p)
{
	char path[4096], name[512];
	struct err err = { 0 };
	struct bot_child *bot = p->bot;
	child_started(&p->child);
	p->working = (struct place){ 0 };
	p->finished_something = false;
	bot->was_enabled = bot->spec->enabled;
	free(bot->started_as);
	bot->started_as = topology_of(bot);
	name_of(p, name, sizeof name);
	pid_path(d, p, path, sizeof path);
	if (pid_file_write(path, p->process.pid, &err) < 0)
		daemon_log(d, LEVEL_WARNING, "%s", err.text);
	daemon_log(d, LEVEL_INFO, "%s is process %d", name, (int)p->process.pid);
}

/* Something that should not happen, logged once. */
static void put_off(struct daemon *d, struct bot_process *p, const struct err *err)
{
	if (strcmp(p->child.reason, err->text) != 0)
		daemon_log(d, LEVEL_WARNING, "%s cannot be started now: %s", p->bot->id, err->text);
	child_delayed(&p->child, err->text);
}

static void launch(struct daemon *d, struct bot_process *p, const char *file, const char *name,
                   struct arena *arena)
{
	struct err err = { 0 };
	const char *argv[] = { name, p->bot->id, NULL };
	const char *instance = arena_printf(arena, "INTELMQD_INSTANCE=%u", p->number).p;
	const char *more[] = { p->bot->n > 1 ? instance : NULL, NULL };
	struct launch launch = {
		.file = file,
		.argv = argv,
		.environment = d->environment,
		.more = more,
		.ready_fd = -1,
		.oom_score = OOM_SCORE_BOT,
		.has_page = !p->foreign,
	};
	if (introduce(d, p, arena, &launch.broker_fd, &err) < 0) {
		d->broker.deaf_until = clock_monotonic_ms() + BROKER_DEAF;
		put_off(d, p, &err);
		return;
	}
	if (prepare_page(p, &err) < 0 || process_start(&p->process, &launch, &err) < 0)
		put_off(d, p, &err);
	else
		note_start(d, p);
	if (launch.broker_fd >= 0)
		close(launch.broker_fd);
}

/* Why it cannot be started at present; NULL: it can. */
static const char *obstacle(struct daemon *d, struct bot_process *p, char *out, size_t size)
{
	if (d->phase != DAEMON_RUNS)
		snprintf(out, size, "intelmqd is about to end");
	else if (former_is_there(d, &p->former, STOP_BOT))
		snprintf(out, size,
		         "it waits for process %d, which an earlier intelmqd left, to end",
		         (int)p->former.pid);
	else if (!broker_child_serves(d))
		snprintf(out, size, "it waits for the broker, which is %s%s%s",
		         child_state_name(d->broker.child.state),
		         *d->broker.child.reason ? ": " : "", d->broker.child.reason);
	else if (clock_monotonic_ms() < d->broker.deaf_until)
		snprintf(out, size, "it waits for the broker, which takes no connections");
	else if (configuration_read(d) < 0)
		snprintf(out, size, "%s", d->trouble);
	else
		return NULL;
	return out;
}

static void start_process(struct daemon *d, struct bot_process *p)
{
	struct bot_child *bot = p->bot;
	char text[PAGE_STATE];
	const char *name;
	if (obstacle(d, p, text, sizeof text)) {
		child_delayed(&p->child, text);
		return;
	}
	if (!bot->spec || !bot->spec->module.p || !runtime_id_is_valid(bot->spec->id)) {
		child_refused(&p->child, !bot->spec             ? "it is no longer in runtime.yaml"
		                         : !bot->spec->module.p ? "it has no module"
		                                                : "its id is not valid");
		return;
	}
	struct arena arena;
	arena_init(&arena);
	const char *file = find_program(d, bot, &arena, &name);
	p->foreign = !bot->known;
	if (file) {
		launch(d, p, file, name, &arena);
	} else {
		snprintf(text, sizeof text, "there is no program %.*s, neither in %s nor in PATH",
		         STR_ARG(bot->spec->module), d->bin);
		child_refused(&p->child, text);
	}
	arena_fini(&arena);
}

/* ---- Watching it ---- */

static bool is_same_work(const struct bot_process *p, const struct worker_page *page)
{
	return p->working.block == page->working.block && p->working.at == page->working.at &&
	       p->working.row == page->working.row && p->working_since == page->working_since;
}

static void watch_work(struct daemon *d, struct bot_process *p, const struct worker_page *page)
{
	int64_t now = clock_monotonic_ms(), limit = p->bot->watchdog_ms;
	if (!page->working.block || !is_same_work(p, page)) {
		p->working = page->working;
		p->working_since = page->working_since;
		p->seen_at = now;
		return;
	}
	if (limit == 0 || now - p->seen_at < limit || p->child.stuck)
		return;
	daemon_log(d, LEVEL_ERROR, "%s works on one message for more than %g s; it is ended",
	           p->bot->id, (double)limit / 1000);
	child_stuck(&p->child);
}

static bool has_finished_something(const struct counters *c)
{
	return c->received || c->sent || c->dropped || c->dumped || c->succeeded;
}

static void look_at_page(struct daemon *d, struct bot_process *p)
{
	struct worker_page page;
	bool started = clock_monotonic_ms() - p->child.started >= FOREIGN_READY;
	if (!p->child.alive)
		return;
	if (p->foreign || !process_read_page(&p->process, &page)) {
		if (started)
			child_ready(&p->child);
		return;
	}
	if (page.initialised)
		child_ready(&p->child);
	p->finished_something = has_finished_something(&page.counters);
	watch_work(d, p, &page);
}

static void do_task(struct daemon *d, struct bot_process *p)
{
	enum child_task task = child_task(&p->child);
	pid_t pid = p->process.pid;
	if (task == TASK_START)
		start_process(d, p);
	else if (task != TASK_NONE && pid > 0)
		kill(pid, task == TASK_TERM ? SIGTERM : task == TASK_ABORT ? SIGABRT : SIGKILL);
}

int64_t bot_step(struct daemon *d, struct bot_child *bot)
{
	int64_t next = INT64_MAX, now = clock_monotonic_ms();
	for (unsigned i = 0; i < bot->n; i++) {
		struct bot_process *p = &bot->all[i];
		former_is_there(d, &p->former, STOP_BOT);
		do_task(d, p);
		look_at_page(d, p);
		int64_t look = p->child.state == CHILD_STARTING ? POLL_STARTING : POLL_RUNNING;
		if ((p->child.alive || p->former.pid) && now + look < next)
			next = now + look;
		if (p->child.due < next)
			next = p->child.due;
	}
	return next;
}

/* ---- Its end ---- */

static const char *last_words(struct bot_process *p, const struct worker_page *page)
{
	if (!page->exits)
		return process_words(&p->process);
	const char *state = page->state;
	return str_starts(str_of(state), S("stopped: ")) ? state + strlen("stopped: ") : state;
}

static void log_end(struct daemon *d, struct bot_process *p, bool well)
{
	const struct child *c = &p->child;
	char name[512];
	name_of(p, name, sizeof name);
	daemon_log(d, well ? LEVEL_INFO : LEVEL_ERROR, "%s ended and is %s%s%s", name,
	           child_state_name(c->state), *c->reason ? ": " : "", c->reason);
	struct str rest = { p->process.tail, p->process.n_tail };
	while (!well && rest.p && rest.n) {
		struct str line = str_cut(&rest, '\n');
		daemon_log(d, LEVEL_WARNING, "%s printed: %.*s", name, STR_ARG(line));
	}
}

static void take_end(struct daemon *d, struct bot_process *p, int status)
{
	struct worker_page page = { 0 };
	char path[4096];
	look_at_page(d, p);
	process_read_page(&p->process, &page);
	process_ended(&p->process);
	struct ending ending = {
		.status = status,
		.final = page.exits && !page.restart,
		.healable = page.exits && page.restart,
		.progress = p->finished_something,
		.past = !page.careful.block,
		.words = last_words(p, &page),
		.working = page.working,
	};
	if (p->bot->spec && p->bot->spec->run_mode == RUN_SCHEDULED && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		ending.words = "scheduled run is over";
	bool well = p->child.state == CHILD_STOPPING ||
	            (WIFEXITED(status) &&
	             (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_AGAIN));
	child_ended(&p->child, &ending);
	pid_path(d, p, path, sizeof path);
	unlink(path);
	log_end(d, p, well);
	d->changed = true;
}

bool bot_reaped(struct daemon *d, struct bot_child *bot, pid_t pid, int status)
{
	for (unsigned i = 0; i < bot->n; i++)
		if (bot->all[i].child.alive && bot->all[i].process.pid == pid) {
			take_end(d, &bot->all[i], status);
			if (bot->again && !bot_is_alive(bot)) {
				bot->again = false;
				bot_start(d, bot);
			}
			return true;
		}
	return false;
}
