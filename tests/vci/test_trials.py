"""`devices test`: what a device can do, measured in a process of its own, and kept by serial number."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.vocabulary import DeviceTrial
from core.workbench import open_workbench
from core.workbench.devices.trials import TrialShelf
from tests.campaign.rig import MULTICAST, free_port
from tests.cli.support import passbay
from tests.vci.j2534.support import WIRE, Compiler, Wire


@pytest.fixture
def compiler(tmp_path_factory: pytest.TempPathFactory) -> Compiler:
    return Compiler(tmp_path_factory.mktemp("libraries"))


def test_a_pass_thru_device_is_measured_and_kept_by_its_serial_number(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    uri = f"j2534:Box?library={compiler.library('MANY_IOCTLS')}"
    with Wire() as wire, open_workbench() as workbench:
        monkeypatch.setenv(WIRE, str(wire.path))
        first = workbench.test_device(uri)
        assert (first.problem, first.firmware, first.api, first.serial) == ("", "1.2.3", "04.04", "00004711")
        assert (first.voltage, first.loopback) == (12.6, "yes")
        assert first.latency_ms is not None and first.frames_per_second
        can = dict(first.abilities)
        assert can["flow control filters"] == "10" and can["CLEAR_MSG_FILTERS"] == "yes"
        assert can["periodic messages"] == "yes" and can["GET_CONFIG DATA_RATE"] == "500000"
        second = workbench.test_device(f"j2534:Other%20name?library={compiler.library('MANY_IOCTLS', 'U32')}")
        assert [trial.name for trial in workbench.device_trials()] == ["Other name"], "one box, one record"
        assert second.abi == "32 bit"
        lame = workbench.test_device(f"j2534:Lame?library={compiler.library('NO_IOCTL', 'NO_PERIODIC')}")
        assert lame.loopback.startswith("The device does not return its own frames") and lame.latency_ms is None
        for words in ("supply voltage", "no periodic messages", "Block size", "own frames"):
            assert any(words in limit for limit in lame.limits), words
        gone = workbench.test_device(f"j2534:Gone?library={compiler.library('CRASH')}")
        assert "Gone: the library" in gone.problem and "crashed (SIG" in gone.problem and gone.advice
        assert len(workbench.device_trials()) == 3


def test_a_can_interface_and_doip(home: Path) -> None:
    uri = f"can:udp_multicast/{MULTICAST}?port={free_port()}"
    with open_workbench() as workbench:
        trial = workbench.test_device(uri)
        assert (trial.problem, trial.loopback) == ("", "yes")
        assert trial.latency_ms and trial.frames_per_second
        missing = workbench.test_device("can:pcan/PCAN_USBBUS1")
        assert missing.problem and missing.advice
        running = workbench.serve_garage("car-doip", doip="127.0.0.1:0", tls="client", tls_port=0)
        told = running.describe()
        entity = workbench.test_device(f"doip://{told['doip']}?tls_port={told['tls_port']}")
        assert (entity.problem, entity.vin, entity.loopback) == ("", running.garage.vin, "yes")
        assert entity.serial == running.garage.initial.eid.hex().upper()
        found = dict(entity.abilities)
        assert (found["TLS"], found["node"], found["power mode"]) == ("yes", "gateway", "ready")
        assert entity.latency_ms and any("supply voltage" in limit for limit in entity.limits)
        assert workbench.test_device("sim:car-mixed").problem == ""


def test_the_command(home: Path) -> None:
    uri = f"can:udp_multicast/{MULTICAST}?port={free_port()}"
    done = passbay("devices", "test", uri, "--json")
    assert done.code == 0 and done.last["loopback"] == "yes" and done.last["vci"] == uri
    text = passbay("devices", "test", uri)
    assert text.code == 0 and "frames/s" in text.stdout
    report = passbay("devices", "doctor", "--json")
    assert [each["vci"] for each in report.last["trials"]] == [uri]
    bad = passbay("devices", "test", "can:pcan/PCAN_USBBUS1")
    assert bad.code == 1 and bad.stdout.strip()
    assert passbay("devices", "test", "nonsense").code == 2


def test_damaged_records_are_passed_over(tmp_path: Path) -> None:
    shelf = TrialShelf(tmp_path)
    trial = DeviceTrial("can:x/1", "x", at=1.0, abilities=(("a", "yes"),), limits=("slow",))
    shelf.keep(trial)
    for name, text in (("a", "{"), ("b", "[]"), ("c", json.dumps({"uri": 1})), ("d", "null")):
        (tmp_path / f"{name}.json").write_text(text)
    assert shelf.all() == (trial,)
    assert TrialShelf(tmp_path / "none").all() == ()
