"""What all CAN ways with a reader thread share: links, functional collecting, loss, close. Reads nothing itself."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import ClassVar, Generic, Protocol, TypeVar

from core.errors import LocalProtocolError, VciError, VciLost, VciNotFound
from core.vci.channel import Clock, Link, Tap
from core.vci.functional import functional_targets
from core.vocabulary import CanAddress, EcuAddress, Transport

GATHER = 0.1  # seconds in one wait for an answer, so that a loss is noticed
EXTENDED = 1 << 32  # tells 11 from 29 bit identifiers of the same number
ALL_AT_ONCE = 1 << 30


class ReaderLink(Link, Protocol):
    """A link whose answers a reader thread brings."""

    can_address: CanAddress
    collector: Callable[[CanAddress, bytes], None] | None

    def fail(self, failure: VciError) -> None: ...


L = TypeVar("L", bound=ReaderLink)


class ReaderVci(Generic[L]):
    """The common half of `core.vci.channel.Vci` on CAN. Its subclass makes links, sends, reads, and lets go.

    A subclass calls `_start_reading` when it is complete. `_links` is replaced, never changed: the reader takes no
    lock. `most_at_once`: how many units can be listened to at the same time. `on_close` runs last.
    """

    transports = frozenset({Transport.CAN})
    can_fd = False
    most_at_once: ClassVar[int] = ALL_AT_ONCE
    fd_advice: ClassVar[str] = "Use a CAN FD interface."

    def __init__(
        self, *, uri: str, name: str, tap: Tap, clock: Clock, wall_clock: Clock, on_close: Callable[[], None] | None
    ) -> None:
        self.uri, self.name = uri, name
        self._tap, self._clock, self._wall_clock, self._on_close = tap, clock, wall_clock, on_close
        self._links: dict[int, tuple[L, ...]] = {}
        self._registry = threading.Lock()
        self._collecting = threading.Lock()
        self._closing = threading.Event()
        self._closed = False
        self._lost: VciLost | None = None
        self._reader = threading.Thread(target=self._read, name=f"reader {name}", daemon=True)

    # -- what a subclass brings

    def _new_link(self, address: CanAddress) -> L:
        raise NotImplementedError

    def _read(self) -> None:
        """The reader thread, until `_closing` is set or the device is lost."""
        raise NotImplementedError

    def _let_go(self) -> None:
        """Closes the device; the reader has ended."""
        raise NotImplementedError

    def _listen(self, link: L) -> None:
        """Before a functional request: from now on this unit's answers are heard."""

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        raise NotImplementedError

    # -- links

    def _start_reading(self) -> None:
        self._reader.start()

    def open_link(self, address: EcuAddress) -> L:
        address = self._on_can(address)
        if address.is_fd and not self.can_fd:
            raise VciNotFound(f"Unit {address} speaks CAN FD, which {self.name} does not.", self.fd_advice)
        link = self._new_link(address)
        key = link_key(address.rx, address.is_extended_id)
        with self._registry:
            if self._lost is not None:
                raise self._lost
            others = self._links.get(key, ())
            if any(other.can_address.rx_extension == address.rx_extension for other in others):
                raise LocalProtocolError(f"{address} has an open link already")
            self._links = {**self._links, key: (*others, link)}
        return link

    def _on_can(self, address: EcuAddress) -> CanAddress:
        if not isinstance(address, CanAddress):
            raise VciNotFound(
                f"{self.name} does not speak DoIP, and unit {address} is reached over DoIP only.",
                "Connect a device that supports diagnosis over IP.",
            )
        return address

    def _group_of(self, address: EcuAddress) -> tuple[CanAddress, int]:
        """Whom a functional request goes to: the address and its functional identifier."""
        address = self._on_can(address)
        if address.functional is None:
            raise LocalProtocolError(f"{address} has no functional identifier")
        if self._lost is not None:
            raise self._lost
        return address, address.functional

    def _forget(self, link: L) -> None:
        key = link_key(link.can_address.rx, link.can_address.is_extended_id)
        with self._registry:
            rest = tuple(each for each in self._links.get(key, ()) if each is not link)
            self._links = {**self._links, key: rest}

    # -- functional

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """More units than can be listened to are asked in turns, each turn with its share of the time."""
        wanted = [each for each in addresses if isinstance(each, CanAddress) and (self.can_fd or not each.is_fd)]
        turns = [wanted[at : at + self.most_at_once] for at in range(0, len(wanted), self.most_at_once)]
        answers: list[tuple[EcuAddress, bytes]] = []
        with self._collecting:
            for index, turn in enumerate(turns):
                now = self._clock()
                answers += self._collect(turn, pdu, now + (deadline - now) / (len(turns) - index))
        return answers

    def _collect(self, wanted: list[CanAddress], pdu: bytes, deadline: float) -> list[tuple[EcuAddress, bytes]]:
        heard: queue.SimpleQueue[tuple[EcuAddress, bytes]] = queue.SimpleQueue()
        links, opened = self._links_for(wanted)
        try:
            for link in links:
                self._listen(link)
                link.collector = lambda address, answer: heard.put((address, answer))
            for address in functional_targets(tuple(wanted)):
                self.send_functional(address, pdu)
            return self._gather(heard, links, deadline)
        finally:
            for link in links:
                link.collector = None
            for link in opened:
                link.close()

    def _links_for(self, addresses: list[CanAddress]) -> tuple[list[L], list[L]]:
        """The open links of these units, and (second list) those of them that had to be opened for this."""
        links: list[L] = []
        opened: list[L] = []
        for address in addresses:
            there = self._links.get(link_key(address.rx, address.is_extended_id), ())
            link = next((each for each in there if each.can_address.rx_extension == address.rx_extension), None)
            if link is None:
                link = self.open_link(address)
                opened.append(link)
            if link not in links:
                links.append(link)
        return links, opened

    def _gather(
        self, heard: queue.SimpleQueue[tuple[EcuAddress, bytes]], links: list[L], deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """Until `deadline`, and on while an answer that has begun is being received (N_Cr ends it)."""
        answers: list[tuple[EcuAddress, bytes]] = []
        while self._lost is None:
            left = deadline - self._clock()
            unfinished = left <= 0 and any(link.receiving_since() is not None for link in links)
            try:
                answers.append(heard.get(timeout=GATHER if unfinished else min(max(left, 0.0), GATHER)))
            except queue.Empty:
                if left <= 0 and not unfinished:
                    return answers
        raise self._lost

    # -- the rest of the port

    @property
    def lost(self) -> VciLost | None:
        """Why nothing is heard any more: for those that only listen, whom no failing request tells."""
        return None if self._closed else self._lost

    def voltage(self) -> float | None:
        return None

    def vin_hint(self) -> str:
        return ""

    def power_mode(self) -> int | None:
        return None

    def close(self) -> None:
        with self._registry:
            if self._closed:
                return
            self._closed = True
        self._closing.set()
        self._fail(VciLost(f"{self.name} was closed.", "Connect again."))
        self._reader.join()
        try:
            self._let_go()
        finally:
            if self._on_close is not None:
                self._on_close()

    def _fail(self, failure: VciLost) -> VciLost:
        """Tells every link; the first reason stays and is returned."""
        with self._registry:
            self._lost = lost = self._lost or failure
            links = [link for group in self._links.values() for link in group]
        for link in links:
            link.fail(lost)
        return lost


def link_key(identifier: int, is_extended: bool) -> int:
    return identifier | EXTENDED if is_extended else identifier
