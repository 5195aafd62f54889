"""The helper's own protocol: one frame a call and one an answer, JSON with bytes behind it. Standard library only.

A frame is its length (4 bytes, of all that follows), the length of its JSON (4 bytes), the JSON, and the bytes values
in the order in which {"@": length} stands for them. Numbers little-endian. A call is [number, object, method, args],
an answer [number, value, error, limits]; `error` is [class, message, advice, extra] or null.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

from core.errors import DriverMissing, NoResponse, ProductError, VciBusy, VciError, VciLost, VciNotFound
from core.vci.j2534.driver.channel import Message
from core.vci.j2534.driver.errors import J2534Error

LARGEST = 16 << 20  # bytes of a frame; 64 messages of 4128 bytes are 270 KB
_HEAD = struct.Struct("<II")
_MESSAGE = struct.Struct("<IIII")
_EXTRA = {VciBusy: "holder", VciLost: "lost_code", NoResponse: "timer", J2534Error: "result"}
_ERRORS: dict[str, type[ProductError]] = {
    kind.__name__: kind for kind in (VciError, VciNotFound, VciBusy, VciLost, NoResponse, J2534Error, DriverMissing)
}


class Ended(Exception):
    """The other side has closed its end, or sent what is no frame."""


def write(stream: BinaryIO, value: Any) -> None:
    """OSError where the other side is gone."""
    pieces: list[bytes] = []

    def stand_in(piece: Any) -> Any:
        pieces.append(bytes(piece))
        return {"@": len(pieces[-1])}

    text = json.dumps(value, default=stand_in).encode()
    body = b"".join(pieces)
    stream.write(_HEAD.pack(4 + len(text) + len(body), len(text)) + text + body)
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """The next value; Ended at the end."""
    try:
        head = stream.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise Ended
        length, text_length = _HEAD.unpack(head)
        if not 4 + text_length <= length <= LARGEST:
            raise Ended
        body = stream.read(length - 4)
        if len(body) < length - 4:
            raise Ended
        at = text_length

        def whole(table: dict[str, Any]) -> Any:
            nonlocal at
            if table.keys() != {"@"}:
                return table
            piece = body[at : at + int(table["@"])]
            at += len(piece)
            return piece

        return json.loads(body[:text_length], object_hook=whole)
    except (OSError, ValueError, TypeError) as error:
        raise Ended from error


def packed(messages: list[Message]) -> bytes:
    """Many messages as one bytes value: JSON for each would cost more than the call itself."""
    return b"".join(
        _MESSAGE.pack(each.tx_flags, each.rx_status, each.timestamp & 0xFFFF_FFFF, len(each.data)) + each.data
        for each in messages
    )


def unpacked(data: bytes) -> list[Message]:
    found, at = [], 0
    while at + _MESSAGE.size <= len(data):
        tx_flags, rx_status, timestamp, size = _MESSAGE.unpack_from(data, at)
        at += _MESSAGE.size
        found.append(Message(data[at : at + size], tx_flags, rx_status, timestamp))
        at += size
    return found


def told(error: ProductError) -> list[Any]:
    """An error as it travels; a class that is not in the table travels as VciError."""
    kind = next((kind for kind in type(error).__mro__ if kind.__name__ in _ERRORS), VciError)
    return [kind.__name__, error.message, error.advice, getattr(error, _EXTRA.get(kind, ""), None)]


def raised(said: list[Any]) -> ProductError:
    name, message, advice, extra = said
    kind = _ERRORS.get(str(name), VciError)
    more = {_EXTRA[kind]: extra} if kind in _EXTRA else {}
    return kind(str(message), str(advice), **more)
