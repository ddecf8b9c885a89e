"""PyMongo, doing the tasks of the benchmark: URI TASK N."""

import sys
import threading

from program import (CONNECTIONS, LATENCIES, MANY_DOCUMENTS, Stopwatch, WrongResult, make_smalls,
                     parse_arguments, read)
from pymongo import MongoClient


class Fixture:
    def __init__(self, given):
        self.client = MongoClient(given.uri, maxPoolSize=CONNECTIONS)
        self.database = self.client["bench"]
        self.concurrency = given.concurrency
        self.smalls = make_smalls() if given.task.startswith("insert") else []


def ping(on, count):
    admin = on.client["admin"]
    for _ in range(count):
        admin.command({"ping": 1})


def find_one(on, count):
    one = on.database["one"]
    for _ in range(count):
        began = LATENCIES.begin()
        read(one.find_one({"_id": 1}))
        LATENCIES.end(began)


def find_many(on, count):
    many = on.database["many"]
    for _ in range(count):
        if sum(1 for document in many.find({}) if read(document)) != MANY_DOCUMENTS:
            raise WrongResult()


def insert_one(on, count):
    inserted = on.database["inserted"]
    for _ in range(count):
        # A copy: the driver writes its _id into what it is given.
        inserted.insert_one(dict(on.smalls[0]))


def insert_many(on, count):
    inserted = on.database["inserted"]
    for _ in range(count):
        done = inserted.insert_many([dict(small) for small in on.smalls])
        if len(done.inserted_ids) != MANY_DOCUMENTS:
            raise WrongResult()


def conc(on, count):
    """PyMongo blocks, so K threads."""
    failures = []

    def work():
        try:
            find_one(on, count)
        except Exception as why:  # told by the main thread
            failures.append(why)

    threads = [threading.Thread(target=work) for _ in range(on.concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


TASKS = {task.__name__: task for task in (ping, find_one, find_many, insert_one, insert_many, conc)}


def main():
    given = parse_arguments()
    if given.task not in TASKS:
        raise SystemExit(f"pymongo: no task {given.task}")
    on = Fixture(given)
    TASKS[given.task](on, given.warm_up)
    LATENCIES.taken.clear()
    watch = Stopwatch()
    TASKS[given.task](on, given.count)
    watch.print_result(given.count * given.concurrency)
    LATENCIES.write()


if __name__ == "__main__":
    sys.exit(main())
