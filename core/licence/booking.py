"""Buying and booking time credit through the outbox: what is sent lies on the disk before, and goes when booked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from core.errors import (
    BackendError,
    BackendRefused,
    BackendUnreachable,
    LicenceCheckFailed,
    LicenceError,
    NotSignedIn,
    ReservationClosed,
    ReservationUnknown,
)
from core.licence.credit.memory import GroupCredit, KnownCredit, refuse_older_ledger, to_vocabulary
from core.licence.credit.minutes import MINUTE, warning
from core.licence.credit.outbox import Purchase, Use, new_id
from core.licence.desk import Desk
from core.online.wire import (
    Balance,
    Booked,
    BuyRequest,
    Package,
    PermitRequest,
    PostRequest,
    ReserveRequest,
    VoidRequest,
    loads,
)
from core.vocabulary import CreditBalance, CreditPackage

IN_DOUBT = 24 * 3_600_000
"""ms for which a purchase whose answer was lost stands for a second try of the same."""
LONGEST_USE = 24 * 60
"""Minutes: a job that died and whose last sign of life says more is taken for a clock that was changed."""


class Booking:
    """`changed`: what is known of the credit is not what it was. `low`: a group has few minutes left (30, 10, 5)."""

    def __init__(self, desk: Desk, changed: Callable[[], None], low: Callable[[str, int], None]) -> None:
        self._desk = desk
        self._changed, self._low = changed, low
        self._lock = threading.RLock()  # of what is known: jobs, their meters and screens change it

    # -- what there is

    def known(self) -> KnownCredit:
        return self._desk.credit.load()

    def balances(self) -> tuple[CreditBalance, ...]:
        """Asked anew, after everything that waits was booked."""
        self.send_waiting()
        desk = self._desk
        asked = self.known()  # before the question: what another job books meanwhile is no older ledger
        told = desk.account.call(lambda token: desk.client().credit(token, desk.device.hardware_id))
        desk.has_answered()
        refuse_older_ledger(asked, told.head_number, told.head_hash)
        with self._lock:
            before = self.known()
            groups = []
            for balance in told.balances:
                old = before.group(balance.group)
                groups.append(replace(old, balance=balance) if old is not None else GroupCredit(balance))
            now = desk.time.look().mark
            head = max((told.head_number, told.head_hash), (before.head_number, before.head_hash))
            self._keep(before, KnownCredit(before.url, now, *head, tuple(groups)))
        return tuple(to_vocabulary(balance) for balance in told.balances)

    def packages(self) -> tuple[CreditPackage, ...]:
        desk = self._desk
        told = desk.account.call(desk.client().packages)
        return tuple(_package(row) for row in told.packages)

    # -- buying

    def buy(self, package: str, count: int) -> CreditBalance:
        """One purchase. Where the answer was lost, the same wish once more is the same purchase, not a second one."""
        kept = self._desk.account.kept()
        if kept is None:
            raise NotSignedIn("Nobody is logged in.")
        now = time.time_ns() // 1_000_000
        purchase = self._in_doubt(package, count, kept.user, now)
        if purchase is None:
            purchase = Purchase(new_id(), self._desk.place.url, kept.user, package, count, now)
            self._desk.outbox.put(purchase)
        group = self._send_purchase(purchase)
        balances = self.balances()
        return next((row for row in balances if row.group == group), balances[0])

    def _in_doubt(self, package: str, count: int, user: str, now: int) -> Purchase | None:
        """An earlier purchase of the same that nobody knows the answer of; after a day it is another wish."""
        found = None
        for purchase in self._desk.outbox.purchases():
            if not now - IN_DOUBT < purchase.made <= now:
                self._desk.outbox.remove(purchase)
            elif (purchase.url, purchase.user) == (self._desk.place.url, user):
                found = purchase if (purchase.package, purchase.count) == (package, count) else found
        return found

    def _send_purchase(self, purchase: Purchase) -> str:
        desk, wish = self._desk, BuyRequest(purchase.package, purchase.count)
        try:
            told = desk.account.call(lambda token: desk.client().buy(token, purchase.id, wish))
        except (BackendUnreachable, NotSignedIn, LicenceCheckFailed):
            raise  # nobody knows whether it was booked: kept, and sent again under the same key
        except (LicenceError, BackendError):
            desk.outbox.remove(purchase)  # a clear no
            raise
        self._learn(told)
        desk.outbox.remove(purchase)
        return told.group

    # -- uses

    def end(self, use: Use, minutes: int) -> None:
        """The job is over: on the disk first, then to the back end where it answers."""
        ended = replace(use, minutes=minutes)
        self._desk.outbox.put(ended)
        if not self._desk.silent:
            self.send_waiting()

    def send_waiting(self) -> int:
        """Books what waits; how many are left. What the back end cannot take now waits on."""
        desk = self._desk
        mine = [use for use in desk.outbox.uses() if use.url == desk.place.url]
        if not mine or desk.account.kept() is None:
            return len(mine)
        with desk.outbox.flushing() as alone:
            if alone:
                self._send_all()
        return len([use for use in desk.outbox.uses() if use.minutes >= 0])

    def _send_all(self) -> None:
        desk = self._desk
        kept = desk.account.kept()
        for use in desk.outbox.uses():
            if use.url != desk.place.url or kept is None or use.organisation != kept.organisation:
                continue
            ended = use if use.minutes >= 0 else self._orphan(use)
            if ended is None:
                continue
            try:
                self._send_use(ended)
            except BackendUnreachable as problem:
                desk.was_silent(problem)
                if problem.status != 500:  # which may be about this one alone: the others must not wait behind it
                    return
            except (LicenceError, BackendError):
                continue  # e.g. no credit to book it from: it waits until there is some

    def _orphan(self, use: Use) -> Use | None:
        """A use whose process died: counted up to its last sign of life. None where its job runs."""
        lock = self._desk.outbox.hold(use)
        if lock is None:
            return None
        try:
            lasted = max(0, self._desk.outbox.last_beat(use) - use.begun)
            minutes = min(-(-lasted // MINUTE) or 1, LONGEST_USE)
            ended = replace(use, minutes=minutes if use.reserved or use.late else 0)
            self._desk.outbox.put(ended)
            return ended
        finally:
            lock.release()

    def _send_use(self, use: Use) -> None:
        desk = self._desk
        if not use.reservation:
            use = self._reserved_once_more(use) or use
        if use.minutes == 0:
            if use.reservation:
                self._close(use, lambda token: desk.client().void(token, use.book_key, VoidRequest(use.reservation)))
            desk.outbox.remove(use)
            return
        if not use.reservation:
            use = self._reserved_late(use)
        wish = PostRequest(use.reservation, use.minutes)
        self._close(use, lambda token: desk.client().post(token, use.book_key, wish))
        desk.outbox.remove(use)
        if not use.late:
            self._paid(use)

    def _close(self, use: Use, action: Callable[[str], Booked]) -> None:
        try:
            self._learn(self._desk.account.call(action))
        except (ReservationUnknown, ReservationClosed) as problem:
            if use.minutes > 0:  # it is gone, what was used is not: under a new key from the beginning
                self._desk.outbox.put(replace(use, reservation="", late=True, attempt=use.attempt + 1))
                raise LicenceCheckFailed("The reservation is gone; it is booked anew.") from problem

    def _reserved_once_more(self, use: Use) -> Use | None:
        """The permit whose answer was lost: the same question has the same answer, its reservation included."""
        if not use.wish or use.attempt:
            return None
        desk, wish = self._desk, loads(PermitRequest, use.wish)
        try:
            told = desk.account.call(lambda token: desk.client().permit(token, use.id, wish))
        except (LicenceError, BackendRefused):
            return None  # it did not get there, and would be refused now
        if not told.reservation:
            return None
        use = replace(use, reservation=told.reservation)
        desk.outbox.put(use)
        return use

    def _reserved_late(self, use: Use) -> Use:
        desk = self._desk
        # one minute: what was used beyond the credit is owed, so that it need not be there in whole
        wish = ReserveRequest(use.group, 1, desk.device.hardware_id)
        told = desk.account.call(lambda token: desk.client().reserve(token, use.reserve_key, wish))
        use = replace(use, reservation=told.reservation)
        desk.outbox.put(use)
        return use

    # -- what is known

    def _learn(self, told: Booked) -> None:
        """A receipt tells the group's state and the ledger's head."""
        with self._lock:
            before = self.known()
            if told.number < before.head_number:
                return  # the repeated answer to an old request
            old = before.group(told.group)
            balance = old.balance if old is not None else Balance(told.group, 0)
            minutes = told.minutes_left if told.minutes_left is not None else balance.minutes
            balance = replace(balance, minutes=minutes, until=told.until, reserved=0, ever=True)
            group = replace(old, balance=balance) if old is not None else GroupCredit(balance)
            now = self._desk.time.look().mark
            after = replace(before.with_group(group), seen=now, head_number=told.number, head_hash=told.hash)
            self._keep(before, after)

    def paid_until(self, group: str, until: int) -> None:
        """What jobs have begun is paid up to then: another one may go on in it."""
        with self._lock:
            known = self.known()
            found = known.group(group) or GroupCredit(Balance(group, 0))
            self._desk.credit.save(known.with_group(replace(found, booked_until=until)))

    def _paid(self, use: Use) -> None:
        """The back end knows now what this job has paid; of one that it did not permit it knows no beginning."""
        until = max(use.started, use.paid_until) + use.minutes * MINUTE
        with self._lock:
            known = self.known()
            found = known.group(use.group) or GroupCredit(Balance(use.group, 0))
            after = replace(found, sent_until=max(found.sent_until, until))
            self._desk.credit.save(known.with_group(after))

    def saw(self, group: str, minutes: int | None, until: int | None, reserved: int) -> None:
        """The answer to a permit told how much is left beside what it set apart."""
        with self._lock:
            before = self.known()
            found = before.group(group) or GroupCredit(Balance(group, 0))
            balance = replace(found.balance, until=until, ever=True)
            if minutes is not None:
                balance = replace(balance, minutes=minutes, reserved=reserved)
            self._keep(before, before.with_group(replace(found, balance=balance)))

    def running_low(self, group: str, left: int) -> None:
        """A running job has come this far: tells when that is little."""
        with self._lock:
            known = self.known()
            found = known.group(group)
            if found is not None:
                self._desk.credit.save(known.with_group(self._told(found, left)))

    def _told(self, found: GroupCredit, left: int) -> GroupCredit:
        """Tells once when a threshold was passed; more minutes than before begin anew."""
        if found.told_left is not None and left > found.told_left:
            return replace(found, told_left=left)
        if left > 0 and warning(found.told_left, left) is not None:
            self._low(found.balance.group, left)
        return replace(found, told_left=left)

    def waiting(self, group: str) -> int:
        """Minutes of this group that were used and are not booked yet."""
        return sum(max(use.minutes, 0) for use in self._desk.outbox.uses() if use.group == group)

    def _keep(self, before: KnownCredit, after: KnownCredit) -> None:
        for group in after.groups:
            by_clock = group.balance.until is not None and group.balance.until > after.seen
            if group.balance.ever and not by_clock:
                after = after.with_group(self._told(group, group.left))
        self._desk.credit.save(after)
        if [group.balance for group in before.groups] != [group.balance for group in after.groups]:
            self._changed()


def _package(row: Package) -> CreditPackage:
    return CreditPackage(row.id, row.group, row.duration, row.minutes, row.price_cents, row.currency)
