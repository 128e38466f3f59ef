/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* list queues, clear. */
#include "cli/ctl_queues.h"

#include <intelmq/text.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "engine/types.h"

#define INTERNAL "-internal"

static int broker_open(const struct ctl *ctl, struct broker **out, struct err *err)
{
	return broker_connect(ctl->paths->broker_socket, -1, out, err);
}

int queues_of_broker(struct ctl *ctl, struct dict **out, struct err *err)
{
	struct broker *broker;
	struct queue_info *queues;
	*out = dict_new(&ctl->arena);
	if (broker_open(ctl, &broker, err) < 0)
		return -1;
	int64_t n = broker_queues(broker, &ctl->arena, &queues, err);
	for (int64_t i = 0; i < n; i++) {
		struct list *numbers = list_new(&ctl->arena);
		uint64_t claimed = queues[i].claimed;
		list_add(numbers, value_int((int64_t)(queues[i].messages - claimed)));
		list_add(numbers, value_int((int64_t)claimed));
		dict_set(*out, arena_dup(&ctl->arena, queues[i].name), value_list(numbers));
	}
	broker_free(broker);
	return n < 0 ? -1 : 0;
}

struct dict *queues_configured(struct ctl *ctl)
{
	struct dict *names = dict_new(&ctl->arena);
	for (size_t i = 0; i < ctl->runtime->n; i++) {
		const struct runtime_bot *bot = &ctl->runtime->bots[i];
		dict_set(names, bot->source_queue, value_bool(true));
		for (size_t k = 0; k < bot->destinations->n; k++) {
			const struct list *queues = bot->destinations->pairs[k].value.list;
			for (size_t q = 0; q < queues->n; q++)
				if (!dict_get(names, queues->items[q].text))
					dict_set(names, queues->items[q].text, value_bool(false));
		}
	}
	return names;
}

/* Messages of a queue that wait, or that its bot has claimed. */
static int64_t number_in(const struct dict *queues, struct str name, bool claimed)
{
	const struct value *numbers = dict_get(queues, name);
	return numbers ? numbers->list->items[claimed].integer : 0;
}

/* ---- Text ---- */

static int by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	struct arena arena;
	arena_init(&arena);
	int order = str_cmp(text_lower(&arena, x->key), text_lower(&arena, y->key));
	arena_fini(&arena);
	return order ? order : str_cmp(x->key, y->key);
}

/* {name: number} of all queues, internal ones too. */
static struct dict *numbers_of(struct ctl *ctl, const struct dict *queues)
{
	struct dict *names = queues_configured(ctl), *all = dict_new(&ctl->arena);
	for (size_t i = 0; i < names->n; i++) {
		struct str name = names->pairs[i].key;
		dict_set(all, name, value_int(number_in(queues, name, false)));
		if (names->pairs[i].value.boolean)
			dict_set(all, arena_printf(&ctl->arena, "%.*s" INTERNAL, STR_ARG(name)),
			         value_int(number_in(queues, name, true)));
	}
	return all;
}

static void say_numbers(struct ctl *ctl, const struct dict *all, bool nonzero)
{
	struct pair *pairs = arena_zalloc(&ctl->arena, all->n, sizeof *pairs);
	if (all->n)
		memcpy(pairs, all->pairs, all->n * sizeof *pairs);
	qsort(pairs, all->n, sizeof *pairs, by_name);
	for (size_t i = 0; i < all->n; i++)
		if (!nonzero || pairs[i].value.integer)
			ctl_say(ctl, "%.*s - %lld", STR_ARG(pairs[i].key),
			        (long long)pairs[i].value.integer);
}

/* ---- JSON ---- */

static struct value pair_of(struct ctl *ctl, const struct dict *queues, struct str name)
{
	struct list *pair = list_new(&ctl->arena);
	list_add(pair, value_str(name));
	list_add(pair, value_int(number_in(queues, name, false)));
	return value_list(pair);
}

/* Without a module it may be anything; with one of somebody else, its group says what it is. */
static bool is_collector(const struct runtime_bot *bot)
{
	struct err err;
	const struct bot_type *type = bot->module.p ? bot_type_find(bot->module, &err) : NULL;
	return type ? strcmp(bot_type_kind(type), "collector") == 0
	            : str_eq(bot->group, S("Collector"));
}

