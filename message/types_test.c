/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "message/types.h"

#include <intelmq/classification.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct arena arena;

static int group_setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int group_teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

enum { RAISES = -1, NO = 0, YES = 1 };

static const struct field_type *type_of(const char *name)
{
	const struct field_type *type = field_type_find(str_of(name));
	assert_non_null(type);
	return type;
}

/* Text in, text out (NULL: unusable), and whether the text is valid as it is. */
struct text_case {
	const char *type, *in, *out;
	int valid;
};

static void check_text(const struct text_case *c)
{
	const struct field_type *type = type_of(c->type);
	struct value out;
	assert_int_equal(type->sanitize(&arena, value_cstr(c->in), &out, NULL), 0);
	if (c->out ? !value_is_text(out, str_of(c->out)) : out.kind != VALUE_NULL)
		fail_msg("%s(\"%s\") is \"%.*s\"", c->type, c->in, STR_ARG(out.text));
	int valid = type->is_valid(&arena, value_cstr(c->in), NULL);
	if (valid != c->valid)
		fail_msg("%s: validity of \"%s\" is %d", c->type, c->in, valid);
}

static void check_texts(const struct text_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check_text(&cases[i]);
}

#define CHECK_TEXTS(cases) check_texts(cases, sizeof cases / sizeof *cases)

static struct value sanitized(const char *type, struct value in)
{
	struct value out;
	assert_int_equal(type_of(type)->sanitize(&arena, in, &out, NULL), 0);
	return out;
}

static int valid(const char *type, struct value in)
{
	return type_of(type)->is_valid(&arena, in, NULL);
}

static struct value some_list(struct value item)
{
	struct list *l = list_new(&arena);
	list_add(l, item);
	return value_list(l);
}

static void test_find(void **state)
{
	(void)state;
	for (const struct field_type *type = field_types; type->name; type++)
		assert_ptr_equal(field_type_find(str_of(type->name)), type);
	assert_null(field_type_find(S("string")));
	assert_null(field_type_find(S("")));
	assert_int_equal(type_of("JSONDict")->flags, TYPE_JSON | TYPE_JSON_DICT);
	assert_int_equal(type_of("JSON")->flags, TYPE_JSON);
}

static void test_string(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "String", "a", "a", YES },
		{ "String", " a\t\n", "a", YES },
		{ "String",
		  "\xc2\xa0"
		  "a\xe3\x80\x80",
		  "a", YES },
		{ "String", "  ", "", YES },
		{ "String", "", NULL, NO },
		{ "LowercaseString", "aB", "ab", NO },
		{ "LowercaseString", " ab", "ab", YES },
		{ "LowercaseString", "\xc3\x84", "\xc3\xa4", NO },
		{ "LowercaseString", "\xc3\xa4", "\xc3\xa4", YES },
		{ "UppercaseString", "aB ", "AB", NO },
		{ "UppercaseString", "AB1", "AB1", YES },
		{ "UppercaseString",
		  "stra\xc3\x9f"
		  "e",
		  "STRASSE", NO },
	};
	CHECK_TEXTS(cases);
	assert_int_equal(sanitized("String", value_int(0)).kind, VALUE_NULL);
	assert_true(value_is_text(sanitized("String", value_int(42)), S("42")));
	assert_true(value_is_text(sanitized("String", value_bool(true)), S("True")));
	assert_true(value_is_text(sanitized("String", value_bytes(S(" a\xff"
	                                                            "b "))),
	                          S("ab")));
	assert_true(value_is_text(sanitized("String", some_list(value_cstr("a"))), S("['a']")));
	assert_true(value_is_text(sanitized("LowercaseString", value_bytes(S("Ab"))), S("ab")));
	assert_int_equal(sanitized("LowercaseString", value_int(1)).kind, VALUE_NULL);
	assert_int_equal(valid("String", value_int(1)), NO);
}

