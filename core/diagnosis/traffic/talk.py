"""Pairs UDS requests with their answers (ISO 14229-1, clause 7.5), and sees what goes wrong. Words only when asked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from core.protocol import nrc, uds
from core.protocol.dialect import dialect_of
from core.vocabulary import KWP2000, UDS, ErrorLine, ExchangeLine

KEPT_BYTES = 4096  # of a message, for its words; a listener keeps no image
SHOWN_BYTES = 64
ALL_UNITS = "all units"

Describe = Callable[[str, bytes], str]
"""(unit, PDU) in the words of the vehicle data, "" where it knows none."""


class Exchange:
    """One request and what came of it so far."""

    __slots__ = (
        "_words", "answer", "answer_length", "answered", "answers", "bus", "identifier", "number", "pending",
        "request", "request_length", "sid", "state", "timestamp", "unit",
    )  # fmt: skip

    def __init__(self, number: int, timestamp: float, unit: str, identifier: str, bus: str) -> None:
        self.number, self.timestamp, self.unit, self.identifier, self.bus = number, timestamp, unit, identifier, bus
        self.request = self.answer = b""
        self.request_length = self.answer_length = 0
        self.sid = -1
        self.state = "open"
        self.answered: float | None = None
        self.pending = self.answers = 0
        self._words: tuple[object, str, str] | None = None

    def words(self, describe: Describe) -> tuple[str, str]:
        """(request, answer). Kept: the catalogue is asked once for each state."""
        key = (self.state, self.answers, describe)
        if self._words is None or self._words[0] != key:
            said = describe(self.unit, self.request) if self.request else ""
            answered = describe(self.unit, self.answer) if self.answer else ""
            if self.answers > 1:
                answered = f"{self.answers} answers, the last: {answered}"
            self._words = (key, said, answered)
        return self._words[1], self._words[2]

    def line(self, describe: Describe) -> ExchangeLine:
        said, answered = self.words(describe)
        delta = None if self.answered is None or not self.request else (self.answered - self.timestamp) * 1000.0
        return ExchangeLine(
            self.number, self.timestamp, self.unit, self.identifier, said, self.state, answered, delta, self.pending,
            self.answers, self.request[:SHOWN_BYTES], self.request_length, self.answer[:SHOWN_BYTES],
            self.answer_length, self.bus,
        )  # fmt: skip


class Conversation:
    """All exchanges of a panel, the newest `capacity` kept, and the errors among them."""

    def __init__(self, capacity: int) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=capacity)
        self.count = 0
        self.troubles = Troubles(capacity)
        self._open: dict[str, Exchange] = {}

    def hear(
        self, timestamp: float, unit: str, identifier: str, bus: str, is_request: bool, pdu: bytes, protocol: str = UDS
    ) -> None:
        if is_request:
            self._request(timestamp, unit, identifier, bus, pdu)
            self._open[unit].state = "quiet" if dialect_of(protocol).is_suppressed(pdu) else "open"
        else:
            self._answer(timestamp, unit, identifier, bus, pdu, protocol)

    def _new(self, timestamp: float, unit: str, identifier: str, bus: str) -> Exchange:
        made = Exchange(self.count, timestamp, unit, identifier, bus)
        self.count += 1
        self.exchanges.append(made)
        return made

    def _request(self, timestamp: float, unit: str, identifier: str, bus: str, pdu: bytes) -> None:
        before = self._open.get(unit)
        if before is not None and before.state == "open":
            before.state = "silent"
        made = self._new(timestamp, unit, identifier, bus)
        made.request, made.request_length, made.sid = pdu[:KEPT_BYTES], len(pdu), pdu[0]
        self._open[unit] = made

    def _answer(self, timestamp: float, unit: str, identifier: str, bus: str, pdu: bytes, protocol: str) -> None:
        negative = pdu[0] == uds.NEGATIVE
        sid = pdu[1] if negative and len(pdu) > 1 else pdu[0] - uds.POSITIVE_OFFSET
        found = self._open.get(unit)
        if found is None or found.sid != sid or found.state in ("ok", "negative"):
            everyone = self._open.get(ALL_UNITS)
            if everyone is not None and everyone.sid == sid:
                found = everyone
            else:
                found = self._new(timestamp, unit, identifier, bus)
                found.state, found.sid = "heard", sid
        found.answer, found.answer_length, found.answered = pdu[:KEPT_BYTES], len(pdu), timestamp
        if negative and len(pdu) > 2 and pdu[2] == nrc.RESPONSE_PENDING:
            found.pending += 1
            found.state = "pending"
            return
        found.answers += 1
        if found.state != "heard" or negative:
            found.state = "negative" if negative else "ok"
        self.troubles.answered(timestamp, unit, found.request, pdu, protocol)

    def clear(self) -> None:
        self.exchanges.clear()
        self._open.clear()
        self.troubles.clear()
        self.count = 0


class Trouble:
    """One error line whose words are not written yet."""

    __slots__ = ("code", "kind", "number", "severity", "timestamp", "unit", "what")

    def __init__(self, number: int, timestamp: float, unit: str, severity: str, kind: str, code: str, what: object):
        self.number, self.timestamp, self.unit = number, timestamp, unit
        self.severity, self.kind, self.code, self.what = severity, kind, code, what


DtcText = Callable[[str, int], str]
"""(unit, code) of a trouble code in words, "" where the vehicle data knows none."""


class Troubles:
    """Negative responses, trouble codes that came, changed or went, DoIP refusals, error frames."""

    def __init__(self, capacity: int) -> None:
        self.lines: deque[Trouble] = deque(maxlen=capacity)
        self.count = 0
        self._codes: dict[tuple[str, bytes], dict[int, int]] = {}

    def note(self, timestamp: float, unit: str, severity: str, kind: str, code: str, what: object) -> None:
        self.lines.append(Trouble(self.count, timestamp, unit, severity, kind, code, what))
        self.count += 1

    def answered(self, timestamp: float, unit: str, request: bytes, pdu: bytes, protocol: str = UDS) -> None:
        if pdu[0] == uds.NEGATIVE:
            number = f"NRC {pdu[2]:02X}" if len(pdu) > 2 else "NRC"
            self.note(timestamp, unit, "warning", "negative", number, pdu[:3])
        elif pdu[0] == 0x59 and len(pdu) >= 3 and pdu[1] in (0x02, 0x0A) and (len(pdu) - 3) % 4 == 0:
            now = {int.from_bytes(pdu[at : at + 3], "big"): pdu[at + 3] for at in range(3, len(pdu), 4)}
            self._codes_read(timestamp, unit, request or pdu[:2], now)
        elif protocol == KWP2000 and pdu[0] == 0x58 and len(pdu) > 1 and len(pdu) == 2 + 3 * pdu[1]:
            now = {code: status for code, _, status in dialect_of(KWP2000).dtcs_of(pdu, 0xFF)}
            self._codes_read(timestamp, unit, request or pdu[:1], now)
        elif pdu[0] == 0x54:
            for key in [key for key in self._codes if key[0] == unit]:
                self._codes[key] = {}
            self.note(timestamp, unit, "info", "cleared", "", None)

    def _codes_read(self, timestamp: float, unit: str, request: bytes, now: dict[int, int]) -> None:
        """Code of 3 bytes -> status: only what differs from the last answer to the same request is told."""
        before = self._codes.get((unit, request), {})
        if len(self._codes) < 1000:
            self._codes[unit, request] = now
        for code, status in now.items():
            if before.get(code) != status:
                severity = "warning" if status & 0x01 else "info"
                self.note(timestamp, unit, severity, "dtc", _display(code), (code, status, before.get(code)))
        for code, status in before.items():
            if code not in now:
                self.note(timestamp, unit, "info", "dtc", _display(code), (code, None, status))

    def shown(self, trouble: Trouble, describe: Describe, text: DtcText) -> ErrorLine:
        return ErrorLine(
            trouble.number, trouble.timestamp, trouble.severity, trouble.unit, trouble.code,
            _words(trouble, describe, text),
        )  # fmt: skip

    def clear(self) -> None:
        self.lines.clear()
        self._codes.clear()
        self.count = 0


def _display(code: int) -> str:
    from core.protocol.dtc import display

    return display(code)


def _words(trouble: Trouble, describe: Describe, text: DtcText) -> str:
    what = trouble.what
    if trouble.kind == "negative" and isinstance(what, bytes):
        return describe(trouble.unit, what)
    if trouble.kind == "cleared":
        return "trouble codes cleared"
    if trouble.kind == "dtc" and isinstance(what, tuple):
        code, status, before = what
        return f"{_change(status, before)}: {text(trouble.unit, code)}".rstrip(": ")
    return str(what)


def _change(status: int | None, before: int | None) -> str:
    from core.protocol.dtc import status_words

    if status is None:
        return "is gone"
    words = ", ".join(status_words(status)) or "not active"
    return f"0x{status:02X} {words}" if before is None else f"0x{before:02X} became 0x{status:02X} {words}"


def tail(lines: deque[Exchange]) -> Iterator[Exchange]:
    """Newest first."""
    return reversed(lines)
