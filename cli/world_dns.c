/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A name server that knows the answers of a recording: {"TXT a.example": ["…"], "PTR b.example": "timeout"} (RFC 1035 §4). */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "cli/world.h"

enum { HEADER = 12, NXDOMAIN = 3, MAX_NAME = 256 };

struct packet {
	unsigned char *bytes;
	size_t n, room;
};

static void put(struct packet *p, const void *bytes, size_t n)
{
	if (n > p->room - p->n)
		return;
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
}

static void put16(struct packet *p, unsigned v)
{
	put(p, (const unsigned char[]){ (unsigned char)(v >> 8), (unsigned char)v }, 2);
}

/* The question's name as text and where the question ends; 0: it cannot be read. */
static size_t read_question(const unsigned char *q, size_t n, char name[MAX_NAME], unsigned *type)
{
	size_t at = HEADER, length = 0;
	while (at < n && q[at]) {
		size_t label = q[at];
		if (label > 63 || at + 1 + label >= n || length + label + 2 > MAX_NAME)
			return 0;
		if (length)
			name[length++] = '.';
		memcpy(name + length, q + at + 1, label);
		length += label;
		at += 1 + label;
	}
	name[length] = 0;
	if (at + 5 > n)
		return 0;
	*type = (unsigned)(q[at + 1] << 8 | q[at + 2]);
	return at + 5;
}

static const struct value *find(const struct dict *run, const char *type, const char *name)
{
	const struct value *dns = dict_get(run, S("dns"));
	char key[MAX_NAME + 8];
	snprintf(key, sizeof key, "%s %s", type, name);
	for (size_t i = 0; dns && dns->kind == VALUE_DICT && i < dns->dict->n; i++)
		if (str_eq_nocase(dns->dict->pairs[i].key, str_of(key)))
			return &dns->dict->pairs[i].value;
	return NULL;
}

static void put_name(struct packet *p, struct str name)
{
	while (name.n) {
		struct str label = str_cut(&name, '.');
		if (!label.n || label.n > 63)
			continue;
		put(p, (const unsigned char[]){ (unsigned char)label.n }, 1);
		put(p, label.p, label.n);
	}
	put(p, "", 1);
}

static void put_text(struct packet *p, struct str text)
{
	do {
		struct str part = str_slice(text, 0, text.n < 255 ? text.n : 255);
		put(p, (const unsigned char[]){ (unsigned char)part.n }, 1);
		put(p, part.p, part.n);
		text = str_slice(text, part.n, text.n);
	} while (text.n);
}

static void put_record(struct packet *p, unsigned type, struct str value)
{
	char text[64];
	struct in_addr address = { 0 };
	put(p, "\xc0\x0c", 2); /* the name of the question */
	put16(p, type);
	put16(p, 1);
	put(p, "\0\0\x0e\x10", 4);
	size_t length_at = p->n;
	put16(p, 0);
	if (type == 1) {
		snprintf(text, sizeof text, "%.*s", STR_ARG(value));
		inet_pton(AF_INET, text, &address);
		put(p, &address, sizeof address);
	} else if (type == 12) {
		put_name(p, value);
	} else {
		put_text(p, value);
	}
	size_t length = p->n - length_at - 2;
	if (length_at + 2 <= p->n) {
		p->bytes[length_at] = (unsigned char)(length >> 8);
		p->bytes[length_at + 1] = (unsigned char)length;
	}
}

size_t world_answer_question(const struct dict *run, const unsigned char *question, size_t n,
                             unsigned char *out, size_t room)
{
	static const struct {
		unsigned number;
		const char *name;
	} types[] = { { 1, "A" }, { 12, "PTR" }, { 16, "TXT" }, { 28, "AAAA" } };
	char name[MAX_NAME];
	unsigned type = 0;
	const char *type_name = "?";
	size_t end = n > HEADER ? read_question(question, n, name, &type) : 0;
	if (!end || end > room)
		return 0;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].number == type)
			type_name = types[i].name;
	const struct value *found = find(run, type_name, name);
	if (found && value_is_text(*found, S("timeout")))
		return 0;
	const struct list *values = found && found->kind == VALUE_LIST ? found->list : NULL;
	struct packet p = { out, 0, room };
	put(&p, question, end);
	memcpy(out + 2, "\x81\x80\0\1\0\0\0\0\0\0", 10);
	out[3] |= found ? 0 : NXDOMAIN;
	for (size_t i = 0; values && i < values->n; i++)
		if (values->items[i].kind == VALUE_STR) {
			put_record(&p, type, values->items[i].text);
			out[7]++;
		}
	return p.n;
}
