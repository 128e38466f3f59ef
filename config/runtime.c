/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/runtime.h"

#include <intelmq/json.h>
#include <intelmq/param.h>

enum { MERGED_MAX = 2000000 /* bots times parameters that all of them have */ };

struct parser {
	struct arena *arena;
	struct runtime *runtime;
	struct findings *findings;
};

/* A section of the file while it is read. */
struct section {
	const struct dict *map;
	const struct yaml_mark *mark;
};

/* ---- Environment ---- */

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static struct value environment_value(struct arena *arena, struct str text)
{
	if (str_eq(text, S("True")) || str_eq(text, S("False")))
		return value_bool(text.p[0] == 'T');
	return all_digits(text) ? yaml_resolve(arena, text) : value_str(text);
}

static struct dict *runtime_environment(struct arena *arena, const char *const *environment)
{
	static const struct str prefix = { "INTELMQ_", 8 };
	struct dict *d = dict_new(arena);
	for (; environment && *environment; environment++) {
		struct str text = str_of(*environment);
		if (!str_starts(text, prefix))
			continue;
		text = str_slice(text, prefix.n, text.n);
		struct str name = str_cut(&text, '=');
		if (!name.n || !text.p)
			continue;
		char *lower = arena_cstr(arena, name);
		for (char *c = lower; *c; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c |= 0x20;
		dict_set(d, str_of(lower), environment_value(arena, arena_dup(arena, text)));
	}
	return d;
}

/* ---- Queues ---- */

static int queue_names(struct arena *arena, struct value v, struct list *out)
{
	if (v.kind == VALUE_STR) {
		size_t start = 0;
		for (size_t i = 0; i <= v.text.n; i++) {
			if (i < v.text.n && !memchr(" \t\r\n\f\v", v.text.p[i], 6))
				continue;
			if (i > start)
				list_add(out,
				         value_str(arena_dup(arena, str_slice(v.text, start, i))));
			start = i + 1;
		}
		return 0;
	}
	if (v.kind == VALUE_NULL)
		return 0;
	if (v.kind != VALUE_LIST)
		return -1;
	int status = 0;
	for (size_t i = 0; i < v.list->n; i++) {
		if (v.list->items[i].kind == VALUE_STR && v.list->items[i].text.n)
			list_add(out, v.list->items[i]);
		else
			status = -1;
	}
	return status;
}

static int runtime_destinations(struct arena *arena, struct value v, struct dict **out,
                                struct err *err)
{
	int status = 0;
	*out = dict_new(arena);
	if (v.kind != VALUE_DICT) {
		struct list *names = list_new(arena);
		status = queue_names(arena, v, names);
		if (names->n)
			dict_set(*out, S("_default"), value_list(names));
	}
	for (size_t i = 0; v.kind == VALUE_DICT && i < v.dict->n; i++) {
		struct list *names = list_new(arena);
		if (queue_names(arena, v.dict->pairs[i].value, names) < 0)
			status = -1;
		dict_set(*out, v.dict->pairs[i].key, value_list(names));
	}
	if (status < 0)
		err_set(err, FAULT_CONFIGURATION,
		        "expected a list of queue names, a text with blanks between "
		        "them, or a map from paths to either");
	return status;
}

/* ---- One bot ---- */

bool runtime_id_is_valid(struct str id)
{
	struct str rest = id, name = str_cut(&rest, '.');
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '-'))
			return false;
	}
	return name.n > 0 && (!rest.p || all_digits(rest));
}

/* What a section says about the bot itself, and whether it counts as a parameter, too. */
enum own_key { KEY_FOREIGN, KEY_DESCRIBES, KEY_IGNORED };

static enum own_key own_key(struct str key)
{
	static const struct {
		const char *name;
		enum own_key what;
	} known[] = {
		{ "enabled", KEY_DESCRIBES },  { "run_mode", KEY_DESCRIBES },
		{ "group", KEY_DESCRIBES },    { "description", KEY_DESCRIBES },
		{ "module", KEY_DESCRIBES },   { "name", KEY_DESCRIBES },
		{ "groupname", KEY_IGNORED },  { "bot_id", KEY_IGNORED },
		{ "parameters", KEY_IGNORED },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(key, str_of(known[i].name)))
			return known[i].what;
	return KEY_FOREIGN;
}

/* A text of the section, or STR_NONE. */
static struct str own_text(const struct section *s, struct str key)
{
	const struct value *v = dict_get(s->map, key);
	return v && v->kind == VALUE_STR && v->text.n ? v->text : STR_NONE;
}

