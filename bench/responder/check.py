#!/usr/bin/env python3
"""Checks the responder from outside, with a BSON and an OP_MSG of its own.

    check.py PATH-OF-BENCH-RESPONDER
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from harness import last_line  # noqa: E402

RESPONDER = sys.argv.pop(1) if len(sys.argv) > 1 else "bench-responder"


def encode(document):
    out = b""
    for key, value in document.items():
        name = key.encode() + b"\0"
        if isinstance(value, bool):
            out += b"\x08" + name + bytes([value])
        elif isinstance(value, int):
            wide = value >= 1 << 31
            out += (b"\x12" if wide else b"\x10") + name + struct.pack("<q" if wide else "<i", value)
        elif isinstance(value, bytes):
            out += b"\x05" + name + struct.pack("<i", len(value)) + b"\0" + value
        elif isinstance(value, str):
            raw = value.encode() + b"\0"
            out += b"\x02" + name + struct.pack("<i", len(raw)) + raw
        elif isinstance(value, dict):
            out += b"\x03" + name + encode(value)
        elif isinstance(value, list):
            out += b"\x04" + name + encode({str(i): item for i, item in enumerate(value)})
        else:
            raise TypeError(type(value))
    return struct.pack("<i", len(out) + 5) + out + b"\0"


def decode(raw, at=0):
    (size,) = struct.unpack_from("<i", raw, at)
    end = at + size - 1
    assert raw[end] == 0, "a document ends with a zero byte"
    at += 4
    made = {}
    while at < end:
        kind = raw[at]
        stop = raw.index(0, at + 1)
        key = raw[at + 1 : stop].decode()
        at = stop + 1
        if kind in (1, 9, 18):
            (made[key],) = struct.unpack_from("<d" if kind == 1 else "<q", raw, at)
            at += 8
        elif kind == 16:
            (made[key],) = struct.unpack_from("<i", raw, at)
            at += 4
        elif kind == 2:
            (length,) = struct.unpack_from("<i", raw, at)
            made[key] = raw[at + 4 : at + 3 + length].decode()
            at += 4 + length
        elif kind in (3, 4):
            (length,) = struct.unpack_from("<i", raw, at)
            inner = decode(raw, at)
            made[key] = inner if kind == 3 else list(inner.values())
            at += length
        elif kind == 5:
            (length,) = struct.unpack_from("<i", raw, at)
            made[key] = raw[at + 5 : at + 5 + length]
            at += 5 + length
        elif kind == 8:
            made[key] = bool(raw[at])
            at += 1
        elif kind == 10:
            made[key] = None
        else:
            raise ValueError(f"type {kind} at {key}")
    assert at == end, "the elements fill the document"
    return made


def op_msg(request_id, body, flags=0, sequence=None, trailer=b""):
    payload = struct.pack("<I", flags) + b"\0" + encode(body)
    if sequence is not None:
        name, documents = sequence
        section = name.encode() + b"\0" + b"".join(encode(one) for one in documents)
        payload += b"\1" + struct.pack("<i", len(section) + 4) + section
    payload += trailer
    return struct.pack("<iiii", len(payload) + 16, request_id, 0, 2013) + payload


class Peer:
    def __init__(self, port, trusting=None, session=None):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(20)
        if trusting:
            self.socket = trusting.wrap_socket(self.socket, server_hostname="127.0.0.1", session=session)

    def send(self, raw):
        self.socket.sendall(raw)

    def exactly(self, size):
        raw = bytearray()
        while len(raw) < size:
            more = self.socket.recv(min(size - len(raw), 1 << 20))
            if not more:
                raise EOFError
            raw += more
        return bytes(raw)

    def receive(self):
        size, _, response_to, opcode = struct.unpack("<iiii", self.exactly(16))
        return response_to, opcode, self.exactly(size - 16)

    def reply(self):
        response_to, opcode, payload = self.receive()
        assert opcode == 2013 and payload[:5] == b"\0\0\0\0\0"
        return response_to, decode(payload, 5)

    def command(self, body, **more):
        self.send(op_msg(77, {**body, "$db": "bench"}, **more))
        response_to, document = self.reply()
        assert response_to == 77
        return document


class Responder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(
            [RESPONDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.port = int(cls.process.stdout.readline().rsplit(":", 1)[1])

    @classmethod
    def tearDownClass(cls):
        cls.process.stdin.close()
        assert cls.process.wait(10) == 0, "it ends when its standard input closes"
        cls.process.stdout.close()

    def setUp(self):
        self.peer = Peer(self.port)

    def tearDown(self):
        self.peer.socket.close()

    def test_a_legacy_hello_gets_op_reply(self):
        query = struct.pack("<i", 0) + b"admin.$cmd\0" + struct.pack("<ii", 0, -1)
        query += encode({"isMaster": 1, "helloOk": True})
        self.peer.send(struct.pack("<iiii", len(query) + 16, 5, 0, 2004) + query)
        response_to, opcode, payload = self.peer.receive()
        self.assertEqual((response_to, opcode), (5, 1))
        self.assertEqual(struct.unpack_from("<i", payload, 16), (1,))
        hello = decode(payload, 20)
        self.assertTrue(hello["ismaster"] and hello["helloOk"])

    def test_a_hello_is_that_of_a_standalone_with_sessions(self):
        hello = self.peer.command({"hello": 1})
        self.assertEqual(hello["logicalSessionTimeoutMinutes"], 30)
        self.assertEqual(hello["maxWireVersion"], 25)
        self.assertTrue(hello["isWritablePrimary"])
        self.assertNotIn("setName", hello)

    def test_ping_and_unknown_commands_are_ok(self):
        self.assertEqual(self.peer.command({"ping": 1}), {"ok": 1.0})
        self.assertEqual(self.peer.command({"endSessions": []}), {"ok": 1.0})

    def test_find_returns_one_tweet(self):
        reply = self.peer.command({"find": "one", "filter": {"_id": 1}, "limit": 1})
        self.assertEqual(reply["cursor"]["id"], 0)
        self.assertEqual(reply["cursor"]["ns"], "bench.one")
        (tweet,) = reply["cursor"]["firstBatch"]
        self.assertEqual(list(tweet)[0], "_id")
        self.assertIn("created_at", tweet)

    def test_a_document_has_its_stated_size(self):
        self.peer.send(op_msg(1, {"find": "small", "$db": "bench"}))
        _, _, small = self.peer.receive()
        self.assertEqual(struct.unpack_from("<i", small, small.index(b"\x030\0") + 3), (275,))
        self.peer.send(op_msg(1, {"find": "one", "$db": "bench"}))
        _, _, tweet = self.peer.receive()
        self.assertEqual(struct.unpack_from("<i", tweet, tweet.index(b"\x030\0") + 3), (1536,))

    def visit(self, **options):
        reply = self.peer.command({"find": "many", **options})["cursor"]
        sizes, ids = [len(reply["firstBatch"])], [one["_id"] for one in reply["firstBatch"]]
        while reply["id"] != 0:
            more = {key: value for key, value in options.items() if key == "batchSize"}
            reply = self.peer.command({"getMore": reply["id"], "collection": "many", **more})["cursor"]
            sizes.append(len(reply["nextBatch"]))
            ids += [one["_id"] for one in reply["nextBatch"]]
        return sizes, ids

    def test_a_cursor_has_ten_thousand_documents_in_order(self):
        sizes, ids = self.visit()
        self.assertEqual(sizes, [101, 9899])
        self.assertEqual(ids, list(range(1, 10001)))

    def test_a_cursor_obeys_limit_and_batch_size(self):
        self.assertEqual(self.visit(limit=250, batchSize=100)[0], [100, 100, 50])
        self.assertEqual(self.visit(limit=150)[0], [101, 49])
        self.assertEqual(self.visit(limit=5)[1], [1, 2, 3, 4, 5])

    def test_an_insert_counts_its_documents_in_either_kind(self):
        documents = [{"x": index} for index in range(7)]
        inside = self.peer.command({"insert": "c", "documents": documents})
        beside = self.peer.command({"insert": "c"}, sequence=("documents", documents))
        self.assertEqual(inside, {"n": 7, "ok": 1.0})
        self.assertEqual(beside, {"n": 7, "ok": 1.0})

    def test_a_message_of_forty_megabytes_is_taken(self):
        documents = [{"x": "y" * 4_000_000}] * 10
        self.assertEqual(
            self.peer.command({"insert": "c"}, sequence=("documents", documents))["n"], 10)
        self.assertEqual(self.peer.command({"ping": 1}), {"ok": 1.0})

    def test_an_unacknowledged_write_gets_no_reply(self):
        self.peer.send(op_msg(1, {"insert": "c", "documents": [{}], "$db": "b"}, flags=2))
        self.peer.send(op_msg(2, {"ping": 1, "$db": "b"}))
        self.assertEqual(self.peer.reply(), (2, {"ok": 1.0}))

    def test_a_checksum_is_stripped(self):
        self.assertEqual(self.peer.command({"ping": 1}, flags=1, trailer=b"abcd"), {"ok": 1.0})

    def test_messages_sent_together_are_answered_in_order(self):
        self.peer.send(b"".join(op_msg(i, {"ping": 1, "$db": "b"}) for i in range(500)))
        self.assertEqual([self.peer.reply()[0] for _ in range(500)], list(range(500)))

    def test_a_message_sent_byte_by_byte_is_answered(self):
        self.peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in op_msg(3, {"ping": 1, "$db": "b"}):
            self.peer.send(bytes([byte]))
        self.assertEqual(self.peer.reply()[0], 3)

    def test_large_replies_wait_for_a_slow_reader(self):
        reply = self.peer.command({"find": "many"})["cursor"]
        asked = {"getMore": reply["id"], "collection": "many", "$db": "bench"}
        self.peer.send(b"".join(op_msg(i, asked) + op_msg(i + 100, {"ping": 1, "$db": "b"})
                                for i in range(4)))
        for index in range(4):
            response_to, _, payload = self.peer.receive()
            self.assertEqual(response_to, index)
            self.assertGreater(len(payload), 9899 * 1536)
            self.assertEqual(self.peer.reply()[0], index + 100)

    def test_finds_on_hold_wait_for_a_find_on_release(self):
        others = [Peer(self.port) for _ in range(3)]
        for at, other in enumerate(others):
            other.send(op_msg(at, {"find": "hold", "$db": "bench"}))
        # Held is what says that all three have come.
        self.assertEqual(self.peer.command({"find": "held", "batchSize": 3})["ok"], 1)
        others[0].socket.settimeout(0.05)
        with self.assertRaises(TimeoutError):
            others[0].receive()
        others[0].socket.settimeout(20)
        self.peer.command({"find": "release"})
        for at, other in enumerate(others):
            response_to, reply = other.reply()
            self.assertEqual((response_to, len(reply["cursor"]["firstBatch"])), (at, 1))
            other.socket.close()

    def test_a_find_on_held_waits_until_so_many_are_held(self):
        other = Peer(self.port)
        self.peer.send(op_msg(5, {"find": "held", "batchSize": 2, "$db": "bench"}))
        other.send(op_msg(1, {"find": "hold", "$db": "bench"}))
        self.peer.socket.settimeout(0.05)
        with self.assertRaises(TimeoutError):
            self.peer.receive()
        self.peer.socket.settimeout(20)
        other.send(op_msg(2, {"find": "hold", "$db": "bench"}))
        self.assertEqual(self.peer.reply()[0], 5)
        # A connection that goes takes what was held of it along.
        other.socket.close()
        last = Peer(self.port)
        last.send(op_msg(3, {"find": "hold", "$db": "bench"}))
        self.assertEqual(self.peer.command({"find": "held", "batchSize": 1})["ok"], 1)
        self.peer.command({"find": "release"})
        self.assertEqual(last.reply()[0], 3)
        last.socket.close()

    def test_a_broken_message_closes_its_connection_only(self):
        good = op_msg(1, {"ping": 1, "$db": "b"})
        broken = [
            struct.pack("<i", -1) + good[4:],
            struct.pack("<i", 15) + good[4:],
            struct.pack("<i", 48_000_001) + good[4:],
            good[:12] + struct.pack("<i", 1) + good[16:],
            good[:21] + struct.pack("<i", 5000) + good[25:],
            good[:20] + b"\7" + good[21:],
        ]
        for message in broken:
            other = Peer(self.port)
            other.send(message)
            with self.assertRaises((EOFError, ConnectionResetError)):
                other.receive()
            other.socket.close()
        self.assertEqual(self.peer.command({"ping": 1}), {"ok": 1.0})


class Started:
    """A responder with options; what it served is known afterwards."""

    def __init__(self, *options):
        self.process = subprocess.Popen([RESPONDER, *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        hosts = self.process.stdout.readline().split()[1]
        self.ports = [int(host.rsplit(":", 1)[1]) for host in hosts.split(",")]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.served = self.process.stdout.readline().split()
        self.process.stdout.close()
        assert self.process.wait(10) == 0


class Deployment(unittest.TestCase):
    def test_a_mongos_answers_on_each_of_its_ports(self):
        with Started("--mongos", "3") as started:
            self.assertEqual(len(set(started.ports)), 3)
            for port in started.ports:
                peer = Peer(port)
                self.assertEqual(peer.command({"hello": 1})["msg"], "isdbgrid")
                self.assertEqual(peer.command({"ping": 1}), {"ok": 1.0})
                peer.socket.close()
        self.assertEqual(started.served, ["SERVED", "3", "0", "0", "0"])

    def test_tls_has_a_certificate_to_trust_and_resumes(self):
        with tempfile.NamedTemporaryFile(suffix=".pem") as file, Started("--tls", file.name) as started:
            trusting = ssl.create_default_context(cafile=file.name)
            first = Peer(started.ports[0], trusting)
            for size in (1, 5, 1000):
                sent = b"".join(op_msg(at, {"ping": 1, "$db": "b"}) for at in range(100))
                for at in range(0, len(sent), size * 20):
                    first.send(sent[at : at + size * 20])
                self.assertEqual([first.reply()[0] for _ in range(100)], list(range(100)))
            many = first.command({"find": "many", "batchSize": 5000})["cursor"]["firstBatch"]
            self.assertEqual(len(many), 5000)
            second = Peer(started.ports[0], trusting, first.socket.session)
            self.assertEqual(second.command({"ping": 1}), {"ok": 1.0})
            self.assertTrue(second.socket.session_reused)
            plain = Peer(started.ports[0])
            with self.assertRaises((OSError, EOFError, struct.error)):
                plain.command({"ping": 1})
            plain.socket.close()
            first.socket.close()
            second.socket.close()
        self.assertEqual(started.served, ["SERVED", "3", "1", "1", "0"])

    def log_in(self, peer, password, speculative, skips):
        """By a SCRAM of its own; the last reply."""
        bare = "n=user,r=nonce"
        first = {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": f"n,,{bare}".encode(),
                 "options": {"skipEmptyExchange": skips}}
        if speculative:
            reply = peer.command({"hello": 1, "saslSupportedMechs": "admin.user",
                                  "speculativeAuthenticate": first})
            self.assertEqual(reply["saslSupportedMechs"], ["SCRAM-SHA-256"])
            reply = reply["speculativeAuthenticate"]
        else:
            reply = peer.command(first)
        answer = reply["payload"].decode()
        fields = dict(part.split("=", 1) for part in answer.split(","))
        self.assertEqual(fields["i"], "15000")
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), 15_000)
        sign = lambda key, text: hmac.digest(key, text.encode(), "sha256")  # noqa: E731
        key = sign(salted, "Client Key")
        last = f"c=biws,r={fields['r']}"
        text = f"{bare},{answer},{last}"
        proof = bytes(a ^ b for a, b in zip(key, sign(hashlib.sha256(key).digest(), text)))
        reply = peer.command({"saslContinue": 1, "conversationId": reply["conversationId"],
                              "payload": f"{last},p={base64.b64encode(proof).decode()}".encode()})
        if reply["ok"] == 1:
            server = sign(sign(salted, "Server Key"), text)
            self.assertEqual(reply["payload"].decode(), f"v={base64.b64encode(server).decode()}")
        if reply["ok"] == 1 and not reply["done"]:
            reply = peer.command({"saslContinue": 1, "conversationId": 1, "payload": b""})
        return reply, fields["s"]

    def test_a_user_logs_in_by_scram_and_a_wrong_password_does_not(self):
        with Started("--scram", "user:pencil", "--salts", "2") as started:
            peer = Peer(started.ports[0])
            salts = []
            for speculative, skips in ((True, True), (False, True), (False, False)):
                reply, salt = self.log_in(peer, "pencil", speculative, skips)
                self.assertEqual((reply["done"], reply["ok"]), (True, 1.0))
                salts.append(salt)
            self.assertEqual((salts[0], len(set(salts))), (salts[2], 2))
            self.assertEqual(self.log_in(peer, "pen", True, True)[0]["code"], 18)
            self.assertEqual(peer.command({"saslContinue": 1, "payload": b"x"})["ok"], 0)
            self.assertEqual(peer.command({"find": "one"})["ok"], 1)
            peer.socket.close()
        self.assertEqual(started.served, ["SERVED", "1", "0", "0", "3"])


if __name__ == "__main__":
    last_line.main()
