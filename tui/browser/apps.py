"""The process of the app behind one window of a browser: textual-serve's protocol, without its shell and its habits."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, TypeVar
from urllib.parse import urlsplit

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

import tui
from tui.app import VISITOR
from tui.browser.driver import NAME as DRIVER

COMMAND = (sys.executable, "-P", "-m", "tui.entry")  # no shell; -P: the current folder decides nothing
LANGUAGE_VARIABLE = "PASSBAY_LANGUAGE"
FRAMES_A_SECOND = 15  # textual-serve's 60 cost a core for what nobody sees over a network
END_SECONDS = 5.0  # as long as the app's own watchdog waits (tui/looks/hangup.py)
LARGEST_PACKET = 16 << 20
LARGEST_LOG = 1 << 20
_NOT_FOR_IT = ("SSH_CONNECTION", "TMUX", "STY", "TEXTUAL", "TEXTUAL_LOG", "PASSBAY_DATABASE", "PYTHONWARNINGS")
_PRELUDE = b"__GANGLION__\n"
_T = TypeVar("_T")
_Write = Callable[[_T], Awaitable[None]]
log = logging.getLogger("passbay.browser")


def open_log(path: Path) -> IO[bytes]:
    """What apps say on their standard error; the old one is kept once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST_LOG:
        path.replace(path.with_name(path.name + ".1"))
    return path.open("ab")


class AppProcess(AppService):
    """`visitor` is what the app is told of its user (JSON); `log_file` takes its standard error.

    `language`: what the app speaks, "" for what this PC is set to.
    """

    def __init__(
        self, visitor: str, log_file: Path, downloads: DownloadManager, *, write_bytes: _Write[bytes],
        write_str: _Write[str], close: Callable[[], Awaitable[None]], language: str = "",
    ) -> None:  # fmt: skip
        super().__init__("", write_bytes=write_bytes, write_str=write_str, close=close, download_manager=downloads)
        self._visitor, self._log_file, self._language = visitor, log_file, language
        self._ending = False
        self.deliveries: set[str] = set()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_IT}
        root = str(Path(tui.__file__).resolve().parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        return environment | {
            "TEXTUAL_DRIVER": DRIVER,
            "TEXTUAL_FPS": str(FRAMES_A_SECOND),
            "TEXTUAL_ANIMATIONS": "none",
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "COLUMNS": str(width),
            "ROWS": str(height),
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONIOENCODING": "utf-8",
            VISITOR: self._visitor,
            **({LANGUAGE_VARIABLE: self._language} if self._language else {}),
        }

    async def _open_app_process(self, width: int = 80, height: int = 24) -> asyncio.subprocess.Process:
        with open_log(self._log_file) as errors:
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
                env=self._build_environment(width, height),
                start_new_session=os.name == "posix",  # ctrl+c in the door's terminal is the door's matter
            )  # fmt: skip
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """Carries packets until the app ends or its output is closed; then the window is closed."""
        assert self._process is not None and self._process.stdout is not None
        stdout = self._process.stdout
        try:
            async with asyncio.timeout(60):
                while (line := await stdout.readline()) != _PRELUDE:
                    if not line:
                        log.error("The app of a window ended at once: see %s.", self._log_file.name)
                        return
            while True:
                kind = await stdout.readexactly(1)
                size = int.from_bytes(await stdout.readexactly(4), "big")
                if size > LARGEST_PACKET:
                    return
                await self._carry(kind, await stdout.readexactly(size))
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, ValueError):
            pass
        finally:
            if not self._ending:
                await self.remote_close()

    async def _carry(self, kind: bytes, payload: bytes) -> None:
        if self._ending:  # read on, so that an app that is just writing can end
            return
        if kind == b"D":
            await self.on_data(payload)
        elif kind == b"M":
            await self.on_meta(payload)
        elif kind == b"P":
            await self.on_packed(payload)

    async def on_meta(self, data: bytes) -> None:
        """Addresses only of the web; files are named by their last part alone."""
        told = json.loads(data)
        if told.get("type") == "open_url" and urlsplit(str(told.get("url"))).scheme not in ("http", "https"):
            return
        if told.get("type") == "deliver_file_start":
            self.deliveries.add(str(told.get("key")))
        await super().on_meta(data)

    async def stop(self) -> None:
        """The app's normal end; a hard one after a while. Idempotent."""
        task, process = self._task, self._process
        self._task, self._ending = None, True
        if task is None or process is None:
            return
        await self._download_manager.cancel_app_downloads(app_service_id=self.app_service_id)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self.send_meta({"type": "quit"})
                if self._stdin is not None:
                    self._stdin.close()
                await process.wait()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
