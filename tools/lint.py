#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""lint.py [NAME…] - the house style, as far as a program can see it.

Each check is a function that yields problems, "file:line: text"; its first line of documentation is
shown. It may return a sentence with what it measured, or raise Skip. All checks, or those named, run;
the last line counts them.
"""
import collections
import concurrent.futures
import hashlib
import json
import re
import statistics
import subprocess
import sys

from csource import ABOVE, LAYERS, ROOT, bots, layer_files, sources

FUNCTION_MEDIAN, FUNCTION_P95, FUNCTION_MAX = 15, 60, 100
FILE_MAX, HEADER_MAX, BOT_MAX = 1000, 300, 400
DUPLICATION_WINDOW, DUPLICATION_MAX = 6, 2.0

LIBC = set(
    "assert ctype errno fcntl float inttypes limits math poll signal stdarg stdatomic stdbool stddef "
    "stdint stdio stdlib string strings time unistd glob fnmatch dirent sys/stat sys/types sys/wait "
    "sys/socket sys/un sys/file sys/mman sys/time arpa/inet netinet/in".split()
)

BANNED_EVERYWHERE = "strcpy strcat sprintf vsprintf strtok gets scanf alloca rand system popen"
BANNED_OUTSIDE_LIB = (
    "strtok_r atoi atol atoll atof strtol strtoll strtoul strtoull strtod sscanf fscanf gmtime "
    "gmtime_r localtime localtime_r mktime timegm strftime strptime asctime ctime setlocale isalpha "
    "isdigit isalnum isspace isupper islower isxdigit ispunct tolower toupper strcasecmp strncasecmp"
)
BANNED_IN_BOTS = "malloc calloc realloc free strdup strndup asprintf exit abort fork"

LIFECYCLE = "create destroy alloc release cleanup dispose deinit delete clone teardown"
LIFECYCLE_KNOWN = {"arena_alloc", "broker_release"}  # the one allocator; the brokers' own word


class Skip(Exception):
    """Nothing to check yet; the text says what is missing."""


def layers():
    """Includes point to the same or an earlier layer; bots see include/intelmq and libc only."""
    order = {name: i for i, name in enumerate(LAYERS + ABOVE)}
    implemented = header_layers(order)
    for s in sources():
        if s.is_test or s.folder in ("tests", "fuzz", "bench", "examples") or s.name == "worker/main.c":
            continue  # main() knows all commands
        here = implemented.get(s.name, -1) if s.folder == "include" else order.get(s.folder)
        for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+([<"])([^>"]+)', s.uncommented, re.M):
            where = f"{s.name}:{s.line_of(m.start())}"
            if s.folder == "bots":
                yield from bot_include(s, where, m[1], m[2])
                continue
            path = m[2] if "/" in m[2] or m[1] == "<" else f"{s.folder}/{m[2]}"
            path = "include/" + path if path.startswith("intelmq/") else path
            there = implemented.get(path, order.get(path.split("/")[0], -1))
            if s.folder == "include" and m[1] == '"':
                yield f"{where}: a public header includes a private one, {m[2]}"
            elif here is not None and here >= 0 and there > here:
                yield f"{where}: {s.folder} includes a later layer, {m[2]}"


def header_layers(order):
    """The layer of each public header: the first that has <name>.c or <name>_*.c."""
    found = {}
    for s in sources():
        if s.folder == "include":
            stem = s.path.stem
            for pattern in (f"{stem}.c", f"{stem}_*.c"):
                hits = [i for n, i in order.items() if list((ROOT / n).glob(pattern))]
                if hits:
                    found[s.name] = hits[0]
                    break
    return found


def bot_include(s, where, bracket, name):
    needs = re.search(r"/\* needs: ", s.text[:1000])
    if bracket == '"':
        yield f"{where}: a bot includes <intelmq/…> only, not {name}"
    elif not name.startswith("intelmq/") and name.removesuffix(".h") not in LIBC and not needs:
        yield f"{where}: {name} is neither libc nor of a library that a `/* needs: … */` line names"


def banned():
    """Functions that are unsafe, depend on the locale, or belong to another layer."""
    for s in sources():
        if s.is_test or s.folder in ("tests", "fuzz", "bench", "examples"):
            continue
        names = BANNED_EVERYWHERE
        if s.folder != "lib":
            names += " " + BANNED_OUTSIDE_LIB
        if s.folder == "bots":
            names += " " + BANNED_IN_BOTS
        pattern = re.compile(rf"(?<![\w.>])({'|'.join(names.split())})\s*\(")
        for m in pattern.finditer(s.code):
            line = s.line_of(m.start())
            if "/* allowed: " not in s.lines[line - 1]:
                yield f"{s.name}:{line}: {m[1]}() is not used here"


def sizes():
    """Lengths of functions and files."""
    lengths = []
    for s in sources():
        n = len(s.lines) - 1
        limit = BOT_MAX if s.folder == "bots" else HEADER_MAX if s.path.suffix == ".h" else FILE_MAX
        if n > limit and "/* long: " not in s.text[:2000]:
            yield f"{s.name}:1: {n} lines, {limit} are the limit"
        for name, line, length, _ in s.functions:
            if not s.is_test:
                lengths.append(length)
            comment = "\n".join(s.lines[max(0, line - 4) : line + 2])
            if length > FUNCTION_MAX and "/* long: " not in comment:
                yield f"{s.name}:{line}: {name} has {length} lines; say why with `/* long: … */`"
    if len(lengths) < 2:
        return "no functions yet"
    median, p95 = statistics.median(lengths), statistics.quantiles(lengths, n=20)[-1]
    if median > FUNCTION_MEDIAN or p95 > FUNCTION_P95:
        yield f"functions: median {median:g}, p95 {p95:g}; {FUNCTION_MEDIAN}, {FUNCTION_P95} are the limits"
    return f"{len(lengths)} functions, median {median:g}, p95 {p95:g}, longest {max(lengths)}"


def symbols():
    """A bot's symbol is its path, its .module is its own and of its kind."""
    seen = {}
    for s in bots():
        parts = s.name.removesuffix(".c").split("/")[1:]
        symbol = "_".join(parts)
        if not re.search(rf"^const struct bot_type {symbol} = ", s.code, re.M):
            yield f"{s.name}:1: does not define `const struct bot_type {symbol} = `"
        modules = re.findall(r'\.module\s*=\s*"([^"]*)"', s.uncommented)
        for module in modules:
            if not module.startswith(f"intelmq.bots.{parts[0]}."):
                yield f"{s.name}:1: .module {module} is not below intelmq.bots.{parts[0]}"
            if module in seen:
                yield f"{s.name}:1: .module {module} is also that of {seen[module]}"
            seen[module] = s.name
        if len(modules) != 1:
            yield f"{s.name}:1: {len(modules)} lines .module, one is right"
    return f"{len(seen)} bots"


