/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * export.h - how outputs turn a message into one text: the parameters that they share.
 *
 *	struct params { … struct export_params export; };
 *	static const struct param params[] = { …, GROUP(export, export_params), { 0 } };
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/event.h>
#include <intelmq/param.h>

struct export_params {
	const char *single_key; /* NULL: the whole message */
	bool keep_raw_field, hierarchical_output, message_with_type, message_jsondict_as_string;
};

extern const struct param export_params[];

/*
 * Appends the text of a message: JSON with sorted keys, or with single_key that field alone ("raw"
 * decoded; "output" as the JSON in it, a JSON text without its quotes; an absent field as "None").
 * 0, or -1: the message has no "output", or cannot be nested.
 */
int export_event(const struct event *, const struct export_params *, struct buffer *out,
                 struct err *);
