/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/number.h>

#include <assert.h>
#include <math.h>

/* The shortest text of a double reads back as the same double. */
static void check_double(struct arena *arena, double number)
{
	char room[NUMBER_FLOAT_SIZE];
	struct str text = number_float_text(number, room);
	double back = 0;
	assert(text.n < sizeof room && number_float(text, &back) == 0);
	assert(isnan(number) ? isnan(back) : back == number && signbit(back) == signbit(number));
	struct value integer, again;
	if (number_from_double(arena, number, &integer, NULL) == 0) {
		assert(value_to_float(arena, integer, &again, NULL) == 0);
		assert(again.real == trunc(number));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str input = { (const char *)data, size };
	struct value integer;
	double number;
	arena_init(&arena);
	bool is_int = number_int(&arena, input, &integer) == 0;
	bool is_float = number_float(input, &number) == 0;
	assert(!is_int || is_float);
	if (is_int && integer.kind == VALUE_INT)
		assert((double)integer.integer == number);
	if (is_float)
		check_double(&arena, number);
	if (size >= sizeof number) {
		memcpy(&number, data, sizeof number);
		check_double(&arena, number);
	}
	struct value out;
	value_to_int(&arena, value_bytes(input), &out, &(struct err){ 0 });
	value_to_float(&arena, value_str(input), &out, &(struct err){ 0 });
	arena_fini(&arena);
	return 0;
}
