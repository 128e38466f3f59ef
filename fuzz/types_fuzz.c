/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "message/types.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Valid results of sanitation stay as they are when sanitised again. Not so Base64, which encodes
 * whatever it gets, and two that remove white space before they remove what hides it.
 */
static bool is_stable(const struct field_type *type)
{
	static const char *const others[] = { "Base64", "FQDN", "URL" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (type == field_type_find(str_of(others[i])))
			return false;
	return true;
}

static void check(const struct field_type *type, struct arena *arena, struct value in)
{
	struct value once, twice;
	struct err err = { 0 };
	int valid = type->is_valid(arena, in, &err);
	assert(valid >= -1 && valid <= 1);
	if (type->sanitize(arena, in, &once, &err)) {
		assert(err.fault != FAULT_NONE);
		return;
	}
	if (once.kind == VALUE_NULL || type->is_valid(arena, once, &err) != 1 || !is_stable(type))
		return;
	assert(type->sanitize(arena, once, &twice, &err) == 0);
	assert(value_same(once, twice));
}

static void check_operations(struct arena *arena, struct str text)
{
	struct value number;
	struct str name;
	struct err err = { 0 };
	int version = ipaddress_version(text, &err);
	assert(version == -1 || version == 4 || version == 6);
	version = ipnetwork_version(text, &err);
	assert(version == -1 || version == 4 || version == 6);
	if (ipaddress_to_int(arena, text, &number, &err) == 0)
		assert(number.kind == VALUE_NULL || number.kind == VALUE_INT ||
		       number.kind == VALUE_BIG);
	(void)ipaddress_to_reverse(arena, text, &name, &err);
	(void)url_to_domain_name(arena, text, &name, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str text = { (const char *)data, size };
	arena_init(&arena);
	for (const struct field_type *type = field_types; type->name; type++) {
		check(type, &arena, value_str(text));
		check(type, &arena, value_bytes(text));
		arena_reset(&arena);
	}
	check_operations(&arena, text);
	arena_fini(&arena);
	return 0;
}
