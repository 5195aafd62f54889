"""The lines of the pre-flight one by one, who may pass them, and the supply voltage while blocks are sent. No bus."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.catalogue.model import DataBlock, FlashPolicy, FlashSession, Segment
from core.diagnosis.commands import Command, ReadVoltage, Request, Tell, Wait
from core.diagnosis.flash import FlashTask, flash, flash_preview
from core.diagnosis.preflight import Bench, Wire, decide, typed_names
from core.diagnosis.preflight.estimate import about, estimate, in_words
from core.diagnosis.preflight.image import older_check, size_check
from core.diagnosis.preflight.override import marked
from core.diagnosis.preflight.pc import disk_check, journal_check, laptop_check, pc_checks
from core.diagnosis.preflight.rules import link_check
from core.diagnosis.preflight.signature import signature_check
from core.diagnosis.preflight.watch import LONGEST_DIP
from core.errors import JobCancelled, JobInterrupted, PreconditionNotMet, ProductError
from core.pc.laptop import PcState
from core.vocabulary import CanAddress, DoipAddress, EuroClass, FlashCheck, FlashResult
from tests.diagnosis.world import ENGINE_ADDRESS, IMAGE, Drive, Unit, known_vehicle, no_file, session

OPEN_POLICY = FlashPolicy(reset_time=1.0, allow_override=True)
GOOD_PC = PcState(None, True, None, 1 << 30)
DEAD_BATTERY = PcState(12.0, False, None, 1 << 30)


def engine(**dids: bytes) -> tuple[Unit, Drive]:
    unit = Unit()
    unit.dids |= {int(did[1:], 16): value for did, value in dids.items()}
    return unit, Drive({ENGINE_ADDRESS: unit})


def run(drive: Drive, *, pc: PcState = GOOD_PC, force: bool = False, override: str = "", **vehicle: Any) -> FlashResult:
    task = FlashTask(known_vehicle(**vehicle), "ENGINE", None, no_file, bench=Bench(lambda: pc))
    result: FlashResult = drive.run(flash(task, force, override))
    return result


def checks(pc: PcState = GOOD_PC, drive: Drive | None = None, **vehicle: Any) -> dict[str, FlashCheck]:
    task = FlashTask(known_vehicle(**vehicle), "ENGINE", None, no_file, bench=Bench(lambda: pc))
    found = (drive or engine()[1]).run(flash_preview(task)).checks
    assert len({check.name for check in found}) == len(found)
    return {check.name: check for check in found}


def erased(unit: Unit) -> bool:
    return any(pdu.startswith(b"\x31\x01\xff\x00") for pdu in unit.seen)


def told(drive: Drive) -> list[str]:
    return [c.event.text for c in drive.commands if isinstance(c, Tell)]  # type: ignore[attr-defined]


# -- all lines


def test_every_line_is_there_once_and_green_on_a_good_day() -> None:
    found = checks()
    assert list(found) == [
        "vehicle", "device", "flashware", "hardware", "Software", "not older", "voltage", "link", "access", "image",
        "size", "signature", "laptop", "disk", "journal", "time",
    ]  # fmt: skip
    for check in found.values():
        assert check.ok is True, check
        assert check.measured, check
        assert check.wanted, check
        assert not (check.reason or check.advice or check.overridable), check


def test_all_red_lines_are_told_at_once_each_with_its_advice() -> None:
    unit, drive = engine(xF191=b"HW-9")
    drive.volts = 11.0
    red = [line for line in checks(DEAD_BATTERY, drive).values() if line.ok is False]
    assert [line.name for line in red] == ["hardware", "voltage", "laptop"]
    with pytest.raises(PreconditionNotMet) as refusal:
        run(drive, pc=DEAD_BATTERY)
    assert all(line.reason in refusal.value.message for line in red)
    assert all(line.advice in refusal.value.advice for line in red)
    assert refusal.value.advice.endswith("Then start again. Nothing was changed.")
    assert not erased(unit)


@pytest.mark.parametrize("name", ["vehicle", "hardware", "Software", "voltage", "image", "signature", "size", "laptop"])
def test_each_red_line_refuses_with_its_reason_and_says_what_to_do(name: str) -> None:
    unit, drive = engine()
    vehicle: dict[str, Any] = {}
    pc = GOOD_PC
    if name == "vehicle":
        vehicle["euro_class"] = EuroClass.BEFORE_EURO_5
    elif name == "hardware":
        unit.dids[0xF191] = b"HW-9"
    elif name == "Software":
        unit.dids[0xF195] = b"00.10"
    elif name == "voltage":
        drive.volts = 11.2
    elif name == "image":
        vehicle["images"] = {"ENGINE_2": IMAGE[:-1] + b"?"}
    elif name == "signature":
        vehicle["sessions"] = (session(signature="00" * 64, public_key="11" * 32),)
    elif name == "size":
        vehicle["sessions"] = (session(memory=((0x1000, 0x1010),)),)
    else:
        pc = DEAD_BATTERY
    found = checks(pc, drive, **vehicle)
    red = [check for check in found.values() if check.ok is False]
    assert [check.name for check in red] == [name]
    assert red[0].reason.endswith(".")
    assert red[0].advice.endswith(".")
    with pytest.raises(PreconditionNotMet) as refusal:
        run(drive, pc=pc, **vehicle)
    assert red[0].reason in refusal.value.message
    assert red[0].advice.removesuffix(".") in refusal.value.advice
    assert not erased(unit)


# -- override


def test_the_typed_name_passes_what_the_plan_allows() -> None:
    unit, drive = engine()
    drive.volts = 11.2
    sessions = (session(policy=OPEN_POLICY),)
    with pytest.raises(PreconditionNotMet, match="too low") as refusal:
        run(drive, sessions=sessions)
    assert "--override ENGINE" in refusal.value.advice
    assert not erased(unit)
    assert run(drive, sessions=sessions, override=" engine ").result == "flashed"
    assert any(text.startswith("Passed by typing the unit's name: The supply voltage") for text in told(drive))


def test_it_passes_nothing_where_the_plan_does_not_allow_it() -> None:
    unit, drive = engine()
    drive.volts = 11.2
    with pytest.raises(PreconditionNotMet, match="too low") as refusal:
        run(drive, override="ENGINE")
    assert "--override" not in refusal.value.advice
    assert not erased(unit)


@pytest.mark.parametrize("typed", ["BRAKES", "yes", "ENGIN", "*"])
def test_another_name_refuses_even_where_nothing_is_red(typed: str) -> None:
    unit, drive = engine()
    with pytest.raises(PreconditionNotMet, match="names"):
        run(drive, override=typed, sessions=(session(policy=OPEN_POLICY),))
    assert not erased(unit)


@pytest.mark.parametrize(
    ("dids", "vehicle", "words"),
    [
        ({"xF191": b"HW-9"}, {}, "HW-9"),
        ({"xF195": b"00.50"}, {}, "00.50"),
        ({}, {"images": {"ENGINE_2": IMAGE[:-1] + b"?"}}, "damaged"),
        ({}, {"euro_class": EuroClass.UNKNOWN}, "not covered"),
        ({}, {"signature": "00" * 64, "public_key": "11" * 32}, "signature"),
        ({}, {"memory": ((0, 1),)}, "outside of the unit's memory"),
        ({}, {"hardware": ("HW-7",)}, "HW-7"),
        ({}, {"policy": replace(OPEN_POLICY, security_method="nobody-has-it")}, "nobody-has-it"),
    ],
)
def test_identity_image_class_and_signature_are_never_passed(
    dids: dict[str, bytes], vehicle: dict[str, Any], words: str
) -> None:
    unit, drive = engine(**dids)
    whole = {key: vehicle.pop(key) for key in ("images", "euro_class") if key in vehicle}
    sessions = (session(**({"policy": OPEN_POLICY} | vehicle)),)
    with pytest.raises(PreconditionNotMet, match=words):
        run(drive, sessions=sessions, override="ENGINE", force=True, **whole)
    assert not erased(unit)
    assert not any(check.overridable for check in checks(drive=drive, sessions=sessions, **whole).values())


def test_an_identification_with_the_name_of_another_line_is_not_passed() -> None:
    from core.catalogue.model import ExpectedIdent

    unit, drive = engine()
    named = session(expected_idents=(ExpectedIdent("voltage", 0xF191, ("HW-9",)),), hardware=(), policy=OPEN_POLICY)
    with pytest.raises(PreconditionNotMet, match="voltage is HW-1"):
        run(drive, sessions=(named,), override="ENGINE")
    assert not erased(unit)


def test_only_what_is_red_and_allowed_is_marked() -> None:
    could = FlashCheck("voltage", False, "1", "2", "low", overridable=True)
    lines = (could, replace(could, ok=None), replace(could, overridable=False), replace(could, ok=True))
    assert [check.overridable for check in marked(lines, True)] == [True, False, False, False]
    assert not any(check.overridable for check in marked(lines, False))
    assert decide("ENGINE", marked(lines[:1], True), override="ENGINE") == marked(lines[:1], True)


def test_the_names_of_an_order() -> None:
    assert typed_names(("engine ", ""), ("ENGINE", "BRAKES")) == {"ENGINE"}
    with pytest.raises(PreconditionNotMet) as refusal:
        typed_names(("BODY",), ("ENGINE", "BRAKES"))
    assert "ENGINE, BRAKES" in refusal.value.advice


# -- image


def block(start: int, length: int) -> DataBlock:
    return DataBlock("CODE", (Segment(start, length),))


def of(blocks: tuple[DataBlock, ...], memory: tuple[tuple[int, int], ...] = (), form: int = 0x44) -> FlashSession:
    return replace(session(), blocks=blocks, memory=memory, policy=FlashPolicy(address_format=form))


@pytest.mark.parametrize(
    ("ware", "ok"),
    [
        (of((block(0x1000, 16),)), True),
        (of((block(0xFFFFFFF0, 16),)), True),
        (of((block(0xFFFFFFF0, 17),)), False),
        (of((block(0xFFF0, 16),), form=0x12), True),
        (of((block(0xFFF0, 17),), form=0x22), False),
        (of((block(0, 256),), form=0x14), False),
        (of((block(0x1000, 16),), ((0x1000, 0x100F),)), True),
        (of((block(0x1000, 17),), ((0x1000, 0x100F),)), False),
        (of((block(0x0FFF, 2),), ((0x1000, 0x100F),)), False),
        (of((block(0x1000, 32),), ((0x1010, 0x101F), (0x1000, 0x100F))), True),
        (of((block(0x1000, 33),), ((0x1000, 0x100F), (0x1011, 0x1030))), False),
        (of((block(0x1000, 16), block(0x9000, 4)), ((0x1000, 0x100F),)), False),
        (of(()), False),
        (of((block(0x1000, 0),)), False),
    ],
)
def test_the_image_fits_the_memory_and_the_address_format(ware: FlashSession, ok: bool) -> None:
    found = size_check(ware, ware.memory)
    assert found.ok is ok
    assert bool(found.reason) is bool(found.advice) is not ok


@pytest.mark.parametrize(
    ("has", "gets", "known", "older"),
    [
        ("02.00", "01.00", ("01.00", "02.00"), True),
        ("01.00", "02.00", ("01.00", "02.00"), False),
        ("10", "9", ("10", "9"), False),  # the order of the data goes before numbers
        ("SW-1.10.0", "SW-1.9.9", (), True),
        ("sw-1.9.9", "SW-1.10.0", (), False),
        ("1.2", "1.2", (), False),
        ("A-2", "B-1", (), None),
        ("1.2", "1.2.1", (), None),
        ("BOOT", "OTHER", (), None),
        ("", "1.2", (), None),
        ("1.2", "", (), None),
    ],
)
def test_older_software_is_recognised(has: str, gets: str, known: tuple[str, ...], older: bool | None) -> None:
    found = older_check("ENGINE", session(software=gets), has, known)
    assert (None if found is None else found.ok is False) is older


def test_an_image_that_nothing_proves_is_a_warning() -> None:
    bare = session()
    bare = replace(bare, blocks=tuple(replace(one, checksums=(), sha256="") for one in bare.blocks))
    line = checks(sessions=(bare,))["image"]
    assert line.ok is None
    assert "no hash" in line.reason


def sign(data: bytes) -> tuple[str, str]:
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a test's key").digest())
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return key.sign(hashlib.sha256(data).digest()).hex(), public.hex()


def test_a_signature_holds_for_the_very_bytes_only() -> None:
    signature, public = sign(IMAGE)
    assert checks(sessions=(session(signature=signature, public_key=public),))["signature"].ok is True
    other = IMAGE[:-1] + b"?"
    line = checks(sessions=(session(data=other, signature=signature, public_key=public),), images={"ENGINE_2": other})
    assert line["image"].ok is True
    assert line["signature"].ok is False
    assert "not the bytes that were signed" in line["signature"].reason


@pytest.mark.parametrize(
    ("signature", "public", "ok"),
    [("", "", True), ("", "11" * 32, True), ("00" * 64, "", None), ("zz", "11" * 32, False), ("00" * 64, "11", False),
     ("00" * 63, "00" * 32, False)],
)  # fmt: skip
def test_unsigned_and_malformed_signatures(signature: str, public: str, ok: bool | None) -> None:
    ware = replace(session(), signature=signature, public_key=public)
    assert signature_check(ware, hashlib.sha256(IMAGE).hexdigest()).ok is ok


# -- device, PC, time


def test_a_link_that_carries_no_data_is_red() -> None:
    assert link_check(session(), 4095).ok is True
    assert link_check(session(policy=FlashPolicy(max_block=2)), 4095).ok is False
    assert "any length" in link_check(session(), 2**32 - 1).measured


@pytest.mark.parametrize(
    ("pc", "ok", "words"),
    [
        (PcState(None, True), True, "mains"),
        (PcState(30.0, True), True, "mains, battery 30 %"),
        (PcState(90.0, False), None, "battery 90 %"),
        (PcState(49.0, False), False, "battery 49 %"),
        (PcState(50.0, False), None, "battery 50 %"),
        (PcState(90.0, False, 300.0), False, "battery 90 %, 5 min"),
        (PcState(90.0, False, 3600.0), None, "battery 90 %"),
        (PcState(None, None), None, "not told"),
        (PcState(20.0, None), None, "battery 20 %"),
    ],
)
def test_laptop(pc: PcState, ok: bool | None, words: str) -> None:
    found = laptop_check(pc, 200.0)
    assert (found.ok, found.measured) == (ok, words)
    assert found.overridable is (ok is False)


def test_disk_and_journal() -> None:
    assert disk_check(PcState(free_bytes=(50 << 20) - 1, folder="/journal")).ok is False
    assert disk_check(PcState(free_bytes=50 << 20)).ok is True
    assert disk_check(PcState()).ok is None
    broken = journal_check(PcState(unwritable="/journal: Permission denied"))
    assert (broken.ok, broken.overridable) == (False, False)
    assert "Permission denied" in broken.reason


def test_a_simulated_vehicle_is_not_refused_for_the_laptop_s_battery() -> None:
    assert [line.ok for line in pc_checks(DEAD_BATTERY, None, strict=False)] == [None, True, True]
    assert [line.ok for line in pc_checks(DEAD_BATTERY, None)] == [False, True, True]
    assert pc_checks(PcState(known=False), None) == []


CAN, FD = CanAddress(0x7E0, 0x7E8), CanAddress(0x7E0, 0x7E8, is_fd=True)


@pytest.mark.parametrize(
    ("address", "wire", "low", "high"),
    [
        (CAN, Wire(500_000), 33.0, 36.0),  # page 3: 1 MiB needs 33 to 40 s at 500 kbit/s
        (CAN, Wire(), 33.0, 36.0),
        (CAN, Wire(250_000), 66.0, 72.0),
        (CanAddress(0x18DA10F1, 0x18DAF110, is_extended_id=True), Wire(500_000), 38.0, 43.0),
        (FD, Wire(500_000, 2_000_000), 4.0, 7.0),
        (DoipAddress(0x1010), Wire(), 0.08, 0.1),
    ],
)
def test_the_wire_limit(address: Any, wire: Wire, low: float, high: float) -> None:
    found = estimate(1 << 20, 4095, address, wire, 2.0)
    assert low < found.wire_limit < high
    assert found.wire_limit < found.seconds < found.wire_limit * 1.3 + 12


def test_small_blocks_cost_time() -> None:
    assert estimate(1 << 20, 130, CAN, Wire(), 2.0).seconds > 1.2 * estimate(1 << 20, 4095, CAN, Wire(), 2.0).seconds


def test_the_time_in_words() -> None:
    line = checks()["time"]
    assert line.measured == "about 3 s at 500 kbit/s"
    assert line.wanted == "wire limit under 1 s"
    assert [in_words(s) for s in (0.2, 40, 60, 160, 3900)] == ["under 1 s", "40 s", "1 min", "2 min 40 s", "1 h 5 min"]
    assert [about(s) for s in (0.2, 8.2, 41, 130)] == ["about 1 s", "about 9 s", "about 45 s", "about 3 min"]


# -- the voltage meanwhile


def dip(drive: Drive, unit: Unit, volts: list[float | None]) -> None:
    """From the first block on the supply is `volts`, one for each measurement; the last one stays."""

    def before(command: Command) -> ProductError | None:
        if isinstance(command, ReadVoltage) and any(pdu[0] == 0x36 for pdu in unit.seen) and volts:
            drive.volts = volts.pop(0)
        return None

    drive.before = before


def blocks_while_low(drive: Drive, good: Callable[[float | None], bool]) -> int:
    """TransferData requests that were begun after a bad measurement and before the next good one."""
    low, count = False, 0
    for command, volts in zip(drive.commands, drive.heard, strict=True):
        if isinstance(command, ReadVoltage):
            low = not good(volts)
        elif isinstance(command, Request) and command.pdu[0] == 0x36 and low:
            count += 1
    return count


class VoltsDrive(Drive):
    """Remembers what was told at each command."""

    heard: list[float | None]

    def _perform(self, command: Command) -> Any:
        answer = super()._perform(command)
        self.heard.append(answer if isinstance(command, ReadVoltage) else None)
        return answer


def watched() -> tuple[Unit, VoltsDrive]:
    unit = Unit()
    drive = VoltsDrive({ENGINE_ADDRESS: unit})
    drive.heard = []
    return unit, drive


@pytest.mark.parametrize("bad", [11.5, 16.2])
def test_no_block_is_sent_while_the_voltage_is_wrong_and_then_it_goes_on(bad: float) -> None:
    unit, drive = watched()
    dip(drive, unit, [13.0, bad, bad, 13.0, bad, 13.1, 13.1])
    assert run(drive).result == "flashed"
    assert unit.written == IMAGE
    assert blocks_while_low(drive, lambda volts: volts is not None and 12.0 <= volts <= 15.5) == 0
    assert sum(isinstance(command, Wait) for command in drive.commands) >= 5
    assert any("No new block is sent to ENGINE" in text and f"{bad:.1f} V" in text for text in told(drive))
    assert any("is good again" in text for text in told(drive))


def test_a_voltage_that_stays_away_ends_the_flash_with_a_clear_word() -> None:
    unit, drive = watched()
    dip(drive, unit, [11.4])
    with pytest.raises(JobInterrupted, match=r"fell to 11\.4 V") as ending:
        run(drive)
    assert "battery charger" in ending.value.advice
    assert "no valid software" in ending.value.state_now
    waited = sum(command.seconds for command in drive.commands if isinstance(command, Wait))
    assert waited <= LONGEST_DIP


def test_before_the_first_erase_a_dip_changes_nothing() -> None:
    unit, drive = watched()
    fingerprint = False

    def before(command: Command) -> ProductError | None:
        nonlocal fingerprint
        fingerprint = fingerprint or (isinstance(command, Request) and command.pdu[0] == 0x2E)
        drive.volts = 10.9 if fingerprint else 13.0
        return None

    drive.before = before
    with pytest.raises(PreconditionNotMet, match=r"10\.9 V") as ending:
        run(drive)
    assert not erased(unit)
    assert ending.value.state_now


def test_a_cancel_while_waiting_is_obeyed() -> None:
    unit, drive = watched()
    dip(drive, unit, [11.4])
    ordinary = drive.before
    drive.before = lambda c: JobCancelled("Stopped.") if isinstance(c, Wait) else ordinary(c)
    with pytest.raises(JobCancelled, match="no valid software"):
        run(drive)


def test_a_device_that_cannot_measure_is_not_asked_for_each_block() -> None:
    _, drive = watched()
    drive.volts = None
    assert run(drive).result == "flashed"
    assert sum(isinstance(command, ReadVoltage) for command in drive.commands) == 2  # the line, and the watch once


def test_a_voltage_that_was_passed_on_purpose_is_not_watched() -> None:
    _, drive = watched()
    drive.volts = 11.0
    assert run(drive, sessions=(session(policy=OPEN_POLICY),), override="ENGINE").result == "flashed"
    assert not any(isinstance(command, Wait) for command in drive.commands)
