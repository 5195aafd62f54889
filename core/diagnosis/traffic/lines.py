"""Which lines of the panel's lists are shown, newest first until there are enough, and as what. Counts nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from core.diagnosis.traffic.book import EXTENDED_FLAG
from core.diagnosis.traffic.filter import Facts, Filter
from core.diagnosis.traffic.rows import SHOWN_BYTES
from core.protocol import uds
from core.vocabulary import CanFrame, DoipMessage, ExchangeLine, FrameLine, FrameRow, MessageLine

Record = CanFrame | DoipMessage
T = TypeVar("T")
DIAGNOSTIC_MESSAGE = 0x8001

Signals = Callable[[str, int, bool, bytes], str]
"""(bus, identifier, 29 bit, data) of a CAN frame as signals in words, "" where no file knows them."""


def can_text(identifier: int, is_extended_id: bool) -> str:
    return f"{identifier:08X}" if is_extended_id else f"{identifier:03X}"


def record_text(record: Record) -> str:
    if isinstance(record, CanFrame):
        return can_text(record.arbitration_id, record.is_extended_id)
    if record.payload_type == DIAGNOSTIC_MESSAGE and len(record.payload) >= 4:
        return f"{record.payload[:2].hex()}>{record.payload[2:4].hex()}".upper()
    return f"DoIP {record.payload_type:04X}"


def newest(items: Iterable[T], wanted: Callable[[T], bool] | None, count: int, back: int) -> list[T]:
    """`items` come newest first; the last `count` of them that are wanted, `back` further up, oldest first."""
    chosen: Iterator[T] = iter(items) if wanted is None else filter(wanted, items)
    return list(islice(chosen, back, back + count))[::-1]


class FrameTest:
    """Whether a record is wanted. What depends on the identifier alone is decided once for each."""

    def __init__(self, chosen: Filter, unit_of: Callable[[Record], str]) -> None:
        self._filter, self._unit_of = chosen, unit_of
        self._each = bool(chosen.fields & {"data", "text", "service"})
        self._known: dict[object, bool] = {}

    def __call__(self, numbered: tuple[int, Record]) -> bool:
        record = numbered[1]
        if self._each:
            return self._filter.matches(self._facts(record))
        if isinstance(record, CanFrame):
            flag = EXTENDED_FLAG if record.is_extended_id else 0
            key: object = (record.arbitration_id | flag, record.channel)
        else:
            key = (record.payload[:4] if record.payload_type == DIAGNOSTIC_MESSAGE else record.payload_type, "")
        verdict = self._known.get(key)
        if verdict is None:
            verdict = self._known[key] = self._filter.matches(self._facts(record))
        return verdict

    def _facts(self, record: Record) -> Facts:
        data = record[2]
        return Facts(
            record_text(record).casefold(), self._unit_of(record).casefold(), "", "", record.channel.casefold(),
            data.hex() if self._each else "",
        )  # fmt: skip


def frame_lines(records: Sequence[tuple[int, Record]], signals: Signals | None, with_bus: bool) -> list[FrameLine]:
    lines: list[FrameLine] = []
    before: float | None = None
    for number, record in records:
        delta = None if before is None else (record.timestamp - before) * 1000.0
        before = record.timestamp
        lines.append(replace(_frame_line(number, record, signals, with_bus), delta_ms=delta))
    return lines


def _frame_line(number: int, record: Record, signals: Signals | None, with_bus: bool) -> FrameLine:
    text, bus = record_text(record), record.channel if with_bus else ""
    if isinstance(record, CanFrame):
        at, identifier, data, extended, _, is_rx, is_error, channel, _ = record
        meaning = signals(channel, identifier, extended, data) if signals is not None else ""
        return FrameLine(number, at, text, is_rx, data, len(data), is_error, bus, None, meaning)
    payload = record.payload[4:] if ">" in text else record.payload
    return FrameLine(
        number, record.timestamp, text, record.is_rx, payload[:SHOWN_BYTES], len(payload), False, bus
    )


# -- what a filter is told of a line


def row_facts(face: FrameRow, units: str) -> Facts:
    words = face.meaning.casefold()
    return Facts(
        face.identifier.casefold(), units.casefold(), _service_in(words), words, face.bus.casefold(), face.data.hex()
    )


def message_facts(line: MessageLine) -> Facts:
    return Facts(
        line.identifier.casefold(), line.unit.casefold(), service_of(line.data), line.words.casefold(), "",
        line.data.hex(),
    )  # fmt: skip


def exchange_facts(line: ExchangeLine) -> Facts:
    words = f"{line.words} {line.answer_words} {line.state}".casefold()
    return Facts(
        line.identifier.casefold(), line.unit.casefold(), service_of(line.request or line.answer), words,
        line.bus.casefold(), line.request.hex() + " " + line.answer.hex(),
    )  # fmt: skip


def service_of(pdu: bytes) -> str:
    """The service's name in small letters, "" for what is none."""
    if not pdu:
        return ""
    sid = pdu[1] if pdu[0] == uds.NEGATIVE and len(pdu) > 1 else pdu[0]
    if sid not in uds.SERVICE_NAMES and sid >= uds.POSITIVE_OFFSET:
        sid -= uds.POSITIVE_OFFSET
    return uds.SERVICE_NAMES.get(sid, "").casefold()


_NAMES = tuple(name.casefold() for name in uds.SERVICE_NAMES.values())


def _service_in(words: str) -> str:
    return next((name for name in _NAMES if name in words), "") if words else ""
