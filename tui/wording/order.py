"""How the Flash screen says an order of several units: checks, sequence, result. Rows and lines only, no widget."""

from __future__ import annotations

from core.vocabulary import FlashOrderPreview, FlashOrderResult, FlashPreview
from tui.locale import _, said
from tui.theme import GLYPHS
from tui.widgets.plain import Cell, told
from tui.widgets.rows import Row
from tui.wording.flash import check_rows
from tui.work import bytes_words, span_words

RESULTS = {"flashed": "ok", "up-to-date": "ok", "failed": "bad", "not-done": "warn"}
RESULT_WORDS = {
    "flashed": _("flashed"), "up-to-date": _("up to date"), "failed": _("failed"), "not-done": _("not done"),
}  # fmt: skip


def order_check_rows(order: FlashOrderPreview) -> list[Row]:
    """One line a unit, below it every check that is not green; what the order as a whole is warned of."""
    rows = [
        Row(f"warning {n}", (("!", "warn"), _("order"), (said(words), "warn"), ""))
        for n, words in enumerate(order.warnings)
    ]
    for preview in order.units:
        rows.append(_unit_row(preview))
        rows += [
            Row(f"{preview.unit} {row.key}", row.cells)
            for row, check in zip(check_rows(preview), preview.checks, strict=True)
            if check.ok is not True
        ]
    return rows


def _unit_row(preview: FlashPreview) -> Row:
    good = sum(check.ok is True for check in preview.checks)
    bad = any(check.ok is False for check in preview.checks)
    tone = "bad" if bad else "ok" if good == len(preview.checks) else "warn"
    change = f"{preview.software_before or '-'} -> {preview.software_after}"
    words = _("has it already") if preview.up_to_date else change
    return Row(
        _("{unit} all").format(unit=preview.unit),
        (
            (GLYPHS[tone], tone),
            (preview.unit, "bold"),
            words,
            (_("{good} of {len} checks good").format(good=good, len=len(preview.checks)), "dim"),
        ),
    )


def order_plan_rows(order: FlashOrderPreview) -> list[Row]:
    """What comes after what; units of one group are flashed side by side."""
    rows = []
    for number, group in enumerate(order.groups, 1):
        beside = _("   side by side") if len(group) > 1 else ""
        rows.append(Row(f"group {number}", (str(number), ((", ".join(group), ""), (beside, "accent")))))
    done = [preview.unit for preview in order.units if preview.up_to_date]
    if done:
        rows.append(Row("done", (("√", "ok"), (_("{join}: up to date").format(join=", ".join(done)), "dim"))))
    return rows


def start_order_lines(order: FlashOrderPreview) -> list[str]:
    """What is asked before an order."""
    by_name = {preview.unit: preview for preview in order.units}
    lines = []
    for number, group in enumerate(order.groups, 1):
        for unit in group:
            p = by_name[unit]
            lines.append(f"{number}  {unit}: {p.software_before or '-'} -> {p.software_after}, {bytes_words(p.bytes)}")
    return [
        *lines,
        *(said(words) for words in order.warnings),
        _("Ignition on, engine off, charger connected. Do not disconnect."),
    ]


def order_result_rows(result: FlashOrderResult) -> list[Row]:
    """One line a unit, and why where it is not done."""
    rows = []
    for unit in result.units:
        tone = RESULTS.get(unit.result, "warn")
        flash = unit.flash
        change = f"{flash.software_before} -> {flash.software_after}" if flash is not None else said(unit.reason)
        words = f"{RESULT_WORDS.get(unit.result, unit.result)}: {change}"
        rows.append(Row(unit.unit, ((GLYPHS[tone], tone), (unit.unit, "bold"), (words, tone if flash is None else ""))))
    return rows


def order_result_lines(result: FlashOrderResult, width: int) -> tuple[Cell, ...]:
    """The whole: how long, what may not be driven, what to do about the first that failed."""
    done = sum(unit.flash is not None for unit in result.units)
    tone, glyph = ("ok", "√") if done == len(result.units) else ("bad", "x")
    lines: list[Cell] = [
        (
            (_(" {glyph} {done} of {len} units ").format(glyph=glyph, done=done, len=len(result.units)), tone),
            (_("in {span}").format(span=span_words(result.seconds)), ""),
        )
    ]
    for sentence in result.not_drivable:
        lines += told(_(" Now    "), "warn", said(sentence), width)
    advice = next((unit.advice for unit in result.units if unit.advice), "")
    return (*lines, *(told(_(" To do  "), "accent", said(advice), width) if advice else ()))
