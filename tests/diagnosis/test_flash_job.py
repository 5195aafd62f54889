"""The flash job against a scripted unit: sequence, refusals before the erase, every ending, resend rules. No bus."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from core.catalogue.model import FlashPolicy
from core.diagnosis.commands import Command, Request, Step, Tell
from core.diagnosis.flash import FlashTask, flash, flash_preview
from core.errors import (
    DataMissing,
    JobCancelled,
    JobInterrupted,
    NegativeResponse,
    NoResponse,
    PreconditionNotMet,
    ProductError,
    RemoteProtocolError,
    VciLost,
    VerificationFailed,
)
from core.vocabulary import EuroClass
from tests.diagnosis.world import ENGINE_ADDRESS, IMAGE, Drive, Unit, known_vehicle, no_file, session

RESTORED = ["288001", "8581", "1081"]


def run(drive: Drive, flashware: str | None = None, force: bool = False, **vehicle: Any) -> Any:
    return drive.run(flash(FlashTask(known_vehicle(**vehicle), "engine", flashware, no_file), force))


def engine(**dids: bytes) -> tuple[Unit, Drive]:
    unit = Unit()
    unit.dids |= {int(name[1:], 16): value for name, value in dids.items()}
    return unit, Drive({ENGINE_ADDRESS: unit})


def erased(unit: Unit) -> bool:
    return any(pdu[:4] == b"\x31\x01\xff\x00" for pdu in unit.seen)


def test_the_sequence_of_the_standard_in_its_order() -> None:
    unit, drive = engine()
    result = run(drive)
    assert (result.result, result.software_before, result.software_after) == ("flashed", "01.00", "02.00")
    assert unit.written == IMAGE
    assert (result.bytes, result.sha256) == (len(IMAGE), hashlib.sha256(IMAGE).hexdigest())
    heads = [pdu[:4].hex() for pdu in unit.seen if pdu[0] not in (0x22, 0x36, 0x3E)]
    assert [heads[0], heads[1], heads[2], heads[3][:4], heads[4][:4], heads[5][:6]] == [
        "1003", "31010203", "1002", "2711", "2712", "2ef15a",
    ]  # fmt: skip
    assert heads[6:] == [
        "3101ff00", "34004400", "37", "34004400", "37", "31010202", "3101ff01", "1101", "14ffffff",
    ]  # fmt: skip
    assert drive.functional == ["1083", "8582", "288101", *RESTORED]
    assert not drive.keeps_alive
    assert drive.steps == ["check", "prepare", "session", "fingerprint", "erase-1", "transfer-1", "checksum-1",
                           "dependencies", "reset", "verify", "restore"]  # fmt: skip


def test_blocks_carry_two_bytes_less_than_the_unit_offers_and_count_from_one() -> None:
    unit, drive = engine()
    run(drive)
    blocks = [pdu for pdu in unit.seen if pdu[0] == 0x36]
    assert max(len(pdu) for pdu in blocks) == unit.block_length
    half = len(blocks) // 2
    assert [pdu[1] for pdu in blocks] == [*range(1, half + 1), *range(1, half + 1)]  # 1 again after each 34


def test_the_counter_wraps_to_zero() -> None:
    unit, drive = engine()
    unit.block_length = 3
    run(drive)
    counters = [pdu[1] for pdu in unit.seen if pdu[0] == 0x36]
    assert counters[253:257] == [254, 255, 0, 1]
    assert unit.written == IMAGE


@pytest.mark.parametrize(("limit", "policy", "longest"), [(20, 0, 20), (4095, 30, 30), (4095, 0, 66)])
def test_the_smallest_limit_counts(limit: int, policy: int, longest: int) -> None:
    unit, drive = engine()
    drive.limit = limit
    run(drive, sessions=(session(policy=FlashPolicy(max_block=policy)),))
    assert max(len(pdu) for pdu in unit.seen if pdu[0] == 0x36) == longest


def test_a_unit_that_has_it_already_is_left_alone_unless_forced() -> None:
    unit, drive = engine(xF195=b"02.00")
    assert run(drive).result == "up-to-date"
    assert {pdu[0] for pdu in unit.seen} == {0x22}
    assert run(drive, force=True).result == "flashed"


def test_a_unit_left_in_its_boot_loader_is_flashed_again() -> None:
    _, drive = engine(xF100=b"\x02", xF195=b"BOOT")
    assert run(drive).software_after == "02.00"
    assert any("boot loader" in c.event.text for c in drive.commands if isinstance(c, Tell))  # type: ignore[attr-defined]


def test_the_newest_session_that_fits_is_chosen() -> None:
    sessions = (
        session("OLD", "01.00", "00.90"),
        session("NEW", "02.00", "01.00"),
        session("OTHER_HARDWARE", "03.00", "01.00", hardware=("HW-2",)),
    )
    _, drive = engine()
    assert run(drive, sessions=sessions).flashware == "NEW"


@pytest.mark.parametrize(
    ("vehicle", "dids", "volts", "words"),
    [
        ({"euro_class": EuroClass.BEFORE_EURO_5}, {}, 13.0, "full diagnosis kit"),
        ({"euro_class": EuroClass.UNKNOWN}, {}, 13.0, "full diagnosis kit"),
        ({}, {"xF191": b"HW-9"}, 13.0, "The hardware is HW-9, the flashware is for HW-1"),
        ({}, {"xF195": b"00.50"}, 13.0, "Software is 00.50, the flashware needs 01.00"),
        ({}, {}, 11.9, "too low"),
        ({}, {}, 15.6, "too high"),
        ({"images": {"ENGINE_2": IMAGE[:-1] + b"X"}}, {}, 13.0, "damaged"),
        ({"images": {"ENGINE_2": IMAGE[:-1]}}, {}, 13.0, "damaged"),
    ],
)
def test_refused_before_anything_is_changed(
    vehicle: dict[str, Any], dids: dict[str, bytes], volts: float, words: str
) -> None:
    unit, drive = engine(**dids)
    drive.volts = volts
    with pytest.raises(PreconditionNotMet, match=words):
        run(drive, **vehicle)
    assert {pdu[0] for pdu in unit.seen} == {0x22}
    assert drive.functional == []


def test_every_single_flipped_bit_of_an_image_is_refused() -> None:
    for bit in range(0, len(IMAGE) * 8, 65):
        damaged = bytearray(IMAGE)
        damaged[bit // 8] ^= 1 << bit % 8
        unit, drive = engine()
        with pytest.raises(PreconditionNotMet, match="damaged"):
            run(drive, images={"ENGINE_2": bytes(damaged)})
        assert not erased(unit)


def test_all_failed_checks_are_named_at_once() -> None:
    _, drive = engine(xF191=b"HW-9")
    drive.volts = 11.0
    with pytest.raises(PreconditionNotMet, match=r"too low") as refusal:
        run(drive)
    assert "HW-9" in refusal.value.message


def test_unknown_voltage_is_a_warning() -> None:
    _, drive = engine()
    drive.volts = None
    assert run(drive).result == "flashed"
    assert any("voltage" in c.event.text for c in drive.commands if isinstance(c, Tell))  # type: ignore[attr-defined]


def test_a_unit_behind_the_other_transport_is_refused() -> None:
    drive = Drive({})
    sessions = (session("HEAD", unit="HEADUNIT"),)
    job = flash(FlashTask(known_vehicle(sessions=sessions), "HEADUNIT", None, no_file))
    with pytest.raises(PreconditionNotMet, match="speaks DoIP, and the device does not"):
        drive.run(job)


def test_a_vehicle_that_nobody_knows_is_not_changed() -> None:
    vehicle = replace(known_vehicle(), info=None)
    with pytest.raises(DataMissing, match="No vehicle data covers the VIN"):
        Drive({}).run(flash(FlashTask(vehicle, "ENGINE", None, no_file)))


def test_the_flashware_of_another_unit_is_refused(tmp_path: Any) -> None:
    file = tmp_path / "other.pdx"
    file.write_bytes(b"x")
    other = known_vehicle(sessions=(session("BRAKES_2", unit="BRAKES"),)).surroundings.catalogue
    task = FlashTask(known_vehicle(), "ENGINE", f"{file}#BRAKES_2", lambda path: other)
    unit, drive = engine()
    with pytest.raises(PreconditionNotMet, match="is for BRAKES, not for ENGINE"):
        drive.run(flash(task))
    assert not erased(unit)


def test_flashware_by_name_and_by_file(tmp_path: Any) -> None:
    file = tmp_path / "own #1.pdx"
    file.write_bytes(b"x")
    own = known_vehicle(sessions=(session("OWN_A"), session("OWN_B", "02.50"))).surroundings.catalogue
    for text, name in (("engine_2", "ENGINE_2"), (str(file), "OWN_B"), (f"{file}#own_a", "OWN_A")):
        unit, drive = engine()
        unit.new_software = b"02.50" if name == "OWN_B" else b"02.00"
        task = FlashTask(known_vehicle(), "ENGINE", text, lambda path: own)
        assert drive.run(flash(task)).flashware == name


def test_unknown_flashware_names_what_there_is() -> None:
    _, drive = engine()
    with pytest.raises(DataMissing) as refusal:
        run(drive, "ENGINE_9")
    assert "ENGINE_2" in refusal.value.advice


def test_a_step_back_is_refused_unless_forced() -> None:
    sessions = (session("OLD", "01.00", "02.00"), session("NEW", "02.00", "01.00"))
    unit, drive = engine(xF195=b"02.00")
    unit.new_software = b"01.00"
    with pytest.raises(PreconditionNotMet, match=r"newer software \(02\.00\)"):
        run(drive, "OLD", sessions=sessions)
    assert not erased(unit)
    assert run(drive, "OLD", force=True, sessions=sessions).software_after == "01.00"


def test_preview_changes_nothing_and_shows_failed_checks() -> None:
    unit, drive = engine(xF191=b"HW-9")
    preview = drive.run(flash_preview(FlashTask(known_vehicle(), "ENGINE", None, no_file)))
    assert {check.name: check.ok for check in preview.checks} == {
        "vehicle": True, "device": True, "flashware": True, "hardware": False, "Software": True, "not older": True,
        "voltage": True, "link": True, "access": True, "image": True, "size": True, "signature": True, "time": True,
    }  # fmt: skip
    assert preview.bytes == len(IMAGE)
    assert {pdu[0] for pdu in unit.seen} == {0x22}


# -- endings


def failing(pdu_start: bytes, error: ProductError, after: int = 0) -> Any:
    """Intercepts the `after`-th request that begins so, and all later ones."""
    count = 0

    def intercept(pdu: bytes) -> ProductError | None:
        nonlocal count
        if pdu.startswith(pdu_start):
            count += 1
            return error if count > after else None
        return None

    return intercept


@pytest.mark.parametrize(
    ("start", "step"),
    [(b"\x31\x01\xff\x00", "erase-1"), (b"\x34", "transfer-1"), (b"\x36", "transfer-1"), (b"\x37", "transfer-1"),
     (b"\x31\x01\x02\x02", "checksum-1"), (b"\x31\x01\xff\x01", "dependencies")],
)  # fmt: skip
@pytest.mark.parametrize(
    "error",
    [NegativeResponse("no", sid=0x36, nrc=0x72), VciLost("gone"), RemoteProtocolError("rules")],
    ids=lambda error: error.name,
)
def test_after_the_first_erase_it_is_interrupted_and_restored(start: bytes, step: str, error: ProductError) -> None:
    unit, drive = engine()
    unit.intercept = failing(start, error)
    with pytest.raises(JobInterrupted) as ending:
        run(drive)
    assert ending.value.step == step
    assert ending.value.safe_to_repeat
    assert "again from the beginning" in ending.value.advice
    assert error.message in ending.value.message
    assert drive.functional[-3:] == RESTORED
    assert not drive.keeps_alive


@pytest.mark.parametrize("start", [b"\x10\x03", b"\x27", b"\x2e", b"\x10\x02"])
def test_before_the_first_erase_the_error_stays_what_it_is(start: bytes) -> None:
    unit, drive = engine()
    unit.intercept = failing(start, NegativeResponse("no", sid=start[0], nrc=0x22))
    with pytest.raises(NegativeResponse):
        run(drive)
    assert not erased(unit)
    assert drive.functional[-3:] == RESTORED


def test_restoring_goes_on_when_it_fails_itself_and_the_first_error_is_kept() -> None:
    unit, drive = engine()
    unit.intercept = failing(b"\x36", VciLost("first"))
    broken = {bytes.fromhex(pdu) for pdu in RESTORED}
    drive.before = lambda c: VciLost("second") if getattr(c, "pdu", b"") in broken else None
    with pytest.raises(JobInterrupted, match="first"):
        run(drive)
    assert drive.functional[-3:] == RESTORED


@pytest.mark.parametrize("routine", [b"\x31\x01\xff\x00", b"\x31\x01\x02\x02", b"\x31\x01\xff\x01"])
def test_a_routine_that_answers_with_a_failed_status_is_no_success(routine: bytes) -> None:
    unit, drive = engine()
    unit.intercept = lambda pdu: b"\x71\x01" + pdu[2:4] + b"\x04" if pdu.startswith(routine) else None
    with pytest.raises(JobInterrupted, match="status 04"):
        run(drive)


def test_unmet_programming_preconditions_change_nothing() -> None:
    unit, drive = engine()
    unit.intercept = lambda pdu: b"\x71\x01\x02\x03\x02" if pdu.startswith(b"\x31\x01\x02\x03") else None
    with pytest.raises(PreconditionNotMet, match="not ready for programming"):
        run(drive)
    assert not erased(unit)
    assert drive.functional[-3:] == RESTORED


def cancel_at(name: str) -> Any:
    """As the runner does: JobCancelled at the first command after the step has begun."""
    reached = thrown = False

    def before(command: Command) -> ProductError | None:
        nonlocal reached, thrown
        if reached and not thrown:
            thrown = True
            return JobCancelled("Stopped by the technician.")
        reached = reached or (isinstance(command, Step) and command.name == name)
        return None

    return before


def test_a_cancel_in_transfer_tells_how_to_go_on_and_the_unit_can_be_flashed_again() -> None:
    unit, drive = engine()
    drive.before = cancel_at("transfer-1")
    with pytest.raises(JobCancelled) as ending:
        run(drive)
    assert "no valid software" in ending.value.message
    assert "again from the beginning" in ending.value.advice
    assert drive.functional[-3:] == RESTORED
    unit.dids[0xF195] = b"BOOT"  # as the boot loader of a unit without software answers
    again = Drive({ENGINE_ADDRESS: unit})
    unit.flash.clear()
    assert run(again).result == "flashed"


def test_new_software_that_does_not_read_back_is_not_called_done() -> None:
    unit, drive = engine()
    unit.new_software = b"01.99"
    with pytest.raises(VerificationFailed, match=r"01\.99 instead of 02\.00"):
        run(drive)
    assert drive.functional[-3:] == RESTORED


# -- resend


def lost_answer(unit: Unit, counter: int, second: bytes | None = None) -> None:
    """The unit programs block `counter`, its answer is lost once; `second` is its answer to the repeat."""
    times = 0

    def intercept(pdu: bytes) -> bytes | ProductError | None:
        nonlocal times
        if pdu[:2] != bytes((0x36, counter)):
            return None
        times += 1
        if times == 1:
            unit._programming(pdu)
            return NoResponse("silence", timer="P2")
        return second if times == 2 else None

    unit.intercept = intercept


@pytest.mark.parametrize("second", [None, b"\x7f\x36\x73"])
def test_a_lost_answer_is_asked_for_once_with_the_same_counter(second: bytes | None) -> None:
    unit, drive = engine()
    lost_answer(unit, 2, second)
    result = run(drive)
    assert result.retries == 1
    assert unit.written == IMAGE
    assert [pdu[1] for pdu in unit.seen if pdu[0] == 0x36][:4] == [1, 2, 2, 3]


@pytest.mark.parametrize("nrc", [0x71, 0x72, 0x73])
def test_a_refused_block_is_never_sent_again(nrc: int) -> None:
    unit, drive = engine()
    unit.intercept = lambda pdu: bytes((0x7F, 0x36, nrc)) if pdu[:2] == b"\x36\x02" else None
    with pytest.raises(JobInterrupted):
        run(drive)
    assert [pdu[1] for pdu in unit.seen if pdu[0] == 0x36] == [1, 2]


def test_a_unit_that_must_not_see_a_repeat_does_not_see_one() -> None:
    unit, drive = engine()
    lost_answer(unit, 2)
    with pytest.raises(JobInterrupted):
        run(drive, sessions=(session(policy=FlashPolicy(resend_on_timeout=False)),))
    assert [pdu[1] for pdu in unit.seen if pdu[0] == 0x36] == [1, 2]


def test_a_second_silence_ends_it() -> None:
    unit, drive = engine()
    unit.intercept = failing(b"\x36", NoResponse("silence", timer="P2"), after=3)
    with pytest.raises(JobInterrupted):
        run(drive)
    assert [pdu[1] for pdu in unit.seen if pdu[0] == 0x36] == [1, 2, 3, 4, 4]


def test_the_acknowledgement_of_another_block_is_not_accepted() -> None:
    unit, drive = engine()
    unit.intercept = lambda pdu: b"\x76\x07" if pdu[:2] == b"\x36\x02" else None
    with pytest.raises(JobInterrupted, match="another block"):
        run(drive)


def test_a_reset_that_swallows_its_answer_is_waited_for() -> None:
    unit, drive = engine()

    def intercept(pdu: bytes) -> ProductError | None:
        if pdu == b"\x10\x02" or pdu == b"\x11\x01":
            unit._ordinary(pdu)
            return VciLost("the gateway's own reset") if pdu[0] == 0x11 else NoResponse("in reset", timer="P2")
        return None

    unit.intercept = intercept
    assert run(drive).result == "flashed"


@pytest.mark.parametrize("at", range(40))
def test_cut_at_any_request_the_vehicle_is_restored_and_flashed_the_next_time(at: int) -> None:
    unit, drive = engine()
    seen = 0

    def before(command: Command) -> ProductError | None:
        nonlocal seen
        if isinstance(command, Request):
            seen += 1
            return VciLost("pulled") if seen > at else None
        return None

    drive.before = before
    try:
        run(drive)
    except ProductError:
        if drive.functional:
            assert drive.functional[-3:] == RESTORED
            assert not drive.keeps_alive
    unit.flash.clear()
    assert run(Drive({ENGINE_ADDRESS: unit}), force=True).software_after == "02.00"
    assert unit.written == IMAGE
