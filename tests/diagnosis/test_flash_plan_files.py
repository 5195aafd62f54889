"""Flash with plans and images instead of a PDX, on scripted units: policy obeyed, unknown units, refusals. No bus."""

from __future__ import annotations

import hashlib
import random
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.catalogue.model import FlashPolicy, VehicleInfo
from core.catalogue.plans import FlashPlanFile, PlanBlock, plan_to_toml
from core.diagnosis.commands import KeepAlive, Tell
from core.diagnosis.flash import FlashTask, flash, flash_preview
from core.diagnosis.flash.records import checksum_of
from core.diagnosis.flash.source import split_flashware
from core.diagnosis.identify import KnownVehicle
from core.errors import DataInvalid, DataMissing, PreconditionNotMet, UsageError
from core.vocabulary import CanAddress, EcuAddress, EuroClass, FlashCheck, FlashPreview
from tests.diagnosis.world import ENGINE_ADDRESS, IMAGE, Drive, Unit, known_vehicle, no_file

ELSEWHERE = CanAddress(0x6F1, 0x6F2)
PLAN = FlashPlanFile(
    "ENGINE",
    FlashPolicy(reset_time=1.0),
    euro_class=EuroClass.EURO_6,
    software_after="02.00",
    hardware=("HW-1",),
    software_did=0xF195,
    hardware_did=0xF191,
    image_sha256=hashlib.sha256(IMAGE).hexdigest(),
    image_start=0x1000,
)

