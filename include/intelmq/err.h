/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * err.h - the one error type: what kind it is, and a sentence for a person.
 *
 * Functions of lib/ return 0 or -1 (or a count, or a pointer) and take a `struct err *` last.
 * They never log: logging happens where the decision is made. `err` may be NULL where the caller
 * needs the yes or no only.
 */
#pragma once
#include <intelmq/str.h>

/* Kinds that somebody decides on; the names are those of the reference's exceptions. */
enum fault {
	FAULT_NONE,
	FAULT_OTHER,         /* refused; the text says why */
	FAULT_INVALID_VALUE, /* a value violates the data format */
	FAULT_INVALID_KEY,   /* a field that the data format does not have */
	FAULT_KEY_EXISTS,
	FAULT_KEY_NOT_EXISTS,
	FAULT_INVALID_ARGUMENT, /* a parameter or argument is wrong */
	FAULT_DECODING,         /* bytes are not text in the expected encoding */
	FAULT_CONFIGURATION,    /* the operator must act */
};

struct err {
	enum fault fault;
	char text[600]; /* NUL terminated, one sentence or clause, no final newline; longer text is cut */
};

/* Records an error and returns -1: `return err_set(err, FAULT_OTHER, "…", …);` */
int err_set(struct err *, enum fault, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "prefix: " in front of the text that is there; returns -1. */
int err_prefix(struct err *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of the kind as the reference spells it ("InvalidValue"), or "Error". */
const char *fault_name(enum fault);
