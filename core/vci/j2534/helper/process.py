"""In the helper process: loads one library, opens one device, does what it is told on standard input until that ends.

Runs under any Python from 3.11 on with nothing but the standard library. Each call is worked on by a thread of its
own, as in the process that would have loaded the library itself.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import ProductError
from core.vci.j2534.driver.channel import Channel
from core.vci.j2534.driver.device import J2534Device
from core.vci.j2534.driver.library import load
from core.vci.j2534.helper import wire

CALLS_AT_ONCE = 16
LAST = 1.0  # seconds to let the device go
DEVICE = 0
_DEVICE_METHODS = frozenset({"voltage", "serial", "connect", "close"})
_CHANNEL_METHODS = frozenset(
    {
        "read", "write", "start_filter", "stop_filter", "start_periodic", "stop_periodic", "get", "set", "clear",
        "close",
    }
)  # fmt: skip


class Helper:
    """Serves one device. Object 0 is the device, 1, 2, ... are its channels in the order of `connect`."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        self._requests, self._answers = requests, answers
        self._writing = threading.Lock()
        self._device: J2534Device | None = None
        self._channels: list[Channel] = []

    def run(self) -> None:
        """Until the other side is gone: then the process ends at once, whatever its threads are doing."""
        with ThreadPoolExecutor(CALLS_AT_ONCE, "call") as pool:
            try:
                while True:
                    pool.submit(self._serve, *wire.read(self._requests))
            except (wire.Ended, TypeError):
                self._end()

    def _end(self) -> None:
        """The device is let go where that is possible: a killed tester must not leave its periodic messages behind."""
        if self._device is not None:
            closing = threading.Thread(target=self._device.close, daemon=True)
            closing.start()
            closing.join(LAST)
        os._exit(0)  # a library that does not come back must not hold the process

    def _serve(self, number: int, target: int, method: str, arguments: list[Any]) -> None:
        value: Any = None
        error = None
        try:
            value = self._call(target, method, arguments)
        except ProductError as refusal:
            error = wire.told(refusal)
        limits = list(self._device.limits) if self._device is not None else []
        with self._writing:
            try:
                wire.write(self._answers, [number, value, error, limits])
            except OSError:
                self._end()

    def _call(self, target: int, method: str, arguments: list[Any]) -> Any:
        if method == "open":
            return self._open(*arguments)
        if self._device is None:
            raise ProductError("The helper was asked before it had opened its device.")
        if target == DEVICE and method in _DEVICE_METHODS:
            if method == "connect":
                self._channels.append(self._device.connect(*arguments))
                return len(self._channels)
            return getattr(self._device, method)(*arguments)
        if not 0 < target <= len(self._channels) or method not in _CHANNEL_METHODS:
            raise ProductError(f"The helper knows no {method!r}.")
        value = getattr(self._channels[target - 1], method)(*arguments)
        return wire.packed(value) if method == "read" else value

    def _open(self, path: str, name: str, device: str) -> dict[str, Any]:
        self._device = opened = J2534Device(load(Path(path), name), device)
        return {"versions": list(opened.versions), "abi": opened.abi, "api": opened.api,
                "missing": sorted(opened.missing)}  # fmt: skip


def main() -> None:
    """The pipe to the parent is a copy of standard output: what a library prints there must not get between."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Helper(sys.stdin.buffer, answers).run()
