"""The UDS client by ISO 14229-1 and -2: one request, its repeats, its timers and its answer. No I/O, clock or words.

    client.send(pdu, now)                                  a request begins
    while not client.finished:
        if (pdu := client.pdu_to_send(now)) is not None:   the pump sends it, then says so:
            client.sent(now)                               P2 starts when the transport has sent all (T_Data.con)
        client.receive(pdu, now) / answer_begun(now) / handle_timeout(now) / transport_failed(now)
    answer = client.next_pdu()                             None: silence, `timer` names which timer ran out

Rules (ISO 14229-2 clause 7, ISO 14229-1 Annex A): P2 until the first sign, P2* re-armed by each 0x78 without a count
limit, both under one total limit; 0x21 and 0x94 repeat the same request; a begun multi-frame answer stops P2; an
answer that does not belong to the request is skipped and kept in `notices`; a suppressed positive answer may stay
away unless a 0x78 came; after silence the request is sent again while `attempts` allow, never after a negative answer.
"""

from __future__ import annotations

from enum import Enum, IntEnum, auto
from typing import Final, NamedTuple

from core.errors import LocalProtocolError
from core.protocol.nrc import REPEATED, RESPONSE_PENDING
from core.protocol.uds import POSITIVE_OFFSET, SUPPRESS, Sid, has_sub_function, session_timing

REPEAT_AFTER: Final = 0.2
"""Seconds from a 0x21/0x94 to the next try (CDA's default; the standard leaves it to the client)."""
BUSY_LIMIT: Final = 25.0
"""Seconds after the first transmission in which 0x21/0x94 is repeated."""
DEFAULT_P2: Final = 1.0
DEFAULT_P2_STAR: Final = 6.0
DEFAULT_TOTAL: Final = 25.0
"""Seconds for one request with all its 0x78s (CDA: RC78 completion). A job gives more where it knows of an erase."""
NETWORK_ALLOWANCE: Final = 0.05
"""Delta P2 (ISO 14229-2 clause 7.2): what the way takes on top of the P2server that a session answer names."""


class State(IntEnum):  # int hashes in C: these are looked up several times a block
    IDLE = auto()
    TO_SEND = auto()
    AWAIT_SIGN = auto()  # P2 runs
    AWAIT_FINAL = auto()  # P2* runs, a 0x78 came
    RECEIVING = auto()  # a multi-frame answer has begun: only the total limit and the transport's N_Cr run
    BUSY = auto()  # waits to repeat after 0x21/0x94
    ANSWERED = auto()
    SILENT = auto()


_WAITING = frozenset({State.AWAIT_SIGN, State.AWAIT_FINAL, State.RECEIVING})
_ENDED = frozenset({State.ANSWERED, State.SILENT})
_RESTS = frozenset({State.IDLE, State.ANSWERED, State.SILENT})

# from which states a happening leads where; anything else is our own bug
_MOVES: Final[dict[State, frozenset[State]]] = {
    State.TO_SEND: _RESTS | {State.BUSY} | _WAITING,
    State.AWAIT_SIGN: frozenset({State.TO_SEND, State.RECEIVING}),
    State.AWAIT_FINAL: _WAITING,
    State.RECEIVING: _WAITING,
    State.BUSY: _WAITING,
    State.ANSWERED: _WAITING | {State.BUSY},
    State.SILENT: _WAITING | {State.BUSY, State.TO_SEND},
}


class Notice(Enum):
    """What happened beside the answer."""

    PENDING = "pending"
    BUSY = "busy"
    SKIPPED = "skipped"
    RESENT = "resent"


class Note(NamedTuple):
    """`pdu` is the one that was received (RESENT: the request), `number` counts this kind since `send`."""

    notice: Notice
    pdu: bytes
    number: int


# bytes after the SID that a positive answer repeats from the request (ISO 14229-1, the response tables)
_ECHO: Final[dict[int, int]] = {
    Sid.READ_SCALING_DATA_BY_IDENTIFIER: 2,
    Sid.WRITE_DATA_BY_IDENTIFIER: 2,
    Sid.INPUT_OUTPUT_CONTROL_BY_IDENTIFIER: 2,
    Sid.ROUTINE_CONTROL: 3,
    Sid.TRANSFER_DATA: 1,
    Sid.REQUEST_FILE_TRANSFER: 1,
}


# by SID, since a block transfer asks for one a block
_POSITIVE: Final = tuple(bytes(((sid + POSITIVE_OFFSET) & 0xFF,)) for sid in range(256))
_ECHO_LENGTH: Final = tuple(_ECHO.get(sid, 1 if has_sub_function(sid) else 0) for sid in range(256))


