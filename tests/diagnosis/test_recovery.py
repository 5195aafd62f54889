"""What the journal says after an interruption, and how a flash goes on from there; against scripted units, no bus."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalogue.images import FlashImage, ImageSegment
from core.catalogue.model import FlashPolicy
from core.diagnosis.commands import Command, Progress, Record, Request, Tell
from core.diagnosis.flash import FlashTask, flash, recover
from core.diagnosis.flash.marks import RESUME_ALIGNMENT, remaining
from core.diagnosis.journal import Journal, JournalFolder, left_in_programming, unfinished
from core.diagnosis.survey import survey
from core.errors import DataMissing, JobInterrupted, NoResponse, ProductError, StorageFailed
from core.vocabulary import Interrupted, UnitState
from tests.diagnosis.world import ENGINE_ADDRESS, IMAGE, VIN, Drive, Unit, known_vehicle, no_file, session

RESUMING = FlashPolicy(reset_time=1.0, resume=True)


class Journaled(Drive):
    """A Drive whose records, steps and progress reach a journal, as the runner would have it."""

    journal: Journal

    def _perform(self, command: Command) -> Any:
        if isinstance(command, Record):
            self.journal.record("flash-1", command.event, command.fields)
            return None
        if isinstance(command, Progress):
            self.journal.progress(command.done, command.total)
        return super()._perform(command)


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder(tmp_path)


def vehicle_with(policy: FlashPolicy = RESUMING) -> Any:
    return known_vehicle(sessions=(session(policy=policy),))


class Killed(BaseException):
    """The tester is gone."""


def cut(folder: JournalFolder, unit: Unit, job: Any, pieces: int) -> None:
    """Runs `job` until its tester dies after `pieces` blocks were acknowledged: nothing more is written or sent."""
    drive = Journaled({ENGINE_ADDRESS: unit})
    drive.journal = Journal(folder, kind="flash", vci="sim:car", clock=iter(range(10**6)).__next__)

    def die(command: Command) -> ProductError | None:
        sent = sum(isinstance(c, Request) and c.pdu[0] == 0x36 for c in drive.commands)
        if isinstance(command, Request) and (sent > pieces or command.pdu[:4] == CHECKSUM):
            raise Killed
        return None

    drive.before = die
    with pytest.raises(Killed):
        drive.run(job)
    drive.journal._lock.release()  # the operating system does that for a process that died
    unit.seen.clear()


def cut_flash(folder: JournalFolder, unit: Unit, pieces: int, policy: FlashPolicy = RESUMING) -> None:
    cut(folder, unit, flash(task(vehicle_with(policy), "engine", None)), pieces)


def run(folder: JournalFolder, unit: Unit, job: Any) -> tuple[Any, Drive]:
    drive = Journaled({ENGINE_ADDRESS: unit})
    drive.journal = Journal(folder, kind="flash")
    try:
        return drive.run(job), drive
    finally:
        drive.journal.ended("flash-1", None)


def task(vehicle: Any, ecu: str, flashware: str | None) -> FlashTask:
    return FlashTask(vehicle, ecu, flashware, no_file)


def downloads(unit: Unit) -> list[tuple[int, int]]:
    """(address, size) of each 0x34."""
    return [(int.from_bytes(p[3:7], "big"), int.from_bytes(p[7:11], "big")) for p in unit.seen if p[0] == 0x34]


def erases(unit: Unit) -> int:
    return sum(pdu[:4] == b"\x31\x01\xff\x00" for pdu in unit.seen)


def small_unit() -> Unit:
    """64 bytes a block; the image has two segments of 258 bytes."""
    return Unit()


def big_unit() -> Unit:
    unit = Unit()
    unit.block_length = 130
    return unit


CHECKSUM = b"\x31\x01\x02\x02"
CHECKSUM_FAILED = b"\x71\x01\x02\x02\x01"


class TestOrder:
    def test_every_record_stands_before_what_it_announces(self) -> None:
        unit = Unit()
        drive = Drive({ENGINE_ADDRESS: unit})
        drive.run(flash(task(vehicle_with(), "engine", None)))
        told = [
            c.event if isinstance(c, Record) else c.pdu[:4].hex()
            for c in drive.commands
            if isinstance(c, Record) or (isinstance(c, Request) and c.pdu[0] in (0x10, 0x31, 0x11))
        ]
        assert told == [
            "started", "plan", "1003", "31010203", "1002", "erasing", "3101ff00", "31010202", "verified", "3101ff01",
            "programmed", "1101", "ended",
        ]  # fmt: skip
        reads = [i for i, c in enumerate(drive.commands) if isinstance(c, Request) and c.pdu[:3] == b"\x22\xf1\x95"]
        (ended,) = [i for i, c in enumerate(drive.commands) if isinstance(c, Record) and c.event == "ended"]
        (programmed,) = [i for i, c in enumerate(drive.commands) if isinstance(c, Record) and c.event == "programmed"]
        assert programmed < max(reads) < ended, "done is written after the software was read back"

    @pytest.mark.parametrize("event", ["started", "plan", "erasing"])
    def test_without_a_journal_nothing_is_erased(self, event: str) -> None:
        unit = Unit()
        drive = Drive({ENGINE_ADDRESS: unit})
        drive.before = lambda c: StorageFailed("full") if isinstance(c, Record) and c.event == event else None
        with pytest.raises(StorageFailed):
            drive.run(flash(task(vehicle_with(), "engine", None)))
        assert erases(unit) == 0
        if event == "erasing":
            assert drive.functional[-3:] == ["288001", "8581", "1081"], "the vehicle is put back"
        else:
            assert drive.functional == []

    def test_an_ending_after_the_erase_says_so(self) -> None:
        drive = Drive({ENGINE_ADDRESS: Unit()})
        drive.before = lambda c: (
            NoResponse("silent", timer="P2") if isinstance(c, Request) and c.pdu[0] == 0x34 else None
        )
        with pytest.raises(JobInterrupted):
            drive.run(flash(task(vehicle_with(), "engine", None)))
        (ended,) = [c for c in drive.commands if isinstance(c, Record) and c.event == "ended"]
        assert (ended.fields["result"], ended.fields["left_in_programming"]) == ("failed", True)


class TestUnfinished:
    def test_it_says_what_was_left_and_where(self, folder: JournalFolder) -> None:
        cut_flash(folder, small_unit(), 3)
        (left,) = unfinished(folder)
        assert (left.vin, left.unit, left.flashware, left.vci) == (VIN, "ENGINE", "ENGINE_2", "sim:car")
        assert (left.block, left.offset, left.block_size) == (1, 192, len(IMAGE))
        assert left.sentence.startswith(f"ENGINE of VIN {VIN} was left in programming")
        assert "192 of 516 bytes of block 1" in left.sentence
        assert left.resumable and not left.complete
        assert "goes on where it stopped" in left.advice

    def test_a_later_flash_clears_it_whatever_the_clock_says(self, folder: JournalFolder) -> None:
        cut_flash(folder, small_unit(), 3)
        unit = small_unit()
        left = unfinished(folder)[0]
        job = flash(replace(task(vehicle_with(), "engine", None), interrupted=left))
        result, _ = run(folder, unit, job)
        assert result.result == "flashed"
        assert unfinished(folder) == ()
        _, newest = folder.files()[-1]
        old = [json.loads(line) | {"t": 1.0} for line in newest.read_text().splitlines()]
        newest.write_text("".join(json.dumps(line) + "\n" for line in old))
        assert unfinished(folder) == ()

    def test_another_vin_or_unit_clears_nothing(self, folder: JournalFolder) -> None:
        cut_flash(folder, small_unit(), 3)
        folder.dismiss(VIN, "BODY", 5.0)
        folder.dismiss("XPBTS000000000002", "ENGINE", 5.0)
        assert len(unfinished(folder)) == 1
        folder.dismiss(VIN, "ENGINE", 5.0)
        assert unfinished(folder) == ()

    def test_before_the_erase_nothing_was_left(self, folder: JournalFolder) -> None:
        journal = Journal(folder, kind="flash")
        journal.record("flash-1", "started", {"unit": "ENGINE", "vin": VIN})
        journal.record("flash-1", "step", {"step": "session", "title": "Programming session"})
        journal._lock.release()
        assert unfinished(folder) == ()
        journal.ended("flash-1", None)

    @pytest.mark.parametrize("cut", range(1, 9))
    def test_a_cut_last_line_counts_as_not_written(self, folder: JournalFolder, cut: int) -> None:
        cut_flash(folder, small_unit(), 3)
        _, path = folder.files()[0]
        before = unfinished(folder)
        with path.open("ab") as stream:
            stream.write(b'{"t": 5.0, "job": "flash-1", "event": "ended", "left_in_programming": false}'[: cut * 9])
        assert unfinished(folder) == before

    def test_zeros_at_the_end_are_a_power_cut(self, folder: JournalFolder) -> None:
        cut_flash(folder, small_unit(), 3)
        before = unfinished(folder)
        with folder.files()[0][1].open("ab") as stream:
            stream.write(bytes(4096))
        assert unfinished(folder) == before

    def test_garbage_hides_no_interruption_but_is_not_built_upon(self, folder: JournalFolder) -> None:
        cut_flash(folder, small_unit(), 3)
        _, path = folder.files()[0]
        kept = path.read_text().splitlines()
        (erasing,) = [i for i, line in enumerate(kept) if '"erasing"' in line]
        kept[erasing] = "\x00\xff garbage {"
        path.write_text("\n".join(kept) + "\n")
        (left,) = unfinished(folder)
        assert left.damaged and not left.resumable

    @given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([
        b"[" * 5000, b"{}", b'{"event": 5}', b'{"event": "started", "unit": [1]}', b'"text"', b"null", b"1e999",
        b'{"event": "acknowledged", "offset": -1, "block": "x"}', b'{"event": "erasing", "unit": null}',
        b'{"event": "ended", "t": "late", "left_in_programming": "no"}',
        b'{"event": "started", "vin": 7, "unit": "\\ud800", "t": 1e999}', b'{"event": "erasing", "t": NaN}',
        b'{"event": "confirmed"}',
    ])), max_size=12))  # fmt: skip
    def test_any_bytes_can_be_read(self, tmp_path_factory: pytest.TempPathFactory, content: list[bytes]) -> None:
        folder = JournalFolder(tmp_path_factory.mktemp("hostile"))
        (folder.directory / "journal-000001.jsonl").write_bytes(b"\n".join(content))
        for entry in unfinished(folder):
            assert isinstance(entry, Interrupted) and entry.sentence
            datetime.fromtimestamp(entry.at, UTC)

    def test_other_files_in_the_folder_are_nobodys_business(self, folder: JournalFolder) -> None:
        (folder.directory / "journal-1.jsonl.tmp").write_text("{}")
        (folder.directory / "notes.txt").write_text("{}")
        assert folder.files() == []


class TestRecover:
    def offer(self, folder: JournalFolder, unit: Unit, policy: FlashPolicy = RESUMING) -> tuple[Any, Drive]:
        return run(folder, unit, recover(vehicle_with(policy), "engine", folder, task))

    def test_goes_on_where_the_boot_loader_can(self, folder: JournalFolder) -> None:
        unit = small_unit()
        cut_flash(folder, unit, 7)  # five blocks for the first segment of 258 bytes, two of the second
        result, _ = self.offer(folder, unit)
        assert erases(unit) == 0
        assert downloads(unit) == [(0x1102, 258)], "from the start of its page"
        assert result.bytes == 258
        assert result.sha256 == session().blocks[0].sha256
        assert unfinished(folder) == ()

    def test_erases_where_the_plan_does_not_allow_it(self, folder: JournalFolder) -> None:
        policy = FlashPolicy(reset_time=1.0)
        unit = small_unit()
        cut_flash(folder, unit, 6, policy)
        assert not unfinished(folder)[0].resumable
        result, _ = self.offer(folder, unit, policy)
        assert (erases(unit), result.bytes) == (1, len(IMAGE))

    @pytest.mark.parametrize("changed", ["sha256", "plan"])
    def test_erases_where_the_image_or_the_sequence_is_another(self, folder: JournalFolder, changed: str) -> None:
        unit = small_unit()
        cut_flash(folder, unit, 6)
        _, path = folder.files()[0]
        kept = [json.loads(line) for line in path.read_text().splitlines()]
        kept[1][changed] = "00" * 32
        path.write_text("".join(json.dumps(line) + "\n" for line in kept))
        self.offer(folder, unit)
        assert erases(unit) == 1

    @pytest.mark.parametrize("refused", [0x34, 0x36, 0x31])
    def test_erases_where_the_unit_will_not_go_on(self, folder: JournalFolder, refused: int) -> None:
        """A refused download, a refused block, a checksum that does not hold: all end in a whole new block."""
        unit = small_unit()
        cut_flash(folder, unit, 6)
        refusals = [refused]

        def once(pdu: bytes) -> bytes | None:
            if pdu[0] not in refusals or (pdu[0] == 0x31 and pdu[:4] != CHECKSUM):
                return None
            refusals.clear()
            return CHECKSUM_FAILED if pdu[0] == 0x31 else bytes((0x7F, pdu[0], 0x70))

        unit.intercept = once
        result, drive = self.offer(folder, unit)
        assert erases(unit) == 1
        assert result.sha256 == session().blocks[0].sha256
        assert any(isinstance(c, Tell) and "It is erased" in getattr(c.event, "text", "") for c in drive.commands)
        assert unfinished(folder) == ()

    def test_all_bytes_were_there_already(self, folder: JournalFolder) -> None:
        """Cut between the last block and its checksum: nothing is sent again, but everything is compared."""
        unit = small_unit()
        cut_flash(folder, unit, 10)
        assert unfinished(folder)[0].offset == len(IMAGE)
        result, _ = self.offer(folder, unit)
        assert (result.result, result.bytes, erases(unit), downloads(unit)) == ("flashed", 0, 0, [])
        assert any(pdu[:4] == CHECKSUM for pdu in unit.seen)
        assert unfinished(folder) == ()

    def test_a_second_cut_goes_on_from_the_second_place(self, folder: JournalFolder) -> None:
        unit = big_unit()
        cut_flash(folder, unit, 2)
        assert unfinished(folder)[0].offset == 256
        vehicle = vehicle_with(RESUMING)
        cut(folder, unit, recover(vehicle, "engine", folder, task), 1)
        (left,) = unfinished(folder)
        assert left.offset == 258
        self.offer(folder, unit)
        assert erases(unit) == 0
        assert unfinished(folder) == ()

    def test_read_back_is_enough_when_all_was_checked(self, folder: JournalFolder) -> None:
        unit = Unit()
        drive = Journaled({ENGINE_ADDRESS: unit})
        drive.journal = Journal(folder, kind="flash")
        drive.before = lambda c: (
            NoResponse("gone", timer="P2") if isinstance(c, Request) and c.pdu == b"\x22\xf1\x95" and erases(unit)
            else None
        )  # fmt: skip
        with pytest.raises(ProductError):
            drive.run(flash(task(vehicle_with(), "engine", None)))
        drive.journal.ended("flash-1", None)
        (left,) = unfinished(folder)
        assert left.complete and "not read back" in left.sentence
        unit.seen.clear()
        result, _ = self.offer(folder, unit)
        assert (result.result, erases(unit)) == ("up-to-date", 0)
        assert unfinished(folder) == ()

    def test_the_units_word_is_no_proof_before_that(self, folder: JournalFolder) -> None:
        """A unit may report the new software from its first block while its second is empty."""
        unit = small_unit()
        cut_flash(folder, unit, 3)
        unit.dids[0xF195], unit.dids[0xF100] = unit.new_software, b"\x01"
        left = left_in_programming(folder, VIN)["ENGINE"]
        result, _ = run(folder, unit, flash(replace(task(vehicle_with(), "engine", None), interrupted=left)))
        assert (result.result, erases(unit)) == ("flashed", 1)

    def test_an_ordinary_up_to_date_answer_writes_nothing(self, folder: JournalFolder) -> None:
        unit = Unit()
        unit.dids[0xF195] = unit.new_software
        result, _ = run(folder, unit, flash(task(vehicle_with(), "engine", None)))
        assert result.result == "up-to-date"
        assert folder.files() == []

    def test_nothing_to_recover(self, folder: JournalFolder) -> None:
        with pytest.raises(DataMissing, match="was not left in programming"):
            self.offer(folder, Unit())

    def test_the_flashware_is_gone(self, folder: JournalFolder) -> None:
        cut_flash(folder, small_unit(), 3)
        vehicle = known_vehicle(sessions=(session(name="OTHER"),))
        with pytest.raises(DataMissing, match="not there any more"):
            run(folder, small_unit(), recover(vehicle, "engine", folder, task))


def test_the_quick_test_says_why(folder: JournalFolder) -> None:
    unit = small_unit()
    cut_flash(folder, unit, 3)
    result, _ = run(folder, unit, survey(vehicle_with(), left_in_programming(folder, VIN)))
    (line,) = [line for line in result.units if line.name == "ENGINE"]
    assert line.state is UnitState.IN_BOOT
    assert "was left in programming" in line.reason and "Recover ENGINE" in line.reason


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 3000)), min_size=1, max_size=5), st.integers(0, 20_000)
)  # fmt: skip
def test_what_remains_is_all_that_was_not_acknowledged(layout: list[tuple[int, int]], offset: int) -> None:
    segments, start = [], 0
    for gap, length in layout:
        segments.append(ImageSegment(start + gap, bytes(length)))
        start += gap + length
    image = FlashImage("CODE", tuple(segments))
    parts = remaining(image, offset)
    position = {id(segment): sum(len(s.data) for s in segments[:i]) for i, segment in enumerate(segments)}
    covered = set()
    for before, skip, segment in parts:
        assert before == position[id(segment)]
        assert skip == 0 or (segment.start + skip) % RESUME_ALIGNMENT == 0
        covered |= set(range(before + skip, before + len(segment.data)))
    assert covered >= set(range(offset, image.size))
    assert len(covered) <= max(0, image.size - offset) + RESUME_ALIGNMENT
