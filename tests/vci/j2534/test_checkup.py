"""`passbay devices doctor` on ten broken installations and a good one: a sentence each, what to do, never long."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from core.vci.checkup.parent import PATIENCE, check_all
from core.vci.opening import open_vci
from core.vci.uri import VciUri
from tests.cli.support import passbay
from tests.vci.j2534.support import Compiler, Wire
from tests.vci.j2534.test_discovery import elf32

EXPECTED = {
    "missing": "is not there",
    "narrow": "no 32 bit Python was found",
    "half": "names no library",
    "torn": "torn.json cannot be used",
    "export": "no function PassThruWriteMsgs",
    "crash": "crashed (SIG",
    "hang": "did not come back within",
    "busy": "another program uses the device",
    "unplugged": "the device is not connected",
    "five": "05.00, which is not supported",
    "mixed": "mixes two binary interfaces",
    "mute": "its binary interface (ABI) is unknown",
}


@pytest.fixture
def folder(compiler: Compiler, wire: Wire, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`~/.passthru` of a workshop PC on which everything has gone wrong, and two devices that work."""
    folder = home / ".passthru"
    folder.mkdir()
    five = home / "five.c"
    five.write_text("int PassThruScanForDevices(void) { return 0; }")
    libraries = {
        "missing": home / "none.so",
        "narrow": elf32(home / "x86.so"),
        "half": "",
        "export": compiler.library("NO_WRITE"),
        "crash": compiler.library("CRASH"),
        "hang": compiler.library("HANG"),
        "busy": compiler.library("BUSY"),
        "unplugged": compiler.library("UNPLUGGED"),
        "five": compiler.compile(five, "five"),
        "mixed": compiler.library("MIXED"),
        "mute": compiler.library("MUTE_OPEN"),
        "good": compiler.library(),
        "old": compiler.library("V0202"),
        "good u32": compiler.library("U32", "NO_VBATT"),
    }
    for name, library in libraries.items():
        (folder / f"{name}.json").write_text(
            json.dumps({"NAME": name, "VENDOR": "Maker", "FUNCTION_LIB": str(library)})
        )
    (folder / "torn.json").write_text("{")
    monkeypatch.setenv("HOME", str(home))
    return folder


def test_each_is_named_in_one_sentence_with_what_to_do(folder: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    found = {each.device.name: each for each in check_all(tmp_path / "locks", folder, patience=5.0)}
    assert time.monotonic() - began < 30
    assert set(found) == {*EXPECTED, "good", "good u32", "old"}
    for name, words in EXPECTED.items():
        each = found[name]
        assert words in each.problem and each.problem.endswith("."), each
        assert each.advice.endswith(".") and each.seconds < PATIENCE + 2
        assert name in each.problem
    good, narrow = found["good"].found, found["good u32"].found
    assert not found["good"].problem and not found["good u32"].problem
    assert (good["api"], good["firmware"], good["voltage"], good["abi"]) == ("04.04", "1.2.3", 12.6, "unsigned long")
    assert good["abilities"]["ISO15765"] == good["abilities"]["CAN"] == "yes"
    assert not found["old"].problem, found["old"]
    old = found["old"].found
    assert (old["api"], old["firmware"], old["voltage"]) == ("02.02", "0.9", 12.6)
    assert any("11 or 29 bit" in limit for limit in old["limits"])
    assert (narrow["abi"], narrow["voltage"]) == ("32 bit", None)
    assert any("supply voltage" in limit for limit in narrow["limits"])


def test_a_device_that_passbay_itself_uses_is_left_alone(folder: Path, tmp_path: Path) -> None:
    for file in folder.glob("*.json"):
        if file.name != "good.json":
            file.unlink()
    locks = tmp_path / "locks"
    vci = open_vci(VciUri.parse("j2534:Good"), tap=lambda seen: None, lock_directory=locks)
    try:
        (each,) = check_all(locks, folder)
        assert "is in use by pid" in each.problem
    finally:
        vci.close()
    (each,) = check_all(locks, folder)
    assert not each.problem


def test_the_command(folder: Path) -> None:
    for file in folder.glob("*.json"):
        if file.stem not in ("good", "torn"):
            file.unlink()
    done = passbay("devices", "doctor", "--json")
    assert done.code == 1
    by_name = {each["name"]: each for each in done.last["checkups"]}
    assert by_name["good"]["usable"] and by_name["good"]["api"] == "04.04"
    assert not by_name["torn"]["usable"] and by_name["torn"]["advice"]
    (folder / "torn.json").unlink()
    done = passbay("devices", "doctor")
    assert done.code == 0 and "12.6 V" in done.stdout
