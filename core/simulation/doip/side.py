"""Puts a garage vehicle's DoIP entity on TCP and UDP: one thread with a selector serves all testers (ISO 13400-2).

The rules are core/protocol/doip_entity.py's; here are the sockets, and the way from a diagnostic message to a unit and
back. A reset of the gateway unit itself closes every connection until it is up again.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

from core.errors import ProductError
from core.protocol.doip_entity import Close, Datagram, Diagnostic, EntityConfig, Send
from core.simulation.doip.sockets import broadcast_of, listen, open_udp
from core.simulation.garage import Garage, GarageUnit
from core.simulation.misbehaviour.entity import FaultyEntity

if TYPE_CHECKING:
    import ssl

    from core.vci.doip.tls import TlsLayer

READ_SIZE = 1 << 18
LARGEST_MESSAGE = 1 << 20  # bytes of a diagnostic message
DISCOVERY_PORT = 13400  # announcements go there (ISO 13400-2, table 48)
LONGEST_UNSENT = 16 << 20  # bytes; a tester that reads nothing is let go
MAX_SOCKETS = 8
LINGER_NOT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # closing sends RST


class _Connection:
    """One tester's socket. `number` is its name in the entity."""

    def __init__(self, number: int, sock: socket.socket, tls: TlsLayer | None) -> None:
        self.number, self.socket, self.tls = number, sock, tls
        self.unsent = bytearray()
        self.ends = False


