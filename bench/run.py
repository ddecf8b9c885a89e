#!/usr/bin/env python3
"""Measures what one operation costs each client, beside the bare loop. See bench/README.md.

    run.py --build DIR [--quick] [--tasks ping,find_one] [--clients bare,mongoro] [--json FILE]
"""

import argparse
import json
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import clients as known  # noqa: E402
from harness import breakdown, compare, deployment, extras, goals, measure, plots, report  # noqa: E402
from harness import session, spec_bench, tasks  # noqa: E402

PARTS = ("tasks", "two_cores", "breakdown", "latencies", "document_size", "connect", "checkout", "selection", "servers",
         "memory", "start_up", "compile_time", "spec")


#: Of the JSON file.
VERSION = 2


def say(text):
    print(text, file=sys.stderr, flush=True)


def at_least_one(words):
    """For argparse: no run at all measures nothing, and would say so in no way but by empty cells."""
    if (number := int(words)) < 1:
        raise argparse.ArgumentTypeError(f"{number} runs measure nothing")
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, help="the meson build folder")
    parser.add_argument("--build-type", help="what the report calls the build (default: what meson says of it)")
    parser.add_argument("--pairs", type=at_least_one, help="interleaved runs of each client (11; quick: 3)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs")
    parser.add_argument("--tasks", default="", help="comma-separated; all by default, and then these only")
    parser.add_argument("--clients", default="", help="comma-separated; all that are built by default")
    parser.add_argument("--parts", default="",
                        help=f"comma-separated, of {', '.join(PARTS)}; all by default, and the tasks only "
                             "where --tasks or --clients is given")
    parser.add_argument("--cores", choices=["one", "two"], default="one",
                        help="client and responder on one core (default), or each on its own")
    parser.add_argument("--no-time", action="store_true", help="count only")
    parser.add_argument("--no-count", action="store_true", help="time only")
    parser.add_argument("--data", help="the Driver Benchmarking specification's own data sets (default: the "
                                       "build's option bench_data)")
    # Never by the environment alone: what it names for other programs may be somebody's own server.
    parser.add_argument("--server", metavar="URI", default="",
                        help="a server for the specification's tasks beside the responder; its database perftest "
                             "is dropped")
    parser.add_argument("--compare", metavar="OLD.json", help="say what changed since that run")
    parser.add_argument("--add", metavar="EARLIER.json", action="append", default=[],
                        help="what this run does not measure is taken from an earlier one, and says so")
    parser.add_argument("--json", help="where the numbers go (default: bench.json in the build)")
    parser.add_argument("--markdown", help="where the tables go as well as to standard output")
    parser.add_argument("--docs", metavar="PAGE.md",
                        help="put the tables into this page, between its marks, and the plots beside it")
    parser.add_argument("--plots", help="the folder of the plots (default: bench-plots in the build)")
    return parser.parse_args()


