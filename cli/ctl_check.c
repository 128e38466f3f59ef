/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* check: the reference's lines in its words, and behind those of each part what else is known, with file and line. */
#include <intelmq/json.h>
#include <stdlib.h>

#include "cli/check.h"
#include "cli/ctl.h"
#include "cli/ctl_queues.h"
#include "daemon/control.h"
#include "engine/types.h"

extern char **environ;

enum { MAX_HARMONIZATION = 64 * 1024 * 1024 };

/* A check as it goes. */
struct check {
	struct ctl *ctl;
	struct list *lines; /* [level, message] */
	bool failed;
	struct findings findings; /* of `intelmq check` */
	size_t shown;             /* so many of them */
	struct data_format *format;
};

/* ---- Lines ---- */

static void line_add(struct check *c, const char *level, struct str text)
{
	struct list *line = list_new(&c->ctl->arena);
	list_add(line, value_cstr(level));
	list_add(line, value_str(text));
	list_add(c->lines, value_list(line));
}

static void info(struct check *c, const char *text)
{
	line_add(c, "info", str_of(text));
	ctl_say(c->ctl, "%s", text);
}

static void warning(struct check *c, struct str text)
{
	line_add(c, "warning", text);
	ctl_complain(c->ctl, "%.*s", (int)text.n, text.p);
}

static void error(struct check *c, struct str text)
{
	c->failed = true;
	line_add(c, "error", text);
	ctl_complain(c->ctl, "%.*s", (int)text.n, text.p);
}

#define TEXT_OF(c, ...) arena_printf(&(c)->ctl->arena, __VA_ARGS__)

/* Findings that are new since the last call. */
static void show_findings(struct check *c)
{
	for (; c->shown < c->findings.n; c->shown++) {
		const struct finding *f = &c->findings.all[c->shown];
		struct buffer b;
		buffer_init_in(&b, &c->ctl->arena, 1 << 20);
		finding_print(&b, f);
		buffer_add_char(&b, '\0');
		struct str text = { b.p, b.n - 1 };
		if (f->severity == SEVERITY_ERROR)
			error(c, text);
		else if (f->severity == SEVERITY_WARNING)
			warning(c, text);
		else
			info(c, text.p);
	}
}

/* ---- runtime.yaml ---- */

static bool has(const struct dict *d, struct str key)
{
	const struct value *v = dict_get(d, key);
	return v && v->kind != VALUE_NULL;
}

static void check_section(struct check *c, const struct runtime_bot *bot)
{
	static const char *const needed[] = { "description", "group", "module", "name", "enabled" };
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!has(bot->section, str_of(needed[i]))) {
			c->failed = true;
			warning(c,
			        TEXT_OF(c, "Bot '%.*s' has no '%s'.", STR_ARG(bot->id), needed[i]));
		}
	const struct value *mode = dict_get(bot->section, S("run_mode"));
	if (mode && !value_is_text(*mode, S("continuous")) &&
	    !value_is_text(*mode, S("scheduled"))) {
		c->failed = true;
		struct str text = mode->kind == VALUE_STR ? mode->text : S("(no text)");
		warning(c, TEXT_OF(c,
		                   "Bot '%.*s' has invalid `run_mode` '%.*s'. Must be "
		                   "'continuous' or 'scheduled'.",
		                   STR_ARG(bot->id), STR_ARG(text)));
	}
	const struct value *queues = dict_get(bot->destinations, S("_default"));
	bool is_output = str_eq(bot->group, S("Output")) ||
	                 str_find(bot->module, S(".outputs.")) != STR_NOT_FOUND;
	if (!is_output && (!queues || !queues->list->n))
		error(c, TEXT_OF(c, "Misconfiguration: No (default) destination queue for '%.*s'.",
		                 STR_ARG(bot->id)));
}

static bool is_ignored(struct check *c, struct str queue)
{
	struct str key = S("intelmqctl_check_orphaned_queues_ignore");
	const struct value *v = dict_get(c->ctl->runtime->global, key);
	if (v && v->kind == VALUE_LIST)
		for (size_t i = 0; i < v->list->n; i++)
			if (value_is_text(v->list->items[i], queue))
				return true;
	struct str rest = v && v->kind == VALUE_STR ? v->text : STR_NONE;
	while (rest.p)
		if (str_eq(str_cut(&rest, ','), queue))
			return true;
	return false;
}