PARAM_ROW = re.compile(r"\b(STR|INT|FLOAT|BOOL|TIME|SIZE|LIST|MAP|PATH|SECRET|VALUE|CHOICE)(_AS)?\(")


def arguments(text, start):
    """The arguments of a call whose first one begins at `start`."""
    depth, found, begin = 0, [], start
    for m in re.compile(r'"(?:\\.|[^"\\])*"|[(){}\[\],]').finditer(text, start):
        if m[0] in "([{":
            depth += 1
        elif m[0] in ")]}" and depth:
            depth -= 1
        elif depth == 0 and m[0] in ",)":
            found.append(text[begin : m.start()])
            begin = m.end()
            if m[0] == ")":
                break
    return found


def texts():
    """Summaries and helps are there, begin with a capital and end with a full stop."""
    for s in sources():
        if s.folder not in LAYERS + ["bots"] or not s.name.endswith(".c") or s.is_test:
            continue
        wanted = []
        for m in PARAM_ROW.finditer(s.uncommented):
            given = arguments(s.uncommented, m.end())
            at = 1 + (m[2] is not None) + (m[1] == "CHOICE")
            wanted.append((m, given[0], given[at] if at < len(given) else ""))
        if s.folder == "bots":
            m = re.search(r"\.summary\s*=", s.uncommented)
            if not m:
                yield f"{s.name}:1: no .summary"
            else:
                wanted.append((m, ".summary", arguments(s.uncommented + ")", m.end())[0]))
        for m, name, literals in wanted:
            text = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', literals))
            if not re.match(r"[A-Z0-9`\\].*\.$", text, re.S):
                yield f'{s.name}:{s.line_of(m.start())}: {name}: "{text}" is no sentence'


def golden():
    """Each bot has a golden test beside it."""
    for s in bots():
        if not list(s.path.parent.glob(f"{s.path.stem}.*.t")):
            yield f"{s.name}:1: no {s.path.stem}.<what-it-shows>.t beside it"


