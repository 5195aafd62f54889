"""What the live panel shows: a row per identifier, lines of frames, conversation and errors, buses. No decoding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FrameRow:
    """The fixed row of one CAN identifier or one pair of DoIP addresses.

    `identifier` is what is shown and stays the same for the row ("7E0", "18DA10F1", "0E00>1010"). `delta_ms` is the
    time since the frame before, None for the first. `changed` has one bool a byte of `data` (at most 64 are kept):
    True where it differs from the frame before. `meaning` is in words, "" where nothing is known. `bus` is the
    channel, "" where there is only one.
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
    bus: str = ""


@dataclass(frozen=True, slots=True)
class FrameLine:
    """One frame in the scrolling list. `timestamp` in seconds since the epoch; `number` counts all lines from 0.

    `delta_ms` is the time since the line shown before, None for the first one.
    """

    number: int
    timestamp: float
    identifier: str
    is_rx: bool
    data: bytes
    length: int
    is_error: bool = False
    bus: str = ""
    delta_ms: float | None = None
    meaning: str = ""


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
class ExchangeLine:
    """One request and what came of it. `state`: open, pending, ok, negative, quiet (no answer wanted), silent (the
    next request came before an answer), heard (an answer whose request was not seen).

    `delta_ms` is the time to the (last) answer, `pending` how often 0x78 came, `answers` how many answered to a
    functional request. `request` and `answer` hold the first 64 bytes of their lengths.
    """

    number: int
    timestamp: float
    unit: str
    identifier: str
    words: str
    state: str
    answer_words: str = ""
    delta_ms: float | None = None
    pending: int = 0
    answers: int = 0
    request: bytes = b""
    request_length: int = 0
    answer: bytes = b""
    answer_length: int = 0
    bus: str = ""


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One thing that went wrong on the bus: a negative response, a trouble code that came, changed or went, a DoIP
    refusal, error frames. `code` is short ("NRC 33", "P0301-00"), `severity` info, warning or error.
    """

    number: int
    timestamp: float
    severity: str
    unit: str
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class BusLine:
    """One bus: totals, rates now, and frames a second over the last minute, oldest first (`history`).

    `load` is 0..1 of the bus's bits, None without a bit rate (DoIP).
    """

    name: str
    frames: int
    errors: int
    identifiers: int
    frames_per_second: float
    peak: float
    load: float | None
    history: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class BusFigures:
    """The head line of the panel. `load` is 0..1 of the fullest CAN bus's bits (None without CAN or bitrate)."""

    load: float | None
    frames_per_second: float
    frames: int
    dropped: int
    errors: int = 0


@dataclass(frozen=True, slots=True)
class KeptFigures:
    """The last minutes that are always kept: how far back they reach, what they take, what was lost on the way."""

    seconds: float = 0.0
    records: int = 0
    bytes: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class PanelWish:
    """What a panel wants to see: `mode` rows, frames, talk, errors or buses; `count` lines, `back` lines up from the
    newest. `frozen` shows what there was when it was first asked for, while counting goes on.
    """

    mode: str
    count: int
    back: int = 0
    filter: str = ""
    frozen: bool = False


PanelLines = tuple[FrameRow, ...] | tuple[FrameLine, ...] | tuple[ExchangeLine, ...] | tuple[ErrorLine, ...]


@dataclass(frozen=True, slots=True)
class PanelShot:
    """The answer to a PanelWish. `lines` are of the mode's kind (none for buses: they are always there).

    `names` are (identifiers, units, buses) that were seen, for completing a filter.
    """

    wish: PanelWish
    lines: PanelLines
    figures: BusFigures
    buses: tuple[BusLine, ...] = ()
    kept: KeptFigures = KeptFigures()
    names: tuple[tuple[str, ...], ...] = ((), (), ())


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
