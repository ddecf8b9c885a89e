"""The Driver Benchmarking specification: its tasks, percentiles, scores and composite scores."""

import os
import statistics
from dataclasses import dataclass

from . import measure

PERCENTILES = (10, 25, 50, 75, 90, 95, 98, 99)
#: LEAST_SECONDS,MOST_SECONDS,ITERATIONS: the specification's, and a short run's.
LIMITS = "60,300,100"
QUICK_LIMITS = "0,4,5"


@dataclass(frozen=True)
class SpecTask:
    name: str
    title: str
    #: bson, single, multi or parallel.
    group: str
    #: The data file that its size is counted by, and how often.
    file: str
    times: int
    #: What the specification says its own file's bytes are.
    spec_bytes: int
    #: Reads, writes, or neither.
    side: str = ""

    def megabytes(self, data, official, files=None):
        """The size that the score divides by the time: of the official sets what the specification says,
        of our own what the file has."""
        if not self.file:
            return self.spec_bytes * self.times / 1e6
        path = os.path.join(data, self.file)
        if os.path.isdir(path):
            sizes = [entry.stat().st_size for entry in os.scandir(path)]
            return sum(sizes) / 1e6
        return (self.spec_bytes if official else os.path.getsize(path)) * self.times / 1e6


def bson(shape, size):
    return [SpecTask(f"{shape}_bson_{way}", f"{shape.capitalize()} BSON {way}", "bson",
                     f"extended_bson/{shape}_bson.json", 10_000, size)
            for way in ("encoding", "decoding")]


DOCS = "single_and_multi_document"
#: The folders of the data sets.
SETS = ("extended_bson", DOCS, "parallel")
LINES = "parallel/ldjson_multi"
BSON_TASKS = bson("flat", 7531) + bson("deep", 2284) + bson("full", 5734)
#: Not of the specification: the same shapes as structs, against libbson's calls written by hand.
STRUCT_TASKS = [f"{shape}_struct_{way}" for shape in ("flat", "deep")
                for way in ("encoding", "decoding")]
DRIVER_TASKS = [
    SpecTask("run_command", "Run command", "single", "", 10_000, 13),
    SpecTask("find_one_by_id", "Find one by ID", "single", f"{DOCS}/tweet.json", 10_000, 1622, "read"),
    SpecTask("small_insert_one", "Small doc insertOne", "single", f"{DOCS}/small_doc.json", 10_000, 275,
             "write"),
    SpecTask("large_insert_one", "Large doc insertOne", "single", f"{DOCS}/large_doc.json", 10, 2_731_089,
             "write"),
    SpecTask("find_many", "Find many and empty the cursor", "multi", f"{DOCS}/tweet.json", 10_000, 1622,
             "read"),
    SpecTask("small_bulk_insert", "Small doc bulk insert", "multi", f"{DOCS}/small_doc.json", 10_000, 275,
             "write"),
    SpecTask("large_bulk_insert", "Large doc bulk insert", "multi", f"{DOCS}/large_doc.json", 10, 2_731_089,
             "write"),
    SpecTask("ldjson_import", "LDJSON multi-file import", "parallel", LINES, 1, 565_000_000, "write"),
    SpecTask("ldjson_export", "LDJSON multi-file export", "parallel", LINES, 1, 565_000_000, "read"),
]
LEFT_OUT = ("GridFS upload and download, multi-file and not, and the six bulkWrite tasks: the driver has "
            "neither yet")


def percentiles(seconds):
    """The specification's nearest rank: i = int(N * p / 100) - 1 of the times in ascending order."""
    ordered = sorted(seconds)
    return {str(percent): ordered[max(int(len(ordered) * percent / 100) - 1, 0)]
            for percent in PERCENTILES}


def composites(scores):
    """Averages of the tasks that were done, by the specification's names; none for no task."""
    def average(of):
        found = [scores[task.name] for task in of if task.name in scores]
        return statistics.fmean(found) if found else None

    made = {
        "BSONBench": average(BSON_TASKS),
        "SingleBench": average([task for task in DRIVER_TASKS
                                if task.group == "single" and task.name != "run_command"]),
        "MultiBench": average([task for task in DRIVER_TASKS if task.group == "multi"]),
        "ParallelBench": average([task for task in DRIVER_TASKS if task.group == "parallel"]),
        "ReadBench": average([task for task in DRIVER_TASKS if task.side == "read"]),
        "WriteBench": average([task for task in DRIVER_TASKS if task.side == "write"]),
    }
    sides = [made["ReadBench"], made["WriteBench"]]
    made["DriverBench"] = statistics.fmean(sides) if None not in sides else None
    return made


