"""The goals of the hot path: what was measured of each, and whether it holds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    what: str
    #: As text, for people.
    goal: str
    #: None where this run has not measured it.
    measured: float = None
    holds: bool = None
    note: str = ""


class Missing(Exception):
    """This run has not measured it."""


def at(made, *path):
    """One value of the report."""
    for key in path:
        if not isinstance(made, dict) or key not in made:
            raise Missing()
        made = made[key]
    if made is None:
        raise Missing()
    return made


def row(made, task, client="mongoro"):
    return at(made, "tasks", task, "clients", client)


def cpu(made, task, client="mongoro"):
    return at(row(made, task, client), "cpu_us", "median")


def enters(made, task):
    """Calls of io_uring_enter; none at all is another backend, which the goal is not about."""
    found = at(row(made, task), "enters")
    if not found:
        raise Missing()
    return found


def times(made, task, one, other):
    """How many times the first costs what the other does, both of one run: another's machine was another one."""
    if row(made, task, one).get("run") != row(made, task, other).get("run"):
        raise Missing()
    return cpu(made, task, one) / cpu(made, task, other)


def at_most(limit, what, value, goal=None, note=""):
    """A goal that a value is no more than `limit`; `value` is a function, which may find nothing."""
    goal = goal or f"≤ {limit:,.10g}"
    try:
        measured = value()
    except (Missing, ZeroDivisionError):
        return Goal(what, goal)
    return Goal(what, goal, measured, measured <= limit, note)


def reported(what, value):
    """A value that nobody has set a goal for."""
    try:
        return Goal(what, "none: reported", value())
    except Missing:
        return Goal(what, "none: reported")


def at_least(limit, what, value, goal=None):
    found = at_most(limit, what, value, goal or f"≥ {limit:g}")
    return found if found.measured is None else Goal(what, found.goal, found.measured,
                                                     found.measured >= limit)


def one_at_a_time(made):
    for task, most in (("ping", 3000), ("find_one", 4500), ("insert_one", 4500)):
        yield at_most(1.15, f"{task}: CPU against the bare ring",
                      lambda task=task: at(row(made, task), "cpu_ratio", "median"))
        yield at_most(most, f"{task}: user-space instructions",
                      lambda task=task: at(row(made, task), "instructions"))
        # Counts are differences of two runs: a hundredth is their grain.
        yield at_most(1.01, f"{task}: io_uring_enter calls", lambda task=task: enters(made, task),
                      goal="≤ 1.0")
        yield at_most(0.005, f"{task}: heap allocations",
                      lambda task=task: at(row(made, task), "allocations"), goal="0")


def at_a_time(made):
    yield at_most(1.25, "find_one, 64 at a time: CPU against the bare ring of 64 connections",
                  lambda: at(row(made, "conc:64"), "cpu_ratio", "median"))
    yield at_least(4, "the same: times ahead of libmongoc's 64 threads",
                   lambda: times(made, "conc:64", "libmongoc", "mongoro"))
    yield at_least(6, "the same: times ahead of Rust",
                   lambda: times(made, "conc:64", "rust", "mongoro"))
    yield at_most(1.1, "the same: io_uring_enter calls against the bare ring's",
                  lambda: enters(made, "conc:64") / at(row(made, "conc:64", "bare"), "enters"))
    for task in ("conc:1024", "conc:4096"):
        yield no_more_than_at_64(made, task)


def no_more_than_at_64(made, task):
    """In the same rounds. The noise is how far the median of so many pairs with such quartiles is uncertain (95 %)."""
    what, goal = f"find_one, {task[5:]} at a time: CPU against 64 at a time", "≤ 1, or within the noise"
    try:
        pairs = at(row(made, task), "beside_ratio")
    except Missing:
        return Goal(what, goal)
    ratio, noise = pairs["median"], 1.57 * (pairs["q3"] - pairs["q1"]) / len(pairs["runs"]) ** 0.5
    return Goal(what, goal, ratio, ratio - noise <= 1, f"± {noise:.2f}" if ratio > 1 else "")


def many(made):
    yield at_most(1.25, "cursor over 10,000 documents as views: CPU against the bare loop",
                  lambda: at(row(made, "find_many"), "cpu_ratio", "median"))
    yield at_most(2.0, "the same into structs of 5 fields",
                  lambda: at(row(made, "find_many_struct"), "cpu_ratio", "median"))
    yield at_most(0.25, "insert_many of 10,000 structs: CPU against libmongoc's",
                  lambda: times(made, "insert_many", "mongoro", "libmongoc"))
    yield at_most(15e6, "the same: instructions", lambda: at(row(made, "insert_many"), "instructions"))


def documents(made):
    for name, of in made.get("spec", {}).get("bson", {}).items():
        structs = "_struct_" in name
        yield at_most(1.0 if structs else 1.1, f"{name.replace('_', ' ')}: time against libbson's calls",
                      lambda of=of: at(of, "ratio", "median"), goal="< 1" if structs else "≤ 1.1")


def the_rest(made):
    yield at_most(8192, "an idle connection: bytes of heap",
                  lambda: at(made, "memory", "mongoro", "1000", "idle") / 1000)
    yield at_most(2048, "an operation waiting for its reply: bytes of heap",
                  lambda: at(made, "memory", "mongoro", "1000", "waiting") / 1000)
    yield reported("an idle TLS connection: bytes of heap",
                   lambda: at(made, "memory", "mongoro TLS", "1000", "idle") / 1000)
    yield at_most(1.05, "a callback against co_await: instructions",
                  lambda: at(row(made, "callback"), "instructions") / at(row(made, "find_one"),
                                                                           "instructions"))
    yield at_most(1.0, "start-up, process to first reply: against libmongoc's",
                  lambda: at(made, "start_up", "mongoro", "first_reply_ms", "median") /
                  at(made, "start_up", "libmongoc", "first_reply_ms", "median"))
    yield at_most(3, "compile time of one file with one find: user CPU seconds",
                  lambda: at(made, "compile_time", "one_find", "median"))


def all_of(made):
    return [goal for part in (one_at_a_time, at_a_time, many, documents, the_rest) for goal in part(made)]
