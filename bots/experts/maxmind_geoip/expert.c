/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* needs: libmaxminddb */
/* Adds country, city and coordinates of addresses from a local GeoLite2-City database. */
#include <intelmq/archive.h>
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/http.h>
#include <maxminddb.h>
#include <stdio.h>
#include <unistd.h>

struct params {
	const char *database, *database_url, *license_key;
	bool autoupdate_cached_database, overwrite, use_registered;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(database, "GeoLite2-City database (mmdb).", .required = true),
	BOOL(overwrite, "Replace values that are there."),
	BOOL(use_registered,
	     "Take the country where the network is registered instead of where it is."),
	SECRET(license_key, "License key of MaxMind, to download the database."),
	BOOL(autoupdate_cached_database,
	     "Refresh the file of this bot when the module is run with --update-database."),
	STR(database_url, "Where --update-database gets the database; license_key and what is "
	                  "wanted are added to it."),
	GROUP(http, http_params),
	{ 0 },
};

struct geoip_state {
	MMDB_s database;
	bool is_open;
};

/* Where a field's value lies in the entry of an address. */
static const char *const country[] = { "country", "iso_code", NULL };
static const char *const registered[] = { "registered_country", "iso_code", NULL };
static const char *const latitude[] = { "location", "latitude", NULL };
static const char *const longitude[] = { "location", "longitude", NULL };
static const char *const city[] = { "city", "names", "en", NULL };

struct side {
	const char *ip, *cc, *latitude, *longitude, *city;
};

static const struct side sides[] = {
	{ "source.ip", "source.geolocation.cc", "source.geolocation.latitude",
	  "source.geolocation.longitude", "source.geolocation.city" },
	{ "destination.ip", "destination.geolocation.cc", "destination.geolocation.latitude",
	  "destination.geolocation.longitude", "destination.geolocation.city" },
};

/* The value at a path as text or number; null if it is absent, or 0. */
static struct value lookup(struct bot *bot, MMDB_entry_s *entry, const char *const *path)
{
	MMDB_entry_data_s data;
	if (MMDB_aget_value(entry, &data, path) != MMDB_SUCCESS || !data.has_data)
		return value_null();
	if (data.type == MMDB_DATA_TYPE_UTF8_STRING)
		return value_str(
			arena_dup(bot->arena, (struct str){ data.utf8_string, data.data_size }));
	if (data.type == MMDB_DATA_TYPE_DOUBLE && data.double_value != 0)
		return value_float(data.double_value);
	return value_null();
}

static enum result geoip_side(struct bot *bot, struct event *event, const struct side *side)
{
	const struct params *p = bot->params;
	struct geoip_state *state = bot->state;
	struct str ip = event_text(event, side->ip);
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	int address_error = 0, error = 0;
	if (!ip.p)
		return DONE;
	MMDB_lookup_result_s found = MMDB_lookup_string(
		&state->database, arena_cstr(bot->arena, ip), &address_error, &error);
	if (address_error || error == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR ||
	    (!error && !found.found_entry))
		return DONE;
	if (error)
		return bot_fail(bot, TRY_LATER, "%s: %s", p->database, MMDB_strerror(error));
	const struct {
		const char *field, *const *path;
	} fields[] = {
		{ side->cc, p->use_registered ? registered : country },
		{ side->latitude, latitude },
		{ side->longitude, longitude },
		{ side->city, city },
	};
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		struct value v = lookup(bot, &found.entry, fields[i].path);
		if (v.kind != VALUE_NULL &&
		    event_add(event, str_of(fields[i].field), v, flags) == ADD_FAILED)
			return BAD_DATA;
	}
	return DONE;
}

static enum result maxmind_geoip_enrich(struct bot *bot, struct event *event)
{
	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
		enum result result = geoip_side(bot, event, &sides[i]);
		if (result != DONE)
			return result;
	}
	return DONE;
}

static enum result maxmind_geoip_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct geoip_state *state = bot->state;
	int error = MMDB_open(p->database, MMDB_MODE_MMAP, &state->database);
	state->is_open = error == MMDB_SUCCESS;
	if (state->is_open)
		return DONE;
	return bot_fail(bot, BAD_CONF, "%s: %s; '%s --update-database' downloads one", p->database,
	                MMDB_strerror(error), bot->type->module);
}

static void maxmind_geoip_fini(struct bot *bot)
{
	struct geoip_state *state = bot->state;
	if (state->is_open)
		MMDB_close(&state->database);
}

