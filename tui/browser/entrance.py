"""Who may come in: log-ins that wait, visits that are in, and their ends. Knows no HTTP.

A visit is proved by a random word in a cookie, of which only the digest is kept here; the book of visits and the app
know it by another name. What the technician decides comes from the book; whether a visitor's log-in still holds is
asked at the back end again and again, and a visit that nobody could confirm for a quarter of an hour is over.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from core.errors import NotSignedIn, PreconditionNotMet, ProductError, StorageFailed
from core.vocabulary import Decision, Visit, VisitKind, VisitState
from core.vocabulary.cleaning import clean
from core.vocabulary.online.user_code import new_code, shown_code
from core.workbench.assistance import reasons
from core.workbench.assistance.book import VisitBook, after
from core.workbench.assistance.login import VisitorDesk
from tui.browser.guarding import Rate

if TYPE_CHECKING:
    from core.workbench.assistance.login import DeviceGrant, Guest

T = TypeVar("T")
LONGEST_NAME = 40
LAST_SECONDS = 8.0  # for the ends of all apps, and for revoking log-ins at a back end that may be silent
log = logging.getLogger("passbay.browser")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. `confirm`: after which a log-in is asked for again; `unconfirmed`: with which a visit ends."""

    look: float = 0.25
    confirm: float = 300.0
    again: float = 60.0  # after which a back end that was silent is asked once more
    unconfirmed: float = 900.0
    waiting: float = 900.0
    page: float = 150.0  # a page that waits asks every three seconds, in a hidden tab perhaps once a minute
    idle: float = 1800.0
    total: float = 12 * 3600.0
    told: float = 600.0  # how long an end is told to whoever comes back


@dataclass(frozen=True, slots=True)
class Limits:
    """Log-ins a minute of one address and of all; log-ins and visits at once, too; windows of a visit and of all."""

    logins: int = 10
    logins_of_all: int = 60
    entries: int = 10  # a tunnel or a proxy is one address for all
    entries_of_all: int = 40
    windows: int = 3
    windows_of_all: int = 8


@dataclass(eq=False, slots=True)
class Entry:
    """One browser on its way in, or in. `visit.state` is WAITING also before the log-in: then `grant` is there."""

    visit: Visit
    began: float
    seen: float
    confirmed: float
    grant: DeviceGrant | None = None
    guest: Guest | None = None
    listed: bool = False  # in the book, so that the technician sees it
    ended: float = 0.0
    asked: float = 0.0
    asking: bool = False  # a refresh token that comes twice is taken for a stolen one
    windows: set[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=set)

    @property
    def inside(self) -> bool:
        return self.visit.state is VisitState.IN

    @property
    def over(self) -> bool:
        return self.visit.state is VisitState.ENDED


