"""pcapng (draft-ietf-opsawg-pcapng): CAN as LINKTYPE_CAN_SOCKETCAN, DoIP as IP packets. Not the older pcap.

Written: one section, microseconds, an interface for each channel, direction in epb_flags. Read: also files of others
(both byte orders, any resolution, Ethernet), of which everything that is neither CAN nor DoIP is passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from core.errors import DataInvalid, StorageFailed
from core.trace.packets import LINK_ETHERNET, LINK_RAW, DoipReader, DoipWriter
from core.vocabulary import CanFrame, DoipMessage

Record = CanFrame | DoipMessage

LINK_SOCKETCAN = 227
_SECTION, _INTERFACE, _SIMPLE, _ENHANCED = 0x0A0D0D0A, 1, 3, 6
_MAGIC = 0x1A2B3C4D
_EXTENDED, _REMOTE, _ERROR = 1 << 31, 1 << 30, 1 << 29  # can_id of SocketCAN, big-endian here
_FD_FRAME = 0x04
_FD_SIZE = 72  # struct canfd_frame: by this size older Wireshark tells FD from classic CAN
_BUS_ERROR = 0x80
_INBOUND, _OUTBOUND = 1, 2
_OPTION_NAME, _OPTION_FLAGS, _OPTION_RESOLUTION = 2, 2, 9
LONGEST_BLOCK = 1 << 20
MOST_INTERFACES = 4096


class PcapngWriter:
    """StorageFailed where the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("wb", buffering=1 << 17)
        self._interfaces: dict[tuple[int, str], int] = {}
        self._doip: dict[str, DoipWriter] = {}
        self._block(_SECTION, struct.pack("<IHHq", _MAGIC, 1, 0, -1))

    def write(self, record: Record) -> bool:
        if isinstance(record, CanFrame):
            self._packet(LINK_SOCKETCAN, record, _socketcan(record))
            return True
        writer = self._doip.get(record.channel)
        if writer is None:
            writer = self._doip[record.channel] = DoipWriter(len(self._doip))
        for packet in writer.packets(record):
            self._packet(LINK_RAW, record, packet)
        return True

    def close(self) -> None:
        try:
            self._stream.close()
        except OSError as error:
            raise self._refused(error) from error

    def _packet(self, link: int, record: Record, data: bytes) -> None:
        key = (link, record.channel)
        interface = self._interfaces.get(key)
        if interface is None:
            interface = self._interfaces[key] = len(self._interfaces)
            name = _option(_OPTION_NAME, record.channel.encode()[:200]) if record.channel else b""
            self._block(_INTERFACE, struct.pack("<HHI", link, 0, 0) + name + (_option(0, b"") if name else b""))
        time = max(0, round(record.timestamp * 1e6))
        flags = _option(_OPTION_FLAGS, struct.pack("<I", _INBOUND if record.is_rx else _OUTBOUND)) + _option(0, b"")
        head = struct.pack("<IIIII", interface, time >> 32 & 0xFFFFFFFF, time & 0xFFFFFFFF, len(data), len(data))
        self._block(_ENHANCED, head + data + bytes(-len(data) % 4) + flags)

    def _block(self, kind: int, body: bytes) -> None:
        length = len(body) + 12
        try:
            self._stream.write(struct.pack("<II", kind, length) + body + struct.pack("<I", length))
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"The trace {self._path} cannot be written: {error.strerror or error}.")


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def _socketcan(frame: CanFrame) -> bytes:
    identifier = frame.arbitration_id
    if frame.is_error_frame:
        identifier = _ERROR | (identifier & 0x1FFFFFFF or _BUS_ERROR)
    elif frame.is_extended_id:
        identifier |= _EXTENDED
    if frame.is_remote_frame:
        identifier |= _REMOTE
    head = struct.pack(">IBBBB", identifier, len(frame.data), _FD_FRAME if frame.is_fd else 0, 0, 0)
    return (head + frame.data).ljust(_FD_SIZE, b"\0") if frame.is_fd else head + frame.data


# -- reading


class _Interface:
    def __init__(self, link: int, name: str, units: int) -> None:
        self.link, self.name, self.units = link, name, units  # time stamps a second
        self.doip = DoipReader(link, name)


