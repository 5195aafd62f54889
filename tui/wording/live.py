"""How the live panel says one frame, one UDS message, one line of the message list. Rows only, no widget."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from core.vocabulary import FrameLine, FrameRow, MessageLine
from tui.theme import GLYPHS
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, Row
from tui.work import MessageItem

COLUMNS = {
    "rows": (
        Column("Id", 9), Column("count", 7, right=True), Column("dt ms", 7, right=True), Column("data", 24, wide=48),
        Column("meaning"),
    ),
    "frames": (Column("time", 12), Column("Id", 9), Column("", 2), Column("len", 5, right=True), Column("data")),
    "messages": (
        Column("time", 12), Column("", 1), Column("unit", 12), Column("words"), Column("data", -1, wide=48),
    ),
}  # fmt: skip
MESSAGE_COLUMNS = (Column("", 8), Column("", 1), Column(""))
SEVERITIES = {"ok": "ok", "info": "dim", "warning": "warn", "error": "bad"}

ClockWords = Callable[[float], str]


def _data(data: bytes, length: int, changed: tuple[bool, ...] = ()) -> Cell:
    """Hex bytes, changed ones marked; neighbours of one kind are one piece."""
    more = " ~" if length > len(data) else ""
    if not any(changed):
        return data.hex(" ").upper() + more
    pairs = [(f"{byte:02X} ", "changed" if mark else "") for byte, mark in zip(data, changed, strict=False)]
    runs = groupby(pairs, key=lambda pair: pair[1])
    return (*(("".join(text for text, _ in run), tone) for tone, run in runs), (more, ""))


def _tone(words: str) -> str:
    return "warn" if "!" in words else ""


def frame_row(row: FrameRow) -> Row:
    delta = "-" if row.delta_ms is None else f"{row.delta_ms:.1f}" if row.delta_ms < 99_999 else ">99 s"
    data = _data(row.data, row.length, row.changed)
    return Row(row.identifier, ((row.identifier, "" if row.is_rx else "accent"), str(row.count), delta, data,
                                (row.meaning, _tone(row.meaning))))  # fmt: skip


def _time(at: float, words: ClockWords) -> str:
    return f"{words(at)}.{int(at * 1000) % 1000:03d}"


def frame_line_row(line: FrameLine, words: ClockWords) -> Row:
    way = ("rx", "dim") if line.is_rx else ("tx", "accent")
    data: Cell = ("error frame", "bad") if line.is_error else _data(line.data, line.length)
    return Row(str(line.number), (_time(line.timestamp, words), line.identifier, way, str(line.length), data))


def message_row(line: MessageLine, words: ClockWords) -> Row:
    way = (">", "accent") if line.is_request else ("<", "dim")
    tone = "warn" if line.is_negative else ""
    return Row(
        str(line.number),
        (
            _time(line.timestamp, words),
            way,
            line.unit,
            (line.words, tone),
            (line.data.hex(" ").upper() + (" ~" if line.length > len(line.data) else ""), "dim"),
        ),
    )


def item_row(item: MessageItem, words: ClockWords) -> Row:
    tone = SEVERITIES.get(item.severity, "dim")
    head = ((f"{item.unit} " if item.unit else "", "bold"), (f"{item.code} " if item.code else "", tone))
    told = (f"{item.text} {item.advice}".strip(), "" if tone in ("dim", "ok") else tone)
    return Row(str(item.number), ((words(item.at), "dim"), (GLYPHS[tone], tone), (*head, told)))
