"""Writes the seed corpus: seeds/<target>/<name>, one tiny file each. Run it after a change; the files are
committed. Its BSON is written by hand here, so that a seed does not depend on what is fuzzed."""

import pathlib
import struct
import zlib

HERE = pathlib.Path(__file__).parent / "seeds"


def cstring(text):
    return text.encode() + b"\0"


def string(text):
    return struct.pack("<i", len(text.encode()) + 1) + cstring(text)


def document(*elements):
    inside = b"".join(bytes([kind]) + cstring(key) + value for kind, key, value in elements)
    return struct.pack("<i", len(inside) + 5) + inside + b"\0"


def double(key, value):
    return (0x01, key, struct.pack("<d", value))


def int32(key, value):
    return (0x10, key, struct.pack("<i", value))


def int64(key, value):
    return (0x12, key, struct.pack("<q", value))


def text(key, value):
    return (0x02, key, string(value))


def boolean(key, value):
    return (0x08, key, b"\1" if value else b"\0")


def nested(key, *elements):
    return (0x03, key, document(*elements))


def array(key, *values):
    return (0x04, key, document(*[(kind, str(i), value) for i, (kind, _, value) in enumerate(values)]))


def dns_answer(kind, *records):
    """An answer to a question for c.example, whose name each record points at."""
    name = b"\1c\7example\0"
    message = struct.pack(">6H", 1, 0x8180, 1, len(records), 0, 0) + name + struct.pack(">2H", kind, 1)
    for data in records:
        message += b"\xc0\x0c" + struct.pack(">2HIH", kind, 1, 60, len(data)) + data
    return message


OK = double("ok", 1.0)
scope = document(int32("x", 1))
code = string("return x")
EVERY_TYPE = [
    double("double", 1.5),
    text("string", "gr\u00fcn"),
    nested("document", int32("a", 1), nested("b", text("c", ""))),
    array("array", int32("", 1), text("", "two"), array("", boolean("", True))),
    (0x05, "generic", struct.pack("<iB", 3, 0) + b"abc"),
    (0x05, "old", struct.pack("<iBi", 7, 2, 3) + b"abc"),
    (0x05, "uuid", struct.pack("<iB", 16, 4) + bytes(range(16))),
    (0x05, "vector", struct.pack("<iB", 6, 9) + b"\x27\0" + struct.pack("<f", 1.0)),
    (0x06, "undefined", b""),
    (0x07, "oid", bytes(range(12))),
    boolean("true", True),
    boolean("false", False),
    (0x09, "date", struct.pack("<q", 1356351330501)),
    (0x0A, "null", b""),
    (0x0B, "regex", cstring("^a.*") + cstring("ix")),
    (0x0C, "pointer", string("db.c") + bytes(range(12))),
    (0x0D, "code", string("f()")),
    (0x0E, "symbol", string("sym")),
    (0x0F, "scoped", struct.pack("<i", 4 + len(code) + len(scope)) + code + scope),
    int32("int32", -5),
    (0x11, "timestamp", struct.pack("<II", 1, 2)),
    int64("int64", -(2**40)),
    (0x13, "decimal", struct.pack("<QQ", 5, 0x3040000000000000)),
    (0x7F, "max", b""),
    (0xFF, "min", b""),
]

HELLO = document(
    boolean("helloOk", True),
    boolean("isWritablePrimary", True),
    text("setName", "rs"),
    array("hosts", text("", "a:1"), text("", "b:2")),
    nested("topologyVersion", (0x07, "processId", bytes(12)), int64("counter", 6)),
    int32("maxBsonObjectSize", 16777216),
    int32("maxMessageSizeBytes", 48000000),
    int32("maxWriteBatchSize", 100000),
    int32("logicalSessionTimeoutMinutes", 30),
    int32("minWireVersion", 0),
    int32("maxWireVersion", 25),
    array("compression", text("", "zstd")),
    array("saslSupportedMechs", text("", "SCRAM-SHA-256")),
    OK,
)
WRITE_ERRORS = document(
    int32("n", 1),
    array("writeErrors", nested("", int32("index", 1), int32("code", 11000), text("errmsg", "dup"))),
    nested("writeConcernError", int32("code", 64), text("codeName", "X"), text("errmsg", "slow")),
    array("errorLabels", text("", "RetryableWriteError")),
    OK,
)
REFUSED = document(double("ok", 0.0), int32("code", 91), text("codeName", "S"), text("errmsg", "bye"))
CURSOR = document(
    nested("cursor", array("firstBatch", nested("", int32("_id", 1))), int64("id", 7), text("ns", "d.c")), OK
)


def message(opcode, rest):
    return struct.pack("<iiii", 16 + len(rest), 2, 1, opcode) + rest


def body(doc):
    return b"\0" + doc


def sequence(name, *documents):
    inside = cstring(name) + b"".join(documents)
    return b"\1" + struct.pack("<i", len(inside) + 4) + inside


def op_msg(flags, *sections):
    return message(2013, struct.pack("<I", flags) + b"".join(sections))


