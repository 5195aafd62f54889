"""Starts and stops the door's process: `passbay browser serve`, in a session of its own. What it does is the roof's.

Ready is what holds the lock of the book of visits. What the door says when it cannot start is the last line of its log.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import ProductError, SetupError, UsageError
from core.host.spawn import DETACHED, environment, open_log
from core.vocabulary import Door
from core.vocabulary.cleaning import clean
from core.workbench.assistance.book import VisitBook
from core.workbench.assistance.visitor import VISITOR_VARIABLE
from core.workbench.paths import HOME_VARIABLE, WorkbenchPaths

COMMAND = (sys.executable, "-P", "-m", "tui.entry", "browser", "serve")
START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL = 0.05
LARGEST_ANSWER = 64 << 10
NOT_INHERITED = (VISITOR_VARIABLE, "TEXTUAL", "COLUMNS", "LINES")
"""A door that is opened from a screen in a browser, or in a small terminal, must not pass that on to its visitors."""


def start(book: VisitBook, paths: WorkbenchPaths, options: Sequence[str], command: Sequence[str] = COMMAND) -> Door:
    """Returns when visitors can come. SetupError with the door's own words where it could not be opened."""
    log_file = paths.logs / "door.log"
    with open_log(log_file) as log:
        start_of_answer = log.tell()
        try:
            process = subprocess.Popen(
                [*command, *options, "--json"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(paths),
                start_new_session=True,  # POSIX: it stays open when this terminal closes
                creationflags=DETACHED,
            )
        except OSError as error:
            raise SetupError(f"Passbay cannot be opened for browsers: {error}.") from error
    # it outlives us or not: somebody has to take its exit code, else it stays a zombie
    threading.Thread(target=process.wait, name=f"door {process.pid}", daemon=True).start()
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        ended = process.poll() is not None
        door = book.door()
        if door is not None and door.pid == process.pid:
            return door
        if ended:
            raise _refusal(log_file, start_of_answer)
        time.sleep(POLL)
    process.terminate()
    raise SetupError(f"The door did not open within {START_SECONDS:g} s.", f"Send the end of {log_file} to support.")


def stop(book: VisitBook) -> bool:
    """Whether one was open; all visits are over when this returns, or about to be where this screen is one of them.

    SetupError where it cannot be ended.
    """
    import psutil

    door = book.door()
    if door is None:
        return False
    try:
        process = psutil.Process(door.pid)
        process.terminate()
        if behind(door):
            return True  # it waits for this very process to end
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        pass  # it went by itself meanwhile
    except psutil.Error as error:
        raise SetupError(f"The door (pid {door.pid}) cannot be closed: {error}.") from error
    return True


def behind(door: Door) -> bool:
    """Whether this process is one of the door's: an app that somebody uses in a browser."""
    import psutil

    return door.pid in {parent.pid for parent in psutil.Process().parents()}


def _environment(paths: WorkbenchPaths) -> dict[str, str]:
    """As ours, without what belongs to this screen, and with the folders that this workbench uses."""
    kept = {name: value for name, value in environment().items() if not name.startswith(NOT_INHERITED)}
    root = paths.state.parent
    return {**kept, HOME_VARIABLE: str(root)} if paths == WorkbenchPaths.below(root) else kept


def _refusal(log_file: Path, begin: int) -> ProductError:
    """The error that the door told with --json in its last words."""
    told = _last_object(log_file, begin)
    message, advice = clean(told.get("message", "")), clean(told.get("advice", ""))
    if not message:
        return SetupError("The door ended at once.", f"Send the end of {log_file} to support.")
    kind = UsageError if told.get("error") == UsageError.__name__ else SetupError
    return kind(message, advice)


def _last_object(log_file: Path, begin: int) -> dict[str, Any]:
    try:
        with log_file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(begin, size - LARGEST_ANSWER))
            lines = stream.read(LARGEST_ANSWER).splitlines()
    except OSError:
        return {}
    for line in reversed(lines):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            return told
    return {}