def fields():
    """Fields that bots name exist in harmonization.conf."""
    path = ROOT / "etc/harmonization.conf"
    if not path.exists():
        raise Skip("no etc/harmonization.conf")
    known = json.loads(path.read_text(encoding="utf-8"))
    known = set(known["event"]) | set(known.get("report", {}))
    call = r"\bevent_(?:set|set_value|replace|try|offer|text|get|has|del)\(\s*[^,()]+,\s*"
    patterns = [re.compile(rf'{call}"([^"]+)"'), re.compile(r'\.field\s*=\s*"([^"]+)"')]
    table = re.compile(r"\bstruct map \w+\[\] = \{(.*?)^\s*\};", re.S | re.M)
    row = re.compile(r'\{\s*(?:NULL|0|"[^"]*")\s*,\s*"([^"]+)"')
    for s in bots():
        hits = [m for p in patterns for m in p.finditer(s.uncommented)]
        hits = [(s.line_of(m.start()), m[1]) for m in hits]
        for t in table.finditer(s.uncommented):
            hits += [(s.line_of(t.start(1) + m.start()), m[1]) for m in row.finditer(t[1])]
        for line, field in hits:
            if field not in known and not re.match(r"extra(\.|$)", field):
                yield f"{s.name}:{line}: no field {field} in harmonization.conf"


def lifecycle():
    """Life begins and ends with _new/_free, _init/_fini, _open/_close; _get, _dup, _take."""
    pattern = re.compile(rf"\b(\w+_(?:{LIFECYCLE.replace(' ', '|')}))\s*\(")
    for s in layer_files() + bots():
        named = [(m[1], s.line_of(m.start())) for m in pattern.finditer(s.code)] if s.folder == "include" else []
        named += [(n, line) for n, line, _, _ in s.functions if pattern.match(n + "(")]
        for name, line in named:
            if name not in LIFECYCLE_KNOWN:
                yield f"{s.name}:{line}: {name}: not one of the lifecycle words"


def spdx():
    """Each file names its licence in its first lines."""
    scripts = [p for f in ("tools", "cmake") for p in (ROOT / f).glob("*") if p.is_file()]
    scripts += [ROOT / n for n in ("CMakeLists.txt", "Makefile", "check", "demo")]
    for name, text in [(s.name, s.text) for s in sources()] + [
        (str(p.relative_to(ROOT)), p.read_text(encoding="utf-8")) for p in scripts if p.exists()
    ]:
        if "SPDX-License-Identifier: AGPL-3.0-or-later" not in "\n".join(text.split("\n")[:2]):
            yield f"{name}:1: no SPDX line"


def headers():
    """A header begins with `name.h - what it is`."""
    for s in sources():
        if s.path.suffix == ".h" and f" * {s.path.name} - " not in "\n".join(s.lines[:4]):
            yield f"{s.name}:2: no comment `{s.path.name} - …` at the top"


def unused():
    """What a private header offers is used somewhere else."""
    defined = {}
    for s in layer_files((".c",)):
        for name, line, _, static in s.functions:
            if not static and name != "main":
                defined.setdefault(name, (s, line))
    words = collections.defaultdict(set)
    for s in sources():
        for word in set(re.findall(r"\w+", s.code)):
            words[word].add(s.name)
    hooks = {"LLVMFuzzerTestOneInput", "__lsan_is_turned_off"}  # the sanitizers call them
    for name, (s, line) in sorted(defined.items()):
        users = {u for u in words[name] if u != s.name and (not u.endswith(".h") or u.startswith("tests/"))}
        public = any(u.startswith("include/") for u in words[name])
        called = any(len(re.findall(rf"\b{name}\b", h.code)) > 1 for h in sources() if h.name.endswith(".h"))
        if not users and not public and not called and name not in hooks:
            yield f"{s.name}:{line}: {name} is used nowhere else: make it static, or remove it"


def pages():
    """Functions and files that the guides name exist."""
    guides = sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md"))
    if not guides:
        raise Skip("no guides")
    by_name = {s.name: s for s in sources()}
    tops = "|".join(LAYERS + ABOVE + ["include", "bots", "tools", "docs", "fuzz", "tests"])
    for page in guides:
        for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
            where = f"{page.relative_to(ROOT)}:{number}"
            for m in re.finditer(rf"`((?:{tops})/[\w./-]+\w)(?::(\w+))?[^`]*`", line):
                if not (ROOT / m[1]).exists():
                    yield f"{where}: there is no {m[1]}"
                elif m[2] and not re.search(rf"\b{m[2]}\b", by_name[m[1]].code):
                    yield f"{where}: no {m[2]} in {m[1]}"


