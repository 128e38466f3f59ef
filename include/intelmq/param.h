/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * param.h - the parameters of a bot: one row each, the source of reading, checking, docs and forms.
 *
 *	struct file_params {
 *		const char *path;
 *		int64_t chunk_size;
 *		struct csv_params csv;
 *	};
 *	#define PARAMS struct file_params
 *	static const struct param params[] = {
 *		PATH(path, "Directory to read.", .required = true),
 *		SIZE(chunk_size, "Largest report in bytes.", .nullable = true, .min = 1),
 *		GROUP(csv, csv_params),
 *		{ 0 },
 *	};
 *	static const struct file_params defaults = { .chunk_size = PARAM_UNSET };
 *
 * The name of a parameter is the name of its member; a row whose member has another type than its
 * kind needs does not compile.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/finding.h>
#include <intelmq/value.h>

enum param_kind {
	PARAM_STR, /* const char *          text; numbers and booleans are taken as Python shows them */
	PARAM_INT,   /* int64_t               */
	PARAM_FLOAT, /* double                */
	PARAM_BOOL,  /* bool                  */
	PARAM_TIME,  /* double                seconds */
	PARAM_SIZE,  /* int64_t               bytes */
	PARAM_LIST,  /* const struct list *   of texts; given as a list or as text with commas */
	PARAM_MAP,   /* const struct dict *   */
	PARAM_CHOICE, /* const char *          one of .choices, any case; the spelling of .choices is stored */
	PARAM_PATH,   /* const char *          */
	PARAM_SECRET, /* const char *          never logged, shown or served */
	PARAM_VALUE,  /* struct value          anything, as it was given */
	PARAM_GROUP,  /* an embedded struct    with a table of its own */
};

/* An integer that is null; text, lists and maps are NULL then, floats NaN. */
#define PARAM_UNSET INT64_MIN

struct param {
	const char *name; /* NULL ends the table; of a group: the prefix of its names, usually "" */
	enum param_kind kind;
	size_t offset;
	const char *help; /* one sentence */
	bool required; /* a value must be given that is not null or empty, or there is a default */
	bool secret;
	bool empty_is_value; /* "" (for lists: no items) is a value, not "not set" */
	bool nullable;       /* null is a value; else null means "not set", the default */
	bool keep_spaces;    /* LIST: do not trim the pieces of text with commas */
	bool json_text;      /* MAP, LIST, VALUE: a text that starts with { or [ is read as JSON */
	int64_t min, max;    /* both 0: no bounds; max 0 with min above 0: no upper bound */
	const char *const *choices; /* NULL at the end */
	const char *old_name;       /* also accepted, with a hint; the new name wins */
	const struct param *group;
};

// clang-format off
/* The offset of a member, if it has the type. */
#define PARAM_OFFSET(member, type) _Generic(((PARAMS *)0)->member, type: offsetof(PARAMS, member))
#define PARAM_ROW(text, which, member, type, sentence, ...) \
	{ .name = text, .kind = which, .offset = PARAM_OFFSET(member, type), .help = sentence, __VA_ARGS__ }

#define STR(f, help, ...)    STR_AS(#f, f, help, __VA_ARGS__)
#define INT(f, help, ...)    INT_AS(#f, f, help, __VA_ARGS__)
#define FLOAT(f, help, ...)  FLOAT_AS(#f, f, help, __VA_ARGS__)
#define BOOL(f, help, ...)   BOOL_AS(#f, f, help, __VA_ARGS__)
#define TIME(f, help, ...)   TIME_AS(#f, f, help, __VA_ARGS__)
#define SIZE(f, help, ...)   SIZE_AS(#f, f, help, __VA_ARGS__)
#define LIST(f, help, ...)   LIST_AS(#f, f, help, __VA_ARGS__)
#define MAP(f, help, ...)    MAP_AS(#f, f, help, __VA_ARGS__)
#define PATH(f, help, ...)   PATH_AS(#f, f, help, __VA_ARGS__)
#define SECRET(f, help, ...) SECRET_AS(#f, f, help, __VA_ARGS__)
#define VALUE(f, help, ...)  VALUE_AS(#f, f, help, __VA_ARGS__)
/* CHOICE(filter_type, ((const char *const[]){ "blacklist", "whitelist", NULL }), "Help.") */
#define CHOICE(f, list, help, ...) CHOICE_AS(#f, f, list, help, __VA_ARGS__)