def iterations(command, core=None):
    """The seconds of each iteration that a program prints."""
    done = measure.start(command, preexec_fn=measure.pin_to(core) if core is not None else None)
    try:
        taken = [float(line.split()[1]) for line in done.stdout.splitlines()
                 if line.startswith("ITERATION ")]
    except ValueError as why:
        raise measure.Failed(f"this is no iteration: {why}") from None
    if done.returncode != 0 or not taken:
        said = done.stderr.strip().splitlines()
        raise measure.Failed(f"exit {done.returncode}: {said[-1] if said else 'no iteration'}")
    return taken


def make_data(settings, official):
    """The folder of the data sets."""
    if official:
        return official
    folder = os.path.join(settings.build, "bench-data")
    done = measure.start([os.path.join(settings.build, "bench", "bench-data"), "spec", folder,
                          "2" if settings.quick else "100"])
    if done.returncode != 0:
        raise measure.Failed(f"no data sets: exit {done.returncode}: {done.stderr.strip()}")
    return folder


def scored(task, taken, data, official):
    megabytes = task.megabytes(data, official)
    times = percentiles(taken)
    return {"title": task.title, "group": task.group, "iterations": len(taken), "megabytes": megabytes,
            "seconds": times, "score": megabytes / times["50"]}


def bson_tasks(settings, data, official):
    """Each BSON task by both libraries, in turns; with the ratio of their times."""
    program = os.path.join(settings.build, "bench", "bench-bson")
    limits = "0,1,3" if settings.quick else "6,60,10"
    rounds = 3 if settings.quick else 11
    specified = {task.name: task for task in BSON_TASKS}
    made = {}
    for name in [*specified, *STRUCT_TASKS]:
        taken = {"mongoro": [], "libbson": []}
        for turn in range(rounds):
            order = list(taken) if turn % 2 else list(reversed(taken))
            for library in order:
                taken[library] += [iterations([program, library, name, data, limits],
                                              settings.pinning.client)]
        of = {library: {"seconds": percentiles(sum(runs, []))} for library, runs in taken.items()}
        ratio = measure.spread([statistics.median(mine) / statistics.median(theirs)
                                for mine, theirs in zip(taken["mongoro"], taken["libbson"])])
        made[name] = {"libraries": of, "ratio": ratio}
        if name in specified:
            task = specified[name]
            made[name]["title"] = task.title
            for library, runs in taken.items():
                of[library].update(scored(task, sum(runs, []), data, official))
    return made


def driver_tasks(settings, uri, data, official):
    """Each task against one server, on all cores: they are about what a user sees."""
    program = os.path.join(settings.build, "bench", "bench-driver")
    made = {}
    for task in DRIVER_TASKS:
        try:
            taken = iterations([program, uri, task.name, data,
                                QUICK_LIMITS if settings.quick else LIMITS])
            made[task.name] = scored(task, taken, data, official)
        except measure.Failed as why:
            made[task.name] = {"title": task.title, "group": task.group, "failed": str(why)}
    return made


def run(settings, official=None, server=None):
    """All of it: BSON, then the rest against the responder and, where there is one, a server."""
    data = make_data(settings, official)
    made = {"data": "the specification's" if official else "of our own generator",
            "left_out": LEFT_OUT, "bson": bson_tasks(settings, data, official), "targets": {}}
    with measure.Responder(settings.build, settings.pinning.responder) as responder:
        made["targets"]["responder"] = driver_tasks(settings, responder.uri, data, official)
    if server:
        made["targets"]["server"] = driver_tasks(settings, server, data, official)
    bson_scores = {name: of["libraries"]["mongoro"]["score"] for name, of in made["bson"].items()
                   if "score" in of["libraries"]["mongoro"]}
    made["composites"] = {
        target: composites({**bson_scores, **{name: of["score"] for name, of in rows.items()
                                              if "score" in of}})
        for target, rows in made["targets"].items()}
    return made