Write = Callable[[FlashPlanFile], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a plan and its image; gives what a technician would name."""

    def both(plan: FlashPlanFile) -> str:
        (tmp_path / "plan.toml").write_text(plan_to_toml(plan), encoding="utf-8")
        (tmp_path / "image.bin").write_bytes(IMAGE)
        return f"{tmp_path / 'plan.toml'}#{tmp_path / 'image.bin'}"

    return both


def unknown(known: KnownVehicle) -> KnownVehicle:
    """A vehicle that no data cover."""
    return replace(known, info=None, units=())


def task(flashware: str, ecu: str | EcuAddress = "engine", vehicle: KnownVehicle | None = None) -> FlashTask:
    return FlashTask(vehicle or known_vehicle(), ecu, flashware, no_file)


def engine(at: EcuAddress = ENGINE_ADDRESS) -> tuple[Unit, Drive]:
    unit = Unit()
    return unit, Drive({at: unit})


def test_an_image_and_a_plan_flash_a_known_unit(write: Write) -> None:
    unit, drive = engine()
    result = drive.run(flash(task(write(PLAN))))
    assert (result.result, result.software_after, unit.written) == ("flashed", "02.00", IMAGE)
    assert result.sha256 == hashlib.sha256(IMAGE).hexdigest()
    assert drive.run(flash(task(write(PLAN)))).result == "up-to-date"


@pytest.mark.parametrize("way", ["address", "plan", "name"])
def test_a_unit_and_a_vehicle_that_nothing_but_the_plan_knows(write: Write, way: str) -> None:
    unit, drive = engine(ELSEWHERE)
    plan = PLAN if way == "address" else replace(PLAN, address=ELSEWHERE)
    ecu: str | EcuAddress = {"address": ELSEWHERE, "plan": "", "name": "Engine"}[way]
    result = drive.run(flash(task(write(plan), ecu, unknown(known_vehicle()))))
    assert (result.unit, result.result, unit.written) == ("ENGINE", "flashed", IMAGE)


def test_a_vehicle_that_nobody_knows_is_refused_unless_the_plan_says_its_class(write: Write) -> None:
    unit, drive = engine(ELSEWHERE)
    vehicle = unknown(known_vehicle())
    with pytest.raises(DataMissing) as missing:
        drive.run(flash(task(write(replace(PLAN, euro_class=EuroClass.UNKNOWN)), ELSEWHERE, vehicle)))
    assert "euro_class" in missing.value.advice and not unit.seen
    with pytest.raises(PreconditionNotMet, match="before EURO 5"):
        drive.run(flash(task(write(replace(PLAN, euro_class=EuroClass.BEFORE_EURO_5)), ELSEWHERE, vehicle)))
    assert {pdu[0] for pdu in unit.seen} <= {0x22}


def test_what_the_vehicle_data_say_goes_before_the_plan(write: Write) -> None:
    unit, drive = engine()
    with pytest.raises(PreconditionNotMet, match="full diagnosis kit"):
        drive.run(flash(task(write(PLAN), vehicle=known_vehicle(euro_class=EuroClass.BEFORE_EURO_5))))
    with pytest.raises(PreconditionNotMet, match="this one was certified EURO VI"):
        drive.run(flash(task(write(PLAN), vehicle=known_vehicle(euro_class=EuroClass.EURO_VI))))
    assert {pdu[0] for pdu in unit.seen} <= {0x22}
    covered = known_vehicle(euro_class=EuroClass.UNKNOWN)
    assert isinstance(covered.info, VehicleInfo)
    assert drive.run(flash(task(write(PLAN), vehicle=covered))).result == "flashed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vin_prefixes": ("WXYZ",)}, "this one is XPBTS"),
        ({"hardware": ("HW-9",)}, "HW-9"),
        ({"unit": "BRAKES"}, "no unit 'engine'|BRAKES"),
        ({"blocks": (PlanBlock("A", ((0x1000, 0x1000 + len(IMAGE) - 1),), sha256="ab" * 32),)}, "not those"),
        ({"blocks": (PlanBlock("A", ((0x2000, 0x2FFF),)),)}, "no byte for block A"),
        ({"image_sha256": "ab" * 32}, "not the image of this plan"),
        ({"policy": FlashPolicy(voltage_minimum=13.5)}, "voltage"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_changed(
    write: Write, change: dict[str, Any], words: str
) -> None:
    unit, drive = engine()
    with pytest.raises((PreconditionNotMet, DataInvalid, DataMissing), match=words):
        drive.run(flash(task(write(replace(PLAN, **change)))))
    assert {pdu[0] for pdu in unit.seen} <= {0x22}


def test_an_address_where_the_data_know_another_unit_is_told(write: Write) -> None:
    _, drive = engine()
    result = drive.run(flash(task(write(replace(PLAN, unit="MOTOR")), ENGINE_ADDRESS)))
    assert (result.unit, result.result) == ("ENGINE", "flashed")
    told = [command.event.text for command in drive.commands if isinstance(command, Tell)]  # type: ignore[attr-defined]
    assert any("ENGINE" in text and "MOTOR" in text for text in told)


def test_a_plan_without_an_image_rules_flashware_from_the_data(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(plan_to_toml(FlashPlanFile("ENGINE", FlashPolicy(max_block=30, reset_time=1.0))))
    unit, drive = engine()
    result = drive.run(flash(task(str(tmp_path / "p.toml"))))
    assert (result.flashware, unit.written) == ("ENGINE_2", IMAGE)
    assert max(len(pdu) for pdu in unit.seen if pdu[0] == 0x36) == 30


def test_nobody_is_named(write: Write) -> None:
    _, drive = engine()
    with pytest.raises(UsageError, match="No unit is named"):
        drive.run(flash(FlashTask(known_vehicle(), "", None, no_file)))
    with pytest.raises(DataMissing, match="without a plan"):
        drive.run(flash(FlashTask(known_vehicle(), ELSEWHERE, None, no_file)))
    with pytest.raises(DataMissing, match="does not say where it is"):
        drive.run(flash(task(write(PLAN), "", unknown(known_vehicle()))))
    with pytest.raises(DataMissing, match="no unit 'brakes'"):
        drive.run(flash(task(write(PLAN), "brakes", unknown(known_vehicle()))))


def test_names_of_files(tmp_path: Path) -> None:
    assert split_flashware("a.toml#b#c.hex") == (Path("a.toml"), "b#c.hex")
    assert split_flashware("a#b.pdx#S") == (Path("a#b.pdx"), "S")
    own = tmp_path / "x#y.pdx"
    own.write_bytes(b"")
    assert split_flashware(str(own)) == (own, "")


def test_sixty_four_bit_flips_and_cuts_of_an_image_are_refused_before_the_erase(write: Write) -> None:
    """By the plan's SHA-256 of the image, and by that of a block where the plan has no other."""
    chance = random.Random(64)
    plans = (PLAN, replace(PLAN, image_sha256="", blocks=(PlanBlock("A", ((0x1000, 0x1000 + len(IMAGE) - 1),),
                           sha256=hashlib.sha256(IMAGE).hexdigest()),)))  # fmt: skip
    for number in range(64):
        unit, drive = engine()
        flashware = write(plans[number % 2])
        damaged = bytearray(IMAGE)
        if number % 4 == 3:
            del damaged[chance.randrange(1, len(IMAGE)) :]
        else:
            damaged[chance.randrange(len(IMAGE))] ^= 1 << chance.randrange(8)
        Path(flashware.partition("#")[2]).write_bytes(damaged)
        with pytest.raises((PreconditionNotMet, DataInvalid)):
            drive.run(flash(task(flashware)))
        assert {pdu[0] for pdu in unit.seen} <= {0x22}


# -- the policy is obeyed


def heads(unit: Unit) -> list[str]:
    return [pdu.hex() for pdu in unit.seen if pdu[0] in (0x10, 0x27, 0x31, 0x34, 0x11, 0x14, 0x2E)]


def run_with(write: Write, **policy: Any) -> tuple[Unit, Drive]:
    unit, drive = engine()
    blocks = tuple(
        PlanBlock(name, ((start, end),))
        for name, start, end in (("A", 0x1000, 0x10FF), ("B", 0x1100, 0x1000 + len(IMAGE) - 1))
    )
    plan = replace(PLAN, policy=FlashPolicy(reset_time=1.0, **policy), blocks=blocks)
    assert drive.run(flash(task(write(plan)))).result == "flashed"
    assert unit.written == IMAGE
    return unit, drive


def test_erase_scopes_and_forms(write: Write) -> None:
    def erases(**policy: Any) -> list[str]:
        return [head for head in heads(run_with(write, **policy)[0]) if head.startswith("3101ff00")]

    rest = len(IMAGE) - 0x100
    assert erases() == ["3101ff000101", "3101ff000102"]
    by_address = ["3101ff00440000100000000100", f"3101ff004400001100{rest:08x}"]
    assert erases(erase_form="address") == by_address
    assert erases(erase_scope="whole", erase_form="address") == [f"3101ff004400001000{len(IMAGE):08x}"]
    assert erases(erase_scope="whole", erase_form="empty", erase_routine=0xFF00) == ["3101ff00"]
    assert erases(erase_scope="none") == []


def test_checksum_forms_and_algorithms(write: Write) -> None:
    def checks(**policy: Any) -> list[str]:
        return [head for head in heads(run_with(write, **policy)[0]) if head.startswith("31010202")]

    first, crc = IMAGE[:0x100], f"{zlib.crc32(IMAGE[:0x100]):08x}"
    assert checks()[0] == f"3101020201010004{crc}"
    assert checks(checksum_form="value")[0] == f"31010202{crc}"
    assert checks(checksum_form="address", address_format=0x24)[0] == f"31010202{'24000010000100'}{crc}"
    assert checks(checksum_algorithm="SHA256")[0] == f"3101020201010020{hashlib.sha256(first).hexdigest()}"
    assert checks(checksum_algorithm="SUM32")[0] == f"3101020201010004{sum(first):08x}"
    assert checks(checksum_algorithm="CRC16")[0][:16] == "3101020201010002"
    assert checks(checksum_routine=None) == []


def test_known_values_of_the_checksums() -> None:
    from core.catalogue.images import FlashImage, ImageSegment

    parts = FlashImage("x", (ImageSegment(0, b"12345"), ImageSegment(9, b"6789")))
    assert checksum_of("CRC32", parts).hex() == "cbf43926"
    assert checksum_of("CRC16", parts).hex() == "29b1"
    assert checksum_of("SUM32", parts).hex() == f"{sum(b'123456789'):08x}"
    assert checksum_of("SHA256", parts) == hashlib.sha256(b"123456789").digest()


def test_sessions_switches_and_formats(write: Write) -> None:
    unit, drive = run_with(
        write, extended_session=0x43, programming_session=0x42, dtc_setting=False, communication_control=False,
        clear_dtcs=False, keep_alive_interval=1.25, precondition_routine=None, fingerprint_did=None,
        dependency_routine=None, address_format=0x23, security_level=0x05,
    )  # fmt: skip
    sent = heads(unit)
    assert sent[:3] == ["1043", "1042", "2705"]
    assert not any(head.startswith(("14", "2e", "31010203", "3101ff01")) for head in sent)
    assert next(head for head in sent if head.startswith("34")) == "3400230010000100"
    assert drive.functional == ["10c3", "1081"]
    assert [c.interval for c in drive.commands if isinstance(c, KeepAlive) and c.addresses] == [1.25]


def check(preview: FlashPreview, name: str) -> FlashCheck:
    return next(line for line in preview.checks if line.name == name)


def test_the_preview_tells_the_plan_in_words_and_its_gaps(write: Write) -> None:
    _, drive = engine()
    bare = replace(PLAN, software_after="", policy=FlashPolicy(checksum_routine=None), image_sha256="")
    preview = drive.run(flash_preview(task(write(bare))))
    assert check(preview, "proof").ok is None and check(preview, "image").ok is None
    assert any("nothing proves" in line for line in preview.plan)
    assert any("certified EURO 6" in line for line in preview.plan)
    many = tuple(PlanBlock(f"B{n}", ((0x1000 + n, 0x1000 + n),)) for n in range(len(IMAGE)))
    preview = drive.run(flash_preview(task(write(replace(PLAN, blocks=many)))))
    assert check(preview, "layout").ok is False  # 516 blocks do not fit the byte of their number