class DoipSide:
    """The DoIP half of a running garage. `host` and `port` are where testers connect (port 0 is replaced).

    `failure` says why it was given up, "" while it works.
    """

    def __init__(
        self, garage: Garage, host: str = "127.0.0.1", port: int = 0, *, discovery: bool = False,
        tls: ssl.SSLContext | None = None, tls_port: int = 0,
    ) -> None:  # fmt: skip
        """With `tls` the entity refuses routing without TLS (07) and speaks it at `tls_port`."""
        self._garage, self._clock = garage, garage.clock
        self._units = {unit.doip_address.logical: unit for unit in garage.units if unit.doip_address is not None}
        faults = {address: unit.faults for address, unit in self._units.items()}
        configuration = _configuration(garage, self._units, tls is not None)
        self._entity = FaultyEntity(configuration, garage.misbehaviour.entity, faults)
        gateway = garage.data.vehicle.doip_gateway
        self._gateway = self._units.get(gateway) if gateway is not None else None
        self._resets = 0
        self.failure = ""
        self._connections: dict[int, _Connection] = {}
        self._counter = 0
        self._selector = selectors.DefaultSelector()
        self._listener, family = listen(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        self._tls = tls
        self._tls_listener: socket.socket | None = None
        self._udp: socket.socket | None = None
        self._wake_receive, self._wake_send = socket.socketpair()
        try:
            self._udp = open_udp(family, self.host, self.port) if discovery else None
            self._tls_listener = listen(host, tls_port)[0] if tls is not None else None
        except BaseException:
            self._close_sockets()
            raise
        for sock in (self._listener, self._tls_listener, self._wake_receive, self._udp):
            if sock is not None:
                sock.setblocking(False)
                self._selector.register(sock, selectors.EVENT_READ)
        self._closing = False
        if self._udp is not None:
            self._entity.start(self._clock())
        self._thread = threading.Thread(target=self._run, name=f"garage {garage.name} DoIP", daemon=True)
        self._thread.start()

    @property
    def tls_port(self) -> int:
        """Where TLS is spoken, 0 where it is not."""
        port: int = self._tls_listener.getsockname()[1] if self._tls_listener is not None else 0
        return port

    def close(self) -> None:
        """End the thread, close every socket. Idempotent."""
        if self._closing:
            return
        self._closing = True
        self._wake_send.send(b"\0")
        self._thread.join()
        self._close_sockets()

    def _close_sockets(self) -> None:
        for connection in list(self._connections.values()):
            connection.socket.close()
        for sock in (self._listener, self._tls_listener, self._udp, self._wake_receive, self._wake_send):
            if sock is not None:
                sock.close()
        self._selector.close()

    # -- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._work()
        except ProductError as error:  # the flash images of the data are gone or damaged
            self.failure = error.message

    def _work(self) -> None:
        while not self._closing:
            deadline = self._next_deadline()
            wait = None if deadline is None else max(0.0, deadline - self._clock())
            for key, events in self._selector.select(wait):
                self._serve(key.fileobj, key.data, events)
            now = self._clock()
            if deadline is not None and now >= deadline:
                self._tick(now)
            self._collect(now)
            self._perform(now)
            self._watch_gateway(now)

    def _next_deadline(self) -> float | None:
        times = [unit.server.next_deadline() for unit in self._units.values()]
        times.append(self._entity.next_deadline())
        return min((at for at in times if at is not None), default=None)

    def _serve(self, source: Any, connection: _Connection | None, events: int) -> None:
        if connection is not None:
            if events & selectors.EVENT_WRITE:
                self._write(connection)
            if events & selectors.EVENT_READ:
                self._read(connection)
        elif source in (self._listener, self._tls_listener):
            self._accept(source)
        elif source is self._udp:
            self._read_datagram()
        else:
            self._wake_receive.recv(64)

    def _tick(self, now: float) -> None:
        self._entity.handle_timeout(now)
        for unit in self._units.values():
            with unit.lock:
                unit.server.handle_timeout(now)
            self._garage.note_changes(unit)

    def _collect(self, now: float) -> None:
        """Hand out the units' answers that are due now."""
        for address, unit in self._units.items():
            with unit.lock:
                answers = unit.server.answers(now)
            for peer, pdu in answers:
                if peer is not None:
                    self._entity.respond(peer, address, pdu, now)

    def _watch_gateway(self, now: float) -> None:
        """A gateway that resets itself takes all connections with it, after its answer was written."""
        if self._gateway is not None and self._gateway.server.resets != self._resets:
            self._resets = self._gateway.server.resets
            self._entity.close_all("reset of the gateway")
            self._perform(now)

    def _perform(self, now: float) -> None:
        """What the entity wants done, until it wants nothing more: a request may have its answer at once."""
        while outputs := self._entity.outputs():
            for output in outputs:
                if isinstance(output, Send):
                    self._send(output)
                elif isinstance(output, Diagnostic):
                    self._diagnose(output, now)
                elif isinstance(output, Close):
                    self._end(output)
                elif isinstance(output, Datagram):
                    self._send_datagram(output)

    def _diagnose(self, message: Diagnostic, now: float) -> None:
        targets = self._units.items() if message.functional else [(message.target, self._units.get(message.target))]
        for address, unit in targets:
            if unit is None or (unit.faults.any and self._disturbs(message, unit, now)):
                continue
            with unit.lock:
                unit.server.receive(message.pdu, now, message.functional, message.connection)
                answers = unit.server.answers(now)
            self._garage.note_changes(unit)
            for peer, pdu in answers:
                if peer is not None:
                    self._entity.respond(peer, address, pdu, now)

    def _disturbs(self, message: Diagnostic, unit: GarageUnit, now: float) -> bool:
        """Faults of the gateway that strike at a TransferData; True where it does not reach the unit."""
        if message.pdu[:1] != b"\x36":
            return False
        if unit.faults.strikes("alive-check"):
            self._entity.check_alive(message.connection, now)
        if unit.faults.strikes("second-tester"):
            self._entity.appear(message.source, now)
        if unit.faults.strikes("tcp-reset"):
            self._reset_connections(now)
            return True
        return False

    def _reset_connections(self, now: float) -> None:
        """All testers get a TCP RST."""
        for connection in list(self._connections.values()):
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            self._forget(connection)
            self._entity.disconnected(connection.number, now)

    # -- TCP ---------------------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return  # the tester has gone again
        sock.setblocking(False)
        # without it every answer waits for the ack of the DoIP ack before it: a flash takes 16 times as long
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._gateway is not None and self._gateway.server.silent:
            sock.close()
            return
        self._counter += 1
        layer = None
        if listener is self._tls_listener and self._tls is not None:
            from core.vci.doip.tls import TlsLayer

            layer = TlsLayer(self._tls, server_side=True)
        connection = _Connection(self._counter, sock, layer)
        self._connections[connection.number] = connection
        self._selector.register(sock, selectors.EVENT_READ, connection)
        self._entity.connected(connection.number, self._clock(), secure=layer is not None)

    def _read(self, connection: _Connection) -> None:
        if connection.number not in self._connections:
            return
        try:
            data = connection.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        now = self._clock()
        ended = not data
        if data and connection.tls is not None:
            data, ended = self._decrypted(connection, data)
        if data:
            self._entity.receive(connection.number, data, now)
        if ended:
            self._forget(connection)
            self._entity.disconnected(connection.number, now)

    def _decrypted(self, connection: _Connection, data: bytes) -> tuple[bytes, bool]:
        """Plain text, and whether the connection is over: a goodbye, a tester without trust, or no TLS at all."""
        import ssl

        assert connection.tls is not None
        try:
            plain, ended = connection.tls.receive(data), connection.tls.ended
        except ssl.SSLError:
            plain, ended = b"", True
        connection.unsent += connection.tls.to_send()  # the handshake, or the alert that says why not
        self._write(connection)
        return plain, ended

    def _send(self, output: Send) -> None:
        connection = self._connections.get(output.connection)  # type: ignore[call-overload]
        if connection is None or connection.ends:
            return
        data = output.data
        if connection.tls is not None:
            connection.tls.encrypt(data)
            data = connection.tls.to_send()
        connection.unsent += data
        self._write(connection)

    def _write(self, connection: _Connection) -> None:
        try:
            while connection.unsent:
                sent = connection.socket.send(connection.unsent)
                del connection.unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            connection.unsent.clear()  # reading will find the connection broken
        if connection.number not in self._connections:
            return
        if (connection.ends and not connection.unsent) or len(connection.unsent) > LONGEST_UNSENT:
            self._forget(connection)
            self._entity.disconnected(connection.number, self._clock())
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
        if self._selector.get_key(connection.socket).events != events:
            self._selector.modify(connection.socket, events, connection)

    def _end(self, output: Close) -> None:
        """Close after everything before was written."""
        connection = self._connections.get(output.connection)  # type: ignore[call-overload]
        if connection is not None:
            connection.ends = True
            if connection.tls is not None:
                connection.tls.goodbye()
                connection.unsent += connection.tls.to_send()
            self._write(connection)

    def _forget(self, connection: _Connection) -> None:
        if self._connections.pop(connection.number, None) is not None:
            self._selector.unregister(connection.socket)
            connection.socket.close()

    # -- UDP ---------------------------------------------------------------------------------------------------------

    def _read_datagram(self) -> None:
        if self._udp is None:
            return
        try:
            data, address = self._udp.recvfrom(65535)
        except OSError:
            return  # an answer of ours could not be delivered (ICMP)
        self._entity.datagram(data, address, self._clock())

    def _send_datagram(self, output: Datagram) -> None:
        if self._udp is None:
            return
        address = output.address or (broadcast_of(self.host), DISCOVERY_PORT)
        try:
            self._udp.sendto(output.data, address)
        except OSError:
            pass  # no network there: announcements are best effort (UDP)


def _configuration(garage: Garage, units: dict[int, GarageUnit], needs_tls: bool) -> EntityConfig:
    gateway = garage.data.vehicle.doip_gateway
    functional = {unit.doip_address.functional for unit in units.values() if unit.doip_address is not None}
    return EntityConfig(
        vin=garage.vin,
        logical_address=gateway if gateway is not None else min(units, default=0x1000),
        eid=garage.initial.eid,
        gid=garage.initial.gid,
        units=frozenset(units),
        functional=frozenset(functional) or frozenset({0xE400}),
        max_sockets=MAX_SOCKETS,
        max_data_size=LARGEST_MESSAGE,
        needs_tls=needs_tls,
    )
