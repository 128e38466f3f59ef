/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/conformance_lib.h"
bool vector_utils(struct conformance *c, struct arena *arena, const struct dict *vector, struct outcome *out) { (void)c;(void)arena;(void)vector;(void)out; return false; }
bool vector_parser_lines(struct conformance *c, struct arena *arena, const struct dict *vector, struct outcome *out) { (void)c;(void)arena;(void)vector;(void)out; return false; }
void replay_bot_defaults(struct conformance *c) { (void)c; }
