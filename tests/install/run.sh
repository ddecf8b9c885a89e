#!/usr/bin/env bash
# tests/install/run.sh BUILD COMPILER: installs a build folder and builds a program from what it installed,
# with what pkg-config says. The last line is "N passed, N failed, N skipped".
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
build=$1 compiler=$2
passed=0 failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

check() {
    local name=$1
    shift
    if "$@" >"$scratch/log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'not ok %s\n' "$name"
        tail -n 30 "$scratch/log"
    fi
}

# A folder of its own, which the build folder was configured for.
prefix=$build/prefix
rm -rf "$prefix"
check 'meson install' meson install -C "$build" --no-rebuild
pc=$(find "$prefix" -name mongoro.pc)
libraries=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH=${pc%/*}

# As strict as a user's own build may be.
flags=(-std=c++20 -O1 -Wall -Wextra -Wpedantic -Wshadow -Werror)

shared() {
    # shellcheck disable=SC2046 # flags are words
    "$compiler" "${flags[@]}" consumer.cpp -o "$scratch/shared" $(pkg-config --cflags --libs mongoro) &&
        LD_LIBRARY_PATH=$libraries "$scratch/shared" &&
        LD_LIBRARY_PATH=$libraries ldd "$scratch/shared" | grep -F "$libraries/libmongoro.so"
}
check 'a program with the shared library' shared

static() {
    local words
    # The archive by its name: the linker prefers the shared library that lies beside it.
    read -ra words <<<"$(pkg-config --static --cflags --libs mongoro)"
    "$compiler" "${flags[@]}" consumer.cpp -o "$scratch/static" "${words[@]/#-lmongoro/-l:libmongoro.a}" &&
        "$scratch/static" &&
        ! ldd "$scratch/static" | grep -F libmongoro
}
check 'a program with the static library' static

# Nothing but the public API may be visible in, or come with, what is installed.
check 'no private header is installed' test -z \
    "$(find "$prefix/include" -type f ! -path "$prefix/include/mongoro/*")"
check 'every public header is installed' diff -r ../../include/mongoro "$prefix/include/mongoro"

printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
((failed == 0))
