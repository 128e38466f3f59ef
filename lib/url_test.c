/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/url.h>

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

static struct url split(const char *text)
{
	struct url url;
	assert_int_equal(url_split(&arena, str_of(text), &url, NULL), 0);
	return url;
}

static void same(struct str got, const char *want)
{
	if (!want) {
		assert_null(got.p);
		return;
	}
	assert_non_null(got.p);
	if (!str_eq(got, str_of(want)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), want);
}

static void test_parts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *scheme, *authority, *path, *query, *fragment;
	} samples[] = {
		{ "http://user:pw@Example.com:80/a/b;c?q=1&r#f", "http", "user:pw@Example.com:80",
		  "/a/b;c", "q=1&r", "f" },
		{ "HTTP://x", "http", "x", "", "", "" },
		{ "//host/path", "", "host", "/path", "", "" },
		{ "mailto:a@b", "mailto", "", "a@b", "", "" },
		{ "file:///etc/passwd", "file", "", "/etc/passwd", "", "" },
		{ "svn+ssh-1.0://h", "svn+ssh-1.0", "h", "", "", "" },
		{ "http://h?a?b", "http", "h", "", "a?b", "" },
		{ "http://h#a?b#c", "http", "h", "", "", "a?b#c" },
		{ "http://h/?#", "http", "h", "/", "", "" },
		{ "1http://h", "", "", "1http://h", "", "" },
		{ "-a://h", "", "", "-a://h", "", "" },
		{ "ht tp://h", "", "", "ht tp://h", "", "" },
		{ ":path", "", "", ":path", "", "" },
		{ "a/b:c", "", "", "a/b:c", "", "" },
		{ "", "", "", "", "", "" },
		{ "http:", "http", "", "", "", "" },
		{ "http:///x", "http", "", "/x", "", "" },
		{ "http:////x", "http", "", "//x", "", "" },
		{ " \x01http://h/ ", "http", "h", "/ ", "", "" },
		{ "ht\ntp:/\t/h\r\n/x", "http", "h", "/x", "", "" },
		{ "http://b\xc3\xbc"
		  "cher.de/\xc3\xa4",
		  "http",
		  "b\xc3\xbc"
		  "cher.de",
		  "/\xc3\xa4", "", "" },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct url url = split(samples[i].text);
		same(url.scheme, samples[i].scheme);
		same(url.authority, samples[i].authority);
		same(url.path, samples[i].path);
		same(url.query, samples[i].query);
		same(url.fragment, samples[i].fragment);
	}
}

static void test_authorities(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool fine;
	} samples[] = {
		{ "http://[::1]/", true },
		{ "http://[::1]:8080/", true },
		{ "http://u:p@[2001:db8::1]", true },
		{ "http://[fe80::1%25eth0]/", true },
		{ "http://[v1.x:y]/", true },
		{ "http://[vAf.-]/", true },
		{ "http://h/[x", true }, /* brackets outside the authority do not matter */
		{ "http://[::1/", false },
		{ "http://::1]/", false },
		{ "http://[]/", false },
		{ "http://[x]/", false },
		{ "http://[1.2.3.4]/", false },
		{ "http://[v.x]/", false },
		{ "http://[v1.]/", false },
		{ "http://[V1.x]/", false },
		{ "http://a[::1]/", false },
		{ "http://[::1]a/", false },
		{ "http://a@b[::1]/", false },
		{ "http://[::1]@h/", false },
		{ "http://]::1[/", false },
		{ "http://ex[.]ample.com/", false },
		{ "http://a\xe2\x84\x80"
		  "b/",
		  false }, /* U+2100 is a/c */
		{ "http://a\xef\xbc\x9a"
		  "b/",
		  false }, /* full-width colon */
		{ "http://a\xef\xbc\xa0"
		  "b/",
		  false },                           /* full-width commercial at */
		{ "http://\xef\xbc\xa1.de/", true }, /* full-width A */
		{ "http://h/\xe2\x84\x80", true },
		{ "http://b\xc3\xbc"
		  "cher.de:80/",
		  true },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct url url;
		struct err err = { 0 };
		int result = url_split(&arena, str_of(samples[i].text), &url, &err);
		if ((result == 0) != samples[i].fine)
			fail_msg("%s: %d %s", samples[i].text, result, err.text);
		assert_int_equal(err.fault, result ? FAULT_OTHER : FAULT_NONE);
	}
}

static void test_accessors(void **state)
{
	(void)state;
	enum { BAD = -2 };
	static const struct {
		const char *text, *username, *password, *hostname;
		int port;
	} samples[] = {
		{ "http://user:pw@Example.COM:80/", "user", "pw", "example.com", 80 },
		{ "http://user@h", "user", NULL, "h", -1 },
		{ "http://@h", "", NULL, "h", -1 },
		{ "http://:@h", "", "", "h", -1 },
		{ "http://a:b:c@h", "a", "b:c", "h", -1 },
		{ "http://a@b@h:1", "a@b", NULL, "h", 1 },
		{ "http://h:", NULL, NULL, "h", -1 },
		{ "http://:80", NULL, NULL, NULL, 80 },
		{ "http://h:0", NULL, NULL, "h", 0 },
		{ "http://h:65535", NULL, NULL, "h", 65535 },
		{ "http://h:65536", NULL, NULL, "h", BAD },
		{ "http://h:99999999999999999999", NULL, NULL, "h", BAD },
		{ "http://h:00080", NULL, NULL, "h", 80 },
		{ "http://h:x", NULL, NULL, "h", BAD },
		{ "http://h:-1", NULL, NULL, "h", BAD },
		{ "http://h:1:2", NULL, NULL, "h", BAD },
		{ "http://[2001:DB8::1]:443/", NULL, NULL, "2001:db8::1", 443 },
		{ "http://[FE80::1%Eth0]", NULL, NULL, "fe80::1%Eth0", -1 },
		{ "http://HOST%Zone", NULL, NULL, "host%Zone", -1 },
		{ "path", NULL, NULL, NULL, -1 },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct url url = split(samples[i].text);
		int port = 0, result = url_port(&url, &port, NULL);
		same(url_username(&url), samples[i].username);
		same(url_password(&url), samples[i].password);
		same(url_hostname(&arena, &url), samples[i].hostname);
		assert_int_equal(result, samples[i].port == BAD ? -1 : 0);
		if (samples[i].port != BAD)
			assert_int_equal(port, samples[i].port);
	}
}

static void test_join(void **state)
{
	(void)state;
	static const char *const samples[][2] = {
		{ "http://h/a?b#c", "http://h/a?b#c" },
		{ "HTTP://h/?#", "http://h/" },
		{ "file:/x", "file:///x" },
		{ "file:x", "file:///x" },
		{ "mailto:a@b", "mailto:a@b" },
		{ "//h", "//h" },
		{ "x?y", "x?y" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct url url = split(samples[i][0]);
		same(url_join(&arena, &url), samples[i][1]);
	}
}

static void test_takes_no_memory(void **state)
{
	(void)state;
	size_t before = arena.used;
	struct url url = split("https://user@www.example.com:8080/path/to?query=1#fragment");
	same(url_hostname(&arena, &url), "www.example.com");
	assert_int_equal(arena.used, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),           cmocka_unit_test(test_authorities),
		cmocka_unit_test(test_accessors),       cmocka_unit_test(test_join),
		cmocka_unit_test(test_takes_no_memory),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
