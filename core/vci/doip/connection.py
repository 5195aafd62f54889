"""The pump of one DoIP TCP connection (ISO 13400-2): a socket, the pure client machine, and who reads. No UDS.

Leader and follower: the thread that waits for its answer reads the socket itself, for a hand-over between threads
costs more than everything else of a message. While nobody waits a background thread reads, so that alive checks
are answered within their 500 ms.
"""

from __future__ import annotations

import copy
import select
import selectors
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from core.errors import ProductError, VciLost
from core.protocol import doip_messages as dm
from core.protocol.doip import DoipClientMachine, Transmission
from core.vci.channel import Clock, Tap
from core.vocabulary import DoipMessage

_SLICE = 0.01  # seconds a leader stays in one read: the grain of deadlines
_IDLE_AFTER = 0.05  # seconds without a waiting thread until the background thread takes over
_IDLE_READ = 0.25
_SPIN = 60e-6  # seconds a reader looks before it sleeps
_SPIN_TRIES = 3
_SPIN_REST = 100  # reads without looking after _SPIN_TRIES in vain
_WRITE_STALL = 10.0  # seconds without a single byte taken by the peer
_READ_SIZE = 16 * 1024
_MAX_READ = 1024 * 1024
_new = tuple.__new__  # of a NamedTuple: half the cost, and every message pays it
_FOREVER = float("inf")
TLS = "TLS"
"""`lost_code` where the other side ended the connection by a TLS alert (no certificate, no trust)."""
_DONT_WAIT = getattr(socket, "MSG_DONTWAIT", 0)


class Waitable(Protocol):
    """What a thread can wait for; `ready` is read with the connection's lock held."""

    @property
    def ready(self) -> bool: ...


