"""The workbench's own doors: paths, devices, settings, garage, data files, ends. Jobs are in the end-to-end tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UsageError, VciBusy
from core.events import JobFailed, VciClosed, VciOpened
from core.vocabulary import DeviceKind, EuroClass, Transport
from core.workbench import Workbench, WorkbenchPaths, open_workbench
from tests.diagnosis.garage_help import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_home_variable_moves_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSBAY_HOME", str(tmp_path / "ä b"))
    paths = WorkbenchPaths.default()
    for folder in (paths.settings_file, paths.data_files, paths.coding, paths.compiled, paths.garage, paths.locks):
        assert folder.is_relative_to(tmp_path / "ä b")
    monkeypatch.delenv("PASSBAY_HOME")
    assert not WorkbenchPaths.default().config.is_relative_to(tmp_path)


def test_opening_creates_no_file_and_loads_no_driver(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.workbench import WorkbenchPaths, open_workbench;"
        f"w = open_workbench(WorkbenchPaths.below(Path({str(tmp_path / 'own')!r}))); w.simulations(); w.close();"
        "print(*sorted({'can', 'odxtools', 'textual', 'udsoncan', 'doipclient', 'psutil', 'bincopy', 'filelock'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout.strip()) == (0, ""), run.stderr
    assert not (tmp_path / "own").exists()


def test_the_simulation_is_first_and_doip_only_is_last(workbench: Workbench) -> None:
    devices = workbench.devices()
    assert (devices[0].name, devices[0].uri) == ("Simulation - no VCI", "sim:car-mixed")
    assert devices[0].transports == frozenset(Transport)
    others = [d.uri for d in devices if d.kind is DeviceKind.SIMULATION][1:]
    assert others == ["sim:car-das", "sim:car-doip", "sim:car-old", "sim:truck", "sim:van"]
    assert devices[-1].name == "DoIP only"
    assert any(d.kind is DeviceKind.CAN for d in devices)


def test_the_garage_is_described(workbench: Workbench) -> None:
    cars = {car.name: car for car in workbench.garage_vehicles()}
    assert next(iter(cars)) == "car-mixed"
    assert (cars["car-old"].euro_class, cars["car-old"].transports) == (
        EuroClass.BEFORE_EURO_5, frozenset({Transport.CAN}),
    )  # fmt: skip
    assert len(cars["car-mixed"].units) >= 6
    assert len(cars["car-doip"].units) >= 5
    for device in workbench.simulations():
        assert device.transports == cars[device.uri.removeprefix("sim:")].transports


def test_the_last_device_is_remembered(new_workbench: Callable[[], Workbench]) -> None:
    first = new_workbench()
    assert first.last_device == ""
    first.remember_device("sim:car-doip")
    assert first.last_device == new_workbench().last_device == "sim:car-doip"


def test_a_broken_settings_file_is_a_problem_not_an_end(tmp_path: Path) -> None:
    paths = WorkbenchPaths.below(tmp_path)
    paths.config.mkdir()
    paths.settings_file.write_text("theme = ")
    with open_workbench(paths) as workbench:
        assert workbench.last_device == ""
        assert str(paths.settings_file) in workbench.problems[0]


def test_the_factory_state_comes_back(workbench: Workbench) -> None:
    with workbench.connect("sim:car-mixed") as vehicle:
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"
        with pytest.raises(VciBusy) as busy:
            workbench.reset_garage("car-mixed")
        assert busy.value.holder
    workbench.reset_garage("car-mixed")
    with workbench.connect("sim:car-mixed") as vehicle:
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"
    with pytest.raises(UsageError):
        workbench.reset_garage("car-nobody")


def test_serving_is_described_and_ends_with_the_workbench(new_workbench: Callable[[], Workbench]) -> None:
    workbench = new_workbench()
    described = workbench.serve_garage("car-doip", doip="127.0.0.1:0").describe()
    assert described["vehicle"] == "car-doip"
    assert described["can"] is None
    assert {"name": "GATEWAY", "address": "0x1000"} in described["units"]
    host, _, port = described["doip"].rpartition(":")
    found = workbench.discover_doip(2.0, int(port), [host])
    assert [entity.vin for entity in found] == [described["vin"]]
    workbench.close()
    assert new_workbench().discover_doip(0.3, int(port), [host]) == []


@pytest.mark.parametrize("place", ["nowhere", ":0", "127.0.0.1:99999", "a b:1"])
def test_a_garbled_place_to_serve_is_a_usage_error(workbench: Workbench, place: str) -> None:
    with pytest.raises(UsageError):
        workbench.serve_garage("car-doip", can="?", doip=place)


def test_connections_are_told_and_closed_once(workbench: Workbench) -> None:
    vehicle = workbench.connect("sim:car-old")
    vehicle.close()
    vehicle.close()
    workbench.close()
    assert vehicle.voltage() is None
    kinds = [type(event) for event in workbench.stream.drain()]
    assert kinds == [VciOpened, VciClosed]


def test_data_files_are_checked(workbench: Workbench, tmp_path: Path) -> None:
    own = REPOSITORY / "core" / "simulation" / "vehicles" / "car-old.pdx"
    report = workbench.check_data(own)
    assert report.ok
    assert len(report.units) == 3
    broken = tmp_path / "broken.pdx"
    broken.write_bytes(own.read_bytes()[:5000])
    report = workbench.check_data(broken)
    assert not report.ok
    assert report.problems


def test_flashware_from_a_file_of_its_own(workbench: Workbench) -> None:
    own = REPOSITORY / "core" / "simulation" / "vehicles" / "car-mixed.pdx"
    with workbench.connect("sim:car-mixed") as vehicle:
        preview = vehicle.flash_preview("BODY", str(own)).wait(PATIENCE)
        assert preview.file == str(own)
        vehicle.identify().wait(PATIENCE)
        oldest = vehicle.flashware("BODY")[-1].name
        assert vehicle.flash_preview("BODY", f"{own}#{oldest}").wait(PATIENCE).up_to_date
        foreign = vehicle.flash_preview("BODY", f"{own}#{vehicle.flashware('ENGINE')[0].name}").wait(PATIENCE)
        assert {check.name for check in foreign.checks if check.ok is False} >= {"flashware", "hardware"}
    assert not [event for event in workbench.stream.drain() if isinstance(event, JobFailed)]
