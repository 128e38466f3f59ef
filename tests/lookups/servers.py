# SPDX-License-Identifier: AGPL-3.0-or-later
"""Servers of the suite of look-ups: a name server with faults, and web servers that mean harm."""
import gzip
import http.server
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from botnet import BUILD, ROOT, wait_until

sys.path.insert(0, str(ROOT / "examples/demo"))
import feeds  # noqa: E402
import zone  # noqa: E402


def free_port():
    """For UDP and TCP, free now."""
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            try:
                tcp.bind(udp.getsockname())
                return udp.getsockname()[1]
            except OSError:
                pass


def answers(port):
    """Whether the name server there knows the first host."""
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.settimeout(0.3)
        s.connect(("127.0.0.1", port))
        try:
            s.send(bytes.fromhex("abcd01000001000000000000") + b"\x05host0\x07example\x03net\x00\x00\x01\x00\x01")
            return s.recv(512)[3] & 15 == 0
        except OSError:
            return False


class Names:
    """dnsmasq, and in front of it a program that answers late, or not at all."""

    def __init__(self, directory, names, *options):
        """names: how many hosts there are; options: of the program in front."""
        self.directory, self.behind, self.port = directory, free_port(), free_port()
        self.children = {}
        directory.mkdir(parents=True)
        hosts = ["%s host%d.example.net\n" % (feeds.address(i), i) for i in range(names)]
        (directory / "hosts").write_text("".join(hosts), encoding="ascii")
        addresses = sorted({feeds.address(i) for i in range(names)})
        (directory / "dnsmasq.conf").write_text(zone.configuration(addresses, directory, self.behind), encoding="ascii")
        self.front = [BUILD / "examples/delay", "--listen", "127.0.0.1:%d" % self.port, "--to", "127.0.0.1:%d" % self.behind, *options]
        self.start("dnsmasq")
        self.start("delay")
        assert wait_until(lambda: answers(self.port), 10), "no name server: see %s" % directory

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def start(self, name):
        command = self.front if name == "delay" else zone.server(self.directory)
        with (self.directory / (name + ".log")).open("ab") as log:
            self.children[name] = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self, name):
        child = self.children.pop(name)
        child.send_signal(signal.SIGTERM)
        child.wait(10)

    def close(self):
        for name in list(self.children):
            self.stop(name)


class Silence:
    """A name server that takes every question and says nothing."""

    def __init__(self, port=0):
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.questions = set()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            try:
                self.questions.add(self.socket.recv(4096)[12:])
            except OSError:
                return

    def close(self):
        self.socket.close()


class Evil(http.server.BaseHTTPRequestHandler):
    """Each path is a way to do harm, as long as the server is told to; afterwards a report."""

    protocol_version = "HTTP/1.1"
    REPORT = b"host0.example.net,%d,c2-server,2026-01-02T03:04:05+00:00\n"
    BOMB = 300 * 1024 * 1024  # bytes after decompression

    def do_GET(self):
        kind = self.path.strip("/").split("/")[0]
        self.server.requests[kind] = self.server.requests.get(kind, 0) + 1
        if not self.server.is_evil:
            self.answer(self.REPORT % self.server.kinds.index(kind))
            return
        self.close_connection = True
        try:
            getattr(self, kind)()
        except OSError:
            pass  # the collector has had enough

    def answer(self, body, status=200, **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def endless(self):
        self.send_response(200)
        self.end_headers()
        while self.server.is_evil:
            self.wfile.write(b"x" * 65536)

    def bomb(self):
        self.answer(self.server.bomb, Content_Encoding="gzip")

    def circle(self):
        self.answer(b"", 302, Location="/circle/" + ("a" if self.path.endswith("b") else "b"))

    def certificate(self):
        self.answer(b"never seen")

    def trickle(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while self.server.is_evil:
            self.wfile.write(b"x")
            time.sleep(0.1)

    def silence(self):
        while self.server.is_evil:
            time.sleep(0.1)

    def short(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        self.wfile.write(b"half a report\n")

    def heads(self):
        self.send_response(200)
        while self.server.is_evil:
            self.send_header("X-More", "x" * 1000)
            self.flush_headers()

    def nonsense(self):
        self.wfile.write(b"\x00\xffNONSENSE 200\r\n\r\n" + os.urandom(1000))

    def log_message(self, *_):
        pass


class Web(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, kinds, certificate=None):
        super().__init__(("127.0.0.1", 0), Evil)
        self.kinds, self.is_evil, self.requests = kinds, True, {}
        self.bomb = gzip.compress(bytes(Evil.BOMB), 9) if "bomb" in kinds else b""
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass
