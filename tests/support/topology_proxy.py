"""topology_proxy.py PORT DEPLOYMENT...: the test server at PORT as other deployments, each some ports before it.

A DEPLOYMENT is `standalone`; `mongos:N`, a sharded cluster of N; `balancer:N`, one port that is a load balancer
before N mongos, in turns; `members:N`, a replica set whose first one is the primary; `oidc:FILE`, a standalone with
access control whose users have the access token in FILE. What a server is to a driver is its hello: those replies
are rewritten, and a login by MONGODB-OIDC, which the test server refuses, is done here; everything else passes as it
is. Prints "ready PORT...", in the order of the deployments, and stays until SIGTERM.
"""

import asyncio
import ctypes
import functools
import itertools
import pathlib
import signal
import sys

from op_msg_proxy import (
    HEADER, OP_MSG, Proxy, boolean, edited, elements, int32, place_of_document, reply_to, string, whole,
)

PLACE_IN_SET = {b"hosts", b"primary", b"me", b"secondary"}
OF_A_REPLICA_SET = PLACE_IN_SET.union(
    (b"setName", b"setVersion", b"passives", b"arbiters", b"electionId", b"arbiterOnly"),
    (b"hidden", b"tags", b"lastWrite", b"isImplicitDefaultMajorityWC"),
)

ISMASTER = string(b"0", b"ismaster")[3:]  # as it is at any place of an array


def document_of(message):
    return message[place_of_document(message) :]


def with_spelling(message):
    """The `data` of a fail point, with isMaster beside ismaster."""
    data = dict(elements(document_of(message)))[b"data"][len(b"\x03data\0") :]
    inside = b""
    for key, element in elements(data):
        if key == b"failCommands":
            names = list(elements(element[len(b"\x04failCommands\0") :]))
            names.append((b"", string(b"%d" % len(names), b"isMaster")))
            element = b"\x04failCommands\0" + whole(b"".join(name for _, name in names))
        inside += element
    return b"\x03data\0" + whole(inside)


class Server:
    """A connection to one that is what its hello says: without some fields of the test server's, with others."""

    def __init__(self, removed, added=b""):
        self.removed, self.added = removed, added

    def answer(self, _request):
        return None

    def request(self, message):
        # The test server knows this command of a fail point by its other spelling alone.
        if b"configureFailPoint\0" in message and ISMASTER in message:
            return edited(message, {b"data"}, with_spelling(message))
        return message

    def reply(self, message):
        if b"\x10maxWireVersion\0" in message and place_of_document(message) is not None:
            return edited(message, self.removed, self.added)
        return message


class Secondary(Server):
    """A connection to one that has no part in the fail points of the primary: those of a test are set on that one for
    the connections of one application, and all members are the one test server. It does not hear of the application.
    """

    def request(self, message):
        if b"\x03client\0" in message and place_of_document(message) is not None:
            name = next(elements(document_of(message)))[0].lower()
            if name in (b"hello", b"ismaster"):
                return edited(message, {b"client"}, b"")
        return super().request(message)


def mongos(service_ids):
    """A connection to a mongos; where it is behind a balancer, to the next of those."""
    added = string(b"msg", b"isdbgrid")
    return Server(OF_A_REPLICA_SET, added + next(service_ids) if service_ids else added)


def member(addresses, index):
    """A connection to the member at `index` of a replica set; its addresses are known once all of it listens."""
    hosts = b"".join(string(b"%d" % at, address) for at, address in enumerate(addresses))
    primary = index == 0
    added = boolean(b"isWritablePrimary", primary) + boolean(b"ismaster", primary)
    added += boolean(b"secondary", not primary) + b"\x04hosts\0" + whole(hosts)
    added += string(b"primary", addresses[0]) + string(b"me", addresses[index])
    return (Server if primary else Secondary)(PLACE_IN_SET | {b"isWritablePrimary", b"ismaster"}, added)


class Oidc(Server):
    """A connection on which a token is to be shown before there is more than a hello.

    A saslStart goes to the test server all the same, for its fail points; it refuses the mechanism.
    """

    LOGGED_IN = int32(b"conversationId", 1) + boolean(b"done", True) + b"\x05payload\0" + bytes(5)
    MECHANISMS = b"\x04authenticationMechanisms\0"

    def __init__(self, token):
        super().__init__(OF_A_REPLICA_SET)
        self.proof = string(b"jwt", token)
        self.logged_in = False
        self.logins = set()  # ids of the requests that have shown the token

    def answer(self, request):
        _, request_id, _, opcode = HEADER.unpack_from(request)
        name = next(elements(request[place_of_document(request) :]))[0].lower() if opcode == OP_MSG else b"hello"
        if name in (b"hello", b"ismaster", b"saslstart"):
            if b"MONGODB-OIDC\0" in request and self.proof in request:
                self.logins.add(request_id)
            return None
        if self.logged_in:
            return None
        no = boolean(b"ok", False) + int32(b"code", 13) + string(b"codeName", b"Unauthorized")
        return reply_to(request, no + string(b"errmsg", b"a login is needed first"))

    def reply(self, message):
        _, _, request_id, _ = HEADER.unpack_from(message)
        shown = request_id in self.logins
        self.logins.discard(request_id)
        if b"Unsupported SASL mechanism: 'MONGODB-OIDC'" in message and shown:
            self.logged_in = True
            removed = {key for key, _ in elements(message[place_of_document(message) :])}
            return edited(message, removed, self.LOGGED_IN + boolean(b"ok", True))
        if self.MECHANISMS in message:
            only = self.MECHANISMS + whole(string(b"0", b"MONGODB-OIDC"))
            return edited(message, {b"authenticationMechanisms"}, only)
        if shown and b"\x10maxWireVersion\0" in message:
            self.logged_in = True
            self.added = b"\x03speculativeAuthenticate\0" + whole(self.LOGGED_IN)
        else:
            self.added = b""
        return super().reply(message)


async def deploy(port, kind, argument):
    """Its servers, with their ports."""
    if kind == "standalone":
        connects = [functools.partial(Server, OF_A_REPLICA_SET)]
    elif kind == "mongos":
        connects = [functools.partial(mongos, None)] * int(argument)
    elif kind == "balancer":
        ids = (b"\x07serviceId\0" + bytes(11) + bytes([number + 1]) for number in range(int(argument)))
        connects = [functools.partial(mongos, itertools.cycle(ids))]
    elif kind == "oidc":
        connects = [functools.partial(Oidc, pathlib.Path(argument).read_bytes())]
    else:
        addresses = []
        connects = [functools.partial(member, addresses, index) for index in range(int(argument))]
    servers = [await Proxy(port, connect).listen() for connect in connects]
    if kind == "members":
        addresses += [b"127.0.0.1:%d" % at for _, at in servers]
    return servers


async def main():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG: not to outlive who started it
    servers = []
    for deployment in sys.argv[2:]:
        kind, _, argument = deployment.partition(":")
        servers += await deploy(int(sys.argv[1]), kind, argument)
    print("ready", *(port for _, port in servers), flush=True)
    await asyncio.gather(*(server.serve_forever() for server, _ in servers))


asyncio.run(main())
