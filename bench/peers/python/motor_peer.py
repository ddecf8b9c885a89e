"""Motor, doing the tasks of the benchmark on asyncio: URI TASK N."""

import asyncio
import sys

from motor.motor_asyncio import AsyncIOMotorClient
from program import (CONNECTIONS, LATENCIES, MANY_DOCUMENTS, Stopwatch, WrongResult, make_smalls,
                     parse_arguments, read)


class Fixture:
    def __init__(self, given):
        self.client = AsyncIOMotorClient(given.uri, maxPoolSize=CONNECTIONS)
        self.database = self.client["bench"]
        self.concurrency = given.concurrency
        self.smalls = make_smalls() if given.task.startswith("insert") else []


async def ping(on, count):
    admin = on.client["admin"]
    for _ in range(count):
        await admin.command({"ping": 1})


async def find_one(on, count):
    one = on.database["one"]
    for _ in range(count):
        began = LATENCIES.begin()
        read(await one.find_one({"_id": 1}))
        LATENCIES.end(began)


async def find_many(on, count):
    many = on.database["many"]
    for _ in range(count):
        visited = 0
        async for document in many.find({}):
            read(document)
            visited += 1
        if visited != MANY_DOCUMENTS:
            raise WrongResult()


async def insert_one(on, count):
    inserted = on.database["inserted"]
    for _ in range(count):
        # A copy: the driver writes its _id into what it is given.
        await inserted.insert_one(dict(on.smalls[0]))


async def insert_many(on, count):
    inserted = on.database["inserted"]
    for _ in range(count):
        done = await inserted.insert_many([dict(small) for small in on.smalls])
        if len(done.inserted_ids) != MANY_DOCUMENTS:
            raise WrongResult()


async def conc(on, count):
    await asyncio.gather(*(find_one(on, count) for _ in range(on.concurrency)))


TASKS = {task.__name__: task for task in (ping, find_one, find_many, insert_one, insert_many, conc)}


async def main():
    given = parse_arguments()
    if given.task not in TASKS:
        raise SystemExit(f"motor: no task {given.task}")
    on = Fixture(given)
    await TASKS[given.task](on, given.warm_up)
    LATENCIES.taken.clear()
    watch = Stopwatch()
    await TASKS[given.task](on, given.count)
    watch.print_result(given.count * given.concurrency)
    LATENCIES.write()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
