"""Settings: a broken file never stops the start and is never lost; a change keeps every other line."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SettingsInvalid, StorageFailed
from core.settings import SecurityProgram, Settings, change, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.toml"


def put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def test_without_a_file_the_defaults_hold(file: Path) -> None:
    assert load(file) == (Settings(), "")


def test_a_change_is_there_after_the_next_start(file: Path) -> None:
    assert change(file, last_device="sim:car-doip").last_device == "sim:car-doip"
    change(file, frame_rate=4)
    assert load(file) == (Settings(last_device="sim:car-doip", frame_rate=4), "")


def test_comments_and_other_lines_stay(file: Path) -> None:
    put(file, b"# mine\ntheme = 'nord'  # dark\nframe_rate = 5\n")
    change(file, frame_rate=6, last_device='can:x/"y"\\z')
    text = file.read_text()
    assert text.count("# mine") == text.count("theme = 'nord'  # dark") == 1
    assert load(file)[0] == Settings('can:x/"y"\\z', "nord", 6)


@pytest.mark.parametrize(
    "content",
    [b"theme = ", b"[" * 100_000, b"\xff\xfe\x00", b"x" * (2 << 20), b"frame_rate = " + b"9" * 5000, b"a = 1\na = 2"],
    ids=["cut", "deep", "encoding", "large", "huge number", "twice"],
)
def test_a_broken_file_is_kept_aside_and_said(file: Path, content: bytes) -> None:
    put(file, content)
    settings, problem = load(file)
    assert settings == Settings()
    assert str(file) in problem
    assert file.with_name("settings.toml.broken").read_bytes() == content
    put(file, b"theme = ")
    assert "settings.toml.broken-2" in load(file)[1]
    change(file, theme="nord")
    assert load(file) == (Settings(theme="nord"), "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"theme = 'nord'\ncolour = 1\n", "line 2: 'colour' is no setting"),
        (b"theme = 'nord'\nframe_rate = 99\n", "line 2: frame_rate cannot be '99'"),
        (b"theme = 'nord'\nframe_rate = true\n", "line 2: frame_rate cannot be 'True'"),
        (b"theme = 'nord'\n[more]\nx = 1\n", "line 2: 'more' is no setting"),
    ],
)
def test_one_wrong_line_does_not_cost_the_others(file: Path, content: bytes, words: str) -> None:
    put(file, content)
    settings, problem = load(file)
    assert settings == Settings(theme="nord")
    assert words in problem
    assert file.read_bytes() == content


def test_wrong_values_are_refused(file: Path) -> None:
    for wrong in ({"frame_rate": 0}, {"frame_rate": "4"}, {"nothing": 1}, {"theme": 3}):
        with pytest.raises(SettingsInvalid):
            change(file, **wrong)  # type: ignore[arg-type]
    assert not file.exists()


def test_a_write_that_fails_leaves_the_old_file_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(file, theme="nord")
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFailed, match="No space left"):
        change(file, theme="other")
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


# -- programs of security methods


def test_programs_of_security_methods(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        'theme = "light"\n[security.oem-9]\ncommand = ["keys", "--quiet"]\ntime_limit = 3\n'
        '[security."other one"]\ncommand = ["/opt/keys"]\n'
    )
    settings, problem = load(file)
    assert problem == "" and settings.theme == "light"
    assert settings.security == (
        SecurityProgram("oem-9", ("keys", "--quiet"), 3.0), SecurityProgram("other one", ("/opt/keys",), 10.0),
    )  # fmt: skip
    assert change(file, last_device="sim:van").security == settings.security
    assert load(file) == (replace(settings, last_device="sim:van"), "")


@pytest.mark.parametrize("table", [
    "command = 'keys'", "command = []", "command = ['']", "command = ['keys', 1]", "time_limit = 3", "",
    "command = ['keys']\ntime_limit = 0", "command = ['keys']\ntime_limit = true", "command = ['keys']\nshell = true",
    "command = ['keys']\ntime_limit = 1e9", 'command = ["a\\u0000b"]',
])  # fmt: skip
def test_a_wrong_program_is_named_and_left_out(tmp_path: Path, table: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f"frame_rate = 4\n[security.good]\ncommand = ['keys']\n[security.bad]\n{table}\n")
    settings, problem = load(file)
    assert [row.name for row in settings.security] == ["good"] and settings.frame_rate == 4
    assert "[security.bad] needs command" in problem and "line 4" in problem


def test_security_that_is_no_table_and_security_by_hand(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("security = 'yes'\n")
    settings, problem = load(file)
    assert settings == Settings() and "security is no table" in problem
    with pytest.raises(SettingsInvalid):
        change(file, security=())  # type: ignore[arg-type]
