"""Reads the journal: which units were left in programming, and what the right recovery is. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.diagnosis.journal.files import JournalFolder, is_running, read_lines
from core.vocabulary import Interrupted

LATEST = 253402300799.0  # the last second of the year 9999: what a calendar can show
_Key = tuple[str, str]


@dataclass
class _Entry:
    """One unit in one job, as its lines tell."""

    started: Mapping[str, Any]
    plan: Mapping[str, Any] = field(default_factory=dict)
    step: Mapping[str, Any] = field(default_factory=dict)
    at: float = 0.0
    touched: bool = False
    """An erase or a resumed download was recorded: the unit has no valid software until "ended" says otherwise."""
    complete: bool = False
    done: bool = False  # programmed and read back, perhaps without a byte that had still to be sent
    left: bool | None = None  # what "ended" says; None where there is no such line
    damaged: bool = False
    block: int = 0
    offset: int = 0
    block_size: int = 0

    def take(self, event: str, line: Mapping[str, Any]) -> None:
        if event == "plan":
            self.plan = line
        elif event == "step":
            self.step = line
        elif event in ("erasing", "resuming"):
            self.touched, self.complete = True, False
            self.block, self.offset = _number(line, "block"), _number(line, "offset")
        elif event == "acknowledged":
            self.offset, self.block_size = _number(line, "offset"), _number(line, "size")
        elif event == "verified":
            self.block, self.offset = _number(line, "block") + 1, 0
        elif event == "programmed":
            self.complete = True
        elif event == "ended":
            self.left = bool(line.get("left_in_programming"))
            self.done = self.complete and not self.left


def unfinished(folder: JournalFolder | Path) -> tuple[Interrupted, ...]:
    """Every unit that was left in programming and has not been flashed, confirmed or dismissed since; newest last.

    Units whose job runs now are left out. A line that cannot be read hides no interruption: its unit is told all the
    same, but is not resumed.
    """
    folder = folder if isinstance(folder, JournalFolder) else JournalFolder(folder)
    waiting: dict[_Key, _Entry] = {}
    for _, path in folder.files():
        running = is_running(path)
        for key, entry in _entries(path):
            if entry is None or running:
                waiting.pop(key, None)
            elif entry.touched or entry.done:
                waiting.pop(key, None)  # also so that the newest is last
                if entry.left is not False:
                    waiting[key] = entry
    return tuple(_interrupted(entry) for entry in waiting.values())


def left_in_programming(folder: JournalFolder | Path, vin: str) -> dict[str, Interrupted]:
    """The entries of one vehicle by the unit's name in capitals."""
    return {entry.unit.upper(): entry for entry in unfinished(folder) if entry.vin == vin}


def is_needed(path: Path) -> bool:
    """Whether a file says of some unit that it was left in programming."""
    return any(entry is not None and entry.touched and entry.left is not False for _, entry in _entries(path))


def _entries(path: Path) -> list[tuple[_Key, _Entry | None]]:
    """The units of a file in order; None for one that was confirmed or dismissed."""
    found: list[tuple[_Key, _Entry | None]] = []
    by_unit: dict[str, _Entry] = {}
    newest: _Entry | None = None
    torn = damaged = False
    for line in read_lines(path):
        if line is None:
            torn = True  # where it is the last one: its step was never begun
            continue
        damaged = damaged or torn
        event, unit = str(line.get("event")), str(line.get("unit", ""))
        if event in ("confirmed", "dismissed"):
            found.append(((str(line.get("vin", "")), unit), None))
        elif event == "started":
            newest = by_unit[unit] = _Entry(line)
            found.append(((str(line.get("vin") or line.get("vci", "")), unit), newest))
            newest.at = _seconds(line)
        else:
            entry = by_unit.get(unit) if unit else newest
            if entry is not None:
                entry.take(event, line)
                entry.at = _seconds(line)
    for _, entry in found:
        if entry is not None and damaged:
            entry.damaged = True
            entry.touched = entry.touched or entry.left is None  # the lost line may have been that of the erase
    return found


def _interrupted(entry: _Entry) -> Interrupted:
    started, plan = entry.started, entry.plan
    resumable = bool(plan.get("resume")) and not entry.damaged and not entry.complete

    def text(source: Mapping[str, Any], name: str) -> str:
        return str(source.get(name, ""))

    unit, vin = text(started, "unit"), text(started, "vin")
    return Interrupted(
        job=text(started, "job"), at=entry.at, vin=vin, unit=unit, vehicle=text(started, "vehicle"),
        address=text(started, "address"), vci=text(started, "vci"), flashware=text(plan, "flashware"),
        file=text(plan, "file"), sha256=text(plan, "sha256"), plan=text(plan, "plan"),
        software_before=text(plan, "software_before"), software_after=text(plan, "software_after"),
        step=text(entry.step, "step"), step_title=text(entry.step, "title"), block=entry.block, offset=entry.offset,
        block_size=entry.block_size, resumable=resumable, complete=entry.complete, forced=bool(plan.get("forced")),
        damaged=entry.damaged, sentence=_sentence(unit, vin, entry), advice=_advice(unit, entry, resumable),
    )  # fmt: skip


def _sentence(unit: str, vin: str, entry: _Entry) -> str:
    car = f" of VIN {vin}" if vin else ""
    if entry.complete:
        return f"{unit}{car} was left in programming: all blocks are programmed, the new software was not read back."
    step = str(entry.step.get("title", ""))
    where = f" in the step {step!r}" if step else ""
    share = f" ({entry.offset} of {entry.block_size} bytes of block {entry.block})" if entry.offset else ""
    return f"{unit}{car} was left in programming{where}{share}: it has no valid software."


def _advice(unit: str, entry: _Entry, resumable: bool) -> str:
    if entry.complete:
        return f"Recover {unit}: its software is read back, and programmed again where it is not the right one."
    if resumable and (entry.offset or entry.block > 1):
        return f"Recover {unit}: its boot loader goes on where it stopped; if it does not, it is erased and flashed."
    return f"Recover {unit}: it is erased and flashed again from the beginning."


def _number(line: Mapping[str, Any], name: str) -> int:
    value = line.get(name, 0)
    return value if isinstance(value, int) and value >= 0 else 0


def _seconds(line: Mapping[str, Any]) -> float:
    value = line.get("t", 0.0)
    return float(value) if isinstance(value, int | float) and 0 <= value <= LATEST else 0.0
