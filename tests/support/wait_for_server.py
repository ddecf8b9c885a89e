"""wait_for_server.py PORT PID: waits until a server on 127.0.0.1:PORT answers a hello.

Leaves with 1 once the process PID is gone, or after 60 seconds.
"""

import os
import signal
import socket
import struct
import sys
import time

# Who interrupts the script is not shown this program's stack.
signal.signal(signal.SIGINT, signal.SIG_DFL)
port, pid = int(sys.argv[1]), int(sys.argv[2])


def hello():
    fields = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    document = struct.pack("<i", len(fields) + 5) + fields + b"\0"
    body = struct.pack("<iB", 0, 0) + document
    return struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body


def answers():
    with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
        peer.sendall(hello())
        header = peer.recv(16, socket.MSG_WAITALL)
        return len(header) == 16 and struct.unpack("<iiii", header)[3] == 2013


def gone():
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


end = time.monotonic() + 60
while time.monotonic() < end and not gone():
    try:
        if answers():
            sys.exit(0)
    except OSError:
        pass
    time.sleep(0.1)
if not gone():
    os.kill(pid, 15)
sys.exit(1)
