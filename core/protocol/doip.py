"""The tester's side of DoIP (ISO 13400-2) as a pure machine: one TCP connection, many units. No I/O, no clock, no UDS.

A diagnostic message is sent once; only a nack 0x05 (out of memory, so not taken) sends it again, by rule.
"""

from __future__ import annotations

import struct
from collections import deque
from enum import Enum

from core.errors import LocalProtocolError, NoResponse, ProductError, RemoteProtocolError, RoutingDenied
from core.protocol import doip_messages as dm
from core.protocol.doip_messages import Activation, DiagnosticNack, PayloadType

MAX_PAYLOAD = 16 * 1024 * 1024  # bytes; a larger header is damage or an attack
MAX_UNREAD = 64 * 1024 * 1024  # bytes an inbox holds while nobody reads it
RETRIES = 3  # after nack 0x05
RETRY_AFTER = 0.2  # seconds
CONFIRMATION_LIMIT = 60.0  # seconds that a person in the vehicle has after 0x11
IDLE_ALIVE = 120.0  # seconds; an unasked alive check response keeps an idle connection (9.6), the entity's limit is 300


_HEAD = struct.Struct("!BBHIHH")
_unpack_addresses = dm.ADDRESSES.unpack_from


class ClientState(Enum):
    """Only ACTIVE carries diagnostic messages; ENDED is final, `error` says why."""

    CONNECTED = "connected"
    ACTIVATING = "activating"
    ACTIVE = "active"
    ENDED = "ended"


_NEXT = {
    ClientState.CONNECTED: {ClientState.ACTIVATING, ClientState.ENDED},
    ClientState.ACTIVATING: {ClientState.ACTIVE, ClientState.ENDED},
    ClientState.ACTIVE: {ClientState.ENDED},
    ClientState.ENDED: set(),
}


class Inbox:
    """PDUs of one unit that nobody has read yet. Bounded by MAX_UNREAD bytes; `dropped` counts what that cost."""

    __slots__ = ("_put", "_taken", "dropped", "pdus")

    def __init__(self) -> None:
        self.pdus: deque[bytes] = deque()
        self._put = 0  # bytes; the reader writes only the other one, so that `take` needs no lock
        self._taken = 0
        self.dropped = 0

    @property
    def ready(self) -> bool:
        return bool(self.pdus)

    def put(self, pdu: bytes) -> None:
        self.pdus.append(pdu)
        self._put += len(pdu)
        if self._put - self._taken > MAX_UNREAD:
            self._put -= len(self.pdus.popleft())
            self.dropped += 1

    def take(self) -> bytes | None:
        """The oldest, None where there is none. One thread takes, another may put at the same time."""
        if not self.pdus:
            return None
        pdu = self.pdus.popleft()
        self._taken += len(pdu)
        return pdu

    def clear(self) -> None:
        while self.take() is not None:
            pass


class Transmission:
    """One diagnostic message on its way: `ready` when acknowledged or failed, `error` says how it failed."""

    __slots__ = ("answered", "attempts", "deadline", "error", "payload", "ready", "retry_at", "target")

    def __init__(self, target: int, payload: bytes, deadline: float) -> None:
        self.target = target
        self.payload = payload
        self.deadline = deadline
        self.retry_at: float | None = None
        self.attempts = 1
        self.answered = False
        self.ready = False
        self.error: ProductError | None = None


