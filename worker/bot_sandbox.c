/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/bot_sandbox.h"

#include <intelmq/file.h>
#include <intelmq/signature.h>

#include <sys/stat.h>

enum { MAX_PATHS = 100 };

struct rules {
	struct arena *arena;
	const char **readable, **writable;
	size_t n_readable, n_writable;
};

static void may_read(struct rules *r, const char *path)
{
	if (r->n_readable < MAX_PATHS)
		r->readable[r->n_readable++] = path;
}

static void may_write(struct rules *r, const char *path)
{
	if (r->n_writable < MAX_PATHS)
		r->writable[r->n_writable++] = path;
}

static void may_read_all(struct rules *r, const char *const *paths)
{
	while (*paths)
		may_read(r, *paths++);
}

/* Converters of character sets and other libraries that libc loads late; time zones. */
static const char *const of_all[] = {
	"/usr/lib",       "/usr/lib64",          "/lib", "/lib64", "/etc/ld.so.cache",
	"/etc/localtime", "/usr/share/zoneinfo", NULL
};
static const char *const of_network[] = { "/etc/resolv.conf",
	                                  "/run/systemd/resolve",
	                                  "/etc/hosts",
	                                  "/etc/host.conf",
	                                  "/etc/nsswitch.conf",
	                                  "/etc/gai.conf",
	                                  "/etc/services",
	                                  "/etc/protocols",
	                                  "/etc/ssl",
	                                  "/etc/pki",
	                                  "/etc/ca-certificates",
	                                  "/usr/share/ca-certificates",
	                                  "/usr/local/share/ca-certificates",
	                                  NULL };
static const char *const of_programs[] = { "/usr",        "/bin",
	                                   "/sbin",       "/etc/alternatives",
	                                   "/etc/passwd", "/etc/group",
	                                   "/dev/null",   "/dev/urandom",
	                                   "/proc",       NULL };

static bool writes_files(const struct bot_type *type)
{
	return type->collect || type->stream || type->deliver;
}

/* The folder of a file, so that one that is replaced or rotated is found again; with names from fields the fixed part. */
static const char *folder_of(struct rules *r, const char *path)
{
	struct stat st;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return path;
	struct str fixed = str_slice(str_of(path), 0, strcspn(path, "{"));
	while (fixed.n && fixed.p[fixed.n - 1] != '/')
		fixed.n--;
	return fixed.n ? arena_cstr(r->arena, fixed) : "./";
}

/* Pipes and devices are open already. */
static bool is_special(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static void add_path(struct rules *r, const struct bot_type *type, const char *path)
{
	if (!path || !*path || is_special(path))
		return;
	const char *folder = folder_of(r, path);
	if (writes_files(type) && type->uses & USES_FILES && file_make_directories(folder) == 0)
		may_write(r, folder);
	else
		may_read(r, folder);
}

/* A switch that may also be a path: http_verify_cert. */
static void add_value(struct rules *r, const char *at)
{
	struct value value;
	memcpy(&value, at, sizeof value);
	if (value.kind == VALUE_STR && str_starts(value.text, S("/")))
		may_read(r, arena_cstr(r->arena, value.text));
}

static void add_paths(struct rules *r, const struct bot_type *type, const struct param *table,
                      const char *values)
{
	for (const struct param *p = table; p && p->name; p++) {
		const char *value;
		if (p->kind == PARAM_GROUP)
			add_paths(r, type, p->group, values + p->offset);
		if (p->kind == PARAM_VALUE)
			add_value(r, values + p->offset);
		if (p->kind != PARAM_PATH)
			continue;
		memcpy(&value, values + p->offset, sizeof value);
		add_path(r, type, value);
	}
}

static void add_files(struct rules *r, const struct bot_type *type, const struct dict *parameters,
                      const struct paths *paths)
{
	void *values = arena_zalloc(r->arena, 1, type->params_size);
	if (type->params)
		param_load(r->arena, type->params, type->defaults, type->params_size, parameters,
		           values, NULL);
	add_paths(r, type, type->params, values);
	if (!(type->uses & USES_FILES))
		return;
	if (writes_files(type) && file_make_directories(paths->state) == 0)
		may_write(r, paths->state);
	else
		may_read(r, paths->state);
}

struct sandbox_rules bot_sandbox_rules(struct arena *arena, const struct bot_type *type,
                                       const struct dict *parameters, const struct paths *paths,
                                       const char *log_folder)
{
	struct rules r = { .arena = arena };
	r.readable = arena_zalloc(arena, MAX_PATHS + 1, sizeof *r.readable);
	r.writable = arena_zalloc(arena, MAX_PATHS + 1, sizeof *r.writable);
	may_write(&r, log_folder);
	may_read_all(&r, of_all);
	bool network = type->uses & (USES_NETWORK | USES_LOOKUPS);
	if (network || type->uses & (USES_FILES | USES_EXEC))
		add_files(&r, type, parameters, paths);
	if (network)
		may_read_all(&r, of_network);
	if (type->uses & USES_EXEC) {
		may_read_all(&r, of_programs);
		may_read(&r, signature_keyring(arena, NULL));
		may_write(&r, "/tmp");
	}
	return (struct sandbox_rules){
		.readable = r.readable,
		.writable = r.writable,
		.network = network,
		.exec = type->uses & USES_EXEC,
	};
}
