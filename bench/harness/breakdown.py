"""Where the user-space instructions of one operation go, by function, by callgrind."""

import os
import re
import subprocess
import tempfile

from . import measure

LINE = re.compile(r"^ *([\d,]+) *(?:\([\d. ]+%\))? +(?:\S*?):(.+?)(?: \[(\S+)\])?$")
COUNT = 500


def functions(annotated):
    """{function: instructions} of what callgrind_annotate prints."""
    found = {}
    for text in annotated.splitlines():
        match = LINE.match(text)
        if match and "PROGRAM TOTALS" not in text:
            name = re.sub(r"'\d+$", "", match[2])
            found[name] = found.get(name, 0) + int(match[1].replace(",", ""))
    return found


def shorter(name):
    """A function's name without what its templates and arguments add."""
    for _ in range(8):
        plain = re.sub(r"<[^<>]*>", "", name)
        plain = re.sub(r"\([^()]*\)", "", plain)
        if plain == name:
            break
        name = plain
    return name.replace("[clone .actor]", "(resumed)").replace("[clone .destroy]", "(destroyed)").strip()


def once(client, uri, task, count, core):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        measure.run([measure.need("valgrind"), "--quiet", "--tool=callgrind",
                     f"--callgrind-out-file={out}", *client.command], uri, task, count, core,
                    {**client.environment, "NOWARM": "1"})
        done = subprocess.run([measure.need("callgrind_annotate"), "--threshold=100", "--auto=no", out],
                              capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise measure.Unavailable("callgrind_annotate: " + done.stderr.strip().split("\n")[-1])
    return functions(done.stdout)


def of_task(clients, settings, task="find_one", name="mongoro"):
    """[(function, instructions an operation)] of our own client, most first: (I(2N) - I(N)) / N each."""
    client = next((client for client in clients if client.name == name), None)
    if client is None:
        raise measure.Unavailable(f"{name} is not among the clients")
    with measure.Responder(settings.build, settings.pinning.responder) as responder:
        small, large = (once(client, responder.uri, task, count, settings.pinning.client)
                        for count in (COUNT, 2 * COUNT))
    merged = {}
    for function, count in large.items():
        each = (count - small.get(function, 0)) / COUNT
        merged[shorter(function)] = merged.get(shorter(function), 0) + each
    found = [(function, each) for function, each in merged.items() if each >= 0.5]
    return sorted(found, key=lambda item: -item[1])
