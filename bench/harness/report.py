"""The Markdown table and the JSON file."""

import json
import os
import platform
import time

from .clients import BASELINE


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


def number(value):
    """Three figures that matter, and no more."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if value >= 0.005 or value <= -0.005 else "0"


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


def markdown(report):
    on = report["machine"]
    settings = report["settings"]
    lines = ["# Cost of one operation against the loopback responder", "",
             f"{on['cpu']}, {on['cores']} cores, Linux {on['kernel']}, load {on['load']} at the start; "
             f"{on['when']}.",
             f"{settings['pairs']} interleaved runs of each client; client and responder on "
             f"{settings['cores']}; {settings['build_type']} build. CPU is user + system. Instructions "
             "(callgrind), system calls (strace) and allocations (interposed counter) are "
             "(C(2N) - C(N)) / N of the whole process. × is the ratio to the bare liburing loop that sends "
             f"and receives the same bytes ({settings['bare_requests']})."]
    for note in report["notes"]:
        lines += ["", f"**Note:** {note}"]
    for name, task in report["tasks"].items():
        lines += ["", f"## {name}: {task['title']}", "", *table_of(task["clients"])]
        missing = []
        for client, row in task["clients"].items():
            missing += [f"{client}, {what}: {why}" for what, why in row.get("missing", {}).items()]
        lines += ["", *[f"* n/a — {why}" for why in missing]] if missing else []
    return "\n".join(lines) + "\n"


def write_json(report, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1, ensure_ascii=False)
        file.write("\n")
