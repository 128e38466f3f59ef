/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Asking intelmqd, and starting it where it does not run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ctl_bots.h"
#include "daemon/control.h"

enum { TIMEOUT_MS = 120 * 1000, STATUS_TIMEOUT_MS = 10 * 1000, MAX_COMPLAINT = 4000 };

static int ask(struct ctl *ctl, struct dict *request, int timeout_ms, struct value *answer)
{
	struct err err = { 0 };
	if (control_call(ctl->paths, value_dict(request), timeout_ms, &ctl->arena, answer, &err) <
	    0) {
		ctl_error(ctl, "intelmqd does not answer: %s.", err.text);
		return -1;
	}
	const struct value *error = answer->kind == VALUE_DICT ? dict_get(answer->dict, S("error"))
	                                                       : NULL;
	if (answer->kind == VALUE_DICT && (!error || error->kind != VALUE_STR))
		return 0;
	if (error)
		ctl_error(ctl, "intelmqd: %.*s", STR_ARG(error->text));
	else
		ctl_error(ctl, "intelmqd gave an answer that is no object.");
	return -1;
}

int daemon_command(struct ctl *ctl, const char *command, const struct runtime_bot *const *bots,
                   size_t n)
{
	struct value answer;
	struct dict *request = dict_new(&ctl->arena);
	struct list *ids = list_new(&ctl->arena);
	for (size_t i = 0; i < n; i++)
		list_add(ids, value_str(bots[i]->id));
	dict_set(request, S("command"), value_cstr(command));
	dict_set(request, S("bots"), value_list(ids));
	return ask(ctl, request, TIMEOUT_MS, &answer);
}

static struct str text_of(const struct dict *d, struct str key)
{
	const struct value *v = dict_get(d, key);
	return v && v->kind == VALUE_STR ? v->text : STR_NONE;
}

static struct str trouble_of_broker(struct ctl *ctl, const struct dict *answer)
{
	const struct value *broker = dict_get(answer, S("broker"));
	if (!broker || broker->kind != VALUE_DICT)
		return STR_NONE;
	struct str state = text_of(broker->dict, S("state"));
	struct str reason = text_of(broker->dict, S("reason"));
	if (str_eq(state, S("running")))
		return reason;
	if (!str_eq(state, S("crashed")) && !str_eq(state, S("failed")))
		return STR_NONE;
	return arena_printf(&ctl->arena, "%.*s: %.*s", STR_ARG(state), STR_ARG(reason));
}

int daemon_status(struct ctl *ctl, const struct dict **bots_out, struct str *broker_out)
{
	struct value answer;
	struct dict *request = dict_new(&ctl->arena);
	*bots_out = NULL;
	*broker_out = STR_NONE;
	if (!control_is_running(ctl->paths))
		return 0;
	dict_set(request, S("command"), value_cstr("status"));
	if (ask(ctl, request, STATUS_TIMEOUT_MS, &answer) < 0)
		return -1;
	const struct value *bots = dict_get(answer.dict, S("bots"));
	*broker_out = trouble_of_broker(ctl, answer.dict);
	*bots_out = bots && bots->kind == VALUE_DICT ? bots->dict : dict_new(&ctl->arena);
	return 0;
}

/* ---- Starting it ---- */

/* intelmqd beside our own executable, in PATH, or this program by that name: it has all of them. */
static void become_daemon(const char *beside)
{
	static char name[] = "intelmqd", option[] = "--background";
	char *const argv[] = { name, option, NULL };
	if (beside)
		execv(beside, argv);
	execvp(name, argv);
	execv("/proc/self/exe", argv);
	fprintf(stderr, "%m\n");
	_exit(127);
}

static const char *beside_ourselves(struct arena *arena)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	struct str all = { path, n > 0 ? (size_t)n : 0 };
	while (all.n && all.p[all.n - 1] != '/')
		all.n--;
	return all.n ? arena_printf(arena, "%.*sintelmqd", STR_ARG(all)).p : NULL;
}

/* What it said goes into a file in memory: a pipe would stay open as long as the daemon lives. */
static int spawn(const char *beside, int said)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
		    dup2(said, STDOUT_FILENO) < 0 || dup2(said, STDERR_FILENO) < 0)
			_exit(127);
		become_daemon(beside);
	}
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int daemon_ensure(struct ctl *ctl)
{
	char complaint[MAX_COMPLAINT];
	if (control_is_running(ctl->paths))
		return 0;
	int said = memfd_create("intelmqd", MFD_CLOEXEC);
	if (said < 0) {
		ctl_error(ctl, "intelmqd could not be started: %m.");
		return -1;
	}
	int status = spawn(beside_ourselves(&ctl->arena), said);
	ssize_t n = pread(said, complaint, sizeof complaint, 0);
	close(said);
	if (status == 0 && control_is_running(ctl->paths))
		return 0;
	while (n > 0 && complaint[n - 1] == '\n')
		n--;
	ctl_error(ctl, "intelmqd could not be started%s%.*s", n > 0 ? ": " : ".",
	          n > 0 ? (int)n : 0, complaint);
	return -1;
}