def read_pcapng(path: Path) -> Iterator[Record]:
    """The CAN frames and DoIP messages. DataInvalid with the number of the block; OSError as DataInvalid too."""
    number = 0
    try:
        with path.open("rb", buffering=1 << 17) as stream:
            interfaces: list[_Interface] = []
            for order, kind, body in _blocks(stream):
                number += 1
                if kind == _SECTION:
                    interfaces = []
                elif kind == _INTERFACE:
                    if len(interfaces) >= MOST_INTERFACES:
                        raise ValueError("it has more interfaces than any recorder")
                    interfaces.append(_interface(order, body))
                elif kind == _ENHANCED:
                    yield from _enhanced(order, body, interfaces)
                elif kind == _SIMPLE and interfaces:
                    (length,) = struct.unpack_from(f"{order}I", body)
                    yield from _records(interfaces[0], 0.0, body[4 : 4 + length], True)
    except (ValueError, IndexError, struct.error) as error:
        where = f"block {number + 1}"
        raise DataInvalid(f"{path.name} is damaged at {where}: {error}.", file=str(path), place=where) from error
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror or error}.", file=str(path)) from error


def _blocks(stream: BinaryIO) -> Iterator[tuple[str, int, bytes]]:
    """(byte order, type, body) of each block."""
    order = "<"
    while head := stream.read(8):
        if len(head) < 8:
            raise ValueError("it is cut off")
        (kind,) = struct.unpack_from(f"{order}I", head)
        ahead = b""
        if kind == _SECTION:  # the same in both byte orders
            ahead = stream.read(4)
            order = {struct.pack(f"{o}I", _MAGIC): o for o in "<>"}.get(ahead, "")
            if not order:
                raise ValueError("it has no byte order")
        (length,) = struct.unpack_from(f"{order}I", head, 4)
        if length % 4 or not 12 <= length <= LONGEST_BLOCK:
            raise ValueError(f"a block cannot have {length} bytes")
        rest = ahead + stream.read(length - 8 - len(ahead))
        if len(rest) < length - 8:
            raise ValueError("it is cut off")
        yield order, kind, rest[:-4]


def _interface(order: str, body: bytes) -> _Interface:
    (link,) = struct.unpack_from(f"{order}H", body)
    name, units = "", 1_000_000
    for code, value in _options(order, body[8:]):
        if code == _OPTION_NAME:
            name = value.decode("utf-8", "replace")[:64]
        elif code == _OPTION_RESOLUTION and value:
            power = value[0] & 0x7F
            if power > 60:
                raise ValueError("its clock is finer than any")
            units = (2 if value[0] & 0x80 else 10) ** power
    return _Interface(link, name, units)


def _options(order: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(data):
        code, length = struct.unpack_from(f"{order}HH", data, position)
        if code == 0:
            return
        yield code, data[position + 4 : position + 4 + length]
        position += 4 + length + -length % 4


def _enhanced(order: str, body: bytes, interfaces: list[_Interface]) -> Iterator[Record]:
    number, high, low, length, _ = struct.unpack_from(f"{order}IIIII", body)
    if number >= len(interfaces) or length > len(body) - 20:
        raise ValueError("a packet has no interface or is longer than its block")
    interface = interfaces[number]
    is_rx = True
    for code, value in _options(order, body[20 + length + -length % 4 :]):
        if code == _OPTION_FLAGS and len(value) == 4:
            is_rx = struct.unpack(f"{order}I", value)[0] & 3 != _OUTBOUND
    yield from _records(interface, (high << 32 | low) / interface.units, body[20 : 20 + length], is_rx)


def _records(interface: _Interface, timestamp: float, data: bytes, is_rx: bool) -> Iterator[Record]:
    if interface.link == LINK_SOCKETCAN:
        yield _can_frame(interface, timestamp, data, is_rx)
    elif interface.link in (LINK_RAW, LINK_ETHERNET):
        yield from interface.doip.messages(timestamp, data)


def _can_frame(interface: _Interface, timestamp: float, data: bytes, is_rx: bool) -> CanFrame:
    identifier, length, flags = struct.unpack_from(">IBB", data)
    if length > 64 or length > len(data) - 8:
        raise ValueError("a frame is longer than its packet")
    error = bool(identifier & _ERROR)
    return CanFrame(
        timestamp,
        identifier & 0x1FFFFFFF if identifier & _EXTENDED or error else identifier & 0x7FF,
        data[8 : 8 + length],
        bool(identifier & _EXTENDED),
        bool(flags & _FD_FRAME) or len(data) == _FD_SIZE,
        is_rx,
        error,
        interface.name,
        bool(identifier & _REMOTE),
    )
