"""The programs that are compared. Each obeys the shared command line, so that a peer is one entry here."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Client:
    name: str
    #: What is run before `URI TASK N`.
    command: tuple
    #: Tasks that it does not know, and those that have no meaning for it.
    without: tuple = ()
    environment: dict = field(default_factory=dict)
    #: What can be counted of it: of a runtime with its own allocator or just-in-time compiler, only what
    #: it asks of the kernel.
    counts: tuple = ("instructions", "system_calls", "allocations")
    #: How many times less it is given to do than the fastest ones, so that a run ends in minutes.
    pace: int = 1
    #: If not empty, the only tasks that it does.
    only: tuple = ()
    #: Whether a goal stands between it and another such one.
    near: bool = False

    def does(self, task):
        return task not in self.without and (not self.only or task in self.only)


#: The one that everything is a ratio to.
BASELINE = "bare"

NO_STRUCTS = ("find_one_struct", "find_many_struct")
OURS_ONLY = ("insert_one_document", "callback")
RAW = {"only": ("find_one", "find_many"), "environment": {"PEER_RAW": "1"}, "pace": 4}
RUNTIME = {"counts": ("system_calls",), "pace": 5}
#: Thousands of threads (Motor, too, stands on blocking calls) cost minutes and say nothing new.
THREADED = ("conc:1024", "conc:4096")

#: Of `meson`: name, program in the build's bench/ folder, settings.
BUILT = [
    (BASELINE, "bench-bare", {"near": True}),
    ("mongoro", "mongoro-bench", {"near": True}),
    ("libmongoc", "bench-libmongoc", {"without": OURS_ONLY}),
]
#: The same program with another libmongoc (-Dpeer_libmongoc=PREFIX): it may well not be there.
OPTIONAL = [("libmongoc new", "bench-libmongoc-new", {"without": OURS_ONLY})]
#: Of peers/build.sh: name, folder in the build's peers/, settings.
FETCHED = [
    ("rust", "rust", {"without": OURS_ONLY, "pace": 4}),
    ("rust raw", "rust", RAW),
    # Valgrind and an interposed malloc do not see into these runtimes.
    ("go", "go", {"without": OURS_ONLY, **RUNTIME}),
    ("go raw", "go", {**RAW, **RUNTIME}),
    ("node", "node", {"without": OURS_ONLY + NO_STRUCTS, **RUNTIME}),
    ("pymongo", "pymongo", {"without": OURS_ONLY + NO_STRUCTS + THREADED, **RUNTIME}),
    ("motor", "motor", {"without": OURS_ONLY + NO_STRUCTS + THREADED, **RUNTIME}),
]


def why_not(folder):
    """What peers/build.sh said of a peer that is not there."""
    try:
        with open(os.path.join(folder, "why"), encoding="utf-8") as file:
            return file.readline().strip()
    except OSError:
        return "not built: bench/run.sh does it"


def find(build):
    """The clients of this build, and a line for each that is not in it."""
    found, missing = [], []
    for name, program, settings in BUILT + OPTIONAL:
        path = os.path.join(build, "bench", program)
        if os.access(path, os.X_OK):
            found.append(Client(name, (path,), **settings))
        elif (name, program, settings) in BUILT:
            missing.append(f"{name}: {program} was not built")
    for name, folder, settings in FETCHED:
        folder = os.path.join(build, "peers", folder)
        path = os.path.join(folder, "run")
        if os.access(path, os.X_OK):
            found.append(Client(name, (path,), **settings))
        elif "only" not in settings:
            missing.append(f"{name}: {why_not(folder)}")
    return found, missing
