"""Settings: a broken file never stops the start and is never lost; a change keeps every other line."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import SettingsInvalid, StorageFailed
from core.settings import KeySettings, SecurityProgram, Settings, TraceSettings, change, load


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


# -- tables and the environment


def test_a_table_is_read_checked_and_named_with_its_line(file: Path) -> None:
    put(file, b"theme = 'nord'\n[trace]\nminutes = 3\nmegabytes = 0\ncolour = 1\n[keys]\n'live.pause' = 'p'\nBad = 1\n")
    settings, problem = load(file)
    assert settings == Settings(theme="nord", trace=TraceSettings(minutes=3.0), keys=(KeySettings("live.pause", "p"),))
    for words in ("line 4: trace.megabytes cannot be '0': it is 1 to 4096", "line 5: 'trace.colour' is no setting"):
        assert words in problem
    assert "line 8: [keys.Bad] needs a binding and its keys" in problem


@pytest.mark.parametrize(
    ("content", "words"), [(b"trace = 3\n", "line 1: trace is no table"), (b"keys = 'p'\n", "line 1: keys is no table")]
)
def test_what_should_be_a_table(file: Path, content: bytes, words: str) -> None:
    put(file, content)
    settings, problem = load(file)
    assert settings == Settings() and words in problem


def test_the_environment_goes_before_the_file(file: Path) -> None:
    put(file, b"frame_rate = 4\nascii = true\n[trace]\nminutes = 3\nmegabytes = 16\n")
    environment = {
        "PASSBAY_FRAME_RATE": "7", "PASSBAY_ASCII": "off", "PASSBAY_TRACE__MINUTES": "9.5", "PASSBAY_HOME": "/x",
        "PASSBAY_THEME": "nord", "HOME": "/root",
    }  # fmt: skip
    settings, problem = load(file, environment)
    assert problem == ""
    assert settings == Settings(theme="nord", frame_rate=7, ascii=False, trace=TraceSettings(9.5, 16))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PASSBAY_FRAME_RATE", "fast", "PASSBAY_FRAME_RATE cannot be 'fast': it is a whole number"),
        ("PASSBAY_FRAME_RATE", "99", "PASSBAY_FRAME_RATE cannot be '99': it is 1 to 30"),
        ("PASSBAY_ASCII", "maybe", "PASSBAY_ASCII cannot be 'maybe': it is true or false"),
        ("PASSBAY_COLOURS", "256", "PASSBAY_COLOURS cannot be '256': it is 'auto' or 'full' or '16' or 'none'"),
        ("PASSBAY_TRACE__HOURS", "3", "PASSBAY_TRACE__HOURS is no setting"),
        ("PASSBAY_SECURITY__X", "3", "PASSBAY_SECURITY__X is no setting"),
    ],
)
def test_a_wrong_variable_is_named_and_the_file_holds(file: Path, name: str, value: str, words: str) -> None:
    put(file, b"frame_rate = 4\n")
    settings, problem = load(file, {name: value})
    assert settings == Settings(frame_rate=4) and words in problem


@pytest.mark.parametrize(
    "before",
    [
        b"", b"# only words", b"[trace]\nmegabytes = 16 # much\n", b"[trace]", b"trace.megabytes = 16\n",
        b"trace = { megabytes = 16 }\n", b"[trace]\nminutes = 3\n[keys]\nx = 'y'\n", b'["trace"]\n"minutes" = 3\n',
        b'theme = """\none\ntwo"""\n[trace]\nminutes = 2\n', b"trace = 3\n",
    ],
)  # fmt: skip
def test_a_key_of_a_table_is_saved_and_the_rest_stays(file: Path, before: bytes) -> None:
    put(file, before)
    old, _ = load(file, {})
    assert change(file, trace__minutes=7, theme="new").trace.minutes == 7.0
    settings, problem = load(file, {})
    assert problem == ""
    assert settings == replace(old, theme="new", trace=replace(old.trace, minutes=7.0))


def test_comments_of_other_lines_stay_when_a_table_changes(file: Path) -> None:
    put(file, b"# head\n[trace]\n# why\nminutes = 3 # gone\nmegabytes = 16 # kept\n")
    change(file, trace__minutes=4.0)
    assert file.read_bytes() == b"# head\n[trace]\n# why\nminutes = 4.0\nmegabytes = 16 # kept\n"


def test_what_may_not_be_saved_in_a_table(file: Path) -> None:
    for name, value in (("trace__hours", 3), ("trace__minutes", 0), ("keys__x", "y"), ("trace", 3), ("ascii", 1)):
        with pytest.raises(SettingsInvalid):
            change(file, **{name: value})
    assert not file.exists()
