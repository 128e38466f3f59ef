/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/runtime.h"

static int read_all(int fd, const char *path, char *into, size_t size, size_t *n, struct err *err)
{
	*n = 0;
	while (*n < size) {
		ssize_t got = read(fd, into + *n, size - *n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, FAULT_CONFIGURATION, "%s cannot be read: %m", path);
		if (got == 0)
			break;
		*n += (size_t)got;
	}
	return 0;
}

int runtime_read_file(struct arena *arena, const char *path, size_t limit, struct str *out,
                      struct err *err)
{
	struct stat about;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s cannot be opened: %m", path);
	int status = -1;
	if (fstat(fd, &about) < 0)
		err_set(err, FAULT_CONFIGURATION, "%s cannot be read: %m", path);
	else if (!S_ISREG(about.st_mode))
		err_set(err, FAULT_CONFIGURATION, "%s is no regular file", path);
	else if ((uint64_t)about.st_size > limit)
		err_set(err, FAULT_CONFIGURATION, "%s is too large: %lld bytes", path,
		        (long long)about.st_size);
	else {
		char *bytes = arena_alloc(arena, (size_t)about.st_size + 1);
		out->p = bytes;
		status = read_all(fd, path, bytes, (size_t)about.st_size, &out->n, err);
		bytes[status == 0 ? out->n : 0] = '\0';
	}
	close(fd);
	return status;
}

/* The path of a file beside another. */
static const char *beside(struct arena *arena, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash + 1 - path) : 0;
	return arena_printf(arena, "%.*s%s", n, path, name).p;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

#define ADVICE_UPGRADE "run 'intelmqctl upgrade-config'"

/* Files of older releases; what they say is not in force. */
static void report_old_files(struct arena *arena, const char *path, const struct runtime *r,
                             struct findings *findings)
{
	bool have_queues = false, have_modules = false;
	for (size_t i = 0; i < r->n; i++) {
		have_queues |= r->bots[i].destinations->n > 0;
		have_modules |= r->bots[i].module.p != NULL;
	}
	const struct {
		const char *name, *text;
		bool needed; /* the configuration is incomplete without it */
	} old[] = {
		{ "startup.conf",
		  "the modules of the bots stand in this file, which only releases 1.0 read",
		  !have_modules },
		{ "pipeline.conf",
		  "the queues of the bots stand in this file, which only releases before 3.0 read",
		  !have_queues },
		{ "defaults.conf",
		  "the defaults of all bots stand in this file, which only releases before 3.0 "
		  "read",
		  r->global->n == 0 },
		{ "system.conf", "only releases 1.0 read this file", false },
		{ "BOTS", "only releases before 3.0 read this file", false },
	};
	for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
		const char *file = beside(arena, path, old[i].name);
		if (!exists(file))
			continue;
		findings_add(findings,
		             (struct finding){
				     .severity = old[i].needed ? SEVERITY_ERROR : SEVERITY_WARNING,
				     .file = str_of(file),
				     .text = old[i].needed ? str_of(old[i].text)
		                                           : S("a file of an older release; what "
		                                               "it says is not in force"),
				     .advice = old[i].needed
		                                     ? S(ADVICE_UPGRADE)
		                                     : S(ADVICE_UPGRADE ", or remove the file"),
			     });
	}
}

int runtime_load(struct arena *arena, const struct runtime_source *source,
                 struct runtime **out_runtime, struct findings *findings)
{
	const char *path = source->path;
	struct err err = { 0 };
	struct str text;

	*out_runtime = NULL;
	const char *old = beside(arena, path, "runtime.conf");
	if (!exists(path) && exists(old)) {
		findings_add(
			findings,
			(struct finding){
				.severity = SEVERITY_INFO,
				.file = str_of(old),
				.text = S("this file is read, because there is no runtime.yaml"),
				.advice = S(ADVICE_UPGRADE ", which renames it"),
			});
		path = old;
	}
	if (runtime_read_file(arena, path, YAML_SIZE_MAX, &text, &err) < 0) {
		findings_add(findings, (struct finding){
					       .severity = SEVERITY_ERROR,
					       .file = str_of(path),
					       .text = str_of(err.text),
					       .advice = S("create it, or set INTELMQ_ROOT_DIR to "
		                                           "where the configuration is"),
				       });
		return -1;
	}
	if (runtime_parse(arena, text, str_of(path), source->environment, out_runtime, findings) <
	    0)
		return -1;
	report_old_files(arena, path, *out_runtime, findings);
	return 0;
}