/* Adds parameters with their lines; `mark` NULL: from the environment. */
static void merge(struct runtime_bot *bot, struct dict *lines, const struct dict *from,
                  const struct yaml_mark *mark)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct pair *pair = &from->pairs[i];
		uint32_t line = mark && i < mark->n ? mark->children[i].key_line : 0;
		dict_set(bot->parameters, pair->key, pair->value);
		dict_set(lines, pair->key, value_int(line));
	}
}

/* The keys of the section that count as parameters where they are true in Python's sense. */
static void merge_own_keys(struct parser *p, struct runtime_bot *bot, struct dict *lines,
                           const struct section *s)
{
	for (size_t i = 0; i < s->map->n; i++) {
		const struct pair *pair = &s->map->pairs[i];
		enum own_key what = own_key(pair->key);
		uint32_t line = s->mark->children[i].key_line;
		if (what == KEY_DESCRIBES && value_truthy(pair->value)) {
			dict_set(bot->parameters, pair->key, pair->value);
			dict_set(lines, pair->key, value_int(line));
		} else if (what == KEY_FOREIGN) {
			findings_add(p->findings,
			             (struct finding){
					     .severity = SEVERITY_WARNING,
					     .file = p->runtime->file,
					     .line = line,
					     .bot = bot->id,
					     .parameter = pair->key,
					     .text = S("ignoring disallowed system parameter"),
					     .advice = S("parameters stand one level deeper, below "
			                                 "'parameters'"),
				     });
		}
	}
}

/* The section's parameters with their marks; an empty map if there are none. */
static struct section own_parameters(struct parser *p, const struct section *s)
{
	const struct value *v = dict_get(s->map, S("parameters"));
	struct section none = { dict_new(p->arena), NULL };
	if (!v || v->kind == VALUE_NULL)
		return none;
	if (v->kind != VALUE_DICT) {
		finding_add(p->findings, SEVERITY_ERROR, "parameters", "expected a map");
		return none;
	}
	return (struct section){ v->dict, yaml_mark_of(s->map, s->mark, S("parameters")) };
}

/* `enabled` and `run_mode`, read as parameters are. */
static void read_switches(struct parser *p, struct runtime_bot *bot, const struct section *s)
{
	static const char *const modes[] = { "continuous", "scheduled", NULL };
	struct switches {
		bool enabled;
		const char *run_mode;
	};
#define PARAMS struct switches
	static const struct param params[] = {
		BOOL(enabled, "Whether the bot starts with the others."),
		CHOICE(run_mode, modes, "Runs on, or once per start."),
		{ 0 },
	};
#undef PARAMS
	static const struct switches defaults = { .enabled = true, .run_mode = "continuous" };
	struct switches got;
	struct dict *given = dict_new(p->arena);
	const struct value *enabled = dict_get(s->map, S("enabled"));
	const struct value *mode = dict_get(bot->parameters, S("run_mode"));

	if (enabled)
		dict_set(given, S("enabled"), *enabled);
	if (mode)
		dict_set(given, S("run_mode"), *mode);
	param_load(p->arena, params, &defaults, sizeof defaults, given, &got, p->findings);
	bot->enabled = got.enabled;
	bot->run_mode = strcmp(got.run_mode, "scheduled") == 0 ? RUN_SCHEDULED : RUN_CONTINUOUS;
}

static void read_queues(struct parser *p, struct runtime_bot *bot)
{
	struct err err = { 0 };
	const struct value *v = dict_get(bot->parameters, S("destination_queues"));
	if (runtime_destinations(p->arena, v ? *v : value_null(), &bot->destinations, &err) < 0)
		finding_add(p->findings, SEVERITY_ERROR, "destination_queues", "%s", err.text);
	v = dict_get(bot->parameters, S("source_queue"));
	if (v && v->kind == VALUE_STR && v->text.n)
		bot->source_queue = v->text;
	else
		bot->source_queue = arena_printf(p->arena, "%.*s-queue", STR_ARG(bot->id));
	if (v && v->kind != VALUE_STR && v->kind != VALUE_NULL)
		finding_add(p->findings, SEVERITY_ERROR, "source_queue",
		            "expected the name of a queue");
}

static void check_identity(struct parser *p, const struct runtime_bot *bot, const struct section *s)
{
	struct str named = own_text(s, S("bot_id"));
	if (!runtime_id_is_valid(bot->id))
		finding_advise(p->findings, SEVERITY_ERROR, NULL,
		               "use letters, digits and hyphens only", "this is no valid bot id");
	if (named.p && !str_eq(named, bot->id))
		finding_add(p->findings, SEVERITY_INFO, "bot_id",
		            "'%.*s' is not used: the bot is called as its section is",
		            STR_ARG(named));
}

