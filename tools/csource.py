# SPDX-License-Identifier: AGPL-3.0-or-later
"""A small scanner for the C of this project: enough to find functions, calls and strings."""
import functools
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = ["lib", "message", "config", "state", "broker", "net", "engine", "worker"]
ABOVE = ["daemon", "cli", "api"]  # programs on top of the layers

TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"  # comments
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''  # literals
    r"|^[ \t]*#(?:\\\n|[^\n])*",  # preprocessor lines
    re.S | re.M,
)
FUNCTION = re.compile(r"\b([A-Za-z_]\w*)\s*\((?:[^(){};]|\([^(){};]*\))*\)\s*\{")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "do", "else", "_Generic"}


class Source:
    """One file: `text` as written; `code` without comments, literals and preprocessor lines;
    `uncommented` without comments. All three have the same length."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(ROOT))
        self.folder = self.name.split("/")[0]
        self.is_test = self.name.endswith("_test.c")
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.split("\n")
        self.uncommented = TOKEN.sub(lambda m: keep(m, comments_only=True), self.text)
        self.code = TOKEN.sub(keep, self.text)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    @functools.cached_property
    def functions(self):
        """(name, line, number of lines, static) of each definition."""
        found, end = [], 0
        statics = ["static"] + re.findall(r"#define (\w+) [^\n]*\bstatic\b", self.text)
        is_static = re.compile(rf"\b({'|'.join(statics)})\b")
        for m in FUNCTION.finditer(self.code):
            if m.start() < end or m[1] in KEYWORDS:
                continue
            end = block_end(self.code, m.end() - 1)
            start = max(self.code.rfind(c, 0, m.start()) for c in ";}") + 1
            static = is_static.search(self.code, start, m.start()) is not None
            length = self.code.count("\n", m.start(), end) + 1
            found.append((m[1], self.line_of(m.start()), length, static))
        return found


def keep(match, comments_only=False):
    """What the scanner leaves of a token, in the same length: line ends, and the quotes of literals."""
    token = match[0]
    blank = re.sub(r"[^\n]", " ", token)
    if token.startswith("/"):
        return blank
    if comments_only:
        return token
    return blank if token.lstrip().startswith("#") else token[0] + blank[1:-1] + token[0]


def block_end(code, open_brace):
    depth = 0
    for m in re.compile(r"[{}]").finditer(code, open_brace):
        depth += 1 if m[0] == "{" else -1
        if depth == 0:
            return m.end()
    return len(code)


@functools.cache
def sources():
    """All C sources and headers of the project."""
    folders = LAYERS + ABOVE + ["include", "bots", "tests", "fuzz", "bench", "examples"]
    paths = [p for f in folders for p in (ROOT / f).rglob("*.[ch]")]
    return [Source(p) for p in sorted(paths)]


def bots():
    """The sources that each define a bot."""
    return [s for s in sources() if s.folder == "bots" and s.name.endswith(".c") and not s.is_test]


def layer_files(suffixes=(".c", ".h")):
    """Sources of the layers and programs, without tests."""
    return [
        s
        for s in sources()
        if s.folder in LAYERS + ABOVE + ["include"] and s.name.endswith(suffixes) and not s.is_test
    ]
