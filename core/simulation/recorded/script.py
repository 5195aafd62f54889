"""What a recorded unit answers: the first time as the first time in the trace, the second as the second. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.protocol import uds

Answers = Sequence[tuple[float, bytes]]
"""(seconds after the request, PDU), 0x78 included."""

LONGEST_DELAY = 5.0  # P2*: a trace with a gap in it must not hang a tester
SERVICE_NOT_SUPPORTED, REQUEST_OUT_OF_RANGE = 0x11, 0x31
TESTER_PRESENT = 0x3E


@dataclass(slots=True)
class UnitScript:
    """`heard` holds, for each request (functional ones apart), what came of it each time that it was recorded.

    After the last recorded time its answer is given again. What was never asked is refused as a real unit would:
    serviceNotSupported for an unknown service, requestOutOfRange else (ISO 14229-1, annex A.1).
    """

    heard: dict[tuple[bool, bytes], list[list[tuple[float, bytes]]]] = field(default_factory=dict)
    _turns: dict[tuple[bool, bytes], int] = field(default_factory=dict)

    def add(self, request: bytes, functional: bool) -> list[tuple[float, bytes]]:
        """A request of the trace; its answers are appended to what this returns."""
        answers: list[tuple[float, bytes]] = []
        self.heard.setdefault((functional, request), []).append(answers)
        return answers

    def answers(self, request: bytes, functional: bool) -> Answers:
        """For the next time that this is asked."""
        key = (functional, request)
        times = self.heard.get(key)
        if times is None and not functional:
            key = (True, request)  # it was asked of all then, and of this one now
            times = self.heard.get(key)
        if times is None:
            return self._unknown(request, functional)
        turn = self._turns.get(key, 0)
        self._turns[key] = turn + 1
        return [(min(max(after, 0.0), LONGEST_DELAY), pdu) for after, pdu in times[min(turn, len(times) - 1)]]

    def _unknown(self, request: bytes, functional: bool) -> Answers:
        if functional or uds.is_suppressed(request):
            return ()
        if request[0] == TESTER_PRESENT:
            return ((0.0, bytes((TESTER_PRESENT + uds.POSITIVE_OFFSET, *request[1:2]))),)
        known = any(each[1][:1] == request[:1] for each in self.heard)
        reason = REQUEST_OUT_OF_RANGE if known else SERVICE_NOT_SUPPORTED
        return ((0.0, bytes((uds.NEGATIVE, request[0], reason))),)
