"""Identification, quick test, faults and raw requests against scripted units. No bus."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.diagnosis.commands import Surveyed
from core.diagnosis.faults import faults
from core.diagnosis.identify import KnownVehicle, Surroundings, identify
from core.diagnosis.idents import says, text_of
from core.diagnosis.raw import raw
from core.diagnosis.survey import survey
from core.errors import (
    DataInvalid,
    DataMissing,
    JobCancelled,
    NegativeResponse,
    NoResponse,
    PreconditionNotMet,
    RoutingDenied,
    VciLost,
)
from core.vocabulary import CanAddress, EnvironmentValue, EuroClass, Transport, UnitState
from tests.diagnosis.world import (
    ENGINE_ADDRESS,
    HEAD_ADDRESS,
    VIN,
    Drive,
    FakeCatalogue,
    Unit,
    known_vehicle,
    session,
    unit,
    vehicle_info,
)

BOTH = frozenset({Transport.CAN, Transport.DOIP})


def surroundings(transports: frozenset[Transport] = BOTH, hint: str = "", **more: Any) -> Surroundings:
    catalogue = FakeCatalogue((unit(), unit("HEADUNIT", HEAD_ADDRESS)), (session(),), (vehicle_info(),))
    return Surroundings(catalogue, transports, lambda: hint, **more)  # type: ignore[arg-type]


def vin_answer(vin: str) -> bytes:
    return b"\x62\xf1\x90" + vin.encode()


# -- identification


def test_doip_tells_the_vin_before_anything_is_sent() -> None:
    drive = Drive({})
    known = drive.run(identify(surroundings(hint=VIN)))
    assert (known.vin, known.info.name) == (VIN, "test-car")
    assert drive.steps == ["identify"]
    assert len(drive.commands) == 1


def test_on_can_most_units_decide_which_vehicle_it_is() -> None:
    other = CanAddress(0x7E1, 0x7E9), CanAddress(0x7E2, 0x7EA)
    drive = Drive({}, collected=(
        (other[0], vin_answer("XPBZZ000000000009")), (ENGINE_ADDRESS, vin_answer(VIN)), (other[1], vin_answer(VIN)),
    ))  # fmt: skip
    known = drive.run(identify(surroundings()))
    assert known.vin == VIN
    assert [u.name for u in known.units] == ["ENGINE", "HEADUNIT"]


def test_when_nobody_answers_functionally_known_units_are_asked_one_by_one() -> None:
    drive = Drive({ENGINE_ADDRESS: Unit()})
    assert drive.run(identify(surroundings(frozenset({Transport.CAN})))).vin == VIN


def test_on_doip_without_a_hint_the_units_are_asked() -> None:
    drive = Drive({HEAD_ADDRESS: Unit()})
    assert drive.run(identify(surroundings(frozenset({Transport.DOIP})))).vin == VIN


def test_silence_is_no_error_and_no_vehicle() -> None:
    known = Drive({}).run(identify(surroundings()))
    assert (known.vin, known.info, known.units) == ("", None, ())
    assert known.identity().euro_class is EuroClass.UNKNOWN


def test_an_unknown_vin_keeps_who_answered_and_the_own_files_units() -> None:
    stranger = CanAddress(0x7E3, 0x7EB)
    drive = Drive({}, collected=((stranger, vin_answer("WVWZZZ00000000001")),))
    known = drive.run(identify(surroundings(own_files=frozenset({"car.pdx"}))))
    assert known.vin == "WVWZZZ00000000001"
    assert [u.name for u in known.units] == ["ENGINE", "HEADUNIT", "7E3-7EB"]


@pytest.mark.parametrize("answer", [b"", b"\x62", b"\x62\xf1\x90", b"\x62\xf1\x91XX", b"\x7f\x22\x31", b"\x50\x03"])
def test_garbage_instead_of_a_vin_is_passed_over(answer: bytes) -> None:
    drive = Drive({}, collected=((ENGINE_ADDRESS, answer),))
    assert drive.run(identify(surroundings())).info is None


def test_the_face_says_what_can_be_done_with_a_unit() -> None:
    identity = known_vehicle().identity()
    engine, head = identity.units
    assert (engine.reachable, engine.flashable, engine.codable) == (True, True, True)
    assert (head.reachable, head.flashable) == (False, False)
    assert "speaks DoIP" in head.reason


# -- quick test


def line(drive: Drive, vehicle: KnownVehicle | None = None, name: str = "ENGINE") -> Any:
    result = drive.run(survey(vehicle or known_vehicle()))
    return next(u for u in result.units if u.name == name)


def test_a_unit_with_everything() -> None:
    drive = Drive({ENGINE_ADDRESS: Unit()})
    engine = line(drive)
    assert engine.state is UnitState.FAULT
    assert (engine.hardware, engine.software, engine.variant) == ("HW-1", "01.00", "APPL")
    assert (engine.dtcs, engine.dtcs_active, engine.dtcs_pending) == (1, 1, 1)
    assert engine.newer_software == "02.00"
    assert engine.dtc_list[0].text == "Cylinder 1 misfire"
    assert engine.idents == (("VIN", VIN), ("Hardware", "HW-1"), ("Software", "01.00"))
    assert len([c for c in drive.commands if isinstance(c, Surveyed)]) == 2


@pytest.mark.parametrize(
    ("dids", "dtcs", "state", "newer"),
    [
        ({}, "", UnitState.OK, "02.00"),
        ({}, "030100 28", UnitState.STORED, "02.00"),
        ({0xF195: b"02.00"}, "", UnitState.OK, ""),
        ({0xF100: b"\x09"}, "", UnitState.UNKNOWN_VARIANT, "02.00"),
        ({0xF100: b"\x02", 0xF195: b"BOOT"}, "", UnitState.IN_BOOT, "02.00"),
        ({0xF191: b"HW-7"}, "", UnitState.OK, ""),
    ],
)
def test_states(dids: dict[int, bytes], dtcs: str, state: UnitState, newer: str) -> None:
    scripted = Unit()
    scripted.dids |= dids
    scripted.dtcs = bytes.fromhex(dtcs)
    engine = line(Drive({ENGINE_ADDRESS: scripted}))
    assert (engine.state, engine.newer_software) == (state, newer)


def test_a_silent_unit_and_one_out_of_reach_are_lines_with_reasons() -> None:
    result = Drive({}).run(survey(known_vehicle()))
    assert [u.state for u in result.units] == [UnitState.NO_ANSWER, UnitState.NOT_REACHABLE]
    assert all(u.reason for u in result.units)


def test_nobody_at_all_is_an_error_and_no_empty_list() -> None:
    with pytest.raises(NoResponse, match="No control unit answers"):
        Drive({}).run(survey(replace(known_vehicle(), vin="", info=None, units=())))


def test_doip_only_vehicles_say_which_device_they_need() -> None:
    vehicle = known_vehicle(doip_only=True)
    assert "DoIP adapter" in line(Drive({}), vehicle, "HEADUNIT").reason


@pytest.mark.parametrize("error", [RoutingDenied("unknown target"), NoResponse("silence", timer="P2")])
def test_a_gateway_that_does_not_route_is_no_answer(error: Exception) -> None:
    scripted = Unit()
    scripted.intercept = lambda pdu: error  # type: ignore[assignment,return-value]
    assert line(Drive({ENGINE_ADDRESS: scripted})).state is UnitState.NO_ANSWER


@pytest.mark.parametrize("answer", [b"\x59\x02\xff\x01", b"\x7f\x19\x11"])
def test_unreadable_trouble_codes_do_not_hide_the_unit(answer: bytes) -> None:
    scripted = Unit()
    scripted.intercept = lambda pdu: answer if pdu[0] == 0x19 else None
    engine = line(Drive({ENGINE_ADDRESS: scripted}))
    assert engine.state is UnitState.ERROR
    assert engine.reason


def test_a_lost_device_ends_the_test() -> None:
    scripted = Unit()
    scripted.intercept = lambda pdu: VciLost("unplugged")
    with pytest.raises(VciLost):
        line(Drive({ENGINE_ADDRESS: scripted}))


def test_a_cancel_ends_the_test_at_once() -> None:
    drive = Drive({ENGINE_ADDRESS: Unit()})
    drive.before = lambda c: JobCancelled("stop") if len(drive.commands) == 5 else None
    with pytest.raises(JobCancelled):
        drive.run(survey(known_vehicle()))
    assert len(drive.commands) == 5


# -- faults


class Codec:
    """Stands for the codec of a variant."""

    def decode_dtc_environment(self, pdu: bytes) -> tuple[EnvironmentValue, ...]:
        if pdu[1] == 6:
            raise DataInvalid("not described")
        return (EnvironmentValue("Speed", str(pdu[-1]), "km/h"),)


def test_faults_with_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeCatalogue, "variant", lambda *_: Codec())
    scripted = Unit()
    scripted.intercept = lambda pdu: (
        b"\x59" + pdu[1:5] + b"\x2f\x01\x01\x10\x50" if pdu[:2] in (b"\x19\x04", b"\x19\x06") else None
    )
    result = Drive({ENGINE_ADDRESS: scripted}).run(faults(known_vehicle(), "engine"))
    (code,) = result.dtcs
    assert (code.display, code.words) == ("P0301-00", ("active", "pending"))
    assert code.environment == (
        EnvironmentValue("Speed", "80", "km/h"), EnvironmentValue("extended data (not described)", "01 01 10 50"),
    )  # fmt: skip


def test_clear_reads_again() -> None:
    result = Drive({ENGINE_ADDRESS: Unit()}).run(faults(known_vehicle(), "ENGINE", clear=True))
    assert (result.cleared, result.dtcs) == (True, ())


def test_clear_in_the_extended_session_where_the_unit_wants_it() -> None:
    scripted = Unit()
    scripted.intercept = lambda pdu: b"\x7f\x14\x7f" if pdu[0] == 0x14 and b"\x10\x03" not in scripted.seen else None
    assert Drive({ENGINE_ADDRESS: scripted}).run(faults(known_vehicle(), "ENGINE", clear=True)).dtcs == ()
    assert b"\x10\x01" in scripted.seen


def test_a_refused_clear_is_an_error_and_leaves_the_session() -> None:
    scripted = Unit()
    scripted.intercept = lambda pdu: b"\x7f\x14\x22" if pdu[0] == 0x14 else None
    with pytest.raises(NegativeResponse):
        Drive({ENGINE_ADDRESS: scripted}).run(faults(known_vehicle(), "ENGINE", clear=True))
    assert scripted.seen[-1] == b"\x10\x01"


def test_unknown_and_unreachable_units_are_named() -> None:
    with pytest.raises(DataMissing) as missing:
        Drive({}).run(faults(known_vehicle(), "ENGIN"))
    assert "ENGINE, HEADUNIT" in missing.value.advice
    with pytest.raises(PreconditionNotMet):
        Drive({}).run(faults(known_vehicle(), "HEADUNIT"))


# -- raw


def test_raw_requests_keep_negative_answers() -> None:
    drive = Drive({ENGINE_ADDRESS: Unit()})
    result = drive.run(raw("ENGINE", ENGINE_ADDRESS, (b"\x22\xf1\x90", b"\x22\x00\x00")))
    assert [x.negative for x in result.exchanges] == [False, True]
    assert "requestOutOfRange" in result.exchanges[1].words


# -- words


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"ABC\0\0", "ABC"), (b"2063.12  ", "2063.12"), (b"\x01\x02", "01 02"), (b"", ""), (b"\xff\xff", "FF FF"),
     (b"AB\x1b[31mCD", "AB\x1b[31mCD")],
)  # fmt: skip
def test_ident_bytes_as_text(data: bytes, text: str) -> None:
    assert text_of(data) == text


@pytest.mark.parametrize(
    ("data", "expected", "holds"),
    [(b"01.00\0", "01.00", True), (b"\x20\x63", "0x2063", True), (b"\x07", "7", True), (b"01.00", "01.01", False),
     (b"\x07", "seven", False)],
)  # fmt: skip
def test_expected_values(data: bytes, expected: str, holds: bool) -> None:
    assert says(data, expected) is holds
