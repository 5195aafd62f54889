"""The DoIP way to the vehicle (ISO 13400-2): one TCP connection to an entity, a link for each unit behind it.

An entity that answers 07 (TLS required) is connected to again on its TLS port, by itself. After a loss nothing is sent
again: the next `open_link` connects anew, and links that were open before take the new connection with their next
`send`.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import RoutingDenied, VciLost, VciNotFound
from core.protocol import doip_messages as dm
from core.protocol.doip import DoipClientMachine, Inbox
from core.vci.channel import Clock, Tap
from core.vci.doip.connection import TLS, DoipConnection
from core.vci.doip.finder import EntityQuery, vin_text
from core.vocabulary import DoipAddress, EcuAddress, Transport

if TYPE_CHECKING:
    from core.vci.doip.tls import TlsTrust

CONNECT_LIMIT = 3.0  # seconds for TCP
_QUERY_WAIT = 0.3  # seconds at connect for the entity's status; most answer at once
_VIN_WAIT = 1.0  # seconds for its identification, which ISO delays by a random 0..500 ms
_NO_LIMIT = 0xFFFF_FFFF - 4


class DoipLink:
    """One conversation with one unit (`channel.Link`). PDUs without DoIP header and addresses."""

    def __init__(self, vci: DoipVci, address: DoipAddress, connection: DoipConnection) -> None:
        self.address: EcuAddress = address
        self.max_pdu = vci.max_pdu
        self._vci = vci
        self._logical = address.logical
        self._connection = connection
        self._inbox: Inbox = connection.call(connection.machine.open, self._logical)
        self._closed = False

    def send(self, pdu: bytes) -> None:
        """Send and wait for the entity's ack. NoResponse (no ack, unit unreachable), RoutingDenied (other nacks)."""
        connection = self._connection
        if connection.machine.error is not None:
            connection = self._take_new_connection()
        connection.send(self._logical, pdu)

    def receive(self, deadline: float) -> bytes | None:
        """The next PDU, None at `deadline`; a message that has begun by then is waited for while it moves on."""
        if (pdu := self._inbox.take()) is not None:  # it came with the ack
            return pdu
        inbox, connection = self._inbox, self._connection
        while not connection.wait(inbox, deadline):
            progress = connection.call(self._progress)
            if progress is None or progress + dm.A_PROCESSING_TIME <= deadline:
                return None
            deadline = progress + dm.A_PROCESSING_TIME
        return inbox.take()

    def receiving_since(self) -> float | None:
        since: float | None = self._connection.call(self._connection.machine.receiving_since, self._logical)
        return since

    def clear(self) -> None:
        self._inbox.clear()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._connection.call(self._connection.machine.close, self._logical, self._inbox)

    def _progress(self) -> float | None:
        machine = self._connection.machine
        return machine.last_receive if machine.receiving_since(self._logical) is not None else None

    def _take_new_connection(self) -> DoipConnection:
        connection = self._vci.connection
        if connection.error is not None or self._closed:
            raise VciLost(f"the DoIP connection to {self._vci.name} is gone")
        self._connection = connection
        self._inbox = connection.call(connection.machine.open, self._logical)
        return connection


