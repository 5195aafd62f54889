"""How the live panel says a frame, an exchange, an error, a bus, a line of the message list. Rows only, no widget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from core.vocabulary import BusFigures, BusLine, ErrorLine, ExchangeLine, FrameLine, FrameRow, KeptFigures
from tui.theme import GLYPHS
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, Row
from tui.work import MessageItem, bytes_words

COLUMNS = {
    "rows": (
        Column("Id", 9), Column("count", 7, right=True), Column("dt ms", 7, right=True), Column("data", 24, wide=48),
        Column("meaning"),
    ),
    "frames": (
        Column("time", 13), Column("dt ms", 8, right=True), Column("Id", 9), Column("", 2),
        Column("len", 4, right=True), Column("data", 26, wide=48), Column("meaning"),
    ),
    "talk": (
        Column("time", 13), Column("", 1), Column("unit", 12), Column("request > answer"), Column("ms", 7, right=True),
        Column("request", -1, wide=24), Column("answer", -1, wide=24),
    ),
    "errors": (Column("time", 13), Column("", 1), Column("unit", 12), Column("code", 9), Column("what")),
    "buses": (
        Column("bus", 14), Column("fr/s", 7, right=True), Column("load", 6, right=True), Column("peak", 7, right=True),
        Column("ids", 5, right=True), Column("errors", 6, right=True), Column("frames/s, now at the right"),
    ),
}  # fmt: skip
BUS_COLUMN = Column("bus", 6, wide=12)
MESSAGE_COLUMNS = (Column("", 8), Column("", 1), Column(""))
SEVERITIES = {"ok": "ok", "info": "dim", "warning": "warn", "error": "bad"}
STATES = {
    "ok": "ok", "negative": "bad", "pending": "busy", "open": "busy", "quiet": "dim", "silent": "warn", "heard": "dim",
}  # fmt: skip
_STATE_WORDS = {
    "open": "...", "pending": "needs more time", "quiet": "no answer wanted", "silent": "! no answer",
}  # fmt: skip
_SEEN_ON_THE_BUS = re.compile(r"NRC|[PCBU][0-3][0-9A-F]{3}-")
LEVELS = "_░▒▓█"  # in code page 437

ClockWords = Callable[[float], str]


def columns(mode: str, several: bool) -> tuple[Column, ...]:
    """With a column for the bus where there are several of them."""
    chosen = COLUMNS[mode]
    if not several or mode not in ("rows", "frames"):
        return chosen
    at = next(number for number, column in enumerate(chosen) if column.title == "Id")
    return (*chosen[:at], BUS_COLUMN, *chosen[at:])


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


def _delta(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "-"
    return f"{milliseconds:.1f}" if abs(milliseconds) < 99_999 else ">99 s"


def frame_row(row: FrameRow) -> Row:
    data = _data(row.data, row.length, row.changed)
    bus: tuple[Cell, ...] = ((row.bus, "dim"),) if row.bus else ()
    return Row(f"{row.bus}/{row.identifier}" if row.bus else row.identifier, (
        *bus, (row.identifier, "" if row.is_rx else "accent"), str(row.count), _delta(row.delta_ms), data,
        (row.meaning, _tone(row.meaning)),
    ))  # fmt: skip


def _time(at: float, words: ClockWords) -> str:
    """Of the day where it is a date, else the seconds that a recorder counted."""
    return f"{words(at)}.{int(at * 1000) % 1000:03d}" if at > 1e9 else f"{at:12.3f}"


def frame_line_row(line: FrameLine, words: ClockWords) -> Row:
    way = ("rx", "dim") if line.is_rx else ("tx", "accent")
    data: Cell = ("error frame", "bad") if line.is_error else _data(line.data, line.length)
    bus: tuple[Cell, ...] = ((line.bus, "dim"),) if line.bus else ()
    return Row(str(line.number), (
        _time(line.timestamp, words), (_delta(line.delta_ms), "dim"), *bus, line.identifier, way, str(line.length),
        data, line.meaning,
    ))  # fmt: skip


def exchange_row(line: ExchangeLine, words: ClockWords) -> Row:
    tone = STATES.get(line.state, "")
    answer = line.answer_words if line.state in ("ok", "negative", "heard") else _STATE_WORDS.get(line.state, "")
    if line.pending:
        answer = f"{answer} ({line.pending} x pending)"
    said = (f"{line.words} > " if line.words else "> ", "")
    return Row(str(line.number), (
        _time(line.timestamp, words), (GLYPHS[tone], tone), line.unit,
        (said, (answer, tone if tone in ("bad", "warn", "busy") else "")), (_delta(line.delta_ms), "dim"),
        (line.request.hex(" ").upper(), "dim"), (line.answer.hex(" ").upper(), "dim"),
    ))  # fmt: skip


def exchange_in_full(line: ExchangeLine, words: ClockWords) -> list[str]:
    """Every line of the dialog that shows one exchange."""
    told = [f"{_time(line.timestamp, words)}  {line.unit}  {line.identifier}  {line.bus}".rstrip()]
    if line.request:
        told += [f"Request: {line.words}", f"  {_hex(line.request, line.request_length)}"]
    if line.pending:
        told.append(f"0x78 (needs more time) came {line.pending} times.")
    if line.answer:
        told += [f"Answer: {line.answer_words}", f"  {_hex(line.answer, line.answer_length)}"]
    else:
        told.append(_STATE_WORDS.get(line.state, "No answer was seen."))
    if line.delta_ms is not None:
        told.append(f"It took {line.delta_ms:.1f} ms.")
    return told


def _hex(data: bytes, length: int) -> str:
    more = f" ... ({length} bytes)" if length > len(data) else ""
    return data.hex(" ").upper() + more


def error_row(line: ErrorLine, words: ClockWords) -> Row:
    tone = SEVERITIES.get(line.severity, "dim")
    return Row(f"e{line.number}", (
        _time(line.timestamp, words), (GLYPHS[tone], tone), line.unit, (line.code, tone),
        (line.words, "" if tone == "dim" else tone),
    ))  # fmt: skip


def trouble_row(item: MessageItem, words: ClockWords) -> Row:
    """A line of the message list among the errors of the bus."""
    tone = SEVERITIES.get(item.severity, "dim")
    said = f"{item.text} {item.advice}".strip()
    return Row(f"m{item.number}", (
        _time(item.at, words), (GLYPHS[tone], tone), item.unit, (item.code, tone), (said, "" if tone == "dim" else tone)
    ))  # fmt: skip


def troubles(messages: Iterable[MessageItem]) -> list[MessageItem]:
    """What belongs among the errors: warnings, errors and numbered messages, but not what the bus itself shows."""
    return [
        item for item in messages
        if (item.severity in ("warning", "error") or item.code) and not _SEEN_ON_THE_BUS.match(item.code)
    ]  # fmt: skip


def sparkline(values: Sequence[float], width: int, top: float) -> str:
    """The newest `width` values as shades; `top` is the darkest."""
    most = len(LEVELS) - 1
    return "".join(
        LEVELS[min(most, round(most * value / top))] if top > 0 else LEVELS[0] for value in values[-width:]
    )


def bus_row(line: BusLine, seconds: int) -> Row:
    """`seconds`: how many of the newest fit beside the figures."""
    load = "-" if line.load is None else f"{100 * line.load:.0f} %" if line.load <= 1 else ">99 %"
    history = sparkline(line.history, seconds, max(line.history, default=0.0))
    return Row(f"bus {line.name}", (
        line.name or "bus", f"{line.frames_per_second:.0f}", load, f"{line.peak:.0f}", str(line.identifiers),
        (str(line.errors), "bad" if line.errors else ""), (history, "accent"),
    ))  # fmt: skip


def figures_cell(figures: BusFigures, kept: KeptFigures) -> tuple[tuple[str, str], ...]:
    load = figures.load
    shown = "load  - " if load is None else f"load {100 * load:3.0f} %" if load <= 1 else "load >99 %"
    counted = f" {shown}  {figures.frames_per_second:6.0f} fr/s  {figures.frames} frames"
    dropped = (f"  dropped {figures.dropped}", "warn" if figures.dropped else "dim")
    errors = (f"  errors {figures.errors}", "bad") if figures.errors else ("", "")
    lost = (f" ({kept.dropped} lost)", "warn") if kept.dropped else ("", "")
    seconds = int(kept.seconds)
    back = (f"  kept {seconds // 60}:{seconds % 60:02d}", "dim") if kept.records else ("", "")
    return ((counted, ""), dropped, errors, back, lost)


def saved_words(path: str, frames: int, messages: int, seconds: float, size: int) -> str:
    what = f"{frames} frames" + (f" and {messages} DoIP messages" if messages else "")
    return f"Saved {what} of {seconds:.0f} s ({bytes_words(size)}) to {path}" if size else f"Saved {what} to {path}"


def item_row(item: MessageItem, words: ClockWords) -> Row:
    tone = SEVERITIES.get(item.severity, "dim")
    head = ((f"{item.unit} " if item.unit else "", "bold"), (f"{item.code} " if item.code else "", tone))
    told = (f"{item.text} {item.advice}".strip(), "" if tone in ("dim", "ok") else tone)
    return Row(str(item.number), ((words(item.at), "dim"), (GLYPHS[tone], tone), (*head, told)))
