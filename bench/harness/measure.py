"""Runs one program once and reads what it cost."""

import math
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from dataclasses import dataclass, field

TIMEOUT = 1800


class Unavailable(Exception):
    """A measure that cannot be taken here, and why."""


class Failed(Exception):
    """A program that did not do its task."""


@dataclass(frozen=True)
class Pinning:
    """The cores of client and responder."""

    client: int
    responder: int

    @staticmethod
    def one_core():
        core = max(os.sched_getaffinity(0))
        return Pinning(core, core)

    @staticmethod
    def two_cores():
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise Unavailable("this machine gives one core only")
        return Pinning(cores[-2], cores[-1])

    def name(self):
        return "one core" if self.client == self.responder else "two cores"


@dataclass(frozen=True)
class Settings:
    """What all parts of one run share."""

    build: str
    pinning: Pinning
    quick: bool = False
    #: Interleaved runs of each client.
    pairs: int = 11
    time: bool = True
    count: bool = True
    root: str = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def pin_to(core):
    """For Popen's preexec_fn: the child runs on this core from its first instruction."""
    return lambda: os.sched_setaffinity(0, {core})


#: The one user of a responder with SCRAM.
USER = "bench:pencil"
SERVED = ("connections", "full_handshakes", "resumed_handshakes", "logins")


class Responder:
    """The loopback responder, alive as long as the `with` block; what it served is known afterwards."""

    def __init__(self, build, core, capture=None, document_bytes=None, mongos=None, tls=False, scram=False,
                 salts=1):
        self.command = [os.path.join(build, "bench", "bench-responder")]
        if document_bytes:
            self.command += ["--document-bytes", str(document_bytes)]
        if capture:
            self.command += ["--capture", capture]
        if mongos:
            self.command += ["--mongos", str(mongos)]
        if scram:
            self.command += ["--scram", USER, "--salts", str(salts)]
        self.tls, self.scram = tls, scram
        self.core = core
        self.certificate = None
        self.served = dict.fromkeys(SERVED, 0)

    def __enter__(self):
        if self.tls:
            self.certificate = tempfile.NamedTemporaryFile(suffix=".pem")
            self.command += ["--tls", self.certificate.name]
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, text=True,
                                            preexec_fn=pin_to(self.core))
        except OSError as why:
            raise Failed(f"the responder cannot be started: {why}") from None
        line = self.process.stdout.readline()
        if not line.startswith("LISTEN "):
            self.end()
            raise Failed(f"the responder did not start: exit {self.process.returncode}")
        user = f"{USER}@" if self.scram else ""
        options = f"/?tls=true&tlsCAFile={self.certificate.name}" if self.tls else ""
        self.uri = f"mongodb://{user}{line.split()[1]}{options}"
        return self

    def __exit__(self, kind, why, _):
        words = self.end().split()
        if words[:1] == ["SERVED"]:
            self.served = dict(zip(SERVED, map(int, words[1:])))
        elif kind is None or issubclass(kind, Failed):
            # What its clients said of it meanwhile is not the cause, and zeros are not what it served.
            raise Failed(f"the responder died: exit {self.process.returncode}") from why

    def end(self):
        """Its last words."""
        try:
            return self.process.communicate(timeout=10)[0]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0]
        finally:
            if self.certificate:
                self.certificate.close()


@dataclass
class Run:
    operations: int
    wall: float
    cpu: float
    rss_kb: int
    counters: dict = field(default_factory=dict)


def start(command, **more):
    """subprocess.run, of a program that may not be there, not be one, or never end."""
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=TIMEOUT,
                              check=False, **more)
    except OSError as why:
        raise Failed(f"it cannot be started: {why}") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"it was not done after {TIMEOUT} s") from None


def read_result(words, counters):
    """A closing line and the counters before it; a number that cannot be a cost is none."""
    operations, rss = int(words[1]), int(words[5])
    wall, user, system = map(float, words[2:5])
    # The two together: how the kernel splits them is not to be trusted for such short calls.
    cpu = user + system
    if operations <= 0 or min(wall, user, system, rss) < 0 or not math.isfinite(wall + cpu):
        raise ValueError
    return Run(operations, wall, cpu, rss, {name: int(value) for name, value in counters})


