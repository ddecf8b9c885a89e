#!/bin/sh
# Builds the benchmark in its own folder, release mode, and runs it; every argument goes to run.py, for
# example: ./bench/run.sh --quick --tasks ping,find_one
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
build=${BENCH_BUILD:-$root/build-bench}

if [ -x "$root/tests/setup.sh" ]; then
    "$root/tests/setup.sh"
fi
for tool in meson ninja pkg-config python3; do
    if ! command -v "$tool" >/dev/null 2>&1; then
        echo "bench/run.sh: $tool is missing: apt-get install g++ meson ninja-build pkg-config" \
            "python3 libbson-dev liburing-dev" >&2
        exit 1
    fi
done
for tool in valgrind strace; do
    command -v "$tool" >/dev/null 2>&1 ||
        echo "bench/run.sh: without $tool some columns are n/a: apt-get install $tool" >&2
done
pkg-config --exists libmongoc-1.0 ||
    echo "bench/run.sh: no libmongoc to compare with: apt-get install libmongoc-dev" >&2

if [ ! -f "$build/build.ninja" ]; then
    meson setup "$build" "$root" --buildtype=release -Db_ndebug=true -Dtests=disabled \
        -Dexamples=disabled >/dev/null
fi
# Only what stands in bench/, and quietly: the table is what is asked for.
ninja -C "$build" --quiet bench/all
exec python3 "$root/bench/run.py" --build "$build" --build-type release "$@"
