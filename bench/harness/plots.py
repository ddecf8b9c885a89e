"""SVG plots, written by hand: text and lines need no library."""

import math
import os
from html import escape

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 80, 150, 44, 56
#: Told apart by people who do not see all colours, too: the names stand beside the lines.
COLOURS = ["#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f",
           "#882255", "#117733"]


def colour_of(name, names):
    return COLOURS[list(names).index(name) % len(COLOURS)]


def text(x, y, words, anchor="start", size=12, more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"{more}>'
            f"{escape(str(words))}</text>")


def line(x1, y1, x2, y2, colour="#cccccc", width=1.0):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}"/>')


def page(title, parts, height=HEIGHT):
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        text(WIDTH / 2, 24, title, "middle", 15), *parts, "</svg>"]) + "\n"


def short(value):
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def decades(low, high):
    """1, 2 and 5 times the powers of ten from below `low` to above `high`."""
    ticks = [step * 10.0 ** power for power in range(math.floor(math.log10(low)) - 1,
                                                     math.ceil(math.log10(high)) + 2)
             for step in (1, 2, 5)]
    first = max(tick for tick in ticks if tick <= low)
    last = min(tick for tick in ticks if tick >= high)
    return [tick for tick in ticks if first <= tick <= last]


def bars(title, values, unit, left=130):
    """One horizontal bar a name, the least first, names in `left`: {name: (value, q1, q3)}."""
    named = sorted(values.items(), key=lambda item: item[1][0])
    height = TOP + 26 * len(named) + 30
    most = max(high for _, (_, _, high) in named) or 1
    scale = (WIDTH - left - 120) / most
    parts = []
    for at, (name, (value, low, high)) in enumerate(named):
        y = TOP + 26 * at
        parts += [
            text(left - 8, y + 14, name, "end"),
            f'<rect x="{left}" y="{y}" width="{max(value * scale, 1):.1f}" height="18" '
            f'fill="{COLOURS[1] if name.split(",")[0] == "mongoro" else "#b0b0b0"}"/>',
            line(left + low * scale, y + 9, left + high * scale, y + 9, "#333333", 2),
            text(left + 8 + max(high, value) * scale, y + 14, f"{value:,.3g} {unit}")]
    return page(title, parts, height)


def spread_labels(wanted, gap=14):
    """Heights for labels that would lie on each other: {name: y}, moved down where they must."""
    placed, last = {}, -math.inf
    for name, y in sorted(wanted.items(), key=lambda item: item[1]):
        last = placed[name] = max(y, last + gap)
    return placed


def curves(title, series, x_title, y_title, x_names=None):
    """Lines over a logarithmic y axis: {name: {x: y}}. `x_names`: these x stand side by side;
    otherwise x is logarithmic too."""
    points = [(x, y) for of in series.values() for x, y in of.items() if y > 0]
    xs = x_names or sorted({x for x, _ in points})
    ticks = decades(min(y for _, y in points), max(y for _, y in points))
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])
    if x_names:
        place = {x: at / max(len(xs) - 1, 1) for at, x in enumerate(xs)}
    else:
        span = math.log10(max(xs) / min(xs)) or 1
        place = {x: math.log10(x / min(xs)) / span for x in xs}

    def x_of(x):
        return LEFT + place[x] * (WIDTH - LEFT - RIGHT)

    def y_of(y):
        share = (math.log10(y) - low) / ((high - low) or 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    parts = []
    for tick in ticks:
        parts += [line(LEFT, y_of(tick), WIDTH - RIGHT, y_of(tick)),
                  text(LEFT - 6, y_of(tick) + 4, short(tick), "end", 11)]
    for x in xs:
        parts += [line(x_of(x), HEIGHT - BOTTOM, x_of(x), HEIGHT - BOTTOM + 4, "#333333"),
                  text(x_of(x), HEIGHT - BOTTOM + 18, x if x_names else f"{x:,}", "middle", 11)]
    parts += [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_title, "middle"),
              text(0, 0, y_title, "middle", 12,
                   f' transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)"')]
    ends = {}
    for name, of in series.items():
        drawn = [(x_of(x), y_of(of[x])) for x in xs if of.get(x, 0) > 0]
        colour = colour_of(name, series)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in drawn]
        ends[name] = drawn[-1][1]
    for name, y in spread_labels(ends).items():
        parts.append(text(WIDTH - RIGHT + 8, y + 4, name, "start", 12,
                          f' fill="{colour_of(name, series)}"'))
    return page(title, parts)