def choose_parts(arguments):
    wanted = [part for part in arguments.parts.split(",") if part]
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise SystemExit(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if wanted:
        return wanted
    return ["tasks"] if arguments.tasks or arguments.clients else list(PARTS)


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


def make_settings(arguments):
    try:
        pinning = (measure.Pinning.one_core() if arguments.cores == "one"
                   else measure.Pinning.two_cores())
    except measure.Unavailable as why:
        raise SystemExit(str(why)) from None
    return measure.Settings(
        build=os.path.abspath(arguments.build), pinning=pinning, quick=arguments.quick,
        pairs=arguments.pairs or (3 if arguments.quick else 11), time=not arguments.no_time,
        count=not arguments.no_count)


def json_of(arguments):
    return arguments.json or os.path.join(arguments.build, "bench.json")


def keep(arguments, made):
    """Writes what there is so far: a run of hours that is broken off keeps what it has measured."""
    path = json_of(arguments)
    report.write_json(made, path + ".new")
    os.replace(path + ".new", path)


def run_tasks(arguments, settings, clients, made):
    chosen = [task.scaled(arguments.quick)
              for task in tasks.choose([name for name in arguments.tasks.split(",") if name])]
    with tempfile.TemporaryDirectory() as folder:
        recorded, failures = session.record_requests(settings.build, chosen, settings.pinning, folder)
        made["notes"] += failures
        if recorded and not failures:
            made["settings"]["bare_requests"] = f"recorded from {session.RECORDED}"
        for task in chosen:
            say(f"{task.name} ...")
            try:
                made["tasks"][task.name] = session.measure_task(task, clients, settings, recorded)
            except measure.Failed as why:
                made["failures"].append(f"{task.name}: {why}")
            keep(arguments, made)


def run_others(arguments, settings, clients, parts, made):
    """Each part by itself: one that cannot be had here is a note, not the end of the run."""
    takes = {
        "two_cores": lambda: session.two_cores(clients, settings),
        "breakdown": lambda: breakdown.of_task(clients, settings),
        "latencies": lambda: extras.latencies(clients, settings),
        "document_size": lambda: extras.document_size(clients, settings),
        "connect": lambda: deployment.connect(clients, settings),
        "checkout": lambda: deployment.checkout(settings),
        "selection": lambda: deployment.selection(settings),
        "servers": lambda: deployment.servers(clients, settings),
        "memory": lambda: extras.memory(settings),
        "start_up": lambda: extras.start_up(clients, settings),
        "compile_time": lambda: extras.compile_time(settings),
        "spec": lambda: spec_bench.run(settings, arguments.data or None, arguments.server or None),
    }
    for part in [part for part in parts if part in takes]:
        say(f"{part} ...")
        try:
            made[part] = takes[part]()
        except measure.Unavailable as why:
            made["notes"].append(f"no {part}: {why}")
        except measure.Failed as why:
            made["failures"].append(f"{part}: {why}")
        keep(arguments, made)


def runs_behind(made):
    """The runs that a report stands on, the latest first: when, how, and which tasks and parts each measured."""
    if "runs" not in made:
        settings = made["settings"]
        what = [*made["tasks"], *(part for part in PARTS[1:] if part in made)]
        made["runs"] = [{"when": made["machine"]["when"], "pairs": settings["pairs"], "quick": settings["quick"],
                         "what": what}]
    return made["runs"]


#: What one round measures of a client: from one run or from none.
TIMED = ("cpu_us", "wall_us", "rss_kb", "cpu_ratio", "beside_ratio", "counters")


def add_row(row, earlier, when):
    """Whether an earlier run knows more of a client in a task. What failed in either run is no number of the other's;
    times of another run than the rows beside them say so, since its machine was another one."""
    more = {key: value for key, value in earlier.items() if key not in (*row, "missing", "run")}
    if row and ("failed" in row or "failed" in earlier):
        return False
    if any(key in row for key in TIMED):
        more = {key: value for key, value in more.items() if key not in TIMED}
    elif "cpu_us" in more:
        more["run"] = earlier.get("run", when)
    missing = {**earlier.get("missing", {}), **row.get("missing", {})}
    row.update(more)
    missing = {what: why for what, why in missing.items() if what not in row}
    row.pop("missing", None)
    row.update({"missing": missing} if missing else {})
    return bool(more)


def add_earlier(made, earlier):
    """What only an earlier run has measured. One may have timed a task that the other counted."""
    runs = runs_behind(made)
    taken = set()
    for name, task in earlier["tasks"].items():
        if name not in made["tasks"]:
            made["tasks"][name] = task
            taken.add(name)
            continue
        rows = made["tasks"][name]["clients"]
        for client, row in task["clients"].items():
            if add_row(rows.setdefault(client, {}), row, earlier["machine"]["when"]):
                taken.add(name)
    for part in PARTS[1:]:
        if part in earlier and part not in made:
            made[part] = earlier[part]
            taken.add(part)
    for run in runs_behind(earlier):
        what = [each for each in run["what"] if each in taken]
        runs += [{**run, "what": what}] if what else []
    made["notes"] += [note for note in earlier["notes"] if note not in made["notes"]]
    return made


#: What meson's types are made of: one that was changed is not of that type any more.
TYPES = {"debug": ("0", True), "debugoptimized": ("2", True), "release": ("3", False), "minsize": ("s", True)}
UNUSUAL = ("plain", "0", "g", "1")


def read_build(arguments):
    """Fills in what was not given from the build itself; a note where it is not what users run."""
    try:
        with open(os.path.join(arguments.build, "meson-info", "intro-buildoptions.json"), encoding="utf-8") as file:
            options = {option["name"]: option["value"] for option in json.load(file)}
    except OSError:
        options = {}
    made_by, level = options.get("buildtype", "unknown"), options.get("optimization", "unknown")
    if options and TYPES.get(made_by) != (level, options.get("debug")):
        made_by = f"-O{level}"
    if options.get("b_sanitize", "none") not in ("none", []):
        made_by, level = "sanitizer", "0"
    arguments.build_type = arguments.build_type or made_by
    arguments.data = options.get("bench_data", "") if arguments.data is None else arguments.data
    return [f"a {arguments.build_type} build is not what users run"] if level in UNUSUAL else []


def read_run(path):
    """The JSON file of an earlier run."""
    try:
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
        if run["version"] != VERSION:
            raise ValueError(f"its version is {run['version']}, not {VERSION}")
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise SystemExit(f"{path} is not a run to read: {why}") from None
    return run


def check_paths(arguments, parts):
    """What a run of hours would stumble over at its end."""
    for path in (arguments.json, arguments.markdown):
        if path and not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            raise SystemExit(f"no folder for {path}")
    if arguments.docs:
        report.read_page(arguments.docs)
    if "spec" in parts and arguments.data:
        absent = [name for name in spec_bench.SETS if not os.path.isdir(os.path.join(arguments.data, name))]
        if absent:
            raise SystemExit(f"no {', '.join(absent)} in the data sets, {os.path.abspath(arguments.data)}")


def write_down(arguments, made, earlier):
    text = report.markdown(made)
    if earlier:
        text += "\n".join(compare.reports(earlier, made)) + "\n"
    print(text, flush=True)
    keep(arguments, made)
    if arguments.markdown:
        with open(arguments.markdown, "w", encoding="utf-8") as file:
            file.write(text)
    drawn = plots.all_of(made)
    plots.write(drawn, arguments.plots or os.path.join(arguments.build, "bench-plots"))
    if arguments.docs:
        folder = os.path.splitext(arguments.docs)[0]
        plots.write(drawn, folder)
        report.into_page(arguments.docs, text, [f"{os.path.basename(folder)}/{name}" for name in drawn])


def main():
    arguments = parse_arguments()
    earlier = read_run(arguments.compare) if arguments.compare else None
    added = [read_run(path) for path in arguments.add]
    parts = choose_parts(arguments)
    clients, notes = choose_clients(arguments)
    notes += read_build(arguments)
    check_paths(arguments, parts)
    settings = make_settings(arguments)
    made = {"version": VERSION, "machine": report.machine(), "notes": notes, "failures": [], "tasks": {},
            "settings": {
                "pairs": settings.pairs, "quick": arguments.quick, "cores": settings.pinning.name(),
                "build_type": arguments.build_type,
                "bare_requests": "in a driver's shape, not recorded from one"}}
    try:
        if "tasks" in parts:
            run_tasks(arguments, settings, clients, made)
        run_others(arguments, settings, clients, parts, made)
    except KeyboardInterrupt:
        some = made["tasks"] or any(part in made for part in PARTS[1:])
        say(f"interrupted: {'what was measured is in ' + json_of(arguments) if some else 'nothing was measured'}")
        return 130
    runs_behind(made)
    for run in added:
        add_earlier(made, run)
    made["goals"] = [vars(goal) for goal in goals.all_of(made)]
    write_down(arguments, made, earlier)
    failed = made["failures"] + report.failures(made)
    for line in failed + made["notes"]:
        say(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
