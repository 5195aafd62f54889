"""The whole path on sim:car-doip (pure DoIP, rule G6), sim:car-old (rule G2), served vehicles and partial devices."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DataInvalid, DataMissing, JobCancelled, PreconditionNotMet, UsageError
from core.vocabulary import EuroClass, Transport, UnitState
from core.workbench import Workbench
from tests.diagnosis.garage_help import PATIENCE, garage_of, in_transfer, restored, wait_until, when

UNITS = ["GATEWAY", "DRIVE", "BRAKES", "BODY", "HEADUNIT", "DRIVERASSIST"]


def test_survey_of_the_doip_car(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip") as vehicle:
        result = vehicle.survey().wait(PATIENCE)
        assert vehicle.transports == frozenset({Transport.DOIP})
        assert [unit.name for unit in result.units] == UNITS
        assert all(unit.software and unit.state is not UnitState.NO_ANSWER for unit in result.units)


@pytest.mark.parametrize("name", UNITS)
def test_every_doip_unit_is_flashed_the_gateway_too(workbench: Workbench, name: str) -> None:
    """The gateway's own reset cuts the TCP connection: the job goes on after it."""
    with workbench.connect("sim:car-doip") as vehicle:
        result = vehicle.flash(name).wait(PATIENCE)
        assert result.result == "flashed"
        assert vehicle.flash(name).wait(PATIENCE).result == "up-to-date"
        wait_until(lambda: restored(garage_of(vehicle)))


