"""What a published fact changes on the desk: one small handler a class of fact. No widget, no wish."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from core import events
from core.errors.vehicle import refusal_page
from core.messages import message_for_failure
from tui.locale import _, said
from tui.work import JobView, StepView

if TYPE_CHECKING:
    from tui.desk import Desk

PAPER_CODES = ("2221-", "2173-", "PB-70")

Handler = Callable[["Desk", Any], None]


def apply(desk: Desk, fact: events.Event) -> None:
    """Facts that no screen shows are none of the desk's business."""
    handler = _HANDLERS.get(type(fact))
    if handler is not None:
        handler(desk, fact)


def _vci_opened(desk: Desk, fact: events.VciOpened) -> None:
    desk.tell("info", _("Connected: {value}").format(value=fact.name or fact.uri), at=fact.at, alert=False)


def _vci_closed(desk: Desk, fact: events.VciClosed) -> None:
    severity, why = ("error", f": {said(fact.reason)}") if fact.reason else ("info", "")
    desk.tell(
        severity, _("Disconnected from {uri}{why}").format(uri=fact.uri, why=why), at=fact.at, alert=bool(fact.reason)
    )
    if fact.reason:
        desk.lost = True  # let go as soon as no job needs its ending any more


def _voltage(desk: Desk, fact: events.VoltageRead) -> None:
    desk.volts = fact.volts


def _job_started(desk: Desk, fact: events.JobStarted) -> None:
    if desk.job is not None and desk.job.running:
        desk.job.identity = fact.job
    else:
        desk.begun_elsewhere(fact)
    words = JobView.words_of(fact.kind, fact.unit)
    desk.tell("info", _("{words} started").format(words=words), at=fact.at, alert=False)


def _job_finished(desk: Desk, fact: events.JobFinished) -> None:
    words = JobView.words_of(fact.kind, fact.unit)
    desk.tell(
        "ok",
        f"{words}: {said(fact.summary)}" if fact.summary else _("{words} done").format(words=words),
        at=fact.at,
        alert=False,
    )


def _job_failed(desk: Desk, fact: events.JobFailed) -> None:
    if desk.job is not None:
        desk.job.told = True
    desk.tell_message(message_for_failure(fact), fact.unit, fact.at)
    if fact.code.startswith(PAPER_CODES):  # refused for want of paper: what is shown of it may be old
        desk.papers.changed()


def _step_started(desk: Desk, fact: events.StepStarted) -> None:
    if desk.job is not None and desk.job.running:
        desk.job.step_started(StepView(fact.step, said(fact.title), fact.at))


def _step_finished(desk: Desk, fact: events.StepFinished) -> None:
    if desk.job is not None:
        desk.job.step_finished(fact.step, fact.seconds)


def _progress(desk: Desk, fact: events.ProgressMade) -> None:
    if desk.job is not None:
        desk.job.progress(fact.step, fact.done, fact.total, fact.rate)


def _unit_surveyed(desk: Desk, fact: events.UnitSurveyed) -> None:
    desk.units[fact.unit.name] = fact.unit


def _negative(desk: Desk, fact: events.NegativeResponseReceived) -> None:
    page = refusal_page(fact.nrc, fact.protocol)
    code = f"NRC {fact.nrc:02X}"
    desk.tell("warning", said(fact.text), unit=fact.unit, code=code, at=fact.at, alert=False, page=page)


def _pending(desk: Desk, fact: events.ResponsePendingReceived) -> None:
    if desk.job is not None:
        desk.job.pending += 1


def _foreign(desk: Desk, fact: events.ForeignAnswerSkipped) -> None:
    text = _("A late or foreign answer was skipped: {upper}").format(upper=fact.pdu[:8].hex(" ").upper())
    desk.tell("info", text, unit=fact.unit, at=fact.at, alert=False)


def _dtc_seen(desk: Desk, fact: events.DtcSeen) -> None:
    words = ", ".join(fact.dtc.words) or _("not active")
    text = f"0x{fact.dtc.status:02X} {words}: {fact.dtc.text}"
    severity = "warning" if fact.dtc.status & 0x01 else "info"
    desk.tell(severity, text, unit=fact.unit, code=fact.dtc.display, at=fact.at, alert=False)


def _noted(desk: Desk, fact: events.Noted) -> None:
    desk.tell(fact.severity, said(fact.text), at=fact.at, alert=False)


def _numbered(desk: Desk, fact: events.NumberedMessageRaised) -> None:
    desk.tell(
        fact.severity, said(fact.text), code=fact.code, advice=said(fact.advice), at=fact.at,
        alert=fact.severity != "info", page=fact.code,
    )  # fmt: skip


def _releases_changed(desk: Desk, fact: events.ReleasesChanged) -> None:
    desk.releases.changed()


def _component_fetched(desk: Desk, fact: events.ComponentFetched) -> None:
    desk.releases.take(fact)


def _paper_changed(desk: Desk, fact: events.PaperChanged) -> None:
    desk.papers.changed()


_HANDLERS: Mapping[type[events.Event], Handler] = {
    events.ReleasesChanged: _releases_changed,
    events.ComponentFetched: _component_fetched,
    events.VciOpened: _vci_opened,
    events.VciClosed: _vci_closed,
    events.VoltageRead: _voltage,
    events.JobStarted: _job_started,
    events.JobFinished: _job_finished,
    events.JobFailed: _job_failed,
    events.StepStarted: _step_started,
    events.StepFinished: _step_finished,
    events.ProgressMade: _progress,
    events.UnitSurveyed: _unit_surveyed,
    events.NegativeResponseReceived: _negative,
    events.ResponsePendingReceived: _pending,
    events.ForeignAnswerSkipped: _foreign,
    events.DtcSeen: _dtc_seen,
    events.Noted: _noted,
    events.NumberedMessageRaised: _numbered,
    events.PaperChanged: _paper_changed,
}
