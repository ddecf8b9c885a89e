#!/usr/bin/env bash
# tests/run.sh [FILTER]: sets up, builds and runs every test in every configuration. The last line is
# "N passed, N failed, N skipped"; a test counts once for each configuration that ran it.
#
# FILTER runs a part in the quickest configuration: a folder of tests (unit/bson, spec, integration,
# compile_fail, headers, examples), a suite (threads), a program's name, or one of format, docs, readme,
# install, fuzz. MONGODB_URI names a server to use instead of an own one. MONGORO_BUILD is the build folder,
# FUZZ_SECONDS how long each fuzz target runs.
set -uo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

filter=${1:-}
fuzz_seconds=${FUZZ_SECONDS:-60}
clang='clang++-16'
started=$SECONDS
passed=0 failed=0 skipped=0 failures=()
doing=testing
mkdir -p "$build/log" || exit 1
build=$(cd "$build" && pwd)
cd "$root" || exit 1

# wants PART: no filter, or this one.
wants() { [[ -z $filter || $filter == "$1" || $filter == "$1"/* ]]; }

heading() { printf '== [%3d s] %s\n' $((SECONDS - started)) "$*"; }

# add NAME PASSED FAILED SKIPPED
add() {
    printf '   %s: %s passed, %s failed, %s skipped\n' "$@"
    passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
    (($3 == 0)) || failures+=("$1")
}

# add_last_line NAME LOG: counts by the log's last line; a log that ends otherwise is a failure.
add_last_line() {
    local name=$1 log=$2
    if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
        head -n -1 "$log" | grep -v '^ok ' | tail -n 200
        add "$name" "${BASH_REMATCH[@]:1:3}"
    else
        tail -n 40 "$log" | sed 's/^/    /'
        add "$name" 0 1 0
    fi
}

# must NAME COMMAND...: a step on the way, which counts only if it fails.
must() {
    local name=$1 log=$build/log/${1//[^a-zA-Z0-9]/-}.log
    "${@:2}" </dev/null >"$log" 2>&1 && return
    tail -n 40 "$log" | sed 's/^/    /'
    printf '    (%s)\n' "$log"
    add "$name" 0 1 0
    return 1
}

# one NAME COMMAND...: a command that is one test.
one() { if must "$@"; then add "$1" 1 0 0; fi; }

finish() {
    stop_server
    if ((${#failures[@]})); then
        printf '== failed:\n'
        printf '   %s\n' "${failures[@]}"
    fi
    ((passed + failed + skipped > 0)) || printf 'mongoro: no test is called %s\n' "$filter" >&2
    printf '== %d s\n' $((SECONDS - started))
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}

packages() {
    need_build_tools
    need_header doctest-dev doctest/doctest.h
    need_server_tools
    need_program python3 python3
    wish_kerberos
    if [[ -z $filter || $filter == fuzz ]]; then
        need_program clang-16 "$clang"
        need libclang-rt-16-dev test -e /usr/lib/llvm-16/lib/clang/16/lib/linux/libclang_rt.fuzzer-x86_64.a
    fi
    if wants format; then
        need_program clang-format-16 clang-format-16
    fi
    if wants docs; then
        need_program doxygen doxygen
    fi
    install_missing "$build/log/apt.log"
}

# The errno that io_uring_setup(2) is refused with; nothing where it works.
uring_refusal() {
    python3 - <<'EOF'
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
fd = libc.syscall(425, 2, ctypes.create_string_buffer(120))
if fd < 0:
    print(errno.errorcode.get(ctypes.get_errno(), ctypes.get_errno()))
else:
    os.close(fd)
EOF
}

# configure NAME CXX [MESON ARGUMENT...]: a build folder, made again when its arguments changed.
configure() {
    local name=$1 cxx=$2 folder=$build/$1
    shift 2
    local wanted="$cxx $root $*"
    if [[ ! -e $folder/build.ninja || $(cat "$folder/.arguments" 2>/dev/null) != "$wanted" ]]; then
        rm -rf "$folder"
        if command -v ccache >/dev/null; then
            cxx="ccache $cxx"
        fi
        CXX=$cxx meson setup "$folder" "$root" --prefix "$folder/prefix" "$@" || return 1
        printf '%s\n' "$wanted" >"$folder/.arguments"
    fi
}

# compile NAME TITLE CXX [MESON ARGUMENT...]: configures and builds all of it, as one test.
compile() {
    local name=$1 title=$2
    shift 2
    heading "building: $title"
    one "$title: builds" build_all "$name" "$@"
}
build_all() { configure "$@" && ninja -C "$build/$1"; }

# What the spec runner does besides, on the first backend of the rows that come next.
spec_flags=()

# rows NAME TITLE [COLLECT ARGUMENT...]: the tests of a build folder, on each backend.
rows() {
    local name=$1 title=$2 backend first=yes
    shift 2
    [[ -e $build/$name/build.ninja ]] || return
    for backend in "${backends[@]}"; do
        # What has no reactor in it, and what looks at the build only, is not repeated.
        local more=()
        if [[ $first != yes ]]; then
            more=(--no-suite pure --no-suite build)
        fi
        heading "$doing: $title, $backend"
        run_row "$name" "$title, $backend" "$backend" "$@" "${more[@]}"
        first=no
        spec_flags=()
    done
    if [[ -n $refused ]]; then
        # As many as ran on the other backend.
        local log=$build/log/$name-refused.log
        python3 tests/collect.py "$build/$name" --log "${backends[0]}" --count-only "$@" \
            --no-suite pure --no-suite build >"$log" 2>&1
        if [[ $(tail -n 1 "$log") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
            printf '   io_uring_setup: %s\n' "$refused"
            add "$title, io_uring" 0 0 \
                $((BASH_REMATCH[1] + BASH_REMATCH[2] + BASH_REMATCH[3]))
        fi
    fi
}

# run_row NAME TITLE BACKEND [COLLECT ARGUMENT...]
run_row() {
    local name=$1 title=$2 backend=$3 log=$build/log/$1-$3${spec_flags[0]:-}.log
    shift 3
    if ! server_alive; then
        printf '   the test server is gone: starting another one\n'
        start_server
    fi
    MONGORO_BACKEND=$backend MONGORO_SPEC_FLAGS=${spec_flags[*]} "${wrap[@]}" python3 tests/collect.py "$build/$name" --log "$backend" "$@" \
        </dev/null >"$log" 2>&1
    add_last_line "$title" "$log"
}

# The tests of the specifications once more, each on all deployments that fit it. Not those of timeouts, whose
# limits of tens of milliseconds are for a server without a proxy before it: `--every-deployment` has them too.
every_deployment() {
    [[ -e $build/gcc/build.ninja ]] || return
    heading 'testing: g++, the specifications on every deployment'
    spec_flags=(--every-deployment --area auth client-backpressure command-logging-and-monitoring load-balancers
        mongodb-handshake server-discovery-and-monitoring server-selection unified-test-format
        connection-monitoring-and-pooling)
    run_row gcc 'the specifications on every deployment' "${backends[0]}" --suite spec --no-suite pure
    spec_flags=()
}

format() {
    find include lib tests examples bench '(' -name '*.hpp' -o -name '*.cpp' ')' -print0 |
        xargs -0 clang-format-16 --dry-run --Werror
}

readme() {
    heading 'checking: README.md shows what is compiled'
    local log=$build/log/readme.log
    python3 tests/readme.py . </dev/null >"$log" 2>&1
    add_last_line 'README.md' "$log"
}

docs() {
    mkdir -p "$build/docs" && (cat Doxyfile && printf 'OUTPUT_DIRECTORY = %s/docs\n' "$build") |
        doxygen -
}

install_part() {
    local name=$1 cxx=$2 log=$build/log/$1-install.log
    heading "installing: $cxx"
    tests/install/run.sh "$build/$name" "$cxx" </dev/null >"$log" 2>&1
    add_last_line "$cxx: install" "$log"
}

# Every program of tests/fuzz for $fuzz_seconds, as many at once as there are processors.
fuzz() {
    local target name names=()
    stop_server
    heading "fuzzing: $fuzz_seconds s each"
    for target in "$build"/clang-asan/tests/fuzz/*; do
        [[ -f $target && -x $target ]] || continue
        while (($(jobs -rp | wc -l) >= $(nproc))); do
            sleep 0.5
        done
        name=$(basename "$target")
        names+=("$name")
        mkdir -p "$build/corpus/$name"
        rm -f "$build/log/fuzz-$name.ok"
        { fuzz_one "$target" "$name" && touch "$build/log/fuzz-$name.ok"; } \
            </dev/null >"$build/log/fuzz-$name.log" 2>&1 &
    done
    wait
    for name in "${names[@]}"; do
        if [[ -e $build/log/fuzz-$name.ok ]]; then
            grep -E 'number_of_executed_units|new_units_added' "$build/log/fuzz-$name.log" |
                sed 's/^/   /'
            add "fuzz $name" 1 0 0
        else
            tail -n 40 "$build/log/fuzz-$name.log" | sed 's/^/    /'
            add "fuzz $name" 0 1 0
        fi
    done
}
fuzz_one() {
    local seeds=()
    [[ ! -d tests/fuzz/seeds/$2 ]] || seeds=("tests/fuzz/seeds/$2")
    timeout -k 10 $((fuzz_seconds + 120)) "$1" -max_total_time="$fuzz_seconds" -timeout=20 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$build/corpus/$2-" \
        "$build/corpus/$2" "${seeds[@]}"
}

trap 'stop_server' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

heading "setting up ($build)"
packages
refused=$(uring_refusal)
if [[ -z $refused ]]; then
    backends=(io_uring epoll)
else
    backends=(epoll)
    printf '   io_uring is refused here (%s): its rows are skipped\n' "$refused"
fi
wrap=()
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:${UBSAN_OPTIONS:-}
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:${TSAN_OPTIONS:-}
export MONGORO_TEST_BUILD=$build

# Line numbers are what a backtrace needs; the rest of the debugging information is a third of the time.
lines_only=(-Ddebug=false -Dcpp_args=-g1)
strict=-Dwerror=true
kerberos=disabled
if has_kerberos; then
    kerberos=enabled
fi
plain=(-Doptimization=2 $strict "${lines_only[@]}" "-Dgssapi=$kerberos")
sanitized=(-Doptimization=1 $strict "${lines_only[@]}" -Db_lundef=false -Dbench=disabled)
asan=("${sanitized[@]}" '-Db_sanitize=address,undefined' "-Dgssapi=$kerberos")

if [[ -n $filter ]]; then
    case $filter in
    format)
        one 'format' format
        finish
        exit
        ;;
    readme)
        readme
        finish
        exit
        ;;
    docs)
        one 'docs' docs
        finish
        exit
        ;;
    fuzz)
        must 'clang: configures' configure clang-asan "$clang" "${asan[@]}" -Dfuzz=true
        targets=(tests/fuzz/fuzz_*.cpp)
        must 'clang: builds' ninja -C "$build/clang-asan" "${targets[@]%.cpp}"
        fuzz
        finish
        exit
        ;;
    esac
    backends=("${backends[0]}")
    refused=
    doing='building and testing'
    must 'g++: configures' configure gcc g++ "${plain[@]}"
    case $filter in
    install)
        must 'g++: builds' ninja -C "$build/gcc"
        install_part gcc g++
        ;;
    *)
        case $filter in unit* | headers | compile_fail | error | format) ;; *) start_server ;; esac
        case $filter in integration* | auth_server) start_auth_server ;; esac
        case $filter in
        spec*)
            start_auth_server
            start_standalone
            start_topology_proxies
            setup_spec
            ;;
        esac
        rows gcc 'g++' --filter "$filter"
        ;;
    esac
    finish
    exit
fi

start_server
start_auth_server
start_standalone
start_topology_proxies
setup_spec || add 'spec files' 0 1 0

if [[ $kerberos != enabled ]]; then
    printf '   libkrb5-dev is not there: logins with Kerberos are not built\n'
    add 'Kerberos' 0 0 1
fi

heading 'checking: format, docs'
one 'format' format
one 'docs' docs
readme

# Each test runs under both compilers and on both backends: as it is with g++, with all sanitizers but
# ThreadSanitizer with clang. A build of everything costs most of the time, so there are no more than two.
compile gcc 'g++' g++ "${plain[@]}"
spec_flags=(--check-exceptions)
rows gcc 'g++'
every_deployment
install_part gcc g++
install_part gcc "$clang"

compile clang-asan 'clang ASan+UBSan' "$clang" "${asan[@]}" -Dfuzz=true
rows clang-asan 'clang ASan+UBSan' --timeout-multiplier 5

# g++ 12 copies some temporaries around co_await bit by bit: whatever users write has to be free of those.
heading 'building: g++ ASan'
must 'g++ ASan: configures' configure gcc-asan g++ -Doptimization=0 "${lines_only[@]}" -Db_lundef=false \
    -Dbench=disabled -Dwerror=false -Db_sanitize=address
one 'g++ ASan: builds' python3 tests/collect.py "$build/gcc-asan" --suite forms --build-only
rows gcc-asan 'g++ ASan' --suite forms --timeout-multiplier 5

# Its runtime cannot map its shadow where addresses are spread as widely as newer kernels do.
if setarch -R true 2>/dev/null; then
    wrap=(setarch -R)
fi
heading 'building: clang TSan'
must 'clang TSan: configures' configure clang-tsan "$clang" "${sanitized[@]}" -Db_sanitize=thread \
    -Dexamples=disabled
one 'clang TSan: builds' python3 tests/collect.py "$build/clang-tsan" --suite threads --build-only
rows clang-tsan 'clang TSan' --suite threads --timeout-multiplier 5
wrap=()

fuzz
finish
