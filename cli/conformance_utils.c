/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* utils.jsonl: single helper functions. */
#include <intelmq/archive.h>
#include <intelmq/base64.h>
#include <intelmq/charset.h>
#include <intelmq/chunk.h>
#include <intelmq/clock.h>
#include <intelmq/duration.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <intelmq/text.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/conformance_lib.h"
#include "lib/file_name.h"
#include "lib/flatten.h"
#include "lib/lines_reverse.h"
#include "lib/logline.h"
#include "lib/version.h"
#include <intelmq/yaml.h>

/* One call: arguments in, outcome out. Functions that may fail return 0 or -1 with out->err. */
struct call {
	struct arena *arena;
	const struct list *args;
	struct value *result;
	struct err *err;
};

static struct value arg(const struct call *c, size_t i)
{
	return i < c->args->n ? c->args->items[i] : value_null();
}

static bool option(const struct call *c, size_t i, const char *name, bool usual)
{
	struct value options = arg(c, i);
	const struct value *v = options.kind == VALUE_DICT ? dict_get(options.dict, str_of(name))
	                                                   : NULL;
	return v ? value_truthy(*v) : usual;
}

static int call_parse_relative(struct call *c)
{
	return duration_parse(c->arena, arg(c, 0).text, c->result, c->err);
}

static int call_seconds_to_human(struct call *c)
{
	struct value seconds;
	struct str text;
	if (value_to_float(c->arena, arg(c, 0), &seconds, c->err) < 0 ||
	    duration_human(c->arena, seconds.real, (unsigned)arg(c, 1).integer, &text, c->err) < 0)
		return -1;
	*c->result = value_str(text);
	return 0;
}

static int logline_result(struct call *c, int rc, const struct logline *line, const char *year)
{
	if (rc <= 0) {
		*c->result = arg(c, 0);
		return rc;
	}
	struct dict *d = dict_new(c->arena);
	struct str date = line->date;
	/* The recordings do not say in which year they were made. */
	if (year)
		date = arena_printf(c->arena, "%s%.*s", year, STR_ARG(str_slice(date, 4, date.n)));
	dict_set(d, S("date"), value_str(date));
	dict_set(d, S("bot_id"), value_str(line->bot_id));
	dict_set(d, S("thread_id"),
	         line->thread_id < 0 ? value_null() : value_int(line->thread_id));
	dict_set(d, S("log_level"), value_str(line->level));
	dict_set(d, S("message"), value_str(line->message));
	*c->result = value_dict(d);
	return 0;
}

static int call_parse_logline(struct call *c)
{
	struct logline line;
	return logline_result(c, logline_parse(c->arena, arg(c, 0).text, &line, c->err), &line,
	                      NULL);
}

static int call_parse_logline_syslog(struct call *c)
{
	struct logline line;
	int rc = logline_parse_syslog(c->arena, arg(c, 0).text, 2026, &line, c->err);
	return logline_result(c, rc, &line, "(year of today)");
}

static int need_text(struct call *c)
{
	return arg(c, 0).kind == VALUE_STR || arg(c, 0).kind == VALUE_BYTES
	             ? 0
	             : err_set(c->err, FAULT_OTHER, "no text");
}

static int call_base64_encode(struct call *c)
{
	if (need_text(c) < 0)
		return -1;
	*c->result = value_str(base64_encode(c->arena, arg(c, 0).text));
	return 0;
}

/* Decoded, then read as UTF-8 without what is none. */
static int call_base64_decode(struct call *c)
{
	struct str bytes;
	if (need_text(c) < 0 || base64_decode(c->arena, arg(c, 0).text, &bytes, c->err) < 0)
		return -1;
	*c->result = value_str(text_clean_utf8(c->arena, bytes));
	return 0;
}

/* The bytes encoded and decoded again: what is no UTF-8 gets lost. */
static int call_base64_decode_of_bytes(struct call *c)
{
	struct str bytes;
	if (base64_decode(c->arena, base64_encode(c->arena, arg(c, 0).text), &bytes, c->err) < 0)
		return -1;
	*c->result = value_str(text_clean_utf8(c->arena, bytes));
	return 0;
}

