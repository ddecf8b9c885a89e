"""mongos_proxy.py PORT: the test server at PORT as a sharded cluster: two ports that look like its two mongos,
one that looks like a load balancer before the first of them, and one before both, in turns.

What a mongos is to a driver is its hello, and what a balancer is, the service id in that: those replies are
rewritten, everything else passes as it is. Prints "ready MONGOS MONGOS BALANCER BALANCER" and stays until SIGTERM.
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
OF_A_REPLICA_SET = {
    b"setName", b"setVersion", b"hosts", b"passives", b"arbiters", b"primary", b"me", b"electionId",
    b"secondary", b"arbiterOnly", b"hidden", b"tags", b"lastWrite", b"isImplicitDefaultMajorityWC",
}  # fmt: skip


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


def is_hello(message):
    return b"\x10maxWireVersion\0" in message


def as_mongos(document, service_id):
    kept = b"".join(whole for key, whole in elements(document) if key not in OF_A_REPLICA_SET)
    kept += b"\x02msg\0" + struct.pack("<i", 9) + b"isdbgrid\0"
    if service_id:
        kept += b"\x07serviceId\0" + service_id
    return struct.pack("<i", len(kept) + 5) + kept + b"\0"


def rewritten(message, service_id):
    """The message of the server, with the hello that it may hold as one of a mongos."""
    size, request_id, response_to, opcode = HEADER.unpack_from(message)
    begin = {OP_MSG: 21, OP_REPLY: 36}.get(opcode)
    if begin is None or size < begin + 5 or not is_hello(message):
        return message
    end = begin + struct.unpack_from("<i", message, begin)[0]
    new = message[HEADER.size : begin] + as_mongos(message[begin:end], service_id) + message[end:]
    return HEADER.pack(HEADER.size + len(new), request_id, response_to, opcode) + new


async def read_message(reader):
    header = await reader.readexactly(HEADER.size)
    return header + await reader.readexactly(HEADER.unpack(header)[0] - HEADER.size)


class Connection:
    def __init__(self, port, service_id):
        self.port, self.service_id = port, service_id

    async def run(self, client_reader, client):
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
        while True:
            client.write(rewritten(await read_message(reader), self.service_id))
            await client.drain()


async def main():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: not to outlive who started it
    port = int(sys.argv[1])
    first, second = (bytes(11) + bytes([number]) for number in (1, 2))
    servers = []
    for services in ((b"",), (b"",), (first,), (first, second)):
        turns = itertools.cycle(services)
        servers.append(
            await asyncio.start_server(
                lambda reader, writer, of=turns: Connection(port, next(of)).run(reader, writer), "127.0.0.1", 0
            )
        )
    print("ready", *(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
