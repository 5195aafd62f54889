"""Keeps a garage vehicle on disk: flash, coding, trouble codes, fingerprint. Old or new after a power cut, never torn.

state.json names one file for each flash region that is not the factory's; every file is written whole, synced and
moved into place before state.json names it (os.replace). A damaged state is put aside, and the car is as new.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import StorageFailed
from core.pc.files import replace_file
from core.simulation.ecu.memory import Region
from core.simulation.ecu.model import DtcMemory, UnitState
from core.simulation.garage import Garage, GarageUnit

FORMAT = 1
STATE_FILE = "state.json"
LARGEST_STATE = 16 * 1024 * 1024  # bytes of state.json that are read at all


class GarageStore:
    """The folder of one vehicle. `notices` are sentences for the technician (damaged state, disk trouble)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notices: list[str] = []
        self._known: dict[tuple[str, int], tuple[int, str]] = {}
        self._saving = threading.Lock()

    def load(self, garage: Garage) -> None:
        """Put the stored state into the units. A damaged one is kept aside and told in `notices`."""
        path = self.folder / STATE_FILE
        if not path.exists():
            return
        try:
            stored = json.loads(_read(path, LARGEST_STATE))
            if not isinstance(stored, dict) or stored.get("format") != FORMAT:
                raise ValueError("it has an unknown format")
            entries = [(unit, self._parse(unit, stored["units"][unit.name])) for unit in garage.units]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._put_aside(error)
            return
        for unit, apply in entries:
            apply()
            unit.power_on(garage.clock())

    def save(self, garage: Garage) -> None:
        """Write everything that differs from the factory. StorageFailed where the disk refuses."""
        with self._saving:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                units = {unit.name: self._unit_entry(unit) for unit in garage.units}
                text = json.dumps({"format": FORMAT, "vehicle": garage.name, "units": units}, indent=1)
                replace_file(self.folder / STATE_FILE, text.encode())
                self._remove_unused(units)
            except OSError as error:
                raise StorageFailed(f"The simulated car cannot be stored in {self.folder}: {error}.") from error

    def _unit_entry(self, unit: GarageUnit) -> dict[str, Any]:
        with unit.lock:
            state = unit.state
            entry: dict[str, Any] = {
                "fingerprint": state.fingerprint.hex(),
                "wrong_keys": {str(level): count for level, count in state.wrong_keys.items()},
                "coding": {f"{did:04X}": value.hex() for did, value in state.coding.items()},
                "dtcs": [_dtc_entry(dtc) for dtc in state.dtcs.values()],
            }
            regions = [(region, _region_entry(region), self._bytes_of(unit, region)) for region in state.memory.regions]
        entry["regions"] = []
        for region, fields, (version, data) in regions:
            if fields["changed"]:
                fields["file"] = self._store_bytes((unit.name, region.start), version, data)
            entry["regions"].append(fields)
        return entry

    def _bytes_of(self, unit: GarageUnit, region: Region) -> tuple[int, bytes | None]:
        """A copy of the bytes, None where this version of them is on disk already or nothing was programmed."""
        known = self._known.get((unit.name, region.start))
        if not region.changed or (known is not None and known[0] == region.version):
            return region.version, None
        return region.version, bytes(region.data[: region.used_end - region.start])

    def _store_bytes(self, key: tuple[str, int], version: int, data: bytes | None) -> str:
        if data is None:
            return self._known[key][1]
        name = hashlib.sha256(data).hexdigest()[:40] + ".bin" if data else ""
        if name and not (self.folder / name).exists():
            replace_file(self.folder / name, data)
        self._known[key] = (version, name)
        return name

    def _remove_unused(self, units: dict[str, dict[str, Any]]) -> None:
        used = {region.get("file") for entry in units.values() for region in entry["regions"]}
        for path in self.folder.glob("*.bin"):
            if path.name not in used:
                path.unlink(missing_ok=True)

    def _parse(self, unit: GarageUnit, entry: dict[str, Any]) -> Callable[[], None]:
        """Read and check one unit's entry now; the function that comes back changes the unit."""
        coding = {int(did, 16): bytes.fromhex(value) for did, value in entry["coding"].items()}
        dtcs = [_parse_dtc(row) for row in entry["dtcs"]]
        fingerprint = bytes.fromhex(entry["fingerprint"])
        wrong_keys = {int(level): int(count) for level, count in entry["wrong_keys"].items()}
        regions = [self._parse_region(region, entry["regions"]) for region in unit.state.memory.regions]

        def apply() -> None:
            state: UnitState = unit.state
            state.fingerprint, state.wrong_keys = fingerprint, wrong_keys
            # records and codes that the data do not know any more are left behind
            lengths = {did: len(value) for did, value in state.coding.items()}
            state.coding |= {did: value for did, value in coding.items() if lengths.get(did) == len(value)}
            state.dtcs |= {dtc.code: dtc for dtc in dtcs if dtc.code in state.dtcs}
            for region, restored in zip(state.memory.regions, regions, strict=True):
                if restored is not None:
                    data, name, valid, used = restored
                    region.restore(data, valid, used)
                    self._known[unit.name, region.start] = (region.version, name)

        return apply

    def _parse_region(self, region: Region, rows: Any) -> tuple[bytes, str, bool, tuple[int, int]] | None:
        """Bytes, file, mark and used range; None for a region that is the factory's or that had another layout."""
        same = [row for row in rows if (row["start"], row["size"]) == (region.start, region.size)]
        if not same or not same[0]["changed"]:
            return None
        row = same[0]
        name, (low, high) = str(row["file"]), row["used"]
        if not region.start <= low <= high <= region.end or Path(name).name != name:
            raise ValueError("a flash region does not fit the unit")
        data = _read(self.folder / name, region.size) if name else b""
        if name and hashlib.sha256(data).hexdigest()[:40] + ".bin" != name:
            raise ValueError(f"{name} is damaged")
        return data, name, bool(row["valid"]), (low, high)

    def _put_aside(self, error: Exception) -> None:
        aside = self.folder.with_name(f"{self.folder.name}.damaged-{time.time_ns()}")
        try:
            self.folder.replace(aside)
        except OSError as second:
            raise StorageFailed(f"The damaged state in {self.folder} cannot be put aside: {second}.") from second
        self.notices.append(
            f"The stored state of the simulated car is damaged ({error}). It was kept as {aside}; the car is as new."
        )


