/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <intelmq/html.h>

static struct arena arena;

static const struct html_node *parse(const char *text)
{
	struct html_node *root;
	arena_reset(&arena);
	assert_int_equal(html_parse(&arena, str_of(text), &root, NULL), 0);
	return root;
}

static const char *written(const struct html_node *node)
{
	struct buffer out;
	buffer_init_in(&out, &arena, 1 << 20);
	html_write(&out, node);
	return arena_cstr(&arena, buffer_str(&out));
}

static void check(const char *text, const char *expected)
{
	assert_string_equal(written(parse(text)), expected);
}

static void nothing_is_inserted_or_closed(void **state)
{
	(void)state;
	check("<table><tr><td>a<td>b</table>c", "<table><tr><td>a<td>b</td></td></tr></table>c");
	check("a</b>c", "ac");
	check("<a><b>x</a>y", "<a><b>x</b></a>y");
	check("<BR><Br/>x</br>", "<br/><br>x</br>"); /* the reference's way with void elements */
	check("<br></br>x", "<br/>x");
	check("<p/>x", "<p></p>x");
}

static void attributes(void **state)
{
	(void)state;
	check("<a HREF='x' b c=1 b=\"2\">", "<a b=\"2\" c=\"1\" href=\"x\"></a>");
	check("<a x='say \"hi\"' y=\"it's &quot;so&quot;\">",
	      "<a x='say \"hi\"' y=\"it's &quot;so&quot;\"></a>");
	check("<a x='&lt;&amp;&copy=&notit;&#x41;&#0;'>",
	      "<a x=\"&lt;&amp;\xc2\xa9=\xc2\xacit;A\xef\xbf\xbd\"></a>");
	check("<a class='  x   y '>", "<a class=\"x y\"></a>");
	check("<a b= 'x>y", "<a 'x=\"\" b=\"\">y</a>");
}

static void references_in_text(void **state)
{
	(void)state;
	check("&amp;&lt;&gt;\"", "&amp;&lt;&gt;\"");
	check("&foo; &auml; &#65; &#150; &#x2028;",
	      "&amp;foo \xc3\xa4 A \xe2\x80\x93 \xe2\x80\xa8");
	check("a&b", "ab"); /* one letter at the end loses its ampersand */
	check("a&bc", "a&amp;bc");
}

static void special_nodes(void **state)
{
	(void)state;
	check("<!DOCTYPE html><!-- x --><?pi y><![CDATA[z<]]><!foo>",
	      "<!DOCTYPE html>\n<!-- x --><?pi y><![CDATA[z<]]><!--foo-->");
	check("<script>a<b&amp;</script>", "<script>a<b&amp;</script>");
	check("<script>never closed", "<script></script>");
	check("<!-- open > x", "&lt;!-- open &gt; x");
	struct html_node *root;
	struct err err;
	assert_int_equal(html_parse(&arena, S("<![foo[x]]>"), &root, &err), -1);
	assert_non_null(strstr(err.text, "foo"));
}

static void blank_text_shrinks(void **state)
{
	(void)state;
	check("<a>  \n </a>  <b> x </b>", "<a>\n</a> <b> x </b>");
	check("<pre>  \n </pre>", "<pre>  \n </pre>");
}

static void finding(void **state)
{
	(void)state;
	const struct html_node **found, *root;
	root = parse("<table id=a><tr><td class='x y'>1<table id=b></table></table><table id=c>");
	assert_int_equal(html_find_all(&arena, root, S("table"), STR_NONE, STR_NONE, &found), 3);
	assert_true(str_eq(html_attribute_get(found[1], S("id")), S("b")));
	assert_int_equal(html_find_all(&arena, root, S("table"), S("id"), S("c"), &found), 1);
	assert_int_equal(html_find_all(&arena, root, STR_NONE, S("class"), S("y"), &found), 1);
	assert_int_equal(html_find_all(&arena, root, STR_NONE, S("class"), S("x y"), &found), 1);
	assert_int_equal(html_find_all(&arena, root, STR_NONE, S("class"), S("z"), &found), 0);
	assert_null(html_attribute_get(root, S("id")).p);
}

static void text(void **state)
{
	(void)state;
	const struct html_node **found, *root;
	root = parse("<td>a<!-- b --><b>c</b><script>d</script><![CDATA[e]]>&amp;</td>");
	assert_int_equal(html_find_all(&arena, root, S("td"), STR_NONE, STR_NONE, &found), 1);
	assert_true(str_eq(html_text(&arena, found[0]), S("ace&")));
	assert_int_equal(html_find_all(&arena, root, S("script"), STR_NONE, STR_NONE, &found), 1);
	assert_true(str_eq(html_text(&arena, found[0]), S("d")));
}

static void deep_trees(void **state)
{
	(void)state;
	enum { DEPTH = 100000 };
	char *text = malloc(3 * DEPTH + 1);
	for (size_t i = 0; i < DEPTH; i++)
		memcpy(text + 3 * i, "<a>", 3);
	text[3 * DEPTH] = '\0';
	const struct html_node **found, *root = parse(text);
	assert_int_equal(html_find_all(&arena, root, S("a"), STR_NONE, STR_NONE, &found), DEPTH);
	assert_int_equal(strlen(written(found[DEPTH - 1])), 7);
	free(text);
}

static void entities(void **state)
{
	(void)state;
	struct buffer out;
	arena_reset(&arena);
	buffer_init_in(&out, &arena, 100);
	assert_true(html_entity_add(&out, S("acE")));
	assert_true(str_eq(buffer_str(&out), S("\xe2\x88\xbe\xcc\xb3")));
	assert_false(html_entity_add(&out, S("nosuch")));
}

static int close_arena(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_inserted_or_closed),
		cmocka_unit_test(attributes),
		cmocka_unit_test(references_in_text),
		cmocka_unit_test(special_nodes),
		cmocka_unit_test(blank_text_shrinks),
		cmocka_unit_test(finding),
		cmocka_unit_test(text),
		cmocka_unit_test(deep_trees),
		cmocka_unit_test(entities),
	};
	return cmocka_run_group_tests(tests, NULL, close_arena);
}