def marked(client, row):
    """Its name; with a mark where its times are of another run, and maybe another machine, than the others'."""
    return client + " *" if "run" in row else client


def with_mark(title, names):
    return f"{title} (* in another run)" if any(name.endswith(" *") for name in names) else title


def cost_by_driver(made, task):
    values = {}
    for name, row in made["tasks"].get(task, {"clients": {}})["clients"].items():
        if "cpu_us" in row:
            values[marked(name, row)] = tuple(row["cpu_us"][key] for key in ("median", "q1", "q3"))
    title = made["tasks"].get(task, {}).get("title", task)
    return bars(with_mark(f"CPU an operation: {title}", values), values, "µs") if values else None


def cost_by_concurrency(made):
    series = {}
    for name, task in made["tasks"].items():
        if name.startswith("conc:"):
            for client, row in task["clients"].items():
                if "cpu_us" in row and row["cpu_us"]["median"] > 0:
                    series.setdefault(marked(client, row), {})[int(name[5:])] = row["cpu_us"]["median"]
    # A line has two ends.
    series = {client: of for client, of in series.items() if len(of) > 1}
    return curves(with_mark("CPU of one find_one, by how many are under way", series), series, "at a time",
                  "CPU µs an operation") if series else None


def latency(made, task):
    of = {client: row for client, row in made.get("latencies", {}).get(task, {}).items() if "failed" not in row}
    if not of:
        return None
    names = [f"{float(percent):g} %" for percent in next(iter(of.values()))]
    series = {client: {f"{float(percent):g} %": value for percent, value in row.items()}
              for client, row in of.items()}
    return curves(f"How long a find_one takes ({task})", series, "percentile", "µs", names)


def document_size(made):
    series = {client: {int(size): cost["median"] for size, cost in of.items()}
              for client, of in made.get("document_size", {}).items()}
    return curves("CPU of one find_one, by the size of its document", series, "bytes",
                  "CPU µs an operation") if series else None


def servers(made):
    series = {}
    for count, of in made.get("servers", {}).items():
        for client, row in of["clients"].items():
            if "cpu_us" in row and row["cpu_us"]["median"] > 0:
                series.setdefault(client, {})[int(count)] = row["cpu_us"]["median"]
    return curves("CPU of one find_one, by the servers of the cluster", series, "mongos",
                  "CPU µs an operation") if series else None


def connect(made):
    values = {f"{client}, {name}": tuple(row["cpu_us"][key] for key in ("median", "q1", "q3"))
              for name, of in made.get("connect", {}).items() for client, row in of["clients"].items()
              if "cpu_us" in row}
    return bars("CPU until the first reply", values, "µs", 250) if values else None


def memory(made):
    series = {}
    for client, of in made.get("memory", {}).items():
        for connections, row in of.items():
            for what in ("idle", "waiting"):
                if row.get(what, 0) > 0:
                    series.setdefault(f"{client}, {what}", {})[int(connections)] = row[what]
    return curves("Heap of all connections together", series, "connections", "bytes") if series else None


def write(drawn, folder):
    for name, svg in drawn.items():
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(svg)


def all_of(made):
    """{file name: SVG} of everything that this run can draw."""
    found = {f"cost_{task}.svg": cost_by_driver(made, task)
             for task in ("ping", "find_one", "insert_one", "find_many", "insert_many", "conc:64")}
    found["cost_by_concurrency.svg"] = cost_by_concurrency(made)
    for task in made.get("latencies", {}):
        found[f"latency_{task}.svg"] = latency(made, task)
    found["cost_by_document_size.svg"] = document_size(made)
    found["cost_by_servers.svg"] = servers(made)
    found["cost_connect.svg"] = connect(made)
    found["memory.svg"] = memory(made)
    return {name.replace(":", "_"): svg for name, svg in found.items() if svg}
