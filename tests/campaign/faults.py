"""`python -m tests.campaign faults`: every misbehaviour of the garage on CAN, on DoIP and in KWP2000, in a flash.

Each cell must end in success or in one defined error within 30 s, and the next, undisturbed flash must give the unit
the right image. `--way` sends it through a pass-thru library, multicast or TLS. `--rounds N --seed S` lets the faults
strike at other occasions, drawn at random.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import NegativeResponse, ProductError
from core.simulation.garage import Garage
from core.simulation.misbehaviour import FAULTS, FaultOrder
from core.simulation.misbehaviour.catalog import COUNTERS
from core.vocabulary import Transport
from core.workbench import Vehicle, Workbench, WorkbenchPaths, open_workbench
from tests.campaign.rig import MULTICAST, WAYS, free_port, passthru
from tests.papers import commission
from tests.vci.j2534.support import Wire

PLACES = {Transport.CAN: ("van", "BODY"), Transport.DOIP: ("van", "CLUSTER")}
"""Small units: 8 KiB in blocks of 512 bytes, 16 KiB in blocks of 2 KiB."""
KWP = ("car-das", "BODY")
"""The same on CAN in KWP2000: 8 KiB in blocks of 412 bytes. Faults of block counters do not exist there."""
LIMIT = 30.0
"""Seconds that a disturbed flash may take."""
PATIENCE = 120.0
QUICK = {"reset_time": 0.03, "erase_minimum": 0.06}

# where a fault strikes by default: in the middle of the transfer where it counts blocks or frames
_MIDDLE = {"TransferData": 4, "consecutive frame to the unit": 150, "flow control of the unit": 6}
_FIRST = frozenset({"stmin-reserved"})  # of a long message it would only cost time: 127 ms a frame
_ASKED, _CODED = "datagram to the gateway", "coding written"


@dataclass(frozen=True)
class Cell:
    """One line of the table. `outcome` is "success" or the error's name; `wrong` says what breaks the promise."""

    fault: str
    transport: Transport
    outcome: str
    words: str
    seconds: float
    again: str
    wrong: str = ""
    way: str = ""

    def line(self) -> str:
        mark = "!!" if self.wrong else "ok"
        return (
            f"{mark} {self.way or self.transport.value:<4} {self.fault:<24} {self.outcome:<20} {self.seconds:6.2f} s  "
            f"{self.again:<12} {self.wrong or self.words[:120]}"
        ).rstrip()


def cells(
    orders: Sequence[str] = (), transports: Sequence[Transport] = tuple(Transport)
) -> Iterator[tuple[str, Transport]]:
    """The orders (all faults by default) with each transport that they exist on."""
    for order in orders or [order_of(name) for name in FAULTS]:
        for transport in transports:
            if transport in FaultOrder.parse(order).fault.transports:
                yield order, transport


def kwp_orders(orders: Sequence[str] = ()) -> list[str]:
    """Those of them (all faults by default) that a unit of KWP2000 can have."""
    return [order for order, _ in cells(orders, [Transport.CAN]) if FaultOrder.parse(order).fault.name not in COUNTERS]


def order_of(name: str) -> str:
    at = 1 if name in _FIRST else _MIDDLE.get(FAULTS[name].occasion, 1)
    return f"{name}@{at}" if at > 1 else name


def random_orders(seed: int, rounds: int) -> list[str]:
    """Every fault `rounds` times, each time at another occasion of a flash of the small units."""
    draw = random.Random(seed)
    most = {
        "TransferData": 10,
        "RequestDownload": 2,
        "request that programs (2E, 31, 34, 36, 37)": 20,
        "consecutive frame to the unit": 800,
        "consecutive frame from the unit": 4,
        "flow control of the unit": 20,
        "reset": 2,
    }
    return [
        f"{name}@{draw.randint(1, most.get(FAULTS[name].occasion, 1))}"
        for name in FAULTS
        for _ in range(rounds)
        if name not in _FIRST
    ]


