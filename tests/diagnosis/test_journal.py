"""The journal on the disk: what is synced when, full disks, several writers, files that a power cut has torn."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.diagnosis.journal import Journal, JournalFolder, files, unfinished
from core.diagnosis.journal.journal import MARK_BYTES, MARK_LATEST, MARK_PAUSE
from core.diagnosis.journal.recovery import is_needed
from core.errors import JobCancelled, NoResponse, StorageFailed

VIN = "XPBTS000000000001"
STARTED = {"unit": "ENGINE", "vin": VIN, "vehicle": "car", "address": "7E0/7E8"}
PLAN = {"unit": "ENGINE", "sha256": "ab", "plan": "cd", "flashware": "ENGINE_2", "file": "car.pdx", "resume": True}


Make = Callable[..., Journal]


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> JournalFolder:
    return JournalFolder(tmp_path / "journal")


@pytest.fixture
def opened() -> Iterator[list[Journal]]:
    made: list[Journal] = []
    yield made
    for journal in made:
        journal.ended("", None)


@pytest.fixture
def make(folder: JournalFolder, opened: list[Journal]) -> Make:
    def one(**more: Any) -> Journal:
        opened.append(Journal(folder, kind="flash", vci="sim:car", **more))
        return opened[-1]

    return one


def erase(journal: Journal, **fields: Any) -> None:
    journal.record("flash-1", "started", STARTED | fields)
    journal.record("flash-1", "plan", PLAN)
    journal.record("flash-1", "step", {"step": "erase-1", "title": "Erase block 1"})
    journal.record("flash-1", "erasing", {"unit": "ENGINE", "block": 1})


def end(journal: Journal, result: str = "flashed", left: bool = False) -> None:
    journal.record("flash-1", "ended", {"unit": "ENGINE", "result": result, "left_in_programming": left, "error": ""})
    journal.ended("flash-1", None)


def lines(folder: JournalFolder, number: int = -1) -> list[dict[str, Any]]:
    _, path = folder.files()[number]
    return [json.loads(line) for line in path.read_text().splitlines()]


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class TestLines:
    def test_each_line_says_when_who_and_what(self, folder: JournalFolder, make: Make) -> None:
        journal = make(wall_clock=lambda: 1000.0)
        erase(journal)
        end(journal)
        first, *others = lines(folder)
        assert first == {
            "t": 1000.0, "job": "flash-1", "event": "started", "kind": "flash", "vci": "sim:car", "pid": os.getpid(),
            **STARTED,
        }  # fmt: skip
        assert [line["event"] for line in others] == ["plan", "step", "erasing", "ended"]

    def test_a_line_is_synced_before_the_job_goes_on(
        self, folder: JournalFolder, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = make()
        synced: list[str] = []
        fsync = os.fsync

        def note(descriptor: int) -> None:
            fsync(descriptor)
            name = Path(f"/proc/self/fd/{descriptor}").readlink()
            synced.append("folder" if name.is_dir() else name.read_text().splitlines()[-1])

        monkeypatch.setattr(os, "fsync", note)
        journal.record("flash-1", "started", STARTED)
        assert [json.loads(synced[0])["event"], synced[1]] == ["started", "folder"]  # the file's name, too
        for event in ("plan", "step", "erasing", "verified", "programmed", "ended"):
            journal.record("flash-1", event, {"unit": "ENGINE", "block": 1})
            assert json.loads(synced[-1])["event"] == event

    def test_a_job_that_changes_nothing_leaves_no_file(self, folder: JournalFolder, make: Make) -> None:
        journal = make()
        journal.record("survey-1", "step", {"step": "survey", "title": "Quick test"})
        journal.progress(1, 2)
        journal.ended("survey-1", None)
        assert folder.files() == []
        assert not folder.directory.exists()

    def test_a_unit_that_the_job_did_not_end_is_ended(self, folder: JournalFolder, make: Make) -> None:
        for error, result in ((NoResponse("silent", timer="P2"), "failed"), (JobCancelled("stopped"), "cancelled")):
            journal = make()
            erase(journal)
            journal.ended("flash-1", error)
            assert lines(folder)[-1]["result"] == result
            assert lines(folder)[-1]["left_in_programming"] is True
            assert error.message in lines(folder)[-1]["error"]


class TestMarks:
    def marks(self, folder: JournalFolder) -> list[int]:
        return [line["offset"] for line in lines(folder) if line["event"] == "acknowledged"]

    def test_now_and_then(self, folder: JournalFolder, make: Make) -> None:
        clock = Clock()
        journal = make(clock=clock)
        erase(journal)
        total = 10 * MARK_BYTES
        for step in range(1, 9):  # quick: the pause rules
            journal.progress(step * MARK_BYTES, total)
        assert self.marks(folder) == []
        clock.now += MARK_PAUSE
        journal.progress(8 * MARK_BYTES + 100, total)
        assert self.marks(folder) == [8 * MARK_BYTES + 100]
        clock.now += MARK_PAUSE  # slow: few bytes wait for the longest time
        journal.progress(8 * MARK_BYTES + 200, total)
        assert len(self.marks(folder)) == 1
        clock.now += MARK_LATEST - MARK_PAUSE
        journal.progress(8 * MARK_BYTES + 300, total)
        assert self.marks(folder)[-1] == 8 * MARK_BYTES + 300
        journal.progress(total, total)
        assert self.marks(folder)[-1] == total

    def test_the_latest_is_marked_before_any_other_line(self, folder: JournalFolder, make: Make) -> None:
        journal = make(clock=Clock())
        erase(journal)
        journal.progress(4000, 9000)
        end(journal, "failed", left=True)
        assert self.marks(folder) == [4000]
        (left,) = unfinished(folder)
        assert (left.block, left.offset, left.block_size) == (1, 4000, 9000)

    def test_not_outside_a_block(self, folder: JournalFolder, make: Make) -> None:
        journal = make(clock=Clock())
        journal.record("flash-1", "started", STARTED)
        journal.progress(100, 100)
        erase(journal)
        journal.record("flash-1", "verified", {"unit": "ENGINE", "block": 1})
        journal.progress(100, 100)
        assert self.marks(folder) == []


class TestDisk:
    def test_full_before_the_first_line(
        self, folder: JournalFolder, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = make()
        monkeypatch.setattr(files.os, "write", full_disk)
        with pytest.raises(StorageFailed, match="cannot be written") as caught:
            journal.record("flash-1", "started", STARTED)
        assert "Nothing was changed" in caught.value.advice
        assert folder.files() == []

    @pytest.mark.parametrize("event", ["plan", "step", "erasing"])
    def test_full_before_the_first_erase(self, make: Make, monkeypatch: pytest.MonkeyPatch, event: str) -> None:
        journal = make()
        journal.record("flash-1", "started", STARTED)
        monkeypatch.setattr(files.os, "write", full_disk)
        with pytest.raises(StorageFailed):
            journal.record("flash-1", event, {"unit": "ENGINE", "block": 1})

    def test_full_after_the_erase_is_a_warning_told_once(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        told: list[str] = []
        journal = make(warn=told.append)
        erase(journal)
        monkeypatch.setattr(files.os, "write", full_disk)
        journal.progress(100, 100)
        journal.record("flash-1", "verified", {"unit": "ENGINE", "block": 1})
        journal.record("flash-1", "erasing", {"unit": "ENGINE", "block": 2})
        end(journal)
        assert len(told) == 1
        assert "The job goes on" in told[0]

    def test_the_ending_of_a_refused_job_never_raises(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        """The job is putting the vehicle back at that moment: nothing may come between."""
        told: list[str] = []
        journal = make(warn=told.append)
        journal.record("flash-1", "started", STARTED)
        monkeypatch.setattr(files.os, "write", full_disk)
        end(journal, "failed")
        assert len(told) == 1

    def test_the_real_full_device(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("no /dev/full here")
        journal = make()
        opens = os.open
        monkeypatch.setattr(files.os, "open", lambda path, flags, mode=0o600: opens("/dev/full", os.O_WRONLY))
        with pytest.raises(StorageFailed, match="No space left"):
            journal.record("flash-1", "started", STARTED)

    def test_a_line_that_fits_in_part_does_not_spoil_the_next(
        self, folder: JournalFolder, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        journal = make()
        erase(journal)
        write = os.write
        with monkeypatch.context() as patch:
            patch.setattr(files.os, "write", lambda descriptor, data: write(descriptor, data[:20]))
            journal.record("flash-1", "verified", {"unit": "ENGINE", "block": 1})
        end(journal)
        assert unfinished(folder) == ()
        assert [line and line["event"] for line in files.read_lines(folder.files()[0][1])][-2:] == [None, "ended"]

    def test_a_file_in_the_place_of_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / "journal").write_text("in the way")
        journal = Journal(JournalFolder(tmp_path / "journal"), kind="flash")
        with pytest.raises(StorageFailed):
            journal.record("flash-1", "started", STARTED)
        assert unfinished(tmp_path / "journal") == ()


class TestSeveralWriters:
    def test_every_job_has_a_file_of_its_own(self, folder: JournalFolder, make: Make) -> None:
        journals = [make() for _ in range(8)]
        together = threading.Barrier(len(journals))

        def work(number: int) -> None:
            together.wait(10.0)
            erase(journals[number], unit=f"UNIT{number}")
            journals[number].ended("flash-1", NoResponse("silent", timer="P2"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(len(journals))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30.0)
        assert [number for number, _ in folder.files()] == list(range(1, 9))
        for number in range(8):
            assert len({line.get("unit", "ENGINE") for line in lines(folder, number)}) <= 2
            assert [line["event"] for line in lines(folder, number)][:4] == ["started", "plan", "step", "erasing"]

    def test_the_job_that_runs_is_not_told_until_its_process_is_killed(self, folder: JournalFolder) -> None:
        child = (
            "import sys; from pathlib import Path; from core.diagnosis.journal import Journal, JournalFolder\n"
            "journal = Journal(JournalFolder(Path(sys.argv[1])), kind='flash')\n"
            f"journal.record('flash-1', 'started', {STARTED!r})\n"
            "journal.record('flash-1', 'erasing', {'unit': 'ENGINE', 'block': 1})\n"
            "print('erased', flush=True); sys.stdin.read()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", child, str(folder.directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            assert process.stdout is not None and process.stdout.readline() == b"erased\n"
            assert unfinished(folder) == ()
            process.kill()
            process.wait(10.0)
            (left,) = unfinished(folder)
            assert (left.unit, left.vin) == ("ENGINE", VIN)
        finally:
            process.kill()
            process.communicate()

    def test_old_files_go_but_none_that_is_needed(self, folder: JournalFolder, make: Make) -> None:
        needed = make()
        erase(needed)
        needed.ended("flash-1", NoResponse("silent", timer="P2"))
        for _ in range(5):
            journal = make()
            erase(journal, unit="BODY")
            journal.record("flash-1", "ended", {"unit": "BODY", "left_in_programming": False})
            journal.ended("flash-1", None)
        folder.prune(is_needed, keep=2)
        assert [number for number, _ in folder.files()] == [1, 5, 6]
        assert len(unfinished(folder)) == 1