static void test_valid_after_sanitation(void **state)
{
	(void)state;
	const struct field_type *lower = type_of("LowercaseString"),
				*upper = type_of("UppercaseString");
	assert_int_equal(field_type_is_valid_sanitized(lower, &arena, value_int(1), NULL), YES);
	assert_int_equal(field_type_is_valid_sanitized(upper, &arena, value_int(1), NULL), NO);
	assert_int_equal(field_type_is_valid_sanitized(lower, &arena, value_cstr("AB"), NULL), YES);
	assert_int_equal(field_type_is_valid_sanitized(lower, &arena, value_cstr(" "), NULL), NO);
}

static void test_boolean(void **state)
{
	(void)state;
	struct value yes = value_bool(true), no = value_bool(false);
	assert_true(value_same(sanitized("Boolean", value_cstr(" TRUE ")), yes));
	assert_true(value_same(sanitized("Boolean", value_cstr("False")), no));
	assert_true(value_same(sanitized("Boolean", value_int(1)), yes));
	assert_true(value_same(sanitized("Boolean", value_int(0)), no));
	assert_true(value_same(sanitized("Boolean", no), no));
	assert_int_equal(sanitized("Boolean", value_cstr("yes")).kind, VALUE_NULL);
	assert_int_equal(sanitized("Boolean", value_bytes(S("true"))).kind, VALUE_NULL);
	assert_int_equal(sanitized("Boolean", value_int(2)).kind, VALUE_NULL);
	assert_int_equal(valid("Boolean", no), YES);
	assert_int_equal(valid("Boolean", value_int(1)), NO);
}

static void test_integer(void **state)
{
	(void)state;
	struct value out;
	assert_true(value_same(sanitized("Integer", value_cstr(" +1_000\n")), value_int(1000)));
	assert_true(value_same(sanitized("Integer", value_float(-1.9)), value_int(-1)));
	assert_true(value_same(sanitized("Integer", value_bool(true)), value_int(1)));
	assert_true(value_same(sanitized("Integer", value_bytes(S("12"))), value_int(12)));
	out = sanitized("Integer", value_cstr("123456789012345678901234567890"));
	assert_int_equal(out.kind, VALUE_BIG);
	assert_int_equal(valid("Integer", out), YES);
	static const char *const unusable[] = { "", "5.5", "1__0", "0x1", "a", "-" };
	for (size_t i = 0; i < sizeof unusable / sizeof *unusable; i++)
		assert_int_equal(sanitized("Integer", value_cstr(unusable[i])).kind, VALUE_NULL);
	assert_int_equal(sanitized("Integer", value_float(NAN)).kind, VALUE_NULL);
	assert_int_equal(sanitized("Integer", some_list(value_int(1))).kind, VALUE_NULL);
	assert_int_equal(type_of("Integer")->sanitize(&arena, value_float(INFINITY), &out, NULL),
	                 -1);
	assert_int_equal(valid("Integer", value_bool(true)), NO);
	assert_int_equal(valid("Integer", value_float(1)), NO);
	assert_int_equal(valid("Integer", value_int(0)), YES);
}

static void test_asn(void **state)
{
	(void)state;
	assert_true(value_same(sanitized("ASN", value_cstr("AS64496")), value_int(64496)));
	assert_true(value_same(sanitized("ASN", value_cstr("as 1")), value_int(1)));
	assert_true(value_same(sanitized("ASN", value_int(4294967295)), value_int(4294967295)));
	assert_int_equal(sanitized("ASN", value_int(0)).kind, VALUE_NULL);
	assert_int_equal(sanitized("ASN", value_int(4294967296)).kind, VALUE_NULL);
	assert_int_equal(sanitized("ASN", value_cstr("ASAS1")).kind, VALUE_NULL);
	assert_int_equal(sanitized("ASN", value_cstr(" AS1")).kind, VALUE_NULL);
	assert_int_equal(valid("ASN", value_int(1)), YES);
	assert_int_equal(valid("ASN", value_int(-1)), NO);
	assert_int_equal(valid("ASN", value_cstr("1")), NO);
}

