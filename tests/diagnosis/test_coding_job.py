"""The coding job against a scripted unit: read, change by name, verify, before-image, restore, refusals. No bus."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.catalogue.model import CodingRecord
from core.diagnosis.coding import BackupStore, coding_read, coding_restore, coding_write
from core.diagnosis.coding.files import CodingFile, RecordCoding, UnitCoding
from core.errors import (
    DataInvalid,
    DataMissing,
    JobInterrupted,
    NegativeResponse,
    NoResponse,
    PreconditionNotMet,
    StorageFailed,
    ValueRefused,
    VerificationFailed,
)
from core.vocabulary import EuroClass
from tests.diagnosis.world import ENGINE_ADDRESS, RECORD, VIN, Drive, Unit, known_vehicle, unit


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "coding", "meister")


def engine() -> tuple[Unit, Drive]:
    scripted = Unit()
    return scripted, Drive({ENGINE_ADDRESS: scripted})


def write(drive: Drive, store: BackupStore, changes: Mapping[str, str], **vehicle: Any) -> Any:
    return drive.run(coding_write(known_vehicle(**vehicle), "ENGINE", changes, store))


def writes(scripted: Unit) -> list[str]:
    return [pdu.hex() for pdu in scripted.seen if pdu[0] == 0x2E]


def test_read_shows_now_factory_and_choices(store: BackupStore) -> None:
    _, drive = engine()
    state = drive.run(coding_read(known_vehicle(), "engine", store))
    assert [(i.name, i.now, i.factory, i.choices) for i in state.items] == [
        ("DAYLIGHT", "off", "on", ("off", "on")),
        ("LIMIT", "100", "120", ()),
    ]
    assert (state.records, state.backup) == ((("Lights", 0x0100, b"\x00\x64"),), "")


def test_a_change_is_written_read_back_and_kept(store: BackupStore) -> None:
    scripted, drive = engine()
    result = write(drive, store, {"daylight": "ON"})
    assert [(c.name, c.before, c.after) for c in result.changes] == [("DAYLIGHT", "off", "on")]
    assert result.records == (("Lights", 0x0100, b"\x00\x64", b"\x01\x64"),)
    assert result.verified
    assert writes(scripted) == ["2e01000164"]
    order = [pdu[0] for pdu in scripted.seen]
    assert order[0] == 0x22
    assert order[-7:] == [0x10, 0x27, 0x27, 0x22, 0x2E, 0x10, 0x22]
    assert scripted.seen[-2] == b"\x10\x01"
    assert not drive.keeps_alive
    kept = json.loads(Path(result.backup).read_text())
    (part,) = kept["units"]
    assert (kept["vin"], kept["by"], part["unit"], part["hardware"]) == (VIN, "meister", "ENGINE", "HW-1")
    assert (part["software"], part["variant"]) == ("01.00", "APPL")
    (record,) = part["records"]
    assert (record["did"], record["bytes"]) == ("0100", "00 64")
    assert record["meanings"] == {"DAYLIGHT": "off", "LIMIT": "100"}
    change = {"item": "DAYLIGHT", "before": "off", "after": "on"}
    assert kept["change"] == {"reason": "set", "order": "", "outcome": "verified", "changes": [change]}


def test_restore_brings_the_newest_before_image_back(store: BackupStore) -> None:
    scripted, drive = engine()
    first = write(drive, store, {"DAYLIGHT": "on"})
    write(drive, store, {"LIMIT": "80"})
    result = drive.run(coding_restore(known_vehicle(), "ENGINE", store))
    assert scripted.dids[0x0100] == b"\x01\x64"
    assert [(c.name, c.after) for c in result.changes] == [("LIMIT", "100")]
    result = drive.run(coding_restore(known_vehicle(), "ENGINE", store, Path(first.backup)))
    assert scripted.dids[0x0100] == b"\x00\x64"


def test_nothing_to_change_writes_nothing(store: BackupStore) -> None:
    scripted, drive = engine()
    result = write(drive, store, {"DAYLIGHT": "off"})
    assert (result.changes, writes(scripted), result.backup) == ((), [], "")


@pytest.mark.parametrize(
    "changes", [{}, {"DAYLIGHT": "blue"}, {"LIMIT": "251"}, {"LIMIT": "fast"}, {"NOTHING": "on"}, {"DAYLIGHT": ""}]
)
def test_values_are_refused_before_a_request_goes_out(store: BackupStore, changes: dict[str, str]) -> None:
    scripted, drive = engine()
    with pytest.raises(ValueRefused) as refusal:
        write(drive, store, changes)
    assert scripted.seen == []
    assert refusal.value.advice


def test_one_bad_value_among_good_ones_writes_nothing(store: BackupStore) -> None:
    scripted, drive = engine()
    with pytest.raises(ValueRefused):
        write(drive, store, {"DAYLIGHT": "on", "LIMIT": "9999"})
    assert scripted.seen == []


@pytest.mark.parametrize("euro", [EuroClass.BEFORE_EURO_5, EuroClass.UNKNOWN])
def test_vehicles_that_are_not_covered_are_refused(store: BackupStore, euro: EuroClass) -> None:
    scripted, drive = engine()
    with pytest.raises(PreconditionNotMet, match="full diagnosis kit"):
        write(drive, store, {"DAYLIGHT": "on"}, euro_class=euro)
    assert scripted.seen == []


def test_an_unknown_vehicle_is_read_but_not_changed(store: BackupStore) -> None:
    _, drive = engine()
    vehicle = replace(known_vehicle(), info=None)
    assert drive.run(coding_read(vehicle, "ENGINE", store)).items
    with pytest.raises(DataMissing):
        drive.run(coding_write(vehicle, "ENGINE", {"DAYLIGHT": "on"}, store))


def test_a_unit_without_coding_data_is_named(store: BackupStore) -> None:
    _, drive = engine()
    with pytest.raises(DataMissing, match="no coding for ENGINE"):
        drive.run(coding_read(known_vehicle(units=(unit(coding=()),)), "ENGINE", store))


def test_what_does_not_read_back_is_not_called_done(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: b"\x6e\x01\x00" if _spoils(scripted, pdu) else None
    with pytest.raises(VerificationFailed, match="DAYLIGHT reads 'off' instead of 'on'") as failure:
        write(drive, store, {"DAYLIGHT": "on"})
    assert str(store.newest(VIN, "ENGINE")) in failure.value.advice


def _spoils(scripted: Unit, pdu: bytes) -> bool:
    """A unit that stores something else than what it was told."""
    if pdu[0] == 0x2E:
        scripted.dids[0x0100] = b"\x00\x63"
    return pdu[0] == 0x2E


def test_a_refused_write_leaves_the_session_and_keeps_its_reason(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: b"\x7f\x2e\x31" if pdu[0] == 0x2E else None
    with pytest.raises(NegativeResponse):
        write(drive, store, {"DAYLIGHT": "on"})
    assert scripted.seen[-1] == b"\x10\x01"
    assert not drive.keeps_alive


def test_the_first_error_survives_a_silent_unit(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: (
        b"\x7f\x2e\x31" if pdu[0] == 0x2E else NoResponse("dead", timer="P2") if pdu == b"\x10\x01" else None
    )
    with pytest.raises(NegativeResponse):
        write(drive, store, {"DAYLIGHT": "on"})


def test_half_written_coding_says_how_to_go_back(store: BackupStore) -> None:
    second = CodingRecord("More", "More", 0x0101, 1, (replace(RECORD.items[0], name="HORN"),), b"\x00")
    scripted, drive = engine()
    scripted.dids[0x0101] = b"\x00"
    scripted.intercept = lambda pdu: b"\x7f\x2e\x72" if pdu[:3] == b"\x2e\x01\x01" else None
    with pytest.raises(JobInterrupted) as ending:
        write(drive, store, {"DAYLIGHT": "on", "HORN": "on"}, units=(unit(coding=(RECORD, second)),))
    assert "Restore" in ending.value.advice
    scripted.intercept = lambda pdu: None
    vehicle = known_vehicle(units=(unit(coding=(RECORD, second)),))
    drive.run(coding_restore(vehicle, "ENGINE", store))
    assert scripted.dids[0x0100] == b"\x00\x64"


def test_a_record_of_another_length_is_another_unit(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.dids[0x0100] = b"\x00\x64\x00"
    with pytest.raises(DataInvalid):
        write(drive, store, {"DAYLIGHT": "on"})
    assert writes(scripted) == []


def test_records_that_only_the_session_shows_are_read_there(store: BackupStore) -> None:
    scripted, drive = engine()
    session = 1

    def intercept(pdu: bytes) -> bytes | None:
        nonlocal session
        if pdu[0] == 0x10:
            session = pdu[1]
        return b"\x7f\x22\x7f" if pdu == b"\x22\x01\x00" and session == 1 else None

    scripted.intercept = intercept
    assert drive.run(coding_read(known_vehicle(), "ENGINE", store)).items[0].now == "off"
    assert scripted.seen[-1] == b"\x10\x01"


# -- before-images


def image(vin: str, ecu: str, at: float) -> CodingFile:
    return CodingFile(vin, at, (UnitCoding(ecu, (RecordCoding("Lights", 0x0100, b"\x01\x01"),)),))


def test_a_disk_that_keeps_nothing_stops_the_write(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    scripted, drive = engine()
    with pytest.raises(StorageFailed):
        write(drive, BackupStore(blocked), {"DAYLIGHT": "on"})
    assert writes(scripted) == []


def test_another_vehicles_before_image_is_refused(store: BackupStore) -> None:
    path = store.save(image("OTHER", "ENGINE", 1.0))
    _, drive = engine()
    with pytest.raises(PreconditionNotMet, match="OTHER"):
        drive.run(coding_restore(known_vehicle(), "ENGINE", store, path))


def test_without_a_before_image_there_is_nothing_to_restore(store: BackupStore) -> None:
    _, drive = engine()
    with pytest.raises(DataMissing, match="No coding of ENGINE was kept"):
        drive.run(coding_restore(known_vehicle(), "ENGINE", store))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"format": "passbay-coding-1"}', b"[" * 100_000, b"x" * (5 << 20),
     b'{"format": "passbay-coding-1", "vin": 1, "unit": "E", "at": "x", "records": []}',
     b'{"format": "passbay-coding-1", "vin": "", "unit": "", "at": 1, "records": [{"name":"a","did":"z","bytes":""}]}'],
)  # fmt: skip
def test_a_damaged_before_image_is_named(store: BackupStore, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(DataInvalid) as failure:
        store.load(path)
    assert failure.value.file == str(path)


def test_a_vin_from_the_bus_chooses_no_folder(store: BackupStore, tmp_path: Path) -> None:
    path = store.save(image("../../../etc", "..", 1.0))
    assert path.resolve().is_relative_to((tmp_path / "coding").resolve())
    assert store.newest("../../../etc", "..") == path


def test_newest_is_by_time(store: BackupStore) -> None:
    paths = [store.save(image(VIN, "ENGINE", at)) for at in (5.0, 1_000_000_000.0, 2.5)]
    assert store.newest(VIN, "ENGINE") == paths[1]
    assert [path.suffix for path in paths[0].parent.iterdir()] == [".json"] * 3
