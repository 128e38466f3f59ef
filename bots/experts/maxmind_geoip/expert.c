/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* needs: libmaxminddb */
/* Adds country, city and coordinates of addresses from a local GeoLite2-City database. */
#include <intelmq/bot.h>
#include <maxminddb.h>

struct params {
	const char *database, *license_key;
	bool autoupdate_cached_database, overwrite, use_registered;
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

const struct bot_type experts_maxmind_geoip_expert = {
	.module = "intelmq.bots.experts.maxmind_geoip.expert",
	.summary = "Adds country, city and coordinates of addresses from a local database.",
	PARAMS_OF(.database = "/opt/intelmq/var/lib/bots/maxmind_geoip/GeoLite2-City.mmdb",
	          .license_key = "<insert Maxmind license key>",
	          .autoupdate_cached_database = true),
	.state_size = sizeof(struct geoip_state),
	.uses = USES_FILES,
	.init = maxmind_geoip_init,
	.fini = maxmind_geoip_fini,
	.check = maxmind_geoip_check,
	.enrich = maxmind_geoip_enrich,
};
