/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/datetime.h>

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct datetime now = { 2024, 3, 31, 15, 30, 45, 5, true, 0, 0 };

/* What was read exists, and what is written of it in UTC is read as the same. */
static void found_check(struct arena *arena, const struct datetime *t)
{
	struct datetime utc, again;
	assert(datetime_exists(t));
	assert(!t->has_offset || (t->offset > -86400 && t->offset < 86400));
	if (datetime_to_utc(t, &utc) < 0)
		return;
	assert(datetime_exists(&utc));
	assert(datetime_from_canonical(datetime_iso(arena, &utc), &again) == 0);
	assert(datetime_to_us(&again) == datetime_to_us(t));
}

static void text_check(struct arena *arena, struct str text)
{
	struct datetime t, same;
	struct str out;
	bool canonical = datetime_from_canonical(text, &t) == 0;
	assert(datetime_is_canonical(text) == canonical);
	if (canonical)
		found_check(arena, &t);
	if (datetime_guess(text, &now, &t, NULL) == 0)
		found_check(arena, &t);
	if (datetime_fuzzy(text, &now, &same, NULL) == 0)
		found_check(arena, &same);
	if (datetime_sanitize(arena, value_str(text), &out) == 0)
		assert(datetime_is_valid(value_str(out)));
	time_convert(arena, value_str(text), S("timestamp"), &out, NULL);
	time_convert(arena, value_str(text), S("windows_nt"), &out, NULL);
	time_convert(arena, value_str(text), S("epoch_millis"), &out, NULL);
}

/* The first line is a format, the rest a text. */
static void format_check(struct arena *arena, struct str rest)
{
	struct datetime t;
	struct buffer out;
	struct str format = str_cut(&rest, '\n');
	if (rest.p && datetime_strptime(rest, format, &t, NULL) == 0)
		found_check(arena, &t);
	buffer_init_in(&out, arena, 5000);
	assert(datetime_format(&out, &now, format) == (out.over ? -1 : 0));
	time_conversion_check(format, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str text = { (const char *)data, size };
	arena_init(&arena);
	text_check(&arena, text);
	format_check(&arena, text);
	arena_fini(&arena);
	return 0;
}
