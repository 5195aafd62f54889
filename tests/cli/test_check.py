"""`passbay check` in a process of its own: rows, exit codes, the page for the administrator, what is no target."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.cli.support import passbay


def test_the_pc_is_checked_line_by_line() -> None:
    result = passbay("check", "pc", "--json")
    rows = result.last["rows"]
    assert {row["key"] for row in rows} >= {"memory", "disk", "python", "terminal", "clock", "power"}
    assert all(row["verdict"] == "ok" or row["advice"] for row in rows)
    assert result.code == int(any(row["verdict"] == "failed" for row in rows))
    words = passbay("check", "pc", "--profile", "manual").stdout
    assert "Windows 10 64-bit" in words
    assert passbay("check", "pc", "--profile", "gaming").code == 2


def test_a_closed_port_is_red_and_on_the_page(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    page = tmp_path / "page.txt"
    result = passbay("check", "ports", "--host", f"127.0.0.1:{port}/tcp", "--page", str(page), "--json")
    assert result.code == 1
    (row,) = result.last["rows"]
    assert row["verdict"] == "failed"
    assert [step["ok"] for step in row["steps"]] == [True, False]
    assert f"127.0.0.1:{port}" in page.read_text(encoding="utf-8")


def test_the_embedded_back_end_needs_nothing_open() -> None:
    result = passbay("check", "ports")
    assert result.code == 0, result.stderr
    assert "no network needed" in result.stdout


@pytest.mark.parametrize("text", ["example.org", "example.org:0", "example.org:443/ftp", ":443", "a:b"])
def test_what_is_no_target_is_wrong_usage(text: str) -> None:
    result = passbay("check", "ports", "--host", text)
    assert result.code == 2
    assert "example.org:443" in result.stderr
