"""Finds DoIP entities over UDP (ISO 13400-2, vehicle identification): all interfaces, one total deadline. No TCP."""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from core.errors import UsageError
from core.protocol import doip_messages as dm
from core.protocol.doip_messages import PayloadType
from core.vci.channel import Clock, Tap
from core.vocabulary import DoipEntity, DoipMessage

_REPEAT = 0.7  # seconds between two requests: longer than the random 0..500 ms of an answer
_MAX_ENTITIES = 256  # more is no workshop but a flood
_ALL_NODES = "ff02::1"
_REQUEST = dm.encode(PayloadType.IDENTIFICATION_REQUEST, b"", dm.ANY_VERSION)
_STATUS = dm.encode(PayloadType.ENTITY_STATUS_REQUEST)
_POWER_MODE = dm.encode(PayloadType.POWER_MODE_REQUEST)

_Target = tuple[socket.socket, Any]


def discover(
    port: int = dm.UDP_PORT,
    timeout: float = 2.0,
    addresses: Iterable[str] | None = None,
    *,
    clock: Clock = time.monotonic,
) -> list[DoipEntity]:
    """Every entity that answers or announces itself within `timeout` seconds (all interfaces together), in order.

    `addresses` asks these hosts (or broadcast addresses) instead of all interfaces, and listens to nobody else. An
    interface that cannot send is passed over. Entities are told apart by EID and logical address; each is asked for
    its status and power mode, too. UsageError for a port that cannot be.
    """
    if not 0 < port <= 0xFFFF:
        raise UsageError(f"UDP port {port} cannot be.", "A port is a number from 1 to 65535; DoIP uses 13400.")
    deadline = clock() + timeout
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
        targets = list(_targets(port, addresses, stack))
        listeners = list(_listeners(port, stack)) if addresses is None else []
        search = _Search(port, frozenset(listeners))
        for sock in {*(sock for sock, _where in targets), *listeners}:
            selector.register(sock, selectors.EVENT_READ)
        ask_at = clock()
        while selector.get_map() and (now := clock()) < deadline:
            if now >= ask_at:
                ask_at = now + _REPEAT
                for sock, where in targets:
                    _tell(sock, _REQUEST, where)
            for key, _events in selector.select(max(0.0, min(ask_at, deadline) - clock())):
                search.receive(key.fileobj)  # type: ignore[arg-type]
    return search.found()


class _Search:
    """What was heard so far. `listeners` are sockets that hear announcements to everybody."""

    def __init__(self, port: int, listeners: frozenset[socket.socket]) -> None:
        self._port, self._listeners = port, listeners
        self._entities: dict[tuple[bytes, int], DoipEntity] = {}
        self._status: dict[str, dm.EntityStatus] = {}
        self._power: dict[str, int] = {}

    def receive(self, sock: socket.socket) -> None:
        try:
            data, peer = sock.recvfrom(2048)
        except OSError:
            return
        message = dm.parse_datagram(data)
        if not isinstance(message, dm.Message):
            return
        host = socket.getnameinfo(peer, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]
        if message.payload_type == PayloadType.ANNOUNCEMENT:
            self._announced(sock, host, peer, message.payload)
        elif message.payload_type == PayloadType.ENTITY_STATUS_RESPONSE:
            self._status[host] = dm.EntityStatus.unpack(message.payload)
        elif message.payload_type == PayloadType.POWER_MODE_RESPONSE:
            self._power[host] = message.payload[0]

    def _announced(self, sock: socket.socket, host: str, peer: Any, payload: bytes) -> None:
        entity = _entity(host, self._port, payload)
        key, unasked = (entity.eid, entity.logical_address), sock in self._listeners
        known = self._entities.get(key)
        if known is not None:
            self._entities[key] = replace(known, unasked=known.unasked and unasked)
        elif len(self._entities) < _MAX_ENTITIES:
            self._entities[key] = replace(entity, unasked=unasked)
            for question in (_STATUS, _POWER_MODE):
                _tell(sock, question, (peer[0], self._port, *peer[2:]))

    def found(self) -> list[DoipEntity]:
        return [self._completed(entity) for entity in self._entities.values()]

    def _completed(self, entity: DoipEntity) -> DoipEntity:
        status = self._status.get(entity.host)
        if status is not None:
            entity = replace(
                entity, node_type=status.node_type, max_sockets=status.max_sockets, open_sockets=status.open_sockets
            )
        return replace(entity, power_mode=self._power.get(entity.host))


def _tell(sock: socket.socket, data: bytes, where: Any) -> None:
    with contextlib.suppress(OSError):  # this interface is down or has no route
        sock.sendto(data, where)


def _entity(host: str, port: int, payload: bytes) -> DoipEntity:
    said = dm.Identification.unpack(payload)
    return DoipEntity(
        host, port, vin_text(said), said.logical_address, said.eid, said.gid, said.further_action, said.sync_status
    )


def vin_text(identification: dm.Identification) -> str:
    """The VIN as text; "" while the entity does not know it (all 00 or all FF, ISO 13400-2 table 5)."""
    if set(identification.vin) <= {0x00, 0xFF}:
        return ""
    return identification.vin.decode("ascii", "replace")


