"""The whole path on sim:car-mixed: real jobs, tester, ISO-TP on a virtual bus, DoIP over TCP, the garage's units."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from core.errors import (
    DataMissing,
    JobCancelled,
    JobError,
    JobInterrupted,
    NegativeResponse,
    PreconditionNotMet,
    ValueRefused,
    VciBusy,
)
from core.events import DtcSeen, JobFailed, JobFinished, ProgressMade, StepStarted, UnitSurveyed
from core.vocabulary import CanAddress, EuroClass, Transport, UnitState
from core.workbench import Workbench
from tests.diagnosis.garage_help import PATIENCE, garage_of, in_transfer, restored, wait_until, when

URI = "sim:car-mixed"
UNITS = ["ENGINE", "TRANSMISSION", "BRAKES", "BODY", "HEADUNIT", "CLUSTER"]


def test_survey_lists_every_unit(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        result = vehicle.survey().wait(PATIENCE)
        assert (result.euro_class, result.voltage) == (EuroClass.EURO_6, garage_of(vehicle).voltage)
        assert result.vin == vehicle.vin == garage_of(vehicle).vin
        assert [unit.name for unit in result.units] == UNITS
        for unit in result.units:
            assert unit.hardware and unit.software and unit.variant.startswith("APPL"), unit
            assert unit.newer_software > unit.software
            assert unit.state in (UnitState.OK, UnitState.STORED, UnitState.FAULT)
            assert unit.dtcs == len(unit.dtc_list)
        assert result.units[0].state is UnitState.FAULT
        events = workbench.stream.drain()
    assert [e.unit.name for e in events if isinstance(e, UnitSurveyed)] == UNITS
    assert len([e for e in events if isinstance(e, DtcSeen)]) == sum(unit.dtcs for unit in result.units)
    assert [e.kind for e in events if isinstance(e, JobFinished)] == ["survey"]


def test_faults_have_words_and_environment_and_can_be_cleared(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        codes = vehicle.faults("engine").wait(PATIENCE).dtcs
        misfire = next(code for code in codes if code.display == "P0301-00")
        assert misfire.words == ("active", "pending", "MIL")
        assert "misfire" in misfire.text
        assert all("not described" not in value.name for value in misfire.environment)
        assert len(misfire.environment) >= 3
        cleared = vehicle.faults("ENGINE", clear=True).wait(PATIENCE)
        assert (cleared.cleared, cleared.dtcs) == (True, ())


@pytest.mark.parametrize("name", UNITS)
def test_every_unit_is_flashed_and_stays_so(new_workbench: Callable[[], Workbench], name: str) -> None:
    workbench = new_workbench()
    with workbench.connect(URI) as vehicle:
        preview = vehicle.flash_preview(name).wait(PATIENCE)
        assert all(check.ok for check in preview.checks), preview.checks
        choice = vehicle.flashware(name)[0]
        result = vehicle.flash(name).wait(PATIENCE)
        assert (result.result, result.software_before) == ("flashed", preview.software_before)
        assert result.software_after == preview.software_after == choice.software
        assert result.bytes == preview.bytes == choice.size
        assert result.sha256 == preview.sha256
        assert result.pending_responses > 0  # the erase asks for time
        assert _flash_memory(vehicle, name) == result.sha256
        wait_until(lambda: restored(garage_of(vehicle)))
    events = workbench.stream.drain()
    progress = [e for e in events if isinstance(e, ProgressMade) and e.step.startswith("transfer")]
    assert progress[-1].done == progress[-1].total > 0
    assert [e.step for e in events if isinstance(e, StepStarted)][-3:] == ["reset", "verify", "restore"]
    workbench.close()
    with new_workbench().connect(URI) as vehicle:  # as the next process would
        again = vehicle.flash(name).wait(PATIENCE)
        assert (again.result, again.bytes, again.software_after) == ("up-to-date", 0, result.software_after)


def _flash_memory(vehicle: object, name: str) -> str:
    """What the unit's flash really holds, region after region, without the erased rest."""
    digest = hashlib.sha256()
    for region in garage_of(vehicle).unit(name).state.memory.regions:  # type: ignore[arg-type]
        digest.update(region.data[region.used_start - region.start : region.used_end - region.start])
    return digest.hexdigest()


