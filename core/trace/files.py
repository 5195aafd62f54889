"""One face for all trace files: read one as records, write one from records. The formats themselves live beside this.

A record is a CanFrame or a DoipMessage. Only pcapng holds both; the other formats are made for CAN frames, and their
writers leave DoIP messages out and count them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from core.errors import DataInvalid, StorageFailed, UsageError
from core.vocabulary import CanFrame, DoipMessage

Record = CanFrame | DoipMessage


@dataclass(frozen=True, slots=True)
class Format:
    """`suffix` as file names end, `title` for people, `carries_doip` beside CAN frames."""

    suffix: str
    title: str
    carries_doip: bool = False


FORMATS = (
    Format(".asc", "Vector ASC"),
    Format(".blf", "Vector BLF"),
    Format(".log", "candump -L"),
    Format(".trc", "PEAK TRC"),
    Format(".csv", "CSV of python-can"),
    Format(".db", "SQLite of python-can"),
    Format(".pcapng", "pcapng for Wireshark, CAN and DoIP", True),
)
SUFFIXES = tuple(each.suffix for each in FORMATS)
_BY_SUFFIX = {each.suffix: each for each in FORMATS}
_MAGIC = ((b"\x0a\x0d\x0d\x0a", ".pcapng"), (b"LOGG", ".blf"), (b"SQLite format 3\0", ".db"), (b"@ TEXT @", ".carbus"))


class Sink(Protocol):
    """What a format's writer offers; `write` is False for what the format cannot hold. Raises StorageFailed."""

    def write(self, record: Record) -> bool: ...
    def close(self) -> None: ...


def format_of(path: Path) -> Format:
    """UsageError with the known ones where the name does not end as one of them."""
    found = _BY_SUFFIX.get(path.suffix.lower())
    if found is None:
        known = ", ".join(SUFFIXES)
        raise UsageError(f"{path.name} does not end as a trace file does.", f"The known endings are {known}.")
    return found


def read_trace(path: Path) -> Iterator[Record]:
    """Every record in the order of the file. What the file is, its first bytes say, else its name.

    DataInvalid with line or place for a damaged file, UsageError for an unknown kind. Memory stays bounded, whatever
    the file says: it is read as the records are asked for.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(32)
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror or error}.", file=str(path)) from error
    kind = next((suffix for magic, suffix in _MAGIC if head.startswith(magic)), "") or format_of(path).suffix
    if kind == ".pcapng":
        from core.trace.pcapng import read_pcapng

        return read_pcapng(path)
    if kind == ".carbus":
        from core.trace.carbus import read_carbus

        return read_carbus(path)
    from core.trace.can_files import read_can

    return read_can(path, kind)


class TraceWriter:
    """Writes a trace. With `whole` the file appears under its name at the good end only, else it grows there at once.

    `frames` and `messages` count what was written, `left_out` what the format
    cannot hold: DoIP messages (all but pcapng), FD, remote and error frames (TRC).
    UsageError for an unknown ending, StorageFailed.
    """

    def __init__(self, path: Path, *, whole: bool = True) -> None:
        self.path = path
        self.format = format_of(path)
        self.frames = self.messages = self.left_out = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._place = _beside(path) if whole else path
            if not whole:
                path.unlink(missing_ok=True)  # SQLite would go on in the old file
            self._sink = _sink(self._place, self.format)
        except OSError as error:
            raise _refused(path, error) from error
        self._open = True

    def write(self, record: Record) -> None:
        """Records in the order of their time."""
        is_frame = isinstance(record, CanFrame)
        if not (is_frame or self.format.carries_doip) or not self._sink.write(record):
            self.left_out += 1
        elif is_frame:
            self.frames += 1
        else:
            self.messages += 1

    def close(self, *, good: bool = True) -> None:
        """Idempotent. A `whole` file that did not come to a `good` end leaves nothing behind."""
        if not self._open:
            return
        self._open = False
        try:
            self._sink.close()
            if self._place != self.path and good:
                self._place.replace(self.path)
        except OSError as error:
            raise _refused(self.path, error) from error
        finally:
            if self._place != self.path:
                self._place.unlink(missing_ok=True)

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close(good=error is None)


def open_writer(path: Path, *, whole: bool = True) -> TraceWriter:
    return TraceWriter(path, whole=whole)


def _sink(place: Path, form: Format) -> Sink:
    if form.suffix == ".pcapng":
        from core.trace.pcapng import PcapngWriter

        return PcapngWriter(place)
    from core.trace.can_files import CanFileWriter

    return CanFileWriter(place, form.suffix)


def _beside(path: Path) -> Path:
    """An own empty place in the same folder, so that the last step is a rename."""
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name[:60]}."))
    folder.rmdir()
    return folder.with_suffix(".part")


def _refused(path: Path, error: OSError) -> StorageFailed:
    return StorageFailed(f"The trace {path} cannot be written: {error.strerror or error}.")
