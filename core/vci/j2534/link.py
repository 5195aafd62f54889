"""A link over a device's own ISO-TP (SAE J2534-1, ISO15765 channel): whole PDUs. Segments nothing itself."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from core.errors import NoResponse, VciError, VciLost
from core.vci.channel import Clock
from core.vci.j2534.driver import constants as j
from core.vocabulary import CanAddress, EcuAddress

LONGEST_ANSWER = 10.0  # seconds from its first frame: the device does not tell where it gave up receiving
UNREAD = 64  # answers kept that nobody reads

Write = Callable[["J2534Link", bytes], float]
Collector = Callable[[CanAddress, bytes], None]


class J2534Link:
    """One conversation with one unit (`core.vci.channel.Link`). The reader thread calls the `on_` methods."""

    max_pdu = j.MAX_PDU

    def __init__(self, address: CanAddress, write: Write, *, clock: Clock, forget: Callable[[J2534Link], None]) -> None:
        self.address: EcuAddress = address
        self.can_address = address
        self.collector: Collector | None = None
        self._write, self._clock, self._forget = write, clock, forget
        self._changed = threading.Condition(threading.Lock())
        self._unread: deque[bytes] = deque(maxlen=UNREAD)
        self._begun: float | None = None
        self._on_its_way = False
        self._failure: VciError | None = None

    def send(self, pdu: bytes) -> None:
        """Returns when the message is on the bus: told by the device (TxDone), seen by an answer, or by the time that
        the bus needs for it. Without that P2 would begin while the device still sends."""
        if len(pdu) > self.max_pdu:
            raise VciError(f"A pass-thru device carries {self.max_pdu} bytes a message, not {len(pdu)}.")
        with self._changed:
            self._check()
            self._on_its_way = True
        sent_by = self._write(self, pdu)
        with self._changed:
            while self._on_its_way:
                self._check()
                left = sent_by - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            self._on_its_way = False

    def receive(self, deadline: float) -> bytes | None:
        with self._changed:
            while True:
                if self._unread:
                    return self._unread.popleft()
                self._check()
                now = self._clock()
                until = deadline if self._begun is None else self._begun + LONGEST_ANSWER
                if now >= until:
                    if self._begun is None:
                        return None
                    self._begun = None
                    raise NoResponse(f"Unit {self.address} began a long answer and did not end it.", timer="N_Cr")
                self._changed.wait(until - now)

    def receiving_since(self) -> float | None:
        with self._changed:
            if self._begun is not None and self._clock() >= self._begun + LONGEST_ANSWER:
                self._begun = None
            return self._begun

    def clear(self) -> None:
        with self._changed:
            self._unread.clear()

    def close(self) -> None:
        self._forget(self)
        self.fail(VciLost("The link was closed.", "Connect again."))

    def fail(self, failure: VciError) -> None:
        """The device is gone: everybody who waits here is told. The first reason stays."""
        with self._changed:
            self._failure = self._failure or failure
            self._changed.notify_all()

    def on_sent(self) -> None:
        with self._changed:
            self._on_its_way = False
            self._changed.notify_all()

    def on_first_frame(self) -> None:
        with self._changed:
            self._on_its_way = False
            self._begun = self._clock()
            self._changed.notify_all()

    def on_message(self, pdu: bytes) -> None:
        with self._changed:
            self._on_its_way = False
            self._begun = None
            if self.collector is not None:
                self.collector(self.can_address, pdu)
            else:
                self._unread.append(pdu)
            self._changed.notify_all()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
