"""What got slower since an earlier run, by more than the noise."""

#: A timed cost is worse when its quartiles lie apart from the earlier ones by more than this share: load of
#: the machine moves both runs of a pair, and its ratio a little.
TIMED_SHARE = 0.03
#: Counts repeat but for padding, hashing and the like.
COUNTED = {"instructions": (0.02, 50), "system_calls": (0.02, 0.05), "enters": (0.02, 0.05),
           "allocations": (0, 0.05)}


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


def reports(old, new):
    """Lines of Markdown, worse first; empty where nothing changed by more than the noise."""
    worse, better = [], []
    for task, now in new["tasks"].items():
        before = old["tasks"].get(task, {"clients": {}})
        for client, row in now["clients"].items():
            for what, was, became in of_client(before["clients"].get(client, {}), row):
                share = f" ({became / was - 1:+.0%})" if was else ""
                line = f"* {task}, {client}: {what} {was:.4g} → {became:.4g}{share}"
                (worse if became > was else better).append(line)
    lines = []
    for heading, found in [("Slower than before", worse), ("Faster than before", better)]:
        if found:
            lines += ["", f"## {heading}", "", *found]
    return lines or ["", "Nothing changed by more than the noise."]
