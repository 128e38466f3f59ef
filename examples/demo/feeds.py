#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""feeds.py DIRECTORY [ROWS [MORE]] - feeds in the form in which the services publish them, made up, always the same.

Below DIRECTORY/web there is a folder for each host, below DIRECTORY/files what a collector of files reads. MORE rows
are what came since: another run with them lets the feeds grow. expected.json says what must come of them all.
All addresses but one are reserved for documentation (RFC 5737) and tests (RFC 2544); the one is that of the user
guide's example event.
"""
import json
import os
import pathlib
import sys

MALWARE = ["Dridex", "Emotet", "QakBot", "TrickBot"]
SERVERS, NETWORKS, SCARCE = 400, 300, 600  # rows of the feeds that are no longer whatever ROWS says
ROWS = 3000  # of the feed with host names
EXAMPLE = "82.212.115.188"


def server(i):
    """Addresses of servers, none twice."""
    return "198.18.%d.%d" % (i // 250, i % 250 + 1)


def address(i):
    return ["192.0.2.%d", "198.51.100.%d", "203.0.113.%d"][i % 3] % (i * 7 % 254 + 1)


def feodo(more):
    """Command and control servers. What they say of AS numbers is old, or missing."""
    servers = []
    for i in range(SERVERS + more):
        servers.append({
            "ip_address": server(i % SERVERS), "port": 443 + i // SERVERS if i % 3 else 8080 + i // SERVERS,
            "status": ["online", "offline"][i % 2], "hostname": "vps%d.example.com" % i if i % 5 == 0 else None,
            "as_number": 65536 + i % 8 if i % 7 else None, "as_name": "FORMER-AS-%d" % (i % 8) if i % 7 else None,
            "country": ["DE", "AT", "FR"][i % 3],
            "first_seen": "2023-01-%02d %02d:15:30" % (i % 28 + 1, i % 24) if i % 9 else None,
            "last_online": "2023-02-%02d" % (i % 28 + 1), "malware": MALWARE[i % 4]})
        if i % 50 == 1:
            servers.append(servers[-1])  # published twice
    return json.dumps(servers, indent=4) + "\n"


def drop(more):
    """Networks. Last-Modified stays: it becomes time.source, and a new one would make all of them new events."""
    lines = ["; DROP list, made up - for the demonstration", "; Last-Modified: Fri, 10 Feb 2023 08:40:31 GMT",
             "; Expires: Fri, 10 Feb 2023 09:43:22 GMT"]
    for i in range(NETWORKS + more):
        network = "198.19.%d.0/24" % i if i < 256 else "198.19.%d.%d/30" % (i % 256, (i // 256 - 1) % 64 * 4)
        lines.append("%s ; SBL%d" % (network, 100000 + i))
    lines.insert(120, lines[119])  # published twice
    return "\n".join(lines) + "\n"


def url(i, rows):
    """Four of five have a name, which another one has, too; every 20th has a name that does not exist (any longer)."""
    i, again = i % rows, i // rows
    host = "gone%d.example.org" % i if i % 20 == 7 else "host%d.example.net" % (i // 2)
    if i % 5 == 0:
        host = address(i)
    return "http://%s%s/%s%d.sh" % (host, [":8080", ""][i % 2], "again%d/" % again if again else "", i)


def urls(rows, more):
    lines = ["#" * 64, "# URLs that distribute malware (CSV), made up".ljust(63) + "#",
             "# Last updated: 2023-02-16 09:55:00 (UTC)".ljust(63) + "#", "#" * 64, "#",
             "# id,dateadded,url,url_status,threat,tags,urlhaus_link"]
    for i in range(rows + more):
        lines.append('"%d","2023-02-%02d %02d:%02d:06","%s","%s","malware_download","elf,%s","https://urlhaus.abuse.ch/url/%d/"' % (
            i + 1, i % 28 + 1, i % 24, i % 60, url(i, rows), ["online", "offline"][i % 2], MALWARE[i % 4].lower(), i + 1))
    return "\r\n".join(lines) + "\r\n"


def feodo_csv():
    lines = ["#" * 64, "# Botnet C2 IP Blocklist (CSV), made up".ljust(63) + "#",
             "# Last updated: 2023-02-16 09:55:00 UTC".ljust(63) + "#", "#" * 64, "#",
             '"first_seen_utc","dst_ip","dst_port","c2_status","last_online","malware"',
             '"2023-02-15 14:19:09","%s","443","offline","2023-02-16","QakBot"' % EXAMPLE]
    for i in range(SCARCE):
        lines.append('"2023-02-%02d %02d:%02d:09","%s","%d","%s","2023-02-%02d","%s"' % (
            i % 28 + 1, i % 24, i % 60, address(i), [443, 80][i % 2], ["online", "offline"][i % 2], i % 28 + 1, MALWARE[i % 4]))
        if i % 40 == 0:
            lines.append(lines[-1])  # published twice
        if i % 90 == 0:
            lines.append("")
    return "\r\n".join(lines + ["# END %d entries" % SCARCE]) + "\r\n"


def expected(rows, more):
    """By feed: events, how many of them have a host name, an address, and the name of an AS."""
    kinds = [url(i, rows) for i in range(rows + more)]
    named = sum("example." in u for u in kinds)
    found = sum("gone" not in u for u in kinds)
    return {"Feodo Tracker": [SERVERS + more, 0, SERVERS + more, SERVERS + more],
            "Drop": [NETWORKS + more, 0, 0, 0],
            "URLhaus": [rows + more, named, found, found],
            "abusech-feodo-c2-tracker": [SCARCE + 1, 0, SCARCE + 1, SCARCE + 1]}


def put(path, text):
    """Whole or not at all, and only if it is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != text.encode():
        hidden = path.with_name("." + path.name)
        hidden.write_bytes(text.encode())
        os.replace(hidden, path)


def write(directory, rows=ROWS, more=0):
    put(directory / "web/feodotracker.abuse.ch/downloads/ipblocklist.json", feodo(more))
    put(directory / "web/www.spamhaus.org/drop/drop.txt", drop(more))
    put(directory / "web/urlhaus.abuse.ch/downloads/csv_recent/index.csv", urls(rows, more))
    put(directory / "files/ipblocklist.csv", feodo_csv())
    put(directory / "expected.json", json.dumps({"rows": rows, "more": more, "feeds": expected(rows, more)}) + "\n")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), *map(int, sys.argv[2:4]))
