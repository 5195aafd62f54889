"""Writing files so that a power cut leaves the old one or the new one, never half of one; who is at this PC.

    write_file(path, content)     temporary file beside it, fsync, os.replace, fsync of the folder
    open_file(path)               for reading; a pipe or a device, which may have no end, is refused
    private_folder(path)          nobody else enters it
    sync_folder(folder)           a new file's name is on the disk only when its folder is

Knows no format and locks nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from core.errors import StorageFailed


def write_file(path: Path, content: bytes, *, what: str = "", advice: str = "") -> None:
    """Writes `path` whole or not at all; the folder is made. `what` names the file in the sentence of StorageFailed."""
    try:
        replace_file(path, content)
    except OSError as problem:
        raise StorageFailed(f"{what or path} cannot be written: {problem.strerror or problem}.", advice) from problem


def replace_file(path: Path, content: bytes) -> None:
    """The same for callers that have words of their own: raises OSError."""
    import tempfile  # with what it needs itself, a millisecond that a start without writing need not pay

    path = path.resolve()  # a link stays a link: the file behind it is replaced
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(content)  # /dev/stdout, a pipe: moving a file into its place would take the device away
        return
    # mode 0600 by mkstemp: VINs and codings are nobody else's business
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:60]}.", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def open_file(path: Path) -> BufferedReader:
    """Opens a file that somebody named. Raises OSError, also for a pipe or a device: reading it might never end."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file")
    return path.open("rb")


def private_folder(path: Path) -> None:
    """Makes it so that nobody else enters it, also where it was made otherwise before. StorageFailed."""
    try:
        if not path.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as problem:
        raise StorageFailed(f"The folder {path} cannot be made private: {problem.strerror or problem}.") from problem


def sync_folder(folder: Path) -> None:
    """POSIX only: Windows has no such call and needs none. Raises OSError."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def os_user() -> str:
    """The name that this user logged in with, "" where the system does not tell."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no entry in the user list (a container), no such list (Windows)
        return ""
