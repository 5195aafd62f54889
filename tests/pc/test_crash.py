"""A crash report names class and places, never a value: no message, no local variable."""

from __future__ import annotations

from pathlib import Path

from core.pc.crash import KEPT, keep_crash

CANARY = "eyJ-canary-XPBMX2A0XR1000001"


def fault() -> None:
    secret = CANARY
    try:
        raise KeyError(secret)
    except KeyError as error:
        raise ValueError(f"cannot do {secret}") from error


def test_places_and_no_values(tmp_path: Path) -> None:
    try:
        fault()
    except ValueError as error:
        path = keep_crash(tmp_path, error, "0.1.0")
    text = path.read_text(encoding="utf-8")
    assert CANARY not in text
    assert "ValueError" in text
    assert "KeyError" in text
    assert "pc/test_crash.py" in text
    assert " fault" in text
    assert path.stat().st_mode & 0o077 == 0


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"crash-20200101-{number:06}.txt").write_text("old", encoding="utf-8")
    newest = keep_crash(tmp_path, RuntimeError(), "0.1.0")
    kept = sorted(tmp_path.glob("crash-*.txt"))
    assert len(kept) == KEPT
    assert kept[-1] == newest
