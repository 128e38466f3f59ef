/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/param.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/findings.h"
#include <intelmq/yaml.h>

static struct arena arena;
static struct findings findings;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	findings_init(&findings, &arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

struct http_params {
	const char *http_username;
	const char *http_password;
	double http_timeout_sec;
	int64_t http_timeout_max_tries;
};

#define PARAMS struct http_params
static const struct param http_params[] = {
	STR(http_username, "User."),
	SECRET(http_password, "Password."),
	TIME(http_timeout_sec, "Timeout.", .min = 1),
	INT(http_timeout_max_tries, "Tries.", .min = 1, .max = 100),
	{ 0 },
};
#undef PARAMS

struct bot_params {
	const char *name, *user_agent, *delimiter, *mode, *file;
	int64_t port, chunk_size, ttl;
	double accuracy;
	bool overwrite;
	const struct list *columns, *raw_columns;
	const struct dict *header;
	struct value verify;
	struct http_params http, other;
};

static const char *const modes[] = { "blacklist", "whitelist", NULL };

#define PARAMS struct bot_params
static const struct param params[] = {
	STR(name, "Name of the feed.", .required = true, .old_name = "feed"),
	STR_AS("user-agent", user_agent, "Agent."),
	STR(delimiter, "Between columns.", .empty_is_value = true),
	CHOICE(mode, modes, "Mode | way."),
	PATH(file, "File."),
	INT(port, "Port.", .min = 0, .max = 65535),
	SIZE(chunk_size, "Size."),
	INT(ttl, "Time to live.", .nullable = true),
	FLOAT(accuracy, "Accuracy."),
	BOOL(overwrite, "Overwrite."),
	LIST(columns, "Columns.", .json_text = true),
	LIST(raw_columns, "Columns.", .keep_spaces = true),
	MAP(header, "Header.", .json_text = true),
	VALUE(verify, "Verify."),
	GROUP(http, http_params),
	GROUP_AS("other_", other, http_params),
	{ 0 },
};
#undef PARAMS

static const struct bot_params defaults = {
	.mode = "blacklist",
	.file = "/tmp/x",
	.port = 6379,
	.chunk_size = PARAM_UNSET,
	.ttl = 15,
	.accuracy = 100,
	.verify = { .kind = VALUE_BOOL, .boolean = true },
	.http = { .http_timeout_sec = 30, .http_timeout_max_tries = 3 },
	.other = { .http_timeout_sec = 60, .http_timeout_max_tries = 3 },
};

/* Loads flow-style YAML; `name` is set unless it is given. */
static struct bot_params load(const char *yaml, int errors)
{
	struct value given;
	struct bot_params out;
	assert_int_equal(yaml_parse(&arena, str_of(yaml), &given, NULL, NULL), 0);
	if (!dict_get(given.dict, S("name")) && !dict_get(given.dict, S("feed")))
		dict_set(given.dict, S("name"), value_cstr("x"));
	findings_init(&findings, &arena);
	assert_int_equal(
		param_load(&arena, params, &defaults, sizeof out, given.dict, &out, &findings),
		errors);
	assert_int_equal(findings.counts[SEVERITY_ERROR], errors);
	return out;
}

static const char *first_finding(void)
{
	struct buffer b;
	assert_true(findings.n > 0);
	buffer_init_in(&b, &arena, 4096);
	finding_print(&b, &findings.all[0]);
	return arena_cstr(&arena, buffer_str(&b));
}

static const char *items(const struct list *list)
{
	struct buffer b;
	buffer_init_in(&b, &arena, 4096);
	for (size_t i = 0; list && i < list->n; i++)
		buffer_printf(&b, "[%.*s]", STR_ARG(list->items[i].text));
	return arena_cstr(&arena, buffer_str(&b));
}

static void defaults_stand(void **state)
{
	(void)state;
	struct bot_params p = load("{}", 0);
	assert_int_equal(p.port, 6379);
	assert_int_equal(p.chunk_size, PARAM_UNSET);
	assert_null(p.user_agent);
	assert_string_equal(p.mode, "blacklist");
	assert_true(p.http.http_timeout_sec == 30);
	assert_true(p.other.http_timeout_sec == 60);
	assert_int_equal(findings.n, 0);
}

static void numbers_are_taken_from_text(void **state)
{
	(void)state;
	struct bot_params p = load(
		"{port: '27017', accuracy: '50', http_timeout_sec: ' 2.5 ', ttl: 3600.0,"
		" chunk_size: '384000000', other_http_timeout_sec: 7}",
		0);
	assert_int_equal(p.port, 27017);
	assert_true(p.accuracy == 50);
	assert_true(p.http.http_timeout_sec == 2.5);
	assert_int_equal(p.ttl, 3600);
	assert_int_equal(p.chunk_size, 384000000);
	assert_true(p.other.http_timeout_sec == 7);
}

static void booleans_are_taken_from_text(void **state)
{
	(void)state;
	assert_true(load("{overwrite: 'True'}", 0).overwrite);
	assert_true(load("{overwrite: true}", 0).overwrite);
	assert_true(load("{overwrite: 1}", 0).overwrite);
	assert_false(load("{overwrite: 'false'}", 0).overwrite);
	assert_int_equal(findings.n, 0);
	assert_false(load("{overwrite: no}", 0).overwrite);
	assert_int_equal(findings.counts[SEVERITY_WARNING], 1);
	load("{overwrite: maybe}", 1);
	assert_string_equal(first_finding(),
	                    "error: parameter 'overwrite': expected true or false, got \"maybe\"");
}

static void text_is_taken_from_anything_scalar(void **state)
{
	(void)state;
	assert_string_equal(load("{user-agent: 5}", 0).user_agent, "5");
	assert_string_equal(load("{user-agent: 1.0}", 0).user_agent, "1.0");
	assert_string_equal(load("{user-agent: true}", 0).user_agent, "True");
	assert_string_equal(load("{user-agent: '<token>'}", 0).user_agent, "<token>");
	assert_string_equal(load("{user-agent: 2015-08-31}", 0).user_agent, "2015-08-31");
	load("{user-agent: [a]}", 1);
	load("{user-agent: {a: b}}", 1);
	load("{user-agent: \"a\\0b\"}", 1);
}

static void empty_means_not_set(void **state)
{
	(void)state;
	struct bot_params p = load(
		"{user-agent: '', http_username: {}, port: '', overwrite: '', columns: '',"
		" header: {}, http_password: '', mode: '', file: '', delimiter: ''}",
		0);
	assert_null(p.user_agent);
	assert_null(p.http.http_username);
	assert_null(p.http.http_password);
	assert_null(p.columns);
	assert_null(p.header);
	assert_int_equal(p.port, 6379);
	assert_string_equal(p.mode, "blacklist");
	assert_string_equal(p.file, "");      /* the default is a text, so empty is a value */
	assert_string_equal(p.delimiter, ""); /* its row says so */
	assert_int_equal(findings.n, 0);
	assert_int_equal(load("{columns: []}", 0).columns->n, 0);
}

static void null_means_not_set_unless_nullable(void **state)
{
	(void)state;
	struct bot_params p = load("{port: null, ttl: null, file: null, user-agent: null}", 0);
	assert_int_equal(p.port, 6379);
	assert_int_equal(p.ttl, PARAM_UNSET);
	assert_string_equal(p.file, "/tmp/x");
	assert_null(p.user_agent);
}

static void lists_are_split_at_commas(void **state)
{
	(void)state;
	assert_string_equal(items(load("{columns: 'a, b,,c '}", 0).columns), "[a][b][][c]");
	assert_string_equal(items(load("{columns: ',,'}", 0).columns), "[][][]");
	assert_string_equal(items(load("{columns: [a, 1, 'b,c']}", 0).columns), "[a][1][b,c]");
	assert_string_equal(items(load("{columns: 5}", 0).columns), "[5]");
	assert_string_equal(items(load("{columns: '[\"a\", \"b\"]'}", 0).columns), "[a][b]");
	assert_string_equal(items(load("{raw_columns: 'a, b'}", 0).raw_columns), "[a][ b]");
	load("{columns: {a: b}}", 1);
	load("{columns: [[a]]}", 1);
}

static void maps_may_be_json_text(void **state)
{
	(void)state;
	assert_true(value_is_text(*dict_get(load("{header: '{\"a\": \"b\"}'}", 0).header, S("a")),
	                          S("b")));
	assert_int_equal(load("{header: {a: b}}", 0).header->n, 1);
	load("{header: text}", 1);
}

static void values_are_kept(void **state)
{
	(void)state;
	assert_int_equal(load("{verify: /etc/ca.pem}", 0).verify.kind, VALUE_STR);
	assert_false(load("{verify: false}", 0).verify.boolean);
	assert_int_equal(load("{}", 0).verify.kind, VALUE_BOOL);
}

static void wrong_values_are_errors(void **state)
{
	(void)state;
	assert_int_equal(load("{port: 70000}", 1).port, 6379);
	assert_string_equal(
		first_finding(),
		"error: parameter 'port': expected an integer from 0 to 65535, got 70000");
	load("{port: abc}", 1);
	load("{port: 1.5}", 1);
	load("{port: true}", 1);
	load("{port: 99999999999999999999}", 1);
	load("{accuracy: .nan}", 1);
	load("{http_timeout_sec: 0}", 1);
	assert_string_equal(
		first_finding(),
		"error: parameter 'http_timeout_sec': expected seconds not below 1, got 0");
	load("{mode: grey}", 1);
	assert_string_equal(
		first_finding(),
		"error: parameter 'mode': expected 'blacklist' or 'whitelist', got \"grey\"");
	assert_string_equal(load("{mode: WhiteList}", 0).mode, "whitelist");
	load("{http_password: [geheim]}", 1);
	assert_null(strstr(first_finding(), "geheim"));
}

static void placeholders_are_warnings(void **state)
{
	(void)state;
	assert_false(load("{overwrite: <true/false>}", 0).overwrite);
	assert_int_equal(findings.counts[SEVERITY_WARNING], 1);
}

static void required_must_be_given(void **state)
{
	(void)state;
	load("{name: ''}", 1);
	assert_string_equal(first_finding(),
	                    "error: parameter 'name': is required (text), but not set");
	load("{name: [x]}", 1); /* one error, not two */
	assert_string_equal(load("{feed: Old}", 0).name, "Old");
	assert_int_equal(findings.counts[SEVERITY_INFO], 1);
	assert_string_equal(load("{feed: Old, name: New}", 0).name, "New");
	assert_int_equal(findings.n, 0);
}

static void slips_are_noticed(void **state)
{
	(void)state;
	const struct param *const tables[] = { params, NULL };
	struct value given;
	assert_int_equal(
		yaml_parse(&arena,
	                   S("{http_usrename: x, prot: 5, monitoring-ignore-no-data: 1, bottype: x,"
	                     " other_http_pasword: x, colums: 1, columns: 2}"),
	                   &given, NULL, NULL),
		0);
	findings_init(&findings, &arena);
	param_check_names(tables, given.dict, &findings);
	assert_int_equal(findings.n, 3);
	assert_int_equal(findings.counts[SEVERITY_INFO], 3);
	assert_true(str_eq(findings.all[0].advice, S("did you mean 'http_username'?")));
	assert_true(str_eq(findings.all[1].advice, S("did you mean 'port'?")));
	assert_true(str_eq(findings.all[2].advice, S("did you mean 'other_http_password'?")));
	assert_ptr_equal(param_find(params, S("other_http_password")), &http_params[1]);
	assert_ptr_equal(param_find(params, S("feed")), &params[0]);
	assert_null(param_find(params, S("password")));
}

static void secret_names_are_known(void **state)
{
	(void)state;
	static const char *const secret[] = { "http_password", "api_pass", "AUTH_TOKEN",
		                              "client_secret", "api_key",  "key",
		                              "smtp-passwd",   NULL };
	static const char *const open[] = { "filter_keys", "single_key", "http_username",
		                            "keys",        "path",       NULL };
	for (const char *const *name = secret; *name; name++)
		assert_true(param_name_is_secret(str_of(*name)));
	for (const char *const *name = open; *name; name++)
		assert_false(param_name_is_secret(str_of(*name)));
}

static void tables_describe_themselves(void **state)
{
	(void)state;
	struct value v = param_describe_json(&arena, params, &defaults);
	assert_int_equal(v.list->n, 14 + 4 + 4);
	const struct dict *mode = v.list->items[3].dict;
	assert_true(value_is_text(*dict_get(mode, S("type")), S("choice")));
	assert_true(value_is_text(*dict_get(mode, S("default")), S("blacklist")));
	assert_int_equal(dict_get(mode, S("choices"))->list->n, 2);
	const struct dict *last = v.list->items[21].dict;
	assert_true(value_is_text(*dict_get(last, S("name")), S("other_http_timeout_max_tries")));
	assert_int_equal(dict_get(last, S("max"))->integer, 100);
	assert_int_equal(dict_get(v.list->items[6].dict, S("default"))->kind, VALUE_NULL);

	struct buffer b;
	buffer_init_in(&b, &arena, 1 << 16);
	param_describe_markdown(&b, params, &defaults);
	const char *text = arena_cstr(&arena, buffer_str(&b));
	assert_non_null(strstr(text, "| `name` | text | (required) | Name of the feed. |\n"));
	assert_non_null(strstr(text, "| `mode` | choice | `\"blacklist\"` | Mode \\| way. One of "
	                             "`blacklist`, `whitelist`. |\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_stand),
		cmocka_unit_test(numbers_are_taken_from_text),
		cmocka_unit_test(booleans_are_taken_from_text),
		cmocka_unit_test(text_is_taken_from_anything_scalar),
		cmocka_unit_test(empty_means_not_set),
		cmocka_unit_test(null_means_not_set_unless_nullable),
		cmocka_unit_test(lists_are_split_at_commas),
		cmocka_unit_test(maps_may_be_json_text),
		cmocka_unit_test(values_are_kept),
		cmocka_unit_test(wrong_values_are_errors),
		cmocka_unit_test(placeholders_are_warnings),
		cmocka_unit_test(required_must_be_given),
		cmocka_unit_test(slips_are_noticed),
		cmocka_unit_test(secret_names_are_known),
		cmocka_unit_test(tables_describe_themselves),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
