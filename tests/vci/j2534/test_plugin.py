"""The python-can plug-in as other people use it: can.Bus, Notifier, Logger; and a driver that crashes its host."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from pathlib import Path

import can
import pytest
from can.interfaces import BACKENDS

from core.errors import SetupError, VciLost
from core.workbench import open_workbench
from tests.vci.j2534.support import Compiler, Wire
from tests.vci.j2534.test_device import wait_until


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the entry point can.interface does it at installation."""
    monkeypatch.setitem(BACKENDS, "j2534", ("core.vci.j2534.bus", "J2534Bus"))


def test_a_stock_bus_with_filters_notifier_and_logger(
    compiler: Compiler, wire: Wire, tmp_path: Path, plugged: None
) -> None:
    log = tmp_path / "log.asc"
    with (
        wire.bus() as other,
        can.Bus(interface="j2534", channel="Box", library=str(compiler.library()), ignore_config=True) as bus,
    ):
        bus.send(can.Message(arbitration_id=0x123, data=b"\x01\x02", is_extended_id=False))
        bus.send(can.Message(arbitration_id=0x18DA40F1, data=b"\x03", is_extended_id=True))
        first, second = other.recv(10), other.recv(10)
        assert first is not None and (first.arbitration_id, first.data, first.is_extended_id) == (0x123, b"\1\2", False)
        assert second is not None and (second.arbitration_id, second.is_extended_id) == (0x18DA40F1, True)
        assert bus.recv(0.01) is None
        bus.set_filters([{"can_id": 0x200, "can_mask": 0x7FF, "extended": False}])
        heard: list[can.Message] = []
        with can.Logger(log) as logger:
            notifier = can.Notifier(bus, [heard.append, logger], timeout=0.1)
            for identifier in (0x100, 0x200, 0x201, 0x200):
                other.send(can.Message(arbitration_id=identifier, data=bytes(8), is_extended_id=False))
            wait_until(lambda: len(heard) == 2)
            notifier.stop()
        assert all(message.arbitration_id == 0x200 and message.timestamp > 1e9 for message in heard)
        with pytest.raises(can.CanOperationError, match="classic data frames only"):
            bus.send(can.Message(arbitration_id=1, is_fd=True))
    assert len(list(can.LogReader(log))) == 2


def test_python_cans_own_logger(compiler: Compiler, wire: Wire) -> None:
    """`can_logger`, as it comes with python-can, finds the plug-in by its entry point and prints what it hears."""
    command = [sys.executable, "-u", "-m", "can.logger", "-i", "j2534", "-c", "Box", "-b", "500000"]
    options = ["--bus-kwargs", f"library={compiler.library('U32')}"]
    with (
        wire.bus() as other,
        subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as logger,
    ):
        assert logger.stdout is not None
        try:
            lines = iter(logger.stdout.readline, "")
            assert any("Can Logger" in line for line in lines)
            for number in range(20):
                other.send(can.Message(arbitration_id=0x100 + number, data=bytes((number,)), is_extended_id=False))
            heard = list(itertools.islice(lines, 20))
            logger.send_signal(signal.SIGINT)
            assert logger.wait(30) == 0
        finally:
            logger.kill()
    for number, line in enumerate(heard):
        assert f"ID: {0x100 + number:8x}" in line.lower().replace("id:", "ID:") and f" {number:02x}" in line


def test_own_messages_on_wish(compiler: Compiler, wire: Wire, plugged: None) -> None:
    library = str(compiler.library("U32"))
    with can.Bus("Box", "j2534", library=library, receive_own_messages=True, ignore_config=True) as bus:
        bus.send(can.Message(arbitration_id=0x123, data=b"\x01", is_extended_id=False))
        echo = bus.recv(10)
        assert echo is not None and (echo.arbitration_id, echo.is_rx) == (0x123, False)


def test_refusals_are_python_cans(compiler: Compiler, wire: Wire, plugged: None) -> None:
    for options, words in (
        ({"channel": "nobody"}, "No pass-thru device named 'nobody'"),
        ({"library": str(compiler.library("BUSY"))}, "another program"),
        ({"library": str(compiler.library()), "bitrate": 1}, "bit rate"),
    ):
        with pytest.raises(can.CanInitializationError, match=words):
            can.Bus(interface="j2534", ignore_config=True, **options)
    with pytest.raises(can.CanInterfaceNotImplementedError, match="is not there"):
        can.Bus(interface="j2534", library="/nowhere.so", ignore_config=True)


@pytest.mark.usefixtures("papers")
def test_a_crash_in_the_library_takes_only_the_host_down(compiler: Compiler, wire: Wire, compiled_cache: Path) -> None:
    library = compiler.library("CRASH")
    with open_workbench() as workbench:
        with pytest.raises(SetupError) as caught:
            workbench.connect(f"j2534:Box?library={library}", hosted=True)
        assert "crashed (SIG" in caught.value.message and str(library) in caught.value.message
        workbench.hosting.grace = 0.2
        late = f"j2534:Late?library={compiler.library('CRASH_IN_WRITE')}"
        with workbench.connect(late, hosted=True) as vehicle:
            with pytest.raises(VciLost) as lost:
                vehicle.survey().wait(60)
            assert late in lost.value.message and lost.value.advice
        with workbench.connect(f"j2534:Box?library={compiler.library()}", hosted=True) as vehicle:
            assert vehicle.voltage() == 12.6
