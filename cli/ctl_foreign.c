/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bots that run without intelmqd: known by <run>/<bot>.pid and by the command line of that process. */
#include <errno.h>
#include <intelmq/number.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "cli/ctl_bots.h"

enum { MAX_COMMAND_LINE = 128 * 1024, PATIENCE_MS = 2000 };

static const char *pid_path(struct arena *arena, const struct ctl *ctl,
                            const struct runtime_bot *bot)
{
	return arena_printf(arena, "%s%.*s.pid", ctl->paths->run, STR_ARG(bot->id)).p;
}

/* The first bytes of a file; files of /proc have no size. */
static int read_small(struct arena *arena, const char *path, size_t limit, struct str *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	char *bytes = arena_alloc(arena, limit);
	size_t n = 0;
	ssize_t got = 1;
	while (n < limit && (got = read(fd, bytes + n, limit - n)) > 0)
		n += (size_t)got;
	close(fd);
	*out = (struct str){ bytes, n };
	return got < 0 ? -1 : 0;
}

/* The number in a pid file, 0 if there is none. */
static pid_t pid_of(struct arena *arena, const char *path)
{
	struct str text;
	struct value number;
	if (read_small(arena, path, 64, &text) < 0 ||
	    number_int(arena, text_strip(text), &number) < 0 || number.kind != VALUE_INT ||
	    number.integer <= 1 || number.integer > INT32_MAX)
		return 0;
	return (pid_t)number.integer;
}

/* The words of a process's command line; no words: it is gone, or a zombie. */
static struct list *command_line(struct arena *arena, pid_t pid)
{
	struct list *words = list_new(arena);
	struct str text;
	const char *path = arena_printf(arena, "/proc/%d/cmdline", (int)pid).p;
	if (read_small(arena, path, MAX_COMMAND_LINE, &text) < 0 || !text.n)
		return words;
	if (text.p[text.n - 1] == '\0')
		text.n--;
	for (struct str rest = text; rest.p;)
		list_add(words, value_str(str_cut(&rest, '\0')));
	return words;
}

static struct str word(const struct list *words, size_t i)
{
	return i < words->n ? words->items[i].text : STR_NONE;
}

/* "…/name" or "name" */
static bool is_program(struct str path, struct str name)
{
	if (!path.n || !str_ends(path, name))
		return false;
	return path.n == name.n || path.p[path.n - name.n - 1] == '/';
}

/* `[python] <module> <bot>`, or `[python] intelmqctl run <bot>`. */
static bool is_bot(const struct list *words, const struct runtime_bot *bot)
{
	for (size_t at = 0; at < 2; at++) {
		if (bot->module.n && is_program(word(words, at), bot->module) &&
		    str_eq(word(words, at + 1), bot->id))
			return true;
		if (is_program(word(words, at), S("intelmqctl")) &&
		    str_eq(word(words, at + 1), S("run")) && str_eq(word(words, at + 2), bot->id))
			return true;
	}
	return false;
}

void foreign_state(struct ctl *ctl, const struct runtime_bot *bot, struct bot_state *out)
{
	const char *path = pid_path(&ctl->arena, ctl, bot);
	*out = (struct bot_state){ .status = bot->enabled ? BOT_STOPPED : BOT_DISABLED };
	if (access(path, F_OK) < 0)
		return;
	pid_t pid = pid_of(&ctl->arena, path);
	struct list *words = command_line(&ctl->arena, pid);
	if (!pid || !words->n) {
		unlink(path);
	} else if (is_bot(words, bot)) {
		out->status = BOT_RUNNING;
		out->foreign = pid;
	} else {
		out->status = BOT_UNKNOWN;
		out->reason = arena_printf(&ctl->arena,
		                           "Commandline of the process %d with commandline %s "
		                           "could not be interpreted.",
		                           (int)pid, value_repr(&ctl->arena, value_list(words)).p);
	}
}

/* ---- Signals ---- */

/* A descriptor of the process, if it still is this bot: the number alone may belong to another one by now. */
static int process_open(const struct runtime_bot *bot, pid_t pid)
{
	struct arena arena;
	int fd = pidfd_open(pid, 0);
	arena_init(&arena);
	if (fd >= 0 && !is_bot(command_line(&arena, pid), bot)) {
		close(fd);
		fd = -1;
	}
	arena_fini(&arena);
	return fd;
}

bool foreign_stop(const struct ctl *ctl, const struct runtime_bot *bot, pid_t pid)
{
	int fd = process_open(bot, pid);
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	bool gone = fd < 0;
	if (!gone && pidfd_send_signal(fd, SIGTERM, NULL, 0) == 0)
		gone = poll(&ended, 1, PATIENCE_MS) == 1;
	if (fd >= 0)
		close(fd);
	if (gone) {
		struct arena arena;
		arena_init(&arena);
		unlink(pid_path(&arena, ctl, bot));
		arena_fini(&arena);
	}
	return gone;
}

void foreign_reload(const struct runtime_bot *bot, pid_t pid)
{
	int fd = process_open(bot, pid);
	if (fd < 0)
		return;
	pidfd_send_signal(fd, SIGHUP, NULL, 0);
	close(fd);
}
