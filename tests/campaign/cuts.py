"""A VCI that counts UDS messages and at number n lets something happen: tester, unit, bus, device or supply fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from core.errors import VciLost
from core.protocol.dialect import dialect_of
from core.vci.channel import Link, Vci
from core.vocabulary import EcuAddress, Transport


class Killed(BaseException):
    """The tester's process is gone. No handler of the product may see it as an error."""


class SkippingClock:
    """time.monotonic, but where nobody can answer waiting costs no time: it is skipped."""

    def __init__(self) -> None:
        self.skipped = 0.0
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return time.monotonic() + self.skipped

    def skip(self, seconds: float) -> None:
        with self._lock:
            self.skipped += max(0.0, seconds)


class CutVci:
    """A `core.vci.channel.Vci` around another one. `count` says how many UDS messages have passed, in and out.

    At message `cut_at` (None for never) `happen` is called once. Keep-alives are not counted, because when they come
    depends on the clock, but noted in `keep_alives` as (transport, identifier, seconds).
    """

    def __init__(self, inner: Vci, clock: SkippingClock, cut_at: int | None, happen: Callable[[CutVci], None]) -> None:
        self._inner, self.clock = inner, clock
        self._cut_at, self._happen = cut_at, happen
        self.count = 0
        self.can_fd = False
        self.happened = self.silent = self.lost = self.dead = False
        self.keep_alives: list[tuple[Transport, int, float]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def open_link(self, address: EcuAddress) -> CutLink:
        self.check()
        return CutLink(self, self._inner.open_link(address))

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        if pdu == dialect_of(address).tester_present():
            if not (self.dead or self.silent or self.lost):
                self.keep_alives.append((address.transport, address.functional or 0, time.monotonic()))
                self._inner.send_functional(address, pdu)
            return
        self.check()
        if not self.silent:
            self._inner.send_functional(address, pdu)
        self.passed()

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """One message, with all its answers."""
        self.check()
        heard = [] if self.silent else self._inner.collect_functional(addresses, pdu, deadline - self.clock.skipped)
        self.passed()
        return heard

    def passed(self) -> None:
        """One more message has passed."""
        if self.happened or self.silent or self.lost:
            return
        self.count += 1
        if self.count == self._cut_at:
            self.happened = True
            self._happen(self)
            self.check()

    def check(self) -> None:
        if self.dead:
            raise Killed
        if self.lost:
            raise VciLost("The device does not answer any more.")

    def repair(self) -> None:
        """Cable and device are in their places again; nothing more happens."""
        self.silent = self.lost = False


class CutLink:
    """The link to one unit through the counting VCI."""

    def __init__(self, vci: CutVci, inner: Link) -> None:
        self.address, self.max_pdu = inner.address, inner.max_pdu
        self._vci, self._inner = vci, inner

    def send(self, pdu: bytes) -> None:
        self._vci.check()
        if not self._vci.silent:
            self._inner.send(pdu)
        self._vci.passed()

    def receive(self, deadline: float) -> bytes | None:
        vci = self._vci
        vci.check()
        if vci.silent:
            vci.clock.skip(deadline - vci.clock())
            return None
        answer = self._inner.receive(deadline - vci.clock.skipped)
        if answer is None:
            return None
        vci.passed()
        return None if vci.silent else answer

    def receiving_since(self) -> float | None:
        since = None if self._vci.silent else self._inner.receiving_since()
        return None if since is None else since + self._vci.clock.skipped

    def clear(self) -> None:
        self._inner.clear()

    def close(self) -> None:
        self._inner.close()
