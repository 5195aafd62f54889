"""DoIP messages (ISO 13400-2): numbers in words, codec, and the one reader of a byte stream. No states, no I/O."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

UDP_PORT = 13400
TCP_PORT = 13400
TLS_PORT = 3496
FUNCTIONAL_ADDRESSES = range(0xE000, 0xF000)  # ISO 13400-2, table 13
TESTER_ADDRESSES = range(0x0E00, 0x1000)

A_DOIP_CTRL = 2.0  # seconds, ISO 13400-2, table 12
A_DOIP_DIAGNOSTIC_MESSAGE = 2.0
A_DOIP_ANNOUNCE_WAIT = 0.5
A_DOIP_ANNOUNCE_INTERVAL = 0.5
A_DOIP_ANNOUNCE_NUM = 3
A_PROCESSING_TIME = 2.0
A_VEHICLE_DISCOVERY = 5.0
T_TCP_INITIAL_INACTIVITY = 2.0
T_TCP_GENERAL_INACTIVITY = 300.0
T_TCP_ALIVE_CHECK = 0.5

HEADER = struct.Struct("!BBHI")
ADDRESSES = struct.Struct("!HH")
VERSIONS = frozenset({0x02, 0x03})
ANY_VERSION = 0xFF  # for vehicle identification requests only (7.1.2)


class PayloadType(IntEnum):
    """ISO 13400-2, table 17."""

    HEADER_NACK = 0x0000
    IDENTIFICATION_REQUEST = 0x0001
    IDENTIFICATION_REQUEST_EID = 0x0002
    IDENTIFICATION_REQUEST_VIN = 0x0003
    ANNOUNCEMENT = 0x0004  # also the vehicle identification response
    ROUTING_ACTIVATION_REQUEST = 0x0005
    ROUTING_ACTIVATION_RESPONSE = 0x0006
    ALIVE_CHECK_REQUEST = 0x0007
    ALIVE_CHECK_RESPONSE = 0x0008
    ENTITY_STATUS_REQUEST = 0x4001
    ENTITY_STATUS_RESPONSE = 0x4002
    POWER_MODE_REQUEST = 0x4003
    POWER_MODE_RESPONSE = 0x4004
    DIAGNOSTIC_MESSAGE = 0x8001
    DIAGNOSTIC_ACK = 0x8002
    DIAGNOSTIC_NACK = 0x8003


class HeaderNack(IntEnum):
    """ISO 13400-2, table 19. The first and the last cost the connection."""

    INCORRECT_PATTERN = 0x00
    UNKNOWN_PAYLOAD_TYPE = 0x01
    MESSAGE_TOO_LARGE = 0x02
    OUT_OF_MEMORY = 0x03
    INVALID_PAYLOAD_LENGTH = 0x04


CLOSING_NACKS = frozenset({HeaderNack.INCORRECT_PATTERN, HeaderNack.INVALID_PAYLOAD_LENGTH})

HEADER_NACK_WORDS = {
    0x00: "incorrect pattern format",
    0x01: "unknown payload type",
    0x02: "message too large",
    0x03: "out of memory",
    0x04: "invalid payload length",
}


class Activation(IntEnum):
    """Routing activation response codes (ISO 13400-2, table 49)."""

    UNKNOWN_SOURCE = 0x00
    NO_FREE_SOCKET = 0x01
    SOURCE_DIFFERS = 0x02
    SOURCE_IN_USE = 0x03
    MISSING_AUTHENTICATION = 0x04
    REJECTED_CONFIRMATION = 0x05
    TYPE_UNSUPPORTED = 0x06
    TLS_REQUIRED = 0x07
    OK = 0x10
    CONFIRMATION_PENDING = 0x11


# 04 leaves the socket open, so that the tester can authenticate (table 49)
CLOSING_ACTIVATIONS = frozenset(Activation) - {
    Activation.MISSING_AUTHENTICATION, Activation.OK, Activation.CONFIRMATION_PENDING,
}  # fmt: skip

ACTIVATION_WORDS = {
    0x00: "the tester address is unknown to it",
    0x01: "all its sockets are in use by other testers",
    0x02: "this connection already uses another tester address",
    0x03: "the tester address is in use by another tester",
    0x04: "authentication is missing",
    0x05: "the confirmation was rejected in the vehicle",
    0x06: "it does not support this activation type",
    0x07: "it wants a TLS connection",
    0x10: "routing is active",
    0x11: "a confirmation in the vehicle is pending",
}


class DiagnosticNack(IntEnum):
    """Diagnostic message negative acknowledge codes (ISO 13400-2, table 26)."""

    INVALID_SOURCE = 0x02
    UNKNOWN_TARGET = 0x03
    MESSAGE_TOO_LARGE = 0x04
    OUT_OF_MEMORY = 0x05
    TARGET_UNREACHABLE = 0x06
    UNKNOWN_NETWORK = 0x07
    TRANSPORT_PROTOCOL_ERROR = 0x08


DIAGNOSTIC_NACK_WORDS = {
    0x02: "invalid source address",
    0x03: "unknown target address",
    0x04: "diagnostic message too large",
    0x05: "out of memory",
    0x06: "target unreachable",
    0x07: "unknown network",
    0x08: "transport protocol error",
}

# Which payload lengths the type allows (header nack 04); None: at least the addresses and one byte
_LENGTHS: dict[int, frozenset[int] | None] = {
    PayloadType.HEADER_NACK: frozenset({1}),
    PayloadType.IDENTIFICATION_REQUEST: frozenset({0}),
    PayloadType.IDENTIFICATION_REQUEST_EID: frozenset({6}),
    PayloadType.IDENTIFICATION_REQUEST_VIN: frozenset({17}),
    PayloadType.ANNOUNCEMENT: frozenset({32, 33}),
    PayloadType.ROUTING_ACTIVATION_REQUEST: frozenset({7, 11}),
    PayloadType.ROUTING_ACTIVATION_RESPONSE: frozenset({9, 13}),
    PayloadType.ALIVE_CHECK_REQUEST: frozenset({0}),
    PayloadType.ALIVE_CHECK_RESPONSE: frozenset({2}),
    PayloadType.ENTITY_STATUS_REQUEST: frozenset({0}),
    PayloadType.ENTITY_STATUS_RESPONSE: frozenset({3, 7}),
    PayloadType.POWER_MODE_REQUEST: frozenset({0}),
    PayloadType.POWER_MODE_RESPONSE: frozenset({1}),
    PayloadType.DIAGNOSTIC_MESSAGE: None,
    PayloadType.DIAGNOSTIC_ACK: None,
    PayloadType.DIAGNOSTIC_NACK: None,
}
_IDENTIFICATION_REQUESTS = frozenset({0x0001, 0x0002, 0x0003})


def encode(payload_type: int, payload: bytes = b"", version: int = 0x02) -> bytes:
    """One message with its 8 byte generic header (7.1.2): version, its inverse, type, payload length."""
    return HEADER.pack(version, version ^ 0xFF, payload_type, len(payload)) + payload


def header_fault(version: int, inverse: int, payload_type: int, length: int, limit: int) -> HeaderNack | None:
    """The generic header handler's verdict, in the order of 7.1.2: pattern, type, size, length. None: accept."""
    if version ^ inverse != 0xFF:
        return HeaderNack.INCORRECT_PATTERN
    if version not in VERSIONS and not (version == ANY_VERSION and payload_type in _IDENTIFICATION_REQUESTS):
        return HeaderNack.INCORRECT_PATTERN
    if payload_type not in _LENGTHS:
        return HeaderNack.UNKNOWN_PAYLOAD_TYPE
    if length > limit:
        return HeaderNack.MESSAGE_TOO_LARGE
    allowed = _LENGTHS[payload_type]
    if (length < 5) if allowed is None else (length not in allowed):
        return HeaderNack.INVALID_PAYLOAD_LENGTH
    return None


