"""How the Flash screen says checks, steps, progress and result. Rows and lines only, no widget, no wish."""

from __future__ import annotations

from core.errors import ProductError
from core.vocabulary import FlashChoice, FlashPreview, FlashResult, Interrupted
from tui.theme import GLYPHS
from tui.widgets.plain import Cell, told
from tui.widgets.rows import Row
from tui.work import JobView, StepView, bar, branch_of, bytes_words, left_words, rate_words, span_words

RECOVER = "recover this unit"
"""Key of the line that brings a unit back which was left in programming; no flashware has it (names have no blank)."""


def recovery_row(entry: Interrupted) -> Row:
    """Above the flashware of a unit that was left in programming."""
    how = "goes on where it stopped" if entry.resumable else "from the erase on"
    if entry.complete:
        how = "read back what it has"
    return Row(
        RECOVER, ((GLYPHS["bad"], "bad"), (f"Left in programming: recover, {how}", "bad"), entry.software_after, "")
    )


def ware_row(choice: FlashChoice) -> Row:
    glyph = ("■", "accent") if choice.newest else ("·", "dim")
    title = choice.title if choice.title and choice.title != choice.name else choice.name
    return Row(choice.name, (glyph, title, choice.software, bytes_words(choice.size)))


def start_lines(preview: FlashPreview) -> list[str]:
    """What is asked before a flash."""
    return [
        f"{preview.unit}: {preview.software_before or '(no software)'} -> {preview.software_after}, "
        f"{bytes_words(preview.bytes)} from {preview.flashware}.",
        "It has this software already; it is sent again." if preview.up_to_date else "",
        "Ignition on, engine off, charger connected. Do not disconnect.",
    ]


def check_rows(preview: FlashPreview | None) -> list[Row]:
    """One line a check: good, not measurable, refused."""
    rows = []
    for check in preview.checks if preview is not None else ():
        tone = "warn" if check.ok is None else "ok" if check.ok else "bad"
        said = check.reason if check.ok is not True and check.reason else check.measured
        wanted = f"wanted {check.wanted}" if check.wanted and check.wanted != check.measured else ""
        rows.append(
            Row(check.name, ((GLYPHS[tone], tone), check.name, (said, "" if check.ok else tone), (wanted, "dim")))
        )
    return rows


def plan_rows(preview: FlashPreview | None) -> list[Row]:
    """The steps, then the plan in words."""
    if preview is None:
        return []
    steps = [Row(f"step {n}", ((GLYPHS["dim"], "dim"), step)) for n, step in enumerate(preview.steps)]
    plan = [Row(f"plan {n}", (" ", (words, "dim"))) for n, words in enumerate(preview.plan)]
    return [*steps, *([Row("plan", (" ", ("The plan says:", "bold")), selectable=False)] if plan else []), *plan]


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
    counts = f" 0x78 waits {job.pending}"
    hint = "a stops after this block" if stoppable else "this screen watches"
    stop: tuple[str, str] = ("   Stopping after this block ...", "warn") if job.stopping else (f"   {hint}", "dim")
    counted: Cell = ((counts, "dim"), stop)
    running = _transfers(job)[:3]
    if not running:
        step = job.step
        title = step.title if step is not None else "Starting"
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
    lines = told(f" x {error.code} ", "bad", error.message, width)
    if error.explanation and error.explanation != error.message:
        lines += told(" Means  ", "dim", error.explanation, width)
    if error.state_now:
        lines += told(" Now    ", "warn", error.state_now, width)
    return (*lines, *told(" To do  ", "accent", error.advice, width))


def result_lines(result: FlashResult | None) -> tuple[Cell, ...]:
    """How it ended well."""
    if result is None:
        return ("",)
    if result.result != "flashed":
        return (((" √ ", "ok"), (f"{result.unit} has {result.software_after} already; nothing was sent.", "")),)
    return (
        ((" √ Flashed ", "ok"), (f"{result.unit}: {result.software_before} -> {result.software_after}", "")),
        (f"   {bytes_words(result.bytes)} in {span_words(result.seconds)}, {rate_words(result.bytes_per_second)}, "
         f"{result.retries} retries, {result.pending_responses} waits (0x78)", "dim"),
    )  # fmt: skip
