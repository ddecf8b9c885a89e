#!/usr/bin/env bash
# tests/server.sh [COMMAND [ARG...]]: the test server, with MONGODB_URI set to it for COMMAND; it stops
# when COMMAND ends. Without one it runs until it is interrupted. SERVER_FLAGS holds more flags for it.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

mkdir -p "$build/log"
unset MONGODB_URI
need_server_tools
install_missing "$build/log/apt.log"
trap stop_server EXIT
trap 'exit 130' INT TERM
read -ra server_flags <<<"${SERVER_FLAGS:-}"
start_server >&2

if (($#)); then
    status=0
    "$@" || status=$?
    exit "$status"
fi
printf 'export MONGODB_URI=%s\n' "$MONGODB_URI"
wait "$server_pid"
