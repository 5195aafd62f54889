"""A1 on the real program: five secrets of a log-in are on no screen, in no log, file, crash print, command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.licence.account import logging_in
from core.workbench import open_workbench
from tests.tui.support import quiet, screen_text, until
from tui.shell import PassbayApp

DESIGN = (120, 40)


class Canaries:
    """What must be nowhere: access token, refresh token, device code, owner's token, the issuer's private key."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def of_home(self, home: Path) -> Canaries:
        kept = json.loads((home / "data" / "paper" / "embedded" / "tokens.json").read_text())
        self.names |= {"access": kept["access"], "refresh": kept["refresh"]}
        with open_workbench() as workbench:
            workbench.paper.licence.desk.client()
            embedded = workbench.paper._embedded
            assert embedded is not None
            from core.backend.store import tables as t

            def private(conn: Any) -> str:
                value = conn.execute(t.issuer_keys.select()).first().private
                return value.hex() if isinstance(value, bytes) else str(value)

            self.names["private key"] = embedded.backend.read(private)
        return self

    def found_in(self, texts: dict[str, str]) -> list[str]:
        assert all(len(value) >= 16 for value in self.names.values())
        pairs = [(name, value, place) for name, value in self.names.items() for place in texts]
        return [f"{name} in {place}" for name, value, place in pairs if value in texts[place]]


def files_of(home: Path) -> dict[str, str]:
    """All but the two places where they belong."""
    belongs = {home / "data" / "paper" / "embedded" / "tokens.json"}
    found = {}
    for path in home.rglob("*"):
        if path.is_file() and path not in belongs and (home / "data" / "backend") not in path.parents:
            found[str(path)] = path.read_bytes().decode("latin-1")
    return found


def command_lines() -> dict[str, str]:
    """Of every process of this machine."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found[process.name] = (process / "cmdline").read_bytes().decode("latin-1")
        except OSError:
            continue
    return found


@pytest.mark.timeout(240)
async def test_no_secret_on_any_screen_nor_in_a_crash(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer's way in the real app, pictures of every step, and a crash in the middle of a request with a token."""
    canaries, pictures = Canaries(), {}
    plain = logging_in.LoggingIn.__init__

    def remembering(self: Any, *parts: Any, **named: Any) -> None:
        plain(self, *parts, **named)
        canaries.names["device code"] = self._grant._device_code

    monkeypatch.setattr(logging_in.LoggingIn, "__init__", remembering)
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "settings.toml").write_text('last_device = "sim:car-mixed"\n')
    app: Any = PassbayApp()
    async with app.run_test(size=DESIGN) as pilot:

        async def step(*keys: str, reached: Callable[[], Any] = lambda: True, waits: bool = False) -> None:
            await pilot.press(*keys)
            await until(pilot, reached)
            if not waits:
                await quiet(pilot)
            pictures[f"picture {len(pictures)}"] = app.export_screenshot() + screen_text(app)

        await until(pilot, lambda: app.desk is not None and app.desk.workbench is not None)
        papers = app.desk.papers
        await step("6")
        await step("enter")
        await step("enter", reached=lambda: papers.login and papers.login.state == "waiting", waits=True)
        await step("enter", reached=lambda: papers.account.user == "demo")
        await step("escape")
        await step("enter", "enter", reached=lambda: papers.start_key.green)
        await step("f1")
        await step("escape")
        canaries.of_home(home)
        canaries.names["owner"] = app.desk.workbench.paper._embedded.owner_token
        client = app.desk.workbench.paper.licence.desk.client()

        def broken(*parts: Any, **named: Any) -> None:
            token = named["headers"]["Authorization"]  # a local variable, as in any real fault
            raise ZeroDivisionError(f"a fault of ours, not the {len(token)} letters")

        monkeypatch.setattr(client.way, "ask", broken)
        try:
            app.desk.workbench.paper.credit()
        except ZeroDivisionError:
            app._fatal_error()  # what the app does with what nobody caught
        console = Console(file=io.StringIO(), width=200)
        console.print(*app._exit_renderables)
        printed = console.file.getvalue()  # type: ignore[attr-defined]
        assert "ZeroDivisionError" in printed
        pictures["crash"] = printed
        app._exit_renderables.clear()
    assert len(canaries.names) == 5 and len(pictures) == 9
    assert canaries.found_in(pictures | files_of(home)) == []


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.usefixtures("papers")
def test_no_secret_in_output_logs_files_or_command_lines(home: Path) -> None:
    """A flash in a vehicle host with every logger at its loudest, and all command lines while it runs."""
    canaries = Canaries().of_home(home)
    environment = {**os.environ, "PYTHONDEVMODE": "1", "HTTPX_LOG_LEVEL": "trace"}
    seen: dict[str, str] = {}
    with subprocess.Popen(
        [sys.executable, "-m", "tui.entry", "flash", "--vci", "sim:van", "--ecu", "CLUSTER", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if '"progress"' in line and not seen:
                seen = command_lines()
        errors = process.stderr.read() if process.stderr is not None else ""
        assert process.wait(100) == 0, errors
    assert json.loads(lines[-1])["result"] == "flashed" and any("host_process" in text for text in seen.values())
    told = {"output": "".join(lines), "errors": errors}
    for command in ("whoami", "login", "credit", "startkey status"):
        done = subprocess.run(
            [sys.executable, "-m", "tui.entry", *command.split()], capture_output=True, text=True, timeout=100
        )
        told[command] = done.stdout + done.stderr
    canaries.of_home(home)  # those of the second log-in, too
    assert canaries.found_in(seen | told | files_of(home)) == []
    modes = {path: path.stat().st_mode & 0o777 for path in (home / "data" / "paper").rglob("*") if path.is_file()}
    assert {path.name: mode for path, mode in modes.items() if mode & 0o077 and path.suffix != ".lock"} == {}
    assert (home / "data" / "paper").stat().st_mode & 0o777 == 0o700
    backend = [path for path in (home / "data" / "backend").rglob("*") if path.is_file()]
    assert backend and [path for path in backend if path.stat().st_mode & 0o077] == []
