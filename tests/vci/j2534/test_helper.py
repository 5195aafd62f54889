"""Libraries in a helper process: of our own Python, of a real 32 bit one; crashes, refusals, its protocol."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import DriverMissing, NoResponse, ProductError, VciBusy, VciLost, VciNotFound
from core.vci.j2534.driver.channel import Message
from core.vci.j2534.driver.errors import J2534Error
from core.vci.j2534.helper import wire as helper_wire
from core.vci.j2534.helper.client import RemoteDevice
from core.vci.j2534.helper.interpreter import VARIABLE, interpreter_for
from core.vci.j2534.opening import open_named
from core.workbench import open_workbench
from tests.vci.can_unit import CanUnit
from tests.vci.j2534.support import Compiler, Wire, narrow_compiler
from tests.vci.j2534.test_device import ENGINE, PATIENCE, echo, opened, wait_until


@pytest.mark.parametrize("names", [(), ("U32",), ("QUIET", "NO_PERIODIC"), ("NO_ISO15765",), ("NO_IOCTL",), ("V0202",)])
def test_everything_goes_through_the_helper(
    compiler: Compiler, wire: Wire, tmp_path: Path, names: tuple[str, ...]
) -> None:
    with opened(compiler.library(*names), tmp_path, helper="yes") as vci, CanUnit(wire.bus(), ENGINE, echo):
        assert vci.voltage() == (None if "NO_IOCTL" in names else 12.6)
        link = vci.open_link(ENGINE)
        for size in (2, 7, 8, 300, 4095):
            pdu = b"\x22" + random.Random(size).randbytes(size - 1)
            link.send(pdu)
            assert link.receive(time.monotonic() + PATIENCE) == b"\x62" + pdu[1:]
        assert vci.collect_functional((ENGINE,), b"\x3e\x00", time.monotonic() + 0.5) == [(ENGINE, b"\x7e\x00")]


def test_keep_alive_by_the_device_in_the_helper(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    with (
        opened(compiler.library(), tmp_path, helper="yes") as vci,
        CanUnit(wire.bus(), ENGINE, echo) as unit,
    ):
        vci.send_functional(ENGINE, b"\x3e\x80")
        wait_until(lambda: len(unit.heard) == 2)


def test_a_crash_kills_only_the_helper(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    with (
        pytest.raises(VciLost, match=r"CRASH\.so crashed in its helper process \(SIG"),
        opened(compiler.library("CRASH"), tmp_path, helper="yes"),
    ):
        pass
    late = compiler.library("CRASH_IN_WRITE")
    with opened(late, tmp_path, helper="yes") as vci:
        link = vci.open_link(ENGINE)
        with pytest.raises(VciLost, match=r"crashed in its helper process \(SIG") as caught:
            link.send(b"\x3e\x00")
        assert str(late) in caught.value.message and caught.value.advice
        with pytest.raises(VciLost):
            link.receive(time.monotonic() + PATIENCE)
        assert vci.voltage() is None
    with opened(compiler.library(), tmp_path, helper="yes") as vci:
        assert vci.voltage() == 12.6


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("BUSY", VciBusy, "another program uses the device"),
        ("UNPLUGGED", VciNotFound, "not connected.*no cable"),
        ("NO_WRITE", DriverMissing, "has no function PassThruWriteMsgs"),
    ],
)
def test_refusals_travel_as_they_are(
    compiler: Compiler, wire: Wire, tmp_path: Path, name: str, kind: type[ProductError], words: str
) -> None:
    with (
        pytest.raises(kind, match=words) as caught,
        opened(compiler.library(name), tmp_path, helper="yes"),
    ):
        pass
    assert caught.value.advice


def test_a_helper_ends_with_its_parent(compiler: Compiler, wire: Wire) -> None:
    """Even where the library never comes back."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom core.vci.j2534.helper.client import _Pipe\n"
        "pipe = _Pipe((sys.executable,), 'x')\nprint(pipe._process.pid, flush=True)\n"
        f"pipe.call(0, 'open', {str(compiler.library('HANG'))!r}, 'x', '')\n"
    )
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root) as parent:
        assert parent.stdout is not None
        helper = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not Path(f"/proc/{helper}").exists() or _is_zombie(helper))