def test_force_flashes_the_same_software_again(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        vehicle.flash("BODY").wait(PATIENCE)
        assert vehicle.flash("BODY", force=True).wait(PATIENCE).result == "flashed"


def test_older_software_is_not_put_on_a_newer_unit(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        vehicle.flash("BODY").wait(PATIENCE)
        oldest = vehicle.flashware("BODY")[-1]
        with pytest.raises(PreconditionNotMet, match="newer software"):
            vehicle.flash("BODY", oldest.name).wait(PATIENCE)
        assert vehicle.flash("BODY", oldest.name, force=True).wait(PATIENCE).software_after == oldest.software


def test_a_cancel_in_transfer_restores_and_the_unit_is_flashed_again(new_workbench: Callable[[], Workbench]) -> None:
    workbench = new_workbench()
    with workbench.connect(URI) as vehicle:
        vehicle.identify().wait(PATIENCE)
        jobs = []
        with when(workbench, in_transfer, lambda: jobs[0].cancel()):
            jobs.append(vehicle.flash("TRANSMISSION"))
            with pytest.raises(JobCancelled) as ending:
                jobs[0].wait(PATIENCE)
        assert "again from the beginning" in ending.value.advice
        wait_until(lambda: restored(garage_of(vehicle)))
        line = next(u for u in vehicle.survey().wait(PATIENCE).units if u.name == "TRANSMISSION")
        assert line.state is UnitState.IN_BOOT
        assert line.newer_software
    workbench.close()
    with new_workbench().connect(URI) as vehicle:  # the next day
        assert vehicle.flash("TRANSMISSION").wait(PATIENCE).result == "flashed"
        line = next(u for u in vehicle.survey().wait(PATIENCE).units if u.name == "TRANSMISSION")
        assert line.state is UnitState.OK


@pytest.mark.parametrize("name", ["BRAKES", "CLUSTER"])
def test_voltage_that_falls_in_transfer_ends_it_safely(workbench: Workbench, name: str) -> None:
    with workbench.connect(URI) as vehicle:
        vehicle.identify().wait(PATIENCE)
        garage = garage_of(vehicle)
        with when(workbench, in_transfer, lambda: setattr(garage, "voltage", 11.0)):
            flash = vehicle.flash(name)
            with pytest.raises(JobInterrupted) as end:
                flash.wait(PATIENCE)
        assert end.value.step == "transfer-1"
        assert "0x93" in end.value.message
        wait_until(lambda: restored(garage))
        with pytest.raises(PreconditionNotMet, match="too low"):
            vehicle.flash(name).wait(PATIENCE)
        garage.voltage = 13.0
        assert vehicle.flash(name).wait(PATIENCE).result == "flashed"


def test_low_voltage_is_refused_before_anything(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        garage_of(vehicle).voltage = 11.9
        with pytest.raises(PreconditionNotMet, match="too low"):
            vehicle.flash("ENGINE").wait(PATIENCE)
        assert garage_of(vehicle).unit("ENGINE").server.resets == 0
    failed = [e for e in workbench.stream.drain() if isinstance(e, JobFailed)]
    assert [(e.error, e.code) for e in failed] == [("PreconditionNotMet", "PB-501")]


@pytest.mark.parametrize("name", ["BODY", "HEADUNIT"])
def test_coding_is_changed_verified_kept_and_restored(new_workbench: Callable[[], Workbench], name: str) -> None:
    workbench = new_workbench()
    with workbench.connect(URI) as vehicle:
        before = vehicle.coding_read(name).wait(PATIENCE)
        item = next(i for i in before.items if i.choices)
        number = next(i for i in before.items if not i.choices)
        wanted = {
            item.name: next(c for c in item.choices if c != item.now), number.name: f"{number.minimum:g}",
        }  # fmt: skip
        result = vehicle.coding_write(name, wanted).wait(PATIENCE)
        assert {c.name: c.after for c in result.changes} == wanted
        assert result.verified
    workbench.close()
    with new_workbench().connect(URI) as vehicle:
        now = {i.name: i.now for i in vehicle.coding_read(name).wait(PATIENCE).items}
        assert {key: now[key] for key in wanted} == wanted
        vehicle.coding_restore(name).wait(PATIENCE)
        after = vehicle.coding_read(name).wait(PATIENCE)
        assert after.records == before.records
        assert after.backup != before.backup


def test_coding_survives_a_flash(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        vehicle.coding_write("BODY", {"ComingHome": "on"}).wait(PATIENCE)
        vehicle.flash("BODY").wait(PATIENCE)
        now = {i.name: i.now for i in vehicle.coding_read("BODY").wait(PATIENCE).items}
        assert now["ComingHome"] == "on"


def test_values_and_names_that_do_not_exist_are_refused(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        with pytest.raises(ValueRefused) as refusal:
            vehicle.coding_write("BODY", {"ComingHome": "maybe"}).wait(PATIENCE)
        assert "on" in refusal.value.advice
        with pytest.raises(DataMissing) as missing:
            vehicle.flash("WINDOWS").wait(PATIENCE)
        assert "ENGINE" in missing.value.advice


def test_raw_requests_by_name_and_by_address(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        by_name = vehicle.uds("engine", [b"\x22\xf1\x90", b"\x3e\x80", b"\x22\xff\xff"]).wait(PATIENCE)
        vin, quiet, refused = by_name.exchanges
        assert vin.answer[3:].decode() == garage_of(vehicle).vin
        assert (garage_of(vehicle).vin in str(vin.decoded), quiet.answer, refused.negative) == (True, b"", True)
        by_address = vehicle.uds(CanAddress(0x7E1, 0x7E9), [b"\x10\x02"]).wait(PATIENCE)
        assert by_address.exchanges[0].negative  # programming only from the extended session


def test_one_job_at_a_time_and_one_process_at_a_time(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        running = vehicle.flash("ENGINE")
        with pytest.raises(JobError, match="flash ENGINE is still running"):
            vehicle.survey()
        with pytest.raises(VciBusy):
            workbench.connect(URI)
        running.cancel()
        with pytest.raises(JobCancelled):
            running.wait(PATIENCE)
        assert vehicle.running is None


def test_closing_the_vehicle_ends_a_flash_safely(workbench: Workbench) -> None:
    vehicle = workbench.connect(URI)
    vehicle.identify().wait(PATIENCE)
    garage = garage_of(vehicle)
    running = []
    with when(workbench, in_transfer, lambda: None) as begun:
        running.append(vehicle.flash("ENGINE"))
        assert begun.wait(PATIENCE)
    vehicle.close()
    assert isinstance(running[0].error, JobCancelled)
    assert restored(garage)
    with pytest.raises(JobError, match="disconnected"):
        vehicle.survey()


def test_a_unit_that_locks_itself_is_not_flashed(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        vehicle.identify().wait(PATIENCE)
        unit = garage_of(vehicle).unit("BRAKES")
        object.__setattr__(unit.model, "unlock_key", lambda method, seed, level: b"another key")
        with pytest.raises(PreconditionNotMet, match="not unlocked"):
            vehicle.flash("BRAKES").wait(PATIENCE)
        with pytest.raises((PreconditionNotMet, NegativeResponse)):
            vehicle.coding_write("BRAKES", {"HillHold": "off"}).wait(PATIENCE)
        wait_until(lambda: restored(garage_of(vehicle)))


def test_the_panel_reads_the_conversation(workbench: Workbench) -> None:
    with workbench.connect(URI) as vehicle:
        view = vehicle.traffic_view()
        view.poll(0.0)
        vehicle.survey().wait(PATIENCE)
        view.poll(1.0)
        assert view.transports == frozenset(Transport)
        rows = {row.identifier: row for row in view.rows()}
        assert rows["7E8"].count > 5
        assert rows["7E8"].meaning.startswith("ENGINE: ")
        assert rows["0E00>1010"].meaning.startswith("HEADUNIT: ")
        units = {line.unit for line in view.message_lines(5000)}
        assert set(UNITS) <= units
        words = [line.words for line in view.message_lines(5000) if line.unit == "ENGINE"]
        assert any("ReadDTCInformation" in text for text in words)
        assert view.figures.frames > 100
        assert view.figures.dropped == 0