def generated():
    """Pages that are generated from the tables are current (`make docs`)."""
    if not (ROOT / "docs/bots.md").exists():
        raise Skip("no docs/bots.md")
    run = subprocess.run([ROOT / "tools/docs", "--check"], capture_output=True, text=True, check=False)
    if run.returncode == 2:
        raise Skip(run.stdout.strip())
    yield from [line for line in run.stdout.split("\n") if line and run.returncode]


def clang_format():
    """clang-format has nothing to change (`make format`)."""
    memory_path = ROOT / "build/lint-format.json"
    style = (ROOT / ".clang-format").read_text(encoding="utf-8")
    memory = json.loads(memory_path.read_text()) if memory_path.exists() else {}
    hashes = {s.name: hashlib.sha256((style + s.text).encode()).hexdigest() for s in sources()}
    changed = [n for n, h in hashes.items() if memory.get(n) != h]

    def formatted(name):
        command = ["clang-format", "--dry-run", "-Werror", name]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            results = list(zip(changed, pool.map(formatted, changed)))
    except FileNotFoundError:
        raise Skip("no clang-format") from None
    bad = {name: run for name, run in results if run.returncode}
    memory_path.parent.mkdir(exist_ok=True)
    memory_path.write_text(json.dumps({n: h for n, h in hashes.items() if n not in bad}))
    for name, run in bad.items():
        line = re.search(r":(\d+):\d+: error", run.stderr)
        yield f"{name}:{line[1] if line else 1}: {run.stderr.count('error: ')} places to format"


def duplication():
    """Bots do not copy each other."""
    windows, total = collections.defaultdict(list), 0
    for s in bots():
        lines = [(i, line.strip()) for i, line in enumerate(s.uncommented.split("\n"), 1)]
        lines = [(i, t) for i, t in lines if len(t) > 3 and not t.startswith("#include")]
        total += len(lines)
        for k in range(len(lines) - DUPLICATION_WINDOW + 1):
            window = lines[k : k + DUPLICATION_WINDOW]
            windows["\n".join(t for _, t in window)].append((s.name, [i for i, _ in window]))
    copied, pairs = set(), collections.Counter()
    for places in windows.values():
        if len(places) > 1:
            copied.update((name, i) for name, lines in places for i in lines)
            pairs[tuple(sorted({name for name, _ in places})[:3])] += 1
    share = 100 * len(copied) / total if total else 0
    if share > DUPLICATION_MAX:
        for names, n in pairs.most_common(10):
            yield f"{names[0]}:1: {n} windows of {DUPLICATION_WINDOW} lines shared with {', '.join(names[1:])}"
    return f"{share:.1f} % of {total} lines"


CHECKS = [layers, banned, sizes, symbols, texts, golden, fields, lifecycle, spdx, headers, unused]
CHECKS += [pages, generated, clang_format, duplication]


def run_check(check):
    """Prints one check's outcome; "passed", "failed" or "skipped"."""
    name = check.__name__.replace("_", "-")
    problems, measured = [], ""
    try:
        steps = check() or iter(())
        while True:
            problems.append(next(steps))
    except StopIteration as stop:
        measured = f" ({stop.value})" if stop.value else ""
    except Skip as skip:
        print(f"skip  {name}: {skip}")
        return "skipped"
    print(f"{'FAIL' if problems else 'ok'}  {name}{measured}: {check.__doc__.splitlines()[0]}")
    for problem in problems[:40]:
        print(f"      {problem}")
    if len(problems) > 40:
        print(f"      … and {len(problems) - 40} more")
    return "failed" if problems else "passed"


def main(names):
    chosen = [c for c in CHECKS if not names or c.__name__.replace("_", "-") in names]
    if names and not chosen:
        print("checks:", " ".join(c.__name__.replace("_", "-") for c in CHECKS))
        return 2
    count = collections.Counter(run_check(c) for c in chosen)
    skipped = f", {count['skipped']} skipped" if count["skipped"] else ""
    print(f"lint: {count['passed']} passed, {count['failed']} failed{skipped}")
    return 1 if count["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