/* Without intelmqd there need not be a broker. */
static void check_broker(struct check *c)
{
	struct err err;
	struct dict *queues, *configured = queues_configured(c->ctl);
	struct buffer names;
	if (queues_of_broker(c->ctl, &queues, &err) < 0) {
		if (control_is_running(c->ctl->paths))
			error(c, TEXT_OF(c, "Could not connect to pipeline: %s.", err.text));
		return;
	}
	buffer_init_in(&names, &c->ctl->arena, 1 << 20);
	for (size_t i = 0; i < queues->n; i++) {
		struct str name = queues->pairs[i].key;
		const struct list *numbers = queues->pairs[i].value.list;
		if ((numbers->items[0].integer || numbers->items[1].integer) &&
		    !dict_get(configured, name) && !is_ignored(c, name))
			buffer_printf(&names, "%s'%.*s'", names.n ? ", " : "", STR_ARG(name));
	}
	if (names.n)
		warning(c, TEXT_OF(c,
		                   "Orphaned queues found: %.*s. Possible leftover from past "
		                   "reconfigurations without cleanup. Have a look at the FAQ at "
		                   "https://docs.intelmq.org/latest/admin/faq/#orphaned-queues",
		                   (int)names.n, names.p));
}

/* ---- harmonization.conf ---- */

/* -1: it cannot be read at all, which ends the check. */
static int read_harmonization(struct check *c, struct value *out)
{
	struct err err;
	struct str text;
	const char *path = c->ctl->paths->harmonization;
	if (runtime_read_file(&c->ctl->arena, path, MAX_HARMONIZATION, &text, &err) == 0 &&
	    json_parse(&c->ctl->arena, text, out, &err) == 0)
		return 0;
	error(c, TEXT_OF(c, "Could not load '%s': %s.", path, err.text));
	return -1;
}

static void check_field(struct check *c, struct str section, const struct pair *field)
{
	if (field->value.kind != VALUE_DICT)
		return; /* the reader of the format says so */
	if (!has(field->value.dict, S("description")))
		warning(c, TEXT_OF(c, "Missing description for %.*s.%.*s.", STR_ARG(section),
		                   STR_ARG(field->key)));
	const struct value *type = dict_get(field->value.dict, S("type"));
	if (str_eq(section, S("event")) && str_eq(field->key, S("extra")) && type &&
	    !value_is_text(*type, S("JSONDict")))
		error(c, S("'extra' field needs to be of type 'JSONDict'."));
}

static void check_harmonization(struct check *c, struct value document)
{
	c->format = check_read_format(&c->ctl->arena, c->ctl->paths, &c->findings);
	if (document.kind != VALUE_DICT)
		return;
	for (size_t i = 0; i < document.dict->n; i++) {
		const struct pair *section = &document.dict->pairs[i];
		for (size_t k = 0; section->value.kind == VALUE_DICT && k < section->value.dict->n;
		     k++)
			check_field(c, section->key, &section->value.dict->pairs[k]);
	}
}

/* ---- Bots ---- */

static void check_module(struct check *c, const struct runtime_bot *bot)
{
	struct err err;
	const char *path = getenv("PATH");
	if (bot->module.n &&
	    (bot_type_find(bot->module, &err) || (path && module_in_path(bot->module, path))))
		return;
	error(c,
	      TEXT_OF(c, "Incomplete installation: Bot '%.*s' not importable.", STR_ARG(bot->id)));
}

/* ---- The command ---- */

static void check_all(struct check *c, bool connect)
{
	struct value harmonization;
	struct ctl *ctl = c->ctl;
	struct runtime_source source = { ctl->paths->runtime, (const char *const *)environ };
	struct runtime *runtime;
	info(c, "Reading configuration files.");
	if (read_harmonization(c, &harmonization) < 0) {
		ctl_complain(ctl, "Fatal errors occurred.");
		return;
	}
	info(c, "Checking runtime and pipeline configuration.");
	if (runtime_load(&ctl->arena, &source, &runtime, &c->findings) < 0) {
		show_findings(c);
		return;
	}
	for (size_t i = 0; i < runtime->n; i++)
		check_section(c, &runtime->bots[i]);
	if (connect)
		check_broker(c);
	show_findings(c);
	info(c, "Checking harmonization configuration.");
	check_harmonization(c, harmonization);
	show_findings(c);
	info(c, "Checking for bots.");
	for (size_t i = 0; i < runtime->n; i++)
		check_module(c, &runtime->bots[i]);
	check_runtime(&ctl->arena, ctl->paths, c->format, runtime, &c->findings);
	show_findings(c);
	if (c->failed)
		ctl_complain(ctl, "Some issues have been found, please check the above output.");
	else
		ctl_say(ctl, "No issues found.");
}

int ctl_check(struct ctl *ctl, const struct args *args)
{
	struct check c = { .ctl = ctl, .lines = list_new(&ctl->arena) };
	struct dict *result = dict_new(&ctl->arena);
	ctl->quiet = args_get(args, "--quiet") != NULL; /* its own option, not the global one */
	findings_init(&c.findings, &ctl->arena);
	check_all(&c, !args_get(args, "--no-connections"));
	data_format_free(c.format);
	dict_set(result, S("status"), value_cstr(c.failed ? "error" : "success"));
	dict_set(result, S("lines"), value_list(c.lines));
	ctl->result = value_dict(result);
	return c.failed;
}
