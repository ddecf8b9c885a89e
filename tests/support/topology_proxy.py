"""topology_proxy.py PORT DEPLOYMENT...: the test server at PORT as other deployments, each some ports before it.

A DEPLOYMENT is `standalone`; `mongos:N`, a sharded cluster of N; `balancer:N`, one port that is a load balancer
before N mongos, in turns; `members:N`, a replica set whose first one is the primary. What a server is to a driver is
its hello: those replies are rewritten, everything else passes as it is. Prints "ready PORT...", in the order of the
deployments, and stays until SIGTERM.
"""

import asyncio
import ctypes
import itertools
import signal
import struct
import sys

HEADER = struct.Struct("<iiii")
OP_REPLY, OP_MSG = 1, 2013
FIXED_SIZES = {1: 8, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16, 127: 0, 255: 0}
PLACE_IN_SET = {b"hosts", b"primary", b"me", b"secondary"}
OF_A_REPLICA_SET = PLACE_IN_SET.union(
    (b"setName", b"setVersion", b"passives", b"arbiters", b"electionId", b"arbiterOnly"),
    (b"hidden", b"tags", b"lastWrite", b"isImplicitDefaultMajorityWC"),
)


def size_of_value(kind, data, at):
    if kind in FIXED_SIZES:
        return FIXED_SIZES[kind]
    length = struct.unpack_from("<i", data, at)[0]
    if kind in (2, 13, 14):
        return 4 + length
    if kind in (3, 4, 15):
        return length
    if kind == 5:
        return 5 + length
    raise ValueError(f"a hello with an element of type {kind}")


def elements(document):
    """Its elements: key and bytes, the type and the key included."""
    at = 4
    while document[at]:
        end = document.index(b"\0", at + 1)
        after = end + 1 + size_of_value(document[at], document, end + 1)
        yield document[at + 1 : end], document[at:after]
        at = after


def whole(inside):
    return struct.pack("<i", len(inside) + 5) + inside + b"\0"


def boolean(key, value):
    return b"\x08" + key + b"\0" + bytes([value])


def string(key, text):
    return b"\x02" + key + b"\0" + struct.pack("<i", len(text) + 1) + text + b"\0"


class Standalone:
    removed = OF_A_REPLICA_SET

    def of_connection(self):
        return b""


class Mongos(Standalone):
    """One mongos, or some behind a balancer, each connection's the next of them."""

    def __init__(self, *service_ids):
        self.service_ids = itertools.cycle(service_ids or [b""])

    def of_connection(self):
        service_id = next(self.service_ids)
        return string(b"msg", b"isdbgrid") + (b"\x07serviceId\0" + service_id if service_id else b"")


class Member:
    """The member at `index` of a replica set whose addresses are in `addresses` once all listen."""

    removed = PLACE_IN_SET | {b"isWritablePrimary", b"ismaster"}

    def __init__(self, addresses, index):
        self.addresses, self.index = addresses, index

    def of_connection(self):
        hosts = b"".join(string(b"%d" % at, address) for at, address in enumerate(self.addresses))
        primary = self.index == 0
        added = boolean(b"isWritablePrimary", primary) + boolean(b"ismaster", primary)
        added += boolean(b"secondary", not primary) + b"\x04hosts\0" + whole(hosts)
        return added + string(b"primary", self.addresses[0]) + string(b"me", self.addresses[self.index])


def rewritten(message, removed, added):
    """The message of the server, with the hello that it may hold as that of another one."""
    size, request_id, response_to, opcode = HEADER.unpack_from(message)
    begin = {OP_MSG: 21, OP_REPLY: 36}.get(opcode)
    if begin is None or size < begin + 5 or b"\x10maxWireVersion\0" not in message:
        return message
    end = begin + struct.unpack_from("<i", message, begin)[0]
    kept = b"".join(element for key, element in elements(message[begin:end]) if key not in removed)
    new = message[HEADER.size : begin] + whole(kept + added) + message[end:]
    return HEADER.pack(HEADER.size + len(new), request_id, response_to, opcode) + new


async def read_message(reader):
    header = await reader.readexactly(HEADER.size)
    return header + await reader.readexactly(HEADER.unpack(header)[0] - HEADER.size)


class Proxy:
    def __init__(self, port, role):
        self.port, self.role = port, role

    async def connected(self, client_reader, client):
        try:
            server_reader, server = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            client.close()
            return
        ways = [
            asyncio.ensure_future(way)
            for way in (self.requests(client_reader, server), self.replies(server_reader, client))
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for end in (client, server):
            end.close()
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def requests(self, reader, server):
        while True:
            server.write(await read_message(reader))
            await server.drain()

    async def replies(self, reader, client):
        added = self.role.of_connection()
        while True:
            client.write(rewritten(await read_message(reader), self.role.removed, added))
            await client.drain()


async def listen(port, role):
    server = await asyncio.start_server(Proxy(port, role).connected, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


async def deploy(port, kind, count):
    """Its servers, with their ports."""
    if kind == "standalone":
        return [await listen(port, Standalone())]
    if kind == "mongos":
        return [await listen(port, Mongos()) for _ in range(count)]
    if kind == "balancer":
        return [await listen(port, Mongos(*(bytes(11) + bytes([number + 1]) for number in range(count))))]
    addresses = []
    servers = [await listen(port, Member(addresses, index)) for index in range(count)]
    addresses += [b"127.0.0.1:%d" % at for _, at in servers]
    return servers


async def main():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: not to outlive who started it
    servers = []
    for deployment in sys.argv[2:]:
        kind, _, count = deployment.partition(":")
        servers += await deploy(int(sys.argv[1]), kind, int(count or 1))
    print("ready", *(port for _, port in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server, _ in servers))


asyncio.run(main())
