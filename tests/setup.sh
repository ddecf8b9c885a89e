# shellcheck shell=bash
# What tests/run.sh, tests/server.sh and examples/demo.sh share: the packages, a Python, the test server.
# Sourced, never run. Everything that it makes is below $build.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=${MONGORO_BUILD:-$root/build}

# The server of the tests and the demo: a program on WiredTiger that speaks MongoDB's wire protocol.
server_package=SecantusDB
server_version=0.7.0b3
# The official driver specifications' test files, in the layout that PyMongo ships.
spec_package=pymongo
spec_version=4.20.1

die() {
    printf 'mongoro: %s\n' "$*" >&2
    exit 1
}

# need PACKAGE COMMAND...: notes the Debian package if the command, which looks for what is in it, fails.
missing=()
need() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

# wish PACKAGE COMMAND...: the same of what can be done without.
wished=()
wish() {
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || wished+=("$package")
}

need_program() { need "$1" command -v "$2"; }
need_header() { need "$1" test -e "/usr/include/$2"; }

need_build_tools() {
    need_program g++ g++
    need_program meson meson
    need_program ninja-build ninja
    need_program pkg-config pkg-config
    need libbson-dev has_bson
    need liburing-dev pkg-config --atleast-version=2.3 liburing
    need libssl-dev pkg-config --atleast-version=3.0 openssl
    need libc-ares-dev pkg-config --atleast-version=1.18 libcares
    need libidn-dev pkg-config --exists libidn
    need libpsl-dev pkg-config --exists libpsl
    need libsnappy-dev pkg-config --exists snappy
    need zlib1g-dev pkg-config --exists zlib
    need libzstd-dev pkg-config --exists libzstd
}

has_bson() { pkg-config --exists bson2 || pkg-config --exists libbson-1.0; }

# What logins with Kerberos are built with, and the programs of a KDC for their tests. Some lie where only root
# has a path to.
wish_kerberos() {
    wish libkrb5-dev has_kerberos
    wish krb5-kdc sees krb5kdc
    wish krb5-admin-server sees kadmin.local
    wish krb5-user sees kinit
}

has_kerberos() { pkg-config --exists krb5-gssapi; }

sees() { PATH=$PATH:/usr/sbin:/sbin command -v "$1"; }

