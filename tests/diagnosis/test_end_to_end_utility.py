"""The whole path on sim:van and sim:truck: 29 bit identifiers, CAN FD, extended addressing; multicast, plain buses."""

from __future__ import annotations

import socket

import pytest

from core.errors import PreconditionNotMet
from core.vocabulary import CanFrame, EuroClass, UnitState
from core.workbench import Vehicle, Workbench
from tests.diagnosis.garage_help import PATIENCE, garage_of, restored, wait_until

UNITS = {
    "van": ["ENGINE", "BRAKES", "BODY", "GATEWAY", "CLUSTER"],
    "truck": ["ENGINE", "TRANSMISSION", "BRAKES", "BODY", "COORDINATOR"],
}
EURO = {"van": EuroClass.EURO_6, "truck": EuroClass.EURO_VI}


def _code_and_restore(vehicle: Vehicle, unit: str) -> None:
    state = vehicle.coding_read(unit).wait(PATIENCE)
    item = next(each for each in state.items if each.choices)
    other = next(choice for choice in item.choices if choice != item.now)
    result = vehicle.coding_write(unit, {item.name: other}).wait(PATIENCE)
    assert [(change.name, change.before, change.after) for change in result.changes] == [(item.name, item.now, other)]
    again = vehicle.coding_read(unit).wait(PATIENCE)
    assert next(each for each in again.items if each.name == item.name).now == other
    vehicle.coding_restore(unit).wait(PATIENCE)
    assert vehicle.coding_read(unit).wait(PATIENCE).records == state.records


@pytest.mark.parametrize("name", UNITS)
def test_survey_flash_and_coding_of_every_unit(workbench: Workbench, name: str) -> None:
    with workbench.connect(f"sim:{name}") as vehicle:
        result = vehicle.survey().wait(PATIENCE)
        assert (result.vehicle, result.euro_class) == (name, EURO[name])
        assert [unit.name for unit in result.units] == UNITS[name]
        for unit in result.units:
            assert unit.software and unit.hardware and unit.variant.startswith("APPL_") and unit.newer_software
        for unit in result.units:
            flashed = vehicle.flash(unit.name).wait(PATIENCE)
            assert (flashed.result, flashed.software_after) == ("flashed", unit.newer_software)
            memory = garage_of(vehicle).unit(unit.name).state.memory
            session = vehicle._catalogue.flash_sessions(unit.name, name)[-1]
            for block, region in zip(session.blocks, memory.regions, strict=True):
                assert bytes(region.data) == vehicle._catalogue.image(session, block).segments[0].data
            _code_and_restore(vehicle, unit.name)
        wait_until(lambda: restored(garage_of(vehicle)))
        after = vehicle.survey().wait(PATIENCE)
        assert not any(unit.newer_software for unit in after.units)


def test_frames_of_the_truck_look_as_they_should(workbench: Workbench) -> None:
    """29 bit identifiers everywhere, the extension byte first at the body, frames beyond 8 bytes at the coordinator."""
    with workbench.connect("sim:truck") as vehicle:
        vehicle.survey().wait(PATIENCE)
        frames = [record for record in workbench.stream.traffic.read_since(0)[0] if isinstance(record, CanFrame)]
    ours = [frame for frame in frames if frame.arbitration_id & 0xFFFF00FF == 0x18DA00F1]
    body = [frame for frame in ours if frame.arbitration_id == 0x18DA21F1]
    answers = [frame for frame in frames if frame.arbitration_id == 0x18DAF121]
    coordinator = [frame for frame in frames if frame.arbitration_id in (0x18DA27F1, 0x18DAF127)]
    assert body and {frame.data[0] for frame in body} == {0x21} and {frame.data[0] for frame in answers} == {0xF1}
    assert coordinator and all(frame.is_fd for frame in coordinator) and max(len(f.data) for f in coordinator) > 8
    assert not any(frame.is_fd for frame in frames if frame not in coordinator)
    functional = [frame for frame in frames if frame.arbitration_id == 0x18DB33F1]
    assert {frame.data[0] for frame in functional} == {0x03, 0xFE}
    assert all(frame.is_extended_id for frame in [*ours, *answers, *coordinator, *functional])
    assert {0x0CF00400, 0x18FEF100} <= {frame.arbitration_id for frame in frames if frame.is_extended_id}


@pytest.mark.usefixtures("papers")
def test_the_truck_on_multicast_with_fd(workbench: Workbench) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    place = f"udp_multicast/239.74.163.77?port={port}&fd=1"
    with workbench.serve_garage("truck", can=place) as running, workbench.connect(f"can:{place}") as vehicle:
        told = {unit["name"]: unit for unit in running.describe()["units"]}
        assert told["COORDINATOR"]["fd"] is True and told["BODY"]["tx_extension"] == "0x21"
        assert [unit.name for unit in vehicle.survey().wait(PATIENCE).units if unit.software] == UNITS["truck"]
        for unit in ("BODY", "COORDINATOR"):
            assert vehicle.flash(unit).wait(PATIENCE).result == "flashed"
            _code_and_restore(vehicle, unit)


@pytest.mark.usefixtures("papers")
def test_without_fd_the_coordinator_is_out_of_reach_and_the_rest_works(workbench: Workbench) -> None:
    with workbench.serve_garage("truck", can="virtual/no-fd") as running, workbench.connect("can:virtual/no-fd") as car:
        assert [unit["name"] for unit in running.describe()["units"]] == UNITS["truck"][:-1]
        lines = {unit.name: unit for unit in car.survey().wait(PATIENCE).units}
        assert lines["COORDINATOR"].state is UnitState.NOT_REACHABLE and "fd=1" in lines["COORDINATOR"].reason
        assert all(line.software for name, line in lines.items() if name != "COORDINATOR")
        with pytest.raises(PreconditionNotMet, match="CAN FD"):
            car.flash("COORDINATOR").wait(PATIENCE)
        assert car.flash("BODY").wait(PATIENCE).result == "flashed"


def test_a_new_series_shows_as_another_variant(workbench: Workbench) -> None:
    with workbench.connect("sim:van") as vehicle:
        vehicle.flash("ENGINE").wait(PATIENCE)
        line = next(unit for unit in vehicle.survey().wait(PATIENCE).units if unit.name == "ENGINE")
        assert (line.software, line.variant) == ("2810.00", "APPL_2810")