class DoipClientMachine:
    """One connection to a DoIP entity, from routing activation to its end."""

    def __init__(
        self, source: int = 0x0E00, *, activation_type: int = 0x00, oem: bytes = b"", version: int = 0x02
    ) -> None:
        self.source = source
        self.version = version
        self.state = ClientState.CONNECTED
        self.error: ProductError | None = None
        self.entity: int | None = None  # its logical address, from the routing activation response
        self.header_nack: int | None = None  # the last generic header nack that came
        self._request = dm.RoutingActivationRequest(source, activation_type, oem)
        self._stream = dm.DoipStream(MAX_PAYLOAD)
        self.outgoing: list[tuple[int, bytes]] = []
        self._inboxes: dict[int, list[Inbox]] = {}
        self._open: dict[int, list[Transmission]] = {}  # by target, in order: an ack belongs to the oldest
        self._activation_until: float | None = None
        self._confirming = False
        self._last_traffic = 0.0
        self._unfinished_since: float | None = None
        self._last_receive = 0.0

    # ---- wishes

    def activate(self, now: float) -> None:
        """Ask for routing activation; `state` becomes ACTIVE, or ENDED with RoutingDenied or NoResponse."""
        self._enter(ClientState.ACTIVATING)
        self._activation_until = now + dm.A_DOIP_CTRL
        self.outgoing.append((PayloadType.ROUTING_ACTIVATION_REQUEST, self._request.pack()))

    def open(self, unit_address: int) -> Inbox:
        """A new inbox that gets every PDU of this unit from now on."""
        inbox = Inbox()
        self._inboxes.setdefault(unit_address, []).append(inbox)
        return inbox

    def close(self, unit_address: int, inbox: Inbox) -> None:
        """The inbox gets nothing any more; closing twice is harmless."""
        inboxes = self._inboxes.get(unit_address, [])
        if inbox in inboxes:
            inboxes.remove(inbox)
        if not inboxes:
            self._inboxes.pop(unit_address, None)

    def send(self, target: int, pdu: bytes, now: float, *, wants_ack: bool = True) -> Transmission:
        """Send one PDU to a logical address. `wants_ack` False (functional): ready at once, nacks pass unseen."""
        self.head(target, 0)
        transmission = self.sent(target, pdu, now, wants_ack)
        self.outgoing.append((PayloadType.DIAGNOSTIC_MESSAGE, transmission.payload))
        return transmission

    def head(self, target: int, size: int) -> bytes:
        """What goes before a PDU of `size` bytes on the stream: for a pump that writes both without joining them.

        The pump writes head and PDU, then calls `sent`: while the network works there is time for the bookkeeping.
        """
        if self.state is not ClientState.ACTIVE:
            raise self.error or LocalProtocolError("a diagnostic message was sent before routing was active")
        version = self.version
        return _HEAD.pack(version, version ^ 0xFF, 0x8001, size + 4, self.source, target)

    def sent(self, target: int, pdu: bytes, now: float, wants_ack: bool = True) -> Transmission:
        """A diagnostic message was written; its ack and nack belong to the Transmission from now on."""
        payload = dm.ADDRESSES.pack(self.source, target) + pdu
        transmission = Transmission(target, payload, now + dm.A_DOIP_DIAGNOSTIC_MESSAGE)
        self._last_traffic = now
        if wants_ack:
            waiting = self._open.get(target)
            if waiting is None:
                self._open[target] = [transmission]
            else:
                waiting.append(transmission)
        else:
            transmission.ready = True
        return transmission

    def messages_to_send(self, now: float) -> list[tuple[int, bytes]]:
        """(payload type, payload) of what is to go out now, in order; each is handed out once."""
        outgoing = self.outgoing
        if outgoing:
            self.outgoing = []
            self._last_traffic = now
        return outgoing

    def bytes_to_send(self, now: float) -> bytes:
        """The same as one piece of the byte stream."""
        return b"".join(dm.encode(kind, payload, self.version) for kind, payload in self.messages_to_send(now))

    def connection_lost(self, error: ProductError) -> None:
        """The socket is gone: everybody who waits gets `error`. Nothing is ever sent again on its own."""
        if self.state is not ClientState.ENDED:
            self._end(error)

    # ---- time

    def next_deadline(self) -> float | None:
        """When `handle_timeout` must be called at the latest; None while nothing runs."""
        if self.state is ClientState.ENDED:
            return None
        times = [self._last_traffic + IDLE_ALIVE] if self.state is ClientState.ACTIVE else []
        if self._activation_until is not None:
            times.append(self._activation_until)
        for waiting in self._open.values():
            times += [t.deadline if t.retry_at is None else t.retry_at for t in waiting]
        return min(times, default=None)

    def handle_timeout(self, now: float) -> None:
        """Repeat after nack 0x05, end what waited too long, keep an idle connection alive."""
        if self._activation_until is not None and now >= self._activation_until:
            words = "the DoIP entity did not answer the routing activation"
            if self._confirming:
                words = f"the connection was not confirmed in the vehicle within {CONFIRMATION_LIMIT:.0f} s"
            self._end(NoResponse(words, timer="A_DoIP_Ctrl"))
        for waiting in list(self._open.values()):
            for transmission in list(waiting):
                self._check_transmission(transmission, now)
        if self.state is ClientState.ACTIVE and now >= self._last_traffic + IDLE_ALIVE:
            self.outgoing.append((PayloadType.ALIVE_CHECK_RESPONSE, self.source.to_bytes(2, "big")))

    def _check_transmission(self, transmission: Transmission, now: float) -> None:
        if transmission.retry_at is not None:
            if now >= transmission.retry_at:
                transmission.retry_at = None
                transmission.attempts += 1
                transmission.deadline = now + dm.A_DOIP_DIAGNOSTIC_MESSAGE
                self.outgoing.append((PayloadType.DIAGNOSTIC_MESSAGE, transmission.payload))
        elif now >= transmission.deadline:
            # some gateways forget the ack and yet route: the unit's own answer is proof enough
            self._finish(
                transmission,
                None if transmission.answered else NoResponse(
                    f"the DoIP entity did not acknowledge a message to {transmission.target:04X}",
                    timer="A_DoIP_Diagnostic_Message",
                ),
            )  # fmt: skip

    # ---- what arrives

    def receive(self, data: bytes, now: float) -> list[dm.Message]:
        """Bytes from the entity. Returns the whole messages among them (for the tap), in order."""
        if self.state is ClientState.ENDED:
            return []
        self._last_traffic = self._last_receive = now
        messages: list[dm.Message] = []
        for found in self._stream.feed(data):
            if isinstance(found, dm.Fault):
                if not self._survives(found):
                    break
                continue
            messages.append(found)
            kind, payload, _version = found
            if kind == 0x8001:
                self._on_diagnostic(payload)
            elif kind == 0x8002:
                self._on_ack(payload)
            else:
                self._on_other(kind, payload, now)
                if self.error is not None:
                    break
        if not self._stream.unfinished:
            self._unfinished_since = None
        elif self._unfinished_since is None or messages:
            self._unfinished_since = now
        return messages

    def next_pdu(self, unit_address: int) -> bytes | None:
        """The next PDU of the first inbox of this unit; None where there is none."""
        inboxes = self._inboxes.get(unit_address)
        return inboxes[0].take() if inboxes else None

    def receiving_since(self, unit_address: int) -> float | None:
        """When the message of this unit began that has not ended yet."""
        return self._unfinished_since if self._stream.unfinished_source() == unit_address else None

    @property
    def last_receive(self) -> float:
        """When the last bytes came."""
        return self._last_receive

    @property
    def missing(self) -> int:
        """How many bytes the unfinished message lacks at least."""
        return self._stream.missing

    def _on_diagnostic(self, payload: bytes) -> None:
        source, target = _unpack_addresses(payload)
        if target != self.source:
            return
        for inbox in self._inboxes.get(source, ()):
            inbox.put(payload[4:])
        if source in self._open:
            for transmission in self._open[source]:
                transmission.answered = True

    def _on_ack(self, payload: bytes) -> None:
        unit, tester = _unpack_addresses(payload)
        waiting = self._open.get(unit, ())
        if len(waiting) == 1 and waiting[0].retry_at is None and tester == self.source:  # `_finish`, without its cost
            del self._open[unit]
            waiting[0].ready = True
        elif (transmission := self._oldest(payload)) is not None:
            self._finish(transmission, None)

    def _oldest(self, payload: bytes) -> Transmission | None:
        """The message that an ack or nack belongs to: the first to this unit that does not wait for its repeat."""
        unit, tester = _unpack_addresses(payload)
        for transmission in self._open.get(unit, ()) if tester == self.source else ():
            if transmission.retry_at is None:
                return transmission
        return None

    def _on_other(self, kind: int, payload: bytes, now: float) -> None:
        if kind == PayloadType.DIAGNOSTIC_NACK:
            transmission = self._oldest(payload)
            if transmission is not None:
                self._on_nack(transmission, payload[4], now)
        elif kind == PayloadType.ALIVE_CHECK_REQUEST:
            self.outgoing.append((PayloadType.ALIVE_CHECK_RESPONSE, self.source.to_bytes(2, "big")))
        elif kind == PayloadType.ROUTING_ACTIVATION_RESPONSE:
            self._on_activation(dm.RoutingActivationResponse.unpack(payload), now)
        elif kind == PayloadType.HEADER_NACK:
            self._on_header_nack(payload[0])

    def _on_activation(self, response: dm.RoutingActivationResponse, now: float) -> None:
        if self.state is not ClientState.ACTIVATING or response.tester != self.source:
            return
        if response.code == Activation.OK:
            self.entity = response.entity
            self._activation_until = None
            self._enter(ClientState.ACTIVE)
        elif response.code == Activation.CONFIRMATION_PENDING:
            self._activation_until = now + CONFIRMATION_LIMIT
            self._confirming = True
        else:
            words = dm.ACTIVATION_WORDS.get(response.code, "a reason of its maker's own")
            advice = ""
            if response.code == Activation.TLS_REQUIRED:
                advice = f"This vehicle is reached over TLS on port {dm.TLS_PORT} only."
            self._end(RoutingDenied(
                f"the DoIP entity refused the tester {self.source:04X}: {words} (code {response.code:02X})",
                advice, denial_code=response.code,
            ))  # fmt: skip

    def _on_nack(self, transmission: Transmission, code: int, now: float) -> None:
        if code == DiagnosticNack.OUT_OF_MEMORY and transmission.attempts <= RETRIES:
            transmission.retry_at = now + RETRY_AFTER
            return
        words = dm.DIAGNOSTIC_NACK_WORDS.get(code, "reserved code")
        text = f"the DoIP entity refused a message to {transmission.target:04X}: {words} (nack {code:02X})"
        if code in (0x06, 0x07, 0x08):  # the way beyond the gateway: the unit itself is silent
            self._finish(transmission, NoResponse(text, timer=f"DoIP nack {code:02X}"))
        else:
            self._finish(transmission, RoutingDenied(text, denial_code=code, denied="message"))

    def _on_header_nack(self, code: int) -> None:
        self.header_nack = code
        words = dm.HEADER_NACK_WORDS.get(code, "reserved code")
        text = f"the DoIP entity refused a message: {words} (header nack {code:02X})"
        error = RoutingDenied(text, denial_code=code, denied="header")
        oldest = next((waiting[0] for waiting in self._open.values()), None)
        if code in dm.CLOSING_NACKS or self.state is ClientState.ACTIVATING:
            self._end(error)
        elif oldest is not None:  # the nack names no message: it can only be the one that waits longest
            self._finish(oldest, error)

    def _survives(self, fault: dm.Fault) -> bool:
        """An unknown payload type is skipped; any other broken header ends the connection: the stream is lost."""
        if fault.nack == dm.HeaderNack.UNKNOWN_PAYLOAD_TYPE:
            return True
        words = dm.HEADER_NACK_WORDS[fault.nack]
        self._end(RemoteProtocolError(
            f"the DoIP entity sent a broken header: {words}", standard="ISO 13400-2", clause="7.1.2",
        ))  # fmt: skip
        return False

    # ---- states

    def _finish(self, transmission: Transmission, error: ProductError | None) -> None:
        waiting = self._open[transmission.target]
        if len(waiting) == 1:
            del self._open[transmission.target]
        else:
            waiting.remove(transmission)
        transmission.error = error
        transmission.ready = True

    def _enter(self, state: ClientState) -> None:
        if state not in _NEXT[self.state]:
            raise LocalProtocolError(f"DoIP client: {self.state.value} cannot become {state.value}")
        self.state = state

    def _end(self, error: ProductError) -> None:
        self._enter(ClientState.ENDED)
        self.error = error
        self._activation_until = None
        self.outgoing.clear()
        for waiting in list(self._open.values()):
            for transmission in list(waiting):
                self._finish(transmission, error)
