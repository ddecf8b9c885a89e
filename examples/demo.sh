#!/usr/bin/env bash
# examples/demo.sh: a tour of a message board on a real server, once with co_await and once with callbacks.
# It does all of its own set-up. MONGODB_URI names a server to use instead of the embedded one.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR/../tests source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tests/setup.sh"

mkdir -p "$build/log"
build=$(cd "$build" && pwd)
folder=$build/demo
log=$build/log/demo.log
trap stop_server EXIT
trap 'exit 130' INT TERM

need_build_tools
need_server_tools
install_missing "$build/log/apt.log"

first=
[[ -e $folder/build.ninja ]] || first=' (a minute or two, once)'
printf '== building the driver and the two programs%s\n' "$first"
if [[ -n $first ]]; then
    rm -rf "$folder"
    CXX=${CXX:-g++} meson setup "$folder" "$root" -Dtests=disabled -Dbench=disabled -Dexamples=enabled \
        </dev/null >"$log" 2>&1 ||
        die "could not configure: $(grep -m 1 'ERROR:' "$log" || tail -n 1 "$log") ($log)"
fi
ninja -C "$folder" examples/message_board examples/message_board_callbacks </dev/null >"$log" 2>&1 || {
    tail -n 40 "$log" >&2
    die "could not build ($log)"
}

[[ -n ${MONGODB_URI:-} ]] || printf '== starting a server\n'
start_server

# A program that fails says why.
for program in message_board message_board_callbacks; do
    printf '\n== %s\n' "$program"
    "$folder/examples/$program" </dev/null
done
