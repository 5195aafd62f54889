"""The history of every vehicle on disk: folder/VIN/history.jsonl, only ever appended to; its head in a second folder.

The head (number, hash and file length of the last entry) finds what the chain alone cannot: that the end was cut off.
It is written before an entry (with the hash that comes next) and after it, so that a power cut between the two is told
from a meddler. Reads and writes files; chain.py judges them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import StorageFailed
from core.pc.files import sync_folder, write_file
from core.reports import chain
from core.vocabulary import HistoryCheck, HistoryEntry

FILE = "history.jsonl"
LARGEST_LINE = 4 << 20  # bytes: a longer result is left out of its entry
LOCK_SECONDS = 10.0
NO_VIN = "no-vin"


@dataclass(frozen=True, slots=True)
class _Head:
    vin: str
    number: int = 0
    hash: str = ""
    size: int = 0  # bytes of the history file
    next: str = ""
    lost_at: tuple[int, ...] = ()  # numbers before which this record was missing


class HistoryStore:
    """Append and read from any process. StorageFailed where the disk or its rights say no."""

    def __init__(self, folder: Path, heads: Path) -> None:
        self._folder = folder
        self._heads = heads

    # -- writing

    def append(self, entry: Mapping[str, Any]) -> HistoryEntry:
        """Adds `entry` (its "vin" and "at" say where and when) and returns it with its place. On the disk then.

        An empty "order" becomes that of the vehicle and day.
        """
        vin = str(entry.get("vin", ""))
        given = {**entry, "order": entry.get("order") or automatic_order(vin, float(entry["at"]))}
        with self._locked(vin):
            path, head = self._path(vin), self._read_head(vin)
            try:
                head = self._ready(path, vin, head)
                line = chain.sealed(given, head.number + 1, head.hash)
                data = chain.canonical(line) + b"\n"
                if len(data) > LARGEST_LINE:
                    shortened = {"left_out": f"{len(data)} bytes"}
                    line = chain.sealed({**given, "result": shortened, "steps": []}, head.number + 1, head.hash)
                    data = chain.canonical(line) + b"\n"
                self._write_head(_Head(vin, head.number, head.hash, head.size, line["hash"], head.lost_at))
                _append(path, data)
            except OSError as problem:
                raise _failed(path, problem) from problem
            self._write_head(_Head(vin, line["number"], line["hash"], head.size + len(data), "", head.lost_at))
        return chain.entry_of(line)

    def _ready(self, path: Path, vin: str, head: _Head | None) -> _Head:
        """The head to go on from; a line that a power cut left half-written is taken away."""
        if head is not None and (path.stat().st_size if path.exists() else 0) == head.size:
            return head
        lines, torn = _lines(path)
        size = sum(len(line) + 1 for line in lines)
        if torn and (head is None or size >= head.size):
            os.truncate(path, size)
        elif torn:  # somebody cut the file there: what is left of that line stays to be seen
            _append(path, b"\n")
            size += len(torn) + 1
        last = (chain.read_line(lines[-1]) if lines else None) or {}
        number, digest = last.get("number"), str(last.get("hash", chain.beginning(vin)))
        if head is None:
            known = number if isinstance(number, int) else len(lines)
            return _Head(vin, known, digest, size, "", (known + 1,) if lines else ())
        if number == head.number + 1 and digest == head.next:
            return _Head(vin, head.number + 1, digest, size, "", head.lost_at)
        # somebody was at the file: the chain goes on from what we know, so that it stays visible
        return _Head(vin, head.number, head.hash, size, "", head.lost_at)

    # -- reading

    def vins(self) -> tuple[str, ...]:
        """Of every vehicle that has a history, or whose head says that it had one."""
        found = {}
        for path in sorted(self._heads.glob("*.json")):
            head = _head_of(path)
            if head is not None:
                found[path.stem] = head.vin
        for path in sorted(self._folder.glob(f"*/{FILE}")):
            if path.parent.name not in found:
                first = next((e for e in map(chain.read_line, _lines(path)[0]) if e is not None), {})
                found[path.parent.name] = str(first.get("vin", path.parent.name))
        return tuple(sorted(found.values()))

    def entries(self, vin: str) -> tuple[HistoryEntry, ...]:
        """Oldest first; () where there is none. What cannot be read is left out: `verify` names it."""
        lines, _ = _lines(self._path(vin))
        return tuple(chain.entry_of(entry) for entry in map(chain.read_line, lines) if entry is not None)

    def of_order(self, order: str) -> dict[str, tuple[HistoryEntry, ...]]:
        """VIN -> the entries that were made under this order."""
        found = {}
        for vin in self.vins():
            entries = tuple(entry for entry in self.entries(vin) if entry.order == order)
            if entries:
                found[vin] = entries
        return found

    def verify(self, vin: str) -> HistoryCheck:
        """Edits, removals, insertions, another order, and a cut end."""
        path = self._path(vin)
        with self._locked(vin):
            lines, _ = _lines(path)
            head = self._read_head(vin)
        number, digest, problems = chain.check(vin, lines)
        problems += _compare(head, number, digest, bool(lines), self._head_path(vin))
        return HistoryCheck(vin, len(lines), digest if lines else "", tuple(problems), str(path))

    # -- places

    def _path(self, vin: str) -> Path:
        return self._folder / _safe(vin) / FILE

    def _head_path(self, vin: str) -> Path:
        return self._heads / f"{_safe(vin)}.json"

    def _read_head(self, vin: str) -> _Head | None:
        return _head_of(self._head_path(vin))

    def _write_head(self, head: _Head) -> None:
        path = self._head_path(head.vin)
        write_file(path, json.dumps(asdict(head)).encode(), what=f"The head of a history ({path})")

    @contextmanager
    def _locked(self, vin: str) -> Iterator[None]:
        import filelock

        path = self._heads / f"{_safe(vin)}.lock"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(path, timeout=LOCK_SECONDS):
                yield
        except filelock.Timeout as problem:
            raise StorageFailed(f"The history of {vin or NO_VIN} is in use by another process.") from problem
        except OSError as problem:
            raise _failed(path, problem) from problem


def automatic_order(vin: str, at: float) -> str:
    """One order a vehicle and day: the date here, and the serial part of the VIN."""
    return f"{datetime.fromtimestamp(at).astimezone():%Y-%m-%d}-{vin[-8:] or NO_VIN}"


def _compare(head: _Head | None, number: int, digest: str, any_lines: bool, path: Path) -> list[str]:
    if head is None:
        lost = f"The second record of its length ({path}) is missing: whether the end was cut is not known."
        return [lost] * any_lines
    problems = [f"The second record of its length was missing before entry {lost}." for lost in head.lost_at]
    if number < head.number:
        missing = head.number - number
        problems.append(f"The last {f'{missing} entries are' if missing > 1 else 'entry is'} missing.")
    elif number == head.number and any_lines and digest != head.hash:
        problems.append(f"Entry {number} is not the one that was written last.")
    elif number > head.number and not (number == head.number + 1 and digest == head.next):
        problems.append(f"What stands behind entry {head.number} was not written by this installation.")
    return problems


def _head_of(path: Path) -> _Head | None:
    try:
        content = json.loads(path.read_bytes())
        return _Head(
            str(content["vin"]), int(content["number"]), str(content["hash"]), int(content["size"]),
            str(content["next"]), tuple(int(number) for number in content["lost_at"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _lines(path: Path) -> tuple[list[bytes], bytes]:
    """The whole lines, and what stands behind the last line feed."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], b""
    except OSError as problem:
        raise StorageFailed(f"The history {path} cannot be read: {problem.strerror or problem}.") from problem
    whole, _, torn = data.rpartition(b"\n")
    return (whole.split(b"\n") if whole else []), torn


def _append(path: Path, data: bytes) -> None:
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    if new:
        sync_folder(path.parent)


def _failed(path: Path, problem: OSError) -> StorageFailed:
    return StorageFailed(f"The history {path} cannot be written: {problem.strerror or problem}.")


def _safe(vin: str) -> str:
    """A VIN comes from the bus: it must not choose a folder of its own, nor share another one's."""
    if re.fullmatch(r"[A-Z0-9]{1,32}", vin):
        return vin
    if not vin:
        return NO_VIN
    digest = hashlib.sha256(vin.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9]', '_', vin)[:32]}-{digest}"
