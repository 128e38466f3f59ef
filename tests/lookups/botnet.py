# SPDX-License-Identifier: AGPL-3.0-or-later
"""A botnet of the suite of look-ups, and the accounting of what goes through it."""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build/release")).resolve()
BIN = BUILD / "bin"
NUMBER = re.compile(rb'"extra\.number": "?(\d+)')


def wait_until(what, seconds=30):
    """Until what() is true; its value. It may be false in the end."""
    limit = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > limit:
            return value
        time.sleep(0.02)


class Botnet:
    def __init__(self, root, text):
        """text: of runtime.yaml."""
        self.root = root
        self.environment = {**os.environ, "INTELMQ_ROOT_DIR": str(root)}
        self.events = root / "var/lib/bots/events.txt"
        self.rows = 0
        for folder in ("etc", "feed", "var/log", "var/run", "var/lib/bots"):
            (root / folder).mkdir(parents=True)
        (root / "etc/runtime.yaml").write_text(text.replace("@ROOT@", str(root)), encoding="utf-8")
        shutil.copy(ROOT / "etc/harmonization.conf", root / "etc")

    def feed(self, rows, names):
        """A file with rows that are numbered through; so many names in it."""
        lines = []
        for i in range(self.rows, self.rows + rows):
            lines.append("host%d.example.net,%d,c2-server,2026-01-02T03:04:%02d+00:00" % (i % names, i, i % 60))
        hidden = self.root / ("feed/%08d.tmp" % self.rows)
        hidden.write_text("\n".join(lines) + "\n", encoding="ascii")
        hidden.rename(hidden.with_suffix(".csv"))
        self.rows += rows

    def start(self, *options):
        subprocess.run([BIN / "intelmqd", "--background", "--crash-limit", "0", *options], env=self.environment,
                       check=True, stdout=subprocess.DEVNULL)

    def ask(self, command, *bots, timeout=60):
        request = {"command": command, **({"bots": list(bots)} if bots else {})}
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(str(self.root / "var/run/intelmqd.sock"))
            s.sendall(json.dumps(request).encode() + b"\n")
            with s.makefile() as answer:
                return json.loads(answer.readline())

    def bot(self, name):
        return self.ask("status")["bots"][name]

    def ctl(self, *words):
        return subprocess.run([BIN / "intelmqctl", *words], env=self.environment, capture_output=True, text=True, check=False,
                              timeout=60)

    def pid(self, name):
        try:
            return int((self.root / "var/run" / f"{name}.pid").read_text())
        except (OSError, ValueError):
            return None

    def kill(self, name):
        try:
            os.kill(self.pid(name), signal.SIGKILL)
            return True
        except (ProcessLookupError, TypeError):
            return False

    def queues(self):
        """By queue: messages that wait, and those that its bot works on; None if the broker is just away."""
        run = self.ctl("--type", "json", "list", "queues")
        if run.returncode != 0:
            return None
        return {v["source_queue"][0]: (v["source_queue"][1], v.get("internal_queue", 0))
                for v in json.loads(run.stdout).values() if "source_queue" in v}

    def messages(self):
        queues = self.queues()
        return None if queues is None else sum(map(sum, queues.values()))

    def lines(self):
        return self.events.read_bytes().count(b"\n") if self.events.exists() else 0

    def log(self, bot):
        path = self.root / f"var/log/{bot}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def dumps(self):
        return sorted(path.name for path in (self.root / "var/log").glob("*.dump"))

    def drain(self, seconds=60):
        """Whether everything that was fed goes through, and the queues are empty then."""
        wait_until(lambda: self.lines() >= self.rows, seconds)
        return wait_until(lambda: self.messages() == 0 and self.lines() >= self.rows and
                          not any((self.root / "feed").glob("*.csv")), 10)

    def account(self, nameless=0):
        """What is wrong with the events in the file: a list of sentences. So many may be without AS."""
        found = collections.Counter()
        lacking = collections.Counter()
        for line in self.events.read_bytes().splitlines() if self.events.exists() else []:
            match = NUMBER.search(line)
            found[int(match[1]) if match else -1] += 1
            for field in (b'"source.ip"', b'"source.asn"', b'"source.as_name"'):
                lacking[field.decode()] += field not in line
        lost = [i for i in range(self.rows) if not found[i]]
        twice = [i for i in found if found[i] > 1]
        foreign = [i for i in found if not 0 <= i < self.rows]
        wrong = [(len(lost), "lost, first %s" % lost[:3]), (len(twice), "doubled, first %s" % twice[:3]),
                 (len(foreign), "unknown")] + [
            (n, "without " + field) for field, n in lacking.items() if "as" not in field or n > nameless]
        return ["%d events %s" % (n, text) for n, text in wrong if n] + ["dumped: " + name for name in self.dumps()]

    def end(self):
        pid = self.pid("intelmqd")
        if not pid:
            return
        os.kill(pid, signal.SIGTERM)
        if not wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 20):
            os.kill(pid, signal.SIGKILL)
