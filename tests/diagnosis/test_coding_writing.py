"""Writing of coding records: fingerprint, swallowed writes, endings between two records, what a cancel may cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.catalogue.model import CodingRecord, FlashPolicy, UnitInfo
from core.diagnosis.coding import BackupStore, coding_restore, coding_write
from core.diagnosis.commands import Request, Step, Tell
from core.errors import JobInterrupted, NegativeResponse, NoResponse, ProductError, VciLost, VerificationFailed
from core.events import Noted
from tests.diagnosis.world import ENGINE_ADDRESS, RECORD, VIN, Drive, Unit, known_vehicle, session, unit

MORE = CodingRecord("More", "More", 0x0101, 1, (replace(RECORD.items[0], name="HORN"),), b"\x00")
LAST = CodingRecord("Last", "Last", 0x0102, 1, (replace(RECORD.items[0], name="BELL"),), b"\x00")
ALL = {"DAYLIGHT": "on", "HORN": "on", "BELL": "on"}


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return BackupStore(tmp_path / "coding")


def engine(**dids: bytes) -> tuple[Unit, Drive]:
    scripted = Unit()
    scripted.dids |= {0x0101: b"\x00", 0x0102: b"\x00", **{int(did, 16): data for did, data in dids.items()}}
    return scripted, Drive({ENGINE_ADDRESS: scripted})


def three_records(**more: Any) -> UnitInfo:
    return unit(coding=(RECORD, MORE, LAST), **more)


def write(drive: Drive, store: BackupStore, changes: Mapping[str, str], **vehicle: Any) -> Any:
    return drive.run(coding_write(known_vehicle(**vehicle), "ENGINE", changes, store))


def writes(scripted: Unit) -> list[str]:
    return [pdu.hex() for pdu in scripted.seen if pdu[0] == 0x2E]


def notes(drive: Drive) -> list[str]:
    return [c.event.text for c in drive.commands if isinstance(c, Tell) and isinstance(c.event, Noted)]


# -- fingerprint


def test_the_fingerprint_is_written_before_the_record(store: BackupStore) -> None:
    scripted, drive = engine(F15A=b"\xff" * 9)
    write(drive, store, {"DAYLIGHT": "on"})
    mark, record = writes(scripted)
    assert mark == "2ef15a" + "231114" + b"PASSBA".hex()  # the driver's clock stands at 2023-11-14
    assert record == "2e01000164"


@pytest.mark.parametrize(("there", "length"), [(b"", 9), (b"\xff" * 4, 4), (b"\xff" * 12, 12)])
def test_its_length_is_the_units(store: BackupStore, there: bytes, length: int) -> None:
    scripted, drive = engine(F15A=there)
    write(drive, store, {"DAYLIGHT": "on"})
    assert len(scripted.dids[0xF15A]) == length


def test_the_flash_policy_names_its_did(store: BackupStore) -> None:
    scripted, drive = engine(F198=b"\x00" * 9, F15A=b"\xff" * 9)
    write(drive, store, {"DAYLIGHT": "on"}, sessions=(session(policy=FlashPolicy(fingerprint_did=0xF198)),))
    assert [pdu[:6] for pdu in writes(scripted)] == ["2ef198", "2e0100"]
    scripted, drive = engine(F15A=b"\xff" * 9)
    write(drive, store, {"DAYLIGHT": "on"}, sessions=(session(policy=FlashPolicy(fingerprint_did=None)),))
    assert writes(scripted) == ["2e01000164"]


def test_a_unit_that_refuses_it_is_coded_all_the_same(store: BackupStore) -> None:
    scripted, drive = engine(F15A=b"\xff" * 9)
    scripted.intercept = lambda pdu: b"\x7f\x2e\x31" if pdu[:3] == b"\x2e\xf1\x5a" else None
    assert write(drive, store, {"DAYLIGHT": "on"}).verified
    assert scripted.dids[0x0100] == b"\x01\x64"
    assert any("keeps no fingerprint" in note for note in notes(drive))


def test_session_and_security_are_asked_once_for_records_that_share_them(store: BackupStore) -> None:
    scripted, drive = engine()
    write(drive, store, ALL, units=(three_records(),))
    assert [pdu[0] for pdu in scripted.seen].count(0x27) == 2
    assert len(writes(scripted)) == 3


# -- swallowed writes


def test_a_swallowed_write_is_named(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: b"\x6e" + pdu[1:3] if pdu[0] == 0x2E else None
    with pytest.raises(VerificationFailed, match=r"The write of Lights was swallowed: ENGINE or a gateway") as failure:
        write(drive, store, {"DAYLIGHT": "on"})
    assert "DAYLIGHT reads 'off' instead of 'on'" in failure.value.message
    assert failure.value.advice.startswith("Lights is as it was.")
    (state,), _ = store.history(VIN, "ENGINE")
    assert state.outcome.startswith("failed: The write of Lights was swallowed")


def test_what_was_written_beside_a_swallowed_write_is_named_too(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: b"\x6e" + pdu[1:3] if pdu[:3] == b"\x2e\x01\x01" else None
    with pytest.raises(VerificationFailed, match="The write of More was swallowed") as failure:
        write(drive, store, ALL, units=(three_records(),))
    assert "Written and read back: Lights, Last; restore it from" in failure.value.advice


# -- endings between


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (NegativeResponse("no", sid=0x2E, nrc=0x72), False),
        (NoResponse("silent", timer="P2"), True),
        (VciLost("gone"), True),
    ],
)
def test_a_coding_that_ends_between_two_records_says_which_are_written(
    store: BackupStore, error: ProductError, unknown: bool
) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: error if pdu[:3] == b"\x2e\x01\x01" else None
    with pytest.raises(JobInterrupted, match=r"Written: Lights\.") as ending:
        write(drive, store, ALL, units=(three_records(),))
    words = ending.value.message
    if unknown:
        assert "Not known whether written: More. Not written: Last." in words
    else:
        assert "Not written: More, Last." in words and "Not known" not in words
    assert "Restore the coding of ENGINE as it was" in ending.value.advice
    assert ending.value.step == "write"
    scripted.intercept = lambda pdu: None
    result = drive.run(coding_restore(known_vehicle(units=(three_records(),)), "ENGINE", store))
    assert (scripted.dids[0x0100], result.verified) == (b"\x00\x64", True)


def test_one_record_without_an_answer_is_not_known_to_be_written(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: NoResponse("silent", timer="P2") if pdu[0] == 0x2E else None
    with pytest.raises(JobInterrupted, match=r"Written: none\. Not known whether written: Lights\."):
        write(drive, store, {"DAYLIGHT": "on"})


def test_a_refusal_before_anything_was_written_is_no_interruption(store: BackupStore) -> None:
    scripted, drive = engine()
    scripted.intercept = lambda pdu: b"\x7f\x2e\x22" if pdu[0] == 0x2E else None
    with pytest.raises(NegativeResponse):
        write(drive, store, ALL, units=(three_records(),))
    (state,), _ = store.history(VIN)
    assert state.outcome.startswith("failed: ")


def test_a_cancel_waits_from_the_first_write_to_the_comparison(store: BackupStore) -> None:
    """The runner cancels at no command of a protected step (core/diagnosis/runner)."""
    _, drive = engine()
    write(drive, store, ALL, units=(three_records(),))
    step, protected = Step("", ""), {}
    for command in drive.commands:
        if isinstance(command, Step):
            step = command
        elif isinstance(command, Request):
            protected[command.pdu.hex()[:6]] = step.protected
    assert all(protected[pdu] for pdu in ("2e0100", "2e0101", "2e0102", "1001"))
    assert not any(protected[pdu] for pdu in ("1003", "2701"))
    last = [command for command in drive.commands if isinstance(command, Step)][-1]
    assert (last.name, last.protected) == ("verify", True)


def test_an_outcome_that_cannot_be_noted_is_only_told(store: BackupStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.errors import StorageFailed

    def full(*_: object) -> None:
        raise StorageFailed("The disk is full.")

    scripted, drive = engine()
    monkeypatch.setattr(BackupStore, "note_outcome", full)
    assert write(drive, store, {"DAYLIGHT": "on"}).verified
    assert "The disk is full. The before-image itself is kept." in notes(drive)
    assert scripted.dids[0x0100] == b"\x01\x64"
