"""The real door, opened and closed as the screen does it; what it says when it cannot open is clear enough to show."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import ProductError, SetupError, UsageError
from core.workbench import WorkbenchPaths
from core.workbench.assistance import Assistance
from tui.locale import said, use


@pytest.fixture
def assistance(tmp_path: Path) -> Iterator[Assistance]:
    pytest.importorskip("textual_serve", reason="the extra `browser` is not installed")
    made = Assistance(WorkbenchPaths.below(tmp_path))
    yield made
    made.stop_door()


def test_the_door_opens_for_a_browser_and_closes(assistance: Assistance) -> None:
    door = assistance.start_door(port=0)
    assert door.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(door.url) as page:
        assert b"Passbay" in page.read()
    assert assistance.look() == (door, ())
    assert assistance.stop_door()
    assert assistance.look() == (None, ())
    with pytest.raises(OSError):
        urllib.request.urlopen(door.url)


def refusal(assistance: Assistance, **wish: object) -> ProductError:
    with pytest.raises((SetupError, UsageError)) as told:
        assistance.start_door(**wish)  # type: ignore[arg-type]
    assert assistance.door() is None
    for sentence in (told.value.message, told.value.advice):
        assert in_german(sentence) != sentence, "the screen says it in its own language"
    return told.value


def in_german(sentence: str) -> str:
    use("de")
    try:
        return said(sentence)
    finally:
        use("en")


def test_a_port_that_is_taken(assistance: Assistance) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        error = refusal(assistance, port=port)
    assert str(port) in error.message
    assert "in use" in error.message or "taken" in error.message


def test_the_network_without_a_certificate(assistance: Assistance) -> None:
    assert "in the clear" in refusal(assistance, host="0.0.0.0", port=0).message


def test_a_certificate_that_is_not_there_or_is_none(assistance: Assistance, tmp_path: Path) -> None:
    missing = str(tmp_path / "door.pem")
    error = refusal(assistance, host="0.0.0.0", port=0, certificate=missing, key=missing)
    assert missing in error.message
    assert "No such file" in error.message
    (tmp_path / "door.pem").write_text("no certificate")
    error = refusal(assistance, host="0.0.0.0", port=0, certificate=missing, key=missing)
    assert missing in error.message
    assert "PEM" in error.message + error.advice
