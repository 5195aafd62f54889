"""The other end of bench_doip, in a process of its own: acknowledges and answers every message as fast as it can.

It routes nothing and checks nothing: 0x0005 is granted, 0x8001 gets its ack and a positive answer in one write.
`python -m tests.bench.doip_responder [CPU]` prints its port.
"""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading

_BUFFER = 1 << 20


def answer_to(message: memoryview) -> bytes:
    """The bytes that follow one whole message."""
    kind = int.from_bytes(message[2:4], "big")
    tester = bytes(message[8:10])
    if kind == 0x0005:
        return b"\x02\xfd\x00\x06\x00\x00\x00\x09" + tester + b"\x10\x00\x10\x00\x00\x00\x00"
    if kind != 0x8001:
        return b""
    unit = bytes(message[10:12])
    ack = b"\x02\xfd\x80\x02\x00\x00\x00\x05" + unit + tester + b"\x00"
    pdu = bytes((message[12] + 0x40, message[13]))
    return ack + b"\x02\xfd\x80\x01\x00\x00\x00\x06" + unit + tester + pdu


def serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    view = memoryview(bytearray(_BUFFER))
    with connection:
        have = 0
        while True:
            try:
                got = connection.recv_into(view[have:])
            except OSError:
                return
            if not got:
                return
            have += got
            if have >= 8 and have >= 8 + struct.unpack_from("!I", view, 4)[0]:
                connection.sendall(answer_to(view[:have]))
                have = 0


def main() -> None:
    if len(sys.argv) > 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(sys.argv[1])})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _peer = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()
