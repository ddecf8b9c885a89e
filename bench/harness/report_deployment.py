"""The tables of what stands around an operation."""

from .cells import number, table, with_quartiles


def reasons_of(parts):
    """What could not be counted, a line a reason."""
    reasons = {}
    for task, of in parts.items():
        for client, row in of["clients"].items():
            for what, why in row.get("missing", {}).items():
                reasons.setdefault(why, []).append(f"{task}, {client}, {what}")
    return ["", *[f"* n/a — {'; '.join(of)}: {why}" for why, of in reasons.items()]] if reasons else []


def counted(row, *names):
    return [number(row[name]) if name in row else "n/a" for name in names]


def in_ns(spread):
    return with_quartiles({key: spread[key] * 1000 for key in ("median", "q1", "q3")})


def connect_of(made):
    parts = made.get("connect")
    if not parts:
        return []
    rows = []
    for of in parts.values():
        for client, row in of["clients"].items():
            if "failed" in row:
                rows.append([of["title"], client, f"failed: {row['failed']}", *[""] * 6])
                continue
            served = row.get("served", {})
            rows.append([
                of["title"], client,
                with_quartiles(row["cpu_us"]) if "cpu_us" in row else "n/a",
                number(row["wall_us"]["median"]) if "wall_us" in row else "n/a",
                *counted(row, "instructions", "system_calls", "allocations"),
                number(served["connections"]) if served else "n/a",
                " + ".join(number(served[what]) for what in ("full_handshakes", "resumed_handshakes",
                                                               "logins")) if served else "n/a"])
    return ["", "## Connecting", "",
            "From the call to its reply, of a client with nothing cached, its making and its end too; and of "
            "one that has to open another connection, with what it keeps. The last columns are what the "
            "responder saw: connections, monitors' too; handshakes whole + resumed + logins.", "",
            *table(["what", "client", "CPU µs [quartiles]", "wall µs", "instructions", "system calls",
                    "allocations", "connections", "handshakes + resumed + logins"], rows),
            *reasons_of(parts)]


def pieces_of(parts, heading, words):
    if not parts:
        return []
    rows = [[of["title"], in_ns(row["cpu_us"]) if "cpu_us" in row else row.get("failed", "n/a"),
             *counted(row, "instructions", "allocations", "system_calls")]
            for of in parts.values() for row in of["clients"].values()]
    return ["", f"## {heading}", "", words, "",
            *table(["what", "CPU ns [quartiles]", "instructions", "allocations", "system calls"], rows),
            *reasons_of(parts)]


def checkout_of(made):
    return pieces_of(made.get("checkout"), "A check-out and check-in of the pool",
                     "In line: one connection goes from hand to hand, and who has given it back waits again.")


def selection_of(made):
    return pieces_of(made.get("selection"), "The selection of a server",
                     "Of a description in memory, two thirds of which is within the latency window; by the "
                     "deployment, its coroutine and its servers' operation counts are on the bill too.")


def servers_of(made):
    parts = made.get("servers")
    if not parts:
        return []
    rows = [[client, count, with_quartiles(row["cpu_us"]) if "cpu_us" in row else row.get("failed", "n/a"),
             *counted(row, "instructions", "system_calls", "allocations"),
             f"{row['rss_kb'] / 1024:.1f}" if "rss_kb" in row else "n/a"]
            for count, of in parts.items() for client, row in of["clients"].items()]
    return ["", "## One find_one by the servers of a sharded cluster", "",
            *table(["client", "mongos", "CPU µs [quartiles]", "instructions", "system calls", "allocations",
                    "RSS MB"], sorted(rows, key=lambda row: row[0] != "mongoro")), *reasons_of(parts)]


def parts_of(made):
    return [*connect_of(made), *checkout_of(made), *selection_of(made), *servers_of(made)]
