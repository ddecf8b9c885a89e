#!/usr/bin/env python3
"""Measures what one operation costs each client, beside the bare loop. See bench/README.md.

    run.py --build DIR [--quick] [--tasks ping,find_one] [--clients bare,mongoro] [--json FILE]
"""

import argparse
import dataclasses
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import clients as known  # noqa: E402
from harness import compare, measure, report, tasks  # noqa: E402

#: The client whose bytes the bare loop sends.
RECORDED = "mongoro"


def say(text):
    print(text, file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the meson build folder")
    parser.add_argument("--build-type", default="unknown")
    parser.add_argument("--pairs", type=int, help="interleaved runs of each client (11; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--tasks", default="", help="comma-separated; all by default")
    parser.add_argument("--clients", default="", help="comma-separated; all that are built by default")
    parser.add_argument("--cores", choices=["one", "two"], default="one",
                        help="client and responder on one core (default), or each on its own")
    parser.add_argument("--no-time", action="store_true", help="count only")
    parser.add_argument("--no-count", action="store_true", help="time only")
    parser.add_argument("--compare", metavar="OLD.json", help="say what changed since that run")
    parser.add_argument("--json", help="where the numbers go (default: bench.json in the build)")
    parser.add_argument("--markdown", help="where the table goes as well as to standard output")
    return parser.parse_args()


def choose_clients(arguments):
    """The clients, baseline first, and notes on those that are not there."""
    found, missing = known.find(arguments.build)
    wanted = [name for name in arguments.clients.split(",") if name]
    if wanted:
        absent = [name for name in wanted if name not in [client.name for client in found]]
        if absent:
            raise SystemExit(f"no client {', '.join(absent)}; {'; '.join(missing) or 'all are built'}")
        found = [client for client in found if client.name in wanted]
        missing = []
    if not found:
        raise SystemExit("; ".join(missing))
    return found, missing


def record_requests(arguments, chosen, pinning, folder):
    """Has the recorded client do each task once; file by task."""
    source = [client for client in known.find(arguments.build)[0] if client.name == RECORDED]
    files, notes = {}, []
    for name in dict.fromkeys(task.alone for task in chosen) if source else []:
        path = os.path.join(folder, name)
        try:
            with measure.Responder(arguments.build, pinning.responder, path) as responder:
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
    """Interleaved timed runs. The order turns by one each round, so that no client is always first."""
    runs = {client.name: [] for client in clients}
    alive = list(clients)
    for turn in range(pairs):
        shift = turn % max(len(alive), 1)
        for client in alive[shift:] + alive[:shift]:
            try:
                runs[client.name].append(
                    measure.run(client.command, uri, task.name, task.timed, core, client.environment))
            except measure.Failed as why:
                rows[client.name]["failed"] = str(why)
        alive = [client for client in alive if "failed" not in rows[client.name]]
    baseline = runs.get(known.BASELINE, [])
    for client in alive:
        row, mine = rows[client.name], runs[client.name]
        if not mine:
            continue
        row["cpu_us"] = measure.spread([run.cpu / run.operations * 1e6 for run in mine])
        row["wall_us"] = measure.spread([run.wall / run.operations * 1e6 for run in mine])
        row["rss_kb"] = max(run.rss_kb for run in mine)
        for name in mine[0].counters:
            per_operation = [run.counters[name] / run.operations for run in mine]
            row.setdefault("counters", {})[name] = measure.spread(per_operation)
        if len(baseline) == len(mine) and client.name != known.BASELINE:
            row["cpu_ratio"] = measure.spread([
                (run.cpu / run.operations) / (base.cpu / base.operations)
                for run, base in zip(mine, baseline)])


def count_all(client, task, uri, core, build, row):
    """Instructions, system calls and allocations; what cannot be had here says why."""
    measures = {
        "instructions": lambda: measure.instructions(client, uri, task, core),
        "system_calls": lambda: measure.system_calls(client, uri, task, core),
        "allocations": lambda: measure.allocations(client, uri, task, core, build),
    }
    for name, take in measures.items():
        try:
            if not client.countable:
                raise measure.Unavailable("these tools do not see into it")
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
    # A tracer slows a program down, so that fewer completions come together: at many operations at a
    # time the program's own count is the true one.
    own = row.get("counters", {}).get("enters")
    if own and task.concurrency > 1:
        row["enters"] = own["median"]


def measure_task(arguments, task, clients, pinning, recorded):
    say(f"{task.name} ...")
    clients = [prepared_for(client, task, recorded)
               for client in clients if client.does(task.name)]
    rows = {client.name: {} for client in clients}
    pairs = arguments.pairs or (3 if arguments.quick else 11)
    with measure.Responder(arguments.build, pinning.responder) as responder:
        if not arguments.no_time:
            time_all(clients, task, pairs, responder.uri, pinning.client, rows)
        for client in clients if not arguments.no_count else []:
            if "failed" not in rows[client.name]:
                count_all(client, task, responder.uri, pinning.client, arguments.build,
                          rows[client.name])
    return {"title": task.title, "n": task.timed, "counted_n": task.counted, "clients": rows}


def main():
    arguments = parse_arguments()
    earlier = None
    if arguments.compare:
        with open(arguments.compare, encoding="utf-8") as file:
            earlier = json.load(file)
    clients, notes = choose_clients(arguments)
    chosen = [task.scaled(arguments.quick)
              for task in tasks.choose([name for name in arguments.tasks.split(",") if name])]
    try:
        pinning = (measure.Pinning.one_core() if arguments.cores == "one"
                   else measure.Pinning.two_cores())
    except measure.Unavailable as why:
        raise SystemExit(str(why)) from None
    made = {"version": 1, "machine": report.machine(), "notes": notes, "tasks": {}}
    with tempfile.TemporaryDirectory() as folder:
        recorded, failures = record_requests(arguments, chosen, pinning, folder)
        made["notes"] += failures
        made["settings"] = {
            "pairs": arguments.pairs or (3 if arguments.quick else 11),
            "quick": arguments.quick, "cores": pinning.name(), "build_type": arguments.build_type,
            "bare_requests": f"recorded from {RECORDED}" if recorded and not failures
                             else "in a driver's shape, not recorded from one"}
        if arguments.build_type in ("debug", "plain", "sanitizer"):
            made["notes"].append(f"a {arguments.build_type} build is not what users run")
        for task in chosen:
            made["tasks"][task.name] = measure_task(arguments, task, clients, pinning, recorded)
    table = report.markdown(made)
    if earlier:
        table += "\n".join(compare.reports(earlier, made)) + "\n"
    print(table, flush=True)
    report.write_json(made, arguments.json or os.path.join(arguments.build, "bench.json"))
    if arguments.markdown:
        with open(arguments.markdown, "w", encoding="utf-8") as file:
            file.write(table)
    failed = [f"{client} {task}: {row['failed']}" for task, of in made["tasks"].items()
              for client, row in of["clients"].items() if "failed" in row]
    for line in failed + made["notes"]:
        say(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