class Matrix:
    """Runs cells, each on a factory-new vehicle; the compiled data are shared. Close it."""

    def __init__(self, cache: Path | None = None) -> None:
        self._stack = ExitStack()
        self._home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="passbay-faults-")))
        self._cache = cache or self._home / "cache"
        self._number = 0
        with self._workbench() as workbench:
            workbench.warm_up()

    def run(
        self, order: str, transport: Transport, place: tuple[str, str] | None = None, *, may_miss: bool = False,
        way: str = "",
    ) -> Cell:  # fmt: skip
        """`place`: car and unit, by default the small one of this transport. `may_miss`: it need not strike.

        `way`: one of rig.WAYS, "" for the simulation's own.
        """
        with self._workbench() as workbench, ExitStack() as stack:
            cell, struck = _Trial(workbench, order, transport, *(place or PLACES[transport]), way, stack).run()
        if place == KWP:
            cell = replace(cell, way="KWP")
        if struck or may_miss:
            return cell
        return replace(cell, wrong="the fault did not happen")

    def _workbench(self) -> Workbench:
        self._number += 1
        roots = WorkbenchPaths.below(self._home / str(self._number))
        return open_workbench(replace(roots, cache=self._cache))

    def close(self) -> None:
        self._stack.close()

    def __enter__(self) -> Matrix:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Trial:
    """One fault: the disturbed connection, flash or coding, then the undisturbed flash."""

    def __init__(
        self, workbench: Workbench, order: str, transport: Transport, car: str, unit: str, way: str, stack: ExitStack
    ) -> None:
        self._workbench, self._order, self._transport = workbench, order, transport
        self._way, self._stack = way, stack
        self._car, self._unit = car, unit
        self._occasion = FaultOrder.parse(order).fault.occasion
        self._garage: Garage | None = None

    def run(self) -> tuple[Cell, bool]:
        """The cell, and whether the fault happened."""
        begun = time.monotonic()
        vehicle, error = self._disturbed()
        seconds = time.monotonic() - begun
        struck = self._garage.misbehaviour.struck if self._garage is not None else (self._order,)
        if vehicle is None:
            vehicle = self._connect(())
        assert self._garage is not None
        self._garage.misbehaviour.order(())
        with vehicle:
            again = self._again(vehicle, self._garage)
        wrong = []
        if seconds > LIMIT:
            wrong.append(f"it took {seconds:.0f} s")
        if error is not None and not isinstance(error, ProductError):
            wrong.append(f"no defined error: {error!r}")
        if again != "right image":
            wrong.append("the unit was not brought back")
        name, words = ("success", "") if error is None else (_name(error), str(error))
        return Cell(self._order, self._transport, name, words, seconds, again, "; ".join(wrong)), bool(struck)

    def _connect(self, faults: tuple[str, ...]) -> Vehicle:
        """`sim:`, but for faults of datagrams (`sim:` has no UDP) and ways that only a served vehicle has."""
        if self._occasion == _ASKED or self._way in ("j2534", "multicast"):
            return self._connect_served(faults)
        query = [f"fault={order}" for order in faults] + (["tls=client"] if self._way == "tls" else [])
        vehicle = _in_process(self._workbench.connect(f"sim:{self._car}?{'&'.join(query)}".rstrip("?")))
        return self._quick(vehicle, vehicle._vci.garage)  # type: ignore[attr-defined]

    def _connect_served(self, faults: tuple[str, ...]) -> Vehicle:
        commission(self._workbench.paths)  # to a workbench it is a real vehicle
        if self._way == "multicast":
            way = f"udp_multicast/{MULTICAST}?port={free_port()}"
            running, uri = self._workbench.serve_garage(self._car, can=way, faults=faults), f"can:{way}"
        elif self._way == "j2534":
            wire = self._stack.enter_context(Wire())
            running = self._workbench.serve_garage(self._car, can=f"virtual/{wire.channel}", faults=faults)
            self._stack.callback(running.close)  # before the wire
            uri = f"j2534:Campaign?library={passthru()}&device={wire.path}&helper=yes"
        else:
            tls = "client" if self._way == "tls" else ""
            running = self._workbench.serve_garage(self._car, doip="127.0.0.1:0", faults=faults, tls=tls, tls_port=0)
            told = running.describe()
            uri = f"doip://{told['doip']}" + (f"?tls_port={told['tls_port']}" if tls else "")
        self._garage = running.garage
        return self._quick(_in_process(self._workbench.connect(uri)), running.garage)

    def _quick(self, vehicle: Vehicle, garage: Garage) -> Vehicle:
        self._garage = garage
        for unit in garage.units:  # only what would cost time: the storms of 0x78 and the slow start stay as they are
            object.__setattr__(unit.model.initial, "timing", replace(unit.model.initial.timing, **QUICK))
        return vehicle

    def _disturbed(self) -> tuple[Vehicle | None, BaseException | None]:
        """The connection where there is one, and what it ended with."""
        try:
            vehicle = self._connect((self._order,))
        except ProductError as error:
            return None, error
        try:
            if self._occasion == _CODED:
                _change_coding(vehicle, self._unit)
            else:
                vehicle.flash(self._unit, force=True).wait(PATIENCE)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs into the table
            return vehicle, error
        return vehicle, None

    def _again(self, vehicle: Vehicle, garage: Garage) -> str:
        try:
            vehicle.flash(self._unit, force=True).wait(PATIENCE)
        except Exception as error:  # noqa: BLE001
            return f"{_name(error)}: {error}"
        return "right image" if _holds_newest(vehicle, garage, self._unit) else "wrong image"


