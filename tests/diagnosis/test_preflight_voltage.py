"""The supply voltage of a simulated car while it is flashed: no block below the limit, it goes on by itself (F3)."""

from __future__ import annotations

import pytest

from core.errors import JobInterrupted, PreconditionNotMet
from core.events import JobFailed, Noted, VoltageRead
from core.workbench import Workbench
from tests.diagnosis.garage_help import PATIENCE, garage_of, in_transfer, when


def blocks(workbench: Workbench, cursor: int) -> int:
    """First frames and messages that carry TransferData, since `cursor`."""
    records, _, lost = workbench.stream.traffic.read_since(cursor)
    assert lost == 0
    return sum(data[:1] and data[0] >> 4 == 1 and data[2:3] == b"\x36" for data in (record[2] for record in records))


def test_no_erase_below_the_limit(workbench: Workbench) -> None:
    with workbench.connect("sim:car-mixed") as vehicle:
        vehicle.identify().wait(PATIENCE)
        garage_of(vehicle).voltage = 11.9
        with pytest.raises(PreconditionNotMet, match="too low") as refusal:
            vehicle.flash("BODY").wait(PATIENCE)
        assert "charger" in refusal.value.advice
        assert refusal.value.state_now == "Nothing was changed in BODY."


def test_a_dip_in_the_transfer_is_waited_out(workbench: Workbench) -> None:
    with workbench.connect("sim:car-mixed") as vehicle:
        vehicle.identify().wait(PATIENCE)
        garage = garage_of(vehicle)
        seen: list[int] = []

        def drop() -> None:
            garage.voltage = 11.7  # below the plan's limit, above what the unit itself refuses

        def low_told() -> None:
            seen.append(workbench.stream.traffic.total)

        def charged() -> None:
            seen.append(blocks(workbench, seen[0]))
            garage.voltage = 13.0

        is_low = "fell to 11.7 V"
        measured = 0

        def third_measurement(event: object) -> bool:
            nonlocal measured
            measured += isinstance(event, VoltageRead) and event.volts == 11.7 and bool(seen)
            return measured == 3

        with (
            when(workbench, in_transfer, drop),
            when(workbench, lambda event: isinstance(event, Noted) and is_low in event.text, low_told),
            when(workbench, third_measurement, charged),
        ):
            assert vehicle.flash("ENGINE").wait(PATIENCE).result == "flashed"
        assert seen[1] == 0
        notes = [event.text for event in workbench.stream.drain() if isinstance(event, Noted)]
        assert any(is_low in text and "No new block is sent" in text for text in notes)
        assert any("is good again: ENGINE goes on" in text for text in notes)


def test_what_the_unit_itself_says_of_the_voltage_is_told_in_words(workbench: Workbench) -> None:
    """The unit refuses before the tester's next measurement: 0x93 in the transfer."""
    with workbench.connect("sim:car-mixed") as vehicle:
        vehicle.identify().wait(PATIENCE)
        garage = garage_of(vehicle)

        def drop() -> None:
            garage.voltage = 9.0

        with when(workbench, in_transfer, drop), pytest.raises(JobInterrupted) as ending:
            vehicle.flash("BODY").wait(PATIENCE)
        failed = next(event for event in workbench.stream.drain() if isinstance(event, JobFailed))
        assert "0x93 voltageTooLow" in failed.explanation
        assert "no valid software" in failed.state_now
        assert failed.advice.startswith("Connect a battery charger")
        assert (failed.explanation, failed.state_now) == (ending.value.explanation, ending.value.state_now)
        garage.voltage = 13.0
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"
