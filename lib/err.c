/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/err.h>

#include <stdarg.h>
#include <stdio.h>

int err_set(struct err *err, enum fault fault, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	err->fault = fault;
	vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	return -1;
}

int err_prefix(struct err *err, const char *format, ...)
{
	if (!err)
		return -1;
	char old[sizeof err->text];
	memcpy(old, err->text, sizeof old);
	va_list args;
	va_start(args, format);
	int n = vsnprintf(err->text, sizeof err->text, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof err->text)
		snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", old);
	return -1;
}

const char *fault_name(enum fault fault)
{
	static const char *const names[] = {
		[FAULT_NONE] = "None",
		[FAULT_OTHER] = "Error",
		[FAULT_INVALID_VALUE] = "InvalidValue",
		[FAULT_INVALID_KEY] = "InvalidKey",
		[FAULT_KEY_EXISTS] = "KeyExists",
		[FAULT_KEY_NOT_EXISTS] = "KeyNotExists",
		[FAULT_INVALID_ARGUMENT] = "InvalidArgument",
		[FAULT_DECODING] = "DecodingError",
		[FAULT_CONFIGURATION] = "ConfigurationError",
	};
	return names[fault];
}