static void read_bot(struct parser *p, struct str id, const struct section *s,
                     struct runtime_bot *bot)
{
	struct runtime *r = p->runtime;
	struct dict *lines = dict_new(p->arena);
	struct section globals = { r->global,
		                   yaml_mark_of(r->document.dict, r->marks, S("global")) };

	*bot = (struct runtime_bot){
		.id = id,
		.module = own_text(s, S("module")),
		.group = own_text(s, S("group")),
		.name = own_text(s, S("name")),
		.description = own_text(s, S("description")),
		.groupname = own_text(s, S("groupname")),
		.parameters = dict_new(p->arena),
		.section = s->map,
		.lines = lines,
		.line = s->mark->key_line,
	};
	findings_scope(p->findings, r->file, id, bot->line, lines);
	merge(bot, lines, globals.map, globals.mark);
	merge_own_keys(p, bot, lines, s);
	struct section own = own_parameters(p, s);
	bot->own = own.map;
	merge(bot, lines, own.map, own.mark);
	merge(bot, lines, r->environment, NULL);
	check_identity(p, bot, s);
	read_switches(p, bot, s);
	read_queues(p, bot);
}

/* ---- The file ---- */

static bool is_global(struct str key)
{
	return str_eq(key, S("global"));
}

/*
 * Releases 1.0 had a bot's parameters where its section is now, and its module in startup.conf:
 * no section of the whole file has a module or parameters.
 */
static bool is_flat(const struct dict *document)
{
	size_t sections = 0;
	for (size_t i = 0; i < document->n; i++) {
		struct value v = document->pairs[i].value;
		if (is_global(document->pairs[i].key) || v.kind != VALUE_DICT)
			continue;
		sections++;
		if (dict_get(v.dict, S("module")) || dict_get(v.dict, S("parameters")))
			return false;
	}
	return sections > 0;
}

/* A section of releases 1.0 in the form of today. */
static struct section unflatten(struct parser *p, const struct section *flat)
{
	struct dict *map = dict_new(p->arena);
	struct yaml_mark *mark = arena_zalloc(p->arena, 1, sizeof *mark);
	*mark = *flat->mark;
	mark->children = arena_zalloc(p->arena, 1, sizeof *mark->children);
	mark->children[0] = *flat->mark;
	mark->n = 1;
	dict_set(map, S("parameters"), value_dict((struct dict *)flat->map));
	return (struct section){ map, mark };
}

static void report_modules(struct parser *p, bool flat)
{
	struct runtime *r = p->runtime;
	if (flat) {
		findings_add(p->findings,
		             (struct finding){
				     .severity = SEVERITY_ERROR,
				     .file = r->file,
				     .line = r->n ? r->bots[0].line : 0,
				     .text = S("a file of a release 1.0: no bot has a module"),
				     .advice = S("run 'intelmqctl upgrade-config', which takes the "
		                                 "modules from startup.conf"),
			     });
		return;
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct runtime_bot *bot = &r->bots[i];
		if (bot->module.p)
			continue;
		findings_add(p->findings,
		             (struct finding){
				     .severity = SEVERITY_ERROR,
				     .file = r->file,
				     .line = bot->line,
				     .bot = bot->id,
				     .text = S("has no module and cannot be started"),
				     .advice = S("add 'module: intelmq.bots.…' to its section"),
			     });
	}
}

static void report_section(struct parser *p, struct str key, const struct yaml_mark *mark)
{
	findings_add(p->findings,
	             (struct finding){
			     .severity = SEVERITY_ERROR,
			     .file = p->runtime->file,
			     .line = mark->key_line,
			     .bot = is_global(key) ? STR_NONE : key,
			     .text = is_global(key) ? S("the section 'global' is no map")
	                                            : S("the section of this bot is no map"),
		     });
}

/* True for a map without any section, such as an old defaults.conf. */
static bool has_no_section(const struct dict *document)
{
	for (size_t i = 0; i < document->n; i++)
		if (document->pairs[i].value.kind == VALUE_DICT)
			return false;
	return document->n > 0 && !dict_get(document, S("global"));
}