def op_reply(flags, doc):
    return message(1, struct.pack("<Iqii", flags, 0, 0, 1) + doc)


SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
def op_compressed(opcode, size, compressor, payload):
    return message(2012, struct.pack("<iiB", opcode, size, compressor) + payload)


def snappy(data):
    """One literal, the simplest that the format has: its length, a tag, the bytes."""
    assert 60 < len(data) < 128
    return bytes([len(data), 60 << 2, len(data) - 1]) + data


def zstd(data):
    """One frame of one raw block that ends it: magic, single segment, size, block head, the bytes."""
    assert len(data) < 256
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + struct.pack("<I", len(data) << 3 | 1)[:3] + data


def zstd_repeated(byte, size):
    """One byte that stands for many."""
    head = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", size)
    return head + struct.pack("<I", size << 3 | 2 | 1)[:3] + bytes([byte])


INSIDE = op_msg(0, body(document(OK, text("text", "x" * 50))))[16:]

SEEDS = {
    "fuzz_compressed": {
        "snappy": op_compressed(2013, len(INSIDE), 1, snappy(INSIDE)),
        "zlib": op_compressed(2013, len(INSIDE), 2, zlib.compress(INSIDE)),
        "zlib_stored": op_compressed(2013, len(INSIDE), 2, zlib.compress(INSIDE, 0)),
        "zstd": op_compressed(2013, len(INSIDE), 3, zstd(INSIDE)),
        "zstd_repeated": op_compressed(2013, 100000, 3, zstd_repeated(7, 100000)),
        "zlib_bomb": op_compressed(2013, 100, 2, zlib.compress(bytes(100000))),
        "reply": op_compressed(1, 60, 2, zlib.compress(op_reply(0, document(OK))[16:])),
        "nested": op_compressed(2012, len(INSIDE), 2, zlib.compress(INSIDE)),
        "unknown": op_compressed(2013, len(INSIDE), 4, INSIDE),
    },
    "fuzz_message": {
        "ok": op_msg(0, body(document(OK))),
        "empty_body": op_msg(0, body(document())),
        "hello": op_msg(0, body(HELLO)),
        "write_errors": op_msg(0, body(WRITE_ERRORS)),
        "refused": op_msg(0, body(REFUSED)),
        "cursor": op_msg(2, body(CURSOR)),
        "checksum": op_msg(1, body(document(OK)), bytes(4)),  # the target makes it right
        "sequences": op_msg(
            1 << 16, sequence("a"), body(document(OK)), sequence("b", document(), document(int32("x", 1)))
        ),
        "every_type": op_msg(0, body(document(*EVERY_TYPE))),
        "reply": op_reply(8, HELLO),
        "query_failure": op_reply(2, document(text("$err", "not master"), int32("code", 10058))),
        "unknown_type": op_msg(0, body(document((0x27, "k", bytes(8))))),
        "compressed": message(2012, struct.pack("<iib", 2013, 26, 2) + bytes(10)),
    },
    "fuzz_bson_view": {
        "empty": document(),
        "every_type": document(*EVERY_TYPE),
        **{key: document((kind, key, value)) for kind, key, value in EVERY_TYPE},
        "hello": HELLO,
        # Its first byte is 12, where the target cuts: two documents to compare.
        "two_numbers": document(int32("a", 1)) + document(double("a", 1.0)),
        "key_without_end": struct.pack("<i", 12) + b"\x12" + b"k" * 6 + b"\0",
        "deep": None,
    },
    # The first byte: 0 extended, 1 plain, 2 bytes of BSON.
    "fuzz_json": {
        "numbers": b'\0{"a": {"$numberInt": "1"}, "b": {"$numberLong": "2"}, "c": {"$numberDouble": "1.5E+300"}, '
        b'"d": {"$numberDecimal": "-1.00E-40"}, "e": -0.5, "f": 9223372036854775808}',
        "wrappers": b'\0{"a": {"$oid": "00112233445566778899aabb"}, "b": {"$uuid": '
        b'"00112233-4455-6677-8899-aabbccddeeff"}, "c": {"$binary": {"subType": "5", "base64": "AAE="}}, '
        b'"d": {"$date": "2012-12-24T12:15:30.501+01:00"}, "e": {"$timestamp": {"t": 1, "i": 2}}}',
        "code": b'\0{"a": {"$scope": {"b": {"$code": "c"}}, "$code": "d"}, "e": {"$dbPointer": {"$ref": "a", '
        b'"$id": {"$oid": "00112233445566778899aabb"}}}, "f": [{"$minKey": 1}, {"$undefined": true}]}',
        "options": b'\0{"v": {"$regularExpression": {"pattern": "a", "options": "z\\u1615"}}}',
        "plain": b'\1{"$oid": [1, "\\ud83d\\ude00", null, {}]}',
        "every_type": b"\2" + document(*EVERY_TYPE),
        # -(10^34)E-40: a coefficient that is not canonical.
        "decimal": b"\2" + document((0x13, "v", struct.pack("<QQ", 0x378D8E6400000000, 0xAFF1ED09BEAD87C0))),
    },
    "fuzz_uri": {
        "plain": b"mongodb://localhost:27017/db",
        "hosts": b"mongodb://a,B:1,[::1]:2,[fe80::1%25lo],%2Ftmp%2Fx.sock/db?replicaSet=rs",
        "login": b"mongodb://ad%40:p%25w@h/db?authMechanism=SCRAM-SHA-256&authSource=x",
        "gssapi": b"mongodb://a@h/?authMechanism=GSSAPI&gssapiServiceName=x"
        b"&authMechanismProperties=CANONICALIZE_HOST_NAME:forward,SERVICE_REALM:r",
        "aws": b"mongodb://a:b@h/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:t",
        "oidc": b"mongodb://h/?authMechanism=MONGODB-OIDC"
        b"&authMechanismProperties=ENVIRONMENT:azure,TOKEN_RESOURCE:a://b",
        "srv": b"mongodb+srv://c.example.com/?srvMaxHosts=1&srvServiceName=a-b&srvAllowedHostsSuffix=.x.y.",
        "txt": b"authSource=users&replicaSet=rs&loadBalanced=false",
        "reads": b"mongodb://h/?readPreference=nearest&readPreferenceTags=a:b,c:d&readPreferenceTags="
        b"&maxStalenessSeconds=90&readConcernLevel=majority",
        "writes": b"mongodb://h/?w=majority&journal=1&wtimeout=5&compressors=zstd,zlib&zlibCompressionLevel=-1",
        "tls": b"mongodb://h/?tls=true&ssl=true&tlsCAFile=%2Fca&tlsCertificateKeyFilePassword=p"
        b"&tlsDisableOCSPEndpointCheck=true",
        "proxy": b"mongodb://h/?proxyHost=p&proxyPort=1080&proxyUsername=u&proxyPassword=p",
        "times": b"mongodb://h/?timeoutMS=0&connectTimeoutMS=1&heartbeatFrequencyMS=500&maxIdleTimeMS=x"
        b"&minPoolSize=1&maxPoolSize=2&maxConnecting=0&serverMonitoringMode=poll&foo=bar",
    },
    "fuzz_scram": {
        "first": SERVER_FIRST,
        "both": SERVER_FIRST + b"\n" + b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        "extension": SERVER_FIRST + b",x=y",
        "mandatory": b"m=x," + SERVER_FIRST,
        "rest": b"%hv,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        "weak": SERVER_FIRST[:-4] + b"4095",
        "endless": SERVER_FIRST + b"99999",
        "refused": b"e=unknown-user",
        "last": b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        "reply": document(
            int32("conversationId", 1),
            boolean("done", False),
            (0x05, "payload", struct.pack("<iB", len(SERVER_FIRST), 0) + SERVER_FIRST),
            OK,
        ),
    },
    # The first byte cuts a response into pieces; what is no response is a URL, keys, or a payload.
    "fuzz_cloud": {
        "sized": b"\x03HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello",
        "chunked": b"\x01HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "to_end": b"\x07HTTP/1.0 404 Not Found\n\nno",
        "interim": b"\x02HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "url": b"\0http://[::1]:8080/a/b?c=d",
        "https": b"\0https://sts.amazonaws.com",
        "keys": b'\0{"Code":"Success","AccessKeyId":"a","SecretAccessKey":"b","Token":"c",'
        b'"Expiration":"2014-10-24T23:00:23Z"}',
        "sts": b'\0{"AssumeRoleWithWebIdentityResponse":{"AssumeRoleWithWebIdentityResult":{"Credentials":'
        b'{"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c","Expiration":1700000000.0}}}}',
        "server_first": b"\0"
        + document((0x05, "s", struct.pack("<iB", 64, 0) + b"n" * 64), text("h", "sts.eu-west-1.amazonaws.com")),
        "provider": b"\0"
        + document(text("issuer", "https://i"), text("clientId", "c"), array("requestScopes", text("", "a"))),
    },
    "fuzz_dns": {
        "srv": dns_answer(33, struct.pack(">3H", 0, 5, 27017) + b"\1a\7example\0"),
        "pointer": dns_answer(33, struct.pack(">3H", 0, 5, 27017) + b"\1a\xc0\x0c"),
        "root": dns_answer(33, struct.pack(">3H", 0, 0, 0) + b"\0"),
        "txt": dns_answer(16, b"\x0bauthSource=\5users"),
        "two": dns_answer(16, b"\1a", b"\1b"),
        "proxy": b"\5\0" + b"\5\0\0\3\5proxy\0\1",
        "proxy_login": b"\5\2" + b"\1\0" + b"\5\0\0\1" + bytes(6),
        "proxy_refuses": b"\5\0" + b"\5\2\0\1" + bytes(6),
    },
}
deep = document()
for _ in range(60):
    deep = document((0x03, "a", deep))
SEEDS["fuzz_bson_view"]["deep"] = deep

for target, seeds in SEEDS.items():
    folder = HERE / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in seeds.items():
        (folder / name).write_bytes(data)
