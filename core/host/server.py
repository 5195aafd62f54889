"""Serves one vehicle to screens and commands: one drives, others watch, all may die. Opens no device, knows no job.

A remote helper's seat may call what HelperRights names and nothing else; it drives only while that is handed over.

The face is any object with the vehicle's public methods: what returns something with `job_id`, `wait` and `cancel` is
a job, everything else a value. Its properties are pushed to the clients when they change. Ends when nothing runs and
nobody but helpers is attached.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from core.errors import JobError, LocalProtocolError, ProductError, VciLost
from core.events import Event, ProgressMade, ResponsePendingReceived
from core.host import codec
from core.host.seats.seat import CLOSING_SECONDS, Seat
from core.host.seats.wheel import HelperRights, Wheel
from core.host.showing import Showing
from core.host.wire import Door
from core.vocabulary import HostInfo

GRACE = 2.0
FIRST_GRACE = 15.0  # for the one who started us: its machine may be slow
MOST_SEATS = 32
LETTING_GO_SECONDS = 15.0
DISCONNECTED = "The technician has disconnected the vehicle."
_NOT_CALLED = frozenset({"close", "traffic_view", "running", "driven_by"})


class Face(Protocol):
    """What the server itself uses of the vehicle."""

    @property
    def running(self) -> Any: ...
    def traffic_view(self) -> Any: ...
    def driven_by(self, helper: str) -> None: ...


class HostServer:
    """`publish` may be called from the beginning, `serve` when the vehicle is open, then `run` in the main thread."""

    def __init__(
        self, info: HostInfo, key: bytes, *, watchers_may: frozenset[str] = frozenset(),
        helpers_may: HelperRights | None = None, grace: float = GRACE, first_grace: float = FIRST_GRACE,
        go_to: Callable[[str], None] = lambda directory: None,
    ) -> None:  # fmt: skip
        """`watchers_may`: methods that change nothing. `go_to`: called with the directory in which the driver's
        relative paths are meant, before each of its calls while nothing runs."""
        self.key = key
        self.face: Any = None
        self._info = info
        self._watchers_may, self._go_to = watchers_may, go_to
        self._helpers_may = helpers_may or HelperRights()
        self._grace, self._first_grace = grace, first_grace
        self._changed = threading.Condition()  # on an RLock: methods that hold it call each other
        self._door: Door | None = None
        self._seats: list[Seat] = []
        self._wheel = Wheel()
        self._showing = Showing()
        self._handle: Any = None
        self._properties: dict[str, Any] = {}
        self._told: dict[str, bytes] = {}
        self._methods: frozenset[str] = frozenset()
        self._property_names: tuple[str, ...] = ()
        self._callers = 0
        self._stopping = self._ending = False
        self._over = threading.Event()

    # -- life

    def serve(self, face: Face, door: Door) -> None:
        """From now on clients are let in."""
        public = [name for name in dir(type(face)) if not name.startswith("_") and name not in _NOT_CALLED]
        kinds = {name: getattr(type(face), name) for name in public}
        self._methods = frozenset(name for name, kind in kinds.items() if callable(kind))
        stored = [name for name in getattr(face, "__dict__", {}) if not name.startswith("_")]
        self._property_names = (*stored, *(name for name, kind in kinds.items() if isinstance(kind, property)))
        self.face, self._door = face, door
        self._tell_properties()
        threading.Thread(target=self._let_in, args=(door,), name="host door", daemon=True).start()

    def _let_in(self, door: Door) -> None:
        number = 0
        while (wire := door.next()) is not None:
            number += 1
            with self._changed:
                full = self._callers >= MOST_SEATS
                self._callers += not full
            if full:
                wire.hang_up()
                wire.close()
            else:
                Seat(number, wire, self).start()

    def run(self) -> None:
        """Returns when the device is to be let go: nothing runs and no technician is attached, or `stop` and the job
        ended. Helpers who watch do not keep the device from the next program."""
        end: float | None = time.monotonic() + self._first_grace
        with self._changed:
            while not self._ending:
                if self._handle is None and self._stopping:
                    self._ending = True
                elif self._handle is not None or self._technicians():
                    end = None
                    self._changed.wait()
                else:
                    end = end if end is not None else time.monotonic() + self._grace
                    left = end - time.monotonic()
                    self._ending = left <= 0
                    if not self._ending:
                        self._changed.wait(left)

    def stop(self) -> None:
        """The safe ending of the job, then the end. From any thread, not from a signal handler (it takes a lock)."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self.stop_job()

    def finish(self, reason: str = "") -> None:
        """After the device was let go: tells the clients, sends what waits, ends all threads."""
        self._over.set()
        if self._door is not None:
            self._door.close()
        with self._changed:
            stopped, self._stopping, self._ending = self._stopping, True, True
            seats, self._seats = list(self._seats), []
            self._changed.notify_all()
        for seat in seats:
            seat.outbox.put(("bye", DISCONNECTED if seat.helper and not stopped else reason))
        for seat in seats:
            seat.end()
        with self._changed:  # one whose "leave" has just been answered goes by itself
            self._changed.wait_for(lambda: self._callers == 0, CLOSING_SECONDS)

    # -- what a client without a seat may ask

    def info(self) -> HostInfo:
        with self._changed:
            vin, everybody = str(self._properties.get("vin", "")), len(self._seats)
            return replace(
                self._info, vin=vin, job=self._showing.job, driver=self._wheel.words[1], attached=everybody,
                helpers=everybody - self._technicians(),
            )  # fmt: skip

    def stop_job(self) -> bool:
        """Asks for the safe ending, whoever drives. False where nothing runs."""
        job = self.face.running if self.face is not None else None
        if job is not None:
            job.cancel()
        return job is not None

    def retire(self) -> bool:
        """Ends now where nothing runs and nobody but helpers is attached; says whether."""
        with self._changed:
            idle = self._handle is None and not self._technicians()
            if idle:
                self._ending = True
                self._changed.notify_all()
            return idle

    # -- seats

    def attach(self, seat: Seat, number: Any) -> None:
        """Answers with all that the client has to know; what happens later follows in order. VciLost while ending."""
        with self._changed:
            if self._ending or self._stopping:
                raise VciLost("The vehicle host is just ending.", "Try again.")
            if seat.attached:
                raise JobError("This one is attached already.")
            self._wheel.offer(seat)
            answer = {
                "seat": seat.number, "driver": self._wheel.words, "properties": dict(self._properties),
                "methods": sorted(self._methods & self._helpers_may.names if seat.helper else self._methods),
                "info": self.info(), "job": self._showing.job, "last": self._showing.last,
                "events": self._showing.so_far(taken=not seat.helper),
                "seats": self._wheel.told((*self._seats, seat)),
            }  # fmt: skip
            seat.outbox.put(("answer", number, answer))
            seat.attached = True
            self._seats.append(seat)  # after the answer: what is pushed comes behind it
            self._tell_seats()
            self._changed.notify_all()

    def leave(self, seat: Seat) -> None:
        """A clean goodbye. The last one waits until the device is free, so that its next command finds it so."""
        with self._changed:
            self._remove(seat)
            last = not seat.helper and self.retire()
        if last:
            self._over.wait(LETTING_GO_SECONDS)

    def gone(self, seat: Seat) -> None:
        """The wire is dead, whatever the reason."""
        with self._changed:
            self._remove(seat)
            self._callers -= 1
            self._changed.notify_all()

    def _remove(self, seat: Seat) -> None:
        seat.attached = False
        if seat in self._seats:
            self._seats.remove(seat)
            self._wheel.leave(seat)
            self._tell_seats()

    def _technicians(self) -> int:
        return sum(not seat.helper for seat in self._seats)

    def hand_over(self, seat: Seat, to: int) -> None:
        """To the helper's seat with this number. What runs goes on."""
        with self._changed:
            self._wheel.lend(seat, next((other for other in self._seats if other.number == to), None))
            self._tell_seats()

    def take_back(self, seat: Seat) -> None:
        """At once: the helper's next wish is refused. What runs goes on. Nothing where it is not handed over."""
        with self._changed:
            if self._wheel.take_back(seat):
                self._tell_seats()

    def _tell_seats(self) -> None:
        """Who is there and who drives, to everybody; to the face where a helper does: its history names him."""
        self._push(("driver", self._wheel.words))
        self._push(("seats", self._wheel.told(self._seats)))
        if self.face is not None:
            self.face.driven_by(self._wheel.helper_words())

    def _push(self, message: tuple[Any, ...]) -> None:
        for seat in self._seats:
            seat.outbox.put(message)

    # -- calls

    def call(self, seat: Seat, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[str, Any]:
        """("value", result) or ("job", its id). JobError for a watcher that wants more than to look, RightMissing for
        a helper that wants what no helper may."""
        if name not in self._methods:
            raise LocalProtocolError(f"The vehicle host knows no {name!r:.60}.")
        if seat.helper:
            if name not in self._helpers_may.watching:
                self._helpers_may.check(self.face, name, arguments, named)
                self.require_wheel(seat)  # last: what was taken back while the arguments were looked at counts
        elif name not in self._watchers_may:
            self.require_wheel(seat)
        result = getattr(self.face, name)(*arguments, **named)
        if all(hasattr(result, part) for part in ("job_id", "wait", "cancel")):
            return "job", self._begin(result)
        self._tell_properties()
        return "value", result

    def cancel(self, seat: Seat, job_id: str) -> None:
        with self._changed:
            if not self._wheel.may_stop(seat):
                self.require_wheel(seat)
        job = self.face.running
        if job is not None and job.job_id == job_id:
            job.cancel()

    def require_wheel(self, seat: Seat) -> None:
        """JobError for who does not drive; whoever came to drive does as soon as nobody else does."""
        with self._changed:
            if self._stopping or self._ending:
                raise JobError("The vehicle host is just ending.", "Try again.")
            if self._wheel.offer(seat):
                self._tell_seats()
            self._wheel.require(seat)
            if self._handle is None and not seat.helper:
                self._go_to(seat.directory)

    def _begin(self, job: Any) -> str:
        with self._changed:
            self._handle = job
            self._showing.begun(job)
            self._push(("began", job.job_id, job.kind, job.unit))
        threading.Thread(target=self._watch, args=(job,), name=f"host {job.job_id}", daemon=True).start()
        return str(job.job_id)

    def _watch(self, job: Any) -> None:
        result: Any = None
        error: ProductError | None = None
        try:
            result = job.wait()
        except ProductError as problem:
            error = problem
        except BaseException as problem:  # noqa: BLE001 - a job that ended in any way has ended, and they must hear it
            error = JobError(f"The job ended by {type(problem).__name__}: {problem}")
        self._tell_properties()
        with self._changed:
            self._push(("ended", job.job_id, result, error))
            if self._handle is job:
                self._handle = None
            self._showing.ended(job, result, error)
            self._changed.notify_all()

    # -- events

    def publish(self, event: Event) -> None:
        """From any thread; never waits for a client."""
        if not isinstance(event, ProgressMade | ResponsePendingReceived):
            self._tell_properties()  # before the event: who hears it sees what it is about
        with self._changed:
            self._showing.note(event, seen=self._technicians() > 0)
            for seat in self._seats:
                seat.outbox.put_event(("event", event))

    def where_the_job_is(self) -> tuple[Event, ...]:
        """For a client that missed events: the step and how far it is."""
        with self._changed:
            return self._showing.where_the_job_is()

    def _tell_properties(self) -> None:
        if self.face is None:
            return
        with self._changed:
            changed: dict[str, Any] = {}
            for name in self._property_names:
                data = _as_it_travels(getattr(self.face, name))  # compared like this: a list may have changed inside
                if data is not None and data != self._told.get(name):
                    self._told[name] = data
                    changed[name] = codec.decode(data)
            if changed:
                self._properties |= changed
                self._push(("properties", changed))


def _as_it_travels(value: Any) -> bytes | None:
    """None for what cannot."""
    try:
        return codec.encode(value)
    except LocalProtocolError:
        return None