# install_missing LOG: gets what `need` found missing, or prints the line that would and leaves; and what `wish`
# did, if it can be had.
install_missing() {
    local log=$1 as_root=()
    if ((${#missing[@]} == 0)); then
        install_wished "$log"
        return 0
    fi
    local install=(apt-get install -y --no-install-recommends "${missing[@]}")
    if ! command -v apt-get >/dev/null; then
        die "missing, by their Debian names: ${missing[*]}"
    fi
    if (($(id -u) != 0)); then
        if ! sudo -n true 2>/dev/null; then
            printf 'mongoro: packages are missing, and installing them needs root. Run:\n' >&2
            if command -v sudo >/dev/null; then
                printf '  sudo apt-get update && sudo %s\n' "${install[*]}" >&2
            else
                printf "  su -c 'apt-get update && %s'\n" "${install[*]}" >&2
            fi
            exit 1
        fi
        as_root=(sudo -n)
    fi
    printf 'installing %s\n' "${missing[*]}"
    if ! { "${as_root[@]}" apt-get update &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}"; } \
        </dev/null >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die "could not install packages ($log). Run: apt-get update && ${install[*]}"
    fi
    missing=()
    install_wished "$log"
}
install_wished() {
    local log=$1 as_root=()
    ((${#wished[@]})) || return 0
    if (($(id -u) != 0)); then
        as_root=(sudo -n)
    fi
    printf 'installing %s\n' "${wished[*]}"
    if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${wished[@]}"; } </dev/null >>"$log" 2>&1; then
        printf 'mongoro: could not install %s (%s)\n' "${wished[*]}" "$log" >&2
    fi
    wished=()
}

# A CPython that the server has wheels for and that can make a virtual environment, in $python.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do
        if "$candidate" -c '
import ensurepip, platform, sys, venv
ok = (3, 10) <= sys.version_info[:2] <= (3, 13) and platform.python_implementation() == "CPython"
sys.exit(not ok)' 2>/dev/null; then
            python=$candidate
            return 0
        fi
    done
    return 1
}

need_server_tools() {
    [[ -n ${MONGODB_URI:-} ]] || need python3-venv find_python
}

# pip_failure LOG: why pip failed, in one line. Its own last line says "no matching distribution" when it could
# not reach the index at all.
pip_failure() {
    local unreachable=
    if grep -q 'from versions: none' "$1"; then
        unreachable=$(sed -n "s/.*after connection broken by '\(.*\)': .*/\1/p" "$1" | tail -n 1)
    fi
    printf '%s (%s)' "${unreachable:-$(tail -n 1 "$1")}" "$1"
}

# The virtual environment of the server, made once.
setup_server() {
    local venv=$build/venv log=$build/log/venv.log
    server=$venv/bin/secantusd-py
    # For tests that need a server with other flags.
    export MONGORO_TEST_SERVER=$server
    [[ ! -e $venv/ready-$server_version ]] || return 0
    [[ $(uname -m) == x86_64 ]] ||
        die "the test server has no build for $(uname -m): set MONGODB_URI to a server of yours"
    find_python ||
        die "the test server needs CPython 3.10 to 3.13 with venv: install one, or set MONGODB_URI"
    printf 'setting up the test server (%s %s)\n' "$server_package" "$server_version"
    rm -rf "$venv"
    if ! { "$python" -m venv "$venv" &&
        "$venv/bin/pip" install --only-binary :all: "$server_package==$server_version"; } \
        </dev/null >"$log" 2>&1; then
        die "could not install the test server: $(pip_failure "$log")"
    fi
    touch "$venv/ready-$server_version"
}

# setup_spec: the spec files, fetched once; MONGORO_SPEC_ROOT is set to their folder. One that is set already
# stays, say a clone of the specifications, which is newer and has more.
setup_spec() {
    local folder=$build/spec log=$build/log/spec.log
    if [[ -n ${MONGORO_SPEC_ROOT:-} ]]; then
        printf 'using the spec files of MONGORO_SPEC_ROOT (%s of them)\n' \
            "$(find -L "$MONGORO_SPEC_ROOT" -name '*.json' 2>/dev/null | wc -l)"
        return 0
    fi
    export MONGORO_SPEC_ROOT=$folder/$spec_package-$spec_version/test
    [[ ! -e $folder/ready-$spec_version ]] || return 0
    printf 'fetching the spec files (%s %s)\n' "$spec_package" "$spec_version"
    rm -rf "$folder"
    mkdir -p "$folder"
    if ! {
        local pip=$build/venv/bin/pip
        if [[ ! -x $pip ]]; then
            find_python && "$python" -m venv "$folder/venv"
            pip=$folder/venv/bin/pip
        fi
        # NO_EXT: its metadata can be read without compiling its C extension.
        NO_EXT=1 "$pip" download --no-deps --no-binary "$spec_package" --dest "$folder" \
            "$spec_package==$spec_version" &&
            tar -xzf "$folder/$spec_package-$spec_version.tar.gz" -C "$folder" \
                "$spec_package-$spec_version/test"
    } </dev/null >"$log" 2>&1; then
        printf 'mongoro: could not fetch the spec files: %s\n' "$(pip_failure "$log")" >&2
        return 1
    fi
    touch "$folder/ready-$spec_version"
}

# launch_server LOG FLAG...: a server of one's own that keeps nothing, in $launched_pid and $launched_uri.
launch_server() {
    local log=$1 attempt port
    shift
    for attempt in 1 2 3; do
        port=$("$build/venv/bin/python" -c '
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])')
        # Its own folder, so that it reads no configuration file of somebody else's.
        mkdir -p "$build/server"
        (
            cd "$build/server" || exit
            # The server must not outlive a script that was killed.
            exec $(command -v setpriv >/dev/null && printf 'setpriv --pdeathsig TERM') \
                "$server" --host 127.0.0.1 --port "$port" --storage-path :memory: \
                --enable-test-commands --noop-heartbeat-seconds 10 "$@"
        ) </dev/null >"$log" 2>&1 &
        launched_pid=$!
        launched_uri=mongodb://127.0.0.1:$port/
        if "$build/venv/bin/python" "$root/tests/support/wait_for_server.py" "$port" "$launched_pid"; then
            printf 'the test server is at %s (attempt %s)\n' "$launched_uri" "$attempt" >>"$log"
            return 0
        fi
        stop_program "$launched_pid"
    done
    die "the test server did not start: $(tail -n 1 "$log") ($log)"
}

# A server with $server_flags, and MONGODB_URI set to it. With MONGODB_URI given, that one. The caller's EXIT
# trap must call stop_server.
launched_pid=
server_pid=
standalone_pid=
server_flags=()
start_server() {
    if [[ -n ${MONGODB_URI:-} && -z ${own_server:-} ]]; then
        printf 'using the server of MONGODB_URI\n'
        return 0
    fi
    setup_server
    launch_server "$build/log/server.log" "${server_flags[@]}"
    server_pid=$launched_pid launched_pid=
    own_server=yes
    export MONGODB_URI=$launched_uri
}

# Beside one's own server one that is no replica set: specifications have tests for each. Through a proxy, which
# has the fail points understood.
standalone_proxy_pid=
start_standalone() {
    [[ -n ${own_server:-} && -z $standalone_pid ]] || return 0
    launch_server "$build/log/standalone.log" --standalone
    standalone_pid=$launched_pid launched_pid=
    local port=${launched_uri##*:}
    launch_support "$build/log/standalone-proxy.log" topology_proxy.py "${port%/}" standalone
    standalone_proxy_pid=$launched_pid launched_pid=
    export MONGORO_SPEC_URIS="mongodb://127.0.0.1:${launched_ports[0]}/ ${MONGORO_SPEC_URIS:-}"
}

# launch_support LOG SCRIPT ARG...: a program of tests/support that prints "ready PORT...", in $launched_pid and
# $launched_ports.
launched_ports=()
launch_support() {
    local log=$1 script=$2 tries=600
    shift 2
    : >"$log"  # what an earlier one said is not to be believed
    "$build/venv/bin/python" "$root/tests/support/$script" "$@" </dev/null >"$log" 2>&1 &
    launched_pid=$!
    while ((tries-- > 0)) && kill -0 "$launched_pid" 2>/dev/null; do
        if [[ $(grep '^ready ' "$log") =~ ^ready\ ([0-9\ ]+)$ ]]; then
            read -ra launched_ports <<<"${BASH_REMATCH[1]}"
            return 0
        fi
        sleep 0.1
    done
    die "$script did not start: $(tail -n 1 "$log") ($log)"
}

# Another one with access control and the users of the login tests, and MONGORO_AUTH_URI set to it. Not
# beside a server of somebody else's.
auth_server_pid=
start_auth_server() {
    [[ -n ${own_server:-} ]] || return 0
    launch_support "$build/log/auth-server.log" auth_server.py "$server" "$build/auth-server"
    auth_server_pid=$launched_pid launched_pid=
    local at=127.0.0.1:${launched_ports[0]}/
    export MONGORO_AUTH_URI=mongodb://$at
    export MONGORO_SPEC_URIS="${MONGORO_SPEC_URIS:-} mongodb://both:both@$at"
}

# The same servers once more: that of the tests as a sharded cluster, behind load balancers, as a replica set of
# three and as a standalone that wants an access token; the one with access control as a standalone and behind a
# load balancer.
proxy_pids=()
start_topology_proxies() {
    [[ -n ${own_server:-} && ${#proxy_pids[@]} == 0 ]] || return 0
    local port=${MONGODB_URI##*:} at
    export OIDC_TOKEN_FILE=$build/oidc-token
    head -c 24 /dev/urandom | base64 | tr -d "\n" >"$OIDC_TOKEN_FILE"
    launch_support "$build/log/topology-proxy.log" topology_proxy.py "${port%/}" \
        mongos:2 balancer:1 balancer:2 members:3 "oidc:$OIDC_TOKEN_FILE"
    proxy_pids=("$launched_pid") launched_pid=
    at=("${launched_ports[@]/#/127.0.0.1:}")
    export SINGLE_MONGOS_LB_URI="mongodb://${at[2]}/?loadBalanced=true"
    export MULTI_MONGOS_LB_URI="mongodb://${at[3]}/?loadBalanced=true"
    MONGORO_SPEC_URIS+=" mongodb://${at[0]},${at[1]}/ $SINGLE_MONGOS_LB_URI mongodb://${at[4]},${at[5]},${at[6]}/"
    export MONGORO_SPEC_URIS
    [[ -n $auth_server_pid ]] || return 0
    # The one of the token is the last of all: most tests that want access control are of users with a password.
    local token="mongodb://${at[7]}/?authMechanism=MONGODB-OIDC&authMechanismProperties=ENVIRONMENT:test"
    port=${MONGORO_AUTH_URI##*:}
    launch_support "$build/log/topology-proxy-auth.log" topology_proxy.py "${port%/}" standalone balancer:1 balancer:2
    proxy_pids+=("$launched_pid") launched_pid=
    at=("${launched_ports[@]/#/both:both@127.0.0.1:}")
    export MONGORO_AUTH_MULTI_MONGOS_LB_URI="mongodb://${at[2]}/?loadBalanced=true"
    MONGORO_SPEC_URIS+=" mongodb://${at[0]}/ mongodb://${at[1]}/?loadBalanced=true $token"
}

server_alive() { [[ -z $server_pid ]] || kill -0 "$server_pid" 2>/dev/null; }

stop_server() {
    local pid
    for pid in $launched_pid "${proxy_pids[@]}" $standalone_proxy_pid $auth_server_pid $standalone_pid $server_pid; do
        stop_program "$pid"
    done
    proxy_pids=() launched_pid='' auth_server_pid='' standalone_proxy_pid='' standalone_pid='' server_pid=''
}

stop_program() {
    local pid=$1 tries=100
    [[ -n $pid ]] || return 0
    kill "$pid" 2>/dev/null || true
    while ((tries-- > 0)) && kill -0 "$pid" 2>/dev/null; do
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}
