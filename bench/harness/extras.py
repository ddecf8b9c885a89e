"""What is measured once and not as a task: latencies, memory, start-up, compile time."""

import itertools
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from . import measure, session, tasks

#: Connections of the memory curve; the goals are about the last.
CONNECTIONS = (1, 10, 100, 1000)
#: The shortest is what the document has besides its text.
DOCUMENT_SIZES = (1_536, 16_384, 131_072, 1_048_576, 8_388_608)
SIZED = ("bare", "mongoro", "libmongoc", "rust", "rust raw")
LATENCY_TASKS = {"find_one": 1, "conc:64": 64}
PERCENTILES = (50, 75, 90, 95, 99, 99.9)


def percentile(ordered, percent):
    """By the nearest rank, of a list in ascending order."""
    return ordered[max(int(len(ordered) * percent / 100) - 1, 0)]


def latencies(clients, settings):
    """Percentiles of one find_one in microseconds, by task and client."""
    made = {}
    operations = 5_000 if settings.quick else 50_000
    for task, concurrency in LATENCY_TASKS.items():
        with measure.Responder(settings.build, settings.pinning.responder) as responder:
            for client in clients:
                if not client.does(task):
                    continue
                rows = made.setdefault(task, {})
                try:
                    taken = latencies_of(client, task, operations // client.pace // concurrency,
                                         responder.uri, settings.pinning.client)
                except measure.Failed as why:
                    rows[client.name] = {"failed": str(why)}
                    continue
                rows[client.name] = {
                    str(percent): percentile(taken, percent) / 1000 for percent in PERCENTILES}
    return made


def document_size(clients, settings):
    """CPU microseconds of one find_one by the size of its document: {client: {bytes: spread}}."""
    wanted = [client for client in clients if client.name in SIZED]
    made = {}
    for size in DOCUMENT_SIZES:
        task = tasks.Task("find_one", "", max(min(20_000, 20_000_000 // size), 100), 0)
        rows = {client.name: {} for client in wanted}
        with measure.Responder(settings.build, settings.pinning.responder,
                               document_bytes=size) as responder:
            session.time_all(wanted, task.scaled(settings.quick), min(settings.pairs, 5), responder.uri,
                             settings.pinning.client, rows)
        for name, row in rows.items():
            if "failed" in row:
                raise measure.Failed(f"{name}, documents of {size} bytes: {row['failed']}")
            made.setdefault(name, {})[str(size)] = row["cpu_us"]
    return made


def latencies_of(client, task, count, uri, core):
    """Nanoseconds of each operation, in ascending order."""
    with tempfile.NamedTemporaryFile(mode="r") as out:
        measure.run(client.command, uri, task, max(count, 2), core,
                    {**client.environment, "LATENCIES": out.name})
        try:
            taken = sorted(int(line) for line in out.read().split())
        except ValueError as why:
            raise measure.Failed(f"these are no latencies: {why}") from None
    if not taken:
        raise measure.Failed("it wrote no latencies")
    return taken


def memory(settings):
    """Bytes on the heap by connections: {client: {connections: {idle, waiting, watching}}}, with TLS as a
    client of its own."""
    counter = measure.allocation_counter(settings.build)
    made = {}
    for (client, program), tls in itertools.product(
            {"mongoro": "mongoro-memory", "libmongoc": "bench-libmongoc"}.items(), (False, True)):
        command = [os.path.join(settings.build, "bench", program)]
        if not os.access(command[0], os.X_OK):
            continue
        of = made.setdefault(f"{client} TLS" if tls else client, {})
        for connections in CONNECTIONS:
            with measure.Responder(settings.build, settings.pinning.responder, tls=tls) as responder:
                run = measure.run(command, responder.uri, f"memory:{connections}", 1,
                                  settings.pinning.client, {"LD_PRELOAD": counter, "NOWARM": "1"})
            of[str(connections)] = {
                name.removesuffix("_bytes"): value for name, value in run.counters.items()}
            of[str(connections)]["rss_kb"] = run.rss_kb
    return made


def start_up(clients, settings):
    """Milliseconds from the start of a process to its first reply, wall, and CPU until it ended."""
    wanted = [client for client in clients if client.name in ("mongoro", "libmongoc", "rust")]
    runs = {client.name: [] for client in wanted}
    with measure.Responder(settings.build, settings.pinning.responder) as responder:
        for turn in range(5 if settings.quick else 31):
            for client in wanted if turn % 2 else reversed(wanted):
                runs[client.name].append(start_once(client, responder.uri, settings.pinning.client))
    return {name: {"first_reply_ms": measure.spread([wall for wall, _ in taken]),
                   "cpu_ms": measure.spread([cpu for _, cpu in taken])}
            for name, taken in runs.items()}


def start_once(client, uri, core):
    began = time.perf_counter()
    process = subprocess.Popen([*client.command, uri, "ping", "1"], stdout=subprocess.PIPE,
                               preexec_fn=measure.pin_to(core),
                               env={**os.environ, **client.environment, "NOWARM": "1"})
    line = b""
    watchdog = threading.Timer(measure.TIMEOUT, process.kill)
    watchdog.start()
    # The closing line is written at once after the one reply, before the teardown.
    for line in process.stdout:
        if line.startswith(b"RESULT"):
            break
    wall = time.perf_counter() - began
    process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or not line.startswith(b"RESULT"):
        raise measure.Failed(f"{client.name} did not start: exit {process.returncode}")
    return wall * 1000, (used.ru_utime + used.ru_stime) * 1000


def compile_flags(root):
    found = subprocess.run("pkg-config --cflags bson2 2>/dev/null || pkg-config --cflags libbson-1.0",
                           shell=True, capture_output=True, text=True, check=False)
    return ["-std=c++20", "-O0", f"-I{root}/include", *found.stdout.split()]


def compile_once(compiler, flags, source):
    """User CPU seconds."""
    process = subprocess.Popen([compiler, *flags, "-c", source, "-o", "/dev/null"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read().decode()
    process.stderr.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise measure.Failed(f"{os.path.basename(source)} does not compile: {said.splitlines()[:1]}")
    return used.ru_utime


def phases(compiler, flags, source):
    """What the compiler itself says that the time goes to: the largest phases, seconds of user time."""
    done = subprocess.run([compiler, *flags, "-ftime-report", "-c", source, "-o", "/dev/null"],
                          capture_output=True, text=True, check=False)
    found = {}
    for line in done.stderr.splitlines():
        match = re.match(r"^ *([|\w][\w |:,+()/-]*?) *: *([\d.]+) *\(", line)
        if match and match[1] != "TOTAL":
            found[match[1].strip()] = float(match[2])
    return dict(sorted(found.items(), key=lambda item: -item[1])[:10])


def compile_time(settings):
    """User CPU seconds of one file with the umbrella header and one find, and of what is below it."""
    compiler = shutil.which("g++-12") or measure.need("g++")
    folder = os.path.join(settings.root, "bench", "compile")
    flags = compile_flags(settings.root)
    # meson makes some headers in the build folder.
    flags.append(f"-I{os.path.join(settings.build, 'include')}")
    made = {"compiler": os.path.basename(compiler)}
    for name in ("standard_headers", "umbrella_header", "one_find"):
        source = os.path.join(folder, f"{name}.cpp")
        made[name] = measure.spread([compile_once(compiler, flags, source)
                                     for _ in range(2 if settings.quick else 7)])
    made["phases"] = phases(compiler, flags, os.path.join(folder, "one_find.cpp"))
    return made
