"""Any python-can bus as a VCI: one reader thread dispatches to ISO-TP links and feeds the tap. Opens no bus itself."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

import can
from can.interfaces.virtual import VirtualBus

from core.errors import VciLost
from core.protocol.isotp_frames import functional_frame
from core.vci.channel import Clock, Tap
from core.vci.isotp_channel import IsoTpLink
from core.vci.reading import EXTENDED, ReaderVci, link_key
from core.vocabulary import CanAddress, CanFrame, EcuAddress

N_AS = 1.0  # seconds a frame may wait for the bus (ISO 15765-2, 9.8)
POLL = 0.1  # seconds the reader waits at most, so that closing is quick
RETRY = 0.001
GIVE_UP_READING = 1.0
ECHO_LIMIT = 4096
KERNEL_BUFFER = 4 << 20
LISTENING_AFTER = 1.0  # seconds without a frame of ours: nobody waits for an answer now
NAP = 0.01
"""While only listening, frames are fetched in bursts: waking up for each of 500 a second costs more than taking it.
Where the kernel has no room for them, or a conversation is on, each is fetched at once."""
_new_tuple = tuple.__new__
_GONE = frozenset(
    {errno.ENODEV, errno.ENXIO, errno.ENETDOWN, errno.ENETUNREACH, errno.EBADF, errno.EPERM, errno.EACCES}
)


class CanVci(ReaderVci[IsoTpLink]):
    """One open CAN bus (`core.vci.channel.Vci`). Takes over `bus` and shuts it down on close.

    `echoes` says that the bus returns our own frames (python-can's udp_multicast does): each is taken out once, so
    that the tap sees every frame once. `block_size` is the BS that links ask for: a bus that loses frames when a
    reader is slow needs one. `on_close` runs after the bus is shut down.
    """

    fd_advice = "Add fd=1 where the interface speaks it."

    def __init__(
        self,
        bus: can.BusABC,
        *,
        uri: str,
        name: str,
        tap: Tap,
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
        channel: str = "",
        fd: bool = False,
        echoes: bool = False,
        block_size: int = 0,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(uri=uri, name=name, tap=tap, clock=clock, wall_clock=wall_clock, on_close=on_close)
        self._roomy = _widen(bus)
        self._spoke = 0.0
        self._bus, self._channel, self.can_fd, self._block_size = bus, channel, fd, block_size
        # the virtual bus deep-copies each message: of immutable bytes that costs nothing, of a bytearray 3 us
        self._plain_bytes = type(bus) is VirtualBus
        self._echoes: dict[tuple[int, bytes], int] | None = {} if echoes else None
        self._send_lock = threading.Lock()
        self._echo_lock = threading.Lock()
        self._urgent: deque[tuple[CanAddress, int, bytes]] = deque()
        self._start_reading()

    def _new_link(self, address: CanAddress) -> IsoTpLink:
        return IsoTpLink(address, self._transmit, clock=self._clock, forget=self._forget, block_size=self._block_size)

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        """On the keep-alive's own path: it overtakes CFs in work and does not wait for them to end."""
        own, functional = self._group_of(address)
        self._spoke = self._clock()
        self._urgent.append((own, functional, functional_frame(own, pdu)))
        while self._urgent and self._send_lock.acquire(blocking=False):
            try:
                self._send_urgent()
            finally:
                self._send_lock.release()

    def _let_go(self) -> None:
        try:
            self._bus.shutdown()
        except (can.CanError, OSError):
            pass  # a device that is gone already cannot be let go properly

    # -- sending -----------------------------------------------------------------------------------------------------

    def _transmit(self, address: CanAddress, frames: list[bytes]) -> None:
        self._spoke = self._clock()
        with self._send_lock:
            for data in frames:
                if self._urgent:
                    self._send_urgent()
                self._put(address, address.tx, data)
        while self._urgent and self._send_lock.acquire(blocking=False):
            try:
                self._send_urgent()
            finally:
                self._send_lock.release()

    def _send_urgent(self) -> None:
        while self._urgent:
            self._put(*self._urgent.popleft())

    def _put(self, address: CanAddress, identifier: int, data: bytes) -> None:
        """One frame to the bus; the tap hears of it first, so that it never sees an answer before its request."""
        extended, is_fd = address.is_extended_id, address.is_fd
        message = can.Message(
            arbitration_id=identifier,
            is_extended_id=extended,
            data=None if self._plain_bytes else data,
            dlc=len(data),
            is_fd=is_fd,
            bitrate_switch=is_fd,
            check=False,
        )
        if self._plain_bytes:
            message.data = data  # type: ignore[assignment]
        if self._echoes is not None:
            self._expect_echo(link_key(identifier, extended), data)
        self._tap(CanFrame(self._wall_clock(), identifier, data, extended, is_fd, False, False, self._channel))
        try:
            self._bus.send(message)
        except (can.CanError, OSError) as error:
            self._put_again(message, error)

    def _put_again(self, message: can.Message, error: Exception) -> None:
        """The transmit buffer is full or the device is gone: try for N_As, then VciLost."""
        give_up = self._clock() + N_AS
        while self._clock() < give_up and _code(error) not in _GONE and not self._closing.wait(RETRY):
            try:
                self._bus.send(message)
                return
            except (can.CanError, OSError) as again:
                error = again
        raise self._lose(error)

    # -- reading -----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        failing_since: float | None = None
        receive, take, closing = _receiver(self._bus), self._take, self._closing.is_set
        clock, roomy, wait = self._clock, self._roomy, POLL
        while not closing():
            try:
                message = receive(wait)[0]
                if message is not None:
                    take(message)
                    wait = 0.0 if roomy and clock() - self._spoke > LISTENING_AFTER else POLL
                elif wait == 0.0:
                    wait = POLL
                    time.sleep(NAP)
                failing_since = None
            except VciLost:
                return
            except (can.CanError, OSError, ValueError) as error:
                if _is_garbage(error):  # a stray datagram on the port of udp_multicast says nothing about the bus
                    self._tap(CanFrame(self._wall_clock(), 0, b"", is_error_frame=True, channel=self._channel))
                    continue
                failing_since = self._clock() if failing_since is None else failing_since
                if _code(error) in _GONE or self._clock() - failing_since >= GIVE_UP_READING:
                    self._lose(error)
                    return
                self._closing.wait(RETRY)

    def _take(self, message: can.Message) -> None:
        data = bytes(message.data)
        identifier, extended = message.arbitration_id, message.is_extended_id
        key = identifier | EXTENDED if extended else identifier
        if self._echoes and self._is_echo(key, data):
            return
        timestamp = message.timestamp
        if timestamp < 1e9:  # adapters that count from their own start
            timestamp = self._wall_clock()
        broken, remote = message.is_error_frame, message.is_remote_frame
        # not CanFrame(...): its generated constructor takes as long as all the rest here
        fields = (timestamp, identifier, data, extended, message.is_fd, True, broken, self._channel, remote)
        self._tap(_new_tuple(CanFrame, fields))
        links = self._links.get(key)
        if links and not broken and not remote:
            now = self._clock()
            for link in links:
                link.on_frame(data, now)

    def _expect_echo(self, key: int, data: bytes) -> None:
        echoes = self._echoes
        if echoes is None:
            return
        with self._echo_lock:
            if len(echoes) >= ECHO_LIMIT:  # echoes that were lost on the way must not pile up
                echoes.clear()
            echoes[key, data] = echoes.get((key, data), 0) + 1

    def _is_echo(self, key: int, data: bytes) -> bool:
        echoes = self._echoes
        if echoes is None:
            return False
        with self._echo_lock:
            count = echoes.pop((key, data), 0)
            if count > 1:
                echoes[key, data] = count - 1
        return count > 0

    def _lose(self, error: Exception) -> VciLost:
        if self._lost is not None:
            return self._lost
        lost = VciLost(f"{self.name} was lost: {error}.", lost_code=str(_code(error) or ""))
        lost.__cause__ = error
        return self._fail(lost)


def _widen(bus: can.BusABC) -> bool:
    """Room in the kernel for half a second of a full bus: the usual 200 KiB hold 30 ms, less than a busy PC pauses.

    False where no socket stands behind the driver.
    """
    try:
        copy = os.dup(bus.fileno())
    except (NotImplementedError, OSError):
        return False
    try:
        with socket.socket(fileno=copy) as end:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER)
    except OSError:
        os.close(copy)  # a file, but no socket
        return False
    return True


def _receiver(bus: can.BusABC) -> Callable[[float], tuple[can.Message | None, bool]]:
    """What reads the next frame: the driver itself where python-can's `recv` would only add a filter and a log line."""
    if type(bus).recv is can.BusABC.recv and "recv" not in vars(bus) and bus.filters is None:
        return bus._recv_internal
    return lambda timeout: (bus.recv(timeout), False)


def _code(error: BaseException) -> int | None:
    """The driver's own code, or the errno below it."""
    code = getattr(error, "error_code", None)
    if code is None:
        code = getattr(error, "errno", None) or getattr(error.__cause__, "errno", None)
    return code if isinstance(code, int) else None


def _is_garbage(error: Exception) -> bool:
    """What arrived was no CAN frame: python-can could not unpack it. Nothing is wrong with the device."""
    cause = error.__cause__
    return isinstance(error, ValueError) or (cause is not None and not isinstance(cause, OSError))
