"""A J2534 device whose library runs in a helper process: the same face as driver/device.py, every call by pipe.

A crash in the library kills the helper only: whoever waits is told which library it was, as VciLost.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO, Any, cast

import core
from core.errors import DriverMissing, VciLost
from core.vci.j2534.driver.channel import Message
from core.vci.j2534.driver.device import Versions
from core.vci.j2534.helper import wire

_BOOT = "import sys; sys.path.insert(0, sys.argv[1]); from core.vci.j2534.helper.process import main; main()"
_ADVICE = "Unplug the device, plug it in again; if it happens again, install the device's driver again."
_LAST = 2.0  # seconds for the helper to end by itself
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)


class _Call:
    __slots__ = ("answer", "done")

    def __init__(self) -> None:
        self.done = threading.Event()
        self.answer: list[Any] | None = None


class _Pipe:
    """The process, and a thread that hands out its answers."""

    def __init__(self, command: tuple[str, ...], subject: str) -> None:
        """`subject` begins the sentence about its end."""
        self._subject = subject
        self.limits: list[str] = []
        try:
            self._process = subprocess.Popen(
                [*command, "-I", "-c", _BOOT, str(Path(core.__file__).resolve().parents[1])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, creationflags=_NO_WINDOW,
            )  # fmt: skip
        except OSError as error:
            raise DriverMissing(f"{subject} needs the Python {command[0]}, which does not start: {error}.") from error
        self._in, self._out = cast("IO[bytes]", self._process.stdin), cast("IO[bytes]", self._process.stdout)
        self._lock = threading.Lock()
        self._calls: dict[int, _Call] = {}
        self._next = 0
        self._ended = False
        threading.Thread(target=self._hand_out, name="j2534 helper", daemon=True).start()

    def call(self, target: int, method: str, *arguments: Any, seconds: float | None = None) -> Any:
        """The answer's value; what the helper raised; VciLost where it has died, or has not answered in `seconds`."""
        call = _Call()
        try:
            with self._lock:
                if self._ended:
                    raise self.death()
                self._next += 1
                self._calls[self._next] = call
                wire.write(cast("Any", self._in), [self._next, target, method, list(arguments)])
        except (OSError, ValueError):  # the other end is closed; `_hand_out` sees that, too
            raise self.death() from None
        call.done.wait(seconds)
        if call.answer is None:
            raise self.death()
        _, value, error, limits = call.answer
        self.limits.extend(each for each in limits if each not in self.limits)
        if error is not None:
            raise wire.raised(error)
        return value

    def death(self) -> VciLost:
        try:
            code = self._process.wait(_LAST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        words = f"{self._subject} crashed in its helper process ({death_of(code)})."
        return VciLost(words, _ADVICE, lost_code=str(code))

    def close(self) -> None:
        """Closing its input ends the helper; one that does not is killed."""
        with self._lock:
            self._ended = True
            try:
                self._in.close()
            except OSError:
                pass
        try:
            self._process.wait(_LAST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._out.close()

    def _hand_out(self) -> None:
        try:
            while True:
                answer = wire.read(cast("Any", self._out))
                with self._lock:
                    call = self._calls.pop(int(answer[0]), None)
                if call is not None:
                    call.answer = answer
                    call.done.set()
        except (wire.Ended, ValueError, TypeError, IndexError):
            with self._lock:
                self._ended = True
                calls, self._calls = list(self._calls.values()), {}
            for call in calls:
                call.done.set()


class RemoteChannel:
    """`driver.channel.Channel` by pipe."""

    def __init__(self, pipe: _Pipe, number: int) -> None:
        self._pipe, self.number = pipe, number

    def read(self, most: int, milliseconds: int) -> list[Message]:
        return wire.unpacked(self._pipe.call(self.number, "read", most, milliseconds))

    def write(self, data: bytes, tx_flags: int, milliseconds: int, tolerate: tuple[int, ...] = ()) -> int:
        return int(self._pipe.call(self.number, "write", data, tx_flags, milliseconds, list(tolerate)))

    def start_filter(self, kind: int, mask: bytes, pattern: bytes, flow: bytes | None, tx_flags: int) -> int:
        return int(self._pipe.call(self.number, "start_filter", kind, mask, pattern, flow, tx_flags))

    def stop_filter(self, number: int) -> None:
        self._pipe.call(self.number, "stop_filter", number)

    def start_periodic(self, data: bytes, tx_flags: int, milliseconds: int) -> int:
        return int(self._pipe.call(self.number, "start_periodic", data, tx_flags, milliseconds))

    def stop_periodic(self, number: int) -> None:
        self._pipe.call(self.number, "stop_periodic", number)

    def get(self, parameter: int) -> int | None:
        value = self._pipe.call(self.number, "get", parameter)
        return None if value is None else int(value)

    def set(self, parameter: int, value: int) -> bool:
        return bool(self._pipe.call(self.number, "set", parameter, value))

    def clear(self, ioctl: int) -> bool:
        return bool(self._pipe.call(self.number, "clear", ioctl))

    def close(self) -> None:
        self._pipe.call(self.number, "close")


class RemoteDevice:
    """`driver.device.J2534Device` by pipe. Opens at once, with the errors of the device behind it."""

    def __init__(self, command: tuple[str, ...], path: Path, name: str, device: str = "") -> None:
        self.name = name
        self._pipe = _Pipe(command, f"{name}: the library {path}")
        self.limits = self._pipe.limits
        self._closing = threading.Lock()
        self._closed = False
        try:
            said = self._pipe.call(0, "open", str(path), name, device)
            self.versions = Versions(*(str(text) for text in said["versions"]))
            self.abi, self.api = str(said["abi"]), str(said["api"])
            self.missing = frozenset(str(function) for function in said["missing"])
        except BaseException:
            self._pipe.close()
            raise

    def voltage(self) -> float | None:
        volts = self._pipe.call(0, "voltage")
        return None if volts is None else float(volts)

    def serial(self) -> str:
        return str(self._pipe.call(0, "serial"))

    def connect(self, protocol: int, bitrate: int) -> RemoteChannel:
        return RemoteChannel(self._pipe, int(self._pipe.call(0, "connect", protocol, bitrate)))

    def lacks(self, limit: str) -> None:
        if limit not in self.limits:
            self.limits.append(limit)

    def close(self) -> None:
        """Idempotent; a helper that is dead already is no error."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        try:
            self._pipe.call(0, "close", seconds=_LAST)
        except VciLost:
            pass
        self._pipe.close()


def death_of(code: int) -> str:
    """How a process ended: a signal's name, or its code."""
    try:
        return signal.Signals(-code).name if os.name == "posix" else f"exit code {code & 0xFFFF_FFFF:#x}"
    except ValueError:
        return f"exit code {code & 0xFFFF_FFFF:#x}"