class Message(NamedTuple):
    """One accepted message; `version` is as its header said."""

    payload_type: int
    payload: bytes
    version: int


class Fault(NamedTuple):
    """A header that the rules refuse: `nack` says which rule, `payload_type` what the header claimed."""

    nack: HeaderNack
    payload_type: int
    version: int


_unpack_words = struct.Struct("!II").unpack_from
_new = tuple.__new__
_DIAGNOSTIC_HEADS = frozenset({
    0x02FD_8001, 0x02FD_8002, 0x02FD_8003, 0x03FC_8001, 0x03FC_8002, 0x03FC_8003,
})  # fmt: skip


class DoipStream:
    """Cuts a TCP byte stream into messages by the generic header rules (7.1.2); pieces of any size, never stuck.

    Refused messages are skipped as they arrive, never stored. After a closing fault the rest is not looked at.
    """

    __slots__ = ("_due", "_limit", "_skip", "broken", "unfinished")

    def __init__(self, limit: int = 0xFFFF_FFFF) -> None:
        self.unfinished = bytearray()  # the begin of a message whose end has not come
        self._limit = limit  # largest payload in bytes
        self._due = 8  # bytes that must be here before looking again: a header, or the whole accepted message
        self._skip = 0
        self.broken = False

    def feed(self, data: bytes) -> list[Message | Fault]:
        """What `data` completed. Whole messages in one piece are cut without being copied into a buffer first."""
        if self.unfinished:
            self.unfinished += data
            if len(self.unfinished) < self._due:
                return []
            data = bytes(self.unfinished)
            self.unfinished.clear()
        found: list[Message | Fault] = []
        position, end = 0, len(data)
        self._due = 8
        start = 8
        while start <= end and not self._skip and not self.broken:  # whole diagnostic messages: most of what there is
            word, length = _unpack_words(data, start - 8)
            after = start + length
            if word not in _DIAGNOSTIC_HEADS or not 5 <= length <= self._limit or after > end:
                break
            # a NamedTuple's own constructor is a Python function and costs twice as much
            found.append(_new(Message, (word & 0xFFFF, data[start:after], word >> 24)))
            position, start = after, after + 8
        if position == end:
            return found
        while not self.broken:
            if self._skip:
                step = min(self._skip, end - position)
                self._skip -= step
                position += step
            if end - position < 8:
                break
            version, inverse, payload_type, length = HEADER.unpack_from(data, position)
            fault = header_fault(version, inverse, payload_type, length, self._limit)
            if fault is not None:
                found.append(Fault(fault, payload_type, version))
                self.broken = fault in CLOSING_NACKS
                self._skip = length
                position += 8
                continue
            if end - position < 8 + length:
                self._due = 8 + length
                break
            position += 8 + length
            found.append(Message(payload_type, data[position - length : position], version))
        if not self.broken and position < end:
            self.unfinished += data[position:]
        return found

    def unfinished_source(self) -> int | None:
        """Who sends the diagnostic message that has begun and not ended; None where none has."""
        if len(self.unfinished) < 10 or self.unfinished[2:4] != b"\x80\x01":
            return None
        return int.from_bytes(self.unfinished[8:10], "big")

    @property
    def missing(self) -> int:
        """How many bytes the unfinished message lacks at least; 0 where none has begun."""
        return self._due - len(self.unfinished) if self.unfinished else 0


