"""The command line, the documents and the closing line that both Python programs share."""

import os
import random
import resource
import string
import sys
import time
from dataclasses import dataclass

MANY_DOCUMENTS = 10_000
#: As many as the bare loop and the other clients have.
CONNECTIONS = 64


class WrongResult(Exception):
    def __str__(self) -> str:
        return "not the documents that were asked for"


@dataclass
class Arguments:
    uri: str
    task: str
    concurrency: int
    count: int
    warm_up: int


def parse_arguments() -> Arguments:
    if len(sys.argv) != 4:
        raise SystemExit(f"usage: {sys.argv[0]} URI TASK N")
    task, _, many = sys.argv[2].partition(":")
    count = int(sys.argv[3])
    cold = os.environ.get("NOWARM") == "1"
    return Arguments(sys.argv[1], task, int(many or 1), count, 0 if cold else max(count // 10, 1))


def make_smalls() -> list:
    source = random.Random(1)
    made = []
    for _ in range(MANY_DOCUMENTS):
        document = {f"field{at}": "".join(source.choices(string.ascii_lowercase, k=14 if at == 6 else 15))
                    for at in range(7)}
        document.update((f"field{at}", source.randrange(100_000_000)) for at in range(7, 13))
        made.append(document)
    return made


def read(document) -> int:
    if document is None or not document["created_at"]:
        raise WrongResult()
    return document["_id"] + len(document["created_at"])


class Latencies:
    """How long each find_one takes, where the environment's LATENCIES names a file for it."""

    def __init__(self) -> None:
        self.path = os.environ.get("LATENCIES")
        self.taken: list = []

    def begin(self) -> int:
        return time.perf_counter_ns() if self.path else 0

    def end(self, began: int) -> None:
        if self.path:
            self.taken.append(time.perf_counter_ns() - began)

    def write(self) -> None:
        if self.path:
            with open(self.path, "w", encoding="ascii") as file:
                file.writelines(f"{one}\n" for one in self.taken)


LATENCIES = Latencies()


def peak_rss() -> int:
    """In kB. Not ru_maxrss: that one keeps what the process was before its exec."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


class Stopwatch:
    def __init__(self) -> None:
        self.used = resource.getrusage(resource.RUSAGE_SELF)
        self.began = time.perf_counter()

    def print_result(self, operations: int) -> None:
        wall = time.perf_counter() - self.began
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(f"RESULT {operations} {wall:.6f} {used.ru_utime - self.used.ru_utime:.6f} "
              f"{used.ru_stime - self.used.ru_stime:.6f} {peak_rss()}")