def _in_process(vehicle: Any) -> Vehicle:
    assert isinstance(vehicle, Vehicle)
    return vehicle


def _name(error: BaseException) -> str:
    if isinstance(error, NegativeResponse):
        return f"NegativeResponse {error.nrc:02X}"
    return type(error).__name__


def _change_coding(vehicle: Vehicle, unit: str) -> None:
    state = vehicle.coding_read(unit).wait(PATIENCE)
    item = next(each for each in state.items if each.choices)
    other = next(choice for choice in item.choices if choice != item.now)
    vehicle.coding_write(unit, {item.name: other}).wait(PATIENCE)


def _holds_newest(vehicle: Vehicle, garage: Garage, name: str) -> bool:
    """Every byte of the newest flashware is in the unit's memory, valid, and the application runs."""
    unit = garage.unit(name)
    session = vehicle._catalogue.flash_sessions(name, garage.name)[-1]
    images = [vehicle._catalogue.image(session, block) for block in session.blocks]
    with unit.lock:
        memory = unit.state.memory
        held = [bytes(region.data) for region in memory.regions]
        runs = memory.valid and not unit.server.in_boot
    return runs and held == [image.segments[0].data for image in images]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign faults", description=__doc__)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[@N]", help="only these")
    parser.add_argument("--transport", choices=["can", "doip", "kwp"], help="kwp: KWP2000 on CAN")
    parser.add_argument("--way", choices=WAYS, help="j2534 and multicast are CAN, tls is DoIP")
    parser.add_argument("--unit", metavar="VEHICLE:UNIT", help="another unit than the small ones of the van")
    parser.add_argument("--rounds", type=int, default=0, metavar="N", help="so often each fault, at random occasions")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    only = {"tls": "doip", "j2534": "can", "multicast": "can"}.get(options.way or "", options.transport)
    transports = [way for way in Transport if only in (None, way.value.lower())]
    orders = options.fault or (random_orders(options.seed, options.rounds) if options.rounds else [])
    place = tuple(options.unit.split(":", 1)) if options.unit else None
    table = []
    begun = time.monotonic()
    with Matrix() as matrix:
        rows = [(order, transport, place) for order, transport in cells(orders, transports)]
        if place is None and options.transport in (None, "kwp") and options.way != "tls":
            rows += [(order, Transport.CAN, KWP) for order in kwp_orders(orders)]
        for order, transport, where in rows:
            cell = matrix.run(order, transport, where, may_miss=bool(options.rounds), way=options.way or "")
            table.append(cell)
            print(table[-1].line(), flush=True)
    wrong = [cell for cell in table if cell.wrong]
    good = sum(cell.outcome == "success" for cell in table if not cell.wrong)
    print(
        f"{len(table)} cells: {good} end in success, {len(table) - good - len(wrong)} in a defined error, {len(wrong)} "
        f"are wrong; the longest took {max((cell.seconds for cell in table), default=0.0):.1f} s, all of them "
        f"{time.monotonic() - begun:.0f} s" + (f"; seed {options.seed}" if options.rounds else "")
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