def echo_of(pdu: bytes) -> bytes:
    """How a positive answer to `pdu` must begin: its SID and what it repeats (counter, DID, sub-function ...)."""
    sid = pdu[0]
    repeated = pdu[1 : 1 + _ECHO_LENGTH[sid]]
    if repeated and repeated[0] & SUPPRESS and has_sub_function(sid):
        repeated = bytes((repeated[0] & ~SUPPRESS,)) + repeated[1:]
    return _POSITIVE[sid] + repeated


class UdsClient:
    """The conversation with one unit, one request at a time. Times in seconds; `p2`, `p2_star` are as we wait.

    `p2` and `p2_star` grow when the answer to a session request names longer ones, and fall back to the data's with
    the next session answer (ISO 14229-1 clause 9.2.3, table 29).
    """

    echo = staticmethod(echo_of)
    """How a positive answer to a request must begin. This and the next two are other ones for another protocol."""
    times_of = staticmethod(session_timing)
    """(P2, P2*) that a session answer names, None where it names none."""
    early_answers = False
    """An answer that is there before its request cannot be told from the right one: it is thrown away before."""

    def __init__(self, p2: float = DEFAULT_P2, p2_star: float = DEFAULT_P2_STAR, total: float = DEFAULT_TOTAL) -> None:
        self.data_p2, self.data_p2_star, self.data_total = p2, p2_star, total
        self.p2, self.p2_star = p2, p2_star
        self.state = State.IDLE
        self.finished = True
        self.timer = ""
        """Which timer ended the last request: "P2", "P2*", "total", or the transport's; "" while it lives."""
        self.notices: list[Note] = []
        """What happened since the pump last emptied it."""
        self.transmissions = 0
        self._request = b""
        self._start = b""
        self._dids: frozenset[bytes] = frozenset()
        self._suppressed = False
        self._attempts = 1
        self._request_p2 = p2
        self._total = total
        self._total_end: float | None = None
        self._busy_end = 0.0
        self._deadline: float | None = None
        self._pending = False
        self._answer: bytes | None = None
        self._counts: dict[Notice, int] = {}

    # -- the face of every machine

    def send(
        self,
        pdu: bytes,
        now: float,
        *,
        suppressed: bool = False,
        attempts: int = 1,
        p2: float | None = None,
        total: float | None = None,
    ) -> None:
        """Begin a request. `attempts` counts transmissions on silence; `p2` and `total` override for this one."""
        if not pdu:
            raise LocalProtocolError("An empty request cannot be sent.")
        self._move(State.TO_SEND, _RESTS)
        self.finished = False
        self.timer = ""
        self.transmissions = 0
        self._request = pdu
        self._start = self.echo(pdu)
        if pdu[0] == Sid.READ_DATA_BY_IDENTIFIER:
            self._dids = frozenset(pdu[i : i + 2] for i in range(1, len(pdu) - 1, 2))
        self._suppressed = suppressed
        self._attempts = attempts
        self._request_p2 = self.p2 if p2 is None else p2
        self._total = self.data_total if total is None else total
        self._total_end = None
        self._deadline = now
        self._answer = None
        if self._counts:
            self._counts.clear()

    def pdu_to_send(self, now: float) -> bytes | None:
        """The request when it is to go out now (at first, as a repeat, as a resend)."""
        if self.state is State.BUSY and self._deadline is not None and now >= self._deadline:
            self._move(State.TO_SEND)
        return self._request if self.state is State.TO_SEND else None

    def sent(self, now: float) -> None:
        """The transport has sent all of it: P2 starts, at the first time the total limit too."""
        self._move(State.AWAIT_SIGN)
        self.transmissions += 1
        if self._total_end is None:
            self._total_end = now + self._total
            self._busy_end = now + min(self._total, BUSY_LIMIT)
        self._pending = False
        self._deadline = now + self._request_p2

    def receive(self, pdu: bytes, now: float) -> None:
        """An answer from this unit arrived, whole. Any bytes; what does not belong to the request is skipped."""
        if self.state not in _WAITING:
            self._note(Notice.SKIPPED, pdu)
        elif pdu.startswith(self._start) and (pdu[0] != 0x62 or self._reads(pdu)):
            self._finish(pdu)
        elif len(pdu) >= 3 and pdu[0] == 0x7F and pdu[1] == self._request[0]:
            self._refused(pdu, now)
        else:
            self._note(Notice.SKIPPED, pdu)
            if self.state is State.RECEIVING:  # it was this one that stopped P2, so P2 starts anew
                self._wait(State.AWAIT_FINAL if self._pending else State.AWAIT_SIGN, now)

    def answer_begun(self, now: float) -> None:
        """The first frame of a multi-frame answer came: P2 and P2* stop (ISO 14229-2 clause 7: T_DataSOM.ind)."""
        if self.state in _WAITING:
            self._move(State.RECEIVING)

    def next_pdu(self) -> bytes | None:
        """The answer, once: positive, negative, or b"" for a wished silence. None where none came (`timer`)."""
        answer, self._answer = self._answer, None
        return answer

    def next_deadline(self) -> float | None:
        """When `handle_timeout` (BUSY: `pdu_to_send`) is due; None while nothing is asked."""
        if self.finished:
            return None
        deadline, end = self._deadline, self._total_end
        if end is None or deadline is None:
            return deadline
        if self.state is State.RECEIVING or end < deadline:
            return end
        return deadline

    def handle_timeout(self, now: float) -> None:
        """The deadline has passed without an answer. Does nothing when it has not."""
        due = self.next_deadline()
        if due is None or now < due or self.state is State.TO_SEND:
            return
        if self._total_end is not None and now >= self._total_end:
            self._silent("total")
        elif self.state is State.BUSY:
            self._move(State.TO_SEND)
        elif self.state is State.AWAIT_SIGN and self._suppressed:
            self._finish(b"")  # silence is the positive answer (clause 7.2.2)
        else:
            self._resend_or_end("P2" if self.state is State.AWAIT_SIGN else "P2*")

    def transport_failed(self, timer: str, now: float) -> None:
        """A transport timer (N_Bs, N_Cr, DoIP ack) ended this transmission or its answer: counts as silence."""
        if self.state is State.TO_SEND:
            self.transmissions += 1
        elif self.state not in _WAITING:
            return
        if self._total_end is not None and now >= self._total_end:
            self._silent(timer)
        else:
            self._resend_or_end(timer)

    def abandon(self) -> None:
        """Forget the request: the link is gone."""
        if not self.finished:
            self._silent("abandoned")

    def forget_session(self) -> None:
        """The unit was reset: the times of its last session no longer hold."""
        self.p2, self.p2_star = self.data_p2, self.data_p2_star

    # -- inside

    def _move(self, to: State, sources: frozenset[State] | None = None) -> None:
        if self.state not in (sources or _MOVES[to]):
            raise LocalProtocolError(f"UDS client: {self.state.name} does not lead to {to.name}.")
        self.state = to

    def _reads(self, pdu: bytes) -> bool:
        """A `62` begins with one of the DIDs asked for: a unit may leave out those it does not know."""
        return pdu[1:3] in self._dids or not self._dids

    def _finish(self, pdu: bytes) -> None:
        self._move(State.ANSWERED)
        self.finished = True
        self._answer = pdu
        if pdu and pdu[0] == 0x50:
            timing = self.times_of(pdu)
            if timing is not None:
                self.p2 = max(self.data_p2, timing[0] + NETWORK_ALLOWANCE)
                self.p2_star = max(self.data_p2_star, timing[1] + NETWORK_ALLOWANCE)

    def _refused(self, pdu: bytes, now: float) -> None:
        code = pdu[2]
        if code == RESPONSE_PENDING:
            self._note(Notice.PENDING, pdu)
            self._pending = True
            self._wait(State.AWAIT_FINAL, now)
        elif code in REPEATED and now + REPEAT_AFTER < self._busy_end:
            self._repeat_later(pdu, now)
        else:
            self._finish(pdu)

    def _repeat_later(self, pdu: bytes, now: float) -> None:
        self._note(Notice.BUSY, pdu)
        self._move(State.BUSY)
        self._deadline = now + REPEAT_AFTER

    def _wait(self, state: State, now: float) -> None:
        self._move(state)
        self._deadline = now + (self.p2_star if state is State.AWAIT_FINAL else self._request_p2)

    def _resend_or_end(self, timer: str) -> None:
        if self.transmissions < self._attempts:
            self._note(Notice.RESENT, self._request)
            if self.state is not State.TO_SEND:
                self._move(State.TO_SEND)
        else:
            self._silent(timer)

    def _silent(self, timer: str) -> None:
        self._move(State.SILENT, frozenset(State) - _ENDED)
        self.finished = True
        self.timer = timer

    def _note(self, notice: Notice, pdu: bytes) -> None:
        self._counts[notice] = count = self._counts.get(notice, 0) + 1
        self.notices.append(Note(notice, pdu, count))