/* The first of several encodings that works; with force, then the first that works with losses. */
static int code(struct call *c,
                int (*coder)(struct arena *, struct str, struct str, bool, struct str *,
                             struct err *),
                enum value_kind done, enum value_kind kind, enum fault fault)
{
	struct value in = arg(c, 0), encodings = arg(c, 1);
	struct str out;
	struct err err;
	if (in.kind == done) {
		*c->result = in;
		return 0;
	}
	for (int force = 0; force <= value_truthy(arg(c, 2)); force++)
		for (size_t i = 0; i < encodings.list->n; i++) {
			if (coder(c->arena, in.text, encodings.list->items[i].text, force, &out,
			          &err) == 0) {
				*c->result = (struct value){ .kind = kind, .text = out };
				return 0;
			}
			if (err.fault != FAULT_DECODING && kind == VALUE_STR)
				return err_set(c->err, err.fault, "%s", err.text);
		}
	return err_set(c->err, fault, "no encoding fits");
}

static int call_decode(struct call *c)
{
	return code(c, charset_decode, VALUE_STR, VALUE_STR, FAULT_DECODING);
}

static int call_encode(struct call *c)
{
	return code(c, charset_encode, VALUE_BYTES, VALUE_BYTES, FAULT_OTHER);
}

static int call_version_smaller(struct call *c)
{
	int order;
	if (version_compare(arg(c, 0).list, arg(c, 1).list, &order, c->err) < 0)
		return -1;
	*c->result = order ? value_bool(order < 0) : value_null();
	return 0;
}

static int call_lazy_int(struct call *c)
{
	if (value_to_int(c->arena, arg(c, 0), c->result, NULL) < 0)
		*c->result = arg(c, 0);
	return 0;
}

static int call_flatten_queues(struct call *c)
{
	*c->result = value_list(list_flatten(c->arena, arg(c, 0)));
	return 0;
}

static int call_file_name_from_response(struct call *c)
{
	const struct value *field = dict_get(arg(c, 0).dict, S("Content-Disposition"));
	struct str name;
	if (file_name_of(field ? field->text : STR_NONE, arg(c, 1).text, &name, c->err) < 0)
		return -1;
	*c->result = value_str(name);
	return 0;
}

static int call_reverse_readline(struct call *c)
{
	char path[] = "/tmp/intelmq-lines-XXXXXX";
	struct list *lines = list_new(c->arena);
	struct lines_reverse reader;
	struct str line, text = arg(c, 0).text;
	int got = -1, fd = mkstemp(path);
	if (fd < 0)
		return err_set(c->err, FAULT_OTHER, "no scratch file");
	unlink(path);
	if (write(fd, text.p, text.n) == (ssize_t)text.n &&
	    lines_reverse_init(&reader, fd, (size_t)arg(c, 1).integer, c->err) == 0) {
		while ((got = lines_reverse_next(&reader, &line, c->err)) > 0) {
			/* The reference reads byte by byte and so refuses other than ASCII. */
			if (!text_is_ascii(line))
				got = -1;
			list_add(lines, value_str(arena_dup(c->arena, line)));
			if (got < 0)
				break;
		}
		lines_reverse_fini(&reader);
	}
	close(fd);
	*c->result = value_list(lines);
	return got;
}

static int call_unzip(struct call *c)
{
	struct value which = arg(c, 1);
	struct str names[64];
	struct archive_request request = { .by_name = which.kind == VALUE_LIST, .names = names };
	struct archive_member *members;
	size_t n;
	request.formats = (option(c, 2, "try_zip", true) ? ARCHIVE_ZIP : 0u) |
	                  (option(c, 2, "try_tar", true) ? ARCHIVE_TAR : 0u) |
	                  (option(c, 2, "try_gzip", true) ? ARCHIVE_GZIP : 0u);
	for (size_t i = 0; request.by_name && i < which.list->n && i < 64; i++)
		names[request.n_names++] = which.list->items[i].text;
	if (archive_unpack(c->arena, arg(c, 0).text, &request, &members, &n, c->err) < 0)
		return -1;
	struct list *list = list_new(c->arena);
	for (size_t i = 0; i < n; i++) {
		struct value bytes = value_bytes(members[i].bytes);
		if (option(c, 2, "return_names", false)) {
			struct list *pair = list_new(c->arena);
			list_add(pair,
			         members[i].name.p ? value_str(members[i].name) : value_null());
			list_add(pair, bytes);
			bytes = value_list(pair);
		}
		list_add(list, bytes);
	}
	*c->result = value_list(list);
	return 0;
}

