"""Coding files: written and read, damaged and foreign ones refused, loaded, compared; whole vehicles."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.model import CodingRecord, UnitInfo
from core.diagnosis.coding import (
    BackupStore,
    coding_diff,
    coding_export,
    coding_load,
    coding_restore,
    coding_write,
    file_diff,
    load_preview,
    side_of,
    vehicle_restore,
)
from core.diagnosis.coding.files import ChangeNote, CodingFile, RecordCoding, UnitCoding, parse, to_bytes
from core.diagnosis.commands import Tell
from core.errors import (
    DataInvalid,
    DataMissing,
    JobInterrupted,
    NoResponse,
    PreconditionNotMet,
    StorageFailed,
    UsageError,
    ValueRefused,
    VciLost,
)
from core.events import Noted
from core.vocabulary import CanAddress, CodingChange, EuroClass
from tests.diagnosis.world import ENGINE_ADDRESS, RECORD, VIN, Drive, Unit, known_vehicle, unit

BODY_ADDRESS = CanAddress(0x7E4, 0x7EC)
UNITS = (unit(), unit("BODY", BODY_ADDRESS), unit("RADIO", CanAddress(0x7E5, 0x7ED), coding=()))


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "coding", "meister")


def car() -> tuple[Unit, Unit, Drive]:
    engine, body = Unit(), Unit()
    return engine, body, Drive({ENGINE_ADDRESS: engine, BODY_ADDRESS: body})


def vehicle(**more: Any) -> Any:
    return known_vehicle(**({"units": UNITS} | more))


def exported(drive: Drive, store: BackupStore, path: Path, *names: str, **more: Any) -> Path:
    return Path(drive.run(coding_export(vehicle(**more), names, path, store)).file)


def writes(scripted: Unit) -> list[str]:
    return [pdu.hex() for pdu in scripted.seen if pdu[0] == 0x2E]


def notes(drive: Drive) -> list[str]:
    return [c.event.text for c in drive.commands if isinstance(c, Tell) and isinstance(c.event, Noted)]


# -- the file


names = st.text(max_size=12)
units = st.builds(
    UnitCoding, names, st.lists(
        st.builds(RecordCoding, names, st.integers(0, 0xFFFF), st.binary(max_size=9),
                  st.dictionaries(names, names, max_size=3).map(lambda d: tuple(d.items()))),
        max_size=3, unique_by=lambda record: record.name).map(tuple), names, names, names,
)  # fmt: skip
changes = st.none() | st.builds(
    ChangeNote, names, st.lists(st.builds(CodingChange, names, names, names), max_size=2).map(tuple), names, names
)
files = st.builds(
    CodingFile, names, st.floats(0, 2e9), st.lists(units, max_size=3, unique_by=lambda u: u.unit.casefold()).map(tuple),
    names, names, changes,
)  # fmt: skip


@given(files)
def test_what_is_written_is_read(file: CodingFile) -> None:
    assert parse(to_bytes(file), "x") == file


def test_the_file_says_what_it_holds(store: BackupStore, tmp_path: Path) -> None:
    _, _, drive = car()
    content = json.loads(exported(drive, store, tmp_path / "engine.json", "engine").read_text())
    assert (content["format"], content["vin"], content["vehicle"], content["by"]) == (
        "passbay-coding-2", VIN, "test-car", "meister",
    )  # fmt: skip
    (part,) = content["units"]
    assert (part["unit"], part["hardware"], part["software"], part["variant"]) == ("ENGINE", "HW-1", "01.00", "APPL")
    assert part["records"] == [
        {"name": "Lights", "did": "0100", "bytes": "00 64", "meanings": {"DAYLIGHT": "off", "LIMIT": "100"}}
    ]


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_an_edited_file_is_refused(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    changed(path, lambda content: content["units"][0]["records"][0].update(bytes="01 64"))
    with pytest.raises(DataInvalid, match="damaged or edited"):
        drive.run(coding_load(vehicle(), "ENGINE", path, store))
    assert writes(engine) == []


@pytest.mark.parametrize("position", range(0, 400, 7))
def test_a_damaged_file_is_refused(store: BackupStore, tmp_path: Path, position: int) -> None:
    _, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    before = store.load(path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= 0x04
    path.write_bytes(bytes(data))
    try:
        assert store.load(path) == before  # white space between the members holds nothing
    except DataInvalid:
        return


def test_before_images_of_the_first_format_are_still_restored(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    old = {
        "format": "passbay-coding-1", "vin": VIN, "unit": "ENGINE", "at": 1.5,
        "records": [{"name": "Lights", "did": "0100", "bytes": "0114"}], "meanings": {"DAYLIGHT": "on", "LIMIT": "20"},
    }  # fmt: skip
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old))
    drive.run(coding_restore(vehicle(), "ENGINE", store, path))
    assert engine.dids[0x0100] == b"\x01\x14"


# -- loading


def test_a_file_is_loaded_with_before_image_and_read_back(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    engine.dids[0x0100] = b"\x01\x14"
    found = drive.run(load_preview(vehicle(), "ENGINE", path, store))
    assert [(d.item, d.left, d.right) for d in found.differences] == [
        ("DAYLIGHT", "on", "off"), ("LIMIT", "20", "100"),
    ]  # fmt: skip
    assert writes(engine) == []
    result = drive.run(coding_load(vehicle(), "engine", path, store, order="A-1"))
    assert (result.verified, engine.dids[0x0100]) == (True, b"\x00\x64")
    (state,), _ = store.history(VIN, "ENGINE")
    assert (state.reason, state.order, state.by, state.outcome) == ("load", "A-1", "meister", "verified")
    assert state.records == (("Lights", 0x0100, b"\x01\x14"),)


def other_hardware(engine: Unit) -> None:
    engine.dids[0xF191] = b"HW-2"


def other_variant(engine: Unit) -> None:
    engine.dids[0xF100] = b"\x02"


@pytest.mark.parametrize(
    ("prepare", "units", "words"),
    [
        (other_hardware, UNITS, "is for hardware HW-1; ENGINE has HW-2"),
        (other_variant, UNITS, "is for variant APPL; ENGINE has BOOT"),
        (None, (unit(coding=(replace(RECORD, did=0x0105),)),), "another one today"),
        (None, (unit(coding=(replace(RECORD, name="Other"),)),), "another one today"),
    ],
)
def test_a_file_of_another_unit_is_refused(
    store: BackupStore, tmp_path: Path, prepare: Callable[[Unit], None] | None, units: tuple[UnitInfo, ...], words: str
) -> None:
    engine, _, drive = car()
    engine.dids[0x0105] = b"\x00\x64"
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    if prepare is not None:
        prepare(engine)
    for job in (load_preview, coding_load, coding_restore):
        with pytest.raises(PreconditionNotMet, match=words):
            arguments = (path, store) if job is not coding_restore else (store, path)
            drive.run(job(vehicle(units=units), "ENGINE", *arguments))  # type: ignore[operator]
    assert writes(engine) == []


def test_another_vehicles_file_is_loaded_only_when_that_is_meant(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    engine.dids[0x0100] = b"\x01\x14"
    here = replace(vehicle(), vin="XPBTS000000000002")
    with pytest.raises(PreconditionNotMet, match=f"of vehicle {VIN}"):
        drive.run(coding_load(here, "ENGINE", path, store))
    assert drive.run(load_preview(here, "ENGINE", path, store, other_vehicle=True)).differences
    assert drive.run(coding_load(here, "ENGINE", path, store, other_vehicle=True)).verified


def test_the_wrong_unit_is_named(store: BackupStore, tmp_path: Path) -> None:
    _, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    with pytest.raises(PreconditionNotMet, match=r"holds the coding of ENGINE in vehicle .*, not of BODY"):
        drive.run(coding_load(vehicle(), "BODY", path, store))


def foreign(store: BackupStore, path: Path, data: bytes) -> Path:
    """A file with a right hash that this car never wrote."""
    store.write(path, CodingFile(VIN, 1.0, (UnitCoding("ENGINE", (RecordCoding("Lights", 0x0100, data),)),)))
    return path


def test_values_out_of_range_are_refused(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = foreign(store, tmp_path / "f.json", b"\x00\xfb")  # 251 of at most 250 km/h
    with pytest.raises(ValueRefused, match="LIMIT cannot be '251'"):
        drive.run(coding_load(vehicle(), "ENGINE", path, store))
    assert writes(engine) == []
    engine.dids[0x0100] = b"\x01\xfb"  # the car has it already: then it may stay
    assert drive.run(coding_load(vehicle(), "ENGINE", path, store)).verified


def test_a_restore_may_bring_back_what_the_data_does_not_know(store: BackupStore) -> None:
    engine, _, drive = car()
    engine.dids[0x0100] = b"\x00\xfb"
    result = drive.run(coding_write(vehicle(), "ENGINE", {"LIMIT": "100"}, store))
    drive.run(coding_restore(vehicle(), "ENGINE", store, Path(result.backup)))
    assert engine.dids[0x0100] == b"\x00\xfb"


def test_newer_software_and_left_out_records_are_warnings(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    engine.dids |= {0xF195: b"02.00", 0x0101: b"\x00", 0x0100: b"\x01\x64"}
    more = CodingRecord("More", "More", 0x0101, 1, (replace(RECORD.items[0], name="HORN"),), b"\x00")
    drive.run(coding_load(vehicle(units=(unit(coding=(RECORD, more)),)), "ENGINE", path, store))
    assert any("software 01.00 of ENGINE, which has 02.00 now" in note for note in notes(drive))
    assert any("says nothing of More" in note for note in notes(drive))
    assert writes(engine) == ["2e01000064"]


def test_a_vehicle_that_is_not_covered_is_not_loaded(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    engine.dids[0x0100] = b"\x01\x14"
    old = vehicle(euro_class=EuroClass.BEFORE_EURO_5)
    for job in (coding_load(old, "ENGINE", path, store), vehicle_restore(old, path, (), store)):
        with pytest.raises(PreconditionNotMet, match="full diagnosis kit"):
            drive.run(job)
    assert writes(engine) == []


# -- comparing


def test_the_car_the_factory_and_a_file_are_compared(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")

    def differs(left: str, right: str) -> list[tuple[str, str, str]]:
        found = drive.run(coding_diff(vehicle(), "ENGINE", side_of(left), side_of(right), store))
        return [(d.item, d.left, d.right) for d in found.differences]

    assert differs("car", "Factory") == [("DAYLIGHT", "off", "on"), ("LIMIT", "100", "120")]
    assert differs("car", str(path)) == [] == differs("car", "car")
    engine.dids[0x0100] = b"\x01\x64"
    assert differs(str(path), "car") == [("DAYLIGHT", "off", "on")]
    assert differs(str(path), "factory") == [("DAYLIGHT", "off", "on"), ("LIMIT", "100", "120")]
    with pytest.raises(UsageError):
        side_of(" ")


def test_bits_without_a_name_are_told_apart_from_the_same(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    path = exported(drive, store, tmp_path / "engine.json", "ENGINE")
    engine.dids[0x0100] = b"\x80\x64"
    found = drive.run(coding_diff(vehicle(), "ENGINE", "car", str(path), store))
    assert (found.differences, found.bits, found.same) == ((), ("ENGINE Lights",), False)


def test_a_factory_that_is_known_in_part_is_silent_on_the_rest(store: BackupStore) -> None:
    _, _, drive = car()
    items = (RECORD.items[0], replace(RECORD.items[1], factory=None))
    half = vehicle(units=(unit(coding=(replace(RECORD, factory=b"", items=items),)),))
    found = drive.run(coding_diff(half, "ENGINE", "car", "factory", store))
    assert [(d.item, d.left, d.right) for d in found.differences] == [("DAYLIGHT", "off", "on")]


def test_two_files_are_compared_without_a_car(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    one = exported(drive, store, tmp_path / "one.json")
    engine.dids[0x0100] = b"\x01\x64"
    two = exported(drive, store, tmp_path / "two.json", "ENGINE")
    found = file_diff(one, two, store)
    assert [(d.unit, d.item, d.left, d.right) for d in found.differences] == [("ENGINE", "DAYLIGHT", "off", "on")]
    assert found.missing == ("BODY",)
    assert file_diff(one, two, store, "engine").missing == ()
    with pytest.raises(PreconditionNotMet):
        file_diff(one, two, store, "BODY")


# -- the whole vehicle


def test_a_vehicle_is_kept_and_brought_back(store: BackupStore) -> None:
    engine, body, drive = car()
    kept = drive.run(coding_export(vehicle(), (), None, store))
    assert (kept.units, kept.failed) == (("ENGINE", "BODY"), ())
    assert Path(kept.file).parent.name == VIN
    engine.dids[0x0100] = body.dids[0x0100] = b"\x01\x14"
    result = drive.run(vehicle_restore(vehicle(), Path(kept.file), (), store))
    assert [part.unit for part in result.results] == ["ENGINE", "BODY"]
    assert engine.dids[0x0100] == body.dids[0x0100] == b"\x00\x64"
    states, _ = store.history(VIN)
    assert [(state.unit, state.outcome) for state in states] == [("ENGINE", "verified"), ("BODY", "verified")]


def test_one_unit_is_brought_back_from_the_file_of_all(store: BackupStore, tmp_path: Path) -> None:
    engine, body, drive = car()
    path = exported(drive, store, tmp_path / "all.json")
    engine.dids[0x0100] = body.dids[0x0100] = b"\x01\x14"
    drive.run(vehicle_restore(vehicle(), path, ("body",), store))
    assert (engine.dids[0x0100], body.dids[0x0100]) == (b"\x01\x14", b"\x00\x64")
    for wrong, error in (("RADIO", DataMissing), ("NOTHING", DataMissing)):
        with pytest.raises(error):
            drive.run(vehicle_restore(vehicle(), path, ("ENGINE", wrong), store))
    assert engine.dids[0x0100] == b"\x01\x14", "a wrong name is told before anything is written"


def test_a_unit_that_fails_does_not_keep_the_next_from_being_restored(store: BackupStore, tmp_path: Path) -> None:
    engine, body, drive = car()
    path = exported(drive, store, tmp_path / "all.json")
    engine.dids[0x0100] = body.dids[0x0100] = b"\x01\x14"
    engine.intercept = lambda pdu: NoResponse("silent", timer="P2")
    result = drive.run(vehicle_restore(vehicle(), path, (), store))
    assert ([part.unit for part in result.results], body.dids[0x0100]) == (["BODY"], b"\x00\x64")
    assert [unit for unit, _ in result.failed] == ["ENGINE"] and "silent" in result.failed[0][1]
    body.intercept = engine.intercept
    with pytest.raises(JobInterrupted, match=r"No unit was restored\. ENGINE: silent"):
        drive.run(vehicle_restore(vehicle(), path, (), store))
    with pytest.raises(DataMissing, match="No unit could be read"):
        exported(drive, store, tmp_path / "none.json")


def test_a_lost_device_ends_it_for_all(store: BackupStore, tmp_path: Path) -> None:
    engine, body, drive = car()
    path = exported(drive, store, tmp_path / "all.json")
    body.seen.clear()
    engine.intercept = lambda pdu: VciLost("gone")
    with pytest.raises(VciLost):
        drive.run(vehicle_restore(vehicle(), path, (), store))
    assert body.seen == []


def test_a_full_disk_ends_it_and_names_who_nobody_came_to(
    store: BackupStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, body, drive = car()
    path = exported(drive, store, tmp_path / "all.json")
    body.dids[0x0100] = engine.dids[0x0100] = b"\x01\x14"
    drive.run(coding_restore(vehicle(), "ENGINE", store, path))

    def full(*_: object) -> None:
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(BackupStore, "save", full)
    result = drive.run(vehicle_restore(vehicle(), path, (), store))
    assert [part.unit for part in result.results] == ["ENGINE"]
    assert [unit for unit, _ in result.failed] == ["BODY"] and body.dids[0x0100] == b"\x01\x14"


def test_a_unit_that_cannot_be_read_is_named_in_the_backup(store: BackupStore, tmp_path: Path) -> None:
    engine, _, drive = car()
    engine.intercept = lambda pdu: NoResponse("silent", timer="P2")
    kept = drive.run(coding_export(vehicle(), (), tmp_path / "all.json", store))
    assert (kept.units, kept.failed) == (("BODY",), (("ENGINE", "silent"),))
    with pytest.raises(NoResponse):
        drive.run(coding_export(vehicle(), ("ENGINE",), tmp_path / "one.json", store))
    with pytest.raises(DataMissing, match="no coding for any unit"):
        drive.run(coding_export(vehicle(units=(UNITS[2],)), (), None, store))


# -- kept states


def test_states_are_listed_in_time_with_who_and_what(store: BackupStore) -> None:
    _, body, drive = car()
    drive.run(coding_write(vehicle(), "ENGINE", {"DAYLIGHT": "on"}, store, "A-1"))
    drive.run(coding_write(vehicle(), "BODY", {"LIMIT": "80"}, store))
    drive.run(coding_restore(vehicle(), "BODY", store))
    states, problems = store.history(VIN)
    assert problems == ()
    assert [(s.unit, s.reason, s.order, s.by) for s in states] == [
        ("ENGINE", "set", "A-1", "meister"), ("BODY", "set", "", "meister"), ("BODY", "restore", "", "meister"),
    ]  # fmt: skip
    assert states[1].changes == (CodingChange("LIMIT", "100", "80"),)
    assert dict(states[2].meanings)["LIMIT"] == "80"
    assert [s.at for s in states] == sorted(s.at for s in states)
    drive.run(coding_restore(vehicle(), "BODY", store, Path(states[2].file)))
    assert body.dids[0x0100] == b"\x00\x50"
    assert store.history("OTHER") == ((), ())


def test_a_damaged_state_hides_no_other(store: BackupStore) -> None:
    _, _, drive = car()
    result = drive.run(coding_write(vehicle(), "ENGINE", {"DAYLIGHT": "on"}, store))
    drive.run(coding_write(vehicle(), "ENGINE", {"LIMIT": "80"}, store))
    Path(result.backup).write_bytes(b"{")
    states, problems = store.history(VIN, "ENGINE")
    assert ([dict(s.meanings)["DAYLIGHT"] for s in states], [p.file for p in problems]) == (["on"], [result.backup])


def test_two_states_of_one_moment_are_both_kept(store: BackupStore) -> None:
    file = CodingFile(VIN, 5.0, (UnitCoding("ENGINE", ()),), change=ChangeNote("set"))
    first, second = store.save(file), store.save(file)
    assert first != second and store.newest(VIN, "ENGINE") == second
    store.note_outcome(first, "verified")
    states, _ = store.history(VIN)
    assert sorted(s.outcome for s in states) == ["", "verified"]
