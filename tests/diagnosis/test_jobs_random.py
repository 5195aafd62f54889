"""Jobs against units that answer anything: each ends with a result or a ProductError, never with another exception."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.diagnosis.coding import BackupStore, coding_read, coding_restore, coding_write
from core.diagnosis.commands import Job
from core.diagnosis.faults import faults
from core.diagnosis.flash import FlashTask, flash
from core.diagnosis.identify import identify
from core.diagnosis.raw import raw
from core.diagnosis.survey import survey
from core.errors import NoResponse, ProductError
from core.vocabulary import CanAddress
from tests.diagnosis.world import ENGINE_ADDRESS, Drive, Unit, known_vehicle, no_file

VEHICLE = known_vehicle()
ANSWERING = tuple(CanAddress(0x7E0 + n, 0x7E8 + n) for n in range(3))

JOBS: dict[str, Callable[[Path], Job[Any]]] = {
    "identify": lambda folder: identify(VEHICLE.surroundings),
    "survey": lambda folder: survey(VEHICLE),
    "faults": lambda folder: faults(VEHICLE, "ENGINE", clear=True),
    "flash": lambda folder: flash(FlashTask(VEHICLE, "ENGINE", None, no_file), force=True),
    "coding-read": lambda folder: coding_read(VEHICLE, "ENGINE", BackupStore(folder)),
    "coding-write": lambda folder: coding_write(VEHICLE, "ENGINE", {"DAYLIGHT": "on"}, BackupStore(folder)),
    "coding-restore": lambda folder: coding_restore(VEHICLE, "ENGINE", BackupStore(folder)),
    "uds": lambda folder: raw("ENGINE", ENGINE_ADDRESS, (b"\x22\xf1\x90", b"\x3e\x80")),
}


def strange_unit(chance: random.Random) -> Unit:
    """Mostly sensible, so that every part of a job is reached; then cut, flipped, swapped, foreign or no answers."""
    unit = Unit()
    rate = chance.choice((0.02, 0.1, 0.5, 1.0))

    def intercept(pdu: bytes) -> bytes | ProductError | None:
        if chance.random() > rate:
            return None
        kind = chance.randrange(7)
        if kind == 0:
            return NoResponse("silence", timer="P2")
        if kind == 1:
            return bytes((0x7F, pdu[0], chance.randrange(256)))
        if kind == 2:
            return chance.randbytes(chance.randrange(1, 40))
        answer = bytearray(unit._ordinary(pdu))
        if kind == 3:
            return bytes(answer[: chance.randrange(1, len(answer) + 1)])
        if kind == 4:
            answer[chance.randrange(len(answer))] ^= 1 << chance.randrange(8)
        elif kind == 5:
            answer += chance.randbytes(chance.randrange(1, 9))
        return bytes((pdu[0] + 0x40 & 0xFF,)) + bytes(answer[1:])

    unit.intercept = intercept
    return unit


@pytest.mark.parametrize("name", JOBS)
def test_any_answers_end_in_a_result_or_a_product_error(name: str, tmp_path: Path) -> None:
    chance = random.Random(f"{name} 2026")
    ends: dict[str, int] = {}
    for _ in range(400):
        drive = Drive({ENGINE_ADDRESS: strange_unit(chance)}, volts=chance.choice((None, 13.0)))
        drive.collected = tuple((a, b"\x62\xf1\x90" + chance.randbytes(chance.randrange(20))) for a in ANSWERING)
        try:
            drive.run(JOBS[name](tmp_path))
            end = "result"
        except ProductError as error:
            end = error.name
            assert error.message and error.advice
        assert not drive.keeps_alive
        ends[end] = ends.get(end, 0) + 1
    assert sum(ends.values()) == 400
    assert name in ("identify", "survey", "coding-restore") or len(ends) > 1, ends
