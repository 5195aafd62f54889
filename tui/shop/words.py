"""Words, tones and rows of the PC check, the hosts and ports check, the help pages and the contacts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.vocabulary.shop.check import NetworkRow, RequirementRow, Verdict
from core.vocabulary.shop.support import ContactHours, HelpPage
from tui.locale import _, said
from tui.theme import GLYPHS
from tui.widgets.rows import Row

TONES = {
    Verdict.OK: "ok", Verdict.WARNING: "warn", Verdict.FAILED: "bad", Verdict.UNKNOWN: "warn",
    Verdict.NOT_NEEDED: "dim",
}  # fmt: skip


def pc_rows(rows: Sequence[RequirementRow]) -> list[Row]:
    made = []
    for row in rows:
        tone = TONES[row.verdict]
        words = said(row.advice) if row.advice else said(row.verdict.value)
        made.append(
            Row(
                row.key,
                ((GLYPHS[tone], tone), said(row.title), said(row.value), (said(row.limit), "dim"), (words, tone)),
            )
        )
    return made


def network_rows(rows: Sequence[NetworkRow]) -> list[Row]:
    """One line a target: the first step that fails, or how long it took."""
    made = []
    for number, row in enumerate(rows):
        tone = TONES[row.verdict]
        target = row.target
        broken = next((step for step in row.steps if step.ok is False), None)
        last = broken or row.steps[-1]
        place = f"{target.host}:{target.port}" if target.host else "-"
        spent = f"{row.seconds:.1f} s" if target.host else ""
        made.append(
            Row(str(number), ((GLYPHS[tone], tone), said(target.purpose), place,
                              (f"{said(last.name)}: {said(last.words)}", tone), spent))
        )  # fmt: skip
    return made


def network_lines(row: NetworkRow) -> list[str]:
    """One target in full, for the dialog."""
    lines = [
        f"{row.target.host}:{row.target.port} ({row.target.protocol})" if row.target.host else said(row.steps[0].words)
    ]
    for step in row.steps:
        mark = {True: "√", False: "x", None: "·"}[step.ok]
        spent = f"  {step.milliseconds:.0f} ms" if step.milliseconds is not None else ""
        lines.append(f"{mark} {said(step.name)}: {said(step.words)}{spent}")
    if row.proxy:
        lines.append(_("Proxy: {proxy}").format(proxy=row.proxy))
    if row.advice:
        lines += ["", said(row.advice)]
    return lines


def page_rows(pages: Sequence[HelpPage]) -> list[Row]:
    return [
        Row(page.name, (("·" if page.source == "reference" else "■", "dim" if page.source == "reference" else "accent"),
                        (page.name, "dim"), page.title))
        for page in pages
    ]  # fmt: skip


def contact_rows(contacts: Sequence[ContactHours], contract: str, nobody: Sequence[str]) -> list[Row]:
    rows = []
    for number, row in enumerate(contacts):
        tone, words = ("ok", _("open now")) if row.open_now else ("dim", _("closed now"))
        rows.append(
            Row(
                f"contact {number}",
                ((GLYPHS[tone], tone), (row.contact.kind, "bold"), row.contact.questions),
            )
        )
        address = row.contact.email or _("no address: the back end names none")
        rows.append(
            Row(
                f"address {number}",
                ("", (words, tone), f"{address}   {row.words}   {', '.join(row.contact.languages)}"),
            )
        )
    shown = contract or _("none yet: it stands in the shop under My account > My systems")
    rows.append(Row("contract", ("", (_("Contract number"), "bold"), shown)))
    rows += [
        Row(f"nobody {n}", (("x", "dim"), (_("Not answered"), "dim"), (line, "dim")))
        for n, line in enumerate(nobody)
    ]
    return rows
