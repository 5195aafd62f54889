"""The door as a process with real apps: how it ends, what it leaves behind, what it says when it cannot open."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from core.vocabulary import Decision
from core.workbench import WorkbenchPaths
from core.workbench.assistance import VisitBook
from tests.backend.serving.support import certificate
from tests.browser.doors import gone, new_client

TIMEOUT = 60
COMMAND = (sys.executable, "-W", "error", "-m", "tui.entry", "browser")


@contextlib.contextmanager
def opened(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--json", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        process.kill() if process.poll() is None else None
        process.communicate(timeout=TIMEOUT)


def refused(*arguments: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run([*COMMAND, *arguments, "--json"], capture_output=True, text=True, timeout=TIMEOUT)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@contextlib.asynccontextmanager
async def inside(
    url: str, trust: ssl.SSLContext | bool = True
) -> AsyncIterator[tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]]:
    """A window on the real app, of the person of this PC, painted."""
    book = VisitBook(WorkbenchPaths.default().visits)
    async with new_client() as client:
        origin = {"Origin": url}
        form = {"name": "Mia"}
        answer = await client.post(f"{url}/log-in", data=form, headers=origin, allow_redirects=False, ssl=trust)
        assert answer.status == 303
        book.decide(book.visits()[-1].id, Decision.LET_IN_OWN)
        while 'id="terminal"' not in await (await client.get(url, ssl=trust)).text():
            pass
        window = await client.ws_connect(f"{url}/ws?width=80&height=24", headers=origin, ssl=trust)
        painted = b""
        while b"Hardware" not in painted:
            painted += await window.receive_bytes(timeout=TIMEOUT)
        yield client, window


def apps_of(door: int) -> list[int]:
    import psutil

    return [child.pid for child in psutil.Process(door).children()]  # not what they start: parsers of PDX files


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_polite_end_takes_all_windows_along(number: signal.Signals) -> None:
    with opened() as (process, ready):
        async with inside(ready["url"]) as (_client, window):
            (app,) = apps_of(process.pid)
            process.send_signal(number)
            while (await window.receive(timeout=TIMEOUT)).type is aiohttp.WSMsgType.BINARY:
                pass
            await gone(app)
        _out, errors = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, errors) == (0, "")
    assert VisitBook(WorkbenchPaths.default().visits).door() is None


@pytest.mark.skipif(os.name != "posix", reason="signals")
async def test_a_killed_door_leaves_no_app_behind(home: Path) -> None:
    with opened() as (process, ready):
        async with inside(ready["url"]):
            (app,) = apps_of(process.pid)
            process.kill()
            await gone(app)
    assert VisitBook(WorkbenchPaths.default().visits).door() is None
    assert not list((home / "state").glob("crash/*"))  # the end of its door is no crash of an app
    with opened() as (_process, ready):  # and a new one opens
        assert ready["url"].startswith("http://127.0.0.1:")


async def test_over_tls_the_cookie_is_for_tls_alone(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(cert))
    with opened("--tls-cert", str(cert), "--tls-key", str(key)) as (_process, ready):
        assert ready["url"].startswith("https://") and ready["tls"] is True
        async with inside(ready["url"], trust) as (client, _window):
            (cookie,) = client.cookie_jar
            assert cookie.key.startswith("__Host-passbay-") and cookie["secure"] and cookie["httponly"]


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    (tmp_path / "no.pem").write_text("nothing")
    code, told = refused("serve", "--host", "0.0.0.0")
    assert code == 2 and "reachable by others" in told["message"] and "--tls-cert" in told["advice"]
    code, told = refused("serve", "--tls-cert", str(cert))
    assert code == 2 and "belong together" in told["message"]
    code, told = refused("serve", "--port", "0", "--tls-cert", str(tmp_path / "no.pem"), "--tls-key", str(key))
    assert (code, told["error"]) == (1, "SetupError") and "cannot be used" in told["message"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, told = refused("serve", "--port", str(taken.getsockname()[1]))
    assert (code, told["error"]) == (1, "SetupError") and "cannot be used" in told["message"]
    code, told = refused("visits")
    assert (code, told["error"]) == (1, "PreconditionNotMet")
    code, told = refused("let-in", "abcd1234")
    assert (code, told["error"]) == (1, "PreconditionNotMet")


def test_a_second_door_says_who_holds_it() -> None:
    with opened() as (process, ready):
        for port in ("0", str(ready["port"])):
            code, told = refused("serve", "--port", port)
            assert (code, told["error"]) == (1, "SetupError")
            assert ready["url"] in told["message"] and str(process.pid) in told["message"]
        code, told = refused("visits")
        assert (code, told["url"], told["visits"]) == (0, ready["url"], [])


async def test_visits_are_decided_from_the_command_line() -> None:
    with opened() as (_process, ready):
        async with new_client() as client:
            origin = {"Origin": ready["url"]}
            await client.post(f"{ready['url']}/log-in", data={"name": "Mia"}, headers=origin)
            _code, told = refused("visits")
            (visit,) = told["visits"]
            assert (visit["name"], visit["state"]) == ("Mia", "waiting")
            assert refused("let-in", visit["code"].lower())[0] == 0
            while 'id="terminal"' not in await (await client.get(ready["url"])).text():
                pass
            assert refused("end", visit["id"])[0] == 0
            while "The visit is over" not in await (await client.get(ready["url"])).text():
                pass
            assert refused("end", visit["id"])[1]["error"] == "PreconditionNotMet"
            assert refused("let-in", "nobody")[0] == 2


def test_without_its_part_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "aiohttp.py").write_text("raise ImportError('not here')")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*COMMAND, "serve", "--json"], capture_output=True, text=True, timeout=TIMEOUT, env=environment
    )
    told = json.loads(done.stdout)
    assert done.returncode == 1 and "passbay[browser]" in told["advice"]
