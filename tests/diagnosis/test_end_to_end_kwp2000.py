"""The whole path on sim:car-das: KWP2000 on CAN, which nobody chooses; refusals, recovery, plans, traces."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import can
import pytest

from core.catalogue.model import KWP2000_POLICY
from core.catalogue.plans import package, plan_from_text, plan_to_toml
from core.errors import DataInvalid, JobInterrupted, PreconditionNotMet, VerificationFailed
from core.simulation.can_side import CanSide
from core.simulation.garage import Garage
from core.trace import decode
from core.vocabulary import KWP2000, UDS, CanFrame, EuroClass, Transport, UnitState
from core.workbench import Workbench
from tests.diagnosis.garage_help import PATIENCE, garage_of, in_transfer, restored, wait_until, when
from tests.simulation.kwp2000_support import kwp_car

UNITS = ["ENGINE", "BRAKES", "BODY", "CLUSTER"]


def test_survey_faults_flash_and_coding_of_every_unit(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        assert vehicle.transports == frozenset({Transport.CAN})
        result = vehicle.survey().wait(PATIENCE)
        assert (result.vehicle, result.euro_class) == ("car-das", EuroClass.EURO_5)
        assert [unit.name for unit in result.units] == UNITS
        assert {unit.address.protocol for unit in result.units if unit.address} == {KWP2000}
        states = {unit.name: unit.state for unit in result.units}
        assert states == {"ENGINE": UnitState.FAULT, "BRAKES": UnitState.STORED, "BODY": UnitState.STORED,
                          "CLUSTER": UnitState.OK}  # fmt: skip
        faults = vehicle.faults("ENGINE").wait(PATIENCE)
        assert [(code.display, code.words) for code in faults.dtcs] == [
            ("P0299", ("active", "MIL")), ("P0401", ("stored",))]  # fmt: skip
        assert {value.name for value in faults.dtcs[0].environment} == {
            "Mileage", "Supply voltage", "Vehicle speed", "Times seen"}  # fmt: skip
        assert vehicle.faults("BODY", clear=True).wait(PATIENCE).dtcs == ()
        for unit in result.units:
            flashed = vehicle.flash(unit.name).wait(PATIENCE)
            assert (flashed.result, flashed.software_after) == ("flashed", unit.newer_software)
            memory = garage_of(vehicle).unit(unit.name).state.memory
            session = vehicle._catalogue.flash_sessions(unit.name, "car-das")[-1]
            for block, region in zip(session.blocks, memory.regions, strict=True):
                assert bytes(region.data) == vehicle._catalogue.image(session, block).segments[0].data
            assert garage_of(vehicle).unit(unit.name).state.fingerprint.endswith(b"PASSBA")
            state = vehicle.coding_read(unit.name).wait(PATIENCE)
            item = next(each for each in state.items if each.choices)
            other = next(choice for choice in item.choices if choice != item.now)
            changed = vehicle.coding_write(unit.name, {item.name: other}).wait(PATIENCE)
            assert [(c.name, c.before, c.after) for c in changed.changes] == [(item.name, item.now, other)]
            vehicle.coding_restore(unit.name).wait(PATIENCE)
            assert vehicle.coding_read(unit.name).wait(PATIENCE).records == state.records
        wait_until(lambda: restored(garage_of(vehicle)))


def test_all_units_in_one_order(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        result = vehicle.flash_order().wait(PATIENCE)
        assert result.result == "flashed" and [unit.unit for unit in result.units] == UNITS
        wait_until(lambda: restored(garage_of(vehicle)))


def test_raw_requests_are_said_in_its_words(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        asked = [bytes.fromhex(text) for text in ("1092", "1A90", "3E02", "2105", "22F190")]
        session, vin, quiet, value, refused = vehicle.uds("ENGINE", asked).wait(PATIENCE).exchanges
    assert session.request_words == "StartDiagnosticSession extended" and session.answer == b"\x50\x92"
    assert "VIN" in vin.words and dict(vin.decoded)["Vehicle identification number"] == "XPBDS2B09A2000623"
    assert quiet.answer == b"" and "no answer" in quiet.words and value.answer == bytes.fromhex("61057F")
    assert refused.negative and refused.words == "! negative: ReadDataByCommonIdentifier 0x11 serviceNotSupported"


def test_the_live_panel_and_a_trace_speak_its_words(workbench: Workbench, tmp_path: Path) -> None:
    trace = tmp_path / "das.asc"
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        view = vehicle.traffic_view()
        vehicle.survey().wait(PATIENCE)
        view.poll(0.0)
        words = [line.words for line in view.message_lines(500)]
        assert any(w == "ReadDiagnosticTroubleCodesByStatus 00 FF 00" for w in words)
        assert any(w.startswith("ok: ReadEcuIdentification 90 (VIN)") for w in words)
        vehicle.save_trace(trace)
        vehicle.flash("BODY").wait(PATIENCE)
        view.poll(1.0)
        asked = [(line.request, line.state) for line in view.exchange_lines(500)]
        assert (b"\x10\x92", "ok") in asked and (b"\x28\x02", "quiet") in asked
        assert all(state == "quiet" for request, state in asked if request == b"\x3e\x02")
        codes = {line.code for line in view.error_lines(500)}
        assert {"P0299-00", "P0401-00"} <= codes
    reading = workbench.decode_trace(trace)
    told = list(reading)
    assert (reading.vin, reading.vehicle) == ("XPBDS2B09A2000623", "Older series, KWP2000 on CAN")
    assert {line.unit for line in told} >= set(UNITS)
    assert not any("unknown service" in line.words for line in told)
    assert any(line.words.startswith("ok: ReadDiagnosticTroubleCodesByStatus 2 codes") for line in told)


def test_a_message_is_told_once_though_two_protocols_use_the_identifier(workbench: Workbench) -> None:
    """The ENGINEs of car-mixed (UDS) and car-das (KWP2000) have the same identifiers."""
    addresses = [next(u.address for u in workbench._data.catalogue().units if u.name == "ENGINE" and u.protocol == p)
                 for p in (KWP2000, UDS)]  # fmt: skip
    frames = [CanFrame(1.0, 0x7E0, bytes.fromhex("021A90CCCCCCCCCC")), CanFrame(1.1, 0x7E8, bytes.fromhex("037F1A31"))]
    lines = list(decode(frames, [("ENGINE", address) for address in addresses if address is not None]))
    assert [line.words for line in lines] == [
        "ReadEcuIdentification 90 (VIN)", "! negative: ReadEcuIdentification 0x31 requestOutOfRange"]  # fmt: skip


def test_an_interrupted_flash_is_recovered_from_the_erase(workbench: Workbench) -> None:
    """A lost answer ends the transfer: without a counter the block must not be sent again."""
    with workbench.connect("sim:car-das?fault=BODY:lost-76@8", hosted=False) as vehicle:
        with pytest.raises(JobInterrupted, match="did not answer TransferData") as ended:
            vehicle.flash("BODY").wait(PATIENCE)
        assert "no valid software" in ended.value.state_now
        (left,) = workbench.unfinished()
        assert (left.unit, left.resumable) == ("BODY", False)
        line = next(unit for unit in vehicle.survey().wait(PATIENCE).units if unit.name == "BODY")
        assert line.state is UnitState.IN_BOOT
        garage_of(vehicle).misbehaviour.order(())
        assert vehicle.recover("BODY").wait(PATIENCE).result == "flashed"
        assert workbench.unfinished() == ()
        wait_until(lambda: restored(garage_of(vehicle)))


def test_a_cancel_in_the_transfer_puts_the_vehicle_back(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        with when(workbench, in_transfer, lambda: vehicle.running and vehicle.running.cancel()):
            job = vehicle.flash("ENGINE")
            with pytest.raises(Exception, match="no valid software"):
                job.wait(PATIENCE)
        wait_until(lambda: restored(garage_of(vehicle)))
        assert vehicle.recover("ENGINE").wait(PATIENCE).result == "flashed"


def test_a_refusal_is_explained_by_its_own_codes(workbench: Workbench) -> None:
    with (
        workbench.connect("sim:car-das?fault=BODY:nrc-70", hosted=False) as vehicle,
        pytest.raises(JobInterrupted) as ended,
    ):
        vehicle.flash("BODY").wait(PATIENCE)
    assert "0x40 downloadNotAccepted" in ended.value.message and "downloadNotAccepted" in ended.value.explanation
    headline, steps = workbench.explain("kwp:72", "transfer")
    assert headline.startswith("0x72 transferAborted") and "memory" in steps[0].explanation.what_to_do
    assert workbench.explain("72", "transfer")[0].startswith("0x72 generalProgrammingFailure")
    assert workbench.explain("kwp:0x80", "session")[0].startswith("0x80 serviceNotSupportedInActive")
    assert workbench.explain("routineNotCompleteOrServiceInProgress", "erase")[0].startswith("0x23")


def test_a_swallowed_coding_is_found(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das?fault=BODY:swallowed-write", hosted=False) as vehicle:
        state = vehicle.coding_read("BODY").wait(PATIENCE)
        item = next(each for each in state.items if each.choices)
        other = next(choice for choice in item.choices if choice != item.now)
        with pytest.raises(VerificationFailed, match="swallowed"):
            vehicle.coding_write("BODY", {item.name: other}).wait(PATIENCE)


def test_low_voltage_is_a_red_line_before_anything_is_erased(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        garage = garage_of(vehicle)
        garage.voltage = 11.0
        with pytest.raises(PreconditionNotMet, match="voltage"):
            vehicle.flash("BODY").wait(PATIENCE)
        assert garage.unit("BODY").state.memory.valid


def test_the_twin_of_a_kwp2000_unit(workbench: Workbench) -> None:
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        preview = vehicle.flash_preview("CLUSTER", twin=True).wait(PATIENCE)
    assert all(check.ok is not False for check in preview.checks) and "It speaks KWP2000" in preview.plan


# -- plans and data


def test_a_plan_of_a_kwp2000_session_reads_back(workbench: Workbench) -> None:
    from core.catalogue.plans import plan_of_session

    catalogue = workbench._data.catalogue()
    unit = catalogue.unit("BODY", "car-das")
    plan = plan_of_session(catalogue.flash_sessions(unit)[-1], unit, catalogue.vehicle("car-das"))
    assert (plan.protocol, plan.policy) == (KWP2000, KWP2000_POLICY)
    text = plan_to_toml(plan)
    again = plan_from_text(text.encode(), plan.file)
    assert again == plan and again.address is not None and again.address.protocol == KWP2000
    assert package(again, None).session is None


SHORT = 'format = 1\n[unit]\nname = "X"\nprotocol = "kwp2000"\ntx = 0x7E0\nrx = 0x7E8\n'


def test_what_a_plan_leaves_out_is_what_its_protocol_wants() -> None:
    plan = plan_from_text(SHORT.encode(), "x.toml")
    assert plan.policy == KWP2000_POLICY and plan.address is not None and plan.address.protocol == KWP2000


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[session]\nextended = 3\n", "no session of KWP2000"),
        ("[session]\nprogramming = 2\n", "no session of KWP2000"),
        ("[erase]\nroutine = 0xFF00\n", "one byte"),
        ("[finish]\ndependency_routine = 0x0203\n", "one byte"),
        ("[transfer]\nresend_on_timeout = true\n", "no counter"),
    ],
)
def test_a_plan_that_contradicts_its_protocol_is_refused(more: str, words: str) -> None:
    with pytest.raises(DataInvalid, match=words):
        plan_from_text((SHORT + more).encode(), "x.toml")
    with pytest.raises(DataInvalid, match="no session of UDS"):
        plan_from_text(b'format = 1\n[unit]\nname = "X"\n[session]\nextended = 0x92\n', "x.toml")


def test_a_plan_of_the_wrong_protocol_is_refused_before_the_erase(workbench: Workbench, tmp_path: Path) -> None:
    """The vehicle data say what the unit speaks; a plan cannot."""
    plan = tmp_path / "uds.toml"
    plan.write_text('format = 1\n[unit]\nname = "BODY"\n[expected]\nsoftware_after = "1822.09"\n')
    with workbench.connect("sim:car-das", hosted=False) as vehicle:
        with pytest.raises(PreconditionNotMet, match="speaks KWP2000"):
            vehicle.flash("BODY", str(plan)).wait(PATIENCE)
        assert garage_of(vehicle).unit("BODY").state.memory.valid


# -- vehicles that no data describe


@pytest.mark.usefixtures("papers")
def test_a_unit_that_no_data_describe_is_found_in_its_protocol(workbench: Workbench) -> None:
    """It tells its VIN in KWP2000 only; its VIN is of no known vehicle."""
    channel = secrets.token_hex(8)
    data, initial, _ = kwp_car()
    garage = Garage("older", data, initial, clock=time.monotonic)
    side = CanSide(garage, can.Bus(interface="virtual", channel=channel))
    try:
        with workbench.connect(f"can:virtual/{channel}", hosted=False) as vehicle:
            result = vehicle.survey().wait(PATIENCE)
            assert (result.vin, result.vehicle) == (initial.vin, "")
            (unit,) = result.units
            assert unit.name == "7E4-7EC" and unit.address is not None and unit.address.protocol == KWP2000
            assert (unit.hardware, unit.software, unit.dtcs) == ("HW-1", "1.0", 2)
    finally:
        side.close()
