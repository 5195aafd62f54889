"""Opening what a URI names, under the device's lock; what python-can finds here; each refusal says what is missing."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import can
import pytest

from core.errors import DriverMissing, LocalProtocolError, UsageError, VciBusy, VciError, VciNotFound
from core.vci import can_interfaces
from core.vci.opening import list_can_interfaces, open_vci
from core.vci.uri import VciUri
from core.vocabulary import CanAddress, CanFrame, DeviceKind, DoipAddress, DoipMessage, Transport
from tests.vci.can_unit import CanUnit

ENGINE = CanAddress(0x7E0, 0x7E8)


def opened(text: str, folder: Path, seen: list[CanFrame | DoipMessage] | None = None):  # type: ignore[no-untyped-def]
    return open_vci(VciUri.parse(text), tap=[].append if seen is None else seen.append, lock_directory=folder)


def test_a_python_can_bus_is_opened_locked_and_given_back(tmp_path: Path) -> None:
    seen: list[CanFrame | DoipMessage] = []
    vci = opened("can:virtual/opening-1?bitrate=250000", tmp_path, seen)
    assert (vci.uri, vci.name) == ("can:virtual/opening-1?bitrate=250000", "virtual opening-1")
    assert vci.transports == {Transport.CAN}
    with pytest.raises(VciBusy):
        opened("can:virtual/opening-1", tmp_path)
    other = opened("can:virtual/opening-2", tmp_path)
    other.close()
    with CanUnit(can.Bus(interface="virtual", channel="opening-1"), ENGINE, lambda pdu: [b"\x7e\x00"]):
        link = vci.open_link(ENGINE)
        link.send(b"\x3e\x00")
        assert link.receive(time.monotonic() + 20) == b"\x7e\x00"
    assert len(seen) == 2
    vci.close()
    vci.close()
    opened("can:virtual/opening-1", tmp_path).close()


def test_an_interface_that_does_not_exist_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nosuch") as caught:
        opened("can:nosuch/x", tmp_path)
    assert "socketcan" in caught.value.advice
    assert not list(tmp_path.glob("*.holder"))


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usb", None)  # as on a PC without pyusb
    with pytest.raises(DriverMissing, match="gs_usb and pyusb"):
        opened("can:gs_usb/0", tmp_path)


def test_a_driver_whose_wrapper_fails_by_a_name_of_its_own_is_missing(tmp_path: Path) -> None:
    if can_interfaces.missing_driver("kvaser"):
        with pytest.raises(DriverMissing, match="Kvaser CANlib"):
            opened("can:kvaser/0", tmp_path)


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    for _ in range(2):  # the lock was given back
        with pytest.raises((VciNotFound, DriverMissing)):  # the latter where the kernel has no SocketCAN
            opened("can:socketcan/nosuchcan0", tmp_path)


@pytest.mark.parametrize("port", ["70000", "0", "-1", "abc", "on"])
def test_a_port_that_cannot_be_is_wrong_usage(tmp_path: Path, port: str) -> None:
    with pytest.raises(UsageError, match="Port"):
        opened(f"can:udp_multicast/239.74.163.2?port={port}", tmp_path)


def test_a_simulation_is_opened_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(LocalProtocolError):
        opened("sim:car-mixed", tmp_path)


def test_python_can_prints_nothing_when_opening_fails(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom core.errors import ProductError\n"
        "from core.vci.opening import open_vci\nfrom core.vci.uri import VciUri\n"
        "for name in ('kvaser/0', 'pcan/x', 'vector/0', 'ixxat/0', 'socketcan/nosuchcan0', 'slcan/x', 'nican/x'):\n"
        "    try:\n"
        "        open_vci(VciUri.parse('can:' + name), tap=print, lock_directory=Path(sys.argv[1])).close()\n"
        "    except ProductError as error:\n"
        "        assert error.message and error.advice\n"
        "    else:\n"
        "        raise SystemExit(name)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=Path(__file__).parents[2], capture_output=True, timeout=100
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")


def test_every_interface_of_python_can_is_listed_with_a_verdict() -> None:
    before = time.monotonic()
    devices = list_can_interfaces()
    assert time.monotonic() - before < can_interfaces.PATIENCE + 2
    listed = {VciUri.parse(device.uri).interface for device in devices}
    assert listed >= can.VALID_INTERFACES - can_interfaces.OURS
    assert all(device.kind is DeviceKind.CAN and device.verdict for device in devices)
    assert [device.usable for device in devices] == sorted((device.usable for device in devices), reverse=True)
    multicast = next(device for device in devices if device.uri.startswith("can:udp_multicast/"))
    assert multicast.usable


def test_found_devices_become_uris_that_can_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "vector": [{"interface": "vector", "channel": 0, "serial": 1234, "supports_fd": True, "vector_channel": {}}],
        "brandnew": [{"interface": "brandnew", "channel": "a b?c"}],
    }
    monkeypatch.setattr(can_interfaces, "_ask_child", lambda: (found, "no device found"))
    by_name = {device.name: device for device in list_can_interfaces()}
    vector = VciUri.parse(by_name["Vector 0"].uri)
    assert (vector.interface, vector.channel, vector.options) == ("vector", "0", {"serial": 1234})
    assert by_name["Vector 0"].usable and by_name["Vector 0"].verdict == "found"
    assert VciUri.parse(by_name["brandnew a b?c"].uri).channel == "a b?c"


@pytest.mark.parametrize(
    ("program", "verdict"),
    [("import time; time.sleep(60)", "a driver did not answer in time"), ("print('noise')", "could not be asked")],
)
def test_detection_that_hangs_or_fails_is_survived(
    program: str, verdict: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec {sys.executable} -c {program!r}\n".replace("'", '"'), encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(can_interfaces.sys, "executable", str(python))
    monkeypatch.setattr(can_interfaces, "PATIENCE", 1.0)
    devices = list_can_interfaces()
    assert any(verdict in device.verdict for device in devices)


def test_both_ways_or_none(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]  # nobody answers there once it is closed
    for _ in range(2):  # what was opened and locked before the failure was given back
        with pytest.raises(VciError):
            opened(f"can:virtual/opening-3?doip=127.0.0.1:{port}", tmp_path).open_link(DoipAddress(0x1000))
    opened("can:virtual/opening-3", tmp_path).close()
