"""Reads the traces of CAN bus analysers that begin with "@ TEXT @": columns parted by tabs, lines by CR. Writes none.

Columns: seconds with a decimal comma, bus, flags, identifier in hex, length, data bytes in hex, and what people read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.errors import DataInvalid
from core.vocabulary import CanFrame

LONGEST_LINE = 4096


def read_carbus(path: Path) -> Iterator[CanFrame]:
    """DataInvalid with the line."""
    try:
        with path.open(encoding="latin-1", newline=None) as stream:  # CR, LF or both
            number = 0
            while line := stream.readline(LONGEST_LINE):
                number += 1
                if number == 1 or not line.strip():
                    continue
                try:
                    yield _frame(line)
                except (ValueError, IndexError) as error:
                    where = f"line {number}"
                    words = f"{path.name} is damaged at {where}: {error}."
                    raise DataInvalid(words, file=str(path), place=where) from error
    except OSError as error:
        raise DataInvalid(f"{path} cannot be read: {error.strerror or error}.", file=str(path)) from error


def _frame(line: str) -> CanFrame:
    columns = line.split("\t")
    seconds = float(columns[0].strip().replace(",", "."))
    identifier, length = int(columns[3], 16), int(columns[4])
    data = bytes.fromhex(columns[5])
    if not 0 <= identifier <= 0x1FFFFFFF or length > 8 or not 0 <= seconds < 1e12:
        raise ValueError("a frame cannot be one of CAN")
    extended = identifier > 0x7FF or len(columns[3].strip()) > 4
    return CanFrame(seconds, identifier, data[:length], extended, channel=columns[1].strip()[:64])
