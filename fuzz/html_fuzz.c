/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any text gives a sound tree of no more nodes than the text has bytes. */
#include <intelmq/html.h>

#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_tree(const struct html_node *root, size_t size)
{
	size_t nodes = 0;
	for (const struct html_node *node = root; node; node = html_walk(root, node)) {
		nodes++;
		require(node == root || node->parent);
		require(!node->first == !node->last);
		require(!node->last || (!node->last->next && node->last->parent == node));
		for (size_t i = 1; i < node->n_attributes; i++)
			require(str_cmp(node->attributes[i - 1].name, node->attributes[i].name) <
			        0);
	}
	require(nodes <= size + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct html_node *root;
	struct buffer out;
	const struct html_node **found;
	arena_init(&arena);
	if (html_parse(&arena, (struct str){ (const char *)data, size }, &root, NULL) == 0) {
		check_tree(root, size);
		buffer_init_in(&out, &arena, 1 << 26);
		html_write(&out, root);
		size_t all = html_find_all(&arena, root, STR_NONE, STR_NONE, STR_NONE, &found);
		for (size_t i = 0; i < all && i < 10; i++)
			require(html_text(&arena, found[i]).n <= 4 * size);
		require(html_find_all(&arena, root, S("td"), S("class"), S("x"), &found) <= all);
	}
	arena_fini(&arena);
	return 0;
}
