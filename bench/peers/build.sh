#!/usr/bin/env bash
# Builds the drivers of other languages, each where its toolchain is:  build.sh BUILD [NAME...]
#
# A driver comes from its package registry, pinned, so this is done by bench/run.sh and never by a plain
# build. What was built stands in BUILD/peers/NAME with an executable `run` in it; of one that could not be
# built BUILD/peers/NAME/why says why, in one line, and the report has n/a for it.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=$(realpath -m "$1")/peers
shift

# give_up REASON: of the peer in $name.
give_up() {
    printf '%s\n' "$1" >"$peers/$name/why"
    printf 'mongoro: no %s in the comparison: %s\n' "$name" "$1" >&2
    return 1
}

# have PROGRAM...
have() {
    local program
    for program; do
        command -v "$program" >/dev/null || { give_up "$program is not installed" || return 1; }
    done
}

# make_run COMMAND...: the `run` of the peer in $name.
make_run() {
    {
        printf '#!/bin/sh\nexec'
        printf ' %q' "$@"
        # shellcheck disable=SC2016
        printf ' "$@"\n'
    } >"$peers/$name/run"
    chmod +x "$peers/$name/run"
}

# step COMMAND...: in the peer's folder, with its output in the log.
step() {
    local log=$peers/$name/log
    (cd "$peers/$name" && timeout 1500 "$@") </dev/null >>"$log" 2>&1 ||
        give_up "$1 failed: $(grep -iE -m 1 'error|cannot|could not' "$log" || tail -n 1 "$log" | grep . || echo 'it does not say why') ($log)"
}

build_rust() {
    have cargo || return 0
    cp -r "$here/rust/." . &&
        step cargo build --release --target-dir "$peers/rust/target" &&
        ln -sf target/release/bench-rust run
}

build_go() {
    have go || return 0
    cp -r "$here/go/." . &&
        step go build -mod=readonly -trimpath -o run .
}

build_node() {
    have node npm || return 0
    cp -r "$here/node/." . &&
        step npm ci --ignore-scripts --no-audit --no-fund &&
        make_run node "$peers/node/main.mjs"
}

# build_python PROGRAM REQUIREMENTS: each has its own environment, since Motor may want another PyMongo.
build_python() {
    have python3 || return 0
    cp -r "$here/python/." . &&
        step python3 -m venv venv &&
        step venv/bin/pip install --disable-pip-version-check -r "$2" &&
        make_run "$peers/$name/venv/bin/python" "$peers/$name/$1"
}

build_pymongo() { build_python pymongo_peer.py pymongo.txt; }
build_motor() { build_python motor_peer.py motor.txt; }

(($#)) || set -- rust go node pymongo motor
for name; do
    [[ $(type -t "build_$name") == function ]] || {
        printf 'mongoro: no peer is called %s\n' "$name" >&2
        exit 1
    }
done
for name; do
    mkdir -p "$peers/$name"
    # Built from exactly these sources: nothing to do.
    sources=$(find "$here/build.sh" "$here/$([[ $name == pymongo || $name == motor ]] && echo python || echo "$name")" \
        -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
    [[ -x $peers/$name/run && $(cat "$peers/$name/built" 2>/dev/null) == "$sources" ]] && continue
    rm -f "$peers/$name"/{run,why,built,log}
    printf 'building the %s driver for the comparison\n' "$name"
    (cd "$peers/$name" && "build_$name")
    [[ ! -x $peers/$name/run ]] || printf '%s\n' "$sources" >"$peers/$name/built"
done
exit 0
