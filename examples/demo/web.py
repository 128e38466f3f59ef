#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""web.py DIRECTORY - a web server on 127.0.0.1 for the files below DIRECTORY, which has a folder for each host.

It is asked in three ways: directly (/HOST/PATH), as a proxy (GET http://HOST/PATH), and as a proxy for https (CONNECT),
where it answers in place of the host, with the certificate that it was given. So a botnet keeps the URLs of its feeds,
and nobody asks the Internet. Answers have ETag and Last-Modified, and 304 for who knows them.
"""
import argparse
import email.utils
import http.server
import json
import pathlib
import ssl
import sys
import threading
import time
import urllib.parse

import feeds


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    host = ""  # behind CONNECT

    def do_CONNECT(self):
        host = self.path.rpartition(":")[0]
        if not self.server.tls or not (self.server.directory / host).is_dir():
            self.send_error(502, "no such host here")
            return
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.host = host

    def file(self):
        """The file that is asked for, or None."""
        parts = urllib.parse.urlsplit(self.path)
        host = self.host or parts.hostname or ""
        path = (self.server.directory / host / urllib.parse.unquote(parts.path).lstrip("/")).resolve()
        if path.is_dir():
            path = next(path.glob("index.*"), path)
        return path if path.is_file() and path.is_relative_to(self.server.directory) else None

    def knows(self, tag, modified):
        if "If-None-Match" in self.headers:
            return tag in [t.strip() for t in self.headers["If-None-Match"].split(",")]
        return self.headers.get("If-Modified-Since") == modified

    def do_GET(self):
        path = self.file()
        if not path:
            self.send_error(404)
            return
        with path.open("rb") as file:
            status = path.stat()
            body = file.read()
        tag = '"%x-%x"' % (status.st_mtime_ns, len(body))
        modified = email.utils.formatdate(status.st_mtime, usegmt=True)
        known = self.knows(tag, modified)
        self.send_response(304 if known else 200)
        self.send_header("ETag", tag)
        self.send_header("Last-Modified", modified)
        if not known:
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not known and self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format, *args):
        host = "https://" + self.host if self.host else ""
        print("%s %s" % (time.strftime("%H:%M:%S"), (format % args).replace(" /", " " + host + "/", 1)), flush=True)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        print("%s %s: %s" % (time.strftime("%H:%M:%S"), client_address[1], sys.exc_info()[1]), flush=True)


def change(directory, seconds):
    """Lets the feeds grow, for ever."""
    state = json.loads((directory / "expected.json").read_text(encoding="utf-8"))
    rows, more = state["rows"], state["more"]
    while True:
        time.sleep(seconds)
        more += 5
        feeds.write(directory, rows, more)
        print("%s the feeds have 5 more rows, %d by now" % (time.strftime("%H:%M:%S"), more), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("directory", type=pathlib.Path, help="folders of hosts; with --change its parent is feeds.py's")
    parser.add_argument("--port", type=int, default=0, help="0: a free one; the first line printed says which")
    parser.add_argument("--certificate", help="PEM file with key and certificate, for https")
    parser.add_argument("--change", type=float, metavar="SECONDS", help="the feeds of feeds.py grow every so often")
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), Handler)
    server.directory = options.directory.resolve()
    server.tls = None
    if options.certificate:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.tls.load_cert_chain(options.certificate)
    print("http://127.0.0.1:%d/" % server.server_port, flush=True)
    if options.change:
        threading.Thread(target=change, args=(server.directory.parent, options.change), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
