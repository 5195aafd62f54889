"""Puts a garage vehicle's DoIP entity on TCP and UDP: one thread with a selector serves all testers (ISO 13400-2).

The rules are core/protocol/doip_entity.py's; here are the sockets, and the way from a diagnostic message to a unit and
back. A reset of the gateway unit itself closes every connection until it is up again.
"""

from __future__ import annotations

import ipaddress
import os
import selectors
import socket
import struct
import threading
from typing import Any

from core.errors import ProductError, VciBusy, VciNotFound
from core.protocol.doip_entity import Close, Datagram, Diagnostic, EntityConfig, Send
from core.simulation.garage import Garage, GarageUnit
from core.simulation.misbehaviour.entity import FaultyEntity

READ_SIZE = 1 << 18
LARGEST_MESSAGE = 1 << 20  # bytes of a diagnostic message
DISCOVERY_PORT = 13400  # announcements go there (ISO 13400-2, table 48)
LONGEST_UNSENT = 16 << 20  # bytes; a tester that reads nothing is let go
MAX_SOCKETS = 8
LINGER_NOT = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)  # closing sends RST
BACKLOG = 128  # connections that wait for the thread; a full queue costs a tester a whole second (SYN again)


class _Connection:
    """One tester's socket. `number` is its name in the entity."""

    def __init__(self, number: int, sock: socket.socket) -> None:
        self.number, self.socket = number, sock
        self.unsent = bytearray()
        self.ends = False


class DoipSide:
    """The DoIP half of a running garage. `host` and `port` are where testers connect (port 0 is replaced).

    `failure` says why it was given up, "" while it works.
    """

    def __init__(self, garage: Garage, host: str = "127.0.0.1", port: int = 0, *, discovery: bool = False) -> None:
        self._garage, self._clock = garage, garage.clock
        self._units = {unit.doip_address.logical: unit for unit in garage.units if unit.doip_address is not None}
        faults = {address: unit.faults for address, unit in self._units.items()}
        self._entity = FaultyEntity(_configuration(garage, self._units), garage.misbehaviour.entity, faults)
        gateway = garage.data.vehicle.doip_gateway
        self._gateway = self._units.get(gateway) if gateway is not None else None
        self._resets = 0
        self.failure = ""
        self._connections: dict[int, _Connection] = {}
        self._counter = 0
        self._selector = selectors.DefaultSelector()
        self._listener, family = _listen(host, port)
        self.host, self.port = self._listener.getsockname()[:2]
        self._udp: socket.socket | None = None
        self._wake_receive, self._wake_send = socket.socketpair()
        try:
            self._udp = _open_udp(family, self.host, self.port) if discovery else None
        except BaseException:
            self._close_sockets()
            raise
        for sock in (self._listener, self._wake_receive, self._udp):
            if sock is not None:
                sock.setblocking(False)
                self._selector.register(sock, selectors.EVENT_READ)
        self._closing = False
        if self._udp is not None:
            self._entity.start(self._clock())
        self._thread = threading.Thread(target=self._run, name=f"garage {garage.name} DoIP", daemon=True)
        self._thread.start()

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
        for sock in (self._listener, self._udp, self._wake_receive, self._wake_send):
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
        elif source is self._listener:
            self._accept()
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

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # the tester has gone again
        sock.setblocking(False)
        # without it every answer waits for the ack of the DoIP ack before it: a flash takes 16 times as long
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._gateway is not None and self._gateway.server.silent:
            sock.close()
            return
        self._counter += 1
        connection = _Connection(self._counter, sock)
        self._connections[connection.number] = connection
        self._selector.register(sock, selectors.EVENT_READ, connection)
        self._entity.connected(connection.number, self._clock())

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
        if data:
            self._entity.receive(connection.number, data, now)
        else:
            self._forget(connection)
            self._entity.disconnected(connection.number, now)

    def _send(self, output: Send) -> None:
        connection = self._connections.get(output.connection)  # type: ignore[call-overload]
        if connection is None or connection.ends:
            return
        connection.unsent += output.data
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
        address = output.address or (_broadcast_of(self.host), DISCOVERY_PORT)
        try:
            self._udp.sendto(output.data, address)
        except OSError:
            pass  # no network there: announcements are best effort (UDP)


def _configuration(garage: Garage, units: dict[int, GarageUnit]) -> EntityConfig:
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
    )


def _listen(host: str, port: int) -> tuple[socket.socket, int]:
    """A listening TCP socket. VciBusy where the port is taken, VciNotFound where the address is not ours."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise VciNotFound(f"{host!r} is no address of this computer: {error}.") from error
    family, kind, _, _, address = found[0]
    sock = socket.socket(family, kind)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _cannot_bind(host, port, error) from error
    return sock, family


def _open_udp(family: int, host: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise _cannot_bind(host, port, error) from error
    return sock


def _cannot_bind(host: str, port: int, error: OSError) -> VciBusy | VciNotFound:
    import errno

    if error.errno == errno.EADDRINUSE:
        return VciBusy(f"Port {port} of {host} is in use by another program.", "Choose another port.")
    return VciNotFound(f"The garage cannot listen on {host}, port {port}: {error}.", "Choose another address or port.")


def _broadcast_of(host: str) -> str:
    """Where announcements go: on the loopback they stay on it."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "255.255.255.255"
    if address.version == 6:
        return "ff02::1"
    return "127.255.255.255" if address.is_loopback else "255.255.255.255"
