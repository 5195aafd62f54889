"""Runs the branches of one job in threads and waits for all of them. Knows no job and no unit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from core.diagnosis.commands import Branch
from core.events import Event, ProgressMade, StepFinished, StepStarted


def side_by_side(branches: tuple[Branch, ...], run: Callable[[Branch], Any], cancel: Callable[[], None]) -> list[Any]:
    """What `run` gives for each branch, in their order. ctrl+c asks all of them for their safe ending."""
    results: list[Any] = [None] * len(branches)
    faults: list[BaseException] = []

    def work(at: int) -> None:
        try:
            results[at] = run(branches[at])
        except BaseException as fault:  # noqa: BLE001 - handed to the thread that waits
            faults.append(fault)

    threads = [
        threading.Thread(target=work, args=(at,), name=f"branch {branch.unit}") for at, branch in enumerate(branches)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():
            try:
                thread.join()
            except KeyboardInterrupt:
                cancel()
    if faults:
        raise faults[0]
    return results


def only_steps(publish: Callable[[Event], None]) -> Callable[[Event], None]:
    """Of a branch on another vehicle: how far it is, not what its units say."""

    def chosen(event: Event) -> None:
        if isinstance(event, StepStarted | StepFinished | ProgressMade):
            publish(event)

    return chosen
