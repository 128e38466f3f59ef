/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * runtime.h - runtime.yaml: which bots there are, their parameters, and how they are connected.
 *
 * The file is a map: the section `global`, and one section per bot id. A bot's parameters are merged,
 * the later wins: `global`, the bot's own keys that describe it (where truthy), its `parameters`, the
 * variables INTELMQ_<NAME> of the environment.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

#include "config/findings.h"
#include <intelmq/yaml.h>

enum run_mode { RUN_CONTINUOUS, RUN_SCHEDULED };

struct runtime_bot {
	struct str id;
	struct str module; /* STR_NONE if the section has none: such a bot cannot be started */
	struct str group, name, description, groupname; /* STR_NONE if absent */
	bool enabled;
	enum run_mode run_mode;
	struct dict *parameters;    /* merged */
	const struct dict *own;     /* the section's `parameters` alone; never NULL */
	const struct dict *section; /* the section as it stands in the file; never NULL */
	const struct dict
		*lines; /* parameter -> line; global ones too, those of the environment are 0 */
	struct str source_queue;   /* `<id>-queue` by default */
	struct dict *destinations; /* path -> list of queue names, both in the order of the file */
	uint32_t line;
};

struct runtime {
	struct str file;
	struct value document;          /* as it was read */
	const struct yaml_mark *marks;  /* of the document */
	const struct dict *global;      /* never NULL */
	const struct dict *environment; /* parameters from the environment; never NULL */
	struct runtime_bot *bots;       /* in the order of the file */
	size_t n;
};

/* What stands beside the file matters for old configurations; NULL members are not looked at. */
struct runtime_source {
	const char *path; /* …/runtime.yaml; where it is absent, runtime.conf beside it is read */
	const char *const *environment; /* "NAME=value" as environ(7); NULL: none */
};

/*
 * Reads the file; everything lies in the arena. Returns 0 with a runtime even where there are
 * findings of severity error about single bots; -1 where the file cannot be read at all (then
 * `*out_runtime` is NULL and the last finding of severity error says why).
 *
 * Old generations are read as far as they go: a runtime.conf, a section without `parameters`. Files
 * that only older releases read (pipeline.conf, defaults.conf, startup.conf, system.conf, BOTS) are
 * reported with the advice to run `intelmqctl upgrade-config`.
 */
int runtime_load(struct arena *, const struct runtime_source *, struct runtime **out_runtime,
                 struct findings *);

/* The same from a text that came from somewhere else; `file` is for the findings. */
int runtime_parse(struct arena *, struct str text, struct str file, const char *const *environment,
                  struct runtime **out_runtime, struct findings *);

/*
 * The bot of an id (case matters), or NULL. A thread's id "bot.0" finds "bot".
 */
const struct runtime_bot *runtime_bot_find(const struct runtime *, struct str id);

/* True if the text is a bot id: letters, digits and hyphens, and for threads a dot and a number. */
bool runtime_id_is_valid(struct str id);

/*
 * Findings about the pipeline as a whole: queues that nobody reads, readers that nobody feeds,
 * source queues shared, loops, collectors with a source. No modules are known here.
 */
void runtime_check(struct arena *, const struct runtime *, struct findings *);

/* Makes finding_add speak of this bot: `findings_scope` with its file, id and lines. */
void runtime_bot_scope(const struct runtime *, const struct runtime_bot *, struct findings *);

/* The bytes of a file up to a limit; errors name the path. */
int runtime_read_file(struct arena *, const char *path, size_t limit, struct str *out,
                      struct err *);
