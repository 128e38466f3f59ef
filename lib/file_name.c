/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/file_name.h"

int file_name_of(struct str content_disposition, struct str url, struct str *name_out,
                 struct err *err)
{
	if (content_disposition.p) {
		size_t at = str_find(content_disposition, S("filename="));
		if (at == STR_NOT_FOUND)
			return err_set(err, FAULT_OTHER, "list index out of range");
		*name_out = str_slice(content_disposition, at + S("filename=").n,
		                      content_disposition.n);
		return 0;
	}
	const char *slash = url.n ? memrchr(url.p, '/', url.n) : NULL;
	*name_out = slash ? str_slice(url, (size_t)(slash - url.p) + 1, url.n) : url;
	return 0;
}
