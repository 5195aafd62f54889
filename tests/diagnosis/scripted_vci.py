"""A VCI whose units answer by script, on a clock that jumps to the next happening: for the tester and the runner."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from core.errors import ProductError, VciNotFound
from core.events import Event
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, Transport

ENGINE = CanAddress(0x7E0, 0x7E8)
BRAKES = CanAddress(0x7E2, 0x7EA)
GATEWAY = DoipAddress(0x1000)

E = TypeVar("E", bound=Event)
Answer = tuple[float, bytes | ProductError]
Script = Callable[[bytes], "list[Answer] | bytes | ProductError | None"]
"""What a unit does with a request: answers with their delays, one at once, an error of the way, or silence."""


class JumpClock:
    """Seconds that pass only when somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


class ScriptedLink:
    def __init__(self, vci: ScriptedVci, address: EcuAddress) -> None:
        self.address = address
        self.max_pdu = 4095
        self.closed = False
        self._vci = vci
        self._inbox: list[tuple[float, bytes | ProductError]] = []
        self.begun_at: float | None = None

    def send(self, pdu: bytes) -> None:
        now = self._vci.clock.now
        self._vci.sent.append((now, self.address, pdu))
        self._vci.on_send()
        script = self._vci.scripts.get(self.address)
        reaction = script(pdu) if script is not None else None
        if isinstance(reaction, ProductError):
            raise reaction
        answers = [(0.01, reaction)] if isinstance(reaction, bytes) else reaction or []
        self._inbox.extend((now + delay, what) for delay, what in answers)
        self._inbox.sort(key=lambda entry: entry[0])

    def receive(self, deadline: float) -> bytes | None:
        clock = self._vci.clock
        if self._inbox and self._inbox[0][0] <= max(deadline, clock.now):
            when, what = self._inbox.pop(0)
            clock.now = max(clock.now, when)
            if isinstance(what, ProductError):
                raise what
            self.begun_at = None
            return what
        clock.now = max(clock.now, deadline)
        return None

    def receiving_since(self) -> float | None:
        return self.begun_at

    def clear(self) -> None:
        self._inbox.clear()

    def close(self) -> None:
        self.closed = True


class ScriptedVci:
    """Units are what `scripts` holds. `sent` and `functional` record (time, address, PDU)."""

    uri = "test:"
    name = "scripted"
    transports = frozenset(Transport)
    can_fd = True

    def __init__(self, clock: JumpClock | None = None) -> None:
        self.clock = clock or JumpClock()
        self.scripts: dict[EcuAddress, Script] = {}
        self.sent: list[tuple[float, EcuAddress, bytes]] = []
        self.functional: list[tuple[float, EcuAddress, bytes]] = []
        self.links: list[ScriptedLink] = []
        self.open_errors: list[ProductError] = []
        self.functional_errors: list[ProductError] = []
        self.functional_sent = threading.Condition()
        self.on_send: Callable[[], None] = lambda: None
        self.volts: float | None = 12.6

    def open_link(self, address: EcuAddress) -> ScriptedLink:
        if self.open_errors:
            raise self.open_errors.pop(0)
        if address not in self.scripts:
            raise VciNotFound(f"no unit at {address}")
        self.links.append(ScriptedLink(self, address))
        return self.links[-1]

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        with self.functional_sent:
            self.functional.append((self.clock.now, address, pdu))
            self.functional_sent.notify_all()
            if self.functional_errors:
                raise self.functional_errors.pop(0)

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        self.functional.append((self.clock.now, addresses[0], pdu))
        self.clock.now = deadline
        answers = []
        for address in addresses:
            reaction = self.scripts[address](pdu)
            if isinstance(reaction, bytes):
                answers.append((address, reaction))
        return answers

    def voltage(self) -> float | None:
        return self.volts

    def vin_hint(self) -> str:
        return ""

    def close(self) -> None: ...

    def pdus(self) -> list[str]:
        """What was sent to units, in order, as hex."""
        return [pdu.hex() for _, _, pdu in self.sent]


class Record:
    """Collects what is published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]
