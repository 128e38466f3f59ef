/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Spamhaus CERT Insight: one infected host or attack a line.
 *
 *	; ip, asn, country, lastseen, botname, domain, remote_ip, remote_port, local_port, protocol
 *	109.126.64.2, AS12635, AT, 1441008970, asprox, , 192.0.2.3, 25, -, tcp
 *
 * The bot name decides what it was; for a few of them columns have other meanings.
 */
#include <intelmq/bot.h>
#include <intelmq/number.h>
#include <intelmq/text.h>

#define TYPE "classification.type"
#define ID "classification.identifier"
#define APP "protocol.application"
#define DESCRIPTION "event_description.text"
#define NAME "malware.name"
#define ABUSEAT "https://www.abuseat.org/lookup.cgi"

enum {
	IP = 1,
	ASN,
	COUNTRY,
	LAST_SEEN,
	BOT,
	DOMAIN_NAME,
	REMOTE_IP,
	REMOTE_PORT,
	LOCAL_PORT,
	PROTOCOL
};

static const struct map fields[] = {
	{ .column = IP, .field = "source.ip", .required = true },
	{ .column = ASN,
	  .field = "source.asn",
	  .via = convert_asn_prefix,
	  .skip = "?",
	  .required = true },
	{ .column = COUNTRY, .field = "source.geolocation.cc", .required = true },
	{ .column = LAST_SEEN, .field = "time.source", .via = convert_epoch, .required = true },
	{ 0 },
};

// clang-format off
/* What each bot name says, where the name alone decides. */
static const struct when kinds[] = {
	{ "openrelay", { { TYPE, "vulnerable-system" }, { ID, "openrelay" }, { APP, "smtp" } } },
	{ "sshauth", { { TYPE, "brute-force" }, { ID, "ssh" }, { APP, "ssh" } } },
	{ "telnetauth", { { TYPE, "brute-force" }, { ID, "telnet" }, { APP, "telnet" } } },
	{ "smtpauth", { { TYPE, "brute-force" }, { ID, "smtp" }, { APP, "smtp" } } },
	{ "pop", { { TYPE, "brute-force" }, { ID, "pop" }, { APP, "pop" } } },
	{ "imap", { { TYPE, "brute-force" }, { ID, "imap" }, { APP, "imap" } } },
	{ "iotscan", { { TYPE, "scanner" }, { DESCRIPTION, "The possibly infected IoT device scanned for other vulnerable IoT devices." } } },
	{ "iotuser", { { TYPE, "scanner" }, { DESCRIPTION, "The possibly infected IoT device scanned for other vulnerable IoT devices." } } },
	{ "wpscanner", { { TYPE, "scanner" }, { ID, "wordpress-vulnerabilities" }, { APP, "http" }, { DESCRIPTION, "scanning for wordpress vulnerabilities" } } },
	{ "w_wplogin", { { TYPE, "scanner" }, { ID, "wordpress-login" }, { APP, "http" }, { DESCRIPTION, "scanning for wordpress login pages" } } },
	{ "l_spamlink", { { TYPE, "spam" }, { ID, "spamlink" }, { DESCRIPTION, "The URL appeared in a spam email sent by extra.spam_ip." } } },
	{ "smb", { { TYPE, "scanner" }, { ID, "smb" }, { APP, "smb" } } },
	{ "rdp", { { TYPE, "scanner" }, { ID, "rdp" }, { APP, "rdp" } } },
	{ "iotrdp", { { TYPE, "scanner" }, { ID, "rdp" }, { APP, "rdp" } } },
	{ "iotmicrosoftds", { { TYPE, "scanner" }, { ID, "microsoftds" }, { APP, "microsoftds" } } },
	{ "proxyget", { { TYPE, "other" }, { ID, "proxyget" }, { DESCRIPTION, "The malicious client used a honeypot as proxy." } } },
	{ "iotlogin", { { TYPE, "system-compromise" }, { ID, "iot" }, { DESCRIPTION, "The infected iot device logged in to a honeypot." } } },
	{ "iotcmd", { { TYPE, "system-compromise" }, { ID, "iot" }, { DESCRIPTION, "The infected iot device logged in to a honeypot and issued malicious commands." } } },
	{ "iotmirai", { { TYPE, "infected-system" }, { ID, "mirai" }, { NAME, "mirai" } } },
	{ "ioturl", { { TYPE, "c2-server" }, { ID, "malware-generic" } } },
	{ "automatedtest", { { TYPE, "brute-force" }, { ID, "lookup-captcha" }, { DESCRIPTION, "The device automatically brute-forced the Spamhaus CBL lookup." } } },
	{ "authspoofbadehlo", { { TYPE, "brute-force" }, { ID, "authentication-spoof" }, { APP, "smtp" }, { DESCRIPTION, "The device spoofed SMTP authentication with a bad EHLO." } } },
	{ "extortion", { { TYPE, "spam" }, { ID, "extortion" }, { DESCRIPTION, "This device sent extortion mails." } } },
	{ "misc", { { TYPE, "spam" }, { ID, "spam" }, { DESCRIPTION, "This device is sending spam as part of a botnet. See abuseat.org for more details." }, { "event_description.url", ABUSEAT } } },
	{ NULL, { { TYPE, "infected-system" }, { NAME, NULL } } },
};
// clang-format on

