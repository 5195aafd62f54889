"""A link over ISO-TP: one machine, its lock, and who sends its frames when. Knows no bus library and no UDS."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.errors import VciError, VciLost
from core.protocol.isotp import IsoTpMachine
from core.protocol.isotp_frames import BATCH
from core.vci.channel import Clock
from core.vocabulary import CanAddress, EcuAddress

MAX_PDU = 0xFFFF_FFFF  # FF_DL has 32 bits (ISO 15765-2, 9.6.3.2)
READER_FRAMES = 32  # most CFs the reader sends before it hands over, so that it is soon back at the bus
READER_TURN = 0.1  # seconds; the reader's few frames take less
EVER = 1 << 30

Transmit = Callable[[CanAddress, list[bytes]], None]
Collector = Callable[[CanAddress, bytes], None]


class IsoTpLink:
    """One conversation with one unit on CAN (`core.vci.channel.Link`).

    The reader thread calls `on_frame`. After an FC it sends the next CFs itself (BS 8 would else cost a thread switch
    for every eight frames); more than READER_FRAMES go on in the thread that waits in `send`. Only the holder of the
    pump sends, so CFs never overtake each other; who finds it taken leaves, because the holder looks again.
    """

    max_pdu = MAX_PDU

    def __init__(
        self,
        address: CanAddress,
        transmit: Transmit,
        *,
        clock: Clock,
        forget: Callable[[IsoTpLink], None],
        block_size: int = 0,
    ) -> None:
        self.address: EcuAddress = address
        self.can_address = address
        self.collector: Collector | None = None
        self._transmit = transmit
        self._clock = clock
        self._forget = forget
        self._machine = IsoTpMachine(address, block_size=block_size)
        self._changed = threading.Condition(threading.Lock())
        self._pump = threading.Lock()
        self._waiting = 0
        self._failure: VciError | None = None

    def send(self, pdu: bytes) -> None:
        machine, changed = self._machine, self._changed
        with changed:
            self._check()
            while machine.error() is not None:  # of messages before this one: nobody waits for them any more
                pass
            machine.send(pdu, self._clock())
        while True:
            self._run_pump(EVER, BATCH)
            with changed:
                self._check()
                now = self._clock()
                machine.handle_timeout(now)
                failure = machine.tx_error()
                if failure is not None:
                    raise failure
                if self._pump.locked():
                    changed.wait(READER_TURN)  # it tells when it stops, except where it stops for an FC
                elif not machine.sending:
                    return
                elif not machine.frames_due(now):
                    deadline = machine.next_deadline()
                    changed.wait(None if deadline is None else max(0.0, deadline - now))

    def receive(self, deadline: float) -> bytes | None:
        machine = self._machine
        with self._changed:
            if self._clock() >= deadline and machine.receive_deadline is None:
                machine.rx_error()  # who only looks what is there wants no old failure
            while True:
                pdu = machine.next_pdu()
                if pdu is not None:
                    while machine.rx_error() is not None:  # what broke before this PDU is of no interest any more
                        pass
                    return pdu
                self._check()
                now = self._clock()
                machine.handle_timeout(now)
                until = machine.receive_deadline
                if until is None:
                    failure = machine.rx_error()
                    if failure is not None:
                        raise failure
                    if now >= deadline:
                        return None
                    until = deadline
                self._waiting += 1
                self._changed.wait(max(0.0, until - now))
                self._waiting -= 1

    def receiving_since(self) -> float | None:
        with self._changed:
            self._machine.handle_timeout(self._clock())
            return self._machine.receiving_since

    def clear(self) -> None:
        with self._changed:
            self._machine.clear()

    def close(self) -> None:
        self._forget(self)
        self.fail(VciLost("The link was closed.", "Connect again."))

    def fail(self, failure: VciError) -> None:
        """The device is gone: everybody who waits here is told. The first reason stays."""
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    def on_frame(self, data: bytes, now: float) -> None:
        """One frame on our identifier, from the reader thread. VciLost where its answer cannot be sent."""
        machine = self._machine
        with self._changed:
            machine.receive(data, now)
            due = machine.frames_due(now)
            if machine.has_news:
                self._announce()
            elif not due and machine.sending:
                self._changed.notify_all()
        if due:
            self._run_pump(1, READER_FRAMES)
            with self._changed:
                if not machine.awaits_flow_control:
                    self._changed.notify_all()

    def _announce(self) -> None:
        if self.collector is not None and not self._waiting:
            while (pdu := self._machine.next_pdu()) is not None:
                self.collector(self.can_address, pdu)
        self._changed.notify_all()

    def _run_pump(self, turns: int, frames_a_turn: int) -> None:
        """Send what is due, `turns` times at most. Leaves at once where another thread does."""
        machine, clock = self._machine, self._clock
        while turns and self._pump.acquire(blocking=False):
            try:
                while turns:
                    with self._changed:
                        frames = machine.frames_to_send(clock(), frames_a_turn)
                    if not frames:
                        break
                    self._transmit(self.can_address, frames)
                    turns -= 1
            finally:
                self._pump.release()
            with self._changed:  # who came while we held the pump has left: look once more
                if not machine.frames_due(clock()):
                    return

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