static int call_split_chunks(struct call *c)
{
	struct list *list = list_new(c->arena);
	for (struct str rest = arg(c, 0).text; rest.n;)
		list_add(list, value_bytes(chunk_cut(&rest, (size_t)arg(c, 1).integer)));
	*c->result = value_list(list);
	return 0;
}

static int pieces(struct call *c, size_t size, bool header,
                  struct value (*make)(struct arena *, struct str))
{
	struct chunk_source source;
	struct list *list = list_new(c->arena);
	struct str piece;
	int got;
	chunk_source_init_memory(&source, arg(c, 0).text, size, header);
	while ((got = chunk_next(&source, &piece, c->err)) > 0)
		list_add(list, make(c->arena, arena_dup(c->arena, piece)));
	chunk_source_fini(&source);
	*c->result = value_list(list);
	return got;
}

static struct value piece_bytes(struct arena *arena, struct str piece)
{
	(void)arena;
	return value_bytes(piece);
}

static struct value piece_report(struct arena *arena, struct str piece)
{
	struct dict *report = dict_new(arena);
	dict_set(report, S("__type"), value_str(S("Report")));
	dict_set(report, S("feed.name"), value_str(S("x")));
	dict_set(report, S("raw"), value_str(base64_encode(arena, piece)));
	dict_set(report, S("time.observation"), value_str(S("2015-01-01T00:00:00+00:00")));
	return value_dict(report);
}

static int call_read_delimited_chunks(struct call *c)
{
	return pieces(c, (size_t)arg(c, 1).integer, false, piece_bytes);
}

static int call_generate_reports(struct call *c)
{
	struct value size = arg(c, 1);
	return pieces(c, size.kind == VALUE_INT ? (size_t)size.integer : 0, value_truthy(arg(c, 2)),
	              piece_report);
}

static int call_load_configuration(struct call *c)
{
	struct yaml_mark *marks;
	if (yaml_parse(c->arena, arg(c, 0).text, c->result, &marks, c->err) < 0)
		return -1;
	if (marks && yaml_has_date(marks)) {
		struct buffer text;
		buffer_init_in(&text, c->arena, MAX_RECORDING);
		yaml_repr(&text, *c->result, marks);
		*c->result = value_str(buffer_str(&text));
	}
	return 0;
}

static int call_write_configuration(struct call *c)
{
	struct buffer text;
	buffer_init_in(&text, c->arena, MAX_RECORDING);
	if (option(c, 1, "useyaml", true)) {
		yaml_write(&text, arg(c, 0));
	} else {
		json_write(&text, arg(c, 0), JSON_INDENT4 | JSON_SORT_KEYS);
		buffer_add_char(&text, '\n');
	}
	*c->result = value_str(buffer_str(&text));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(struct call *);
} functions[] = {
	{ "parse_relative", call_parse_relative },
	{ "seconds_to_human", call_seconds_to_human },
	{ "parse_logline", call_parse_logline },
	{ "parse_logline_syslog", call_parse_logline_syslog },
	{ "base64_encode", call_base64_encode },
	{ "base64_decode", call_base64_decode },
	{ "base64_decode_of_bytes", call_base64_decode_of_bytes },
	{ "decode", call_decode },
	{ "encode", call_encode },
	{ "version_smaller", call_version_smaller },
	{ "lazy_int", call_lazy_int },
	{ "flatten_queues", call_flatten_queues },
	{ "file_name_from_response", call_file_name_from_response },
	{ "reverse_readline", call_reverse_readline },
	{ "unzip", call_unzip },
	{ "split_chunks", call_split_chunks },
	{ "read_delimited_chunks", call_read_delimited_chunks },
	{ "generate_reports", call_generate_reports },
	{ "load_configuration", call_load_configuration },
	{ "write_configuration", call_write_configuration },
};

bool vector_utils(struct conformance *conformance, struct arena *arena, const struct dict *vector,
                  struct outcome *out)
{
	(void)conformance;
	struct value name = *dict_get(vector, S("function"));
	struct value args = recorded_value(arena, *dict_get(vector, S("args")));
	struct call call = { arena, args.list, &out->value, &out->err };
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (value_is_text(name, str_of(functions[i].name))) {
			out->raised = functions[i].run(&call) < 0;
			return true;
		}
	return false;
}
