"""The client's end of the wire: calls that wait for their answer, and a thread that takes in what the host pushes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from core.errors import LocalProtocolError, ProductError, RemoteProtocolError, VciBusy, VciLost
from core.host.codec import FINGERPRINT
from core.host.registry import Entry, Registry, lives
from core.host.wire import Wire, call_up

CALL_SECONDS = 60.0
LOST_ADVICE = (
    "Keep the ignition on, connect again and run the quick test; a flash that was running is repeated from the start."
)

Push = Callable[[tuple[Any, ...]], None]


class _Slot:
    """Where an answer is put for the thread that waits for it."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.answer: Any = None
        self.error: ProductError | None = None


class HostLink:
    """One conversation with the host `entry`.

    `on_push` gets every message that is no answer, `on_end` the reason ("" after a goodbye of ours), both on the
    link's thread. Use `dial` to make one.
    """

    def __init__(self, wire: Wire, entry: Entry) -> None:
        self.entry = entry
        self.reason = ""
        self._wire = wire
        self._numbers = count(1)
        self._slots: dict[int, _Slot] = {}
        self._lock = threading.Lock()
        self._on_push: Push = lambda message: None
        self._on_end: Callable[[str], None] = lambda reason: None
        self._over = False
        self._leaving = False
        self._thread = threading.Thread(target=self._run, name=f"vehicle host {entry.pid}", daemon=True)

    def start(self, on_push: Push, on_end: Callable[[str], None]) -> None:
        self._on_push, self._on_end = on_push, on_end
        self._thread.start()

    def call(self, verb: str, *arguments: Any, seconds: float = CALL_SECONDS) -> Any:
        """The answer. Raises the host's refusal, VciLost where the host is gone, TimeoutError after `seconds`."""
        slot, number = _Slot(), next(self._numbers)
        with self._lock:
            if self._over:
                raise self.lost()
            self._slots[number] = slot
        try:
            if not self._wire.send((number, verb, arguments)):
                raise self.lost()
            if not slot.arrived.wait(seconds):
                raise TimeoutError(f"The vehicle host (pid {self.entry.pid}) did not answer within {seconds:g} s")
        finally:
            self._slots.pop(number, None)
        if slot.error is not None:
            raise slot.error
        return slot.answer

    def tell(self, verb: str, *arguments: Any) -> None:
        """A wish whose answer nobody waits for."""
        if not self._wire.send((next(self._numbers), verb, arguments)):
            raise self.lost()

    def lost(self) -> VciLost:
        """The error of everything that the end of the host cuts off."""
        reason = self.reason or f"The vehicle host (pid {self.entry.pid}) of {self.entry.uri} ended unexpectedly."
        return VciLost(reason, LOST_ADVICE, lost_code="host")

    def leave(self, seconds: float) -> None:
        """Says goodbye and waits until the host has heard it: the last one waits until the device is free."""
        self._leaving = True
        try:
            self.call("leave", seconds=seconds)
        except (ProductError, TimeoutError):
            pass  # it is gone already, or stopped: hanging up is all that is left
        self.close()

    def close(self) -> None:
        """Hangs up; idempotent. Not from `on_push` or `on_end`."""
        self._leaving = True
        self._wire.hang_up()
        if self._thread.ident is None:
            self._wire.close()
        else:
            self._thread.join()

    # -- the thread

    def _run(self) -> None:
        try:
            while (message := self._wire.receive()) is not None:
                self._take_in(message)
        except RemoteProtocolError as error:
            self.reason = f"The vehicle host (pid {self.entry.pid}) said something senseless: {error.message}"
        finally:
            with self._lock:
                self._over = True
                slots = list(self._slots.values())
            for slot in slots:
                slot.error = self.lost()
                slot.arrived.set()
            self._wire.hang_up()
            self._wire.close()
            self._on_end("" if self._leaving else self.lost().message)

    def _take_in(self, message: Any) -> None:
        if not isinstance(message, tuple) or not message:
            raise RemoteProtocolError("no message", standard="vehicle host")
        kind = message[0]
        if kind in ("answer", "refusal") and len(message) == 3:
            slot = self._slots.get(message[1])
            if slot is None:
                return
            if kind == "answer":
                slot.answer = message[2]
            else:
                refused = isinstance(message[2], ProductError)
                slot.error = message[2] if refused else LocalProtocolError("The vehicle host refused.")
            slot.arrived.set()
        elif kind == "bye":
            self.reason = str(message[1]) if len(message) > 1 else ""
        else:
            self._on_push(message)


def dial(registry: Registry, entry: Entry) -> HostLink | None:
    """A link to this host, not started yet. None where it is gone (what it left is removed).

    VciBusy for a host that lives and does not answer, or that another version of the product runs.
    """
    holder = f"pid {entry.pid} (passbay host {entry.uri})"
    try:
        wire = call_up(entry.address, registry.key(entry))
    except (ConnectionRefusedError, FileNotFoundError):
        if not lives(entry, certainly=True):
            registry.remove(entry)
        return None  # else it is just ending
    except OSError:  # TimeoutError is one
        if not lives(entry):
            registry.remove(entry)
            return None
        raise VciBusy(f"The vehicle host {holder} does not answer.", holder=holder) from None
    try:
        fingerprint = wire.receive()
    except RemoteProtocolError:
        fingerprint = ""
    if fingerprint is None:
        wire.close()
        return None
    if fingerprint != FINGERPRINT:
        wire.close()
        raise VciBusy(
            f"Another version of Passbay uses the vehicle: {holder}.", "Wait for its end or close it.", holder=holder
        )
    return HostLink(wire, entry)
