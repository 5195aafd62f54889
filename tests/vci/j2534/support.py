"""Compiles J2534 libraries from C and bridges their socket to a virtual bus with a unit or the garage on it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType

import can
import pytest

from core.vci.j2534.helper.interpreter import VARIABLE

PYTHON32 = os.environ.get("PASSBAY_TEST_PYTHON32", "/opt/py32/python")
SOURCE = Path(__file__).with_name("passthru.c")
WIRE = "PASSBAY_TEST_WIRE"
FRAME = 16
EXTENDED = 1 << 31


class Compiler:
    """One library a set of -D names, each compiled once."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self._options = folder, options
        self._cc = shutil.which("cc")
        if self._cc is None or not hasattr(socket, "AF_UNIX"):
            pytest.skip("no C compiler (cc) or no Unix sockets here: J2534 libraries cannot be made")

    def library(self, *names: str) -> Path:
        return self.compile(SOURCE, "-".join(["passthru", *sorted(names)]), *(f"-D{name}" for name in names))

    def compile(self, source: Path, name: str, *options: str) -> Path:
        made = self.folder / f"{name}.so"
        if not made.exists():
            assert self._cc is not None
            subprocess.run(
                [self._cc, "-O1", "-shared", "-fPIC", "-pthread", *self._options, *options,
                 "-o", str(made), str(source)],
                check=True, capture_output=True, timeout=120,
            )  # fmt: skip
        return made


def narrow_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    """Makes 32 bit libraries, and a 32 bit Python is configured; skips where there is none."""
    if not Path(PYTHON32).exists() or shutil.which("cc") is None:
        pytest.skip(f"no 32 bit Python at {PYTHON32} (PASSBAY_TEST_PYTHON32), or no compiler here")
    trial = b"#include <stdio.h>\nint main(void) { return 0; }"
    if subprocess.run(["cc", "-m32", "-xc", "-", "-o", os.devnull], input=trial, capture_output=True).returncode:
        pytest.skip("this compiler makes no 32 bit programs (gcc-multilib)")
    monkeypatch.setenv(VARIABLE, PYTHON32)
    place = folder / "narrow"
    place.mkdir(exist_ok=True)
    return Compiler(place, "-m32")


class Wire:
    """Listens where the library connects to; every connection is one more participant of the virtual bus `channel`."""

    def __init__(self) -> None:
        self.channel = secrets.token_hex(8)
        self._folder = Path(tempfile.mkdtemp(prefix="pb"))  # the path of a Unix socket has 100 bytes at most
        self.path = self._folder / "wire"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._threads: list[threading.Thread] = []
        self.plugged: list[socket.socket] = []
        self._ended = threading.Event()
        self._start(self._accept)

    def bus(self) -> can.BusABC:
        return can.Bus(interface="virtual", channel=self.channel, ignore_config=True)

    def pull(self) -> None:
        """Out of the plug: the library loses its device."""
        plugged, self.plugged = self.plugged, []
        for plug in plugged:
            plug.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        with socket.socket(socket.AF_UNIX) as last:  # wakes accept
            last.connect(str(self.path))
        for plug in self.plugged:
            try:
                plug.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(30)
        self._listener.close()
        shutil.rmtree(self._folder)

    def _start(self, target: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, name="wire")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            plug, _ = self._listener.accept()
            if self._ended.is_set():
                plug.close()
                return
            self.plugged.append(plug)
            self._start(self._serve, plug)

    def _serve(self, plug: socket.socket) -> None:
        gone = threading.Event()
        with plug, self.bus() as bus:
            back = self._start(self._to_library, plug, bus, gone)
            with plug.makefile("rb") as stream:
                while len(frame := stream.read(FRAME)) == FRAME:
                    number = int.from_bytes(frame[:4], "big")
                    bus.send(
                        can.Message(
                            arbitration_id=number & ~EXTENDED, is_extended_id=number >= EXTENDED,
                            data=frame[8 : 8 + frame[4]],
                        )
                    )  # fmt: skip
            gone.set()
            back.join()

    def _to_library(self, plug: socket.socket, bus: can.BusABC, gone: threading.Event) -> None:
        while not gone.is_set():
            message = bus.recv(0.05)
            if message is None or message.is_fd:
                continue
            number = message.arbitration_id | (EXTENDED if message.is_extended_id else 0)
            data = bytes(message.data)
            try:
                plug.sendall(number.to_bytes(4, "big") + bytes((len(data), 0, 0, 0)) + data.ljust(8, b"\0"))
            except OSError:
                return
