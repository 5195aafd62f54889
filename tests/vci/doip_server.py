"""A small DoIP gateway for the tests: the pure DoipEntity on real loopback sockets (TCP and UDP), in one thread."""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType

from core.protocol.doip_entity import Close, Datagram, Diagnostic, DoipEntity, EntityConfig, Send

Unit = Callable[[int, bytes], list[bytes]]
VIN = "XPBDP12345T000042"
EID = bytes.fromhex("0200c0ffee01")
UNITS = frozenset(range(0x1001, 0x1009))


def config(**changes: object) -> EntityConfig:
    values: dict[str, object] = {
        "vin": VIN, "logical_address": 0x1000, "eid": EID, "units": UNITS, "announce_wait": 0.0,
    }  # fmt: skip
    return EntityConfig(**{**values, **changes})  # type: ignore[arg-type]


def echo(unit: int, pdu: bytes) -> list[bytes]:
    """Answers with the positive response, the unit's address and what was asked."""
    return [bytes([pdu[0] + 0x40]) + unit.to_bytes(2, "big") + pdu[1:]]


class DoipServer:
    """`with DoipServer() as server: ...` - `server.port`, `server.requests`, `server.do(lambda entity: ...)`."""

    def __init__(self, unit: Unit = echo, settings: EntityConfig | None = None, *, udp: bool = True) -> None:
        self.entity = DoipEntity(settings or config(), seed=1)
        self.requests: list[tuple[int, bytes]] = []
        self.closed: list[str] = []
        self.connections: dict[int, socket.socket] = {}
        self.changed = threading.Condition()
        self._unit = unit
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._wake, self._woken = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, "accept")
        self._selector.register(self._woken, selectors.EVENT_READ, "wake")
        if udp:
            self._selector.register(self._udp, selectors.EVENT_READ, "udp")
        else:
            self._udp.close()
        self._next = 1
        self._running = True
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> DoipServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.do(self._end)
        self._thread.join(10)
        for sock in (self._listener, self._udp, self._wake, self._woken, *self.connections.values()):
            sock.close()
        self._selector.close()
        assert not self._thread.is_alive()

    # ---- what tests do

    def do(self, job: Callable[[], None]) -> None:
        """Run `job` in the server's thread, soon."""
        self._jobs.put(job)
        with contextlib.suppress(OSError):
            self._wake.send(b"!")

    def wait(self, condition: Callable[[], bool], seconds: float = 10.0) -> bool:
        """True when `condition` holds: looked at after everything that the server does, and every 10 ms."""
        end = time.monotonic() + seconds
        with self.changed:
            while not condition() and time.monotonic() < end:
                self.changed.wait(0.01)
        return condition()

    def check_alive(self) -> None:
        """Ask every tester, now."""
        self.do(lambda: [self.entity.check_alive(c, time.monotonic()) for c in list(self.connections)] and None)

    def reset_connections(self) -> None:
        """TCP RST to everybody."""

        def job() -> None:
            for number, sock in list(self.connections.items()):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._forget(number)
                self.entity.disconnected(number, time.monotonic())

        self.do(job)

    def push(self, data: bytes) -> None:
        """Raw bytes to everybody, past the entity."""
        self.do(lambda: [sock.sendall(data) for sock in self.connections.values()] and None)

    # ---- the thread

    def _end(self) -> None:
        self._running = False

    def _run(self) -> None:
        while self._running:
            deadline = self.entity.next_deadline()
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            for key, _events in self._selector.select(wait):
                self._serve(key)
            self.entity.handle_timeout(time.monotonic())
            self._perform()
            with self.changed:
                self.changed.notify_all()

    def _serve(self, key: selectors.SelectorKey) -> None:
        now = time.monotonic()
        if key.data == "accept":
            sock, _peer = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            number, self._next = self._next, self._next + 1
            self.connections[number] = sock
            self._selector.register(sock, selectors.EVENT_READ, number)
            self.entity.connected(number, now)
        elif key.data == "wake":
            self._woken.recv(4096)
            while not self._jobs.empty():
                self._jobs.get()()
        elif key.data == "udp":
            data, peer = self._udp.recvfrom(65536)
            self.entity.datagram(data, peer, now)
        elif key.data in self.connections:
            try:
                data = self.connections[key.data].recv(65536)
            except OSError:
                data = b""
            if data:
                self.entity.receive(key.data, data, now)
            else:
                self._forget(key.data)
                self.entity.disconnected(key.data, now)

    def _perform(self) -> None:
        while outputs := self.entity.outputs():
            # before their acks go out: a tester that has its ack finds its request here
            self.requests += [(o.target, o.pdu) for o in outputs if isinstance(o, Diagnostic)]
            for output in outputs:
                if isinstance(output, Send):
                    if output.connection in self.connections:
                        with contextlib.suppress(OSError):
                            self.connections[output.connection].sendall(output.data)  # type: ignore[index]
                elif isinstance(output, Close):
                    self.closed.append(output.reason)
                    self._forget(output.connection)  # type: ignore[arg-type]
                elif isinstance(output, Datagram):
                    if output.address is not None:
                        self._udp.sendto(output.data, output.address)
                else:
                    self._answer(output)

    def _answer(self, request: Diagnostic) -> None:
        suppressed = request.functional and request.pdu[1:2] == b"\x80"
        for unit in sorted(UNITS) if request.functional else [request.target]:
            for pdu in [] if suppressed else self._unit(unit, request.pdu):
                self.entity.respond(request.connection, unit, pdu, time.monotonic())

    def _forget(self, number: int) -> None:
        sock = self.connections.pop(number, None)
        if sock is not None:
            self._selector.unregister(sock)
            sock.close()
