#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes lib/html_entities.inc: the named character references of HTML, from Python's table.

    python3 tools/html_entities.py > lib/html_entities.inc
"""
from html.entities import html5

NAMES = {}
for name, text in html5.items():
    bare = NAMES.setdefault(name.rstrip(";"), [text, False])
    if not name.endswith(";"):
        bare[1] = True

print("/* SPDX-License-Identifier: AGPL-3.0-or-later */")
print("/* Written by tools/html_entities.py; sorted by the bytes of the names. */")
print("// clang-format off")
for name, (text, bare) in sorted(NAMES.items()):
    octets = "".join(f"\\{byte:03o}" for byte in text.encode())
    print(f'{{ "{name}", "{octets}", {"true" if bare else "false"} }},')
