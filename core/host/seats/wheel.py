"""Who drives: one seat or nobody. A helper's seat drives only what a technician's lent it, and never by itself. Pure.

The server calls this with its lock held. Which calls a helper's seat may make at all stands in HelperRights.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import JobError, RightMissing
from core.vocabulary import HostSeat

if TYPE_CHECKING:
    from core.host.seats.seat import Seat

Check = Callable[[Any, Mapping[str, Any]], None]
"""Looks at the face and at a call's arguments by name; RightMissing for what a helper may not ask for."""

AT_THE_PC = "The technician at the PC can do this."
ASK = "Ask the technician to hand over."


@dataclass(frozen=True, slots=True)
class HelperRights:
    """Deny by default. `watching`: methods that change nothing; `driving`: those of a lent seat, with their check."""

    watching: frozenset[str] = frozenset()
    driving: Mapping[str, Check] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return self.watching | self.driving.keys()

    def check(self, face: Any, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> None:
        """RightMissing for a call that no helper may make, lent or not."""
        allowed = self.driving.get(name)
        if allowed is None:
            raise RightMissing(f"A helper cannot call {name!r:.60} of the vehicle.", AT_THE_PC)
        allowed(face, inspect.signature(getattr(face, name)).bind(*arguments, **named).arguments)


class Wheel:
    """`lender` is the seat that handed over: set exactly while the driver is a helper's seat."""

    def __init__(self) -> None:
        self.driver: Seat | None = None
        self.lender: Seat | None = None

    @property
    def words(self) -> tuple[int, str]:
        """Number and holder of the one who drives; (0, "") for nobody."""
        return (self.driver.number, self.driver.holder) if self.driver is not None else (0, "")

    def offer(self, seat: Seat) -> bool:
        """Whoever came to drive may, as soon as nobody else does. True where the driver changed."""
        if self.driver is not None or seat.watches or seat.helper:
            return False
        self.driver = seat
        return True

    def require(self, seat: Seat) -> None:
        """JobError for a seat that does not drive."""
        if self.driver is seat:
            return
        who = self.driver.holder if self.driver is not None else "nobody"
        if seat.helper:
            raise JobError(f"You only watch; {self.driver_name()} drives the vehicle.", ASK)
        if self.lender is seat and self.driver is not None:
            raise JobError(f"The vehicle is handed over to {self.driver.holder}.", "Take it back first.")
        raise JobError(f"This one only watches; {who} drives the vehicle.", "Close the other one first.")

    def driver_name(self) -> str:
        """For a helper: nobody's command line."""
        if self.driver is None:
            return "nobody"
        return self.driver.name or ("another helper" if self.driver.helper else "the technician")

    def helper_words(self) -> str:
        """The helper who drives, for the history; "" where none does."""
        seat = self.driver
        if seat is None or not seat.helper:
            return ""
        place = f" of {seat.organisation}" if seat.organisation else ""
        return f"{seat.name or seat.holder}{place} (browser)"

    def may_stop(self, seat: Seat) -> bool:
        """The one who drives; while it is lent also who stands at the PC, without taking it back first."""
        return seat is self.driver or (self.lender is not None and not seat.helper and not seat.watches)

    def lend(self, lender: Seat, helper: Seat | None) -> None:
        """JobError, RightMissing: only by who drives (or has lent it), or where nobody drives by who may."""
        if lender.helper:
            raise RightMissing("A helper cannot hand the vehicle over.", AT_THE_PC)
        if lender is not self.driver and lender is not self.lender and (self.driver is not None or lender.watches):
            self.require(lender)
        if helper is None or not helper.helper:
            raise JobError("No helper sits there.", "Look who watches now, then hand over once more.")
        self.driver, self.lender = helper, lender

    def take_back(self, seat: Seat) -> bool:
        """By any seat that is no helper's; the one that lent it drives again. True where the driver changed."""
        if seat.helper:
            raise RightMissing("A helper cannot take the vehicle.", AT_THE_PC)
        if self.lender is None:
            return False
        self.driver, self.lender = self.lender, None
        return True

    def leave(self, seat: Seat) -> bool:
        """A helper's seat gives back what it was lent; without its lender it keeps nothing. True for a change."""
        if seat is self.lender:
            self.driver = self.lender = None
        elif seat is self.driver:
            self.driver, self.lender = self.lender, None
        else:
            return False
        return True

    def told(self, seats: Iterable[Seat]) -> tuple[HostSeat, ...]:
        """Everybody who is there, for all of them."""
        return tuple(
            HostSeat(s.number, s.holder, s.helper, s is self.driver, s.watches, s.name, s.visit) for s in seats
        )
