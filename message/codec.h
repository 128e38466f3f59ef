/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * codec.h - messages on the wire: the flat JSON object that the reference's bots exchange.
 *
 * `{"source.ip": "192.0.2.1", …, "__type": "Event"}`: insertion order, ASCII only, separators
 * `, ` and `: `. Decoding touches each byte once and encoding copies what did not change.
 */
#pragma once
#include "message/event.h"

enum trust {
	/* Written by a bot of this botnet: the grammar is checked, values are not validated again. A message whose class
	 * does not stand at its end as bots write it is checked all the same. */
	WIRE_TRUSTED,
	WIRE_CHECKED, /* from outside: every value is validated as the reference's constructor does */
};

/*
 * Decodes a message; it borrows `wire`. `default_type` is the class when __type is missing, or
 * STR_NONE to refuse that. NULL on failure; FAULT_INVALID_KEY for a field that the format lacks.
 */
struct event *event_decode(struct arena *, const struct data_format *, struct str wire,
                           struct str default_type, enum trust, struct err *);

/* Appends the message as it goes on the wire. */
void event_encode(const struct event *, struct buffer *out);

/* The same object without __type. */
void event_encode_fields(const struct event *, struct buffer *out);

/* The JSON object of a message on the wire without its __type; the text itself if it is no JSON object. */
struct str message_without_type(struct arena *, struct str wire);