def test_a_cancelled_doip_flash_is_repeated(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip") as vehicle:
        vehicle.identify().wait(PATIENCE)
        jobs = []
        with when(workbench, in_transfer, lambda: jobs[0].cancel()):
            jobs.append(vehicle.flash("HEADUNIT"))
            with pytest.raises(JobCancelled):
                jobs[0].wait(PATIENCE)
        wait_until(lambda: restored(garage_of(vehicle)))
        assert vehicle.flash("HEADUNIT").wait(PATIENCE).result == "flashed"


def test_coding_on_doip(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip") as vehicle:
        state = vehicle.coding_read("BODY").wait(PATIENCE)
        item = next(i for i in state.items if i.choices)
        other = next(c for c in item.choices if c != item.now)
        result = vehicle.coding_write("BODY", {item.name: other}).wait(PATIENCE)
        assert [(c.name, c.before, c.after) for c in result.changes] == [(item.name, item.now, other)]
        assert vehicle.coding_restore("BODY").wait(PATIENCE).records[0][3] == state.records[0][2]


# -- G2


def test_the_old_car_is_read_but_not_changed(workbench: Workbench) -> None:
    with workbench.connect("sim:car-old") as vehicle:
        result = vehicle.survey().wait(PATIENCE)
        assert result.euro_class is EuroClass.BEFORE_EURO_5
        assert all(unit.software for unit in result.units)
        for unit in result.units:
            with pytest.raises(PreconditionNotMet, match="full diagnosis kit"):
                vehicle.flash(unit.name, force=True).wait(PATIENCE)
            server = garage_of(vehicle).unit(unit.name).server
            assert (server.resets, server.session) == (0, 1)
        codable = next(unit.name for unit in vehicle.units if unit.codable)
        item = next(i for i in vehicle.coding_read(codable).wait(PATIENCE).items if i.choices)
        with pytest.raises(PreconditionNotMet, match="full diagnosis kit") as refusal:
            vehicle.coding_write(codable, {item.name: item.choices[0]}).wait(PATIENCE)
        assert "full diagnosis kit" in refusal.value.advice


# -- G5: what a device cannot reach


@pytest.mark.usefixtures("papers")
def test_a_doip_only_device_at_the_mixed_car(workbench: Workbench) -> None:
    running = workbench.serve_garage("car-mixed", doip="127.0.0.1:0")
    with workbench.connect(f"doip://{running.describe()['doip']}") as vehicle:
        lines = {unit.name: unit for unit in vehicle.survey().wait(PATIENCE).units}
        assert lines["HEADUNIT"].software
        assert lines["ENGINE"].state is UnitState.NOT_REACHABLE
        with pytest.raises(PreconditionNotMet, match="speaks CAN, and the device does not"):
            vehicle.flash("ENGINE").wait(PATIENCE)
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"


@pytest.mark.usefixtures("papers")
def test_a_can_only_device_at_the_mixed_car(workbench: Workbench) -> None:
    running = workbench.serve_garage("car-mixed", can="virtual/passbay-g5")
    with running, workbench.connect("can:virtual/passbay-g5") as vehicle:
        lines = {unit.name: unit for unit in vehicle.survey().wait(PATIENCE).units}
        assert lines["ENGINE"].software
        assert lines["CLUSTER"].state is UnitState.NOT_REACHABLE
        with pytest.raises(PreconditionNotMet, match="speaks DoIP, and the device does not"):
            vehicle.flash("CLUSTER").wait(PATIENCE)
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"  # no voltage there: a warning, no refusal


@pytest.mark.usefixtures("papers")
def test_one_device_for_both_ways(workbench: Workbench) -> None:
    running = workbench.serve_garage("car-mixed", can="virtual/passbay-both", doip="127.0.0.1:0")
    uri = f"can:virtual/passbay-both?doip={running.describe()['doip']}"
    with running, workbench.connect(uri) as vehicle:
        assert all(unit.software for unit in vehicle.survey().wait(PATIENCE).units)


# -- vehicles that nobody knows


def test_an_unknown_vehicle_is_listed_and_not_changed(workbench: Workbench) -> None:
    with workbench.connect("sim:car-mixed") as vehicle:
        object.__setattr__(garage_of(vehicle).unit("ENGINE").model, "vin", "WXYZZ000000000001")
        for unit in garage_of(vehicle).units:
            object.__setattr__(unit.model, "vin", "WXYZZ000000000001")
        vehicle._surroundings = type(vehicle._surroundings)(vehicle._catalogue, frozenset({Transport.CAN}))
        result = vehicle.survey().wait(PATIENCE)
        assert (result.vin, result.vehicle) == ("WXYZZ000000000001", "")
        assert len(result.units) == 4
        assert all(unit.software for unit in result.units)
        with pytest.raises(DataMissing, match="No vehicle data covers the VIN"):
            vehicle.flash(result.units[0].name).wait(PATIENCE)


def test_own_data_files_are_named_when_they_cannot_be_used(workbench: Workbench, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pdx"
    broken.write_bytes(b"no zip")
    with pytest.raises(DataInvalid, match=r"broken\.pdx"):
        workbench.connect("sim:car-old", [broken])
    workbench.connect("sim:car-old").close()  # the lock was not kept


def test_a_broken_file_in_the_data_folder_is_a_warning(workbench: Workbench) -> None:
    workbench.paths.data_files.mkdir(parents=True)
    (workbench.paths.data_files / "bad.pdx").write_bytes(b"no zip")
    with workbench.connect("sim:car-old") as vehicle:
        assert vehicle.survey().wait(PATIENCE).vin
    assert any("bad.pdx" in problem for problem in workbench.problems)


def test_foreign_data_beside_ours(workbench: Workbench, shared_data: Path) -> None:
    with workbench.connect("sim:car-old", [shared_data / "pdx" / "somersault.pdx"]) as vehicle:
        assert vehicle.survey().wait(PATIENCE).vehicle  # the VIN decides, not the file that was named


@pytest.mark.parametrize("uri", ["", "sim:", "sim:unknown", "car-mixed", "doip://", "can:", "sim:../x"])
def test_garbled_devices_are_usage_errors(workbench: Workbench, uri: str) -> None:
    with pytest.raises(UsageError) as refusal:
        workbench.connect(uri)
    assert refusal.value.advice
