"""Signals of CAN frames by a DBC file, through cantools (the extra `dbc`). Its exceptions end here; sends nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import DataInvalid, DriverMissing

LARGEST_FILE = 16 << 20
SHOWN_SIGNALS = 8


class SignalBook:
    """`words` says a frame's signals in one line. DataInvalid for a broken file, DriverMissing without cantools."""

    def __init__(self, path: Path) -> None:
        try:
            import cantools
        except ImportError as error:
            advice = 'Install it: pip install "passbay[dbc]"'
            raise DriverMissing("Signal names need the package cantools, which is not there.", advice) from error
        self.path = path
        self._misfits: tuple[type[Exception], ...] = (cantools.Error, ValueError, LookupError, ArithmeticError)
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError("it is larger than 16 MiB")
            base: Any = cantools.database.load_file(path, database_format="dbc", strict=False)
        except OSError as error:
            raise DataInvalid(f"{path} cannot be read: {error.strerror or error}.", file=str(path)) from error
        except (*self._misfits, RecursionError, TypeError, AttributeError) as error:
            why = str(error)[:200] or type(error).__name__
            raise DataInvalid(f"{path.name} is no DBC file that can be used: {why}.", file=str(path)) from error
        self._messages = {(each.frame_id, bool(each.is_extended_frame)): each for each in base.messages}

    def __len__(self) -> int:
        return len(self._messages)

    def words(self, bus: str, identifier: int, is_extended_id: bool, data: bytes) -> str:
        """"" for a frame that the file does not know. The bus makes no difference."""
        message = self._messages.get((identifier, is_extended_id))
        if message is None:
            return ""
        try:
            values: Any = message.decode(data, decode_choices=True, scaling=True, allow_truncated=True)
        except self._misfits:
            return f"{message.name}: the bytes do not fit"
        units = {signal.name: signal.unit for signal in message.signals}
        shown = [_signal(name, value, units.get(name)) for name, value in list(values.items())[:SHOWN_SIGNALS]]
        return f"{message.name}: {', '.join(shown)}"


def _signal(name: str, value: Any, unit: str | None) -> str:
    number = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{name} {number} {unit or ''}".rstrip()