def test_a_killed_testers_device_is_closed(compiler: Compiler, wire: Wire) -> None:
    """A device that sends TesterPresent by itself would go on: the helper of a tester that is killed closes it."""
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom core.vci.j2534.opening import open_named\n"
        f"device = open_named('Box', {str(compiler.library('TELLS_CLOSE'))!r}, helper=True)\n"
        "channel = device.connect(6, 500000)\nchannel.start_periodic(bytes((0, 0, 7, 0xdf, 0x3e, 0x80)), 0x40, 50)\n"
        "while True:\n    channel.read(1, 20)\n    print('alive', flush=True)\n"
    )
    root = str(Path(__file__).resolve().parents[3])
    with (
        wire.bus() as bus,
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=root) as parent,
    ):
        assert parent.stdout is not None and parent.stdout.readline() == b"alive\n"
        parent.kill()
        parent.stdout.read()
        wait_until(lambda: (heard := bus.recv(0)) is not None and heard.arbitration_id == 0x7FF)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def narrow(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Compiler:
    return narrow_compiler(tmp_path_factory.mktemp("narrow"), monkeypatch)


@pytest.mark.parametrize("names", [(), ("V0202",)])
def test_a_32_bit_library_by_a_real_32_bit_python(
    narrow: Compiler, wire: Wire, tmp_path: Path, names: tuple[str, ...]
) -> None:
    """Chosen by itself: nothing in the URI says so."""
    library = narrow.library(*names)
    with opened(library, tmp_path) as vci, CanUnit(wire.bus(), ENGINE, echo):
        link = vci.open_link(ENGINE)
        pdu = b"\x22" + random.Random(32).randbytes(4094)
        link.send(pdu)
        assert link.receive(time.monotonic() + PATIENCE) == b"\x62" + pdu[1:]
    device = open_named("Narrow", str(library))
    assert isinstance(device, RemoteDevice)
    assert (device.abi, device.api) == ("32 bit", "02.02" if names else "04.04")
    device.close()
    with pytest.raises(DriverMissing, match="helper is switched off"):
        open_named("Narrow", str(library), helper=False)


def test_the_settings_name_the_python(
    narrow: Compiler, wire: Wire, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = os.environ[VARIABLE]
    monkeypatch.delenv(VARIABLE)
    folder = home / ".passthru"
    folder.mkdir()
    (folder / "n.json").write_text(json.dumps({"NAME": "Narrow", "FUNCTION_LIB": str(narrow.library()), "CAN": True}))
    monkeypatch.setenv("HOME", str(home))
    with open_workbench() as workbench:
        (listed,) = (each for each in workbench.devices() if each.name == "Narrow")
        assert not listed.usable and "no 32 bit Python was found" in listed.verdict and "python32" in listed.detail
        workbench.change_settings(devices__python32=python)
        (listed,) = (each for each in workbench.devices() if each.name == "Narrow")
        assert (listed.usable, listed.verdict) == (True, "installed, 32 bit helper")
        assert [checkup.problem for checkup in workbench.check_devices()] == [""]
        assert workbench.test_device("j2534:Narrow").firmware == "1.2.3"
        with workbench.connect("j2534:Narrow", hosted=False) as vehicle:
            assert vehicle.voltage() == 12.6


def test_why_a_python_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert interpreter_for(64).command == (sys.executable,)
    assert "is a 64 bit Python" in interpreter_for(32, sys.executable).problem
    assert "is no Python that starts" in interpreter_for(32, str(tmp_path / "none")).problem
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 32 3 8\n")
    old.chmod(0o755)
    assert "is Python 3.8, and 3.11 is needed" in interpreter_for(32, str(old)).problem
    monkeypatch.setenv(VARIABLE, str(old))
    assert "3.8" in interpreter_for(32, "/other").problem and VARIABLE in interpreter_for(32).advice


def test_the_protocol() -> None:
    stream = io.BytesIO()
    helper_wire.write(stream, [7, 1, "write", [b"\0\xff" * 9, 0x40, None, b""]])
    helper_wire.write(stream, {"a": 1})
    stream.seek(0)
    assert helper_wire.read(stream) == [7, 1, "write", [b"\0\xff" * 9, 0x40, None, b""]]
    assert helper_wire.read(stream) == {"a": 1}
    with pytest.raises(helper_wire.Ended):
        helper_wire.read(stream)
    messages = [Message(bytes(n), n, 2 * n, 0xFFFF_FFFF - n) for n in (0, 4, 4099)]
    assert helper_wire.unpacked(helper_wire.packed(messages)) == messages
    for error in (
        J2534Error("a", "b", result=0x14), VciLost("a", "b", lost_code="x"), VciBusy("a", "b", holder="h"),
        NoResponse("a", "b", timer="N_As"), DriverMissing("a", "b"),
    ):  # fmt: skip
        again = helper_wire.raised(helper_wire.told(error))
        assert type(again) is type(error) and vars(again) == vars(error)
    random_bytes = random.Random(5)
    for size in (1, 8, 9, 100):
        for _ in range(200):
            try:
                helper_wire.read(io.BytesIO(random_bytes.randbytes(size)))
            except helper_wire.Ended:
                continue


def test_calls_of_several_threads_do_not_wait_for_each_other(compiler: Compiler, wire: Wire) -> None:
    device = open_named("Box", str(compiler.library()), helper=True)
    try:
        channel = device.connect(5, 500_000)

        def read() -> None:
            with pytest.raises(VciLost):
                channel.read(1, 3000)

        reading = threading.Thread(target=read)
        reading.start()
        began = time.monotonic()
        assert device.voltage() == 12.6
        assert time.monotonic() - began < 2.0 and reading.is_alive()
        wire.pull()
        reading.join(PATIENCE)
    finally:
        device.close()
