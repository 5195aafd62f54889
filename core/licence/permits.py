"""Every job's right (L1, L2, K4): StartKey, log-in, role before the first byte; credit once the vehicle is known.

    paper = permits.admit(Need("flash", change=True, flash=True), unit)     # raises what is missing
    paper.vehicle_known("passenger cars", vin)                              # the back end decides; raises
    paper.ended()                                                           # books what was used

The back end decides where it answers; else the StartKey's grace and the roles of the last refresh do, and the use is
booked afterwards. What runs is never stopped by any of this.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from core.errors import (
    BackendError,
    BackendRefused,
    BackendUnreachable,
    ClockSetBack,
    CreditMissing,
    CreditUsedUp,
    LicenceCheckFailed,
    LicenceError,
    NotSignedIn,
    PreconditionNotMet,
    ProductError,
    ReadOnlyNow,
    RightMissing,
    StartKeyExpired,
    StartKeyInvalid,
    StartKeyMissing,
    StartKeyOtherPc,
    StorageFailed,
)
from core.licence.activation import StartKeyDesk
from core.licence.booking import Booking
from core.licence.credit.minutes import MINUTE, cost, to_reserve
from core.licence.credit.outbox import Use, new_id
from core.licence.desk import Desk, unknown_reason
from core.online.dsse import verify
from core.online.wire import (
    TICKET,
    PermitAnswer,
    PermitRequest,
    StartKey,
    Ticket,
    WireError,
    dumps,
    image_of,
    loads,
)
from core.vocabulary import Permit, Role, StartKeyVerdict

BEAT_SECONDS = 15.0
_NO_START = {
    StartKeyVerdict.MISSING: StartKeyMissing,
    StartKeyVerdict.INVALID: StartKeyInvalid,
    StartKeyVerdict.OTHER_PC: StartKeyOtherPc,
    StartKeyVerdict.EXPIRED: StartKeyExpired,
    StartKeyVerdict.CLOCK: ClockSetBack,
}
_MEND = (StartKeyVerdict.EXPIRED, StartKeyVerdict.READ_ONLY, StartKeyVerdict.GRACE_WARNING, StartKeyVerdict.CLOCK)
"""Verdicts that an online check may lift: it is tried by itself before a job is refused."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a job is. `change`: it alters the vehicle, so not when read-only. `flash`: it needs that role, too (L2).
    `free`: it opens a product group (2173-43) and costs nothing."""

    kind: str
    change: bool = False
    flash: bool = False
    free: bool = False


class Tell(Protocol):
    """Severity as in core.events; `once`: not again in the life of this process."""

    def __call__(self, what: ProductError | str, severity: str, *, once: bool = False) -> None: ...


class Permits:
    """`tell` publishes a numbered message."""

    def __init__(self, desk: Desk, startkeys: StartKeyDesk, booking: Booking, tell: Tell) -> None:
        self.desk, self.startkeys, self.booking = desk, startkeys, booking
        self.tell = tell

    def admit(self, need: Need, unit: str) -> JobPaper:
        """StartKey, log-in and roles, before anything is sent to the vehicle. LicenceError."""
        self._refuse_without_startkey(need)
        paper = self.startkeys.paper()
        self._refuse_without_role(need, paper)
        return JobPaper(self, need, unit, paper)

    def _refuse_without_startkey(self, need: Need) -> None:
        state = self.startkeys.state()
        if state.verdict in _MEND and not self.desk.silent:
            try:
                state = self.startkeys.check().state
            except BackendUnreachable:
                pass  # then what is known without it decides
            except LicenceCheckFailed as problem:
                self.tell(problem, "warning", once=True)  # so it does where nobody knows what the check told
        refusal = _NO_START.get(state.verdict)
        if refusal is not None:
            raise refusal(state.words)
        if state.verdict is StartKeyVerdict.READ_ONLY and need.change:
            raise ReadOnlyNow(state.words)
        if state.verdict in (StartKeyVerdict.READ_ONLY, StartKeyVerdict.GRACE_WARNING):
            self.tell(ReadOnlyNow(state.words), "warning", once=True)

    def _refuse_without_role(self, need: Need, paper: StartKey) -> None:
        account = self.desk.account
        wanted = {Role.STANDARD_DIAGNOSIS, *([Role.FLASH] if need.flash else [])}
        outside = wanted - set(paper.roles)
        if outside:
            raise RightMissing(
                f"The StartKey of this PC does not allow the role {_names(outside)}.",
                "Order a StartKey that includes it.",
            )
        kept = account.kept()
        if kept is None:
            raise NotSignedIn("Nobody is logged in: anonymous access to vehicles is not possible.")
        if wanted <= set(kept.roles):
            return
        roles = kept.roles
        if not self.desk.silent:  # it may have been granted a moment ago
            try:
                roles = account.refresh().roles
            except BackendUnreachable as problem:
                self.desk.was_silent(problem)
        if not wanted <= set(roles):
            raise RightMissing(f"{kept.user} has not the role {_names(wanted - set(roles))}.")


def _names(roles: set[Role]) -> str:
    return ", ".join(sorted(role.value for role in roles))


class JobPaper:
    """The paper of one job. `vehicle_known` once, `ended` once; both from the job's thread."""

    def __init__(self, permits: Permits, need: Need, unit: str, paper: StartKey) -> None:
        self._permits, self._desk, self._booking = permits, permits.desk, permits.booking
        self._need, self._unit, self._paper = need, unit[:80], paper
        self._use: Use | None = None
        self._lock: Any = None
        self._since = 0.0
        self._left: int | None = None
        self._beat = threading.Event()
        self._images: dict[str, str] = {}
        self._sealed = ""  # the image that the permit names
        self.permit: Permit | None = None

    def vehicle_known(
        self, group: str, vin: str, *, announce: bool = False, images: Mapping[str, str] | None = None
    ) -> Permit:
        """The back end's permit, or the one of the grace. CreditMissing, CreditUsedUp, RightMissing, ...

        `images`: what is flashed, unit -> SHA-256; the permit is for these alone. `announce`: this product group was
        just opened: 2173-43 or 2173-42/44 go to the message list.
        """
        group = group or self._any_group()
        self._images = dict(images or {})
        try:
            self.permit = self._granted(group, vin)
        except (CreditMissing, CreditUsedUp) as problem:
            if not self._need.free:
                raise
            self._permits.tell(problem, "warning")
            self.permit = Permit("", self._need.kind, group, "back end", "", 0)
        else:
            if announce:
                self._announce(group)
        return self.permit

    def _granted(self, group: str, vin: str) -> Permit:
        if group not in self._paper.product_groups:
            raise RightMissing(
                f"The StartKey of this PC does not cover the product group {group}.", "Order one that covers it."
            )
        use = self._begin(group)
        try:
            if not self._desk.silent:
                try:
                    return self._online(use, vin)
                except BackendUnreachable as problem:
                    self._desk.was_silent(problem)
            return self._offline(self._use or use)
        except ProductError:
            self._drop()
            raise

    def confirm(self, unit: str, image: str) -> None:
        """Right before the first erase: is this the image that the permit was given for? PreconditionNotMet."""
        if self.permit is None or image_of({**self._images, unit: image}) != self._sealed:
            raise PreconditionNotMet(
                f"The image for {unit} is not the one that this job's ticket was given for.",
                "Nothing was erased. Start the flash once more; if it comes back, have this PC looked at.",
            )

    # -- the two ways

    def _online(self, use: Use, vin: str) -> Permit:
        desk = self._desk
        wish = PermitRequest(
            use.id, use.kind, use.group, _vin(vin), self._unit, image_of(self._images), self._paper.hardware_id,
            self._paper.key_id, self._need.flash, use.reserved,
        )  # fmt: skip
        if use.reserved:
            use = self._use = replace(use, wish=dumps(wish).decode("ascii"))
        desk.outbox.put(use)  # on the disk before the first send
        try:
            told = desk.account.call(lambda token: desk.client().permit(token, use.id, wish))
        except BackendRefused as problem:
            raise unknown_reason(problem) from problem
        desk.has_answered()
        self._check_ticket(told, use)
        if told.reservation:
            use = replace(use, reservation=told.reservation)
            desk.outbox.put(use)
        self._use = use
        if use.reserved:
            self._booking.saw(use.group, told.minutes_left, told.until, use.reserved)
        known = self._booking.known().group(use.group)
        by_clock = told.until is not None and told.minutes_left is None
        self._left = None if by_clock or known is None else known.left
        return Permit(use.id, use.kind, use.group, "back end", told.ticket, told.minutes_left)

    def _check_ticket(self, told: PermitAnswer, use: Use) -> None:
        """Signed for exactly this job; its number was made a moment ago, so its time is the time of now."""
        trusted = self._desk.files.trusted()
        try:
            try:
                payload = verify(told.ticket, TICKET, trusted.public)
            except StartKeyInvalid:
                trusted = self._desk.files.learn(trusted, self._desk.client().keys())
                payload = verify(told.ticket, TICKET, trusted.public)
            ticket = loads(Ticket, payload)
        except (StartKeyInvalid, WireError) as problem:
            raise unknown_reason(problem) from problem
        told_of = (ticket.job, ticket.hardware_id, ticket.group, ticket.image)
        if told_of != (use.id, self._paper.hardware_id, use.group, image_of(self._images)):
            raise unknown_reason(LicenceError("The ticket is one of another job."))
        self._sealed = ticket.image
        if not self._desk.place.embedded:
            self._desk.time.heard(ticket.issued)
        else:
            self._desk.time.agreed()

    def _offline(self, use: Use) -> Permit:
        """What was last seen of the credit, less what waits to be booked."""
        known = self._booking.known().group(use.group)
        now = use.started
        by_clock = known is not None and known.balance.until is not None and now < known.balance.until
        self._left = None
        if not by_clock and use.reserved:
            if known is None or not known.balance.ever:
                raise CreditMissing(f"No time credit is known for {use.group}, and the back end cannot be reached.")
            minutes = known.left - self._booking.waiting(use.group)
            if minutes <= 0 and not known.balance.unused:  # a package by the clock begins when this is booked
                raise CreditUsedUp(f"The time credit for {use.group} is used up, as far as it was seen.")
            self._left = minutes if minutes > 0 else None
        self._sealed = image_of(self._images)
        use = replace(use, late=True)
        self._desk.outbox.put(use)
        self._use = use
        return Permit(use.id, use.kind, use.group, "offline grace", "", self._left)

    # -- metering

    def _begin(self, group: str) -> Use:
        """The use is on the disk, and its lock held, before anything is sent."""
        desk, need = self._desk, self._need
        kept = desk.account.kept()
        if kept is None:
            raise NotSignedIn("Nobody is logged in: anonymous access to vehicles is not possible.")
        now = desk.time.look(at_least=self._paper.issued).mark
        known = self._booking.known().group(group)
        paid = known.booked_until if known is not None else 0
        by_clock = known is not None and known.balance.until is not None and now < known.balance.until
        left = None if known is None or by_clock else known.left
        sure = min(paid, known.sent_until) if known is not None else 0
        reserve = 0 if need.free else to_reserve(need.flash, left, now, sure)
        use = Use(
            new_id(), desk.place.url, kept.user, kept.organisation, group, need.kind, now, paid,
            time.time_ns() // 1_000_000, reserve,
        )  # fmt: skip
        self._use, self._lock, self._since = use, desk.outbox.hold(use), time.monotonic()
        if not need.free:
            threading.Thread(target=self._meter, name=f"meter {use.id[:8]}", daemon=True).start()
        return use

    def _meter(self) -> None:
        """Signs of life for who books after us if we die, and warnings when the minutes run low."""
        while not self._beat.wait(BEAT_SECONDS):
            use = self._use
            if use is None:
                return
            self._desk.outbox.beat(use)
            if self._left is not None:
                used = int((time.monotonic() - self._since) * 1000) // MINUTE
                self._booking.running_low(use.group, max(0, self._left - used))

    def ended(self) -> None:
        """Whatever became of the job: what it took is booked, where it took nothing nothing is. Never raises for what
        it meets: a unit that was flashed well is flashed well on a full disk, too."""
        use, self._use = self._use, None
        self._beat.set()
        if use is None:
            return
        try:
            lasted = int((time.monotonic() - self._since) * 1000)
            paid = cost(use.started, use.started + lasted, use.paid_until)
            minutes = 0 if self._need.free else paid.minutes
            if minutes:
                self._booking.paid_until(use.group, paid.booked_until)
            self._booking.end(use, minutes)
        except ProductError as problem:  # the entry of its start is on the disk: the next one books it
            self._permits.tell(problem, "warning")
        finally:
            self._let_go()

    def _drop(self) -> None:
        """Refused: nothing was used."""
        use, self._use = self._use, None
        self._beat.set()
        if use is not None:
            self._desk.outbox.remove(use)
        self._let_go()

    def _let_go(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    # -- product group

    def _announce(self, group: str) -> None:
        if not self._desk.silent:
            with contextlib.suppress(BackendError, LicenceError, StorageFailed):  # then what was seen last is told
                self._booking.balances()
        known = self._booking.known().group(group)
        if known is None or not known.balance.ever:
            self._permits.tell(CreditMissing(f"There is no time credit for {group}."), "warning")
        elif self.permit is not None and known.balance.until and known.balance.until > self._desk.time.look().mark:
            self._permits.tell(f"Time credit for {group} is available; it runs by the clock.", "info")
        elif known.left > 0:
            self._permits.tell(f"{known.left} minutes of credit are available for {group}.", "info")
        else:
            self._permits.tell(CreditUsedUp(f"The time credit for {group} is used up."), "warning")

    def _any_group(self) -> str:
        """For a vehicle that nobody has identified: a group that the StartKey covers, one with credit first."""
        now = self._desk.time.look().mark
        groups = self._paper.product_groups
        if not groups:
            raise RightMissing("The StartKey of this PC covers no product group.", "Order one that covers it.")

        def worth(group: str) -> tuple[bool, int]:
            known = self._booking.known().group(group)
            if known is None:
                return False, 0
            return bool(known.balance.until and known.balance.until > now), known.left

        return max(groups, key=worth)


def _vin(vin: str) -> str:
    return "".join(letter for letter in vin.upper() if letter.isascii() and letter.isalnum())[:20]
