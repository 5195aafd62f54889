"""Every ```sh block of the documentation is run, page by page and in order, in a real shell with a home of its own.

Blocks marked ```sh no-run need hardware or a foreign host. A line that ends with & starts a server: its first line
(they all print one when they are ready) is waited for, and at the end SIGTERM must end it with exit code 0.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = ("tui/README.md", "core/backend/README.md", "core/releases/README.md", "core/catalogue/plans/README.md")
TOOLS = ("bash", "openssl", "curl")
PORTS = ("8443", "8471", "8022")
"""Ports that the pages name: each run takes free ones instead."""
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PRELUDE = """set -eu -o pipefail
servers=()
serve() { exec {ready}< <(exec "$@"); servers+=($!); read -r -u "$ready" first; echo "$first"; }
finish() { code=$?; for pid in "${servers[@]}"; do kill "$pid"; wait "$pid" || code=99; done; exit "$code"; }
trap finish EXIT
set -x
"""


def script(text: str) -> str:
    """The page's blocks as one bash script."""
    lines = "".join(_BLOCK.findall(text)).replace("\\\n", " ").splitlines()
    told = [f"serve {line.removesuffix('&')}" if line.endswith("&") else line for line in lines]
    return _PRELUDE + "\n".join(told) + "\n"


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def run(text: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    tools = cwd.parent / "bin"
    tools.mkdir()
    for name, words in (("passbay", "-m tui.entry "), ("python", "")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words}"$@"\n', encoding="utf-8")
        (tools / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(REPOSITORY)}
    for port in PORTS:
        text = text.replace(port, free_port())
    return subprocess.run(
        ["bash", "-c", script(text)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=110
    )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An empty folder to stand in."""
    lacking = [name for name in TOOLS if shutil.which(name) is None]
    if lacking:
        pytest.skip(f"the pages' commands need {', '.join(lacking)}")
    folder = tmp_path / "desk"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("name", PAGES)
def test_the_commands_of_a_page(name: str, desk: Path) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert _BLOCK.search(text), "a page without any command that is run"
    done = run(text, desk)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr


def test_a_command_that_fails_fails_its_page(desk: Path) -> None:
    done = run("```sh\npassbay explain no-such-code\necho went on\n```\n", desk)
    assert done.returncode == 2
    assert "went on" not in done.stdout


@pytest.mark.parametrize("page", sorted({"README.md", "core/README.md", "core/vci/README.md", *PAGES}))
def test_links_and_pictures_are_there(page: str) -> None:
    here = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#\s]+)", here.read_text(encoding="utf-8")):
        assert "://" in target or (here.parent / target).exists(), f"{page}: {target}"
