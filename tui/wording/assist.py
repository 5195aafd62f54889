"""How ConfigAssist says its steps, the StartKey's globe and tick, and the overview. Rows and lines only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.locale import _, said
from tui.theme import GLYPHS
from tui.widgets.plain import Cell, clean, pieces_of, wrapped
from tui.widgets.rows import Row
from tui.wording import paper as wording

if TYPE_CHECKING:
    from core.vocabulary import DeviceData, OverviewRow
    from tui.paper.desk import Papers
    from tui.wording.paper import DayWords, Told

GLOBE = ("  ,-|-.  ", " (--+--) ", "  `-|-'  ")
UP_TO_DATE = _("The StartKey is up to date")
KEY_WORDS = 34  # cells beside the globe


def step_rows(papers: Papers, day: DayWords) -> list[Row]:
    """In the order of commissioning (C5 to C8, L4, C14)."""
    steps = (
        ("server", _("Server"), wording.server_told(papers)),
        ("clock", _("Time"), wording.clock_told(papers)),
        ("login", _("Log-in"), _open(wording.login_told(papers), bool(papers.account.user))),
        ("startkey", _("StartKey"), _open(wording.start_key_told(papers, day), papers.start_key is not None)),
        ("credit", _("Credit"), _open(wording.credit_told(papers, day), papers.credit is not None)),
    )
    return [
        Row(key, ((GLYPHS[tone], tone), name, (words, "dim" if tone == "dim" else ""), (_does(papers, key), "dim")))
        for key, name, (tone, words) in steps
    ]


def _open(told: Told, done: bool) -> Told:
    """Here everything is asked: what is not needed for the simulation is still to be done."""
    return told if done or told[1] != wording.NOT_NEEDED else ("dim", _("not yet"))


def _does(papers: Papers, key: str) -> str:
    """What enter does on the line."""
    state = papers.start_key
    if key == "startkey":
        return _("enter activates") if state is not None and state.key_id else _("enter gets one")
    if key == "login":
        return _("enter shows it") if papers.account.user else _("enter logs in")
    return _("enter buys") if key == "credit" else _("enter asks again")


def next_step(papers: Papers) -> str:
    """The first line that is still to be done, "" when all is done."""
    if papers.backend is not None and not papers.backend.reachable:
        return "server"
    if not papers.account.user:
        return "login"
    if papers.start_key is None or not papers.start_key.green:
        return "startkey"
    if papers.out_of_credit:
        return "credit"
    if papers.credit is not None and not any(wording.has_credit(balance) for balance in papers.credit):
        return "credit"
    return ""


def next_words(papers: Papers) -> Cell:
    """One line below the steps: what comes next."""
    step = next_step(papers)
    words = {
        "server": _("Next: bring the server within reach; f5 asks again."),
        "login": _("Next: log in, once for every user."),
        "startkey": _("Next: get and activate the StartKey of this PC."),
        "credit": _("Next: buy time credit for the vehicles you work on."),
        "": _("Everything is ready: 1 starts the diagnosis."),
    }[step]
    return ((f" {words}", "ok" if not step else ""),)


def device_lines(device: DeviceData | None, trouble: str) -> tuple[Cell, ...]:
    """C5: hardware ID and app ID, to read out and to export."""
    if device is None:
        return ((f" {trouble or _('Reading ...')}", "bad" if trouble else "dim"), "", "")
    return (
        ((_(" Hardware ID  "), "dim"), (device.hardware_id, "bold")),
        ((_(" App ID       "), "dim"), (str(device.app_id), "bold")),
        ((" e", "key"), (_(" Export  "), ""), ("q", "key"), (_(" QR code"), "")),
    )


def start_key_lines(papers: Papers, day: DayWords) -> tuple[Cell, ...]:
    """C7, C8: globe and green tick, and Start only where the StartKey is valid."""
    state, (tone, words) = papers.start_key, wording.start_key_told(papers, day)
    green = state is not None and state.green and not papers.activating
    if green and tone == "ok":
        lines = [UP_TO_DATE, words]
    elif state is not None and state.words and not papers.activating:
        lines = wrapped(clean(said(state.words)), KEY_WORDS)
    else:
        lines = wrapped(words, KEY_WORDS)
    lines = [*lines, ""][:2]
    globe = "ok" if green else "dim"
    keys: Cell = (("1", "key"), (_(" Start"), "bold")) if green else (("i", "key"), (_(" From a file"), ""))
    return (
        ((GLOBE[0], globe), (f"{GLYPHS[tone]} ", tone), (lines[0], tone)),
        ((GLOBE[1], globe), (f"  {lines[1]}", "")),
        ((GLOBE[2], globe), ("  k", "key"), (_(" Activate  "), ""), *pieces_of(keys)),
    )


def overview_rows(rows: tuple[OverviewRow, ...]) -> list[Row]:
    """C10, each with its verdict and what to do."""
    made = []
    for number, row in enumerate(rows):
        tone = "dim" if row.ok is None else "ok" if row.ok else "warn"
        advice = f"  {said(row.advice)}" if row.advice and row.ok is not True else ""
        made.append(
            Row(f"row {number}", ((GLYPHS[tone], tone), said(row.name), ((said(row.value), ""), (advice, "dim"))))
        )
    return made
