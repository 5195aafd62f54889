"""What a screen shows of a job while it runs: steps, progress, rate, time left; and the lines of the message list."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from core.errors import ProductError
from tui.locale import _

KINDS = {
    "identify": _("Identification"),
    "survey": _("Quick test"),
    "faults": _("Fault memory"),
    "clear": _("Clearing fault codes"),
    "preview": _("Checks before the flash"),
    "flash": _("Flash"),
    "coding": _("Coding"),
    "coding-read": _("Reading the coding"),
    "uds": _("Raw requests"),
    "plan": _("Reading the plan"),
}
_FIRST_ERASE = "erase"  # from this step on the unit has no complete software


@dataclass(frozen=True, slots=True)
class MessageItem:
    """One line of the message list. `severity`: ok, info, warning, error."""

    number: int
    at: float
    severity: str
    unit: str
    text: str
    code: str = ""
    advice: str = ""
    explanation: str = ""
    state_now: str = ""
    page: str = ""  # the help page that says most about it


@dataclass(slots=True)
class StepView:
    """One step. `state`: busy, ok, bad, stopped."""

    name: str
    title: str
    at: float = 0.0
    state: str = "busy"
    seconds: float | None = None
    done: int = 0
    total: int = 0
    rate: float = 0.0


@dataclass(slots=True)
class JobView:
    """One job as the screens see it; `handle` is the core's RunningJob, None until the core has begun it.

    `adopted`: another screen began it; this one shows it.
    """

    kind: str
    unit: str
    handle: Any
    then: Callable[[Any], None]
    failed: Callable[[ProductError], None]
    running: bool = True
    stopping: bool = False
    told: bool = False
    identity: str = ""
    pending: int = 0
    adopted: bool = False
    steps: list[StepView] = field(default_factory=list)
    error: ProductError | None = None

    @staticmethod
    def words_of(kind: str, unit: str) -> str:
        words, many = KINDS.get(kind, kind), unit.count(", ") + 1
        return f"{words} {_('of {count} units').format(count=many) if many > 2 else unit}".strip()

    @property
    def title(self) -> str:
        return self.words_of(self.kind, self.unit)

    @property
    def step(self) -> StepView | None:
        return self.steps[-1] if self.steps else None

    @property
    def locked(self) -> str:
        """Why leaving is refused; "" while it is allowed."""
        if not self.running or self.kind != "flash":
            return ""
        if any(branch_of(step.name)[1].startswith(_FIRST_ERASE) for step in self.steps):
            return _("{unit} has no complete software now. Stay here until its flash is over.").format(unit=self.unit)
        return ""

    def step_started(self, step: StepView) -> None:
        for before in reversed(self.steps):  # units that are flashed side by side have steps of their own
            if branch_of(before.name)[0] == branch_of(step.name)[0]:
                before.state = "ok" if before.state == "busy" else before.state
                break
        self.steps.append(step)

    def step_finished(self, name: str, seconds: float) -> None:
        for step in reversed(self.steps):
            if step.name == name:
                step.state, step.seconds = "ok", seconds
                return

    def progress(self, name: str, done: int, total: int, rate: float) -> None:
        for step in reversed(self.steps):
            if step.name == name:
                step.done, step.total, step.rate = done, total, rate
                return

    def end(self, error: ProductError | None) -> None:
        self.running, self.error = False, error
        for step in self.steps:
            if step.state == "busy":
                step.state = "ok" if error is None else "bad"


def branch_of(step: str) -> tuple[str, str]:
    """(unit, step) of "ENGINE/erase-1", the step of a unit that is flashed beside others; ("", step) else."""
    unit, _slash, name = step.rpartition("/")
    return unit, name


def bar(done: int, total: int, width: int) -> str:
    """A progress bar in code page 437."""
    full = width * min(done, total) // total if total > 0 else 0
    return "█" * full + "░" * (width - full)


def bytes_words(count: float) -> str:
    """A size as a technician says it: 512 KiB, 4.0 MiB, 98 bytes."""
    if count < 1024:
        return _("{count:.0f} bytes").format(count=count)
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} KiB"
    if count < 1024**3:
        return f"{count / 1024 / 1024:.1f} MiB"
    return f"{count / 1024**3:.1f} GiB"


def rate_words(rate: float) -> str:
    return f"{rate / 1000:.1f} kB/s" if rate < 100_000 else f"{rate / 1000:.0f} kB/s"


def left_words(done: int, total: int, rate: float) -> str:
    """Time left, rounded up: "about 6 min"; "" where the rate is not known yet."""
    if rate <= 0 or done >= total:
        return ""
    seconds = (total - done) / rate
    if seconds < 60:
        return _("about {max} s").format(max=max(5, math.ceil(seconds / 5) * 5))
    return _("about {ceil} min").format(ceil=math.ceil(seconds / 60))


def span_words(seconds: float | None) -> str:
    """m:ss.d of a step."""
    if seconds is None:
        return ""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}.{int(seconds * 10) % 10}"
