"""A small name server that answers as it is told, rightly or wrongly: UDP and TCP, RFC 1035. For tests in a network of
their own."""

from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from collections.abc import Sequence

KINDS = ("right", "slow", "over-tcp", "unknown", "failing", "refusing", "empty", "garbage", "silent")
_CODES = {"failing": 2, "unknown": 3, "refusing": 5}
_TYPES = {4: 1, 6: 28}  # A, AAAA
SLOW_SECONDS = 0.4


class NameServer:
    """Answers each name with `addresses`, until the process ends. `asked` is set by the first question."""

    def __init__(self, kind: str, addresses: Sequence[str], place: str = "127.0.0.1", port: int = 53) -> None:
        assert kind in KINDS, kind
        self._kind, self._addresses = kind, [ipaddress.ip_address(text) for text in addresses]
        self.asked = threading.Event()
        self._never = threading.Event()
        self._packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._packets.bind((place, port))
        self._streams = socket.create_server((place, port))
        for work in (self._serve_packets, self._serve_streams):
            threading.Thread(target=work, daemon=True).start()

    def _serve_packets(self) -> None:
        while True:
            question, asker = self._packets.recvfrom(4096)
            self.asked.set()
            threading.Thread(target=self._answer_packet, args=(question, asker), daemon=True).start()

    def _answer_packet(self, question: bytes, asker: tuple[str, int]) -> None:
        if self._kind == "slow":
            self._never.wait(SLOW_SECONDS)
        answer = self.answer(question, cut=self._kind == "over-tcp")
        if answer:
            self._packets.sendto(answer, asker)

    def _serve_streams(self) -> None:
        while True:
            wire, _ = self._streams.accept()
            with wire, wire.makefile("rb") as stream:
                while length := int.from_bytes(stream.read(2), "big"):
                    answer = self.answer(stream.read(length))
                    wire.sendall(len(answer).to_bytes(2, "big") + answer)

    def answer(self, question: bytes, cut: bool = False) -> bytes:
        """`cut`: only the mark that the answer is too long for a packet, so that it is asked for over TCP."""
        if self._kind == "silent":
            return b""
        if self._kind == "garbage":
            return bytes(byte ^ 0xA5 for byte in question)
        end = question.index(b"\0", 12) + 5  # name, type, class
        wanted = int.from_bytes(question[end - 4 : end - 2], "big")
        found = [a for a in self._addresses if _TYPES[a.version] == wanted and self._kind not in (*_CODES, "empty")]
        code, rows = _CODES.get(self._kind, 0), [] if cut else found
        flags = 0x8180 | code | (0x0200 if cut else 0)
        head = question[:2] + struct.pack(">HHHHH", flags, 1, len(rows), 0, 0)
        body = b"".join(
            struct.pack(">HHHIH", 0xC00C, wanted, 1, 0, len(row.packed)) + row.packed for row in rows
        )  # 0xC00C: the name stands in the question
        return head + question[12:end] + body
