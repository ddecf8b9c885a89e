"""The Markdown table and the JSON file."""

import json
import os
import platform
import time

from . import compare, report_deployment
from .cells import number, table, with_quartiles
from .clients import BASELINE
from .extras import PERCENTILES


def machine():
    model = "unknown"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "load": round(os.getloadavg()[0], 2),
            "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def beside_baseline(row, baseline, value_of):
    """`value (ratio x)`; the value alone where the baseline has none of it; a dash where it is missing."""
    value = value_of(row)
    if value is None:
        return "n/a"
    base = value_of(baseline) if baseline else None
    if not base or base < 0.005 or value < 0.005 or row is baseline:
        return number(value)
    return f"{number(value)} ({value / base:.2f}×)"


def timed_ratio(row):
    ratio = row.get("cpu_ratio")
    if ratio is None:
        return "–"
    return f"{ratio['median']:.2f} [{ratio['q1']:.2f}–{ratio['q3']:.2f}]"


def timed_cost(row):
    cost = row.get("cpu_us")
    if cost is None:
        return "n/a"
    return f"{number(cost['median'])} [{number(cost['q1'])}–{number(cost['q3'])}]"


HEADINGS = ["client", "CPU µs [quartiles]", "× bare [quartiles]", "wall µs", "instructions",
            "system calls", "io_uring_enter", "allocations", "RSS MB"]


