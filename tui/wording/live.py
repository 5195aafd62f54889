"""How the live panel says a frame, an exchange, an error, a bus, a line of the message list. Rows only, no widget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from core.vocabulary import BusFigures, BusLine, ErrorLine, ExchangeLine, FrameLine, FrameRow, KeptFigures
from tui.locale import _
from tui.theme import GLYPHS
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, Row
from tui.work import MessageItem, bytes_words

IDENTIFIER = Column(_("Id"), 9)
COLUMNS = {
    "rows": (
        IDENTIFIER, Column(_("count"), 7, right=True), Column(_("dt ms"), 7, right=True),
        Column(_("data"), 24, wide=48), Column(_("meaning")),
    ),
    "frames": (
        Column(_("time"), 13), Column(_("dt ms"), 8, right=True), IDENTIFIER, Column("", 2),
        Column(_("len"), 4, right=True), Column(_("data"), 26, wide=48), Column(_("meaning")),
    ),
    "talk": (
        Column(_("time"), 13), Column("", 1), Column(_("unit"), 12), Column(_("request > answer")),
        Column(_("ms"), 7, right=True), Column(_("request"), -1, wide=24), Column(_("answer"), -1, wide=24),
    ),
    "errors": (Column(_("time"), 13), Column("", 1), Column(_("unit"), 12), Column(_("code"), 9), Column(_("what"))),
    "buses": (
        Column(_("bus"), 14), Column(_("fr/s"), 7, right=True), Column(_("load"), 6, right=True),
        Column(_("peak"), 7, right=True), Column(_("ids"), 5, right=True), Column(_("errors"), 6, right=True),
        Column(_("frames/s, now at the right")),
    ),
}  # fmt: skip
BUS_COLUMN = Column(_("bus"), 6, wide=12)
MESSAGE_COLUMNS = (Column("", 8), Column("", 1), Column(""))
SEVERITIES = {"ok": "ok", "info": "dim", "warning": "warn", "error": "bad"}
STATES = {
    "ok": "ok", "negative": "bad", "pending": "busy", "open": "busy", "quiet": "dim", "silent": "warn", "heard": "dim",
}  # fmt: skip
_STATE_WORDS = {
    "open": "...", "pending": _("needs more time"), "quiet": _("no answer wanted"), "silent": _("! no answer"),
}  # fmt: skip
_SEEN_ON_THE_BUS = re.compile(r"NRC|[PCBU][0-3][0-9A-F]{3}-")
LEVELS = "_░▒▓█"  # in code page 437

ClockWords = Callable[[float], str]


def columns(mode: str, several: bool) -> tuple[Column, ...]:
    """With a column for the bus where there are several of them."""
    chosen = COLUMNS[mode]
    if not several or mode not in ("rows", "frames"):
        return chosen
    at = next(number for number, column in enumerate(chosen) if column is IDENTIFIER)
    return (*chosen[:at], BUS_COLUMN, *chosen[at:])


def _data(data: bytes, length: int, changed: tuple[bool, ...] = ()) -> Cell:
    """Hex bytes, changed ones marked; neighbours of one kind are one piece."""
    more = " ~" if length > len(data) else ""
    if not any(changed):
        return data.hex(" ").upper() + more
    pairs = [(f"{byte:02X} ", "changed" if mark else "") for byte, mark in zip(data, changed, strict=False)]
    runs = groupby(pairs, key=lambda pair: pair[1])
    return (*(("".join(text for text, _mark in run), tone) for tone, run in runs), (more, ""))


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
    data: Cell = (_("error frame"), "bad") if line.is_error else _data(line.data, line.length)
    bus: tuple[Cell, ...] = ((line.bus, "dim"),) if line.bus else ()
    return Row(str(line.number), (
        _time(line.timestamp, words), (_delta(line.delta_ms), "dim"), *bus, line.identifier, way, str(line.length),
        data, line.meaning,
    ))  # fmt: skip


def exchange_row(line: ExchangeLine, words: ClockWords) -> Row:
    tone = STATES.get(line.state, "")
    answer = line.answer_words if line.state in ("ok", "negative", "heard") else _STATE_WORDS.get(line.state, "")
    if line.pending:
        answer = _("{answer} ({pending} x pending)").format(answer=answer, pending=line.pending)
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
        told += [_("Request: {words}").format(words=line.words), f"  {_hex(line.request, line.request_length)}"]
    if line.pending:
        told.append(_("0x78 (needs more time) came {pending} times.").format(pending=line.pending))
    if line.answer:
        told += [
            _("Answer: {answer_words}").format(answer_words=line.answer_words),
            f"  {_hex(line.answer, line.answer_length)}",
        ]
    else:
        told.append(_STATE_WORDS.get(line.state, "No answer was seen."))
    if line.delta_ms is not None:
        told.append(_("It took {delta_ms:.1f} ms.").format(delta_ms=line.delta_ms))
    return told


def _hex(data: bytes, length: int) -> str:
    more = _(" ... ({length} bytes)").format(length=length) if length > len(data) else ""
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
    return "".join(LEVELS[min(most, round(most * value / top))] if top > 0 else LEVELS[0] for value in values[-width:])


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
    shown = (
        _("load  - ")
        if load is None
        else _("load {value:3.0f} %").format(value=100 * load)
        if load <= 1
        else _("load >99 %")
    )
    counted = _(" {shown}  {frames_per_second:6.0f} fr/s  {frames} frames").format(
        shown=shown, frames_per_second=figures.frames_per_second, frames=figures.frames
    )
    dropped = (_("  dropped {dropped}").format(dropped=figures.dropped), "warn" if figures.dropped else "dim")
    errors = (_("  errors {errors}").format(errors=figures.errors), "bad") if figures.errors else ("", "")
    lost = (_(" ({dropped} lost)").format(dropped=kept.dropped), "warn") if kept.dropped else ("", "")
    seconds = int(kept.seconds)
    back = (
        (_("  kept {value}:{value2:02d}").format(value=seconds // 60, value2=seconds % 60), "dim")
        if kept.records
        else ("", "")
    )
    return ((counted, ""), dropped, errors, back, lost)


def saved_words(path: str, frames: int, messages: int, seconds: float, size: int) -> str:
    what = _("{frames} frames").format(frames=frames) + (
        _(" and {messages} DoIP messages").format(messages=messages) if messages else ""
    )
    return (
        _("Saved {what} of {seconds:.0f} s ({bytes_words}) to {path}").format(
            what=what, seconds=seconds, bytes_words=bytes_words(size), path=path
        )
        if size
        else _("Saved {what} to {path}").format(what=what, path=path)
    )


def item_row(item: MessageItem, words: ClockWords) -> Row:
    tone = SEVERITIES.get(item.severity, "dim")
    head = ((f"{item.unit} " if item.unit else "", "bold"), (f"{item.code} " if item.code else "", tone))
    told = (f"{item.text} {item.advice}".strip(), "" if tone in ("dim", "ok") else tone)
    return Row(str(item.number), ((words(item.at), "dim"), (GLYPHS[tone], tone), (*head, told)))