static void test_float(void **state)
{
	(void)state;
	assert_true(value_same(sanitized("Float", value_cstr(" 1e3 ")), value_float(1000)));
	assert_true(value_same(sanitized("Float", value_cstr("nan")), value_float(NAN)));
	assert_true(value_same(sanitized("Float", value_bool(true)), value_float(1)));
	assert_int_equal(sanitized("Float", value_cstr("1,5")).kind, VALUE_NULL);
	assert_int_equal(valid("Float", value_int(1)), YES);
	assert_int_equal(valid("Float", value_float(0.5)), YES);
	assert_int_equal(valid("Float", value_bool(true)), NO);

	assert_true(value_same(sanitized("Accuracy", value_bool(true)), value_float(100)));
	assert_true(value_same(sanitized("Accuracy", value_cstr("42")), value_float(42)));
	assert_int_equal(sanitized("Accuracy", value_cstr("100.5")).kind, VALUE_NULL);
	assert_int_equal(sanitized("Accuracy", value_float(NAN)).kind, VALUE_NULL);
	assert_int_equal(sanitized("Accuracy", value_int(-1)).kind, VALUE_NULL);
	assert_int_equal(valid("Accuracy", value_bool(false)), YES);
	assert_int_equal(valid("Accuracy", value_int(100)), YES);
	assert_int_equal(valid("Accuracy", value_int(101)), NO);
	assert_int_equal(valid("Accuracy", value_float(NAN)), NO);
}

static void test_base64(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "Base64", "foo", "Zm9v", RAISES },
		{ "Base64", "Zm9v", "Wm05dg==", YES },
		{ "Base64", "", "", NO },
		{ "Base64", "Zm9vYg==", "Wm05dllnPT0=", YES },
		{ "Base64", "!!", "ISE=", YES },
	};
	CHECK_TEXTS(cases);
	assert_true(value_is_text(sanitized("Base64", value_bytes(S("foo"))), S("Zm9v")));
	assert_int_equal(sanitized("Base64", value_int(1)).kind, VALUE_NULL);
	assert_int_equal(valid("Base64", value_bytes(S("abc"))), RAISES);
	assert_int_equal(valid("Base64", value_bytes(S("Zm9v"))), NO);
	assert_int_equal(valid("Base64", value_int(1)), NO);
}

static void test_time(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "DateTime", "2015-08-31T08:16:10+00:00", "2015-08-31T08:16:10+00:00", YES },
		{ "DateTime", "2015-9-2T4:7:8+00:00", "2015-9-2T4:7:8+00:00", YES },
		{ "DateTime", "2015-08-31T08:16:10+05:00", "2015-08-31T03:16:10+00:00", NO },
		{ "DateTime", "1441008970", NULL, NO },
	};
	CHECK_TEXTS(cases);
	assert_int_equal(sanitized("DateTime", value_int(1)).kind, VALUE_NULL);
}

static void test_fqdn(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "FQDN", "example.com", "example.com", YES },
		{ "FQDN", "Example.COM.", "example.com", NO },
		{ "FQDN", "..example.com..", "example.com", NO },
		{ "FQDN", "foo_bar.*.-x", "foo_bar.*.-x", YES },
		{ "FQDN", "123", "123", YES },
		{ "FQDN", "1.2.3.4", "1.2.3.4", NO },
		{ "FQDN", "0.0.0.0", "0.0.0.0", YES }, /* no valid IPAddress */
		{ "FQDN", "::1", "::1", NO },
		{ "FQDN", "a:80", "a:80", NO },
		{ "FQDN", "a/b", "a/b", NO },
		{ "FQDN", "//a", "//a", NO },
		{ "FQDN", "a?b", "a?b", NO },
		{ "FQDN", "a#b", "a#b", NO },
		{ "FQDN", "a?", "a?", YES },
		{ "FQDN", "//[", "//[", RAISES },
		{ "FQDN", "a..b", NULL, RAISES },
		{ "FQDN", "a..b:1", NULL, NO },
		{ "FQDN", ".", NULL, NO },
		{ "FQDN", "", NULL, NO },
		{ "FQDN",
		  "b\xc3\xbc"
		  "cher.de",
		  "xn--bcher-kva.de", NO },
		{ "FQDN",
		  "B\xc3\x9c"
		  "CHER.de",
		  "xn--bcher-kva.de", NO },
		{ "FQDN", "123456789012345678901234567890123456789012345678901234567890123.a",
		  "123456789012345678901234567890123456789012345678901234567890123.a", YES },
		{ "FQDN", "1234567890123456789012345678901234567890123456789012345678901234.a",
		  NULL, RAISES },
	};
	CHECK_TEXTS(cases);
}

