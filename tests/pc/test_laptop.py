"""What the PC tells of mains, battery, disk and folders; psutil's answers are given here."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from core.pc.laptop import UNKNOWN_PC, read_pc


def battery(percent: float, plugged: bool | None, left: int) -> SimpleNamespace:
    return SimpleNamespace(percent=percent, power_plugged=plugged, secsleft=left)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, (None, True, None)),
        (battery(80.0, True, psutil.POWER_TIME_UNLIMITED), (80.0, True, None)),
        (battery(42.5, False, 3600), (42.5, False, 3600.0)),
        (battery(42.5, False, psutil.POWER_TIME_UNKNOWN), (42.5, False, None)),
        (battery(10.0, None, psutil.POWER_TIME_UNKNOWN), (10.0, None, None)),
    ],
)
def test_power(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: Any, expected: tuple[Any, ...]) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: told, raising=False)
    state = read_pc((tmp_path,))
    assert (state.battery, state.mains, state.seconds_left) == expected
    assert state.known


def test_a_system_that_tells_nothing_of_its_battery_is_not_taken_for_mains(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:  # fmt: skip
    monkeypatch.delattr(psutil, "sensors_battery", raising=False)
    assert read_pc((tmp_path,)).mains is None

    def unreadable() -> None:
        raise OSError("no such file")

    monkeypatch.setattr(psutil, "sensors_battery", unreadable, raising=False)
    assert read_pc((tmp_path,)).mains is None


def test_the_tightest_disk_counts_and_folders_are_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "deep", tmp_path / "two"
    two.mkdir()
    free = {str(tmp_path): 5000, str(two): 70}
    monkeypatch.setattr(psutil, "disk_usage", lambda path: SimpleNamespace(free=free[path]))
    state = read_pc((one, two))
    assert (state.free_bytes, state.folder, state.unwritable) == (70, str(two), "")
    assert one.is_dir()
    assert not list(one.iterdir())


def test_a_disk_that_cannot_be_read_is_not_taken_for_free(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(path: str) -> None:
        raise OSError("gone")

    monkeypatch.setattr(psutil, "disk_usage", broken)
    assert read_pc((tmp_path,)).free_bytes is None


def test_a_folder_that_takes_no_file_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "journal"
    in_the_way.write_text("a file where the folder should be")
    assert read_pc((tmp_path, in_the_way)).unwritable.startswith(f"{in_the_way}: ")


def test_a_full_disk_is_found_by_trying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in read_pc((tmp_path,)).unwritable


def test_nobody_has_looked() -> None:
    assert not UNKNOWN_PC.known