def table_of(rows):
    """One task's table: rows by client name."""
    baseline = rows.get(BASELINE)
    lines = ["| " + " | ".join(HEADINGS) + " |",
             "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    for name, row in rows.items():
        if "failed" in row:
            lines.append(f"| {name} | failed: {row['failed']} |" + " |" * (len(HEADINGS) - 2))
            continue
        wall = row.get("wall_us")
        lines.append("| " + " | ".join([
            name, timed_cost(row), timed_ratio(row),
            number(wall["median"]) if wall else "n/a",
            beside_baseline(row, baseline, lambda of: of.get("instructions")),
            beside_baseline(row, baseline, lambda of: of.get("system_calls")),
            beside_baseline(row, baseline, lambda of: of.get("enters")),
            beside_baseline(row, baseline, lambda of: of.get("allocations")),
            f"{row['rss_kb'] / 1024:.1f}" if "rss_kb" in row else "n/a"]) + " |")
    return lines


def introduction(made):
    on = made["machine"]
    settings = made["settings"]
    return ["# Cost of one operation against the loopback responder", "",
            f"{on['cpu']}, {on['cores']} cores, Linux {on['kernel']}, load {on['load']} at the start; "
            f"{on['when']}.",
            f"{settings['pairs']} interleaved runs of each client, more where a task says so; client and "
            f"responder on {settings['cores']}; {settings['build_type']} build. CPU is user + system. Instructions "
            "(callgrind), system calls (strace) and allocations (interposed counter) are "
            "(C(2N) - C(N)) / N of the whole process. × is the ratio to the bare liburing loop that sends "
            f"and receives the same bytes ({settings['bare_requests']})."]


def runs_of(made):
    """Which run measured what, where it was more than one."""
    runs = made.get("runs", [])
    rows = [[run["when"], f"{run['pairs']}{', short ones' if run['quick'] else ''}", ", ".join(run["what"])]
            for run in runs]
    return ["", "Measured in more than one run, and where two have measured the same the first counts:", "",
            *table(["run", "of each client", "what"], rows)] if len(rows) > 1 else []


def rounds_of(rows):
    """How often each client was run, where that is not the same for all."""
    clients = {}
    for client, row in rows.items():
        if "cpu_us" in row:
            clients.setdefault(len(row["cpu_us"]["runs"]), []).append(client)
    return [f"{', '.join(of)}: {count} runs" for count, of in clients.items()] if len(clients) > 1 else []


def other_runs_of(rows):
    """Whose times are of an earlier run than those of the rest."""
    runs = {}
    for client, row in rows.items():
        if "run" in row:
            runs.setdefault(row["run"], []).append(client)
    return [f"Timed in the run of {run}, against its own bare loop, so that × compares and µs do not: {', '.join(of)}"
            for run, of in runs.items()]


def tasks_of(made):
    lines = []
    for name, task in made["tasks"].items():
        lines += ["", f"## {name}: {task['title']}", "", *table_of(task["clients"])]
        said = rounds_of(task["clients"]) + other_runs_of(task["clients"])
        lines += ["", *[f"* {line}" for line in said]] if said else []
        # By reason: most are the same for several clients.
        reasons = {}
        for client, row in task["clients"].items():
            for what, why in row.get("missing", {}).items():
                reasons.setdefault(why, []).append(f"{client}, {what}")
        missing = [f"{'; '.join(of)}: {why}" for why, of in reasons.items()]
        lines += ["", *[f"* n/a — {why}" for why in missing]] if missing else []
    return lines


def two_cores_of(made):
    rows = [[task, client, *([timed_cost(row), timed_ratio(row), number(row["wall_us"]["median"])]
                             if "failed" not in row else [f"failed: {row['failed']}", "", ""])]
            for task, of in made.get("two_cores", {}).items() for client, row in of["clients"].items()]
    return ["", "## On two cores: client and responder on one each", "",
            *table(["task", "client", "CPU µs [quartiles]", "× bare [quartiles]", "wall µs"], rows)] if rows else []


def goals_of(made):
    words = {True: "yes", False: "**no**", None: "not measured"}
    rows = [[goal["what"], goal["goal"],
             "n/a" if goal["measured"] is None else number(goal["measured"]),
             ("–" if goal["holds"] is None and goal["measured"] is not None else words[goal["holds"]]) + (f" ({goal['note']})" if goal["note"] else "")]
            for goal in made.get("goals", [])]
    held = sum(goal["holds"] is True for goal in made.get("goals", []))
    known = sum(goal["holds"] is not None for goal in made.get("goals", []))
    if not known:
        return []
    return ["", "## Goals", "", f"{held} of {known} that were measured hold.", "",
            *table(["what", "goal", "measured", "holds"], rows)]


def breakdown_of(made):
    found = made.get("breakdown", [])
    if not found:
        return []
    total = sum(each for _, each in found)
    rows = [[f"`{name}`", number(each), f"{each / total:.1%}"] for name, each in found[:25]]
    rest = sum(each for _, each in found[25:])
    rows += [["the rest", number(rest), f"{rest / total:.1%}"]] if rest else []
    return ["", "## One find_one in user mode: instructions by function, by themselves", "",
            *table(["function", "instructions", "share"], [*rows, ["all", number(total), "100 %"]])]


def latencies_of(made):
    lines = []
    for task, rows in made.get("latencies", {}).items():
        percents = [str(percent) for percent in PERCENTILES]
        lines += ["", f"## Latency of {task}, µs", "",
                  *table(["client", *[f"{float(percent):g} %" for percent in percents]],
                         [[client, *([f"failed: {row['failed']}", *[""] * (len(percents) - 1)] if "failed" in row
                                     else [number(row[percent]) for percent in percents])]
                          for client, row in rows.items()])]
    return lines


def document_size_of(made):
    of = made.get("document_size")
    if not of:
        return []
    sizes = list(next(iter(of.values())))
    return ["", "## CPU µs of one find_one by the size of its document", "",
            *table(["client", *[f"{int(size):,} bytes" for size in sizes]],
                   [[client, *[with_quartiles(row[size]) for size in sizes]] for client, row in of.items()])]


def memory_of(made):
    rows = [[client, connections,
             *[number(row[what] / int(connections)) if what in row else "n/a"
               for what in ("idle", "waiting")],
             number(row["watching"]) if "watching" in row else "n/a",
             f"{row['rss_kb'] / 1024:.1f}"]
            for client, of in made.get("memory", {}).items() for connections, row in of.items()]
    return ["", "## Memory: bytes of heap", "",
            "Idle: all that a client and its connections keep after one find_one each, divided by the "
            "connections. Waiting: what as many operations add while they wait for their replies. Watching: a "
            "client that knows its one server and has no connection but its monitor's.", "",
            *table(["client", "connections", "idle, each", "waiting, each", "watching", "RSS MB"],
                   rows)] if rows else []


def start_up_of(made):
    rows = [[client, with_quartiles(row["first_reply_ms"]), with_quartiles(row["cpu_ms"])]
            for client, row in made.get("start_up", {}).items()]
    return ["", "## Start-up", "",
            *table(["client", "process to first reply, ms", "CPU of the whole process, ms"], rows)] if rows else []


def compile_time_of(made):
    taken = made.get("compile_time")
    if not taken:
        return []
    rows = [[words, with_quartiles(taken[name])] for name, words in (
        ("standard_headers", "the standard headers that ours include"),
        ("umbrella_header", "`<mongoro/mongoro.hpp>`"),
        ("one_find", "the same and one find"))]
    spent = ", ".join(f"{name} {number(seconds)}" for name, seconds in taken["phases"].items())
    return ["", f"## Compile time: user CPU seconds, {taken['compiler']} -O0, no precompiled header", "",
            *table(["file", "s"], rows), "", f"The compiler's own account of the last one: {spent}."]


def bson_of(spec):
    rows = []
    for name, of in spec["bson"].items():
        mine, theirs = (of["libraries"][library] for library in ("mongoro", "libbson"))
        rows.append([of.get("title", name.replace("_", " ")),
                     *[number(row["score"]) if "score" in row else "–" for row in (mine, theirs)],
                     *[number(row["seconds"]["50"] * 100) for row in (mine, theirs)],
                     with_quartiles(of["ratio"])])
    return ["", "### BSON", "", *table(["task", "mongoro MB/s", "libbson MB/s", "mongoro µs", "libbson µs",
                                        "time against libbson's calls"], rows)]


def spec_of(made):
    spec = made.get("spec")
    if not spec:
        return []
    lines = ["", "## Driver Benchmarking specification", "",
             f"Data {spec['data']}. Left out: {spec['left_out']}. MB/s of the median iteration.",
             *bson_of(spec)]
    for target, rows in spec["targets"].items():
        cells = [[of["title"], "failed: " + of["failed"]] + [""] * 5 if "failed" in of else
                 [of["title"], number(of["score"]), of["iterations"],
                  *[number(of["seconds"][percent] * 1000) for percent in ("10", "50", "90", "99")]]
                 for of in rows.values()]
        lines += ["", f"### Against the {target}", "",
                  *table(["task", "MB/s", "iterations", "10 % ms", "50 % ms", "90 % ms", "99 % ms"], cells),
                  "", *table(["composite", "MB/s"],
                             [[name, "n/a" if value is None else number(value)]
                              for name, value in spec["composites"][target].items()])]
    return lines


def markdown(made):
    lines = introduction(made)
    for note in made["notes"]:
        lines += ["", f"**Note:** {note}"]
    lines += runs_of(made)
    for part in (goals_of, tasks_of, two_cores_of, breakdown_of, latencies_of, document_size_of,
                 report_deployment.parts_of, memory_of, start_up_of, compile_time_of, spec_of):
        lines += part(made)
    return "\n".join(lines) + "\n"


def failures(made):
    """What a client or a task could not do, a line each."""
    found = [f"{client} {task}: {row['failed']}" for (task, client), row in compare.rows_of(made)
             if "failed" in row]
    found += [f"{client}, latency of {task}: {row['failed']}" for task, rows in made.get("latencies", {}).items()
              for client, row in rows.items() if "failed" in row]
    return found + [f"{task} against the {target}: {of['failed']}"
                    for target, rows in made.get("spec", {}).get("targets", {}).items()
                    for task, of in rows.items() if "failed" in of]


RESULTS_BEGIN = "<!-- results: written by ./bench/run.sh --docs -->"
RESULTS_END = "<!-- end of results -->"


def read_page(path):
    """What stands before and behind the results in a page of prose."""
    try:
        with open(path, encoding="utf-8") as file:
            page = file.read()
    except OSError as why:
        raise SystemExit(f"no page for the results: {why}") from None
    before, begin, rest = page.partition(RESULTS_BEGIN)
    _, end, after = rest.partition(RESULTS_END)
    if not begin or not end:
        raise SystemExit(f"{path} has no place for results: {RESULTS_BEGIN} … {RESULTS_END}")
    return before, after


def into_page(path, text, pictures):
    """Puts the tables and the plots between the marks of a page of prose; its other words stay."""
    before, after = read_page(path)
    # One level down, under the page's own heading.
    lines = [f"#{line}" if line.startswith("#") else line for line in text.splitlines()[2:]]
    shown = [f"![{os.path.splitext(os.path.basename(name))[0].replace('_', ' ')}]({name})"
             for name in pictures]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([before + RESULTS_BEGIN, "", *lines, "", *shown, "", RESULTS_END + after]))


def write_json(report, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1, ensure_ascii=False)
        file.write("\n")