static bool is_one_of(struct str name, const char *names)
{
	for (struct str rest = str_of(names); rest.p;)
		if (str_eq(str_cut(&rest, '|'), name))
			return true;
	return false;
}

/* An IoT scan is named after the service whose port it went to. */
static enum result scanned_service(struct event *event, struct str port)
{
	bool telnet = is_one_of(port, "23|2323");
	enum result result = event_set(event, ID, telnet ? S("telnet") : S("scanner-generic"));
	return result == DONE && telnet ? event_set(event, APP, S("telnet")) : result;
}

/* "192.0.2.1:1.2:name" of a link in spam: who sent it, and with what. */
static enum result spam_link(struct bot *bot, const struct row *row, struct event *event)
{
	struct str rest = row_cell(row, LOCAL_PORT);
	struct str ip = str_cut(&rest, ':'), version = rest.p ? str_cut(&rest, ':') : STR_NONE,
		   name = rest;
	if (!name.p || str_index(name, ':') != STR_NOT_FOUND)
		return bot_fail(bot, BAD_DATA, "'%.*s' is not ip:version:name",
		                STR_ARG(row_cell(row, LOCAL_PORT)));
	enum result result = event_set(event, "extra.spam_ip", ip);
	if (result == DONE)
		result = event_set(event, "malware.version", version);
	if (result == DONE)
		result = event_set(event, NAME, name);
	return result == DONE ? event_set(event, "source.url", row_cell(row, REMOTE_IP)) : result;
}

/* What depends on more than the name. */
static enum result special(struct bot *bot, const struct row *row, struct event *event,
                           struct str name, bool known)
{
	struct str port = row_cell(row, REMOTE_PORT);
	if (is_one_of(name, "iotscan|iotuser"))
		return scanned_service(event, port);
	if (str_eq(name, S("l_spamlink")))
		return spam_link(bot, row, event);
	if (is_one_of(name, "extortion|misc") && str_eq(port, S("25"))) {
		enum result result = event_set(event, APP, S("smtp"));
		if (result != DONE)
			return result;
	}
	if (str_eq(name, S("misc")))
		event_offer(event, "feed.documentation", S(ABUSEAT));
	return known ? DONE : event_try(event, "source.url", row_cell(row, DOMAIN_NAME), NULL);
}

static bool is_known(struct str name)
{
	const struct when *kind = kinds;
	while (kind->is && !str_eq(name, str_of(kind->is)))
		kind++;
	return kind->is != NULL;
}

/* Where it went to, and how. */
static enum result destination(struct bot *bot, const struct row *row, struct event *event,
                               struct str name)
{
	struct str domain = row_cell(row, DOMAIN_NAME), local = row_cell(row, LOCAL_PORT);
	struct value port;
	enum result result = DONE;
	if (!str_eq(name, S("iotscan")) && str_index(domain, ':') == STR_NOT_FOUND)
		result = event_try(event, "destination.fqdn", domain, NULL);
	if (result == DONE)
		result = event_try(event, "destination.ip", row_cell(row, REMOTE_IP), NULL);
	if (result == DONE)
		result = event_try(event, "destination.port", row_cell(row, REMOTE_PORT), NULL);
	if (result == DONE && local.n && !is_one_of(local, "-|?") &&
	    !str_eq(name, S("l_spamlink"))) {
		if (number_int(bot->arena, local, &port) < 0)
			return bot_fail(bot, BAD_DATA, "'%.*s' is no port", STR_ARG(local));
		result = event_set_value(event, "extra.source.local_port", port);
	}
	return result == DONE
	             ? event_try(event, "protocol.transport", row_cell(row, PROTOCOL), NULL)
	             : result;
}

static enum result cert_row(struct bot *bot, const struct row *row, struct event *event)
{
	if (row->n < PROTOCOL)
		return bot_fail(bot, BAD_DATA, "the row has %zu columns, not %d", row->n, PROTOCOL);
	struct str url = event_text(event, "feed.url"),
		   name = text_lower(bot->arena, row_cell(row, BOT));
	size_t key = str_find(url, S("key="));
	if (key != STR_NOT_FOUND &&
	    event_replace(event, "feed.url", str_slice(url, 0, key)) != DONE)
		return BAD_DATA;
	bool known = is_known(name);
	if (!known && str_eq(name, S("auto")))
		name = S("s_other");
	enum result result = event_when(event, kinds, name);
	if (result == DONE)
		result = special(bot, row, event, name, known);
	return result == DONE ? destination(bot, row, event, name) : result;
}

const struct bot_type parsers_spamhaus_parser_cert = {
	.module = "intelmq.bots.parsers.spamhaus.parser_cert",
	.summary = "Parses the Spamhaus CERT Insight feed.",
	.rows = ROWS_LINES,
	.separator = ",",
	.header = ";",
	.map = fields,
	.row = cert_row,
	.raw = RAW_RECOVER,
};
