/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/paths.h"

#include <fcntl.h>
#include <stdlib.h>

const char *environment_real(const void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

const char *environment_array(const void *context, const char *name)
{
	size_t n = strlen(name);
	for (const char *const *at = context; at && *at; at++)
		if (strncmp(*at, name, n) == 0 && (*at)[n] == '=')
			return *at + n + 1;
	return NULL;
}

int environment_fd(const char *name)
{
	const char *text = getenv(name);
	int fd = 0;
	for (const char *p = text; p && *p; p++) {
		if (*p < '0' || *p > '9' || fd > 100000)
			return -1;
		fd = fd * 10 + (*p - '0');
	}
	if (!text || !*text || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	unsetenv(name);
	return fd;
}

static bool is_set(environment_get *get, const void *context, const char *name)
{
	const char *text = get(context, name);
	return text && *text;
}

static const char *join(struct arena *arena, const char *folder, const char *rest)
{
	const char *slash = str_ends(str_of(folder), S("/")) ? "" : "/";
	return arena_printf(arena, "%s%s%s", folder, slash, rest).p;
}

struct paths *paths_new(struct arena *arena, enum layout usual, environment_get *get,
                        const void *context)
{
	static const struct {
		const char *config, *log, *run, *state;
	} folders[] = {
		[LAYOUT_OPT] = { "etc/", "var/log/", "var/run/", "var/lib/bots/" },
		[LAYOUT_LSB] = { "etc/intelmq/", "var/log/intelmq/", "var/run/intelmq/",
		                 "var/lib/intelmq/bots/" },
	};
	struct paths *paths = arena_zalloc(arena, 1, sizeof *paths);
	const char *root = is_set(get, context, "INTELMQ_ROOT_DIR")
	                         ? get(context, "INTELMQ_ROOT_DIR")
	                         : NULL;
	enum layout layout = usual;

	if (root || is_set(get, context, "INTELMQ_PATHS_OPT"))
		layout = LAYOUT_OPT;
	else if (is_set(get, context, "INTELMQ_PATHS_NO_OPT"))
		layout = LAYOUT_LSB;
	if (layout == LAYOUT_LSB)
		root = is_set(get, context, "ROOT_DIR") ? get(context, "ROOT_DIR") : "/";
	else if (!root)
		root = "/opt/intelmq/";
	paths->root = join(arena, root, "");
	paths->config = join(arena, paths->root, folders[layout].config);
	paths->log = join(arena, paths->root, folders[layout].log);
	paths->run = join(arena, paths->root, folders[layout].run);
	paths->state = join(arena, paths->root, folders[layout].state);
	paths->state_file = join(arena, paths->state, "../state.json");
	paths->broker = join(arena, paths->state, "../broker");
	paths->broker_socket = join(arena, paths->run, "broker.sock");
	paths->runtime = join(arena, paths->config, "runtime.yaml");
	paths->runtime_old = join(arena, paths->config, "runtime.conf");
	paths->harmonization = join(arena, paths->config, "harmonization.conf");
	return paths;
}