class DoipConnection:
    """One open socket. Every method may be called from any thread; after a loss all raise what `error` says."""

    def __init__(
        self, sock: Any, machine: DoipClientMachine, *, tap: Tap, clock: Clock, channel: str = ""
    ) -> None:
        """`sock` is a socket or a TlsSocket."""
        self._socket: Any = sock
        self._flush_socket: Callable[[], None] | None = getattr(sock, "flush", None)
        self.machine = machine
        self._tap = tap
        self._clock = clock
        self._channel = channel
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._leading = False
        self._followers = 0
        self._waiters = 0
        self._served = 0
        self._unsent: deque[memoryview] = deque()
        self._next_tick = clock()
        self._broken: OSError | None = None
        self._glance = _Glance(sock, clock)
        self._stop = threading.Event()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if _DONT_WAIT:  # one system call a read: a Python timeout would poll first
            sock.setblocking(True)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", 0, int(_SLICE * 1e6)))
        else:
            sock.settimeout(_SLICE)
        self._background = threading.Thread(target=self._read_idle, name=f"doip {channel}", daemon=True)

    @property
    def error(self) -> ProductError | None:
        """Why the connection has ended; None while it lives."""
        return self.machine.error

    def activate(self) -> None:
        """Routing activation; raises RoutingDenied, NoResponse or VciLost. Starts the background reader."""
        with self._lock:
            self.machine.activate(self._clock())
            self._flush()
        self.wait(_Activated(self.machine), _FOREVER)  # the machine's own timers end it
        self._background.start()

    def send(self, target: int, pdu: bytes) -> None:
        """Send one message and wait for its ack; raises what it failed with (the machine's timers and retries)."""
        with self._lock:
            transmission = self._transmit(target, pdu, True)
            self._wait(transmission, _FOREVER)
        if transmission.error is not None:
            raise copy.copy(transmission.error)

    def send_unacknowledged(self, target: int, pdu: bytes) -> None:
        """Send one message and wait for nothing but room in the peer's receive window."""
        with self._lock:
            self._transmit(target, pdu, False)

    def wait(self, subject: Waitable, deadline: float) -> bool:
        """True when `subject.ready`, False at `deadline`; raises where the connection is lost."""
        with self._lock:
            ready = self._wait(subject, deadline)
            if not ready:
                self._raise_if_lost()
            return ready

    def call(self, method: Any, *arguments: Any) -> Any:
        """Run a method of the machine with the connection's lock held."""
        with self._lock:
            return method(*arguments)

    def close(self, reason: str = "the connection was closed") -> None:
        """End it; threads that wait get VciLost. Idempotent."""
        self._stop.set()
        with self._lock:
            self.machine.connection_lost(VciLost(reason))
            self._shut()
            self._changed.notify_all()
        if self._background.is_alive() and threading.current_thread() is not self._background:
            self._background.join(2.0)
        with self._lock:
            until = self._clock() + 2.0
            while self._leading and self._clock() < until:
                self._follow(_SLICE)  # closing under a reader would give its file number to the next socket
            self._socket.close()

    # ---- with the lock held

    def _transmit(self, target: int, pdu: bytes, wants_ack: bool) -> Transmission:
        machine = self.machine
        if machine.error is not None:
            self._raise_if_lost()
        if machine.outgoing:
            self._flush()
        head = machine.head(target, len(pdu))
        sent = 0 if self._unsent else self._write(head, pdu)
        # from here on the peer works: bookkeeping and the tap cost nothing
        transmission = machine.sent(target, pdu, self._clock(), wants_ack)
        self._tap(DoipMessage(time.time(), 0x8001, transmission.payload, False, self._channel))
        if sent < 12 + len(pdu) and machine.error is None:
            self._unsent.append(memoryview(head + pdu)[sent:])
            self._write_out()
            transmission.deadline = self._clock() + dm.A_DOIP_DIAGNOSTIC_MESSAGE
        return transmission

    def _wait(self, subject: Waitable, deadline: float) -> bool:
        """Lead or follow until `subject.ready`, `deadline` or the end of the connection."""
        self._waiters += 1
        self._served += 1
        try:
            while not subject.ready:
                if self.machine.error is not None:
                    return False
                left = deadline - self._clock()
                if left <= 0:
                    if not self._leading:
                        self._lead(_DONT_WAIT)  # what is in the kernel already belongs to the past
                    return subject.ready
                if not self._leading:
                    self._lead()
                elif not self._follow(min(left, _SLICE)):
                    self._tick()
            return True
        finally:
            self._waiters -= 1
            if self._followers:
                self._changed.notify_all()

    def _raise_if_lost(self) -> None:
        if self.machine.error is not None:
            raise copy.copy(self.machine.error)

    def _follow(self, seconds: float) -> bool:
        self._followers += 1
        try:
            return self._changed.wait(seconds)
        finally:
            self._followers -= 1

    def _lead(self, flags: int = 0) -> None:
        """Read once (at most _SLICE) without the lock, then serve everybody with what came."""
        self._leading = True
        self._lock.release()
        try:
            data = self._read(flags)
        finally:
            self._lock.acquire()
            self._leading = False
        self._take(data)

    def _read(self, flags: int = 0) -> bytes | None:
        """b"" is the end, `_broken` says why where it was an error; None: nothing came within _SLICE."""
        missing = self.machine.missing
        if not flags:
            self._glance.look()
        try:
            data: bytes = self._socket.recv(max(_READ_SIZE, min(missing, _MAX_READ)), flags)
        except (BlockingIOError, TimeoutError, InterruptedError):
            return None
        except OSError as error:
            self._broken = error
            return b""
        return data

    def _take(self, data: bytes | None) -> None:
        if data:
            now, machine = self._clock(), self.machine
            stamp, tap, channel = time.time(), self._tap, self._channel
            for kind, payload, _version in machine.receive(data, now):
                tap(_new(DoipMessage, (stamp, kind, payload, True, channel)))
            if now >= self._next_tick or machine.error is not None:
                self._tick()
            elif machine.outgoing:
                self._flush()
        elif data is None:
            self._tick()
        elif self._broken is not None:
            self._break_down(self._broken)
        else:
            self._lose(f"the DoIP entity {self._channel} closed the connection", "EOF")
        if self._followers:
            self._changed.notify_all()

    def _tick(self) -> None:
        now = self._clock()
        self._next_tick = now + _SLICE
        self.machine.handle_timeout(now)
        self._flush()
        if self.machine.error is not None:
            self._shut()

    def _lose(self, reason: str, code: str) -> None:
        self.machine.connection_lost(VciLost(reason, lost_code=code))
        self._shut()

    def _shut(self) -> None:
        self._unsent.clear()
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is down already

    def _flush(self) -> None:
        """Hand to the kernel what it takes now; the rest stays in `_unsent`, in order."""
        for kind, payload in self.machine.messages_to_send(self._clock()):
            self._tap(DoipMessage(time.time(), kind, payload, False, self._channel))
            head = dm.HEADER.pack(self.machine.version, self.machine.version ^ 0xFF, kind, len(payload))
            sent = 0 if self._unsent else self._write(head, payload)
            if self.machine.error is not None:
                return
            if sent < 8 + len(payload):
                self._unsent.append(memoryview(head + payload)[sent:])
                continue
        if self._flush_socket is not None:
            self._flush_records()
        while self._unsent:
            first = self._unsent[0]
            sent = self._write(first)
            if self._unsent and sent == len(first):
                self._unsent.popleft()
            elif self._unsent:
                if sent:
                    self._unsent[0] = first[sent:]
                return

    def _flush_records(self) -> None:
        """TLS: the rest of a record that the kernel had no room for."""
        try:
            if self._flush_socket is not None:
                self._flush_socket()
        except OSError as error:
            self._break_down(error)

    def _write(self, *pieces: bytes | memoryview) -> int:
        try:
            if _DONT_WAIT:
                sent: int = self._socket.sendmsg(pieces, (), _DONT_WAIT)
            else:
                sent = self._socket.send(b"".join(pieces))
        except (BlockingIOError, TimeoutError, InterruptedError):
            return 0
        except OSError as error:
            self._break_down(error)
            return 0
        return sent

    def _break_down(self, error: OSError) -> None:
        code = error.strerror or str(error) or type(error).__name__
        lost_code = TLS if type(error).__name__ == "TlsBroken" else str(error.errno or "")
        self._lose(f"the DoIP connection to {self._channel} broke: {code}", lost_code)

    def _write_out(self) -> None:
        """Wait until the peer has room for the rest. Somebody else reads meanwhile: no deadlock by two full windows."""
        moved = self._clock()
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_WRITE)
            while self._unsent and self.machine.error is None:
                self._lock.release()
                try:
                    selector.select(_SLICE)
                finally:
                    self._lock.acquire()
                before = self._unsent[0] if self._unsent else None
                self._flush()
                now = self._clock()
                if not self._unsent or self._unsent[0] is not before:
                    moved = now
                elif now - moved > _WRITE_STALL:
                    self._lose(f"the DoIP entity {self._channel} takes no more data", "stalled")

    # ---- the background thread

    def _read_idle(self) -> None:
        """Read while nobody waits: two looks _IDLE_AFTER apart without a waiting thread between them."""
        seen = -1
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while not self._stop.is_set():
                with self._lock:
                    if self.machine.error is not None:
                        return
                    idle = not self._waiters and not self._leading and self._served == seen
                    seen = self._served
                    if idle:
                        self._lead_idle(selector)
                if not idle:
                    self._stop.wait(_IDLE_AFTER)

    def _lead_idle(self, selector: selectors.BaseSelector) -> None:
        self._leading = True
        self._lock.release()
        data: bytes | None = None
        try:
            if selector.select(_SLICE if self._unsent else _IDLE_READ):
                data = self._read()
        finally:
            self._lock.acquire()
            self._leading = False
        self._take(data)


class _Glance:
    """Looks for an answer for a moment before its reader sleeps: to be woken costs more than most answers take.

    Where answers come later than that, or the peer needs this very processor, it is given up for a while.
    """

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._clock = clock
        self._misses = 0
        self._rest = 0 if hasattr(select, "poll") else sys.maxsize
        if not self._rest:
            poller = select.poll()
            poller.register(sock, select.POLLIN)
            self._poll = poller.poll

    def look(self) -> None:
        if self._rest:
            self._rest -= 1
            return
        poll, clock = self._poll, self._clock
        end = clock() + _SPIN
        while not poll(0):
            if clock() > end:
                self._misses += 1
                if self._misses >= _SPIN_TRIES:
                    self._misses, self._rest = 0, _SPIN_REST
                return
        self._misses = 0


class _Activated:
    """Ready when the routing activation is decided; a refusal is the machine's error."""

    def __init__(self, machine: DoipClientMachine) -> None:
        self.machine = machine

    @property
    def ready(self) -> bool:
        return self.machine.entity is not None