class Saver:
    """The thread that stores the garage after changes, so that no unit waits for the disk. Closing stores the last."""

    def __init__(self, garage: Garage, store: GarageStore) -> None:
        self._garage, self._store = garage, store
        self._news = threading.Condition()
        self._dirty = self._closing = False
        garage.on_change = self.wake
        self._thread = threading.Thread(target=self._run, name=f"garage {garage.name} storage", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to store."""
        with self._news:
            self._dirty = True
            self._news.notify()

    def close(self) -> None:
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._dirty or self._closing)
                if not self._dirty:
                    return
                self._dirty = False
            try:
                self._store.save(self._garage)
            except StorageFailed as error:
                if error.message not in self._store.notices:
                    self._store.notices.append(error.message)


def erase_state(folder: Path) -> None:
    """Back to the factory: forget what was stored. StorageFailed where the disk refuses."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageFailed(f"{folder} cannot be removed: {error}.") from error


def _region_entry(region: Region) -> dict[str, Any]:
    return {
        "name": region.name,
        "start": region.start,
        "size": region.size,
        "changed": region.changed,
        "valid": region.valid,
        "used": [region.used_start, region.used_end],
    }


def _dtc_entry(dtc: DtcMemory) -> dict[str, Any]:
    return {
        "code": dtc.code,
        "status": dtc.status,
        "snapshots": {str(number): data.hex() for number, data in dtc.snapshots.items()},
        "extended": {str(number): data.hex() for number, data in dtc.extended.items()},
    }


def _parse_dtc(row: dict[str, Any]) -> DtcMemory:
    snapshots = {int(number): bytes.fromhex(data) for number, data in row["snapshots"].items()}
    extended = {int(number): bytes.fromhex(data) for number, data in row["extended"].items()}
    return DtcMemory(int(row["code"]), int(row["status"]) & 0xFF, snapshots, extended)


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"{path.name} is larger than it can be")
    return data
