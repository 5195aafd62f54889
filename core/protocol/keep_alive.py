"""When the next TesterPresent is due (S3client, ISO 14229-2 clause 7): a pure machine; sending is the tester's."""

from __future__ import annotations

TESTER_PRESENT = b"\x3e\x80"
"""TesterPresent with suppressPosRspMsgIndicationBit."""

LONGEST_INTERVAL = 2.0
"""S3client in seconds; leaves 0.5 s for a late thread before 2.5 s, and S3server (5 s) holds with one lost."""

SHORTEST_INTERVAL = 0.05


class KeepAliveMachine:
    """Due at once when started, then every `interval` seconds; never in bursts after a stall."""

    def __init__(self) -> None:
        self._interval = LONGEST_INTERVAL
        self._due: float | None = None

    @property
    def running(self) -> bool:
        return self._due is not None

    def start(self, interval: float, now: float) -> None:
        """`interval` in seconds; it is kept within 0.05..2.0."""
        self._interval = min(max(interval, SHORTEST_INTERVAL), LONGEST_INTERVAL)
        self._due = now

    def stop(self) -> None:
        self._due = None

    def next_deadline(self) -> float | None:
        """When to call `due` again; None while stopped."""
        return self._due

    def due(self, now: float) -> bool:
        """True when a TesterPresent is to be sent now; the next one is counted from the plan, not from a late call."""
        if self._due is None or now < self._due:
            return False
        planned = self._due + self._interval
        self._due = planned if planned - now >= self._interval / 2 else now + self._interval
        return True
