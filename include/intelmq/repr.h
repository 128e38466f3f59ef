/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * repr.h - values as Python 3.11 writes them: repr and str.
 *
 * None, True, 12, 1.0, 'it', "it's", b'\x00', [1, 'a'], {'key': 'value'}. Containers nested deeper
 * than MAX_REPR_DEPTH are cut to "...". None of the functions is recursive.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/value.h>

enum { MAX_REPR_DEPTH = 1000 };

/* Appends repr(value). Whether all of it found room is seen in buffer.over. */
void repr_write(struct buffer *, struct value);

/* repr(value) in the arena. */
struct str value_repr(struct arena *, struct value);

/* str(value): a text as it is (borrowed), anything else as value_repr. */
struct str value_text(struct arena *, struct value);
