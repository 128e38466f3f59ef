/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any parser: FUZZ_BOT names its module, else the first byte of the input chooses one. The rest of the input is
 * the text of a report.
 */
#include <assert.h>
#include <intelmq/base64.h>

#include "engine/harness.h"
#include "engine/types.h"
#include "tests/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct data_format *format; /* made once */

static const struct bot_type *chosen(uint8_t byte)
{
	const char *module = getenv("FUZZ_BOT");
	size_t parsers = 0, at = 0;
	for (size_t i = 0; i < all_bots_count; i++)
		parsers += strcmp(bot_type_kind(all_bots[i]), "parser") == 0;
	for (size_t i = 0; i < all_bots_count; i++) {
		if (strcmp(bot_type_kind(all_bots[i]), "parser") != 0)
			continue;
		if (module ? strcmp(module, all_bots[i]->module) == 0 : at == byte % parsers)
			return all_bots[i];
		at++;
	}
	fprintf(stderr, "there is no parser '%s'\n", module ? module : "");
	abort();
}

/* Parameters that bots cannot do without; each takes those that it knows. */
static const char parameters[] =
	"{\"columns\": [\"time.source|__IGNORE__\", \"source.ip|source.fqdn\", \"source.port\", "
	"\"source.url\", \"extra.a\"],"
	" \"columns_required\": [false, true, false, false, false], \"default_url_protocol\": "
	"\"http://\","
	" \"type\": \"malware-distribution\", \"skip_table_head\": true, \"splitlines\": true,"
	" \"column_regex_search\": {\"source.port\": \"[0-9]+\"}, \"error_max_retries\": 0,"
	" \"feedname\": \"scan_http\", \"default_fields\": {\"comment\": \"default\"}}";

static struct str report_of(struct arena *arena, const uint8_t *data, size_t size)
{
	struct buffer wire;
	buffer_init_in(&wire, arena, SIZE_MAX / 2);
	buffer_add_str(&wire,
	               S("{\"feed.accuracy\": 100.0, \"feed.name\": \"Fuzz\", \"feed.url\": "
	                 "\"http://feed.example/x?type=1\", "
	                 "\"extra.file_name\": \"2020-01-01-scan_http-test.csv\", "
	                 "\"time.observation\": \"2020-01-01T00:00:00+00:00\", \"raw\": \""));
	buffer_add_str(&wire, base64_encode(arena, (struct str){ (const char *)data, size }));
	buffer_add_str(&wire, S("\", \"__type\": \"Report\"}"));
	return buffer_str(&wire);
}

/* Valid in every value. Names below extra are the feed's and may break the rule for names. */
static void check_event(struct arena *arena, struct str wire)
{
	struct err err = { 0 };
	assert(event_decode(arena, format, wire, STR_NONE, WIRE_TRUSTED, &err));
	if (event_decode(arena, format, wire, STR_NONE, WIRE_CHECKED, &err))
		return;
	if (err.fault == FAULT_INVALID_KEY && strstr(err.text, "'extra."))
		return;
	fprintf(stderr, "%s\n%.*s\n", err.text, (int)wire.n, wire.p);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct value settings;
	struct err err = { 0 };
	struct str *sent;
	if (size < 1)
		return 0;
	if (!format)
		format = test_format_new();
	arena_init(&arena);
	if (json_parse(&arena, str_of(parameters), &settings, &err) < 0)
		abort();
	const struct harness_options options = {
		.type = chosen(data[0]),
		.parameters = settings.dict,
		.format = format,
		.test_mode = true,
		.trust = WIRE_TRUSTED,
	};
	struct harness *harness = harness_open(&options, &err);
	if (harness) {
		harness_push(harness, report_of(&arena, data + 1, size - 1));
		(void)harness_run(harness, 0);
		size_t n = harness_sent(harness, S("_default"), &sent);
		assert(n <= 20 * (size + 10));
		for (size_t i = 0; i < n; i++)
			check_event(&arena, sent[i]);
		harness_close(harness);
	}
	arena_fini(&arena);
	return 0;
}
