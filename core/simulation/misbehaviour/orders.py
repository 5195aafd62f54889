"""Orders for misbehaviour: parsed from text, counted by occasion, changed while the vehicle runs. No frames."""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.errors import UsageError
from core.simulation.misbehaviour.catalog import COUNTERS, FAULTS
from core.vocabulary import SimulatedFault, Transport

_ORDER = re.compile(r"(?:(?P<unit>[A-Za-z0-9_]{1,64}):)?(?P<name>[a-z0-9-]{1,32})(?:@(?P<at>[1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """One order: which fault, at which unit ("" at any), at which occasion (from 1)."""

    fault: SimulatedFault
    unit: str = ""
    at: int = 1

    @classmethod
    def parse(cls, text: str) -> FaultOrder:
        """`name`, `name@N`, `UNIT:name@N`. UsageError with the known names for anything else."""
        found = _ORDER.fullmatch(text.strip())
        fault = FAULTS.get(found["name"]) if found else None
        if found is None or fault is None:
            raise UsageError(
                f"There is no simulated fault {text!r}.", f"Write NAME, NAME@N or UNIT:NAME@N with {', '.join(FAULTS)}."
            )
        return cls(fault, found["unit"] or "", int(found["at"] or 1))

    def __str__(self) -> str:
        unit = f"{self.unit}:" if self.unit else ""
        return f"{unit}{self.fault.name}@{self.at}" if self.at > 1 else f"{unit}{self.fault.name}"


class _Standing:
    """An order that stands, with the occasions it has seen. `struck`: its turn has come."""

    __slots__ = ("occasions", "order", "struck")

    def __init__(self, order: FaultOrder) -> None:
        self.order = order
        self.occasions = 0
        self.struck = False


class UnitFaults:
    """The orders for one unit as its server, its bus line and its gateway ask for them. From any thread."""

    def __init__(self) -> None:
        self.any = False  # the only thing that a vehicle without orders is asked, once a frame
        self._standing: dict[str, list[_Standing]] = {}
        self._lock = threading.Lock()

    def set(self, standing: Iterable[_Standing]) -> None:
        by_name: dict[str, list[_Standing]] = {}
        for each in standing:
            by_name.setdefault(each.order.fault.name, []).append(each)
        self._standing = by_name
        self.any = bool(by_name)

    def strikes(self, name: str) -> bool:
        """One more occasion of this fault: True where it happens now."""
        hit = False
        with self._lock:
            for each in self._standing.get(name, ()):
                each.occasions += 1
                if each.occasions == each.order.at or (each.struck and each.order.fault.lasting):
                    each.struck = hit = True
        return hit

    def struck(self, name: str) -> bool:
        """It has happened, and it is still ordered."""
        return any(each.struck for each in self._standing.get(name, ()))

    def first(self, names: Iterable[str]) -> str:
        """The first of these that happens now, "" for none; all of them see the occasion."""
        return next((name for name in [name for name in names if self.strikes(name)]), "")


class Misbehaviour:
    """What is ordered for one vehicle. `units` are their names with the transport that each is reached on."""

    def __init__(self, vehicle: str, units: dict[str, Transport], uncounted: Collection[str] = ()) -> None:
        """`uncounted`: units whose blocks have no counter (KWP2000)."""
        self._vehicle, self._transports, self._uncounted = vehicle, units, frozenset(uncounted)
        self._standing: tuple[_Standing, ...] = ()
        self._of = {name: UnitFaults() for name in units}
        self.entity = UnitFaults()
        """What the DoIP entity itself asks: orders for any unit count."""

    def of(self, unit: str) -> UnitFaults:
        return self._of[unit]

    def order(self, texts: Iterable[str]) -> None:
        """From now on exactly these, counted from here. UsageError where one is unknown or cannot happen here."""
        orders = [self._checked(FaultOrder.parse(text)) for text in texts]
        standing = tuple(_Standing(order) for order in orders)
        self._standing = standing
        for name, faults in self._of.items():
            faults.set(each for each in standing if each.order.unit in ("", name) and self._can(name, each.order))
        self.entity.set(standing)

    def _can(self, unit: str, order: FaultOrder) -> bool:
        return not (order.fault.name in COUNTERS and unit in self._uncounted)

    @property
    def ordered(self) -> tuple[str, ...]:
        """The orders as text."""
        return tuple(str(each.order) for each in self._standing)

    @property
    def struck(self) -> tuple[str, ...]:
        """Those of them that have happened."""
        return tuple(str(each.order) for each in self._standing if each.struck)

    def _checked(self, order: FaultOrder) -> FaultOrder:
        known = {name.casefold(): name for name in self._transports}
        name = known.get(order.unit.casefold(), "")
        if order.unit and not name:
            raise UsageError(f"{self._vehicle} has no unit {order.unit!r}.", f"It has {', '.join(self._transports)}.")
        ways = {self._transports[name]} if name else set(self._transports.values())
        if not ways & order.fault.transports:
            where = f"{name} of {self._vehicle}" if name else self._vehicle
            wanted = " or ".join(sorted(way.value for way in order.fault.transports))
            raise UsageError(f"{order.fault.name} cannot happen at {where}: it is a fault on {wanted}.")
        if not any(self._can(unit, order) for unit in ([name] if name else self._transports)):
            raise UsageError(f"{order.fault.name} cannot happen in KWP2000: its blocks have no counter.")
        return FaultOrder(order.fault, name, order.at)
