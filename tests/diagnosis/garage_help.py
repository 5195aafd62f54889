"""What end-to-end tests look at in a simulated car: its units' state, waiting for an event of the stream."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from core.events import Event, ProgressMade
from core.simulation.garage import Garage
from core.workbench import Vehicle, Workbench

PATIENCE = 60.0


def garage_of(vehicle: Vehicle) -> Garage:
    """The car behind a `sim:` connection."""
    return vehicle._vci.garage  # type: ignore[attr-defined,no-any-return]


def restored(garage: Garage) -> bool:
    """Every unit sends its messages and records trouble codes again."""
    return all(unit.server.transmit_normal and unit.server.dtc_recording for unit in garage.units)


@contextmanager
def when(
    workbench: Workbench, condition: Callable[[Event], bool], action: Callable[[], Any]
) -> Iterator[threading.Event]:
    """Does `action` once, on the job's own thread, at the first event for which `condition` holds."""
    done = threading.Event()
    publish = workbench.stream.publish

    def watch(event: Event) -> None:
        publish(event)
        if not done.is_set() and condition(event):
            done.set()
            action()

    workbench.stream.publish = watch  # type: ignore[method-assign]
    try:
        yield done
    finally:
        workbench.stream.publish = publish  # type: ignore[method-assign]


def wait_until(condition: Callable[[], bool]) -> None:
    """The garage works in threads of its own: what was sent without an answer shows a moment later."""
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("the condition did not come true")


def in_transfer(event: Event) -> bool:
    """The transfer of a flash is under way."""
    return isinstance(event, ProgressMade) and event.step.startswith("transfer") and 0 < event.done < event.total
