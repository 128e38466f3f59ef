/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* harmonization.conf from its file. */
#include "config/runtime.h"
#include "engine/files.h"

enum { MAX_FORMAT_FILE = 64 * 1024 * 1024 };

int format_file_read(const char *path, struct data_format **out, struct err *err)
{
	struct arena arena;
	struct str text;
	struct data_format *format = NULL;
	arena_init(&arena);
	int rc = runtime_read_file(&arena, path, MAX_FORMAT_FILE, &text, err);
	if (rc == 0 && data_format_new(text, &format, err) < 0)
		rc = err_prefix(err, "%s", path);
	else if (rc == 0 && (!format->event || !format->report))
		rc = err_set(err, FAULT_CONFIGURATION,
		             "%s: the sections 'event' and 'report' are needed", path);
	if (rc < 0)
		data_format_free(format);
	else
		*out = format;
	arena_fini(&arena);
	return rc;
}
