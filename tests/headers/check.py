"""check.py ROOT COMPILER...: compiles each header below ROOT/include and ROOT/lib alone.

Twice in one translation unit, so that a missing include guard shows; with warnings as errors, as in the
strictest user's build. Neither libbson nor liburing may come in with a public header.
"""

import concurrent.futures
import os
import subprocess
import sys
import tempfile

root, compiler = os.path.abspath(sys.argv[1]), sys.argv[2:]
flags = "-std=c++20 -Wall -Wextra -Wpedantic -Werror -Wnon-virtual-dtor -fsyntax-only -MD".split()
foreign = ("liburing.h", "/bson/bson.h", "/liburing/")


def bson_flags():
    """Where libbson is: private headers may include it."""
    for name in ("bson2", "libbson-1.0"):
        run = subprocess.run(["pkg-config", "--cflags", name], capture_output=True, text=True)
        if run.returncode == 0:
            return run.stdout.split()
    return []


def check(folder, header, scratch):
    public = folder == "include"
    name = os.path.relpath(header, os.path.join(root, folder))
    stem = os.path.join(scratch, folder + "_" + name.replace("/", "_"))
    with open(stem + ".cpp", "w", encoding="ascii") as source:
        source.write(f"#include <{name}>\n#include <{name}>\n")
    paths = ["-I" + os.path.join(root, "include")]
    if not public:
        paths += ["-I" + os.path.join(root, "lib"), *bson_flags()]
    run = subprocess.run(
        [*compiler, *flags, "-MF", stem + ".d", *paths, stem + ".cpp"], capture_output=True, text=True
    )
    if run.returncode != 0:
        return name, run.stderr
    with open(stem + ".d", encoding="utf-8") as dependencies:
        found = [word for word in dependencies.read().split() if any(part in word for part in foreign)]
    return name, f"a public header includes {found[0]}\n" if public and found else ""


headers = sorted(
    (start, os.path.join(folder, file))
    for start in ("include", "lib")
    for folder, _, files in os.walk(os.path.join(root, start))
    for file in files
    if file.endswith(".hpp")
)
passed = failed = 0
with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    for name, text in pool.map(lambda header: check(*header, scratch), headers):
        if text:
            failed += 1
            print(f"not ok {name}\n{text}", end="")
        else:
            passed += 1
            print(f"ok {name}")
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed != 0)
