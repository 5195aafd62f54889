"""All targets side by side, cancellable, under one deadline. A name server that hangs costs a row, not the check."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from core.errors import SettingsInvalid
from core.pc.network.probe import NAME, STEPS, Probe
from core.vocabulary.shop.check import NetworkRow, NetworkStep, NetworkTarget, Verdict

DEADLINE_SECONDS = 20.0
STEP_SECONDS = 5.0
_POLL = 0.05
_LATE = "Nobody answered in time: check name server (DNS), firewall and router for this target."
_LATE_NAME = "The name server (DNS) does not answer: check cable or WLAN, and which name server this PC uses."
EMBEDDED = "in this process, no network needed"


def check_targets(
    targets: Sequence[NetworkTarget], *, deadline: float = DEADLINE_SECONDS, step_seconds: float = STEP_SECONDS,
    ca_file: str = "", stop: threading.Event | None = None, told: Callable[[NetworkRow], None] | None = None,
) -> tuple[NetworkRow, ...]:  # fmt: skip
    """One row a target, in the given order, after at most `deadline` seconds. `told` gets each row when it is ready.

    Getting a name's address cannot be interrupted: such a thread is left behind, and dies with its answer.
    SettingsInvalid where `ca_file` cannot be used.
    """
    context = _context(ca_file)
    start = time.monotonic()
    running = [_Running(target, context, step_seconds, start) for target in targets]
    waiting = set(range(len(running)))
    rows: dict[int, NetworkRow] = {}
    while waiting:
        over = time.monotonic() - start > deadline or (stop is not None and stop.is_set())
        for number in sorted(waiting):
            if running[number].done or over:
                waiting.discard(number)
                rows[number] = running[number].row()
                if told is not None:
                    told(rows[number])
        if waiting:
            running[min(waiting)].wait(_POLL)
    return tuple(rows[number] for number in sorted(rows))


def _context(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(cafile=Path(ca_file))
        except (OSError, ssl.SSLError) as problem:
            raise SettingsInvalid(f"The certificates of ca_file {ca_file} cannot be read: {problem}.") from problem
    return context


class _Running:
    """One probe in a thread of its own; a daemon, because a hanging resolver must not hold the process back."""

    def __init__(self, target: NetworkTarget, context: ssl.SSLContext, step_seconds: float, start: float) -> None:
        self._target, self._start = target, start
        self._probe = Probe(target, context, step_seconds)
        self._ended = threading.Event()
        self._end = start
        if target.host:
            threading.Thread(target=self._run, name=f"check {target.host}", daemon=True).start()
        else:
            self._ended.set()

    def _run(self) -> None:
        try:
            self._probe.run()
        finally:
            self._end = time.monotonic()
            self._ended.set()

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    def wait(self, seconds: float) -> None:
        self._ended.wait(seconds)

    def row(self) -> NetworkRow:
        probe, target, done = self._probe, self._target, self.done
        if not target.host:
            return NetworkRow(target, Verdict.OK, (NetworkStep(NAME, True, EMBEDDED),))
        found = probe.steps
        missing = STEPS[target.protocol][len(found) :]
        failed = any(step.ok is False for step in found)  # a probe that died by a fault of ours leaves steps missing
        steps = list(found)
        for number, name in enumerate(missing):
            late = not done and number == 0
            steps.append(NetworkStep(name, False if late else None, "no answer in time" if late else "not reached"))
        bad = Verdict.FAILED if target.required else Verdict.WARNING
        warning = f"{probe.suspicion} {probe.warning}".strip()
        verdict = bad if failed or missing else Verdict.WARNING if warning else Verdict.OK
        seconds = (self._end if done else time.monotonic()) - self._start
        too_late = "" if done or not missing else f"{probe.suspicion} {_LATE if found else _LATE_NAME}".strip()
        advice = probe.advice or too_late or warning
        proxy = probe.proxy.text if probe.proxy else ""
        return NetworkRow(target, verdict, tuple(steps), advice, round(seconds, 3), proxy)