/* For names that C does not allow: STR_AS("user-agent", user_agent, "Help.") */
#define STR_AS(n, f, help, ...)    PARAM_ROW(n, PARAM_STR, f, const char *, help, __VA_ARGS__)
#define INT_AS(n, f, help, ...)    PARAM_ROW(n, PARAM_INT, f, int64_t, help, __VA_ARGS__)
#define FLOAT_AS(n, f, help, ...)  PARAM_ROW(n, PARAM_FLOAT, f, double, help, __VA_ARGS__)
#define BOOL_AS(n, f, help, ...)   PARAM_ROW(n, PARAM_BOOL, f, bool, help, __VA_ARGS__)
#define TIME_AS(n, f, help, ...)   PARAM_ROW(n, PARAM_TIME, f, double, help, __VA_ARGS__)
#define SIZE_AS(n, f, help, ...)   PARAM_ROW(n, PARAM_SIZE, f, int64_t, help, __VA_ARGS__)
#define LIST_AS(n, f, help, ...)   PARAM_ROW(n, PARAM_LIST, f, const struct list *, help, __VA_ARGS__)
#define MAP_AS(n, f, help, ...)    PARAM_ROW(n, PARAM_MAP, f, const struct dict *, help, __VA_ARGS__)
#define PATH_AS(n, f, help, ...)   PARAM_ROW(n, PARAM_PATH, f, const char *, help, __VA_ARGS__)
#define SECRET_AS(n, f, help, ...) PARAM_ROW(n, PARAM_SECRET, f, const char *, help, .secret = true, __VA_ARGS__)
#define VALUE_AS(n, f, help, ...)  PARAM_ROW(n, PARAM_VALUE, f, struct value, help, __VA_ARGS__)
#define CHOICE_AS(n, f, list, help, ...) \
	PARAM_ROW(n, PARAM_CHOICE, f, const char *, help, .choices = (list), __VA_ARGS__)

/* A shared group: the member is a `struct rows`, and `rows` is also the name of its table. */
#define GROUP(f, rows) GROUP_AS("", f, rows)
/* The same with a prefix before each name: GROUP_AS("source_pipeline_", source, pipeline_params) */
#define GROUP_AS(prefix, f, rows) \
	{ .name = prefix, .kind = PARAM_GROUP, .offset = PARAM_OFFSET(f, struct rows), .group = (rows) }
// clang-format on

/*
 * Fills `out` (`size` bytes, the struct that `table` describes) from a copy of `defaults` (NULL: all
 * zero) and the parameters given. Texts, lists and maps lie in the arena or in `given` and `defaults`.
 *
 * Values are taken as configurations in the field have them: numbers and booleans as text, numbers
 * where text is wanted, lists as text with commas; "", {} and null mean "not set" where the default is
 * null or a container, or the kind has no empty value. A placeholder such as <token> where no text is
 * wanted is a warning, and not set. A parameter whose value does not fit keeps its default.
 * Returns the number of errors found; each is in `findings` (may be NULL).
 */
int param_load(struct arena *, const struct param *table, const void *defaults, size_t size,
               const struct dict *given, void *out, struct findings *findings);

/* The row of a name, groups searched, or NULL; an old name finds its row. */
const struct param *param_find(const struct param *table, struct str name);

/*
 * Foreign names are no error (operators keep notes there), but one that is nearly a known name is
 * probably a slip: adds an information with the name that was probably meant. `tables`: all that the
 * bot reads, NULL at the end.
 */
void param_check_names(const struct param *const *tables, const struct dict *given,
                       struct findings *);

/* The known name nearest to `name` if it is near enough to be a slip of it, else NULL; in the arena. */
const char *param_nearest(struct arena *, const struct param *const *tables, struct str name);

/* True for names whose values are never shown: password, token, secret, key … anywhere in the name. */
bool param_name_is_secret(struct str name);

/* "text", "integer", "boolean" …: the kind as people and the JSON description name it. */
const char *param_kind_name(enum param_kind);

/*
 * The table as a list of maps {name, type, default, required, help, min, max, choices, secret …},
 * groups unfolded; `defaults` as in param_load.
 */
struct value param_describe_json(struct arena *, const struct param *table, const void *defaults);

/* The same as a Markdown table with the columns Name, Type, Default, Help. */
void param_describe_markdown(struct buffer *, const struct param *table, const void *defaults);
