"""Starts a vehicle host in a session of its own, so that nothing that ends this process or its terminal ends it too.

The host says on its standard output that it is ready, or why it could not open the vehicle, in one line; its standard
error is a log file. What the host does is in its own module, which the caller names.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import core
from core.errors import ProductError, RemoteProtocolError, SetupError, StorageFailed
from core.host import codec

READY = "ready"
START_SECONDS = 180.0  # the first start compiles all diagnostic data
LAST_SECONDS = 5.0
_WINDOWS_EXCEPTION = 0xC000_0000
LARGEST_LOG = 1 << 20


def spawn(
    module: str, arguments: Sequence[str], log_file: Path, seconds: float = START_SECONDS, opens: str = ""
) -> int:
    """Returns the process number when the host is ready. Raises what it told, SetupError where it told nothing.

    `opens` is named where the process crashes: a driver's library took it down.
    """
    with open_log(log_file) as log:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(),
                start_new_session=True,  # POSIX: no SIGHUP of this terminal, no ctrl+c
                creationflags=DETACHED,
            )
        except OSError as error:
            raise SetupError(f"The vehicle host cannot be started: {error}.") from error
    # it outlives us or not: somebody has to take its exit code, else it stays a zombie
    threading.Thread(target=process.wait, name=f"vehicle host {process.pid}", daemon=True).start()
    told = _first_line(process, seconds)
    if told == READY:
        return process.pid
    if isinstance(told, ProductError):
        raise told
    if process.poll() is None:
        process.terminate()
    raise SetupError(
        f"The vehicle host did not start within {seconds:g} s." if told == "" else _ending(process, opens),
        f"Send the end of {log_file} to support.",
    )


DETACHED = (
    getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
)  # Windows only


def environment() -> dict[str, str]:
    """The product's own folder first: with -P the current directory cannot slip modules in."""
    root = str(Path(core.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}


def open_log(path: Path) -> IO[bytes]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_name(path.name + ".1"))
        return path.open("ab")
    except OSError as error:
        raise StorageFailed(f"The log file {path} cannot be written: {error}.") from error


def _ending(process: subprocess.Popen[bytes], opens: str) -> str:
    try:
        code = process.wait(LAST_SECONDS)
    except subprocess.TimeoutExpired:
        return "The vehicle host ended at once."
    crash = {-number.value: number.name for number in signal.Signals}.get(code, "")
    if code >= _WINDOWS_EXCEPTION:
        crash = f"{code:#x}"
    if not crash:
        return "The vehicle host ended at once."
    return f"The vehicle host crashed ({crash}) while it opened {opens}."


def _first_line(process: subprocess.Popen[bytes], seconds: float) -> object:
    """READY, the error that was told, None where it ended without a word, "" where time ran out."""
    assert process.stdout is not None
    lines: list[bytes] = []

    def read(stream: IO[bytes]) -> None:
        with stream:
            lines.append(stream.readline())

    reader = threading.Thread(target=read, args=(process.stdout,), name="vehicle host start", daemon=True)
    reader.start()
    reader.join(seconds)
    if not lines:
        return ""
    try:
        return codec.decode(bytes.fromhex(lines[0].decode("ascii", "replace").strip()))
    except (ValueError, RemoteProtocolError):
        return None


def tell_spawner(outcome: str | ProductError) -> None:
    """The host's side: READY or why not. Standard output leads nowhere after it."""
    try:
        sys.stdout.write(codec.encode(outcome).hex() + "\n")
        sys.stdout.flush()
    except OSError:
        pass  # the one who started us is gone; the next one may come
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
