"""DoIP messages as TCP/IP or UDP/IP packets and back, for files that Wireshark opens (ISO 13400-2). Sends nothing.

What we write has addresses of our own (the tap does not know the real ones): 10.13.N.1 is the vehicle, 10.13.N.2 the
tester, N counts the channels. Read is what any recorder wrote; after a gap a stream is taken up at the next message.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from core.vocabulary import DoipMessage

LINK_ETHERNET, LINK_RAW = 1, 101
DOIP_PORT = 13400
TESTER_PORT = 49152
SEGMENT = 65_000  # bytes of a packet's payload: an IPv4 packet has 65,535
MOST_STREAMS = 256
LONGEST_MESSAGE = 1 << 24
LONGEST_REPEAT = 1 << 20  # what lies further back was not sent again: another connection has taken the ports
_VERSION = 0x02
_TCP, _UDP = 6, 17
_ON_UDP = frozenset({0x0001, 0x0002, 0x0003, 0x0004, 0x4001, 0x4002, 0x4003, 0x4004})  # ISO 13400-2, table 17
_VLAN = (0x8100, 0x88A8)


class DoipWriter:
    """One channel's conversation. Each direction is one TCP stream."""

    def __init__(self, number: int) -> None:
        self._vehicle = bytes((10, 13, number & 0xFF, 1))
        self._tester = bytes((10, 13, number & 0xFF, 2))
        self._sent = {True: 1, False: 1}

    def packets(self, message: DoipMessage) -> Iterator[bytes]:
        kind, payload = message.payload_type, message.payload
        data = struct.pack(">BBHI", _VERSION, _VERSION ^ 0xFF, kind, len(payload)) + payload
        ways = (self._vehicle, self._tester), (DOIP_PORT, TESTER_PORT)
        (source, target), ports = ways if message.is_rx else (ways[0][::-1], ways[1][::-1])
        if kind in _ON_UDP and len(data) <= SEGMENT:
            yield _ip(_UDP, source, target, struct.pack(">HHHH", *ports, len(data) + 8, 0) + data, 6)
            return
        for start in range(0, len(data), SEGMENT):
            part = data[start : start + SEGMENT]
            there, back = self._sent[message.is_rx], self._sent[not message.is_rx]
            head = struct.pack(">HHIIBBHHH", *ports, there, back, 0x50, 0x18, 0xFFFF, 0, 0)  # PSH, ACK
            yield _ip(_TCP, source, target, head + part, 16)
            self._sent[message.is_rx] = (there + len(part)) & 0xFFFFFFFF


def _ip(protocol: int, source: bytes, target: bytes, segment: bytes, checksum_at: int) -> bytes:
    """An IPv4 packet with both checksums (RFC 791, 768, 9293)."""
    pseudo = source + target + struct.pack(">BBH", 0, protocol, len(segment))
    total = struct.pack(">H", _checksum(pseudo + segment) or 0xFFFF)
    segment = segment[:checksum_at] + total + segment[checksum_at + 2 :]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, protocol, 0) + source + target
    return head[:10] + struct.pack(">H", _checksum(head)) + head[12:] + segment


def _checksum(data: bytes) -> int:
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class DoipReader:
    """The DoIP messages among the packets of one interface."""

    def __init__(self, link: int, channel: str) -> None:
        self._link, self._channel = link, channel
        self._streams: dict[bytes, tuple[int, bytearray]] = {}  # next sequence number, what is not a message yet

    def messages(self, timestamp: float, packet: bytes) -> Iterator[DoipMessage]:
        found = _segment(self._link, packet)
        if found is None:
            return
        protocol, ends, segment = found
        if len(segment) < 8:
            return
        source, target = struct.unpack_from(">HH", segment)
        if DOIP_PORT not in (source, target):
            return
        is_rx = source == DOIP_PORT
        if protocol == _UDP:
            yield from self._take(bytearray(segment[8:]), timestamp, is_rx)
        elif protocol == _TCP and len(segment) >= 20:
            buffer = self._stream(ends + segment[:4], segment)
            yield from self._take(buffer, timestamp, is_rx)

    def _stream(self, key: bytes, segment: bytes) -> bytearray:
        """The stream's buffer with this segment in it. Repeated bytes are dropped, after a gap it begins anew."""
        sequence, flags = int.from_bytes(segment[4:8], "big"), segment[13]
        data = segment[(segment[12] >> 4) * 4 :]
        expected, buffer = self._streams.get(key) or (sequence, bytearray())
        if flags & 0x02:  # SYN takes a number of its own
            expected = sequence = (sequence + 1) & 0xFFFFFFFF
            buffer.clear()
        ahead = (sequence - expected) & 0xFFFFFFFF
        if ahead > (1 << 32) - LONGEST_REPEAT:
            data = data[min(len(data), (1 << 32) - ahead) :]
            sequence = expected
        elif ahead:
            buffer.clear()
        buffer += data
        if key not in self._streams and len(self._streams) >= MOST_STREAMS:
            self._streams.pop(next(iter(self._streams)))
        self._streams[key] = (sequence + len(data)) & 0xFFFFFFFF, buffer
        return buffer

    def _take(self, buffer: bytearray, timestamp: float, is_rx: bool) -> Iterator[DoipMessage]:
        while len(buffer) >= 8:
            version, inverse, kind, length = struct.unpack_from(">BBHI", buffer)
            if version ^ inverse != 0xFF or length > LONGEST_MESSAGE:
                buffer.clear()  # not the begin of a message: wait for the next segment
                return
            if len(buffer) < 8 + length:
                return
            payload = bytes(buffer[8 : 8 + length])
            del buffer[: 8 + length]
            yield DoipMessage(timestamp, kind, payload, is_rx, self._channel)


def _segment(link: int, packet: bytes) -> tuple[int, bytes, bytes] | None:
    """(protocol, both addresses, TCP or UDP segment) of an unfragmented packet, None for anything else."""
    if link == LINK_ETHERNET:
        start = 12
        while int.from_bytes(packet[start : start + 2], "big") in _VLAN:
            start += 4
        packet = packet[start + 2 :]
    if len(packet) < 20:
        return None
    if packet[0] >> 4 == 4:
        head, length = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4], "big")
        if int.from_bytes(packet[6:8], "big") & 0x3FFF:
            return None
        # 0: the network card was to fill it in (segmentation offload)
        return packet[9], packet[12:20], packet[head : length or len(packet)]
    if packet[0] >> 4 == 6 and len(packet) >= 40:
        length = int.from_bytes(packet[4:6], "big")
        return packet[6], packet[8:40], packet[40 : 40 + length if length else len(packet)]
    return None
