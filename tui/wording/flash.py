"""How the Flash screen says checks, steps, progress and result. Rows and lines only, no widget, no wish."""

from __future__ import annotations

from core.errors import ProductError
from core.vocabulary import FlashPreview, FlashResult
from tui.theme import GLYPHS
from tui.widgets.plain import Cell, told
from tui.widgets.rows import Row
from tui.work import JobView, StepView, bar, bytes_words, left_words, rate_words, span_words


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


def plan_rows(preview: FlashPreview) -> list[Row]:
    return [Row(str(n), ((GLYPHS["dim"], "dim"), step)) for n, step in enumerate(preview.steps)]


def _beside(step: StepView) -> str:
    if step.total > 0 and step.state == "busy":
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


def progress_lines(job: JobView, width: int) -> tuple[Cell, ...]:
    """Bar, percent, rate, time left; below it what else counts."""
    step = job.step
    counts = f" 0x78 waits {job.pending}"
    stop: Cell = (
        (("   Stopping after this block ...", "warn"),) if job.stopping else (("   a stops after this block", "dim"),)
    )
    counted = ((counts, "dim"), *stop)
    if step is None or step.total <= 0:
        title = step.title if step is not None else "Starting"
        return ((" ░ ", "busy"), (f"{title} ...", "")), counted
    percent = 100 * step.done // step.total
    words = (
        f" {percent:3d} %  {rate_words(step.rate) if step.rate else ''}  {left_words(step.done, step.total, step.rate)}"
    )
    size = max(10, width - 36)
    return ((" ", ""), (bar(step.done, step.total, size), "accent"), (words, "")), counted


def result_lines(result: FlashResult | None, error: ProductError | None, width: int) -> tuple[Cell, ...]:
    """How it ended: what, and what to do."""
    if error is not None:
        return (*told(f" x {error.code} ", "bad", error.message, width), *told(" > ", "accent", error.advice, width))
    if result is None:
        return ("",)
    if result.result != "flashed":
        return (((" √ ", "ok"), (f"{result.unit} has {result.software_after} already; nothing was sent.", "")),)
    return (
        ((" √ Flashed ", "ok"), (f"{result.unit}: {result.software_before} -> {result.software_after}", "")),
        (f"   {bytes_words(result.bytes)} in {span_words(result.seconds)}, {rate_words(result.bytes_per_second)}, "
         f"{result.retries} retries, {result.pending_responses} waits (0x78)", "dim"),
    )  # fmt: skip
