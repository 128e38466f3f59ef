/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/dump.h"

static int write_text(const char *path, struct str text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n = 1;
	while (fd >= 0 && text.n && ((n = write(fd, text.p, text.n)) > 0 || errno == EINTR))
		text = str_slice(text, n > 0 ? (size_t)n : 0, text.n);
	if (fd < 0 || n < 0)
		err_set(err, FAULT_OTHER, "%s: cannot be written: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return fd < 0 || n < 0 ? -1 : 0;
}

/* $EDITOR may have arguments, so a shell takes it apart; it gets the file as an argument, never as text. */
static _Noreturn void become_editor(const char *path)
{
	const char *editor = getenv("EDITOR");
	signal(SIGINT, SIG_DFL);
	if (editor && *editor)
		execl("/bin/sh", "sh", "-c", "exec $EDITOR \"$1\"", "sh", path, NULL);
	else
		execlp("sensible-editor", "sensible-editor", path, NULL);
	if (errno == ENOENT)
		execlp("vi", "vi", path, NULL);
	_exit(127);
}

static int run_editor(const char *path, struct err *err)
{
	int status = 0;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		become_editor(path);
	if (child < 0)
		return err_set(err, FAULT_OTHER, "no process for the editor: %s", strerror(errno));
	struct sigaction before, ignored = { .sa_handler = SIG_IGN };
	sigaction(SIGINT, &ignored, &before); /* ^C is the editor's */
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &before, NULL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return err_set(err, FAULT_OTHER, "there is no editor: set EDITOR to one");
	return err_set(err, FAULT_OTHER, "the editor failed");
}

/* The directory with whatever an editor left beside the file. */
static void remove_directory(const char *path)
{
	DIR *dir = opendir(path);
	for (const struct dirent *file; dir && (file = readdir(dir));)
		unlinkat(dirfd(dir), file->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

static int edit_in(struct arena *arena, const char *directory, struct str text, struct str *out,
                   struct err *err)
{
	struct str path = arena_printf(arena, "%s/message.json", directory);
	if (write_text(path.p, text, err) < 0 || run_editor(path.p, err) < 0)
		return -1;
	return runtime_read_file(arena, path.p, MAX_MESSAGE, out, err);
}

int dump_edit(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	const char *parent = getenv("TMPDIR");
	struct str directory = arena_printf(arena, "%s/intelmqdump.XXXXXX",
	                                    parent && *parent ? parent : "/tmp");
	char *path = arena_cstr(arena, directory);
	if (!mkdtemp(path)) /* mode 0700 */
		return err_set(err, FAULT_OTHER, "%s: cannot be made: %s", path, strerror(errno));
	int rc = edit_in(arena, path, text, out, err);
	remove_directory(path);
	return rc;
}
