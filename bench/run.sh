#!/usr/bin/env bash
# The benchmark, with all of its set-up: packages, a release build in its own folder, the runs. Every
# argument but --server goes to run.py, for example: ./bench/run.sh --quick --tasks ping,find_one
set -euo pipefail

export MONGORO_BUILD=${BENCH_BUILD:-$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build-bench}
# shellcheck source=../tests/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/setup.sh"
mkdir -p "$build/log"

need_build_tools
need_program python3 python3
install_missing "$build/log/apt.log"

# What is measured with, and against: without them the run says what it could not do.
need_program valgrind valgrind
need_program strace strace
need libmongoc-dev pkg-config --exists libmongoc-1.0
(install_missing "$build/log/apt.log") || printf 'going on without: %s\n' "${missing[*]}" >&2

if [[ ! -f $build/build.ninja ]]; then
    meson setup "$build" "$root" --buildtype=release -Db_ndebug=true -Dtests=disabled \
        -Dexamples=disabled >"$build/log/meson.log" 2>&1 || die "meson: see $build/log/meson.log"
fi
ninja -C "$build" bench-programs >"$build/log/ninja.log" 2>&1 ||
    die "the build failed: $(tail -n 3 "$build/log/ninja.log") ($build/log/ninja.log)"
# The drivers of other languages, each where its toolchain is. MONGORO_BENCH_PEERS= builds none of them.
read -ra peers <<<"${MONGORO_BENCH_PEERS-rust go node pymongo motor}"
((!${#peers[@]})) || "$root/bench/peers/build.sh" "$build" "${peers[@]}"
# --server: the specification's tasks also against a real server: MONGODB_URI's, or one of our own.
arguments=()
for argument; do
    if [[ $argument == --server ]]; then
        need_server_tools
        install_missing "$build/log/apt.log"
        trap stop_server EXIT
        start_server
        arguments+=(--server "$MONGODB_URI")
    else
        arguments+=("$argument")
    fi
done
status=0
python3 "$root/bench/run.py" --build "$build" "${arguments[@]}" || status=$?
exit "$status"