static void read_bots(struct parser *p)
{
	struct runtime *r = p->runtime;
	const struct dict *document = r->document.dict;
	bool flat = is_flat(document);

	if (has_no_section(document)) {
		findings_add(p->findings,
		             (struct finding){
				     .severity = SEVERITY_ERROR,
				     .file = r->file,
				     .line = r->marks->children[0].key_line,
				     .text = S("no section of this file is a map: it has no bots"),
				     .advice = S("each bot is a section 'id:' with a module and "
		                                 "parameters") });
		r->bots = arena_zalloc(p->arena, 1, sizeof *r->bots);
		return;
	}

	r->bots = arena_zalloc(p->arena, document->n + 1, sizeof *r->bots);
	for (size_t i = 0; i < document->n; i++) {
		const struct pair *pair = &document->pairs[i];
		const struct yaml_mark *mark = &r->marks->children[i];
		if (pair->value.kind != VALUE_DICT) {
			if (!is_global(pair->key) || pair->value.kind != VALUE_NULL)
				report_section(p, pair->key, mark);
			continue;
		}
		if (is_global(pair->key))
			continue;
		struct section s = { pair->value.dict, mark };
		if (flat)
			s = unflatten(p, &s);
		read_bot(p, pair->key, &s, &r->bots[r->n++]);
	}
	report_modules(p, flat);
	findings_scope(p->findings, r->file, STR_NONE, 0, NULL);
}

/* Reports what yaml_parse found; its text begins with "line L, ". */
static void report_syntax(struct findings *findings, struct str file, const struct err *err)
{
	uint32_t line = 0;
	struct str text = str_of(err->text);
	if (str_starts(text, S("line "))) {
		size_t i = 5;
		for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9' && line < 100000000; i++)
			line = line * 10 + (uint32_t)(text.p[i] - '0');
		if (str_starts(str_slice(text, i, text.n), S(", ")))
			text = str_slice(text, i + 2, text.n);
	}
	findings_add(findings,
	             (struct finding){
			     .severity = SEVERITY_ERROR,
			     .file = file,
			     .line = line,
			     .text = text,
			     .advice = line ? S("mend this line; nothing of the file is in force")
	                                    : STR_NONE,
		     });
}

int runtime_parse(struct arena *arena, struct str text, struct str file,
                  const char *const *environment, struct runtime **out_runtime,
                  struct findings *findings)
{
	struct err err = { 0 };
	struct yaml_mark *marks;
	struct runtime *r = arena_zalloc(arena, 1, sizeof *r);

	*out_runtime = NULL;
	r->file = arena_dup(arena, file);
	if (yaml_parse(arena, text, &r->document, &marks, &err) < 0) {
		report_syntax(findings, file, &err);
		return -1;
	}
	if (r->document.kind == VALUE_NULL) {
		findings_add(findings,
		             (struct finding){ .severity = SEVERITY_WARNING,
		                               .file = file,
		                               .text = S("the file is empty: there are no bots") });
		r->document = value_dict(dict_new(arena));
	}
	if (r->document.kind != VALUE_DICT) {
		findings_add(findings,
		             (struct finding){ .severity = SEVERITY_ERROR,
		                               .file = file,
		                               .line = 1,
		                               .text = S("expected a map of bots"),
		                               .advice = S("each bot is a section 'id:' with a "
		                                           "module and parameters") });
		return -1;
	}
	const struct value *global = dict_get(r->document.dict, S("global"));
	r->marks = marks;
	r->global = global && global->kind == VALUE_DICT ? global->dict : dict_new(arena);
	r->environment = runtime_environment(arena, environment);
	if (r->document.dict->n * (r->global->n + r->environment->n) > MERGED_MAX) {
		findings_add(
			findings,
			(struct finding){ .severity = SEVERITY_ERROR,
		                          .file = file,
		                          .text = S("too many bots and parameters in 'global'") });
		return -1;
	}
	struct parser p = { arena, r, findings };
	read_bots(&p);
	*out_runtime = r;
	return 0;
}

/* ---- Looking up ---- */

const struct runtime_bot *runtime_bot_find(const struct runtime *r, struct str id)
{
	struct str rest = id, name = str_cut(&rest, '.');
	const struct runtime_bot *of_thread = NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (str_eq(r->bots[i].id, id))
			return &r->bots[i];
		if (all_digits(rest) && str_eq(r->bots[i].id, name))
			of_thread = &r->bots[i];
	}
	return of_thread;
}

void runtime_bot_scope(const struct runtime *r, const struct runtime_bot *bot,
                       struct findings *findings)
{
	findings_scope(findings, r->file, bot->id, bot->line, bot->lines);
}
