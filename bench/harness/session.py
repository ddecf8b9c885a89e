"""The tasks of one run: recorded, timed in turns, counted."""

import dataclasses
import os
import tempfile

from . import clients as known
from . import measure, tasks

#: The client whose bytes the bare loop sends.
RECORDED = "mongoro"


def record_requests(build, chosen, pinning, folder):
    """Has the recorded client do each task once; file by task, and notes."""
    source = [client for client in known.find(build)[0] if client.name == RECORDED]
    files, notes = {}, []
    for name in dict.fromkeys(task.alone for task in chosen) if source else []:
        path = os.path.join(folder, name)
        try:
            with measure.Responder(build, pinning.responder, path) as responder:
                measure.run(source[0].command, responder.uri, name, 1, pinning.client, {"NOWARM": "1"})
            files[name] = path
        except measure.Failed as why:
            notes.append(f"{RECORDED} could not be recorded doing {name}: {why}")
    return files, notes


def prepared_for(client, task, recorded):
    """The client with the environment that this task needs."""
    if client.name != known.BASELINE or task.alone not in recorded:
        return client
    return dataclasses.replace(
        client, environment={**client.environment, "BARE_REQUESTS": recorded[task.alone]})


def time_all(clients, task, pairs, uri, core, rows):
    """Interleaved timed runs, of all clients in one round of `task.near` and of the bare loop and ours in each.
    The order turns by one with each round of all, so that no client is always first."""
    runs = {client.name: {} for client in clients}
    others = {}
    alive = list(clients)
    for turn in range(pairs * task.near):
        taking = alive if turn % task.near == 0 else [client for client in alive if client.near]
        shift = turn // task.near % max(len(taking), 1)
        for client in taking[shift:] + taking[:shift]:
            try:
                count = task.timed_by(client)
                runs[client.name][turn] = measure.run(client.command, uri, task.name, count, core,
                                                      client.environment, count * task.concurrency)
                if task.beside and client.name == RECORDED:
                    others[turn] = measure.run(client.command, uri, task.beside, task.timed_beside(client), core,
                                               client.environment)
            except measure.Failed as why:
                rows[client.name]["failed"] = str(why)
        alive = [client for client in alive if "failed" not in rows[client.name]]
    baseline = runs.get(known.BASELINE, {})
    for client in alive:
        if mine := runs[client.name]:
            beside = [baseline[turn] for turn in mine if turn in baseline] if client.name != known.BASELINE else []
            summarise(rows[client.name], list(mine.values()), beside)
    if others and "failed" not in rows[RECORDED]:
        rows[RECORDED]["beside_ratio"] = ratios([runs[RECORDED][turn] for turn in others], others.values())


def summarise(row, mine, baseline):
    """What the timed runs of one client say."""
    row["cpu_us"] = measure.spread([run.cpu / run.operations * 1e6 for run in mine])
    row["wall_us"] = measure.spread([run.wall / run.operations * 1e6 for run in mine])
    row["rss_kb"] = max(run.rss_kb for run in mine)
    for name in mine[0].counters:
        per_operation = [run.counters[name] / run.operations for run in mine]
        row.setdefault("counters", {})[name] = measure.spread(per_operation)
    # Of the same round each: that leaves most of the machine's own load out. A run too short for the
    # clock has no ratio.
    if len(baseline) == len(mine) and all(base.cpu > 0 for base in baseline):
        row["cpu_ratio"] = ratios(mine, baseline)


def ratios(runs, others):
    """What an operation costs in one and in the other of each pair."""
    return measure.spread([(run.cpu / run.operations) / (other.cpu / other.operations)
                           for run, other in zip(runs, others)])


def count_all(client, task, uri, core, build, row):
    """Instructions, system calls and allocations; what cannot be had here says why."""
    measures = {
        "instructions": lambda: measure.instructions(client, uri, task, core),
        "system_calls": lambda: measure.system_calls(client, uri, task, core),
        "allocations": lambda: measure.allocations(client, uri, task, core, build),
    }
    for name, take in measures.items():
        try:
            if name not in client.counts:
                raise measure.Unavailable("this tool does not see into its runtime")
            taken = take()
        except (measure.Unavailable, measure.Failed) as why:
            row.setdefault("missing", {})[name] = str(why)
            continue
        if name == "system_calls":
            row["system_calls"] = sum(taken.values())
            row["system_calls_by_name"] = taken
            row["enters"] = taken.get("io_uring_enter", 0)
        elif name == "allocations":
            row["allocations"] = taken["calls"]
            row["allocated_bytes"] = taken["bytes"]
        else:
            row[name] = taken


def measure_task(task, clients, settings, recorded):
    """One task of all clients that do it; `settings` has build, pinning, pairs, time and count."""
    clients = [prepared_for(client, task, recorded) for client in clients if client.does(task.name)]
    rows = {client.name: {} for client in clients}
    core = settings.pinning.client
    with measure.Responder(settings.build, settings.pinning.responder) as responder:
        if settings.time:
            time_all(clients, task, settings.pairs, responder.uri, core, rows)
        for client in clients if settings.count else []:
            if task.is_counted_of(client) and "failed" not in rows[client.name]:
                count_all(client, task, responder.uri, core, settings.build, rows[client.name])
    # A tracer slows a program down, so that fewer completions come together: at many operations at a
    # time the program's own count is the only true one.
    for row in rows.values() if task.concurrency > 1 else ():
        row.pop("enters", None)
        if own := row.get("counters", {}).get("enters"):
            row["enters"] = own["median"]
    return {"title": task.title, "n": task.timed, "counted_n": task.counted, "clients": rows}


#: What is timed again with a core each for client and responder, where a wake-up crosses over.
ON_TWO_CORES = ("ping", "find_one", "insert_one", "conc:64")


def two_cores(clients, settings):
    """Some tasks as `measure_task` times them, on two cores."""
    apart = dataclasses.replace(settings, pinning=measure.Pinning.two_cores(), time=True, count=False)
    chosen = [dataclasses.replace(task.scaled(settings.quick), near=1) for task in tasks.choose(ON_TWO_CORES)]
    with tempfile.TemporaryDirectory() as folder:
        recorded, failures = record_requests(settings.build, chosen, apart.pinning, folder)
        if failures:
            raise measure.Failed("; ".join(failures))
        return {task.name: measure_task(task, clients, apart, recorded) for task in chosen}
