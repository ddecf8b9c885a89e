"""What stands around an operation: connecting, checking a connection out, selecting a server, and how an
operation's cost grows with the servers."""

import dataclasses
import os

from . import measure, session
from .clients import Client
from .tasks import Task

#: What a connection begins with, by the name that a row has.
WAYS = {"TCP": {}, "SCRAM": {"scram": True}, "TLS": {"tls": True}, "TLS and SCRAM": {"tls": True, "scram": True}}
STEPS = {"connect": "a new client's first ping", "reconnect": "a ping on a new connection of the same client"}
#: So many salts in turn are more than a driver keeps the keys of, in whatever process-wide cache.
NEW_SALTS = 100
#: Of the pool: those that wait while one connection goes from hand to hand.
QUEUES = (1, 64, 4096)
SERVERS = (1, 3, 50)


def part_of(task, clients, settings, responder):
    """One task's rows, as the tasks have them."""
    rows = {client.name: {} for client in clients}
    if settings.time:
        session.time_all(clients, task, settings.pairs, responder.uri, settings.pinning.client, rows)
    for client in clients if settings.count else []:
        if "failed" not in rows[client.name]:
            session.count_all(client, task, responder.uri, settings.pinning.client, settings.build,
                              rows[client.name])
    return {"title": task.title, "n": task.timed, "counted_n": task.counted, "clients": rows}


def ours(settings, program):
    """mongoro, by another program than that of the tasks."""
    path = os.path.join(settings.build, "bench", program)
    if not os.access(path, os.X_OK):
        raise measure.Unavailable(f"{program} was not built")
    return Client("mongoro", (path,))


def connect(clients, settings):
    """{step and way: rows}: CPU and wall time until the reply, and what the responder saw of it."""
    others = [client for client in clients if client.name.startswith("libmongoc")]
    made = {}
    for step, title in STEPS.items():
        for way, options in WAYS.items():
            # A login of a new client derives its keys from 15,000 digests, which are minutes under a tracer.
            slow = step == "connect" and "scram" in options
            task = Task(step, f"{title}, {way}", 100 if slow else 400, 5 if slow else 20).scaled(settings.quick)
            # The others have no way to let go of one connection and keep the rest.
            of = [ours(settings, "mongoro-connect"), *(others if step == "connect" else [])]
            salts = NEW_SALTS if step == "connect" else 1
            with measure.Responder(settings.build, settings.pinning.responder, **options,
                                   salts=salts) as responder:
                part = part_of(task, of, settings, responder)
            for client in of:
                part["clients"][client.name]["served"] = served_by(client, step, settings, options, salts)
            made[f"{step} {way}"] = part
    return made


def served_by(client, step, settings, options, salts, count=20):
    """Connections, handshakes and logins of one operation, by the responder's own account: the difference
    of two runs."""
    def once(operations):
        with measure.Responder(settings.build, settings.pinning.responder, **options,
                               salts=salts) as responder:
            measure.run(client.command, responder.uri, step, operations, settings.pinning.client,
                        {**client.environment, "NOWARM": "1"})
        return responder.served

    return measure.count_twice(once, count, 1)


def checkout(settings):
    """A check-out and a check-in of the pool, by who waits meanwhile."""
    client = ours(settings, "mongoro-internals")
    chosen = [Task("checkout", "of an idle connection", 4_000_000, 20_000),
              *[Task(f"queue:{waiting}", f"with {waiting:,} waiting in line", 1_000_000, 100_000)
                for waiting in QUEUES]]
    return internals(chosen, client, settings)


def selection(settings):
    """The selection of a server: alone, by the deployment, and what takes its place."""
    client = ours(settings, "mongoro-internals")
    made = internals(
        [Task("primary", "the primary, where it is known: the executor's way", 8_000_000, 50_000),
         *[Task(f"select:{servers}", f"the nearest of {servers}", 2_000_000, 20_000)
           for servers in SERVERS],
         *[Task(f"select_write:{servers}", f"the primary among {servers}", 2_000_000, 20_000)
           for servers in SERVERS]], client, settings)
    for servers in SERVERS:
        task = Task("deployment", f"by the deployment, one of {servers} mongos", 1_000_000, 10_000)
        made[f"deployment:{servers}"] = internals([task], client, settings, servers)["deployment"]
    return made


def internals(chosen, client, settings, mongos=None):
    with measure.Responder(settings.build, settings.pinning.responder, mongos=mongos) as responder:
        return {task.name: part_of(task.scaled(settings.quick), [client], settings, responder)
                for task in chosen}


def servers(clients, settings):
    """One find_one by the servers of a sharded cluster: {servers: rows}."""
    wanted = [client for client in clients if client.name in ("mongoro", "libmongoc")]
    if not wanted:
        raise measure.Unavailable("neither mongoro nor libmongoc is among the clients")
    made = {}
    for count in SERVERS:
        # Counted long enough, in a short run too, that each server's connection is there before its end.
        task = dataclasses.replace(
            Task("find_one", f"find_one, {count} mongos", 20_000, 0).scaled(settings.quick), counted=2_500)
        with measure.Responder(settings.build, settings.pinning.responder, mongos=count) as responder:
            made[str(count)] = part_of(task, wanted, settings, responder)
    return made