def parse_datagram(data: bytes, limit: int = 0xFFFF) -> Message | Fault | None:
    """The one message of a UDP datagram; None where it is shorter than a header. One message a datagram (7.1.1)."""
    if len(data) < 8:
        return None
    version, inverse, payload_type, length = HEADER.unpack_from(data)
    fault = header_fault(version, inverse, payload_type, length, limit)
    if fault is None and length != len(data) - 8:
        fault = HeaderNack.INVALID_PAYLOAD_LENGTH
    if fault is not None:
        return Fault(fault, payload_type, version)
    return Message(payload_type, bytes(data[8:]), version)


def _need(payload: bytes, *lengths: int) -> None:
    if len(payload) not in lengths:
        raise ValueError(f"{len(payload)} bytes where {' or '.join(map(str, lengths))} are due")


@dataclass(frozen=True, slots=True)
class Identification:
    """Vehicle announcement and identification response (table 5): 32 bytes, 33 with the sync status."""

    vin: bytes
    logical_address: int
    eid: bytes
    gid: bytes
    further_action: int = 0x00  # 0x10: routing activation for central security wanted
    sync_status: int | None = None  # 0x00 synchronized, 0x10 incomplete

    def pack(self) -> bytes:
        _need(self.vin, 17)
        _need(self.eid, 6)
        _need(self.gid, 6)
        last = b"" if self.sync_status is None else bytes([self.sync_status])
        address = self.logical_address.to_bytes(2, "big")
        return self.vin + address + self.eid + self.gid + bytes([self.further_action]) + last

    @classmethod
    def unpack(cls, payload: bytes) -> Identification:
        """Raises ValueError for other lengths than 32 and 33."""
        _need(payload, 32, 33)
        address = int.from_bytes(payload[17:19], "big")
        sync = payload[32] if len(payload) == 33 else None
        return cls(payload[:17], address, payload[19:25], payload[25:31], payload[31], sync)


