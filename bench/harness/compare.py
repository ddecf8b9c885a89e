"""What got slower since an earlier run, by more than the noise."""

#: A timed cost is worse when its quartiles lie apart from the earlier ones by more than this share: load of
#: the machine moves both runs of a pair, and its ratio a little.
TIMED_SHARE = 0.03
#: Fewer have no quartiles: nobody knows their noise.
FEWEST_RUNS = 3
#: Counts repeat but for padding, hashing and the like.
COUNTED = {"instructions": (0.02, 50), "system_calls": (0.02, 0.05), "enters": (0.02, 0.05),
           "allocations": (0, 0.05), "idle": (0.02, 500), "waiting": (0.02, 500), "watching": (0.02, 500)}


def has_quartiles(spread):
    return len(spread["runs"]) >= FEWEST_RUNS


def timed_change(old, new):
    """The change of the median as a share, if there are quartiles and they do not touch; else None."""
    if old["median"] <= 0 or not has_quartiles(old) or not has_quartiles(new):
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
    for part in ("tasks", "two_cores", "connect", "checkout", "selection", "servers"):
        for task, of in made.get(part, {}).items():
            name = {"servers": f"find_one, {task} servers", "two_cores": f"{task} on two cores"}.get(part, task)
            for client, row in of["clients"].items():
                yield (name, client), row
    for client, of in made.get("memory", {}).items():
        for connections, row in of.items():
            yield (f"{connections} connections", client), row


def spreads_of(made):
    """((what, client), spread) of the parts that have nothing but a time or a ratio."""
    for client, of in made.get("document_size", {}).items():
        for size, cost in of.items():
            yield (f"find_one of {int(size):,} bytes, cpu_us", client), cost
    for client, of in made.get("start_up", {}).items():
        for what, cost in of.items():
            yield (f"start-up, {what}", client), cost
    for what, cost in made.get("compile_time", {}).items():
        if isinstance(cost, dict) and "median" in cost:
            yield (f"compile time of {what}, s", "mongoro"), cost
    for name, of in made.get("spec", {}).get("bson", {}).items():
        yield (f"{name} against libbson", "mongoro"), of["ratio"]


#: What decides about a run's numbers, beside what is measured.
CONDITIONS = {"settings": ("cores", "build_type", "quick"), "machine": ("cpu", "cores", "kernel")}
#: One number each, which nobody knows the noise of.
NOT_COMPARED = {"latencies": "latencies", "breakdown": "the breakdown", "spec": "the specification's scores"}


def conditions(old, new):
    """What the two runs differ in, so that their numbers differ by more than what is measured."""
    pairs = [(what, old.get(group, {}).get(what), new.get(group, {}).get(what))
             for group, names in CONDITIONS.items() for what in names]
    return [f"* {what}: {was} → {became}" for what, was, became in pairs if was != became]


def changes(old, new):
    """(what, client, old, new) of everything that both runs have and that differs by more than the noise."""
    earlier = dict(rows_of(old))
    for (task, client), row in rows_of(new):
        for what, was, became in of_client(earlier.get((task, client), {}), row):
            yield f"{task}, {client}: {what}", was, became
    earlier = dict(spreads_of(old))
    for key, cost in spreads_of(new):
        if key in earlier and timed_change(earlier[key], cost) is not None:
            yield f"{key[0]}, {key[1]}", earlier[key]["median"], cost["median"]


def gone(old, new):
    """What could be measured and cannot any more: no change of a number shows it."""
    later = dict(rows_of(new))
    return [f"* {task}, {client}: {later[task, client]['failed']}" for (task, client), row in rows_of(old)
            if "failed" not in row and "failed" in later.get((task, client), {})]


def reports(old, new):
    """Lines of Markdown, worse first; what was compared, where nothing changed by more than the noise."""
    worse, better = [], []
    for what, was, became in changes(old, new):
        share = f" ({became / was - 1:+.0%})" if was else ""
        (worse if became > was else better).append(f"* {what} {was:.4g} → {became:.4g}{share}")
    lines, failed = [], gone(old, new)
    for heading, found in [("Measured under other conditions", conditions(old, new)),
                           ("Failed, and did not before", failed),
                           ("Slower than before", worse), ("Faster than before", better)]:
        if found:
            lines += ["", f"## {heading}", "", *found]
    both = sum(len({key for key, _ in of(old)} & {key for key, _ in of(new)}) for of in (rows_of, spreads_of))
    if not both:
        lines += ["", "Nothing to compare: the two runs have measured nothing that is the same."]
    elif not worse and not better and not failed:
        lines += ["", f"Nothing changed by more than the noise, of {both} rows that both runs have."]
    spreads = [spread for made in (old, new) for _, spread in spreads_of(made)]
    spreads += [row[what] for made in (old, new) for _, row in rows_of(made) for what in ("cpu_us", "cpu_ratio")
                if what in row]
    few = [f"times of fewer than {FEWEST_RUNS} runs"] if both and not all(map(has_quartiles, spreads)) else []
    single = few + [words for part, words in NOT_COMPARED.items() if part in old and part in new]
    return lines + (["", f"Not compared: {', '.join(single)}."] if single else [])