static void maxmind_geoip_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	MMDB_s database;
	int error = MMDB_open(p->database, MMDB_MODE_MMAP, &database);
	if (error == MMDB_SUCCESS)
		MMDB_close(&database);
	else
		finding_add(findings, SEVERITY_ERROR, "database", "Error reading database: %s",
		            MMDB_strerror(error));
}

/* ---- Update: the database as a member of a tar archive ---- */

/* A value of a query, RFC 3986 §2.1. */
static struct str quote(struct arena *arena, struct str text)
{
	struct buffer out;
	buffer_init_in(&out, arena, SIZE_MAX / 2);
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		             (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '.';
		buffer_printf(&out, plain ? "%c" : "%%%02X", c);
	}
	return buffer_str(&out);
}

static enum result download(struct bot *bot, int file)
{
	const struct params *p = bot->params;
	struct str key = quote(bot->arena, str_of(p->license_key));
	const struct http_request request = {
		.url = arena_printf(bot->arena,
		                    "%s?license_key=%.*s&edition_id=GeoLite2-City&suffix=tar.gz",
		                    p->database_url, STR_ARG(key)),
		.params = &p->http,
		.file = file,
	};
	struct http_response response = { 0 };
	bot_log(bot, LEVEL_INFO, "Downloading from %s.", p->database_url);
	enum result result = bot_download(bot, &request, &response);
	return response.status == 401 ? bot_fail(bot, BAD_CONF, "Your license key is invalid.")
	                              : result;
}

/* The database is looked at where it lies already: under the name of its descriptor. */
static enum result write_database(struct bot *bot, struct str bytes, int file)
{
	MMDB_s database;
	if (file_write_all(file, bytes) < 0)
		return bot_fail(bot, TRY_LATER, "the database cannot be written: %m");
	int error = MMDB_open(arena_printf(bot->arena, "/proc/self/fd/%d", file).p, MMDB_MODE_MMAP,
	                      &database);
	if (error != MMDB_SUCCESS)
		return bot_fail(bot, TRY_LATER, "what was downloaded is no database: %s",
		                MMDB_strerror(error));
	MMDB_close(&database);
	return DONE;
}

static enum result unpack(struct bot *bot, struct str packed, int file)
{
	static const struct archive_request request = { .formats = ARCHIVE_TAR };
	struct archive_member *members;
	size_t n;
	if (archive_unpack(bot->arena, packed, &request, &members, &n, &bot->err) < 0)
		return TRY_LATER;
	for (size_t i = 0; i < n; i++)
		if (str_find(members[i].name, S("GeoLite2-City.mmdb")) != STR_NOT_FOUND)
			return write_database(bot, members[i].bytes, file);
	return bot_fail(bot, TRY_LATER, "what was downloaded has no GeoLite2-City.mmdb in it");
}

static enum result maxmind_geoip_fetch(struct bot *bot, int file)
{
	const struct params *p = bot->params;
	struct str packed;
	if (!p->license_key || !*p->license_key || *p->license_key == '<')
		return bot_fail(bot, BAD_CONF,
		                "Your configuration of %s is missing key 'license_key'. MaxMind "
		                "gives one to registered users, free of charge: "
		                "https://www.maxmind.com/en/geolite2/signup",
		                bot->id);
	int archive = bot_temporary_file(bot);
	if (archive < 0)
		return BAD_CONF;
	enum result result = download(bot, archive);
	if (result == DONE && file_map(arena_printf(bot->arena, "/proc/self/fd/%d", archive).p,
	                               archive_limits_usual.bytes, &packed, &bot->err) < 0)
		result = TRY_LATER;
	close(archive);
	if (result != DONE)
		return result;
	result = unpack(bot, packed, file);
	file_unmap(packed);
	return result;
}

static const struct bot_update maxmind_geoip_update = {
	.parameter = "database",
	.fetch = maxmind_geoip_fetch,
};

const struct bot_type experts_maxmind_geoip_expert = {
	.module = "intelmq.bots.experts.maxmind_geoip.expert",
	.summary = "Adds country, city and coordinates of addresses from a local database.",
	PARAMS_OF(.database = "/opt/intelmq/var/lib/bots/maxmind_geoip/GeoLite2-City.mmdb",
	          .license_key = "<insert Maxmind license key>", .autoupdate_cached_database = true,
	          .database_url = "https://download.maxmind.com/app/geoip_download",
	          .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct geoip_state),
	.uses = USES_FILES,
	.init = maxmind_geoip_init,
	.fini = maxmind_geoip_fini,
	.check = maxmind_geoip_check,
	.enrich = maxmind_geoip_enrich,
	.update = &maxmind_geoip_update,
};
