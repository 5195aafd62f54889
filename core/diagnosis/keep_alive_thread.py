"""The thread that sends TesterPresent on time (S3client, ISO 14229-2), whatever jobs and screens do meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.errors import ProductError
from core.events import Event, Noted
from core.protocol.dialect import dialect_of
from core.protocol.keep_alive import KeepAliveMachine
from core.vci.channel import Clock
from core.vocabulary import EcuAddress

Send = Callable[[EcuAddress, bytes], None]


class KeepAliveThread:
    """Sends TesterPresent to `addresses` each time the machine says so. A failure is told once and does not end it."""

    def __init__(self, send: Send, clock: Clock, publish: Callable[[Event], None], wall_clock: Clock) -> None:
        self._send = send
        self._clock = clock
        self._publish = publish
        self._wall_clock = wall_clock
        self._machine = KeepAliveMachine()
        self._addresses: tuple[EcuAddress, ...] = ()
        self._failing = False
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="keep-alive", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._machine.running

    def set(self, addresses: tuple[EcuAddress, ...], interval: float) -> None:
        """From now on to these; none stops it."""
        with self._changed:
            self._addresses = addresses
            if addresses:
                self._machine.start(interval, self._clock())
            else:
                self._machine.stop()
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._machine.stop()
            self._changed.notify()
        self._thread.join(timeout=5.0)  # a send that hangs in a driver must not hang the closing too

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._machine.due(self._clock()):
                    due = self._machine.next_deadline()
                    self._changed.wait(None if due is None else max(0.0, due - self._clock()))
                if self._closed:
                    return
                addresses = self._addresses
            for address in addresses:
                self._send_one(address)

    def _send_one(self, address: EcuAddress) -> None:
        try:
            self._send(address, dialect_of(address).tester_present())
        except ProductError as error:
            if not self._failing:
                text = f"The keep-alive message could not be sent: {error.message}"
                self._publish(Noted(self._wall_clock(), "warning", text))
            self._failing = True
        else:
            self._failing = False
