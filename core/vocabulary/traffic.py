"""What the live panel shows: a row per identifier, a line per frame or UDS message, the bus figures. No decoding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameRow:
    """The fixed row of one CAN identifier or one pair of DoIP addresses.

    `identifier` is what is shown and stays the same for the row ("7E0", "18DA10F1", "0E00>1010"). `delta_ms` is the
    time since the frame before, None for the first. `changed` has one bool a byte of `data` (at most 64 are kept):
    True where it differs from the frame before. `meaning` is in words, "" where nothing is known.
    """

    identifier: str
    count: int
    delta_ms: float | None
    data: bytes
    changed: tuple[bool, ...]
    meaning: str = ""
    is_rx: bool = True
    timestamp: float = 0.0
    length: int = 0  # of the whole payload; `data` is cut at 64 bytes


@dataclass(frozen=True, slots=True)
class FrameLine:
    """One frame in the scrolling list. `timestamp` in seconds since the epoch; `number` counts all lines from 0."""

    number: int
    timestamp: float
    identifier: str
    is_rx: bool
    data: bytes
    length: int
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class MessageLine:
    """One UDS message, reassembled. `data` holds the first 32 bytes of `length`; `words` say it in one line.

    `unit` is the unit's name where the vehicle data knows it, else the identifier; `is_request` is True from a
    tester to a unit. `is_negative` marks 7F answers, 0x78 (pending) included.
    """

    number: int
    timestamp: float
    unit: str
    identifier: str
    is_request: bool
    data: bytes
    length: int
    words: str
    is_negative: bool = False


@dataclass(frozen=True, slots=True)
class BusFigures:
    """The head line of the panel. `load` is 0..1 of the CAN bus's bits (None without CAN or bitrate)."""

    load: float | None
    frames_per_second: float
    frames: int
    dropped: int
    errors: int = 0


@dataclass(frozen=True, slots=True)
class TraceFigures:
    """What a trace file holds or what became of it. `begin` in seconds since the epoch, `seconds` long.

    `frames` of CAN (`errors` of them error frames) of so many `identifiers`, `messages` of DoIP. `left_out`: what the
    format or the bus cannot carry; `dropped`: what came faster than it could be kept.
    """

    path: str
    frames: int
    messages: int
    errors: int
    identifiers: int
    begin: float
    seconds: float
    left_out: int = 0
    dropped: int = 0
