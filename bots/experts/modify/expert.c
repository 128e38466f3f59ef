/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Sets fields by rules from a file. A rule matches if all its conditions do; every matching rule is applied, in order.
 *
 *	[{"rulename": "Standard Protocols, http",
 *	  "if": {"source.port": "^(80|443)$"},
 *	  "then": {"protocol.application": "http"}}]
 *
 * A text in `if` is a pattern, "" means that the field is absent, anything else is compared as it is. A text in `then`
 * may hold {msg[field]} and {matches[field][group]}.
 */
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/format.h>
#include <intelmq/regex.h>
#include <intelmq/repr.h>
#include <intelmq/yaml.h>

struct params {
	const char *configuration_path;
	bool case_sensitive, overwrite;
	int64_t maximum_matches;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(configuration_path, "File with the rules (JSON or YAML).", .required = true),
	BOOL(case_sensitive, "Patterns tell upper from lower case."),
	INT(maximum_matches, "Apply so many matching rules at most.", .nullable = true, .min = 1,
	    .max = INT32_MAX),
	BOOL(overwrite, "Replace values that are there."),
	{ 0 },
};

enum { MAX_RULES = 16 * 1024 * 1024 };

/* One member of `if`. */
struct condition {
	struct str field;
	struct value value;
	bool absent;         /* the field must not be there */
	struct regex *regex; /* for texts */
};

struct rule {
	struct str name;
	struct condition *conditions;
	size_t n;
	const struct dict *then;
};

struct modify_state {
	struct rule *rules;
	size_t n;
};

/* ---- Rules ---- */

static enum result read_condition(struct bot *bot, struct condition *c, const struct pair *pair,
                                  struct str rule)
{
	const struct params *p = bot->params;
	*c = (struct condition){ .field = pair->key, .value = pair->value };
	if (pair->value.kind != VALUE_STR)
		return DONE;
	c->absent = pair->value.text.n == 0;
	if (!c->absent && regex_new(pair->value.text, p->case_sensitive ? 0 : REGEX_IGNORE_CASE,
	                            &c->regex, &bot->err) < 0)
		return bot_fail(bot, BAD_CONF, "%s: rule '%.*s', condition '%.*s': %s",
		                p->configuration_path, STR_ARG(rule), STR_ARG(pair->key),
		                bot->err.text);
	return DONE;
}

static enum result read_rule(struct bot *bot, struct rule *rule, struct value v, size_t number)
{
	const struct params *p = bot->params;
	const struct value *name = v.kind == VALUE_DICT ? dict_get(v.dict, S("rulename")) : NULL;
	const struct value *conditions = v.kind == VALUE_DICT ? dict_get(v.dict, S("if")) : NULL;
	const struct value *then = v.kind == VALUE_DICT ? dict_get(v.dict, S("then")) : NULL;
	if (!conditions || conditions->kind != VALUE_DICT || !then || then->kind != VALUE_DICT)
		return bot_fail(bot, BAD_CONF, "%s: rule %zu needs the objects 'if' and 'then'",
		                p->configuration_path, number);
	rule->name = name && name->kind == VALUE_STR ? name->text
	                                             : arena_printf(bot->arena, "%zu", number);
	rule->then = then->dict;
	rule->conditions = arena_zalloc(bot->arena, conditions->dict->n, sizeof *rule->conditions);
	for (size_t i = 0; i < conditions->dict->n; i++) {
		enum result result = read_condition(bot, &rule->conditions[i],
		                                    &conditions->dict->pairs[i], rule->name);
		rule->n++;
		if (result != DONE)
			return result;
	}
	return DONE;
}

static enum result modify_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct modify_state *state = bot->state;
	struct str text;
	struct value rules;
	if (file_map(p->configuration_path, MAX_RULES, &text, &bot->err) < 0)
		return BAD_CONF;
	struct str copy = arena_dup(bot->arena, text);
	file_unmap(text);
	if (yaml_parse(bot->arena, copy, &rules, NULL, &bot->err) < 0) {
		err_prefix(&bot->err, "%s", p->configuration_path);
		return BAD_CONF;
	}
	if (rules.kind != VALUE_LIST)
		return bot_fail(bot, BAD_CONF, "%s must be a list of rules", p->configuration_path);
	state->rules = arena_zalloc(bot->arena, rules.list->n, sizeof *state->rules);
	for (size_t i = 0; i < rules.list->n; i++) {
		state->n++;
		enum result result = read_rule(bot, &state->rules[i], rules.list->items[i], i + 1);
		if (result != DONE)
			return result;
	}
	return DONE;
}

static void modify_fini(struct bot *bot)
{
	struct modify_state *state = bot->state;
	for (size_t i = 0; i < state->n; i++)
		for (size_t k = 0; k < state->rules[i].n; k++)
			regex_free(state->rules[i].conditions[k].regex);
}

/* ---- Matching ---- */

/* The match of each pattern of a rule, for {matches[…]}. */
struct matched {
	const struct event *event;
	const struct rule *rule;
	struct regex_match *matches;
};

