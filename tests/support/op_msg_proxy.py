"""What a proxy before the test server needs of OP_MSG and BSON, and its two ways."""

import asyncio
import struct

HEADER = struct.Struct("<iiii")
OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
FIXED_SIZES = {1: 8, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16, 127: 0, 255: 0}


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
    raise ValueError(f"a document with an element of type {kind}")


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


def int32(key, value):
    return b"\x10" + key + b"\0" + struct.pack("<i", value)


def string(key, text):
    return b"\x02" + key + b"\0" + struct.pack("<i", len(text) + 1) + text + b"\0"


def place_of_document(message):
    """Where the command or the reply of a message begins; none in a message of another kind."""
    size, _, _, opcode = HEADER.unpack_from(message)
    if opcode == OP_QUERY:
        begin = message.index(b"\0", HEADER.size + 4) + 9
    else:
        begin = {OP_MSG: 21, OP_REPLY: 36}.get(opcode, size)
    return begin if begin + 5 <= size else None


def edited(message, removed, added):
    """The message with its document less some fields and with others."""
    begin = place_of_document(message)
    end = begin + struct.unpack_from("<i", message, begin)[0]
    kept = b"".join(element for key, element in elements(message[begin:end]) if key not in removed)
    new = message[HEADER.size : begin] + whole(kept + added) + message[end:]
    return HEADER.pack(HEADER.size + len(new), *HEADER.unpack_from(message)[1:]) + new


def reply_to(request, inside):
    """An OP_MSG reply of the proxy's own."""
    body = bytes(5) + whole(inside)
    return HEADER.pack(HEADER.size + len(body), 0, HEADER.unpack_from(request)[1], OP_MSG) + body


async def read_message(reader):
    header = await reader.readexactly(HEADER.size)
    return header + await reader.readexactly(HEADER.unpack(header)[0] - HEADER.size)


class Proxy:
    """A port that is the server at `port` as the connections that `connect` makes see it: `reply(message)` gives
    what the client gets for what the server said, `answer(request)` what it gets without the server, or nothing,
    and `request(message)` what the server gets.
    """

    def __init__(self, port, connect):
        self.port, self.connect = port, connect

    async def listen(self):
        """The server, and its port."""
        server = await asyncio.start_server(self.connected, "127.0.0.1", 0)
        return server, server.sockets[0].getsockname()[1]

    async def connected(self, client_reader, client):
        try:
            server_reader, server = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            client.close()
            return
        connection = self.connect()
        ways = [
            asyncio.ensure_future(way)
            for way in (
                self.requests(connection, client_reader, server, client),
                self.replies(connection, server_reader, client),
            )
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for end in (client, server):
            end.close()
        for way in ways:
            way.cancel()
        for end in await asyncio.gather(*ways, return_exceptions=True):
            if not isinstance(end, (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError)):
                print(f"{type(end).__name__}: {end}", flush=True)

    async def requests(self, connection, reader, server, client):
        while True:
            request = await read_message(reader)
            answer = connection.answer(request)
            to = client if answer else server
            to.write(answer or connection.request(request))
            await to.drain()

    async def replies(self, connection, reader, client):
        while True:
            client.write(connection.reply(await read_message(reader)))
            await client.drain()
