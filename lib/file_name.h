/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file_name.h - what to call a file that was fetched from a web server.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/str.h>

/*
 * What follows "filename=" in the header field Content-Disposition, up to its end and as it stands
 * there; without that field (STR_NONE) what follows the last slash of the URL. -1 if the field is there but
 * names no file. The name is borrowed; it may be anything: check it before it becomes a path.
 */
int file_name_of(struct str content_disposition, struct str url, struct str *name_out,
                 struct err *);