static void test_ipaddress(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "IPAddress", "192.0.2.1", "192.0.2.1", YES },
		{ "IPAddress", " 192.0.2.1 ", "192.0.2.1", NO },
		{ "IPAddress", "192.0.2.1/32", "192.0.2.1", NO },
		{ "IPAddress", "192.0.2.0/31", NULL, NO },
		{ "IPAddress", "0.0.0.0", "0.0.0.0", NO },
		{ "IPAddress", "::", "::", YES },
		{ "IPAddress", "2001:DB8::1", "2001:db8::1", YES },
		{ "IPAddress", "::ffff:1.2.3.4", "::ffff:102:304", YES },
		{ "IPAddress", "fe80::1%eth0", "fe80::1", NO },
		{ "IPAddress", "1.2.3.4%x", "1.2.3.4", NO },
		{ "IPAddress", "16909060", "1.2.3.4", NO },
		{ "IPAddress", "4294967296", "::1:0:0", NO },
		{ "IPAddress", "01", NULL, NO },
		{ "IPAddress", "-1", NULL, NO },
		{ "IPAddress", "01.2.3.4", NULL, NO },
		{ "IPAddress", "[::1]", NULL, NO },
		{ "IPAddress", "", NULL, NO },
	};
	CHECK_TEXTS(cases);
	assert_true(value_is_text(sanitized("IPAddress", value_int(16909060)), S("1.2.3.4")));
	assert_true(value_is_text(sanitized("IPAddress", value_bool(true)), S("0.0.0.1")));
	assert_int_equal(sanitized("IPAddress", value_int(-1)).kind, VALUE_NULL);
	assert_int_equal(sanitized("IPAddress", value_float(1)).kind, VALUE_NULL);
	struct value big = { .kind = VALUE_BIG,
		             .text = S("42540766411282592856903984951653826561") };
	assert_true(value_is_text(sanitized("IPAddress", big), S("2001:db8::1")));
}

static void test_ipaddress_operations(void **state)
{
	(void)state;
	struct value number;
	struct str name;
	struct err err = { 0 };
	assert_int_equal(ipaddress_to_int(&arena, S("1.2.3.4"), &number, NULL), 0);
	assert_true(value_same(number, value_int(16909060)));
	assert_int_equal(ipaddress_to_int(&arena, S("::7fff:ffff:ffff:ffff"), &number, NULL), 0);
	assert_true(value_same(number, value_int(INT64_MAX)));
	assert_int_equal(ipaddress_to_int(&arena, S("::8000:0:0:0"), &number, NULL), 0);
	assert_int_equal(number.kind, VALUE_BIG);
	assert_true(str_eq(number.text, S("9223372036854775808")));
	assert_int_equal(ipaddress_to_int(&arena, S("fe80::1%eth0"), &number, NULL), 0);
	assert_int_equal(number.kind, VALUE_NULL);
	assert_int_equal(ipaddress_to_int(&arena, S("a\0"), &number, &err), -1);
	assert_int_equal(err.fault, FAULT_OTHER);

	assert_int_equal(ipaddress_version(S("1.2.3.4"), NULL), 4);
	assert_int_equal(ipaddress_version(S("fe80::1%eth0"), NULL), 6);
	assert_int_equal(ipaddress_version(S("x"), NULL), -1);
	assert_int_equal(ipaddress_to_reverse(&arena, S("::ffff:1.2.3.4"), &name, NULL), 0);
	assert_true(str_eq(name, S("4.3.2.1.in-addr.arpa.")));
	assert_int_equal(ipaddress_to_reverse(&arena, S("fe80::1%eth0"), &name, NULL), -1);
	assert_int_equal(ipnetwork_version(S("10.0.0.0/8"), NULL), 4);
	assert_int_equal(ipnetwork_version(S("::/0"), NULL), 6);
	assert_int_equal(ipnetwork_version(S("10.0.0.1/8"), NULL), -1);
}

