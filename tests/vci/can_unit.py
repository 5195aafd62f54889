"""What the CAN tests talk to: a unit with a thread of its own on any bus, and a bus that a test holds in its hands."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import can

from core.protocol.isotp import IsoTpMachine, mirrored
from core.vocabulary import CanAddress

Respond = Callable[[bytes], list[bytes]]


class CanUnit:
    """Answers every PDU at `address` with what `respond` gives; also hears the functional identifier."""

    def __init__(self, bus: can.BusABC, address: CanAddress, respond: Respond, **options: int) -> None:
        self._bus, self._address, self._respond = bus, mirrored(address), respond
        self._machine = IsoTpMachine(self._address, **options)
        self._everybody = IsoTpMachine(self._address, functional=True)
        self._stop = threading.Event()
        self.heard: list[bytes] = []
        self._thread = threading.Thread(target=self._live, name="unit")

    def __enter__(self) -> CanUnit:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._bus.shutdown()

    def _live(self) -> None:
        while not self._stop.is_set():
            deadline = self._machine.next_deadline()
            wait = 0.05 if deadline is None else min(0.05, max(0.0, deadline - time.monotonic()))
            message = self._bus.recv(wait)
            now = time.monotonic()
            if message is not None:
                if message.arbitration_id == self._address.rx:
                    self._machine.receive(bytes(message.data), now)
                elif message.arbitration_id == self._address.functional:
                    self._everybody.receive(bytes(message.data), now)
            for machine in (self._machine, self._everybody):
                while (pdu := machine.next_pdu()) is not None:
                    self.heard.append(pdu)
                    for answer in self._respond(pdu):
                        self._machine.send(answer, now)
            self._machine.handle_timeout(now)
            while frames := self._machine.frames_to_send(time.monotonic()):
                for frame in frames:
                    self._bus.send(message_of(self._address, self._address.tx, frame))


def message_of(address: CanAddress, identifier: int, data: bytes, **more: Any) -> can.Message:
    return can.Message(
        arbitration_id=identifier, data=data, is_extended_id=address.is_extended_id, is_fd=address.is_fd, **more
    )


class HandBus(can.BusABC):
    """A bus without a wire: the test reads `sent`, gives frames or errors with `inject`, and lets sending fail or,
    by closing `gate`, stand still (`held` then says that a sender waits)."""

    def __init__(self) -> None:
        super().__init__(channel="hand")
        self.channel_info = "hand"
        self.sent: queue.Queue[can.Message] = queue.Queue()
        self.failures: list[Exception] = []
        self.gate = threading.Event()
        self.held = threading.Event()
        self.gate.set()
        self.was_shut_down = False
        self._arriving: queue.Queue[can.Message | Exception] = queue.Queue()

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        if not self.gate.is_set():
            self.held.set()
        assert self.gate.wait(30)
        if self.failures:
            raise self.failures.pop(0)
        self.sent.put(msg)

    def inject(self, what: can.Message | Exception) -> None:
        self._arriving.put(what)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        try:
            what = self._arriving.get(timeout=timeout)
        except queue.Empty:
            return None, False
        if isinstance(what, Exception):
            raise what
        return what, False

    def shutdown(self) -> None:
        super().shutdown()
        self.was_shut_down = True