@dataclass(frozen=True, slots=True)
class RoutingActivationRequest:
    """Table 46: 7 bytes, 11 with the maker's own four."""

    source: int
    activation_type: int = 0x00
    oem: bytes = b""

    def pack(self) -> bytes:
        _need(self.oem, 0, 4)
        return struct.pack("!HB4x", self.source, self.activation_type) + self.oem

    @classmethod
    def unpack(cls, payload: bytes) -> RoutingActivationRequest:
        _need(payload, 7, 11)
        return cls(int.from_bytes(payload[:2], "big"), payload[2], payload[7:])


@dataclass(frozen=True, slots=True)
class RoutingActivationResponse:
    """Table 48: 9 bytes, 13 with the maker's own four."""

    tester: int
    entity: int
    code: int
    oem: bytes = b""

    def pack(self) -> bytes:
        _need(self.oem, 0, 4)
        return struct.pack("!HHB4x", self.tester, self.entity, self.code) + self.oem

    @classmethod
    def unpack(cls, payload: bytes) -> RoutingActivationResponse:
        _need(payload, 9, 13)
        tester, entity, code = struct.unpack_from("!HHB", payload)
        return cls(tester, entity, code, payload[9:])


@dataclass(frozen=True, slots=True)
class EntityStatus:
    """Table 11: what the entity is, how many testers it takes, and (7 bytes) the largest message in bytes."""

    node_type: int  # 0x00 gateway, 0x01 node
    max_sockets: int
    open_sockets: int
    max_data_size: int | None = None

    def pack(self) -> bytes:
        last = b"" if self.max_data_size is None else self.max_data_size.to_bytes(4, "big")
        return bytes([self.node_type, self.max_sockets, self.open_sockets]) + last

    @classmethod
    def unpack(cls, payload: bytes) -> EntityStatus:
        _need(payload, 3, 7)
        size = int.from_bytes(payload[3:], "big") if len(payload) == 7 else None
        return cls(payload[0], payload[1], payload[2], size)


def diagnostic(source: int, target: int, pdu: bytes) -> bytes:
    """Payload of 0x8001 (table 21)."""
    return ADDRESSES.pack(source, target) + pdu


def acknowledgement(source: int, target: int, code: int, previous: bytes = b"") -> bytes:
    """Payload of 0x8002 and 0x8003 (tables 23, 25); `source` is the unit, `previous` may repeat the message."""
    return struct.pack("!HHB", source, target, code) + previous
