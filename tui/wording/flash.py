"""How the Flash screen says checks, steps, progress and result. Rows and lines only, no widget, no wish."""

from __future__ import annotations

from core.errors import ProductError
from core.vocabulary import FlashChoice, FlashPreview, FlashResult, Interrupted
from tui.locale import _, said
from tui.theme import GLYPHS
from tui.widgets.plain import Cell, told
from tui.widgets.rows import Row
from tui.work import JobView, StepView, bar, branch_of, bytes_words, left_words, rate_words, span_words

RECOVER = _("recover this unit")
"""Key of the line that brings a unit back which was left in programming; no flashware has it (names have no blank)."""


def recovery_row(entry: Interrupted) -> Row:
    """Above the flashware of a unit that was left in programming."""
    how = _("goes on where it stopped") if entry.resumable else _("from the erase on")
    if entry.complete:
        how = _("read back what it has")
    return Row(
        RECOVER,
        (
            (GLYPHS["bad"], "bad"),
            (_("Left in programming: recover, {how}").format(how=how), "bad"),
            entry.software_after,
            "",
        ),
    )


def ware_row(choice: FlashChoice) -> Row:
    glyph = ("■", "accent") if choice.newest else ("·", "dim")
    title = choice.title if choice.title and choice.title != choice.name else choice.name
    if choice.plan:
        title = _("{title} (plan of the release)").format(title=title)
    return Row(choice.name, (glyph, title, choice.software, bytes_words(choice.size)))


def start_lines(preview: FlashPreview) -> list[str]:
    """What is asked before a flash."""
    return [
        _("{unit}: {value} -> {software_after}, {bytes_words} from {flashware}.").format(
            unit=preview.unit,
            value=preview.software_before or _("(no software)"),
            software_after=preview.software_after,
            bytes_words=bytes_words(preview.bytes),
            flashware=preview.flashware,
        ),
        _("It has this software already; it is sent again.") if preview.up_to_date else "",
        _("Ignition on, engine off, charger connected. Do not disconnect."),
    ]


def check_rows(preview: FlashPreview | None) -> list[Row]:
    """One line a check: good, not measurable, refused."""
    rows = []
    for check in preview.checks if preview is not None else ():
        tone = "warn" if check.ok is None else "ok" if check.ok else "bad"
        words = said(check.reason if check.ok is not True and check.reason else check.measured)
        wanted = (
            _("wanted {wanted}").format(wanted=said(check.wanted))
            if check.wanted and check.wanted != check.measured
            else ""
        )
        rows.append(
            Row(
                check.name, ((GLYPHS[tone], tone), said(check.name), (words, "" if check.ok else tone), (wanted, "dim"))
            )
        )
    return rows


def plan_rows(preview: FlashPreview | None) -> list[Row]:
    """The steps, then the plan in words."""
    if preview is None:
        return []
    steps = [Row(f"step {n}", ((GLYPHS["dim"], "dim"), said(step))) for n, step in enumerate(preview.steps)]
    plan = [Row(f"plan {n}", (" ", (said(words), "dim"))) for n, words in enumerate(preview.plan)]
    return [*steps, *([Row("plan", (" ", (_("The plan says:"), "bold")), selectable=False)] if plan else []), *plan]


def _beside(step: StepView) -> str:
    if step.total > 0 and step.state != "ok":
        return f"{100 * step.done // step.total} % {bytes_words(step.done)}"
    return bytes_words(step.total) if step.total > 0 else ""


def step_rows(job: JobView, width: int) -> list[Row]:
    """The steps as they came, with how long each took."""
    return [
        Row(
            str(n),
            (
                (GLYPHS[step.state], step.state),
                step.title or step.name,
                (_beside(step), "dim"),
                span_words(step.seconds),
            ),
        )
        for n, step in enumerate(job.steps)
    ]


def _transfers(job: JobView) -> list[StepView]:
    """What counts its progress now; several where units are flashed side by side."""
    return [step for step in job.steps if step.state == "busy" and step.total > 0]


def progress_lines(job: JobView, width: int, stoppable: bool = True) -> tuple[Cell, ...]:
    """Bar, percent, rate, time left of each transfer; below it what else counts."""
    counts = _(" 0x78 waits {pending}").format(pending=job.pending)
    hint = _("a stops after this block") if stoppable else _("this screen watches")
    stop: tuple[str, str] = (_("   Stopping after this block ..."), "warn") if job.stopping else (f"   {hint}", "dim")
    counted: Cell = ((counts, "dim"), stop)
    running = _transfers(job)[:3]
    if not running:
        step = job.step
        title = step.title if step is not None else _("Starting")
        return ((" ░ ", "busy"), (f"{title} ...", "")), counted
    return (*(_bar_line(step, width, len(running) > 1) for step in running), counted)


def _bar_line(step: StepView, width: int, named: bool) -> Cell:
    percent = 100 * step.done // step.total
    name = f"{branch_of(step.name)[0]:13} " if named else ""
    words = (
        f" {percent:3d} %  {rate_words(step.rate) if step.rate else ''}  {left_words(step.done, step.total, step.rate)}"
    )
    size = max(10, width - 36 - len(name))
    return ((f" {name}", ""), (bar(step.done, step.total, size), "accent"), (words, ""))


def error_lines(error: ProductError, width: int) -> tuple[Cell, ...]:
    """How it failed: what, what that means in its step, how the unit is left, what to do."""
    lines = told(f" x {error.code} ", "bad", said(error.message), width)
    if error.explanation and error.explanation != error.message:
        lines += told(_(" Means  "), "dim", said(error.explanation), width)
    if error.state_now:
        lines += told(_(" Now    "), "warn", said(error.state_now), width)
    more = _("f1 and enter say more.")
    return (*lines, *told(_(" To do  "), "accent", f"{said(error.advice)} {more}", width))


def result_lines(result: FlashResult | None) -> tuple[Cell, ...]:
    """How it ended well."""
    if result is None:
        return ("",)
    if result.result != "flashed":
        return (
            (
                (" √ ", "ok"),
                (
                    _("{unit} has {software_after} already; nothing was sent.").format(
                        unit=result.unit, software_after=result.software_after
                    ),
                    "",
                ),
            ),
        )
    cost = _(
        "   {bytes_words} in {span_words}, {rate_words}, {retries} retries, {pending_responses} waits (0x78)"
    ).format(
        bytes_words=bytes_words(result.bytes), span_words=span_words(result.seconds),
        rate_words=rate_words(result.bytes_per_second), retries=result.retries,
        pending_responses=result.pending_responses,
    )  # fmt: skip
    return (
        ((_(" √ Flashed "), "ok"), (f"{result.unit}: {result.software_before} -> {result.software_after}", "")),
        (cost, "dim"),
    )
