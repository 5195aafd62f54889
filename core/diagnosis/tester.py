"""The tester: the only pump of the UDS client (ISO 14229-2). Owns links, locks and the keep-alive; decides nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.diagnosis.commands import Collect, Functional, KeepAlive, Reconnect, Request
from core.diagnosis.keep_alive_thread import KeepAliveThread
from core.errors import NegativeResponse, NoResponse, ProductError, RoutingDenied, VciError, VciLost
from core.events import Event, ForeignAnswerSkipped, NegativeResponseReceived, ResponsePendingReceived
from core.protocol import uds
from core.protocol.dialect import dialect_of
from core.protocol.uds_client import DEFAULT_P2, DEFAULT_P2_STAR, Notice, UdsClient
from core.vci.channel import Clock, Link, Vci
from core.vci.functional import functional_targets
from core.vocabulary import DoipAddress, EcuAddress, Transport

Publish = Callable[[Event], None]

PROBE_P2 = 0.5
"""Seconds that one probe after a reset waits: the unit is not there yet most of the time."""
PROBE_PAUSE = 0.1
MOST_LATE_ANSWERS = 256
"""Read away before a request: a unit that never stops talking must not hold it up."""


class _Way:
    """One pair of ends on the bus. Two addresses that differ in padding or the like share it, one at a time."""

    __slots__ = ("lock", "user")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.user: _Unit | None = None


class _Unit:
    """What the tester keeps for one address: its link, its client, and the lock of its way for both."""

    __slots__ = ("address", "client", "dialect", "doubtful", "link", "lock", "way")

    def __init__(self, address: EcuAddress, way: _Way) -> None:
        self.address = address
        self.dialect = dialect_of(address)
        self.client = self.dialect.client()
        self.way = way
        self.lock = way.lock
        self.link: Link | None = None
        self.doubtful = False  # a late answer to an earlier request may still come


class Tester:
    """Talks to the units of one vehicle through one open VCI. Every method may be called from several threads.

    Requests to one unit follow each other, requests to several run side by side. Errors are those of core.errors:
    NegativeResponse, NoResponse, and what the VCI raises (VciLost, VciNotFound, RoutingDenied, RemoteProtocolError).
    `close` gives back links and threads; the VCI belongs to the caller.
    """

    __test__ = False  # pytest would take the name for a test class

    def __init__(
        self,
        vci: Vci,
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
        publish: Publish = lambda event: None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.clock = clock
        self.wall_clock = wall_clock
        self._vci = vci
        self._publish = publish
        self._pause = pause
        self._lock = threading.Lock()
        self._units: dict[EcuAddress, _Unit] = {}
        self._ways: dict[tuple[object, ...], _Way] = {}
        self._by_identity: dict[int, _Unit] = {}  # id(unit.address): hashing an address costs more than a request
        self._keep_alive: dict[Transport, KeepAliveThread] = {}
        self._closed = False

    # -- requests

    def request(self, request: Request) -> bytes:
        """The unit's answer: positive, or the 7F where `raise_negative` is False, or b"" for a wished silence."""
        unit = self._by_identity.get(id(request.address)) or self._unit(request.address)
        with unit.lock:
            answer = self._converse(unit, request)
        if answer and answer[0] == uds.NEGATIVE:
            self._refused(unit, request, answer)
        return answer

    def functional(self, command: Functional) -> None:
        """Send once per functional address among `addresses`; no answer is waited for."""
        for address in functional_targets(command.addresses):
            self._vci.send_functional(address, command.pdu)

    def collect(self, command: Collect) -> list[tuple[EcuAddress, bytes]]:
        """Send functionally, gather the answers of `seconds`. Units in it take no other request meanwhile."""
        units = {id(unit): unit for unit in map(self._unit, command.addresses)}
        held = sorted(units.values(), key=lambda unit: id(unit.lock))  # one order for all threads: no deadlock
        for unit in held:
            unit.lock.acquire()
        try:
            deadline = self.clock() + command.seconds
            return self._vci.collect_functional(command.addresses, command.pdu, deadline)
        finally:
            for unit in reversed(held):
                unit.doubtful = True
                unit.lock.release()

    def reconnect(self, command: Reconnect) -> bytes:
        """The unit was reset: drop its link and session times, probe until it answers (also with a refusal).

        NoResponse(timer="reconnect") when `seconds` have passed, the last error as its cause.
        """
        unit = self._unit(command.address)
        end = self.clock() + command.seconds
        probe = Request(command.unit, command.address, command.probe, p2=PROBE_P2)
        last: ProductError | None = None
        with unit.lock:
            unit.client.forget_session()
            self._drop_link(unit)
            over = False
            while not over:
                over = self.clock() >= end  # who takes just as long as its data says is asked once more after that
                try:
                    return self._converse(unit, probe)
                except (NoResponse, VciError, RoutingDenied) as error:
                    last = error
                    if not isinstance(error, NoResponse):
                        self._drop_link(unit)
                if not over:
                    self._pause(min(PROBE_PAUSE, max(0.0, end - self.clock())))
        reason = f" Last: {last.message}" if isinstance(last, VciError) else ""
        raise NoResponse(
            f"{command.unit} did not come back within {command.seconds:g} s after its reset.{reason}",
            timer="reconnect",
        ) from last

    # -- the rest of the port

    def keep_alive(self, command: KeepAlive) -> None:
        """3E 80 (KWP2000: 3E 02) from now on, one thread a transport: a stalled one does not hold up the other."""
        protocols = {address.protocol for address in command.addresses}
        targets = [
            address
            for protocol in sorted(protocols)
            for address in functional_targets(tuple(a for a in command.addresses if a.protocol == protocol))
        ]
        with self._lock:
            for transport in Transport:
                mine = tuple(a for a in targets if a.transport is transport)
                thread = self._keep_alive.get(transport)
                if thread is None and mine and not self._closed:
                    thread = KeepAliveThread(self._vci.send_functional, self.clock, self._publish, self.wall_clock)
                    self._keep_alive[transport] = thread
                if thread is not None:
                    thread.set(mine, command.interval)

    def link_limit(self, address: EcuAddress) -> int:
        """The largest PDU in bytes that the way to this unit carries."""
        unit = self._unit(address)
        with unit.lock:
            return self._link(unit).max_pdu

    def voltage(self) -> float | None:
        """Volts, None where the device cannot measure."""
        return self._vci.voltage()

    def wait(self, seconds: float) -> None:
        """Let time pass on the tester's clock."""
        self._pause(seconds)

    def set_timing(self, address: EcuAddress, p2: float = DEFAULT_P2, p2_star: float = DEFAULT_P2_STAR) -> None:
        """What the diagnostic data says about this unit's P2 and P2*, seconds, as the tester waits."""
        unit = self._unit(address)
        with unit.lock:
            unit.client.data_p2, unit.client.data_p2_star = p2, p2_star
            unit.client.forget_session()

    def close(self) -> None:
        """Stop the keep-alive and close the links. Idempotent; does not close the VCI."""
        with self._lock:
            self._closed = True
            threads, self._keep_alive = list(self._keep_alive.values()), {}
            units = list(self._units.values())
        for thread in threads:
            thread.close()
        for unit in units:
            with unit.lock:
                self._drop_link(unit)

    # -- inside

    def _converse(self, unit: _Unit, request: Request) -> bytes:
        """One request and its answer, the unit's lock held."""
        client, clock = unit.client, self.clock
        link = unit.link or self._link(unit)
        if unit.doubtful or client.early_answers:
            self._drain(unit, link, request.unit)
        client.send(
            request.pdu,
            clock(),
            suppressed=request.suppressed,
            attempts=request.attempts,
            p2=request.p2,
            total=request.timeout,
        )
        try:
            while not client.finished:
                self._turn(client, link, clock)
                if client.notices:
                    self._tell_notices(client, request)
        except VciLost:
            self._drop_link(unit)  # the next request may find the connection again
            raise
        finally:
            client.abandon()
            unit.doubtful = bool(client.timer) or client.transmissions > 1
        answer = client.next_pdu()
        if answer is None:
            raise self._silence(unit, request)
        return answer

    @staticmethod
    def _turn(client: UdsClient, link: Link, clock: Clock) -> None:
        """Send what is to be sent, then wait once."""
        try:
            pdu = client.pdu_to_send(clock())
            if pdu is not None:
                link.send(pdu)
                client.sent(clock())
            deadline = client.next_deadline()
            answer = link.receive(deadline) if deadline is not None else None
        except NoResponse as silence:  # a transport timer: the client knows whether it may send again
            client.transport_failed(silence.timer, clock())
            return
        if answer is not None:
            client.receive(answer, clock())
        elif link.receiving_since() is not None:
            client.answer_begun(clock())
            client.handle_timeout(clock())
        else:
            client.handle_timeout(clock())

    def _drain(self, unit: _Unit, link: Link, name: str) -> None:
        """Late answers to an earlier request: they must not be taken for the next one's."""
        now = self.clock()
        for _ in range(MOST_LATE_ANSWERS):
            late = link.receive(now)
            if late is None:
                break
            self._publish(ForeignAnswerSkipped(self.wall_clock(), name, late))
        unit.doubtful = False

    def _tell_notices(self, client: UdsClient, request: Request) -> None:
        for note in client.notices:
            if note.notice is Notice.SKIPPED:
                self._publish(ForeignAnswerSkipped(self.wall_clock(), request.unit, note.pdu))
            elif note.notice is Notice.PENDING:
                sid = request.pdu[0]
                self._publish(ResponsePendingReceived(self.wall_clock(), request.unit, sid, note.number))
        client.notices.clear()

    def _refused(self, unit: _Unit, request: Request, answer: bytes) -> None:
        sid, code, dialect = answer[1], answer[2], unit.dialect
        message, advice = dialect.explain(sid, code)
        self._publish(
            NegativeResponseReceived(self.wall_clock(), request.unit, sid, code, dialect.label(code), dialect.name)
        )
        if request.raise_negative:
            raise NegativeResponse(f"{request.unit}: {message}", advice, sid=sid, nrc=code, protocol=dialect.name)

    def _silence(self, unit: _Unit, request: Request) -> NoResponse:
        timer, tries = unit.client.timer, unit.client.transmissions
        often = f" ({tries} tries)" if tries > 1 else ""
        what = unit.dialect.describe(request.pdu)
        return NoResponse(f"{request.unit} did not answer {what}{often}: {timer} ran out.", timer=timer)

    def _unit(self, address: EcuAddress) -> _Unit:
        with self._lock:
            unit = self._units.get(address)
            if unit is None:
                way = self._ways.setdefault(_ends(address), _Way())
                unit = self._units[address] = _Unit(address, way)
                self._by_identity[id(address)] = unit
            return unit

    def _link(self, unit: _Unit) -> Link:
        if unit.link is None:
            if self._closed:
                raise VciError("The connection to the vehicle is closed.", "Connect again.")
            if unit.way.user is not None:
                self._drop_link(unit.way.user)
            unit.link = self._vci.open_link(unit.address)
            unit.way.user = unit
            unit.doubtful = False
        return unit.link

    @staticmethod
    def _drop_link(unit: _Unit) -> None:
        link, unit.link = unit.link, None
        if link is not None:
            link.close()


def _ends(address: EcuAddress) -> tuple[object, ...]:
    if isinstance(address, DoipAddress):
        return (address.logical,)
    return address.tx, address.rx, address.is_extended_id, address.tx_extension, address.rx_extension