static struct value queues_of_bot(struct ctl *ctl, const struct dict *queues,
                                  const struct runtime_bot *bot)
{
	struct dict *d = dict_new(&ctl->arena);
	struct list *destinations = list_new(&ctl->arena);
	if (!is_collector(bot)) {
		dict_set(d, S("source_queue"), pair_of(ctl, queues, bot->source_queue));
		dict_set(d, S("internal_queue"),
		         value_int(number_in(queues, bot->source_queue, true)));
	}
	for (size_t k = 0; k < bot->destinations->n; k++) {
		const struct list *names = bot->destinations->pairs[k].value.list;
		for (size_t q = 0; q < names->n; q++)
			list_add(destinations, pair_of(ctl, queues, names->items[q].text));
	}
	dict_set(d, S("destination_queues"), value_list(destinations));
	return value_dict(d);
}

/* ---- The commands ---- */

static int fail(struct ctl *ctl, const struct err *err)
{
	ctl_error(ctl, "The broker cannot be asked: %s.", err->text);
	return 1;
}

int ctl_list_queues(struct ctl *ctl, bool nonzero, bool sum)
{
	struct err err;
	struct dict *queues, *result = dict_new(&ctl->arena);
	int64_t total = 0;
	if (queues_of_broker(ctl, &queues, &err) < 0) {
		ctl->no_result = true;
		return fail(ctl, &err);
	}
	struct dict *all = numbers_of(ctl, queues);
	for (size_t i = 0; i < all->n; i++)
		total += all->pairs[i].value.integer;
	if (sum) {
		ctl_say(ctl, "%lld", (long long)total);
		dict_set(result, S("total-messages"), value_int(total));
	} else {
		say_numbers(ctl, all, nonzero);
		for (size_t i = 0; i < ctl->runtime->n; i++)
			dict_set(result, ctl->runtime->bots[i].id,
			         queues_of_bot(ctl, queues, &ctl->runtime->bots[i]));
	}
	ctl->result = value_dict(result);
	return 0;
}

/* What a bot has claimed is in its hands: it cannot be taken away from outside. */
static int clear_internal(struct ctl *ctl, struct str queue, int64_t claimed)
{
	if (claimed) {
		ctl_complain(ctl,
		             "Error while clearing queue %.*s" INTERNAL
		             ": the bot works on these messages. Stop the bot, then clear %.*s.",
		             STR_ARG(queue), STR_ARG(queue));
		ctl->result = value_cstr("error");
		return 1;
	}
	ctl_say(ctl, "Successfully cleared queue %.*s" INTERNAL ".", STR_ARG(queue));
	ctl->result = value_cstr("success");
	return 0;
}

static int clear(struct ctl *ctl, struct str name)
{
	struct err err;
	struct broker *broker;
	ctl->result = value_cstr("error");
	if (broker_open(ctl, &broker, &err) < 0)
		return fail(ctl, &err);
	int64_t n = broker_clear(broker, name, &err);
	broker_free(broker);
	if (n < 0) {
		ctl_complain(ctl, "Error while clearing queue %.*s: %s.", STR_ARG(name), err.text);
		return 1;
	}
	ctl_say(ctl, "Successfully cleared queue %.*s.", STR_ARG(name));
	ctl->result = value_cstr("success");
	return 0;
}

int ctl_clear(struct ctl *ctl, const struct args *args)
{
	struct err err;
	struct dict *queues, *configured = queues_configured(ctl);
	struct str name = str_of(args_get(args, "queue"));
	struct str before = str_ends(name, S(INTERNAL))
	                          ? str_slice(name, 0, name.n - sizeof INTERNAL + 1)
	                          : STR_NONE;
	ctl_say(ctl, "Clearing queue %.*s.", STR_ARG(name));
	if (queues_of_broker(ctl, &queues, &err) < 0) {
		ctl->result = value_cstr("error");
		return fail(ctl, &err);
	}
	/* Those that nobody configures any more are cleared, too: there is no other way to get rid of them. */
	if (dict_get(configured, name) || dict_get(queues, name))
		return clear(ctl, name);
	if (before.p && (dict_get(configured, before) || dict_get(queues, before)))
		return clear_internal(ctl, before, number_in(queues, before, true));
	ctl_complain(ctl, "Queue %.*s does not exist!", STR_ARG(name));
	ctl->result = value_cstr("not-found");
	return 2;
}