static void test_ipnetwork(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "IPNetwork", "10.0.0.0/8", "10.0.0.0/8", YES },
		{ "IPNetwork", "10.0.0.1/8", "10.0.0.0/8", NO },
		{ "IPNetwork", "10.0.0.1", "10.0.0.1/32", YES },
		{ "IPNetwork", "10.0.0.0/255.0.0.0", "10.0.0.0/8", YES },
		{ "IPNetwork", "2001:DB8::/32", "2001:db8::/32", YES },
		{ "IPNetwork", "fe80::1%eth0", "fe80::1%eth0/128", YES },
		{ "IPNetwork", "fe80::1%eth0/64", "fe80::/64", NO },
		{ "IPNetwork", "10/8", NULL, NO },
		{ "IPNetwork", "16909060", NULL, NO },
	};
	CHECK_TEXTS(cases);
	assert_int_equal(sanitized("IPNetwork", value_int(16909060)).kind, VALUE_NULL);
}

static void test_url(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "URL", "http://example.com/a b", "http://example.com/a b", YES },
		{ "URL", " http://x ", "http://x", NO },
		{ "URL", "hxxp://x", "http://x", YES },
		{ "URL", "hxxps://x/?u=hxxp://y", "https://x/?u=http://y", YES },
		{ "URL", "hXXp://x", "hXXp://x", YES },
		{ "URL", "hxxpx://x", "hxxpx://x", YES },
		{ "URL", "//host", "//host", YES },
		{ "URL", "mailto:a@b", NULL, NO },
		{ "URL", "http://", NULL, NO },
		{ "URL", "example.com", NULL, NO },
		{ "URL", "file:///etc/passwd", "file://localhost/etc/passwd", NO },
		{ "URL", "file:x", "file://localhost/x", NO },
		{ "URL", "file://host/x", "file://host/x", YES },
	};
	CHECK_TEXTS(cases);
	struct value out;
	assert_int_equal(type_of("URL")->sanitize(&arena, value_cstr("http://[x"), &out, NULL), -1);
	assert_int_equal(valid("URL", value_cstr("http://[x")), RAISES);
	struct str name;
	assert_int_equal(url_to_domain_name(&arena, S("http://u@h:80/x"), &name, NULL), 0);
	assert_true(str_eq(name, S("u@h:80")));
	assert_int_equal(url_to_domain_name(&arena, S("http://1.2.3.4/x"), &name, NULL), 0);
	assert_null(name.p);
	assert_int_equal(url_to_domain_name(&arena, S("x"), &name, NULL), 0);
	assert_null(name.p);
	assert_int_equal(url_to_domain_name(&arena, S("http://]"), &name, NULL), -1);
}

static void test_words(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "ClassificationTaxonomy", "Abusive Content ", "abusive-content", NO },
		{ "ClassificationTaxonomy", "fraud", "fraud", YES },
		{ "ClassificationTaxonomy", "foo", "foo", NO },
		{ "ClassificationTaxonomy", " ", NULL, NO },
		{ "ClassificationType", "c2-server", "c2-server", YES },
		{ "ClassificationType", " C&C", "c2-server", NO },
		{ "ClassificationType", "dropzone", "other", NO },
		{ "ClassificationType", "botnet drone", "infected-system", NO },
		{ "ClassificationType", "foo", "foo", NO },
		{ "Registry", "ripencc", "RIPE", NO },
		{ "Registry", "RIPE-NCC", "RIPE", NO },
		{ "Registry", "ARIN", "ARIN", YES },
		{ "Registry", "foo", "FOO", NO },
		{ "TLP", "tlp:red", "RED", NO },
		{ "TLP",
		  "TLP \xc2\xa0"
		  "yellow",
		  "AMBER", NO },
		{ "TLP", "TLP::RED", ":RED", NO },
		{ "TLP", "TLP", "", NO },
		{ "TLP", " ", NULL, NO },
		{ "TLP", "GREEN", "GREEN", YES },
		{ "TLP", "CLEAR", "CLEAR", NO },
	};
	CHECK_TEXTS(cases);
	assert_true(str_eq(taxonomy_of_type(S("tor")), S("other")));
	assert_true(str_eq(taxonomy_of_type(S("spam")), S("abusive-content")));
	assert_true(str_eq(taxonomy_of_type(S("weak-crypto")), S("vulnerable")));
	assert_true(str_eq(taxonomy_of_type(S("no such type")), S("other")));
}

