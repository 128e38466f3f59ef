/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * run_broker.h - a broker between one bot and the real one, for `intelmqctl run BOT process`: at most one message comes in,
 * and what goes out is shown, kept back, or both.
 */
#pragma once
#include "broker/broker.h"
#include "message/codec.h"

struct run_broker_options {
	struct broker *real;
	const struct data_format *format;
	const struct dict *destinations; /* path -> queues */
	bool dryrun; /* nothing is sent, nothing is consumed, no state changes */
	bool show_sent;
};

/* All is borrowed. The bot's commits fail in a dry run, so that it does nothing that relies on them. */
struct broker *run_broker_new(const struct run_broker_options *);

/* What the bot gets is this message, and not the next one of its queue. */
void run_broker_give(struct broker *, struct str message);

/* True once the bot has committed, or would have. */
bool run_broker_is_done(const struct broker *);

/* Prints messages on standard output as JSON, indented and sorted: one, or as a list. */
void run_print(const struct data_format *, const struct str *wires, size_t n, bool as_list);