class DoipVci:
    """One DoIP entity, connected and activated (`channel.Vci`). Constructing it connects.

    `secure`: over TLS from the start. `trust` is asked for when TLS is needed; `entity_status` is what UDP told.

    Errors: VciNotFound (nobody there), RoutingDenied (with the code; 07 says that TLS is needed), NoResponse
    (connected, but silent), VciLost (closed while activating).
    """

    transports = frozenset({Transport.DOIP})
    can_fd = False

    def __init__(
        self,
        host: str,
        port: int = dm.TCP_PORT,
        *,
        source: int = 0x0E00,
        tap: Tap,
        clock: Clock = time.monotonic,
        uri: str = "",
        trust: Callable[[], TlsTrust] | None = None,
        secure: bool = False,
    ) -> None:
        shown = f"[{host}]" if ":" in host else host
        self.uri = uri or f"doip://{shown}:{port}?source={source:#06x}"
        self.name = f"DoIP {shown}:{port}"
        self.max_pdu = _NO_LIMIT
        self._where = (host, port)
        self._channel = f"{shown}:{port}"
        self._source = source
        self._tap = tap
        self._clock = clock
        self._vin = ""
        self._lock = threading.Lock()
        self._closed = False
        self._query: EntityQuery | None = None
        self._trust = trust
        self.secure = secure
        try:
            self.connection = self._connect()
        except BaseException:
            self._close_query()
            raise

    @property
    def entity_address(self) -> int | None:
        """The entity's own logical address, as its routing activation response said."""
        return self.connection.machine.entity

    @property
    def entity_status(self) -> dm.EntityStatus | None:
        """Kind of node, sockets and largest message (0x4002), as they were at the connection; None: not told."""
        return self._query.status if self._query is not None else None

    @property
    def identification(self) -> dm.Identification | None:
        """VIN, logical address, EID and GID; None: not told."""
        return self._query.identification if self._query is not None else None

    def open_link(self, address: EcuAddress) -> DoipLink:
        """A link to a unit; connects anew where the connection was lost."""
        if not isinstance(address, DoipAddress):
            raise VciNotFound(
                f"{self.name} reaches DoIP units only, {address} is on CAN",
                "Use a device that speaks CAN for this unit (rules G5 and G6).",
            )
        with self._lock:
            if self._closed:
                raise VciLost(f"{self.name} is closed")
            if self.connection.error is not None:
                self.connection.close()
                self.connection = self._connect()
            return DoipLink(self, address, self.connection)

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        """Send to `address.functional` and wait for nothing; a nack of the group is seen by the tap only."""
        if isinstance(address, DoipAddress):
            self.connection.send_unacknowledged(address.functional, pdu)

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """Answers in the order of arrival for each unit; ends before `deadline` when every unit said its last word."""
        units = [a for a in addresses if isinstance(a, DoipAddress)]
        links = [self.open_link(unit) for unit in units]
        answers: list[tuple[EcuAddress, bytes]] = []
        try:
            for group in dict.fromkeys(unit.functional for unit in units):
                self.connection.send_unacknowledged(group, pdu)
            for link in links:
                while (answer := link.receive(deadline)) is not None:
                    answers.append((link.address, answer))
                    if not (len(answer) == 3 and answer[0] == 0x7F and answer[2] == 0x78):
                        break
        finally:
            for link in links:
                link.close()
        return answers

    def voltage(self) -> float | None:
        """DoIP has no way to measure it."""
        return None

    def vin_hint(self) -> str:
        """The VIN of the entity's identification; waits up to 1 s for it once, "" where none came."""
        with self._lock:
            self._ask(_VIN_WAIT)
            return self._vin

    def power_mode(self) -> int | None:
        """Asks the entity whether the vehicle is ready; None where UDP brings no answer."""
        with self._lock:
            return self._query.ask_power_mode(_QUERY_WAIT) if self._query is not None else None

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self.connection.close()
            self._close_query()

    def _close_query(self) -> None:
        if self._query is not None:
            self._query.close()

    # ---- connecting

    def _connect(self) -> DoipConnection:
        """Connect and activate; an entity that wants TLS (07) gets it, and is asked for it at once from then on."""
        try:
            return self._connect_as_told()
        except RoutingDenied as denied:
            if self.secure or denied.denied != "activation" or denied.denial_code != dm.Activation.TLS_REQUIRED:
                raise
        self.secure = True
        return self._connect_as_told()

    def _connect_as_told(self) -> DoipConnection:
        """An entity that refuses version 02 as a bad pattern is tried with 03 once."""
        machine = DoipClientMachine(self._source)
        try:
            return self._activated(machine)
        except RoutingDenied:
            if machine.header_nack != dm.HeaderNack.INCORRECT_PATTERN:
                raise
        return self._activated(DoipClientMachine(self._source, version=0x03))

    def _activated(self, machine: DoipClientMachine) -> DoipConnection:
        sock, peer = self._open_socket()
        connection = DoipConnection(sock, machine, tap=self._tap, clock=self._clock, channel=self._channel)
        try:
            if self._query is None:  # before the activation, so that its answers cost no time of their own
                self._query = EntityQuery(peer, tap=self._tap, clock=self._clock, channel=self._channel)
            connection.activate()
            self._ask(_QUERY_WAIT)
        except VciLost as lost:
            connection.close()
            if lost.lost_code == TLS:  # TLS 1.3 tells a client only after its handshake that it is not wanted
                from core.vci.doip.tls import OWN_ADVICE

                words = f"the DoIP entity {self._channel} refused this tester's certificate: {lost.message}"
                raise RoutingDenied(words, OWN_ADVICE, denial_code=dm.Activation.TLS_REQUIRED) from lost
            raise
        except BaseException:
            connection.close()
            raise
        return connection

    def _ask(self, seconds: float) -> None:
        """Take what the entity said about itself, waiting until `seconds` after the question at most."""
        if self._query is None:
            return
        self._query.collect(seconds)
        if self._query.identification is not None:
            self._vin = vin_text(self._query.identification)
        if self._query.status is not None and self._query.status.max_data_size:
            self.max_pdu = max(1, self._query.status.max_data_size - dm.ADDRESSES.size)

    def _open_socket(self) -> tuple[Any, Any]:
        """A TCP or TLS socket, and the place of the entity on UDP."""
        _, port = self._where
        if not self.secure:
            return self._open_tcp(port)
        from core.vci.doip.tls import TlsTrust, connect_tls

        trust = self._trust() if self._trust is not None else TlsTrust()
        sock, peer = self._open_tcp(trust.port)
        try:
            return connect_tls(sock, trust, f"{self._channel} (TLS port {trust.port})"), (peer[0], port, *peer[2:])
        except BaseException:
            sock.close()
            raise

    def _open_tcp(self, port: int) -> tuple[socket.socket, Any]:
        try:
            sock = socket.create_connection((self._where[0], port), CONNECT_LIMIT)
            try:
                return sock, sock.getpeername()
            except OSError:
                sock.close()
                raise
        except UnicodeError as error:  # getaddrinfo: a part of the name is empty or longer than 63 characters
            raise VciNotFound(f"no DoIP entity answers at {self._channel}: that is no host name") from error
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            raise VciNotFound(
                f"no DoIP entity answers at {self._channel}{f', TLS port {port}' if self.secure else ''}: {reason}",
                "Check the cable, the address and the ignition; `passbay devices` lists the entities that are heard.",
            ) from error
