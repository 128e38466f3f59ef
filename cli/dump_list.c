/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/json.h>
#include <intelmq/text.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/dump.h"

enum { MAX_LISTED = 10000 };

struct found {
	struct dump_tool *tool;
	struct dict *seen; /* directories */
	struct dump_listed *all;
	size_t n, capacity;
};

static void add(struct found *f, const char *directory, struct str name)
{
	struct arena *arena = &f->tool->arena;
	if (f->n == f->capacity) {
		f->capacity = f->capacity ? f->capacity * 2 : 32;
		struct dump_listed *all = arena_zalloc(arena, f->capacity, sizeof *all);
		if (f->n)
			memcpy(all, f->all, f->n * sizeof *all);
		f->all = all;
	}
	struct str path = arena_printf(arena, "%s%s%.*s.dump", directory,
	                               directory[strlen(directory) - 1] == '/' ? "" : "/",
	                               STR_ARG(name));
	f->all[f->n++] = (struct dump_listed){ .name = arena_dup(arena, name), .path = path.p };
}

static void look_in(struct found *f, const char *directory)
{
	DIR *dir;
	struct str key = str_of(directory);
	while (key.n > 1 && key.p[key.n - 1] == '/')
		key.n--;
	if (!key.n || dict_get(f->seen, key))
		return;
	dict_set(f->seen, key, value_null());
	if (!(dir = opendir(directory)))
		return;
	for (const struct dirent *file; (file = readdir(dir)) && f->n < MAX_LISTED;) {
		struct str name = str_of(file->d_name);
		if (name.n > 5 && str_ends(name, S(".dump")))
			add(f, directory, str_slice(name, 0, name.n - 5));
	}
	closedir(dir);
}

static void look_in_parameter(struct found *f, const struct dict *parameters)
{
	const struct value *path = dict_get(parameters, S("logging_path"));
	if (path && path->kind == VALUE_STR && path->text.n)
		look_in(f, arena_cstr(&f->tool->arena, path->text));
}

static int by_name(const void *a, const void *b)
{
	const struct dump_listed *x = a, *y = b;
	int order = str_cmp(x->name, y->name);
	return order ? order : strcmp(x->path, y->path);
}

static void count(struct dump_tool *t, struct dump_listed *listed)
{
	struct dump_session *session;
	struct err err = { 0 };
	listed->n = -1;
	if (dump_session_open(listed->path, &session, &err) < 0) {
		listed->error = arena_cstr(&t->arena, str_of(err.text));
		return;
	}
	if (dump_session_size(session) == 0)
		listed->error = "empty file";
	else
		listed->n = (int64_t)dump_session_index(session)->n;
	dump_session_close(session);
}

size_t dump_list(struct dump_tool *t, struct dump_listed **out)
{
	struct found f = { .tool = t, .seen = dict_new(&t->arena) };
	look_in(&f, t->paths->log);
	look_in_parameter(&f, t->runtime->global);
	for (size_t i = 0; i < t->runtime->n; i++)
		look_in_parameter(&f, t->runtime->bots[i].parameters);
	if (f.n)
		qsort(f.all, f.n, sizeof *f.all, by_name);
	for (size_t i = 0; i < f.n; i++)
		count(t, &f.all[i]);
	*out = f.all;
	return f.n;
}

static int width_of(const struct dump_listed *all, size_t n)
{
	size_t width = sizeof "name (bot id)" - 1;
	for (size_t i = 0; i < n; i++)
		width = all[i].name.n > width ? all[i].name.n : width;
	return width > 60 ? 60 : (int)width;
}

void dump_list_print(struct dump_tool *t, const struct dump_listed *all, size_t n)
{
	int width = width_of(all, n);
	fprintf(t->out, "%4s: %-*s content\n", "id", width, "name (bot id)");
	for (size_t i = 0; i < n; i++) {
		int pad = width - (int)text_length(all[i].name);
		fprintf(t->out, "%4zu: ", i);
		dump_print(t->out, all[i].name);
		fprintf(t->out, "%*s ", pad > 0 ? pad : 0, "");
		if (all[i].error)
			dump_say_error(t, "%s", all[i].error);
		else
			fprintf(t->out, "%" PRId64 " dumps\n", all[i].n);
	}
}

void dump_list_json(struct dump_tool *t, const struct dump_listed *all, size_t n)
{
	struct list *list = list_new(&t->arena);
	struct buffer text;
	for (size_t i = 0; i < n; i++) {
		struct dict *one = dict_new(&t->arena);
		dict_set(one, S("id"), value_int((int64_t)i));
		dict_set(one, S("name"), value_str(all[i].name));
		dict_set(one, S("path"), value_cstr(all[i].path));
		dict_set(one, S("dumps"), all[i].error ? value_null() : value_int(all[i].n));
		dict_set(one, S("error"), value_cstr(all[i].error));
		list_add(list, value_dict(one));
	}
	buffer_init_in(&text, &t->arena, SIZE_MAX / 4);
	json_write(&text, value_list(list), JSON_INDENT4);
	fwrite(text.p, 1, text.n, t->out);
	fputc('\n', t->out);
}