/* 1, 0, or -1: the value cannot be searched. */
static int condition_holds(struct bot *bot, const struct condition *c, const struct event *event,
                           struct regex_match *match)
{
	const struct value *v = event_get_key(event, c->field);
	if (c->absent)
		return v == NULL;
	if (!v)
		return 0;
	if (!c->regex)
		return value_eq(*v, c->value);
	if (v->kind == VALUE_LIST || v->kind == VALUE_DICT)
		return err_set(
			&bot->err, FAULT_OTHER,
			"field '%.*s' is a list or an object: no pattern can be searched in it",
			STR_ARG(c->field));
	struct str text = v->kind == VALUE_STR ? v->text : value_text(bot->arena, *v);
	return regex_search(c->regex, bot->arena, text, match, &bot->err);
}

static int rule_holds(struct bot *bot, const struct rule *rule, const struct event *event,
                      struct regex_match *matches)
{
	for (size_t i = 0; i < rule->n; i++) {
		int holds = condition_holds(bot, &rule->conditions[i], event, &matches[i]);
		if (holds != 1)
			return holds;
	}
	return 1;
}

/* ---- Actions: {msg[field]} and {matches[field][group]} ---- */

static int find_group(const struct matched *m, const struct format_path *path, struct value *out,
                      struct err *err)
{
	for (size_t i = 0; i < m->rule->n; i++) {
		const struct condition *c = &m->rule->conditions[i];
		if (!str_eq(c->field, path->steps[1].name) || !c->regex)
			continue;
		if (path->n != 3)
			break;
		const struct format_step *group = &path->steps[2];
		size_t number = group->is_index ? (size_t)group->index
		                                : regex_group_number(c->regex, group->name);
		if (number > regex_group_count(c->regex) || (!group->is_index && number == 0))
			return err_set(err, FAULT_OTHER, "no such group");
		struct str text = regex_group(&m->matches[i], number);
		*out = text.p ? value_str(text) : value_null();
		return 0;
	}
	return err_set(err, FAULT_KEY_NOT_EXISTS, "no match of '%.*s'",
	               STR_ARG(path->steps[1].name));
}

static int find_value(const void *context, const struct format_path *path, struct value *out,
                      bool *special_out, struct err *err)
{
	const struct matched *m = context;
	*special_out = false;
	if (path->n >= 2 && path->steps[1].kind == FORMAT_KEY &&
	    str_eq(path->steps[0].name, S("matches")))
		return find_group(m, path, out, err);
	if (path->n < 2 || path->steps[1].kind != FORMAT_KEY ||
	    !str_eq(path->steps[0].name, S("msg")))
		return err_set(err, FAULT_KEY_NOT_EXISTS,
		               "'%.*s' is neither msg[field] nor matches[field][group]",
		               STR_ARG(path->steps[0].name));
	const struct value *v = event_get_key(m->event, path->steps[1].name);
	if (!v)
		return err_set(err, FAULT_KEY_NOT_EXISTS, "the event has no field '%.*s'",
		               STR_ARG(path->steps[1].name));
	*out = *v;
	return format_walk(out, path->steps + 2, path->n - 2, err);
}

static enum result apply(struct bot *bot, const struct matched *m, struct event *event)
{
	const struct params *p = bot->params;
	struct format_source source = { m, find_value, NULL };
	for (size_t i = 0; i < m->rule->then->n; i++) {
		const struct pair *action = &m->rule->then->pairs[i];
		struct value v = action->value;
		struct buffer text;
		buffer_init_in(&text, bot->arena, MAX_RULES);
		if (v.kind == VALUE_STR) {
			if (format_text(&text, v.text, &source, &bot->err) < 0)
				return BAD_DATA;
			v = value_str(buffer_str(&text));
		}
		if (event_add(event, action->key, v, p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP) ==
		    ADD_FAILED)
			return BAD_DATA;
	}
	return DONE;
}

static enum result modify_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	const struct modify_state *state = bot->state;
	int64_t applied = 0;
	for (size_t i = 0; i < state->n; i++) {
		const struct rule *rule = &state->rules[i];
		struct regex_match *matches = arena_zalloc(bot->arena, rule->n, sizeof *matches);
		int holds = rule_holds(bot, rule, event, matches);
		if (holds < 0)
			return BAD_DATA;
		if (!holds)
			continue;
		struct matched matched = { event, rule, matches };
		enum result result = apply(bot, &matched, event);
		if (result != DONE)
			return result;
		if (++applied == p->maximum_matches)
			break;
	}
	return DONE;
}

const struct bot_type experts_modify_expert = {
	.module = "intelmq.bots.experts.modify.expert",
	.summary = "Sets fields by rules from a file.",
	PARAMS_OF(.configuration_path = "/opt/intelmq/var/lib/bots/modify/modify.conf",
	          .case_sensitive = true, .overwrite = true, .maximum_matches = PARAM_UNSET),
	.state_size = sizeof(struct modify_state),
	.uses = USES_FILES,
	.init = modify_init,
	.fini = modify_fini,
	.enrich = modify_enrich,
};
