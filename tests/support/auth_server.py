"""auth_server.py SERVER FOLDER: the test server with access control and the users of the login tests.

There is no localhost exception: users are made while it runs without, then it is started again on the
same folder. Prints "ready PORT" and stays until SIGTERM.
"""

import ctypes
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

# name, password, mechanisms, database (auth specification, "Test Plan"; all with every right).
BOTH = ["SCRAM-SHA-1", "SCRAM-SHA-256"]
USERS = [
    ("sha1", "sha1", BOTH[:1], "admin"),
    ("sha256", "sha256", BOTH[1:], "admin"),
    ("both", "both", BOTH, "admin"),
    ("IX", "IX", BOTH[1:], "admin"),
    ("\u2168", "\u2163", BOTH[1:], "admin"),
    ("ada@shop", "p:w@%/,=", BOTH, "admin"),
    ("elsewhere", "elsewhere", BOTH, "users"),
]


def text(value):
    return struct.pack("<i", len(value.encode()) + 1) + value.encode() + b"\0"


def encode(value):
    if isinstance(value, str):
        return b"\x02", text(value)
    if isinstance(value, int):
        return b"\x10", struct.pack("<i", value)
    pairs = value.items() if isinstance(value, dict) else ((str(i), v) for i, v in enumerate(value))
    inside = b""
    for key, item in pairs:
        kind, data = encode(item)
        inside += kind + key.encode() + b"\0" + data
    return b"\x03" if isinstance(value, dict) else b"\x04", struct.pack("<i", len(inside) + 5) + inside + b"\0"


def receive(connection, size):
    data = b""
    while len(data) < size:
        more = connection.recv(size - len(data))
        if not more:
            sys.exit("the server closed the connection")
        data += more
    return data


def run(connection, command):
    body = struct.pack("<IB", 0, 0) + encode(command)[1]
    connection.sendall(struct.pack("<iiii", 16 + len(body), 1, 0, 2013) + body)
    size = struct.unpack("<i", receive(connection, 4))[0]
    reply = receive(connection, size - 4)
    if b"\x01ok\0" + struct.pack("<d", 1.0) not in reply:
        sys.exit(f"{next(iter(command))}: {reply!r}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def start(server, folder, port, *flags):
    child = subprocess.Popen(
        [server, "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder / "data"),
         "--noop-heartbeat-seconds", "10", "--enable-test-commands", *flags],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=sys.stderr, preexec_fn=die_with_parent,
    )
    for _ in range(300):
        if child.poll() is not None:
            sys.exit("the server did not start")
        try:
            return child, socket.create_connection(("127.0.0.1", port), 10)
        except OSError:
            time.sleep(0.1)
    sys.exit("the server does not listen")


def main():
    server, folder = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    child, connection = start(server, folder, free_port())
    try:
        connection.settimeout(30)
        for name, password, mechanisms, database in USERS:
            run(connection, {"createUser": name, "pwd": password, "mechanisms": mechanisms,
                             "roles": [{"role": "root", "db": "admin"}], "$db": database})
        connection.close()
        child.terminate()
        child.wait(30)
        port = free_port()
        child, connection = start(server, folder, port, "--auth")
        connection.close()
        print("ready", port, flush=True)
        child.wait()
    finally:
        child.terminate()
        child.wait(30)


main()
