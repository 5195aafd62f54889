"""Which vehicle hosts run: one file each in a folder that only its owner enters. What a dead host left is removed.

host-PID.json says URI, socket and start; host-PID.key holds the key, host-PID.sock is the socket (Unix only).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.errors import StorageFailed

LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
CLOCK_SLACK = 10.0
_SHORT_PREFIX = "passbay-host-"


@dataclass(frozen=True, slots=True)
class Entry:
    """One host. `address` is where it listens, `ending` that it lets the device go now and takes nobody any more."""

    uri: str
    pid: int
    address: str
    started: float
    data_files: tuple[str, ...] = ()
    ending: bool = False


class Registry:
    """The folder `hosts`. StorageFailed where it cannot be made safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # -- the host's side

    def prepare(self) -> str:
        """The folder, made safe, and a free address for this process ("" on Windows, where pipes have no place)."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if os.name != "posix":
                return ""
            if self._folder.stat().st_uid != os.geteuid():
                raise StorageFailed(f"{self._folder} belongs to another user.", "Remove the folder, then try again.")
            self._folder.chmod(0o700)
            self._sweep()
            path = self._folder / f"host-{os.getpid()}.sock"
            if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
                path = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX)) / "sock"  # mode 0700
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(f"The folder {self._folder} cannot be used: {error}.") from error
        return str(path)

    def _sweep(self) -> None:
        """What hosts left that died, in the list or before they were in it."""
        import psutil

        self.entries()  # first: only the list knows the folder of a socket that lies elsewhere
        for path in self._folder.glob("host-*.*"):
            number = path.stem.removeprefix("host-")
            if number.isdecimal() and not psutil.pid_exists(int(number)):
                path.unlink(missing_ok=True)

    def new_key(self) -> bytes:
        """A fresh key for this process, in a file that only its owner reads."""
        key = secrets.token_bytes(32)
        path = self._path(os.getpid(), "key")
        try:
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key)
        except OSError as error:
            raise StorageFailed(f"{path} cannot be written: {error}.") from error
        return key

    def write(self, entry: Entry) -> None:
        """Old or new file, never half of one."""
        path = self._path(entry.pid, "json")
        draft = path.with_suffix(".part")
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                json.dump(asdict(entry), file)
            draft.replace(path)
        except OSError as error:
            raise StorageFailed(f"{path} cannot be written: {error}.") from error

    def mark_ending(self, entry: Entry) -> None:
        try:
            self.write(replace(entry, ending=True))
        except StorageFailed:
            pass  # a full disk must not keep the device: who calls now is refused by the host itself

    def remove(self, entry: Entry) -> None:
        """Everything of this host. Never raises."""
        address = Path(entry.address)
        try:
            for suffix in ("json", "key", "sock", "part"):
                self._path(entry.pid, suffix).unlink(missing_ok=True)
            if os.name == "posix" and address.parent.name.startswith(_SHORT_PREFIX):
                shutil.rmtree(address.parent, ignore_errors=True)
        except OSError:
            pass  # the next look removes it

    # -- the clients' side

    def entries(self) -> list[Entry]:
        """The hosts whose process lives, oldest first; files of dead ones are removed on the way."""
        found = []
        for path in self._folder.glob("host-*.json"):
            entry = _read(path)
            if entry is None:
                continue
            if lives(entry):
                found.append(entry)
            else:
                self.remove(entry)
        return sorted(found, key=lambda entry: entry.started)

    def key(self, entry: Entry) -> bytes:
        """b"" where the host has gone meanwhile."""
        try:
            return self._path(entry.pid, "key").read_bytes()
        except OSError:
            return b""

    def _path(self, pid: int, suffix: str) -> Path:
        return self._folder / f"host-{pid}.{suffix}"


def _read(path: Path) -> Entry | None:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        entry = Entry(
            str(record["uri"]), int(record["pid"]), str(record["address"]), float(record["started"]),
            tuple(str(file) for file in record["data_files"]), bool(record["ending"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None  # not ours, or just removed
    return entry if path.name == f"host-{entry.pid}.json" else None


def lives(entry: Entry, *, certainly: bool = False) -> bool:
    """Whether its process runs; a zombie does not.

    With `certainly` a younger process that got the same number is recognised by its start. That is for hosts that do
    not listen only: start times move when the clock is set, and a host that works must never leave the list.
    """
    import psutil

    try:
        process = psutil.Process(entry.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return not certainly or bool(process.create_time() < entry.started + CLOCK_SLACK)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True  # it is there and cannot be asked


def wait_until_gone(entry: Entry, seconds: float, poll: float = 0.02) -> bool:
    """Whether the host's process ended within `seconds`."""
    give_up = time.monotonic() + seconds
    while lives(entry, certainly=True):
        if time.monotonic() >= give_up:
            return False
        time.sleep(poll)
    return True
