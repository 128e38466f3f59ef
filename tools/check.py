#!/usr/bin/python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""check.py [--only STEP,…] [--bot NAME] - runs all checks; the last line counts them.

Each step is a function that returns (passed, failed, skipped), or raises Skip with what is not there
yet. Whole output of a step: build/check/<step>.log; shown are its outcome and, if it fails, the end
of that log. With --bot: only the golden tests whose path contains NAME. FUZZ_SECONDS: for each fuzz
target (default 5).
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build/check"
CONFORMANCE = ROOT / "../shared/conformance"
JOBS = max(1, os.cpu_count() or 1)
SHOWN = 60  # lines of the log of a failed step

ENVIRONMENT = {
    **os.environ,
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "LC_ALL": "C.UTF-8",
}


class Skip(Exception):
    """The step has nothing to work on; the text says why."""


def run(name, command, timeout, **variables):
    """Runs a command into build/check/<name>.log; its exit code (None: too slow) and its output."""
    log = LOGS / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        try:
            code = subprocess.run(
                [str(word) for word in command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=timeout,
                env={**ENVIRONMENT, **variables},
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = None
            out.write(f"\nstopped after {timeout} s\n".encode())
        except OSError as error:  # the program was not built
            code = None
            out.write(f"{error}\n".encode())
    return code, log.read_text(encoding="utf-8", errors="replace")


def show_end(output):
    lines = output.rstrip("\n").split("\n")[-SHOWN:]
    print("\n".join("      " + line[:400] for line in lines))


def counted(name, command, timeout, **variables):
    """The counts of a command that ends with `N passed, N failed`; a crash counts as a failure."""
    code, output = run(name, command, timeout, **variables)
    lines = re.findall(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", output)
    passed, failed, skipped = (int(n or 0) for n in lines[-1]) if lines else (0, 0, 0)
    if code != 0 and failed == 0:
        failed = 1
    if not lines and code == 0:
        failed = 1
        output += "\nno line `N passed, N failed` at the end\n"
    if failed:
        show_end(output)
    return passed, failed, skipped


def build(name, preset, *targets):
    code, output = run(name, ["tools/build", preset, *targets], 3600)
    if code == 0:
        return 1, 0, 0
    show_end("\n".join(l for l in output.split("\n") if not l.startswith(("[", "/usr/bin/ccache"))))
    return 0, 1, 0


def unit_tests(name, preset):
    """ctest, counting the test functions inside the programs."""
    if not list((ROOT / f"build/{preset}").glob("CTestTestfile.cmake")):
        raise Skip(f"no tests in build/{preset}")
    command = ["ctest", "--test-dir", f"build/{preset}", "-j", JOBS, "-V", "--timeout", 300]
    _, output = run(name, command, 1800)
    passed = failed = skipped = 0
    ends = re.finditer(r"^ *\d+/\d+ Test +#(\d+): (\S+) \.*(.*)$", output, re.M)
    for number, test, outcome in (m.groups() for m in ends):
        own = "\n".join(re.findall(rf"^{number}: (.*)$", output, re.M))
        bad = sum(map(int, re.findall(r"^\[  FAILED  \] (\d+) test", own, re.M)))
        if " Passed" not in outcome:
            bad = max(bad, 1)
            print(f"      {test}:{outcome.rstrip()}")
            show_end("\n".join(l for l in own.split("\n") if not re.match(r"\[( RUN |  +OK )", l)))
        passed += len(re.findall(r"^\[ +OK \]", own, re.M))
        skipped += len(re.findall(r"^\[  SKIPPED \] [^\d]", own, re.M))
        failed += bad
    if passed + failed == 0:
        raise Skip("no tests")
    return passed, failed, skipped


def has_command(word):
    """Whether the program knows the command, as far as its sources tell."""
    program = ROOT / "build/asan/intelmq"
    sources = [p for f in ("cli", "worker") for p in (ROOT / f).glob("*.c")]
    row = re.compile(rf'{{\s*"{word}",')  # of the table of commands
    if not any(row.search(p.read_text(encoding="utf-8")) for p in sources):
        raise Skip(f"there is no `intelmq {word}` yet")
    return program


def lint(_):
    return counted("lint", ["tools/lint.py"], 120)


def build_asan(options):
    return build("build", "asan", *(["intelmq"] if options.bot else []))


def unit(_):
    return unit_tests("unit", "asan")


def golden(options):
    tests = sorted(ROOT.glob("bots/*/*/*.t"))
    paths = ["bots/"]
    if options.bot:
        paths = [p.relative_to(ROOT) for p in tests if options.bot in str(p.relative_to(ROOT))]
    if not tests or not paths:
        raise Skip("there is no such test in bots/")
    return counted("golden", [has_command("test"), "test", *paths], 900)


def conformance(_):
    """What differs on purpose is counted per module in tests/differences.json and explained in docs/differences.md."""
    if not CONFORMANCE.is_dir():
        raise Skip("there is no ../shared/conformance")
    report = LOGS / "conformance.json"
    run("conformance", [has_command("conformance"), "conformance", "--report", report, CONFORMANCE], 900)
    known = json.loads((ROOT / "tests/differences.json").read_text(encoding="utf-8"))
    passed = failed = skipped = 0
    for name, counts in [i for part in json.loads(report.read_text(encoding="utf-8")).values() for i in part.items()]:
        wrong = counts["failed"] + counts.get("checks", {}).get("failed", 0)
        accepted = min(wrong, known.get(name, 0))
        if wrong != known.get(name, 0):
            print(f"      {name}: {wrong} differ, tests/differences.json has {known.get(name, 0)}")
        passed += counts["passed"] + counts.get("checks", {}).get("passed", 0)
        failed += wrong - accepted
        skipped += accepted + counts.get("skipped", 0) + counts.get("not_built", 0)
    return passed, failed, skipped


def suites(_):
    """Every executable tests/<name>/run; it finds the build in $BUILD."""
    programs = [p for p in sorted(ROOT.glob("tests/*/run")) if os.access(p, os.X_OK)]
    if not programs:
        raise Skip("there is no tests/*/run")
    total = [0, 0, 0]
    for program in programs:
        name = program.parent.name
        counts = counted(f"suites-{name}", [program], 900, BUILD=str(ROOT / "build/asan"))
        print(f"      {name}: {counts[0]} passed, {counts[1]} failed")
        total = [a + b for a, b in zip(total, counts)]
    return tuple(total)


def valgrind(_):
    """What changes stacks, once more under valgrind, which sees what sanitizers do not: values that were never set."""
    programs = ["lib_coroutine_test", "engine_flight_test", "tests_lookups_test"]
    passed, failed, skipped = build("valgrind", "debug", *programs)
    if failed:
        return passed, failed, skipped
    for program in programs:
        command = ["valgrind", "-q", "--error-exitcode=9", f"build/debug/tests/{program}"]
        code, output = run(f"valgrind-{program}", command, 600, VALGRIND="1")
        passed += len(re.findall(r"^\[ +OK \]", output, re.M))
        failed += code != 0
        if code != 0:
            show_end(output)
    return passed, failed, skipped


def build_clang(_):
    return build("clang", "fuzz")


def unit_clang(_):
    counts = build("unit-clang", "asan-clang")
    return tuple(a + b for a, b in zip(counts, unit_tests("unit-clang", "asan-clang")))


def fuzz(_):
    """Every target for some seconds, from its seeds."""
    targets = sorted((ROOT / "build/fuzz/fuzz").glob("*_fuzz"))
    targets = [t for t in targets if (ROOT / f"fuzz/{t.name}.c").exists()]
    if not list(ROOT.glob("fuzz/*_fuzz.c")):
        raise Skip("there is no fuzz/*_fuzz.c")
    seconds = int(os.environ.get("FUZZ_SECONDS", "5"))

    def fuzz_one(target):
        found = ROOT / "build/fuzz/found" / target.name
        found.mkdir(parents=True, exist_ok=True)
        seeds = ROOT / "fuzz/corpus" / target.name.removesuffix("_fuzz")
        limits = ["-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1"]
        command = [target, *limits, f"-max_total_time={seconds}", f"-artifact_prefix={found}/", found]
        command += [seeds] if seeds.is_dir() else []
        return target.name, run(f"fuzz-{target.name}", command, seconds + 120)

    missing = len(list(ROOT.glob("fuzz/*_fuzz.c"))) - len(targets)
    passed, failed = 0, missing
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, (code, output) in pool.map(fuzz_one, targets):
            executed = re.search(r"number_of_executed_units: (\d+)", output)
            print(f"      {name}: {executed[1] if executed else 'no'} runs")
            passed += code == 0
            failed += code != 0
            if code != 0:
                show_end(output)
    return passed, failed, 0


STEPS = {
    "lint": lint,
    "build": build_asan,
    "unit": unit,
    "golden": golden,
    "conformance": conformance,
    "valgrind": valgrind,
    "suites": suites,
    "clang": build_clang,
    "fuzz": fuzz,
}
MORE_STEPS = {"unit-clang": unit_clang}  # on request


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="steps: " + " ".join([*STEPS, *MORE_STEPS]))
    parser.add_argument("--bot", help="golden tests of the bots whose path contains this")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(STEPS)
    if options.bot:
        names = ["build", "golden"]
    elif names == ["unit"]:
        names = ["build", "unit"]
    total, skipped_steps = [0, 0, 0], []
    for name in names:
        began = time.monotonic()
        print(f"==    {name} …", flush=True)
        try:
            counts = {**STEPS, **MORE_STEPS}[name](options)
        except Skip as skip:
            print(f"skip  {name}: skipped: {skip}", flush=True)
            skipped_steps.append(name)
            continue
        total = [a + b for a, b in zip(total, counts)]
        outcome = f"{counts[0]} passed, {counts[1]} failed" + (f", {counts[2]} skipped" if counts[2] else "")
        seconds = time.monotonic() - began
        print(f"{'FAIL' if counts[1] else 'ok'}  {name}: {outcome} ({seconds:.0f} s)", flush=True)
    if skipped_steps:
        print("steps without anything to run:", " ".join(skipped_steps))
    skipped = f", {total[2]} skipped" if total[2] else ""
    print(f"{total[0]} passed, {total[1]} failed{skipped}")
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main())
