#!/usr/bin/env python3
"""Compiles one case twice: as it is, which must succeed, and with SHOULD_FAIL, which must not.

The compiler has to say the text of the case's first line (`// expect: ...`): a case that fails for
another reason, a typing error for one, is no test.

usage: check.py CASE.cpp INCLUDE_DIR COMPILER [ARGUMENTS...]
"""
import re
import subprocess
import sys


def main() -> int:
    case, include, *compiler = sys.argv[1:]
    with open(case, encoding="utf-8") as source:
        expected = source.readline().removeprefix("// expect:").strip()
    if not expected:
        print(f"{case}: the first line says nothing to expect")
        return 1
    command = [*compiler, "-std=c++20", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", include]
    good = subprocess.run([*command, case], capture_output=True, text=True)
    if good.returncode != 0:
        print(f"{case} should compile without SHOULD_FAIL:\n{good.stderr}")
        return 1
    bad = subprocess.run([*command, "-DSHOULD_FAIL", case], capture_output=True, text=True)
    if bad.returncode == 0:
        print(f"{case} compiles, and should not")
        return 1
    if expected not in re.sub(r"\s+", " ", bad.stderr):
        print(f"{case} fails without saying {expected!r}:\n{bad.stderr}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
