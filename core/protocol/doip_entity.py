"""The vehicle's side of DoIP (ISO 13400-2): one entity with its sockets, timers and units. No I/O, no clock, no UDS.

The owner of the real sockets tells what happened (`connected`, `receive`, `datagram`, `disconnected`,
`handle_timeout` at `next_deadline`) and then does what `outputs()` says, in that order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from enum import Enum
from heapq import heappop, heappush
from itertools import count
from typing import Any, NamedTuple

from core.protocol import doip_messages as dm
from core.protocol.doip_messages import Activation, DiagnosticNack, PayloadType

ConnectionId = Hashable


class Send(NamedTuple):
    """Write these bytes to this TCP connection."""

    connection: ConnectionId
    data: bytes


class Close(NamedTuple):
    """Close this TCP connection after everything before was written; the entity has forgotten it already."""

    connection: ConnectionId
    reason: str


class Datagram(NamedTuple):
    """Send this over UDP; `address` as `datagram()` was given it, None for the broadcast address, port 13400."""

    data: bytes
    address: Any


class Diagnostic(NamedTuple):
    """A UDS request for `target` (a unit, or every unit of a group if `functional`); answer with `respond`."""

    connection: ConnectionId
    source: int
    target: int
    functional: bool
    pdu: bytes


Output = Send | Close | Datagram | Diagnostic


@dataclass(frozen=True, slots=True)
class EntityConfig:
    """What the entity is. Addresses are logical addresses, sizes bytes, times seconds.

    `units` are the addresses that are routed (with the entity's own where it takes diagnosis itself). `sync_status`
    None makes announcements of 32 bytes, else 33. `unit_limits` holds the longest PDU of a unit where it is small.
    """

    vin: str
    logical_address: int
    eid: bytes
    units: frozenset[int]
    gid: bytes = bytes(6)
    functional: frozenset[int] = frozenset({0xE400})
    max_sockets: int = 4
    max_data_size: int = 0x10_0000
    node_type: int = 0x00  # gateway
    further_action: int = 0x00
    sync_status: int | None = 0x00
    testers: Collection[int] = dm.TESTER_ADDRESSES
    activation_types: frozenset[int] = frozenset({0x00, 0x01})
    needs_authentication: frozenset[int] = frozenset()  # activation types answered with 04
    needs_confirmation: frozenset[int] = frozenset()  # activation types answered with 11 until `confirm`
    needs_tls: bool = False
    unit_limits: dict[int, int] = field(default_factory=dict)
    announce_wait: float = dm.A_DOIP_ANNOUNCE_WAIT  # longest random wait; 0 answers at once
    initial_inactivity: float = dm.T_TCP_INITIAL_INACTIVITY
    general_inactivity: float = dm.T_TCP_GENERAL_INACTIVITY
    alive_check: float = dm.T_TCP_ALIVE_CHECK


# answers of the other side: a nack that is nacked never ends
_NEVER_ANSWERED = {PayloadType.HEADER_NACK, PayloadType.DIAGNOSTIC_ACK, PayloadType.DIAGNOSTIC_NACK}


class SocketState(Enum):
    """Clause 9.2 (TCP_DATA socket states). Only ACTIVE routes."""

    INITIALIZED = "initialized"  # connected, no routing activation yet
    CHECKING = "checking"  # activation asked for; alive checks at the sockets that stand in its way
    CONFIRMING = "confirming"  # 0x11 sent, somebody in the vehicle must agree
    ACTIVE = "active"


@dataclass(slots=True, eq=False)
class _Socket:
    connection: ConnectionId
    stream: dm.DoipStream
    closes_at: float
    state: SocketState = SocketState.INITIALIZED
    source: int | None = None
    version: int = 0x02  # of the tester's last message: it is answered in its own
    alive_until: float | None = None
    request: dm.RoutingActivationRequest | None = None
    secure: bool = False  # over TLS
    probed: list[_Socket] = field(default_factory=list)


class DoipEntity:
    """One DoIP entity. `power_mode` and the nacks set by `set_nack` may be changed at any time."""

    def __init__(self, config: EntityConfig, *, seed: int | None = None) -> None:
        self.config = config
        self.power_mode = 0x01  # ready (table 9)
        self._identification = dm.Identification(
            config.vin.encode("ascii").ljust(17, b"0")[:17], config.logical_address, config.eid, config.gid,
            config.further_action, config.sync_status,
        )  # fmt: skip
        self._random = random.Random(seed)
        self._sockets: dict[ConnectionId, _Socket] = {}
        self._nacks: dict[int, int] = {}
        self._outputs: list[Output] = []
        self._later: list[tuple[float, int, Datagram]] = []
        self._order = count()
        self._unsettled = False  # something happened that an activation may wait for
        self._tcp_handlers: dict[int, Callable[[_Socket, bytes, float], None]] = {
            PayloadType.ROUTING_ACTIVATION_REQUEST: self._on_activation,
            PayloadType.ALIVE_CHECK_REQUEST: self._on_alive_request,
            PayloadType.ALIVE_CHECK_RESPONSE: self._on_alive_response,
            PayloadType.DIAGNOSTIC_MESSAGE: self._on_diagnostic,
        }

    # ---- what the owner does

    def outputs(self) -> list[Output]:
        """What is to be done now, in this order; each is handed out once."""
        done, self._outputs = self._outputs, []
        return done

    def next_deadline(self) -> float | None:
        """When `handle_timeout` must be called at the latest; None while nothing runs."""
        times = [self._later[0][0]] if self._later else []
        for socket in self._sockets.values():
            times.append(socket.closes_at if socket.alive_until is None else min(socket.closes_at, socket.alive_until))
        return min(times, default=None)

    def handle_timeout(self, now: float) -> None:
        """Send what was delayed; close sockets whose inactivity or alive check time is over."""
        while self._later and self._later[0][0] <= now:
            self._outputs.append(heappop(self._later)[2])
        for socket in list(self._sockets.values()):
            if socket.alive_until is not None and socket.alive_until <= now:
                self._close(socket, "no answer to the alive check")
            elif socket.closes_at <= now:
                initial = socket.state is SocketState.INITIALIZED
                self._close(socket, "no routing activation" if initial else "no traffic")
        if self._unsettled:
            self._settle(now)

    @property
    def sources(self) -> list[int]:
        """The tester addresses whose routing is active."""
        return [s.source for s in self._sockets.values() if s.state is SocketState.ACTIVE and s.source is not None]

    def set_nack(self, target: int, code: int | None) -> None:
        """From now on messages to `target` are refused with this nack code; None routes them again."""
        if code is None:
            self._nacks.pop(target, None)
        else:
            self._nacks[target] = code

    # ---- TCP

    def connected(self, connection: ConnectionId, now: float, secure: bool = False) -> None:
        stream = dm.DoipStream(self.config.max_data_size)
        self._sockets[connection] = _Socket(connection, stream, now + self.config.initial_inactivity, secure=secure)

    def disconnected(self, connection: ConnectionId, now: float) -> None:
        """The tester closed it, or it broke."""
        if self._sockets.pop(connection, None) is not None:
            self._settle(now)

    def close_all(self, reason: str) -> None:
        """The entity itself goes down (reset): all sockets close, nothing is answered any more."""
        for socket in list(self._sockets.values()):
            self._close(socket, reason)
        self._later.clear()

    def receive(self, connection: ConnectionId, data: bytes, now: float) -> None:
        """Bytes from this connection. Unknown or closed ones are ignored."""
        if (socket := self._sockets.get(connection)) is None:
            return
        for found in socket.stream.feed(data):
            if isinstance(found, dm.Fault):
                self._nack_header(socket, found.nack)
            elif found.payload_type in _NEVER_ANSWERED:
                continue
            elif found.payload_type in self._tcp_handlers:
                socket.version = found.version
                if socket.state is SocketState.ACTIVE:
                    socket.closes_at = now + self.config.general_inactivity
                self._tcp_handlers[found.payload_type](socket, found.payload, now)
            else:
                self._nack_header(socket, dm.HeaderNack.UNKNOWN_PAYLOAD_TYPE)  # UDP only (table 17)
            if self._unsettled:
                self._settle(now)
            if connection not in self._sockets:
                return

    def respond(self, connection: ConnectionId, unit_address: int, pdu: bytes, now: float) -> bool:
        """Send a unit's answer to the tester of this connection; False where that is not there any more."""
        socket = self._sockets.get(connection)
        if socket is None or socket.state is not SocketState.ACTIVE or socket.source is None:
            return False
        socket.closes_at = now + self.config.general_inactivity
        self._send(socket, PayloadType.DIAGNOSTIC_MESSAGE, dm.diagnostic(unit_address, socket.source, pdu))
        return True

    def check_alive(self, connection: ConnectionId, now: float) -> None:
        """Ask the tester of this connection whether it is still there; 500 ms of silence close it (9.6)."""
        if (socket := self._sockets.get(connection)) is not None and socket.alive_until is None:
            socket.alive_until = now + self.config.alive_check
            self._send(socket, PayloadType.ALIVE_CHECK_REQUEST, b"")

    def confirm(self, connection: ConnectionId, accepted: bool, now: float) -> None:
        """The answer from the vehicle that 0x11 was waiting for."""
        if (socket := self._sockets.get(connection)) is not None and socket.state is SocketState.CONFIRMING:
            self._answer_activation(socket, Activation.OK if accepted else Activation.REJECTED_CONFIRMATION, now)
            self._settle(now)

    # ---- UDP

    def start(self, now: float) -> None:
        """Power on: three announcements 500 ms apart after a random 0..500 ms (clause 7.4, A_DoIP_Announce_*)."""
        first = now + self._random.uniform(0.0, self.config.announce_wait)
        message = dm.encode(PayloadType.ANNOUNCEMENT, self._identification.pack())
        for number in range(dm.A_DOIP_ANNOUNCE_NUM):
            self._send_at(first + number * dm.A_DOIP_ANNOUNCE_INTERVAL, Datagram(message, None))

    def datagram(self, data: bytes, address: Any, now: float) -> None:
        """A datagram that arrived on UDP 13400 from `address`."""
        if (found := dm.parse_datagram(data, self.config.max_data_size)) is None:
            return
        version = found.version if found.version in dm.VERSIONS else 0x02
        if isinstance(found, dm.Fault):
            if found.payload_type not in _NEVER_ANSWERED:
                self._outputs.append(Datagram(dm.encode(0x0000, bytes([found.nack]), version), address))
            return
        if (reply := self._answer_datagram(found, version)) is None:
            return
        # many entities hear one identification request: the random wait keeps them apart (7.4)
        asks_who = found.payload_type <= PayloadType.IDENTIFICATION_REQUEST_VIN
        wait = self._random.uniform(0.0, self.config.announce_wait) if asks_who else 0.0
        self._send_at(now + wait, Datagram(reply, address))
        self.handle_timeout(now)

    def _answer_datagram(self, message: dm.Message, version: int) -> bytes | None:
        kind, payload = message.payload_type, message.payload
        mine = self._identification
        if (
            kind == PayloadType.IDENTIFICATION_REQUEST
            or (kind == PayloadType.IDENTIFICATION_REQUEST_EID and payload == mine.eid)
            or (kind == PayloadType.IDENTIFICATION_REQUEST_VIN and payload == mine.vin)
        ):
            return dm.encode(PayloadType.ANNOUNCEMENT, mine.pack(), version)
        if kind == PayloadType.ENTITY_STATUS_REQUEST:
            own = self.config
            status = dm.EntityStatus(own.node_type, own.max_sockets, len(self.sources), own.max_data_size)
            return dm.encode(PayloadType.ENTITY_STATUS_RESPONSE, status.pack(), version)
        if kind == PayloadType.POWER_MODE_REQUEST:
            return dm.encode(PayloadType.POWER_MODE_RESPONSE, bytes([self.power_mode]), version)
        if kind in (PayloadType.ROUTING_ACTIVATION_REQUEST, PayloadType.DIAGNOSTIC_MESSAGE):
            return dm.encode(PayloadType.HEADER_NACK, bytes([dm.HeaderNack.UNKNOWN_PAYLOAD_TYPE]), version)
        return None  # alive checks live on TCP only; answers of others on this port are not for us

    # ---- one message each

    def _on_activation(self, socket: _Socket, payload: bytes, now: float) -> None:
        request = dm.RoutingActivationRequest.unpack(payload)
        if socket.state in (SocketState.CHECKING, SocketState.CONFIRMING):
            return  # the answer to the first request is under way
        socket.request = request
        refusal = self._refusal(socket, request)
        if refusal is not None:
            self._answer_activation(socket, refusal, now)
            return
        if socket.state is SocketState.ACTIVE:
            self._answer_activation(socket, Activation.OK, now)
            return
        socket.state = SocketState.CHECKING
        socket.closes_at = now + self.config.general_inactivity  # the initial timer ends with the request (9.3)
        socket.probed = self._obstacles(request)[1]
        for other in socket.probed:
            self.check_alive(other.connection, now)
        self._unsettled = True

    def _refusal(self, socket: _Socket, request: dm.RoutingActivationRequest) -> Activation | None:
        """What can be refused without asking anybody, in the order of clause 9.4."""
        if self.config.needs_tls and not socket.secure:
            return Activation.TLS_REQUIRED
        if request.source not in self.config.testers:
            return Activation.UNKNOWN_SOURCE
        if request.activation_type not in self.config.activation_types:
            return Activation.TYPE_UNSUPPORTED
        if socket.source is not None and socket.source != request.source:
            return Activation.SOURCE_DIFFERS
        return None

    def _obstacles(self, request: dm.RoutingActivationRequest) -> tuple[Activation, list[_Socket]]:
        """The registered sockets of which one must go first: same source address, else all if none is free."""
        registered = [s for s in self._sockets.values() if s.state in (SocketState.CONFIRMING, SocketState.ACTIVE)]
        if same := [s for s in registered if s.source == request.source]:
            return Activation.SOURCE_IN_USE, same
        return Activation.NO_FREE_SOCKET, registered if len(registered) >= self.config.max_sockets else []

    def _settle(self, now: float) -> None:
        """Decide the activations that waited for alive checks: in when the way is free, out when all answered."""
        self._unsettled = False
        for socket in list(self._sockets.values()):
            request = socket.request
            if socket.state is not SocketState.CHECKING or request is None:
                continue
            code, obstacles = self._obstacles(request)
            if not obstacles:
                socket.source = request.source
                self._answer_activation(socket, self._verdict(request), now)
            elif not any(s.alive_until is not None and s.connection in self._sockets for s in socket.probed):
                self._answer_activation(socket, code, now)

    def _verdict(self, request: dm.RoutingActivationRequest) -> Activation:
        if request.activation_type in self.config.needs_authentication:
            return Activation.MISSING_AUTHENTICATION
        pending = request.activation_type in self.config.needs_confirmation
        return Activation.CONFIRMATION_PENDING if pending else Activation.OK

    def _answer_activation(self, socket: _Socket, code: Activation, now: float) -> None:
        tester = socket.request.source if socket.request is not None else 0
        answer = dm.RoutingActivationResponse(tester, self.config.logical_address, code)
        self._send(socket, PayloadType.ROUTING_ACTIVATION_RESPONSE, answer.pack())
        if code in dm.CLOSING_ACTIVATIONS:
            self._close(socket, dm.ACTIVATION_WORDS[code])
        elif code == Activation.CONFIRMATION_PENDING:
            socket.state = SocketState.CONFIRMING
        elif code == Activation.OK:
            socket.state = SocketState.ACTIVE
            socket.closes_at = now + self.config.general_inactivity
        else:  # 04: stays connected, may authenticate
            socket.state = SocketState.INITIALIZED

    def _on_alive_request(self, socket: _Socket, payload: bytes, now: float) -> None:
        self._send(socket, PayloadType.ALIVE_CHECK_RESPONSE, self.config.logical_address.to_bytes(2, "big"))

    def _on_alive_response(self, socket: _Socket, payload: bytes, now: float) -> None:
        if socket.source == int.from_bytes(payload, "big") and socket.alive_until is not None:
            socket.alive_until = None
            self._unsettled = True

    def _on_diagnostic(self, socket: _Socket, payload: bytes, now: float) -> None:
        source, target = dm.ADDRESSES.unpack_from(payload)
        if socket.state is not SocketState.ACTIVE or socket.source != source:
            self._acknowledge(socket, source, target, DiagnosticNack.INVALID_SOURCE)
            self._close(socket, "wrong source address")  # clause 9.5: this nack costs the socket
            return
        functional = target in self.config.functional
        nack = self._nacks.get(target)
        if nack is None and not functional and target not in self.config.units:
            nack = DiagnosticNack.UNKNOWN_TARGET
        if nack is None and len(payload) - 4 > self.config.unit_limits.get(target, self.config.max_data_size):
            nack = DiagnosticNack.MESSAGE_TOO_LARGE
        self._acknowledge(socket, source, target, nack)
        if nack is None:
            self._outputs.append(Diagnostic(socket.connection, source, target, functional, payload[4:]))

    # ---- small help

    def _acknowledge(self, socket: _Socket, tester: int, unit: int, nack: int | None) -> None:
        kind = PayloadType.DIAGNOSTIC_ACK if nack is None else PayloadType.DIAGNOSTIC_NACK
        self._send(socket, kind, dm.acknowledgement(unit, tester, nack or 0x00))

    def _nack_header(self, socket: _Socket, nack: dm.HeaderNack) -> None:
        self._send(socket, PayloadType.HEADER_NACK, bytes([nack]))
        if nack in dm.CLOSING_NACKS:
            self._close(socket, dm.HEADER_NACK_WORDS[nack])

    def _send(self, socket: _Socket, payload_type: int, payload: bytes) -> None:
        self._outputs.append(Send(socket.connection, dm.encode(payload_type, payload, socket.version)))

    def _send_at(self, at: float, output: Datagram) -> None:
        heappush(self._later, (at, next(self._order), output))

    def _close(self, socket: _Socket, reason: str) -> None:
        self._sockets.pop(socket.connection, None)
        self._unsettled = True
        self._outputs.append(Close(socket.connection, reason))