def run(command, uri, task, count, core, environment=None, operations=None):
    """Runs `command URI TASK COUNT` on one core; its closing line, read. One that says another number than
    `operations` has done something else than the task."""
    done = start([*command, uri, task, str(count)], preexec_fn=pin_to(core),
                 env={**os.environ, **(environment or {})})
    result, counters = None, []
    for line in done.stdout.splitlines():
        words = line.split()
        if words[:1] == ["RESULT"] and len(words) == 6:
            result = words
        elif words[:1] == ["COUNTER"] and len(words) == 3:
            counters.append(words[1:])
    if done.returncode != 0 or result is None:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failed(f"exit {done.returncode}: {said[-1] if said else 'no RESULT line'}")
    try:
        made = read_result(result, counters)
    except ValueError:
        said = " ".join(word for words in (*(["COUNTER", *each] for each in counters), result) for word in words)
        raise Failed(f"these are no costs: {said}") from None
    if operations is not None and made.operations != operations:
        raise Failed(f"{made.operations} operations were done of {operations}")
    return made


def spread(values):
    """Median and quartiles, and the values themselves."""
    ordered = sorted(values)
    if len(ordered) > 1:
        low, middle, high = statistics.quantiles(ordered, n=4, method="inclusive")
    else:
        low = middle = high = ordered[0]
    return {"median": middle, "q1": low, "q3": high, "runs": list(values)}


def need(tool):
    path = shutil.which(tool)
    if path is None:
        raise Unavailable(f"{tool} is not installed")
    return path


def count_twice(count_once, count, concurrency):
    """What one operation adds to each count: (C(2N) - C(N)) / N. Start and end fall out."""
    small, large = count_once(count), count_once(2 * count)
    operations = count * concurrency
    return {name: (large[name] - small.get(name, 0)) / operations for name in large}


def instructions(client, uri, task, core):
    """User-space instructions of the whole process, an operation, by callgrind."""
    valgrind = need("valgrind")
    environment = {**client.environment, "NOWARM": "1"}

    def once(count):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "callgrind.out")
            run([valgrind, "--quiet", "--tool=callgrind", f"--callgrind-out-file={out}",
                 *client.command], uri, task.name, count, core, environment, count * task.concurrency)
            with open(out, encoding="utf-8") as file:
                found = re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE)
        if not found:
            raise Failed("callgrind wrote no total")
        return {"instructions": int(found[1])}

    return count_twice(once, task.counted_by(client), task.concurrency)["instructions"]


def system_calls(client, uri, task, core):
    """System calls an operation, by name, of all threads, by strace."""
    strace = need("strace")
    environment = {**client.environment, "NOWARM": "1"}

    def once(count):
        with tempfile.NamedTemporaryFile(mode="r") as out:
            run([strace, "-c", "-f", "-o", out.name, *client.command], uri, task.name, count, core,
                environment, count * task.concurrency)
            counts = {}
            for line in out.read().splitlines():
                words = line.split()
                # % time, seconds, usecs/call, calls, [errors], name
                if len(words) >= 5 and words[3].isdigit() and words[-1] != "total":
                    counts[words[-1]] = int(words[3])
        if not counts:
            raise Unavailable("strace could not trace here")
        return counts

    calls = count_twice(once, task.traced_by(client), task.concurrency)
    calls = {name: value for name, value in calls.items() if abs(value) >= 0.005}
    return dict(sorted(calls.items(), key=lambda item: -item[1]))


def allocation_counter(build):
    counter = os.path.join(build, "bench", "libbench-alloc-counter.so")
    if not os.path.exists(counter):
        raise Unavailable("the allocation counter was not built")
    return counter


def allocations(client, uri, task, core, build):
    """Calls of malloc and its kin an operation, and their bytes, by the interposed counter."""
    counter = allocation_counter(build)

    def once(count):
        with tempfile.NamedTemporaryFile(mode="r") as out:
            run(client.command, uri, task.name, count, core,
                {**client.environment, "NOWARM": "1", "LD_PRELOAD": counter,
                 "ALLOC_COUNTER": out.name}, count * task.concurrency)
            words = out.read().split()
        if words[:1] != ["ALLOC"]:
            raise Failed("the allocation counter wrote nothing")
        return {"calls": int(words[1]), "bytes": int(words[2])}

    return count_twice(once, task.traced_by(client), task.concurrency)