static void test_json(void **state)
{
	(void)state;
	static const struct text_case cases[] = {
		{ "JSON", "{\"b\":1, \"a\":2}", "{\"b\":1, \"a\":2}", YES },
		{ "JSON", " 1 ", "1", YES },
		{ "JSON", "NaN", "NaN", YES },
		{ "JSON", "foo", "\"foo\"", NO },
		{ "JSON", "[1,]", "\"[1,]\"", NO },
		{ "JSON", "1 2", "\"1 2\"", NO },
		{ "JSON", "\xc3\xa4", "\"\\u00e4\"", NO },
		{ "JSON", "", "\"\"", NO },
		{ "JSONDict", "{\"a\": 1}", "{\"a\": 1}", YES },
		{ "JSONDict", " { } ", "\" { } \"", NO },
		{ "JSONDict", "[1]", "\"[1]\"", NO },
		{ "JSONDict", "", NULL, NO },
	};
	CHECK_TEXTS(cases);
	struct dict *d = dict_new(&arena);
	dict_set(d, S("b"), value_int(1));
	dict_set(d, S("a"), some_list(value_float(1.5)));
	assert_true(
		value_is_text(sanitized("JSONDict", value_dict(d)), S("{\"a\": [1.5], \"b\": 1}")));
	assert_true(value_is_text(sanitized("JSON", value_bytes(S("{}"))), S("{}")));
	assert_int_equal(sanitized("JSON", value_bytes(S("x"))).kind, VALUE_NULL);
	assert_int_equal(sanitized("JSON", some_list(value_bytes(S("1")))).kind, VALUE_NULL);
	assert_int_equal(sanitized("JSON", value_null()).kind, VALUE_NULL);
	assert_true(value_is_text(sanitized("JSON", value_bool(false)), S("false")));
	assert_int_equal(sanitized("JSONDict", value_bool(false)).kind, VALUE_NULL);
	assert_int_equal(sanitized("JSONDict", value_dict(dict_new(&arena))).kind, VALUE_NULL);
}

/* What feeds are full of must not cost memory. */
static void test_takes_no_memory(void **state)
{
	(void)state;
	static const char *const samples[][2] = {
		{ "String", "some text" },
		{ "LowercaseString", "some text" },
		{ "UppercaseString", "DE" },
		{ "ClassificationType", "c2-server" },
		{ "IPAddress", "192.0.2.1" },
		{ "IPAddress", "2001:db8::1" },
		{ "IPNetwork", "192.0.2.0/24" },
		{ "FQDN", "www.example.com" },
		{ "URL", "http://www.example.com/path?query" },
		{ "DateTime", "2015-08-31T08:16:10+00:00" },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct value in = value_cstr(samples[i][1]), out;
		const struct field_type *type = type_of(samples[i][0]);
		size_t before = arena.used;
		assert_int_equal(type->sanitize(&arena, in, &out, NULL), 0);
		assert_ptr_equal(out.text.p, in.text.p);
		assert_int_equal(type->is_valid(&arena, out, NULL), YES);
		if (arena.used != before)
			fail_msg("%s takes memory", type->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_string),
		cmocka_unit_test(test_valid_after_sanitation),
		cmocka_unit_test(test_boolean),
		cmocka_unit_test(test_integer),
		cmocka_unit_test(test_asn),
		cmocka_unit_test(test_float),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_fqdn),
		cmocka_unit_test(test_ipaddress),
		cmocka_unit_test(test_ipaddress_operations),
		cmocka_unit_test(test_ipnetwork),
		cmocka_unit_test(test_url),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_takes_no_memory),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
