"""The fault matrix: every misbehaviour of the garage on CAN and on DoIP during a flash; each ends in success or one error.

`python -m tests.campaign faults [--fault NAME ...] [--transport can|doip] [--seed N]` prints a line a cell: how the
disturbed flash ended, how long it took, and whether the next, undisturbed flash gave the unit the right image.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import NegativeResponse, ProductError
from core.simulation.misbehaviour import FAULTS
from core.vocabulary import CanAddress, Transport
from core.workbench import Vehicle, Workbench, WorkbenchPaths, open_workbench

CAR = "van"
UNITS = {Transport.CAN: "BODY", Transport.DOIP: "CLUSTER"}
LIMIT = 30.0
"""Seconds that a disturbed flash may take."""
PATIENCE = 120.0

# where a fault strikes by default: in the middle of the transfer where it counts blocks or frames
_MIDDLE = {"TransferData": 4, "consecutive frame to the unit": 150, "flow control of the unit": 6}
_AT = {"stmin-reserved": 1, "reset-in-transfer": 4}


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


def cells(faults: Sequence[str] = (), transports: Sequence[Transport] = tuple(Transport)) -> list[tuple[str, Transport]]:
    """Fault orders (all by default) with each transport that they exist on."""
    wanted = faults or [order_of(name) for name in FAULTS]
    return [
        (order, transport)
        for order in wanted
        for transport in transports
        if transport in FAULTS[order.partition("@")[0]].transports
    ]


def order_of(name: str) -> str:
    at = _AT.get(name, _MIDDLE.get(FAULTS[name].occasion, 1))
    return f"{name}@{at}" if at > 1 else name


class Matrix:
    """Runs cells, each on a van of its own; the compiled data are shared. Close it."""

    def __init__(self, cache: Path | None = None) -> None:
        self._stack = ExitStack()
        self._home = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="passbay-faults-")))
        self._cache = cache or self._home / "cache"
        self._number = 0

    def run(self, order: str, transport: Transport) -> Cell:
        with self._workbench() as workbench:
            return _Trial(workbench, order, transport).run()

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
    """One fault: the disturbed flash (or connection, or coding), then the undisturbed one."""

    def __init__(self, workbench: Workbench, order: str, transport: Transport) -> None:
        self._workbench, self._order, self._transport = workbench, order, transport
        self._unit = UNITS[transport]
        self._fault = FAULTS[order.partition("@")[0]]

    def run(self) -> Cell:
        begun = time.monotonic()
        vehicle, outcome = self._disturbed()
        seconds = time.monotonic() - begun
        struck = vehicle.struck_faults() if vehicle is not None else (self._order,)
        vehicle = vehicle or self._workbench.connect(f"sim:{CAR}")
        with vehicle:
            vehicle.set_faults(())
            again = self._again(vehicle)
        wrong = [
            *(["the fault did not happen"] if not struck else []),
            *([f"it took {seconds:.0f} s"] if seconds > LIMIT else []),
            *([f"no defined error: {outcome!r}"] if outcome is not None and not isinstance(outcome, ProductError) else []),
            *(["the unit was not brought back"] if again != "right image" else []),
        ]
        name, words = ("success", "") if outcome is None else (_name(outcome), str(outcome))
        return Cell(self._order, self._transport, name, words, seconds, again, "; ".join(wrong))

    def _disturbed(self) -> tuple[Vehicle | None, BaseException | None]:
        """The connection where there is one, and what it ended with."""
        try:
            vehicle = self._workbench.connect(f"sim:{CAR}?fault={self._order}")
        except ProductError as error:
            return None, error
        try:
            if self._fault.occasion == "coding written":
                _change_coding(vehicle, self._unit)
            else:
                vehicle.flash(self._unit, force=True).wait(PATIENCE)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs into the table
            return vehicle, error
        return vehicle, None

    def _again(self, vehicle: Vehicle) -> str:
        try:
            vehicle.flash(self._unit, force=True).wait(PATIENCE)
        except Exception as error:  # noqa: BLE001
            return f"{_name(error)}: {error}"
        return "right image" if _holds_newest(vehicle, self._unit) else "wrong image"


def _name(error: BaseException) -> str:
    if isinstance(error, NegativeResponse):
        return f"NegativeResponse {error.nrc:02X}"
    return type(error).__name__


def _change_coding(vehicle: Vehicle, unit: str) -> None:
    state = vehicle.coding_read(unit).wait(PATIENCE)
    item = next(each for each in state.items if each.choices)
    other = next(choice for choice in item.choices if choice != item.now)
    vehicle.coding_write(unit, {item.name: other}).wait(PATIENCE)


def _holds_newest(vehicle: Any, unit: str) -> bool:
    """Every byte of the newest flashware is in the unit's memory, valid, and the application runs."""
    simulated = vehicle._vci.garage.unit(unit)
    session = vehicle._catalogue.flash_sessions(unit, CAR)[-1]
    images = [vehicle._catalogue.image(session, block) for block in session.blocks]
    with simulated.lock:
        memory = simulated.state.memory
        held = [bytes(region.data) for region in memory.regions]
        runs = memory.valid and not simulated.server.in_boot
    return runs and held == [image.segments[0].data for image in images]


def lines(table: Sequence[Cell]) -> Iterator[str]:
    for cell in table:
        mark = "!!" if cell.wrong else "ok"
        yield (
            f"{mark} {cell.transport.value:<4} {cell.fault:<24} {cell.outcome:<22} {cell.seconds:6.2f} s  "
            f"{cell.again:<12} {cell.wrong or cell.words[:110]}"
        )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign faults", description=__doc__)
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[@N]")
    parser.add_argument("--transport", choices=["can", "doip"])
    options = parser.parse_args(argv)
    transports = [way for way in Transport if options.transport in (None, way.value.lower())]
    table = []
    begun = time.monotonic()
    with Matrix() as matrix:
        for order, transport in cells(options.fault, transports):
            table.append(matrix.run(order, transport))
            print(*lines(table[-1:]), flush=True)
    wrong = [cell for cell in table if cell.wrong]
    successes = sum(cell.outcome == "success" for cell in table)
    print(
        f"{len(table)} cells: {successes} success, {len(table) - successes - len(wrong)} a defined error, "
        f"{len(wrong)} wrong; longest {max((c.seconds for c in table), default=0.0):.1f} s; "
        f"{time.monotonic() - begun:.0f} s in all"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
