#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""zone.py FEEDS DIRECTORY PORT - what dnsmasq must know to answer for the feeds: DIRECTORY/dnsmasq.conf and hosts.

Each host name of the feeds gets an address, but those that begin with `gone`, which do not exist. Each address gets what
Team Cymru's service would say of it: TXT of d.c.b.a.origin.asn.cymru.com, and of the AS that this names.
"""
import getpass
import ipaddress
import os
import pathlib
import re
import shutil
import sys

import feeds

ADDRESS = re.compile(r"(?<![\d.])\d+\.\d+\.\d+\.\d+(?![\d./])")
HOST = re.compile(r"://([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.example\.[a-z]+)")
COUNTRIES = ["AT", "DE", "CH"]
FIRST_AS, SYSTEMS = 64496, 15  # reserved for documentation (RFC 5398)


def read(directory):
    """Names and addresses in the files below a directory, each once."""
    names, addresses = {}, {}
    for path in sorted(directory.rglob("*.*")):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            names.update(dict.fromkeys(HOST.findall(text)))
            addresses.update((a, None) for a in ADDRESS.findall(text) if a.count(".") == 3)
    return [n for n in names if not n.startswith("gone")], list(addresses)


def system_of(network):
    return FIRST_AS + int(network.network_address) // 256 % SYSTEMS


def describe(address):
    """The answer for an address, and the number of its AS."""
    network = ipaddress.ip_network(address + "/24", strict=False)
    if address == feeds.EXAMPLE:
        return "47887 | %s | JO | ripencc | 2003-10-15" % network, 47887
    number = system_of(network)
    return "%d | %s | %s | ripencc | 2001-01-01" % (number, network, COUNTRIES[number % 3]), number


def name_of(number):
    if number == 47887:
        return "47887 | JO | ripencc | 2008-12-16 | NEU-AS"
    country = COUNTRIES[number % 3]
    return "%d | %s | ripencc | 2001-01-01 | DOC-%d-AS Example Network %d, %s" % (number, country, number, number, country)


def configuration(addresses, directory, port):
    lines = ["port=%d" % port, "listen-address=127.0.0.1", "bind-interfaces", "keep-in-foreground", "pid-file", "no-resolv",
             "no-hosts", "no-poll", "cache-size=10000", "local=/#/", "user=" + getpass.getuser(), "log-facility=-",
             "addn-hosts=%s" % (directory / "hosts")]
    systems = set()
    for address in addresses:
        text, number = describe(address)
        systems.add(number)
        lines.append('txt-record=%s.origin.asn.cymru.com,"%s"' % (".".join(reversed(address.split("."))), text))
    lines += ['txt-record=AS%d.asn.cymru.com,"%s"' % (number, name_of(number)) for number in sorted(systems)]
    return "\n".join(lines) + "\n"


def server(directory):
    """The command of the name server; its place is not in everybody's $PATH."""
    return [shutil.which("dnsmasq", path=os.environ["PATH"] + ":/usr/sbin") or "dnsmasq", "-C", directory / "dnsmasq.conf"]


def write(directory_of_feeds, directory, port):
    names, addresses = read(directory_of_feeds)
    hosts = {name: feeds.address(i) for i, name in enumerate(names)}
    addresses = list(dict.fromkeys([*addresses, *hosts.values()]))
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "hosts").write_text("".join("%s %s\n" % (a, n) for n, a in hosts.items()), encoding="ascii")
    (directory / "dnsmasq.conf").write_text(configuration(addresses, directory, port), encoding="ascii")


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]))
