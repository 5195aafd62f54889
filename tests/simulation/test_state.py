"""The stored state of a garage vehicle: kept, torn nowhere, put aside when damaged, locked against a second process."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from core.errors import StorageFailed
from core.simulation.garage import Garage
from core.simulation.state import STATE_FILE, GarageStore, Saver, erase_state
from tests.simulation.support import START, car


def _garage() -> Garage:
    data, initial, _ = car()
    return Garage("test-car", data, initial, clock=time.monotonic)


def _new_software(garage: Garage) -> None:
    """The flash memory as it is after a flash of BODY."""
    for address, data in car()[2].items():
        region = garage.unit("BODY").state.memory.holding(address, len(data))
        assert region is not None
        region.erase()
        assert region.program(address, data)
        region.valid = True


def _read(garage: Garage, did: str, unit: str = "BODY") -> bytes:
    server = garage.unit(unit).server
    server.receive(bytes.fromhex("22" + did), garage.clock())
    return server.answers(garage.clock())[0][1][3:]


def test_everything_is_kept(tmp_path: Path) -> None:
    garage, store = _garage(), GarageStore(tmp_path / "car")
    _new_software(garage)
    state = garage.unit("body").state
    state.coding[0x0100] = b"\x02\x11"
    state.fingerprint = b"FP"
    state.wrong_keys[1] = 2
    assert garage.record_fault("BODY", 0x9B0300)
    store.save(garage)

    other = _garage()
    GarageStore(tmp_path / "car").load(other)
    again = other.unit("BODY").state
    assert (again.coding, again.fingerprint, again.wrong_keys) == (state.coding, b"FP", {1: 2})
    assert again.dtcs == state.dtcs and again.dtcs[0x9B0300].status == 0x2F
    assert _read(other, "F189") == b"2.0" and _read(other, "F100") == b"\x01"
    for mine, theirs in zip(state.memory.regions, again.memory.regions, strict=True):
        assert mine.data == theirs.data and (mine.used_start, mine.used_end) == (theirs.used_start, theirs.used_end)


def test_unused_images_are_removed_and_known_ones_not_written_again(tmp_path: Path) -> None:
    garage, store = _garage(), GarageStore(tmp_path)
    _new_software(garage)
    store.save(garage)
    files = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.bin")}
    assert len(files) == 2
    garage.unit("BODY").state.coding[0x0100] = b"\x00\x01"
    store.save(garage)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.bin")} == files
    for region in garage.unit("BODY").state.memory.regions:
        region.erase()
    store.save(garage)
    assert list(tmp_path.glob("*.bin")) == [] and list(tmp_path.glob(".*")) == []


def test_a_unit_cut_off_while_flashing_is_in_boot_when_it_is_opened_again(tmp_path: Path) -> None:
    garage, store = _garage(), GarageStore(tmp_path)
    region = garage.unit("BODY").state.memory.number(1)
    assert region is not None
    region.erase()
    assert region.program(START, b"half of it")
    store.save(garage)
    other = _garage()
    GarageStore(tmp_path).load(other)
    assert _read(other, "F100") == b"\x02" and other.unit("BODY").server.in_boot
    assert _read(other, "F190", "DOOR") == other.vin.encode()
    restored = other.unit("BODY").state.memory.number(1)
    assert restored is not None and restored.data[:12] == b"half of it\xff\xff" and not restored.valid


DAMAGES = {
    "no json": lambda folder: (folder / STATE_FILE).write_bytes(b"{"),
    "no object": lambda folder: (folder / STATE_FILE).write_text("[]"),
    "other format": lambda folder: (folder / STATE_FILE).write_text('{"format": 99}'),
    "no unit": lambda folder: (folder / STATE_FILE).write_text('{"format": 1, "units": {}}'),
    "bad image": lambda folder: next(folder.glob("*.bin")).write_bytes(b"x"),
    "no image": lambda folder: next(folder.glob("*.bin")).unlink(),
    "path": lambda folder: _edit(folder, "file", "../../secret.bin"),
    "range": lambda folder: _edit(folder, "used", [0, 1 << 40]),
    "types": lambda folder: _edit(folder, "used", "no"),
}


def _edit(folder: Path, key: str, value: object) -> None:
    stored = json.loads((folder / STATE_FILE).read_text())
    stored["units"]["BODY"]["regions"][0][key] = value
    (folder / STATE_FILE).write_text(json.dumps(stored))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_kept_aside_and_the_car_is_as_new(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "car"
    garage, store = _garage(), GarageStore(folder)
    _new_software(garage)
    garage.unit("BODY").state.coding[0x0100] = b"\x02\x11"
    store.save(garage)
    DAMAGES[damage](folder)
    other, second = _garage(), GarageStore(folder)
    second.load(other)
    assert len(second.notices) == 1 and "damaged" in second.notices[0]
    aside = [path for path in tmp_path.iterdir() if path.name.startswith("car.damaged-")]
    assert len(aside) == 1 and (aside[0] / STATE_FILE).exists() and not folder.exists()
    assert _read(other, "F189") == b"1.0" and other.unit("BODY").state.coding[0x0100] == b"\x01\x05"


def test_another_layout_of_the_data_leaves_the_factory_flash(tmp_path: Path) -> None:
    garage, store = _garage(), GarageStore(tmp_path)
    _new_software(garage)
    store.save(garage)
    _edit(tmp_path, "size", 17)
    other = _garage()
    GarageStore(tmp_path).load(other)
    assert _read(other, "F189") == b"1.0"


def test_the_saver_stores_without_being_waited_for(tmp_path: Path) -> None:
    garage, store = _garage(), GarageStore(tmp_path)
    stored = threading.Event()
    real = store.save
    store.save = lambda which: (real(which), stored.set())[0]  # type: ignore[method-assign]
    saver = Saver(garage, store)
    try:
        garage.record_fault("BODY", 0x9B0300)
        assert stored.wait(20)
        garage.unit("BODY").state.fingerprint = b"last"
        saver.wake()
    finally:
        saver.close()
    other = _garage()
    GarageStore(tmp_path).load(other)
    assert other.unit("BODY").state.fingerprint == b"last" and other.unit("BODY").state.dtcs[0x9B0300].status == 0x2F


def test_a_full_disk_is_told_and_the_car_goes_on(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    garage, store = _garage(), GarageStore(blocked / "car")
    with pytest.raises(StorageFailed):
        store.save(garage)
    saver = Saver(garage, store)
    garage.record_fault("BODY", 0x9B0300)
    saver.close()
    assert len(store.notices) == 1


def test_back_to_the_factory(tmp_path: Path) -> None:
    store = GarageStore(tmp_path / "car")
    erase_state(tmp_path / "car")
    store.save(_garage())
    erase_state(tmp_path / "car")
    assert not (tmp_path / "car").exists()


KILLED = """
import sys, time
from pathlib import Path
from core.simulation.state import GarageStore
from tests.simulation.test_state import _garage, _new_software
garage, store = _garage(), GarageStore(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    number = (number + 1) % 61
    for region in garage.unit("BODY").state.memory.regions:
        region.erase()
    if number % 2:
        _new_software(garage)
    garage.unit("BODY").state.coding[0x0100] = bytes((number % 2, number))
    store.save(garage)
    print(number, flush=True)
"""


def test_kill_9_leaves_the_old_or_the_new_state(tmp_path: Path) -> None:
    for cut in range(6):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(2 + 3 * cut):
            assert process.stdout.readline()
        process.kill()
        process.communicate()
        garage, store = _garage(), GarageStore(tmp_path)
        store.load(garage)
        assert store.notices == []
        kept, number = garage.unit("BODY").state.coding[0x0100]
        assert kept == number % 2
        assert _read(garage, "F100") == (b"\x01" if kept else b"\x02")