def _socket(family: int, stack: contextlib.ExitStack, bind: Any = None, reuse: bool = False) -> socket.socket:
    sock = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    sock.setblocking(False)
    if reuse:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    if bind is not None:
        sock.bind(bind)
    return sock


def _targets(port: int, addresses: Iterable[str] | None, stack: contextlib.ExitStack) -> Iterator[_Target]:
    """(socket, address) of everything to ask: the given hosts, or each interface's broadcast and all-nodes group."""
    if addresses is not None:
        for host in addresses:
            with contextlib.suppress(OSError, UnicodeError):  # a name that does not resolve answers nothing
                for family, _type, _proto, _name, where in socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[:1]:
                    yield _socket(family, stack), where
        return
    import psutil  # heavy: only when somebody searches

    for interface, entries in psutil.net_if_addrs().items():
        for entry in entries:
            with contextlib.suppress(OSError):  # no such address any more, or no IPv6
                if entry.family == socket.AF_INET:
                    loopback = entry.address.startswith("127.")
                    ask = entry.address if loopback else entry.broadcast or "255.255.255.255"
                    yield _socket(socket.AF_INET, stack, (entry.address, 0)), (ask, port)
                elif entry.family == socket.AF_INET6 and entry.address.startswith("fe80"):
                    index = socket.if_nametoindex(interface)
                    yield _socket(socket.AF_INET6, stack), (_ALL_NODES, port, 0, index)


def _listeners(port: int, stack: contextlib.ExitStack) -> Iterator[socket.socket]:
    """Sockets on the discovery port itself: a vehicle that is plugged in announces itself there three times (7.4)."""
    with contextlib.suppress(OSError):  # somebody else listens alone
        sock = _socket(socket.AF_INET, stack, reuse=True)
        sock.bind(("", port))
        yield sock
    with contextlib.suppress(OSError):  # no IPv6 here
        sock = _socket(socket.AF_INET6, stack, reuse=True)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("::", port))
        for index, _name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # an interface without IPv6
                group = socket.inet_pton(socket.AF_INET6, _ALL_NODES) + index.to_bytes(4, sys.byteorder)
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
        yield sock


class EntityQuery:
    """Asks one entity over UDP who it is and what it carries; answers are collected whenever somebody has time."""

    def __init__(self, peer: Any, *, tap: Tap, clock: Clock, channel: str) -> None:
        """`peer` is the TCP peer's address; UDP uses the same port number."""
        self.identification: dm.Identification | None = None
        self.status: dm.EntityStatus | None = None
        self.power_mode: int | None = None
        self._tap = tap
        self._clock = clock
        self._channel = channel
        self._started = clock()
        self._dead = False
        self._socket = socket.socket(socket.AF_INET6 if len(peer) == 4 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.connect(peer)
            for message in (_STATUS, _REQUEST):
                self._tell(message, is_rx=False)
                self._socket.send(message)
        except OSError:
            self._dead = True  # UDP is shut on this way: nothing will be known, which is no error

    def collect(self, seconds: float) -> bool:
        """Take what arrives until both are known or `seconds` since the question have passed. True: no more comes."""
        while not self._dead and (self.identification is None or self.status is None):
            left = self._started + seconds - self._clock()
            if left <= 0:
                return False
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(2048)
            except TimeoutError:
                return False
            except OSError:
                self._dead = True  # "port unreachable" came back: nobody listens there
                break
            self._take(data)
        return True

    def ask_power_mode(self, seconds: float) -> int | None:
        """Diagnostic power mode now (ISO 13400-2, table 9): 0 not ready, 1 ready, 2 not supported; None: no answer."""
        self.power_mode = None
        until = self._clock() + seconds
        try:
            if not self._dead:
                self._tell(_POWER_MODE, is_rx=False)
                self._socket.send(_POWER_MODE)
            while not self._dead and self.power_mode is None and (left := until - self._clock()) > 0:
                self._socket.settimeout(left)
                self._take(self._socket.recv(2048))
        except TimeoutError:
            pass
        except OSError:
            self._dead = True
        return self.power_mode

    def close(self) -> None:
        self._dead = True
        self._socket.close()

    def _take(self, data: bytes) -> None:
        message = dm.parse_datagram(data)
        if not isinstance(message, dm.Message):
            return
        self._tell(data, is_rx=True)
        if message.payload_type == PayloadType.ANNOUNCEMENT:
            self.identification = dm.Identification.unpack(message.payload)
        elif message.payload_type == PayloadType.ENTITY_STATUS_RESPONSE:
            self.status = dm.EntityStatus.unpack(message.payload)
        elif message.payload_type == PayloadType.POWER_MODE_RESPONSE:
            self.power_mode = message.payload[0]

    def _tell(self, data: bytes, *, is_rx: bool) -> None:
        payload_type = int.from_bytes(data[2:4], "big")
        self._tap(DoipMessage(time.time(), payload_type, data[8:], is_rx, self._channel))
