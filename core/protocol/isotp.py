"""ISO-TP (ISO 15765-2:2016) as a pure machine: one conversation, both directions. No bus, no clock, no identifiers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from enum import Enum

from core.errors import LocalProtocolError, NoResponse, ProductError, RemoteProtocolError
from core.protocol.isotp_frames import (
    BATCH,
    CF,
    CTS,
    FC,
    FD_LENGTHS,
    FF,
    OVFLW,
    SF,
    WAIT,
    consecutive_heads,
    flow_control,
    functional_frame,
    mirrored,
    padded,
    prefix_of,
    single_frame,
    single_frame_limit,
    st_min_seconds,
)
from core.vocabulary import CanAddress

__all__ = ["IsoTpMachine", "RxState", "TxState", "functional_frame", "mirrored"]

MAX_LENGTH = 0xFFFF_FFFF  # FF_DL has 32 bits (9.6.3.2)
TIMEOUT = 1.0  # N_Bs and N_Cr in seconds (9.8, table 22)


class TxState(Enum):
    """Sending. IDLE -send-> WAIT_FC -CTS-> SEND_CF -block end-> WAIT_FC ... -last CF-> IDLE."""

    IDLE = "idle"
    WAIT_FC = "wait for flow control"
    SEND_CF = "send consecutive frames"


class RxState(Enum):
    """Receiving. IDLE -FF-> RECEIVE_CF -last CF-> IDLE."""

    IDLE = "idle"
    RECEIVE_CF = "receive consecutive frames"


class _Receiver(ABC):
    """The receiving half of the machine. What it wants to send (FC) goes to the front of `_head`."""

    def __init__(
        self,
        address: CanAddress,
        block_size: int,
        st_min: int,
        functional: bool,
        n_cr: float,
        max_receive: int,
        max_unread: int,
    ) -> None:
        extension = address.rx_extension
        if functional and address.functional_extension is not None:
            extension = address.functional_extension
        self._tx_prefix = prefix_of(address, address.tx_extension)
        self._rx_prefix = prefix_of(address, extension)
        self._padding = address.padding
        self._functional = functional
        self._block_size, self._st_min_raw, self._n_cr, self._max_receive = block_size, st_min, n_cr, max_receive
        self._head: list[bytes] = []  # SF, FF and FC that go before any CF
        self._rx_state = RxState.IDLE
        self._offset = len(self._rx_prefix)
        self._rx_heads = consecutive_heads(self._rx_prefix)[0]
        self._cf_start = self._offset + 1
        self._expected = b""
        self._buffer = bytearray()
        self._rx_number = self._rx_dl = self._chunk = self._left = self._block_count = 0
        self._rx_deadline: float | None = None
        self._rx_since: float | None = None
        self._unread: deque[bytes] = deque(maxlen=max_unread)
        self._rx_errors: deque[ProductError] = deque(maxlen=16)

    def receive(self, data: bytes, now: float) -> None:
        """Take one frame (0..64 bytes) that arrived on our identifier. Never raises; foreign and broken ones pass."""
        if self._left > self._chunk and len(data) == self._rx_dl and data.startswith(self._expected):
            # every CF of a long PDU but the last takes this way: it is what throughput hangs on
            self._buffer += data[self._cf_start :]
            self._left -= self._chunk
            self._rx_number = number = (self._rx_number + 1) & 0xF
            self._expected = self._rx_heads[number]
            self._rx_deadline = now + self._n_cr
            if self._block_size:
                self._count_block()
            return
        offset = self._offset
        if len(data) <= offset or not data.startswith(self._rx_prefix):
            return
        kind = data[offset] >> 4
        if kind == SF:
            self._on_single(data)
        elif self._functional:
            return
        elif kind == FF:
            self._on_first(data, now)
        elif kind == CF:
            self._on_consecutive(data)
        elif kind == FC:
            self._on_flow_control(data, now)

    @abstractmethod
    def _on_flow_control(self, data: bytes, now: float) -> None:
        """FC is for the sending half."""

    def next_pdu(self) -> bytes | None:
        """The oldest PDU received and not read; the newest `max_unread` are kept."""
        return self._unread.popleft() if self._unread else None

    @property
    def receive_deadline(self) -> float | None:
        """When N_Cr runs out, None where no multi-frame PDU is being received."""
        return self._rx_deadline

    @property
    def receiving_since(self) -> float | None:
        """The time of the FF of a multi-frame PDU that has begun and not ended, else None."""
        return self._rx_since

    def rx_error(self) -> ProductError | None:
        """The oldest failure of receiving, once; its PDU is given up."""
        return self._rx_errors.popleft() if self._rx_errors else None

    def clear(self) -> None:
        """Forget received PDUs that were not read, and failures of receiving."""
        self._unread.clear()
        self._rx_errors.clear()

    def _on_single(self, data: bytes) -> None:
        """9.6.2: up to 8 bytes the length is in the N_PCI, beyond (FD) in the byte after it."""
        at = self._offset
        size = data[at] & 0xF
        start = at + 1
        if len(data) > 8:
            if size:
                return
            size, start = data[start], start + 1
        if not 1 <= size <= len(data) - start:
            return
        self._interrupted()
        self._unread.append(bytes(data[start : start + size]))

    def _on_first(self, data: bytes, now: float) -> None:
        """9.6.3: an FF too short for its frame, or with an escape that was not needed, passes by without FC."""
        at, size = self._offset, len(data)
        if size not in FD_LENGTHS:
            return
        total, start = (data[at] & 0xF) << 8 | data[at + 1], at + 2
        if not total:
            total, start = int.from_bytes(data[start : start + 4], "big"), start + 4
            if total <= 0xFFF:
                return
        if total <= single_frame_limit(self._rx_prefix, size):
            return
        self._interrupted()
        if total > self._max_receive:
            self._head.insert(0, flow_control(OVFLW, 0, 0, self._tx_prefix, self._padding))
            self._rx_errors.append(_broken(f"The unit announced {total} bytes, more than we take.", "N_BUFFER_OVFLW"))
            return
        self._rx_state = RxState.RECEIVE_CF
        self._buffer = bytearray(data[start:])
        self._left = total - len(self._buffer)
        self._rx_dl, self._chunk = size, size - self._cf_start
        self._rx_number, self._expected = 1, self._rx_heads[1]
        self._rx_since, self._rx_deadline = now, now + self._n_cr
        self._block_count = self._block_size
        self._continue()

    def _on_consecutive(self, data: bytes) -> None:
        """9.6.4: the last CF, and every one that is wrong."""
        if self._rx_state is RxState.IDLE:
            return
        if data[self._offset] & 0xF != self._rx_number:
            self._end_receive(_broken("Frames of the unit's answer were lost or swapped.", "9.6.4.4 N_WRONG_SN"))
            return
        payload = data[self._cf_start :]
        if len(payload) < self._left or len(data) > self._rx_dl:  # not of RX_DL and not the last: N_Cr goes on
            return
        self._buffer += payload[: self._left]
        self._unread.append(bytes(self._buffer))
        self._end_receive(None)

    def _count_block(self) -> None:
        self._block_count -= 1
        if not self._block_count:
            self._block_count = self._block_size
            self._continue()

    def _continue(self) -> None:
        self._head.insert(0, flow_control(CTS, self._block_size, self._st_min_raw, self._tx_prefix, self._padding))

    def _interrupted(self) -> None:
        """9.7, table 23: a new SF or FF ends the reception in work and is taken itself."""
        if self._rx_state is RxState.RECEIVE_CF:
            self._end_receive(_broken("The unit began a new answer inside the old one.", "9.7 N_UNEXP_PDU"))

    def _end_receive(self, failure: ProductError | None) -> None:
        if failure is not None:
            self._rx_errors.append(failure)
        self._rx_state, self._rx_deadline, self._rx_since = RxState.IDLE, None, None
        self._buffer, self._left, self._chunk = bytearray(), 0, 0


class IsoTpMachine(_Receiver):
    """Segments PDUs into frames and puts frames together into PDUs; the two directions are independent (full duplex).

    `address` is seen from this side: it sends with `tx_extension` and hears `rx_extension` (see `mirrored`). `st_min`
    is the raw byte of 9.6.5.4 that we ask for, `block_size` our BS (0: no further FC). `tx_dl` is 8, or with FD up to
    64. `wait_limit` is how many FC.WAIT in a row we accept (N_WFTmax), `max_receive` the longest PDU we take (a longer
    one gets FC.OVFLW). `functional` allows single frames only (8.1). Times are seconds of the caller's clock.
    Frames are the payload bytes of a CAN frame. Whatever arrives, nothing raises: errors are kept for `tx_error` and
    `rx_error` (NoResponse for N_Bs/N_Cr, RemoteProtocolError for broken rules), and the machine goes on.
    """

    def __init__(
        self,
        address: CanAddress,
        *,
        block_size: int = 0,
        st_min: int = 0,
        tx_dl: int | None = None,
        functional: bool = False,
        n_bs: float = TIMEOUT,
        n_cr: float = TIMEOUT,
        wait_limit: int = 32,
        max_receive: int = 16 << 20,
        max_unread: int = 256,
    ) -> None:
        self._tx_dl = tx_dl or (64 if address.is_fd else 8)
        if self._tx_dl not in FD_LENGTHS or not 0 <= block_size <= 0xFF or not 0 <= st_min <= 0xFF:
            raise LocalProtocolError(f"no such TX_DL, BS or STmin: {tx_dl}, {block_size}, {st_min}")
        super().__init__(address, block_size, st_min, functional, n_cr, max_receive, max_unread)
        self._n_bs, self._wait_limit = n_bs, wait_limit
        # sending
        self._tx_state = TxState.IDLE
        self._tx_queue: deque[bytes] = deque()
        self._tx_heads = consecutive_heads(self._tx_prefix)
        self._cf_payload = self._tx_dl - 1 - len(self._tx_prefix)
        self._starts_n_bs = False  # the last frame of _head is an FF
        self._pdu = b""
        self._position = self._tx_number = self._waits = self._block_left = 0
        self._gap = 0.0  # the receiver's STmin
        self._cf_due = 0.0
        self._tx_deadline: float | None = None
        self._tx_errors: deque[ProductError] = deque(maxlen=16)

    def send(self, pdu: bytes, now: float) -> None:
        """Queue one PDU of 1..2**32-1 bytes behind those in work. LocalProtocolError where it can never be sent."""
        if not 1 <= len(pdu) <= MAX_LENGTH:
            raise LocalProtocolError(f"ISO-TP carries 1 to {MAX_LENGTH} bytes, not {len(pdu)}")
        if self._functional and len(pdu) > single_frame_limit(self._tx_prefix, self._tx_dl):
            raise LocalProtocolError("functional addressing carries single frames only (ISO 15765-2, 8.1)")
        self._tx_queue.append(bytes(pdu))
        if self._tx_state is TxState.IDLE:
            self._begin_next()

    def frames_to_send(self, now: float, limit: int = BATCH) -> list[bytes]:
        """What may go out now, in order, at most `limit` (1..64) CFs. Call until empty, again after each receive, send
        and at `next_deadline`. The caller hands every frame to the bus."""
        frames: list[bytes] = []
        if self._head:
            frames, self._head = self._head, []
            if self._starts_n_bs:
                self._starts_n_bs = False
                self._tx_deadline = now + self._n_bs
        if self._tx_state is TxState.SEND_CF and now >= self._cf_due:
            frames += self._consecutive(now, limit)
        return frames

    def next_deadline(self) -> float | None:
        """When `frames_to_send` (STmin) or `handle_timeout` (N_Bs, N_Cr) is due; None: nothing runs."""
        due = self._cf_due if self._tx_state is TxState.SEND_CF else self._tx_deadline
        if due is None or (self._rx_deadline is not None and self._rx_deadline < due):
            return self._rx_deadline
        return due

    def handle_timeout(self, now: float) -> None:
        """End what has waited too long: N_Bs (no FC) and N_Cr (no CF)."""
        if self._tx_deadline is not None and now >= self._tx_deadline:
            self._end_send(NoResponse("The unit did not allow the message to go on (no flow control).", timer="N_Bs"))
        if self._rx_deadline is not None and now >= self._rx_deadline:
            self._end_receive(NoResponse("The unit stopped in the middle of its answer.", timer="N_Cr"))

    @property
    def sending(self) -> bool:
        """A PDU is in work or queued, or a frame waits to be fetched."""
        return self._tx_state is not TxState.IDLE or bool(self._head) or bool(self._tx_queue)

    def frames_due(self, now: float) -> bool:
        """`frames_to_send` would return something."""
        return bool(self._head) or (self._tx_state is TxState.SEND_CF and now >= self._cf_due)

    @property
    def awaits_flow_control(self) -> bool:
        """Sending rests until the other side allows more."""
        return self._tx_state is TxState.WAIT_FC

    @property
    def has_news(self) -> bool:
        """A PDU or a failure waits to be fetched."""
        return bool(self._unread) or bool(self._tx_errors) or bool(self._rx_errors)

    def tx_error(self) -> ProductError | None:
        """The oldest failure of sending, once; its PDU is given up."""
        return self._tx_errors.popleft() if self._tx_errors else None

    def error(self) -> ProductError | None:
        """The oldest failure of either direction, once."""
        return self.tx_error() or self.rx_error()

    def _begin_next(self) -> None:
        while self._tx_queue and self._tx_state is TxState.IDLE:
            pdu = self._tx_queue.popleft()
            if len(pdu) <= single_frame_limit(self._tx_prefix, self._tx_dl):
                self._head.append(single_frame(pdu, self._tx_prefix, self._tx_dl, self._padding))
                continue
            size = len(pdu)
            length = bytes((0x10 | size >> 8, size & 0xFF)) if size <= 0xFFF else b"\x10\x00" + size.to_bytes(4, "big")
            head = self._tx_prefix + length
            self._position = self._tx_dl - len(head)
            self._pdu = pdu
            self._head.append(head + pdu[: self._position])
            self._starts_n_bs = True
            self._tx_number, self._waits = 1, 0
            self._tx_state = TxState.WAIT_FC

    def _consecutive(self, now: float, limit: int) -> list[bytes]:
        pdu, start, size = self._pdu, self._position, self._cf_payload
        count = 1 if self._gap else limit
        if 0 < self._block_left < count:
            count = self._block_left
        stop = min(start + count * size, len(pdu))
        heads = self._tx_heads[self._tx_number]
        frames = [head + pdu[at : at + size] for head, at in zip(heads, range(start, stop, size), strict=False)]
        self._tx_number = (self._tx_number + len(frames)) & 0xF
        self._position = stop
        if stop == len(pdu):
            frames[-1] = padded(frames[-1], self._padding)
            self._end_send(None)
        elif self._block_left:
            self._block_left -= len(frames)
            if not self._block_left:
                self._tx_state = TxState.WAIT_FC
                self._waits = 0
                self._tx_deadline = now + self._n_bs
        self._cf_due = now + self._gap
        return frames

    def _on_flow_control(self, data: bytes, now: float) -> None:
        """9.6.5: an FC that nobody waits for, or shorter than three bytes, passes by."""
        at = self._offset
        if self._tx_state is not TxState.WAIT_FC or self._starts_n_bs or len(data) < at + 3:
            return
        status = data[at] & 0xF
        if status == CTS:
            self._block_left, self._gap = data[at + 1], st_min_seconds(data[at + 2])
            self._tx_state, self._tx_deadline, self._cf_due = TxState.SEND_CF, None, now
        elif status == WAIT:
            self._waits += 1
            self._tx_deadline = now + self._n_bs
            if self._waits > self._wait_limit:
                self._end_send(_broken(f"The unit asked to wait {self._waits} times in a row.", "9.6.5.2 N_WFT_OVRN"))
        elif status == OVFLW:
            self._end_send(_broken(f"A message of {len(self._pdu)} bytes is too long for the unit.", "N_BUFFER_OVFLW"))
        else:
            self._end_send(_broken(f"Flow status {status:X} does not exist.", "9.6.5.2 N_INVALID_FS"))

    def _end_send(self, failure: ProductError | None) -> None:
        if failure is not None:
            self._tx_errors.append(failure)
        self._tx_state, self._tx_deadline, self._pdu = TxState.IDLE, None, b""
        self._begin_next()


def _broken(message: str, clause: str) -> RemoteProtocolError:
    return RemoteProtocolError(message, standard="ISO 15765-2", clause=clause)
