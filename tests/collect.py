"""Runs the tests of one build folder through `meson test` and counts what they print.

collect.py BUILD [--log NAME] [--suite S]... [--no-suite S]... [--filter F] [--build-only|--count-only]

A test program counts as many tests as it says: doctest's summary line, or a last line "N passed, N
failed, N skipped"; a program that says neither is one test. A line that starts with "[skip] " marks one
doctest case as skipped at run time (tests/support/skip.hpp). A program that crashed, hung or left with an
error after its summary counts one failure more than it reported. The last line printed is "N passed, N
failed, N skipped".

--filter takes the programs below tests/F (or examples), of suite F, or with F in their name, and builds
just these. --count-only reads the log of an earlier run.
"""

import argparse
import json
import os
import re
import subprocess
import sys

DOCTEST = re.compile(
    r"^\[doctest\] test cases:\s*(\d+)\s*\|\s*(\d+) passed\s*\|\s*(\d+) failed\s*\|\s*(\d+) skipped", re.M
)
TOTALS = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TAIL = 40


def introspect(build, what):
    text = subprocess.run(
        ["meson", "introspect", build, "--" + what], check=True, capture_output=True, text=True
    ).stdout
    return json.loads(text)


def matches(test, build, wanted):
    if wanted is None:
        return True
    folders = [os.path.relpath(part, build) for part in test["cmd"] if part.startswith(build + "/")]
    return (
        any((folder + "/").startswith((f"tests/{wanted}/", f"{wanted}/")) for folder in folders)
        or any(suite.split(":")[-1] == wanted for suite in test["suite"])
        or wanted in test["name"]
    )


def select(args):
    def has(test, suites):
        return any(suite.split(":")[-1] in suites for suite in test["suite"])

    return [
        test
        for test in introspect(args.build, "tests")
        if matches(test, args.build, args.filter)
        and (not args.suite or has(test, args.suite))
        and not has(test, args.no_suite)
    ]


def make(args, tests):
    """Builds what the tests need, and nothing else."""
    files = {target["id"]: target["filename"] for target in introspect(args.build, "targets")}
    wanted = {
        os.path.relpath(name, args.build)
        for test in tests
        for target in test["depends"]
        for name in files.get(target, [])
    }
    if wanted:
        subprocess.run(["ninja", "-C", args.build, *sorted(wanted)], check=True, stdout=subprocess.DEVNULL)


def count(entry):
    """(passed, failed, skipped) of one program."""
    out = COLOUR.sub("", entry.get("stdout", ""))
    good = entry["result"] in ("OK", "SKIP", "EXPECTEDFAIL")
    found = DOCTEST.findall(out)
    if found:
        ran = sum(int(row[0]) for row in found)
        failed = sum(int(row[2]) for row in found)
        late = min(len(re.findall(r"^\[skip\] ", out, re.M)), ran - failed)
        skipped = late + sum(int(row[3]) for row in found)
        passed = ran - failed - late
        if ran + skipped == 0:
            return 0, 1, 0  # a program without a test in it
    else:
        lines = out.strip().splitlines()
        total = TOTALS.match(lines[-1].strip()) if lines else None
        if total is None:
            return (0, 0, 1) if entry["result"] == "SKIP" else (int(good), int(not good), 0)
        passed, failed, skipped = map(int, total.groups())
    if not good and failed == 0:
        failed = 1
    return passed, failed, skipped


def report(entry):
    print(f"--- {entry['name']}: {entry['result']} (exit {entry.get('returncode')})")
    for stream in ("stdout", "stderr"):
        lines = COLOUR.sub("", entry.get(stream) or "").rstrip().splitlines()
        if len(lines) > TAIL:
            print(f"    ... {len(lines) - TAIL} lines of {stream} before")
        for line in lines[-TAIL:]:
            print("    " + line)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--log", default="testlog")
    parser.add_argument("--suite", action="append", default=[])
    parser.add_argument("--no-suite", action="append", default=[])
    parser.add_argument("--filter")
    parser.add_argument("--timeout-multiplier", default="1")
    parser.add_argument("--build-only", action="store_true")
    parser.add_argument("--count-only", action="store_true")
    args = parser.parse_args()
    args.build = os.path.realpath(args.build)

    tests = select(args)
    if not tests:
        print("0 passed, 0 failed, 0 skipped")
        return 0
    if args.build_only or (args.filter is not None and not args.count_only):
        make(args, tests)
        if args.build_only:
            return 0

    log = f"{args.build}/meson-logs/{args.log}.json"
    names = {test["name"] for test in tests}
    if not args.count_only:
        if os.path.exists(log):
            os.remove(log)
        command = ["meson", "test", "-C", args.build, "--no-rebuild", "--logbase", args.log]
        command += ["--timeout-multiplier", args.timeout_multiplier, *sorted(names)]
        with open(f"{args.build}/meson-logs/{args.log}.out", "w", encoding="utf-8") as out:
            subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    passed = failed = skipped = 0
    entries = []
    if os.path.exists(log):
        with open(log, encoding="utf-8", errors="replace") as lines:
            entries = [json.loads(line) for line in lines]
    seen = set()
    for entry in entries:
        # "suite / name", or the name alone where there is one suite
        name = entry["name"].rpartition(" / ")[2]
        if name not in names:
            continue
        seen.add(name)
        row = count(entry)
        passed, failed, skipped = passed + row[0], failed + row[1], skipped + row[2]
        if not args.count_only:
            if row[1]:
                report(entry)
            for line in re.findall(r"^\[skip\] .*", COLOUR.sub("", entry.get("stdout", "")), re.M):
                print("    " + line)
    for name in sorted(names - seen):
        failed += 1
        print(f"--- {name}: meson test did not run it")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
