"""The tasks, and how often each is done for each measure."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Task:
    """One task of the shared command line `CLIENT URI TASK N`."""

    name: str
    title: str
    #: N of one timed run: long enough that the clock's grain does not matter.
    timed: int
    #: N of the smaller of the two runs under callgrind.
    counted: int
    #: Coroutines, threads or connections at a time.
    concurrency: int = 1
    #: Documents of one operation.
    documents: int = 1
    #: False for what is only a point of a curve: it is timed and not counted.
    counts: bool = True
    #: How many times more rounds the bare loop and ours have than the other clients, each of a quarter of N. Two
    #: runs of one program differ by more than the few hundredths that a goal leaves between those two, and what
    #: disturbs a machine comes and goes within seconds: a pair must be close together.
    near: int = 1
    #: The task that ours does in the same rounds, as many operations: what this one is to cost no more than.
    beside: str = ""

    def timed_by(self, client):
        """N for this client: a slow one is given less to do, and one of many runs."""
        share = 4 if self.near > 1 and client.near else client.pace
        return max(self.timed // share, 2)

    def timed_beside(self, client):
        """N of the task beside this one for as many operations."""
        return self.timed_by(client) * self.concurrency // int(self.beside.partition(":")[2] or 1)

    def counted_by(self, client):
        """A thousand million instructions an operation need no long run to stand out from the start."""
        return 2 if client.pace > 1 and self.documents > 1 else self.counted

    def traced_by(self, client):
        """The same for strace and the allocation counter, whose numbers are whole sooner."""
        return max(self.counted_by(client) // 5, 2)

    def is_counted_of(self, client):
        """A tracer makes minutes of a slow client's thousands at a time."""
        return self.counts and (client.pace == 1 or self.concurrency <= 64)

    @property
    def alone(self):
        """The task whose one operation has the same bytes, done one at a time."""
        return "find_one" if self.concurrency > 1 or self.name == "conc:1" else self.name

    def scaled(self, quick):
        """The same task for a short run."""
        if not quick:
            return self
        return replace(self, timed=max(self.timed // 4, 2), counted=max(self.counted // 10, 5), near=1, beside="")


def concurrent(coroutines, timed, counted, counts=True):
    return Task(f"conc:{coroutines}", f"find_one, {coroutines:,} at a time", timed, counted,
                coroutines, counts=counts, near=12 if counts else 1,
                beside="conc:64" if counts and coroutines > 64 else "")


# Instructions are (I(2N) - I(N)) / N with N >= 500 operations, those of all coroutines together.
TASKS = [
    Task("ping", "ping, one at a time", 20_000, 1_000, near=36),
    Task("find_one", "find_one, one document of 1.5 KB", 20_000, 1_000, near=36),
    Task("find_one_struct", "find_one into a struct of 5 fields", 20_000, 1_000),
    Task("insert_one", "insert_one, a document of 275 bytes", 20_000, 1_000, near=36),
    Task("insert_one_document", "insert_one of a document in braces", 20_000, 1_000),
    Task("callback", "find_one by callbacks, one at a time", 20_000, 1_000),
    Task("find_many", "a cursor over 10,000 documents, 15 MB", 50, 500, documents=10_000, near=12),
    # Ten thousand documents an operation: so few operations are many documents.
    Task("find_many_struct", "a cursor over 10,000 documents into structs of 5 fields", 50, 20,
         documents=10_000, near=12),
    Task("insert_many", "insert_many of 10,000 documents of 275 bytes", 50, 20, documents=10_000),
    concurrent(1, 20_000, 1_000, counts=False),
    concurrent(4, 5_000, 300, counts=False),
    concurrent(16, 2_000, 100, counts=False),
    concurrent(64, 500, 50),
    concurrent(256, 150, 10, counts=False),
    concurrent(1024, 50, 5),
    concurrent(4096, 20, 2),
]


def choose(names):
    """The tasks with these names; all of them for none."""
    by_name = {task.name: task for task in TASKS}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise SystemExit(f"no task {', '.join(unknown)}; there are {', '.join(by_name)}")
    return [by_name[name] for name in names] if names else list(TASKS)
