"""Jobs of a simulated vehicle in its history: what is recorded, under which order, and that it stops no job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import DataMissing, JobCancelled, UsageError, ValueRefused, VerificationFailed
from core.events import JobFailed, JobFinished, Noted
from core.reports import history
from core.vocabulary import HistoryEntry
from core.workbench import Vehicle, Workbench, open_workbench
from tests.diagnosis.garage_help import in_transfer, when


@pytest.fixture
def workbench(home: Path) -> Iterator[Workbench]:
    with open_workbench() as opened:
        yield opened


@pytest.fixture
def vehicle(workbench: Workbench) -> Vehicle:
    connected = workbench.connect("sim:car-mixed", hosted=False)
    assert isinstance(connected, Vehicle)
    return connected


def entries(workbench: Workbench, vehicle: Vehicle) -> list[HistoryEntry]:
    return list(workbench.history(vehicle.vin))


def test_an_order_from_quick_test_to_quick_test(workbench: Workbench, vehicle: Vehicle) -> None:
    vehicle.use_order("W-4711")
    vehicle.survey().wait()
    flashed = vehicle.flash("body").wait()
    coded = vehicle.coding_write("BODY", {"comingHome": "on"}).wait()
    vehicle.faults("ENGINE", clear=True).wait()
    vehicle.survey().wait()
    first, flash, coding, clear, last = entries(workbench, vehicle)
    assert {entry.order for entry in entries(workbench, vehicle)} == {"W-4711"}
    assert [e.kind for e in (first, flash, coding, clear, last)] == ["survey", "flash", "coding", "clear", "survey"]
    assert (flash.unit, flash.result["type"], flash.result["sha256"]) == ("BODY", "FlashResult", flashed.sha256)
    files = {role: (name, sha256) for role, name, sha256 in flash.files}
    assert files["image"][1] == flashed.sha256 and len(files["plan"][1]) == 64
    pdx, pdx_hash = files["flashware file"]
    assert pdx_hash == hashlib.sha256(Path(pdx).read_bytes()).hexdigest()
    assert any(name.startswith("transfer") and seconds is not None for name, _, seconds in flash.steps)
    image = hashlib.sha256(Path(coded.backup).read_bytes()).hexdigest()
    assert coding.files == (("before-image", coded.backup, image),)
    assert (clear.unit, clear.result["cleared"]) == ("ENGINE", True)
    assert (first.vin, first.vehicle) == (vehicle.vin, "car-mixed")
    assert first.device == "Simulation car-mixed (sim:car-mixed)"
    assert all(check.ok for check in workbench.verify_history())
    text = workbench.report("W-4711")
    assert "Every measure was done" in text and f"{flashed.software_before} -> {flashed.software_after}" in text
    assert workbench.report(vehicle.vin) == text == vehicle.report()
    assert json.loads(workbench.report("W-4711", "json"))["complete"] is True


def test_what_only_reads_is_no_entry(workbench: Workbench, vehicle: Vehicle) -> None:
    vehicle.identify().wait()
    vehicle.faults("ENGINE").wait()
    vehicle.coding_read("BODY").wait()
    vehicle.flash_preview("BODY").wait()
    vehicle.uds("BODY", [b"\x3e\x00"]).wait()
    assert entries(workbench, vehicle) == []


def test_failed_and_stopped_jobs_are_entries_too(workbench: Workbench, vehicle: Vehicle) -> None:
    with pytest.raises(ValueRefused):
        vehicle.coding_write("BODY", {"ComingHome": "blue"}).wait()
    running = []
    with when(workbench, in_transfer, lambda: running[0].cancel()):
        running.append(vehicle.flash("ENGINE"))
        with pytest.raises(JobCancelled):
            running[0].wait()
    refused, stopped = entries(workbench, vehicle)
    assert (refused.outcome, refused.error["name"], refused.kind) == ("failed", "ValueRefused", "coding")
    assert (stopped.outcome, stopped.unit, stopped.error["code"]) == ("cancelled", "ENGINE", "PB-502")
    assert "no valid software" in stopped.summary
    assert stopped.order.endswith(vehicle.vin[-8:])
    assert "was stopped" in workbench.report(stopped.order)


def test_the_entry_is_there_before_the_end_is_told(workbench: Workbench, vehicle: Vehicle) -> None:
    found: list[int] = []
    with when(
        workbench,
        lambda event: isinstance(event, JobFinished | JobFailed),
        lambda: found.append(len(entries(workbench, vehicle))),
    ):
        vehicle.survey().wait()
    assert found == [1]


def test_a_history_that_cannot_be_written_stops_no_job(
    workbench: Workbench, vehicle: Vehicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(history, "_append", full)
    assert vehicle.coding_write("BODY", {"ComingHome": "on"}).wait().verified
    told = [event.text for event in workbench.stream.drain() if isinstance(event, Noted)]
    assert any("No space left on device. This job is missing in the vehicle's history." in text for text in told)


def test_a_folder_without_rights_stops_no_job(workbench: Workbench, vehicle: Vehicle) -> None:
    workbench.paths.history.parent.mkdir(parents=True, exist_ok=True)
    workbench.paths.history.write_bytes(b"in the way")
    assert vehicle.survey().wait().units
    assert any("missing in the vehicle's history" in e.text for e in workbench.stream.drain() if isinstance(e, Noted))


def test_order_numbers_are_checked(vehicle: Vehicle) -> None:
    vehicle.use_order("  A-1 ")
    assert vehicle.order == "A-1"
    for wrong in ("x" * 61, "a\x1bb", "a\nb"):
        with pytest.raises(UsageError):
            vehicle.use_order(wrong)
    vehicle.use_order("")
    assert vehicle.order == ""


def test_a_vehicle_reports_its_order_of_now(vehicle: Vehicle) -> None:
    with pytest.raises(DataMissing):
        vehicle.report()
    vehicle.survey().wait()
    assert vehicle.vin[-8:] in vehicle.report().splitlines()[0]
    vehicle.use_order("A-2")
    with pytest.raises(DataMissing):
        vehicle.report()
    vehicle.survey().wait()
    assert vehicle.report().startswith("Protocol of order A-2")


def test_unknown_vehicles_and_orders(workbench: Workbench) -> None:
    for call in (lambda: workbench.report("nothing"), lambda: workbench.verify_history("nothing")):
        with pytest.raises(DataMissing):
            call()
    assert workbench.verify_history() == () == workbench.history("nothing")


def test_one_order_at_two_vehicles_asks_which(workbench: Workbench, vehicle: Vehicle) -> None:
    vehicle.use_order("A-1")
    vehicle.survey().wait()
    other = workbench.connect("sim:car-old", hosted=False)
    other.use_order("A-1")
    other.survey().wait()
    with pytest.raises(UsageError, match="Several vehicles"):
        workbench.report("A-1")
    assert f"VIN         {other.vin}" in workbench.report("A-1", vin=other.vin)


def test_the_coding_of_a_vehicle_goes_and_comes_back_as_a_file(
    workbench: Workbench, vehicle: Vehicle, tmp_path: Path
) -> None:
    kept = vehicle.vehicle_backup(tmp_path / "all.json").wait()
    assert not kept.failed and {"BODY", "ENGINE", "HEADUNIT"} <= set(kept.units)
    vehicle.coding_write("BODY", {"ComingHome": "on", "SpeedWarning": "90"}).wait()
    vehicle.coding_write("HEADUNIT", {"Language": "German"}).wait()
    differs = vehicle.coding_diff("BODY", "car", kept.file).wait()
    assert [(d.item, d.left, d.right) for d in differs.differences] == [
        ("ComingHome", "on", "off"), ("SpeedWarning", "90", "0"),
    ]  # fmt: skip
    result = vehicle.vehicle_restore(kept.file).wait()
    assert not result.failed
    assert [part.unit for part in result.results if part.changes] == ["BODY", "HEADUNIT"]
    assert vehicle.coding_diff("BODY", "car", kept.file).wait().same
    states = vehicle.coding_history()
    assert [(state.unit, state.reason, state.outcome) for state in states] == [
        ("BODY", "set", "verified"), ("HEADUNIT", "set", "verified"),
        ("BODY", "restore", "verified"), ("HEADUNIT", "restore", "verified"),
    ]  # fmt: skip
    assert vehicle.coding_history("body") == workbench.coding_history(vehicle.vin, "BODY")
    vehicle.coding_restore("BODY", states[2].file).wait()
    assert not vehicle.coding_diff("BODY", "car", kept.file).wait().same


def test_the_fingerprint_of_a_coding_is_in_the_car(vehicle: Vehicle) -> None:
    before = vehicle.uds("BODY", [b"\x22\xf1\x5a"]).wait().exchanges[0].answer
    vehicle.coding_write("BODY", {"ComingHome": "on"}).wait()
    after = vehicle.uds("BODY", [b"\x22\xf1\x5a"]).wait().exchanges[0].answer
    assert before != after and after.endswith(b"PASSBA")


def test_a_gateway_that_swallows_a_coding_is_found(workbench: Workbench, vehicle: Vehicle) -> None:
    vehicle.set_faults(["BODY:swallowed-write"])
    with pytest.raises(VerificationFailed, match="was swallowed: BODY or a gateway in front of it"):
        vehicle.coding_write("BODY", {"ComingHome": "on"}).wait()
    (entry,) = entries(workbench, vehicle)
    assert (entry.outcome, entry.error["code"]) == ("failed", "PB-504")
    vehicle.set_faults([])
    assert vehicle.coding_write("BODY", {"ComingHome": "on"}).wait().verified
