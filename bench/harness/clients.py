"""The programs that are compared. Each obeys the shared command line, so that a peer is one entry here."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Client:
    name: str
    #: What is run before `URI TASK N`.
    command: tuple
    #: Tasks that it does not know; the report says so instead of failing.
    without: tuple = ()
    environment: dict = field(default_factory=dict)
    #: False for a program whose own allocator or just-in-time compiler these tools cannot see into.
    countable: bool = True


#: The one that everything is a ratio to.
BASELINE = "bare"

#: Name, program in the build's bench/ folder, tasks it lacks. Later peers (other toolchains) join here.
BUILT = [
    (BASELINE, "bench-bare", ()),
    ("mongoro", "mongoro-bench", ()),
    ("libmongoc", "bench-libmongoc", ("insert_one_document", "find_one_struct", "find_many_struct", "callback")),
]


def find(build):
    """The clients of this build, and a line for each that is not in it."""
    found, missing = [], []
    for name, program, without in BUILT:
        path = os.path.join(build, "bench", program)
        if os.access(path, os.X_OK):
            found.append(Client(name, (path,), without))
        else:
            missing.append(f"{name}: {program} was not built")
    return found, missing
