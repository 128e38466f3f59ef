/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* list: bots, queues, queues and status. */
#include "cli/ctl_bots.h"
#include "cli/ctl_queues.h"

#include "engine/types.h"

/* ---- Configured bots ---- */

static int list_configured(struct ctl *ctl, bool enabled_only)
{
	struct list *list = list_new(&ctl->arena);
	for (size_t i = 0; ctl->bot_ids[i]; i++) {
		const struct runtime_bot *bot = runtime_bot_find(ctl->runtime,
		                                                 str_of(ctl->bot_ids[i]));
		const struct value *enabled = dict_get(bot->section, S("enabled"));
		struct dict *d = dict_new(&ctl->arena);
		dict_set(d, S("id"), value_str(bot->id));
		dict_set(d, S("description"),
		         bot->description.p ? value_str(bot->description) : value_null());
		list_add(list, value_dict(d));
		/* Only in text: programs see `enabled` in the configuration. */
		if (ctl->type != CTL_TEXT ||
		    (enabled_only && (!enabled || !value_truthy(*enabled))))
			continue;
		if (ctl->quiet)
			ctl_print(ctl, "%.*s", STR_ARG(bot->id));
		ctl_say(ctl, "Bot ID: %.*s", STR_ARG(bot->id));
		ctl_say(ctl, "Description: %.*s", STR_ARG(bot->description));
	}
	ctl->result = value_list(list);
	return 0;
}

/* ---- All bots there are ---- */

static const char *const kinds[][2] = { { "collector", "Collector" },
	                                { "parser", "Parser" },
	                                { "expert", "Expert" },
	                                { "output", "Output" } };

static void add_word(struct buffer *b, struct str word)
{
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];
		buffer_add_char(b, i == 0 && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
}

/* "GenericCsv" of intelmq.bots.parsers.generic.parser_csv: what the Manager shows. */
static struct str name_of(struct arena *arena, const struct bot_type *type)
{
	struct buffer b;
	struct str rest = str_of(type->module), last = STR_NONE;
	buffer_init_in(&b, arena, 1000);
	for (int i = 0; i < 3; i++)
		str_cut(&rest, '.');
	while (rest.p) {
		struct str part = str_cut(&rest, '.');
		while (part.p) {
			struct str word = str_cut(&part, '_');
			if (str_eq(word, str_of(bot_type_kind(type))) || str_eq(word, last))
				continue;
			add_word(&b, word);
			last = word;
		}
	}
	return buffer_str(&b);
}

static struct value parameters_of(struct arena *arena, const struct bot_type *type)
{
	struct dict *d = dict_new(arena);
	if (!type->params)
		return value_dict(d);
	struct value rows = param_describe_json(arena, type->params, type->defaults);
	for (size_t i = 0; i < rows.list->n; i++) {
		const struct dict *row = rows.list->items[i].dict;
		const struct value *name = dict_get(row, S("name"));
		const struct value *value = dict_get(row, S("default"));
		if (name && value)
			dict_set(d, name->text, *value);
	}
	return value_dict(d);
}

static int list_all(struct ctl *ctl)
{
	struct dict *all = dict_new(&ctl->arena);
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
		struct dict *of_kind = dict_new(&ctl->arena);
		ctl_say(ctl, "\n======== %s ========\n", kinds[k][1]);
		for (size_t i = 0; i < all_bots_count; i++) {
			const struct bot_type *type = all_bots[i];
			if (strcmp(bot_type_kind(type), kinds[k][0]) != 0)
				continue;
			struct dict *d = dict_new(&ctl->arena);
			struct str name = name_of(&ctl->arena, type);
			dict_set(d, S("module"), value_cstr(type->module));
			dict_set(d, S("description"), value_cstr(type->summary));
			dict_set(d, S("parameters"), parameters_of(&ctl->arena, type));
			dict_set(of_kind, name, value_dict(d));
			ctl_say(ctl, "Bot ID: %.*s", STR_ARG(name));
			ctl_say(ctl, "Description: %s", type->summary);
		}
		dict_set(all, str_of(kinds[k][1]), value_dict(of_kind));
	}
	ctl->result = value_dict(all);
	return 0;
}

/* ---- The command ---- */

static int list_both(struct ctl *ctl, bool nonzero, bool sum)
{
	const struct runtime_bot **bots;
	struct list *both = list_new(&ctl->arena);
	struct value status;
	int code = ctl_list_queues(ctl, nonzero, sum);
	if (ctl->no_result)
		return code;
	list_add(both, ctl->result);
	size_t n = ctl_bots(ctl, &bots);
	code |= bots_report(ctl, bots, n, false, &status);
	list_add(both, status);
	ctl->result = value_list(both);
	return code;
}

int ctl_list(struct ctl *ctl, const struct args *args)
{
	struct str kind = str_of(args_get(args, "kind"));
	bool nonzero = args_get(args, "--non-zero"), sum = args_get(args, "--count");
	if (str_eq(kind, S("queues")))
		return ctl_list_queues(ctl, nonzero, sum);
	if (str_eq(kind, S("queues-and-status")))
		return list_both(ctl, nonzero, sum);
	return args_get(args, "--configured") ? list_configured(ctl, nonzero) : list_all(ctl);
}
