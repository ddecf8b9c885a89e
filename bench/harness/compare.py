"""What got slower since an earlier run, by more than the noise."""

#: A timed cost is worse when its quartiles lie apart from the earlier ones by more than this share: load of
#: the machine moves both runs of a pair, and its ratio a little.
TIMED_SHARE = 0.03
#: Counts repeat but for padding, hashing and the like.
COUNTED = {"instructions": (0.02, 50), "system_calls": (0.02, 0.05), "enters": (0.02, 0.05),
           "allocations": (0, 0.05), "idle": (0.02, 500), "waiting": (0.02, 500), "watching": (0.02, 500)}


def timed_change(old, new):
    """The change of the median as a share, if the quartiles do not touch; else None."""
    if old["median"] <= 0:
        return None
    apart = new["q1"] > old["q3"] * (1 + TIMED_SHARE) or new["q3"] < old["q1"] * (1 - TIMED_SHARE)
    return new["median"] / old["median"] - 1 if apart else None


def of_client(old, new):
    """The changes of one client in one task: (what, old, new)."""
    # Against the bare loop where there is one: that leaves the machine out.
    timed = "cpu_ratio" if "cpu_ratio" in old and "cpu_ratio" in new else "cpu_us"
    if timed in old and timed in new and timed_change(old[timed], new[timed]) is not None:
        yield timed, old[timed]["median"], new[timed]["median"]
    for what, (share, least) in COUNTED.items():
        if what in old and what in new and abs(new[what] - old[what]) > max(share * old[what], least):
            yield what, old[what], new[what]


def rows_of(made):
    """((what, client), row) of all parts that have such rows."""
    for part in ("tasks", "connect", "checkout", "selection", "servers"):
        for task, of in made.get(part, {}).items():
            name = f"find_one, {task} servers" if part == "servers" else task
            for client, row in of["clients"].items():
                yield (name, client), row
    for client, of in made.get("memory", {}).items():
        for connections, row in of.items():
            yield (f"{connections} connections", client), row


def reports(old, new):
    """Lines of Markdown, worse first; empty where nothing changed by more than the noise."""
    worse, better = [], []
    earlier = dict(rows_of(old))
    for (task, client), row in rows_of(new):
        for what, was, became in of_client(earlier.get((task, client), {}), row):
            share = f" ({became / was - 1:+.0%})" if was else ""
            line = f"* {task}, {client}: {what} {was:.4g} → {became:.4g}{share}"
            (worse if became > was else better).append(line)
    lines = []
    for heading, found in [("Slower than before", worse), ("Faster than before", better)]:
        if found:
            lines += ["", f"## {heading}", "", *found]
    return lines or ["", "Nothing changed by more than the noise."]