class Entrance:
    """Lives on one event loop; what blocks (files, the back end) is done in threads."""

    def __init__(
        self, book: VisitBook, desk: VisitorDesk, patience: Patience | None = None, limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.desk = desk
        self._book, self._clock = book, clock
        self._patience, self.limits = patience or Patience(), limits or Limits()
        self._rate = Rate(self.limits.logins, self.limits.logins_of_all, 60.0)
        self._entries: dict[str, Entry] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        # apart from the book: questions to a silent back end must not keep a decision waiting
        self._asking = ThreadPoolExecutor(4, thread_name_prefix="back end")
        self._writing = asyncio.Lock()  # the book's lines in the order of what happened

    # -- coming

    async def begin(self, address: str, name: str) -> str:
        """The word for the cookie. PreconditionNotMet where too many want in, BackendError where it cannot be asked."""
        now = self._clock()
        if not self._rate.admits(address, now):
            raise PreconditionNotMet(*reasons.TOO_MANY_LOGINS)
        alive = [entry.visit.address for entry in self._entries.values() if not entry.over]
        address = clean(address, 60)
        if alive.count(address) >= self.limits.entries or len(alive) >= self.limits.entries_of_all:
            raise PreconditionNotMet(*reasons.TOO_MANY_VISITORS)
        visit = Visit(
            secrets.token_hex(8), VisitKind.HELPER, VisitState.WAITING, address=address,
            code=shown_code(new_code()) if self.desk.by_code else "", since=time.time(), seen=time.time(),
        )  # fmt: skip
        entry = Entry(visit, now, now, now)
        word = secrets.token_urlsafe(32)
        self._entries[_digest(word)] = entry  # counts from here on, also while the back end is asked
        try:
            if self.desk.by_code:
                await self._list(entry, replace(visit, name=clean(name.strip(), LONGEST_NAME) or "Visitor"))
            else:
                entry.grant = await self._ask(self.desk.begin)
                self._start(self._approve(entry))
        except ProductError:
            del self._entries[_digest(word)]
            raise
        return word

    async def _approve(self, entry: Entry) -> None:
        """Asks by the server's rules until the log-in is approved somewhere."""
        grant = entry.grant
        assert grant is not None
        try:
            tokens = None
            while tokens is None and not entry.over:
                if (left := grant.left()) > 0:
                    await asyncio.sleep(min(left, self._patience.look))  # in slices: he may leave
                else:
                    tokens = await self._ask(grant.ask)
            if tokens is None:
                return
            guest = await self._ask(self.desk.welcome, tokens)
            await self._arrive(entry, guest)
        except ProductError as problem:
            self.end(entry, problem.message)

    async def _arrive(self, entry: Entry, guest: Guest) -> None:
        """Colleagues are let in by their log-in alone, the person of this PC as himself."""
        if entry.over:
            await self._ask(self.desk.leave, guest)
            return
        entry.grant, entry.guest, entry.confirmed = None, guest, self._clock()
        visit = replace(
            entry.visit, kind=VisitKind.OWN if guest.own else VisitKind.HELPER,
            state=VisitState.IN if guest.colleague else VisitState.WAITING, name=guest.name or guest.login,
            login=guest.login, organisation=guest.organisation, own_organisation=guest.colleague,
        )  # fmt: skip
        await self._list(entry, visit)

    async def _list(self, entry: Entry, visit: Visit) -> None:
        """Into the book first: a visit that the technician cannot see and end is none."""
        async with self._writing:
            if not await asyncio.to_thread(self._book.put, visit):
                raise PreconditionNotMet(*reasons.TOO_MANY_VISITORS)
            entry.listed = True
            if entry.over:  # meanwhile
                await asyncio.to_thread(self._book.put, entry.visit)
            else:
                entry.visit = visit

    # -- being there

    def find(self, word: str) -> Entry | None:
        """Also one that has ended, for as long as that is told."""
        entry = self._entries.get(_digest(word)) if word else None
        if entry is not None:
            entry.seen = self._clock()
        return entry

    def may_open(self, entry: Entry) -> bool:
        """Whether this visit may have one more window: each is a process."""
        open_now = sum(len(each.windows) for each in self._entries.values())
        return entry.inside and len(entry.windows) < self.limits.windows and open_now < self.limits.windows_of_all

    # -- going

    def end(self, entry: Entry, reason: str) -> None:
        """The visit is over from here on; its windows are closed and its log-in is revoked in a moment. Idempotent."""
        if entry.over:
            return
        entry.visit = replace(entry.visit, state=VisitState.ENDED, reason=clean(reason, 120), seen=time.time())
        entry.ended = self._clock()
        guest, entry.guest, entry.grant = entry.guest, None, None
        if entry.listed:
            self._start(self._keep(entry))
        if guest is not None:
            self._start(self._leave(guest))
        for close in tuple(entry.windows):
            self._start(close())

    async def close(self) -> None:
        """The door is closed: everybody goes."""
        for entry in tuple(self._entries.values()):
            self.end(entry, reasons.DOOR_CLOSED)
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=LAST_SECONDS)
        for task in tuple(self._tasks):
            task.cancel()
        self._asking.shutdown(wait=False, cancel_futures=True)

    # -- keeping watch

    async def watch(self) -> None:
        """For ever: decisions of the technician, and visits whose time is over."""
        told = 0.0
        while True:
            await asyncio.sleep(self._patience.look)
            for visit_id, decision in self._book.decisions():
                self._decided(visit_id, decision)
            now = self._clock()
            if now - told >= min(1.0, self._patience.look * 4):
                told = now
                self._tidy(now)

    def _decided(self, visit_id: str, decision: Decision) -> None:
        entry = next((each for each in self._entries.values() if each.visit.id == visit_id and each.listed), None)
        if entry is None:
            return
        visit = after(entry.visit, decision)
        if visit.state is VisitState.ENDED:
            self.end(entry, visit.reason)
        elif visit != entry.visit:
            self._start(self._change(entry, visit))

    async def _change(self, entry: Entry, visit: Visit) -> None:
        try:
            await self._list(entry, visit)
        except ProductError as problem:
            self.end(entry, problem.message)

    def _tidy(self, now: float) -> None:
        for key, entry in tuple(self._entries.items()):
            if entry.over:
                if now - entry.ended >= self._patience.told:
                    del self._entries[key]
                continue
            if entry.windows:
                entry.seen = now
            if reason := self._overdue(entry, now):
                self.end(entry, reason)
                continue
            if entry.listed:
                self._sign_of_life(entry, now)
            due = max(entry.confirmed + self._patience.confirm, entry.asked + self._patience.again)
            if entry.guest is not None and not entry.asking and now >= due:
                entry.asked, entry.asking = now, True
                self._start(self._confirm(entry, entry.guest))

    def _overdue(self, entry: Entry, now: float) -> str:
        patience = self._patience
        if not entry.inside:
            late = entry.grant is None and now - max(entry.began, entry.confirmed) >= patience.waiting
            away = now - entry.seen >= patience.page
            return reasons.NOT_LET_IN_IN_TIME if late else reasons.NOBODY_THERE if away else ""
        if now - entry.began >= patience.total:
            return reasons.TIME_OVER
        if now - entry.seen >= patience.idle:
            return reasons.NOBODY_THERE
        if entry.guest is not None and now - entry.confirmed >= patience.unconfirmed:
            return reasons.UNCONFIRMED
        return ""

    def _sign_of_life(self, entry: Entry, now: float) -> None:
        seen = time.time() - (now - entry.seen)
        if seen - entry.visit.seen >= 5.0:
            entry.visit = replace(entry.visit, seen=seen)
            self._start(self._keep(entry))

    async def _confirm(self, entry: Entry, guest: Guest) -> None:
        try:
            told = await self._ask(self.desk.again, guest)
        except NotSignedIn:
            self.end(entry, reasons.LOGIN_ENDED)
        except ProductError as problem:  # nobody could tell: asked again soon, until `unconfirmed`
            log.warning("%s: %s", type(problem).__name__, problem)
        else:
            await self._still(entry, guest, told)
        finally:
            entry.asking = False

    async def _still(self, entry: Entry, before: Guest, told: Guest) -> None:
        """The same person; what he was let in as may have gone: another user works at this PC now."""
        if entry.over:
            await self._ask(self.desk.leave, told)
            return
        entry.guest, entry.confirmed = told, self._clock()
        if told.login != before.login or (before.colleague and not told.colleague) or (before.own and not told.own):
            self.end(entry, reasons.OTHER_USER)

    # -- threads and tasks

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, entry: Entry) -> None:
        """The entry as it is by then. A full disk changes nothing about what was decided."""
        try:
            async with self._writing:
                await asyncio.to_thread(self._book.put, entry.visit)
        except StorageFailed as problem:
            log.warning("%s: %s", type(problem).__name__, problem)

    async def _leave(self, guest: Guest) -> None:
        await self._ask(self.desk.leave, guest)

    async def _ask(self, question: Callable[..., T], *about: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._asking, question, *about)


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode("utf-8", "surrogatepass")).hexdigest()
