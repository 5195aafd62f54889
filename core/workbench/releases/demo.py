"""The demo repository of this PC: two releases and two AddOns of the garage's cars, by the publisher's own code.

The first release lacks newer flashware of most units; the second brings it, but for one unit whose flashware comes
with an AddOn. So there is something to update to without any server. Its keys are made here and vouch for nothing else.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ReleaseError

if TYPE_CHECKING:
    from core.backend.publisher.releases import Publisher
    from core.simulation.pdx_writer.tables.model import Vehicle

_KEPT_BACK = ("car-mixed", "CLUSTER")
"""Vehicle and unit whose newest flashware comes with the AddOn only."""
_ONLY_IN_SECOND = frozenset(("ENGINE", "BRAKES", "HEADUNIT", "COORDINATOR"))
_JUNE, _SEPTEMBER, _OCTOBER = 1_780_272_000, 1_788_220_800, 1_790_812_800  # first days of months in 2026, UTC
_DAYS_LEFT = 3.0

_NOTES_JUNE = """# Release 2026.06

The demo data as they were in June: every simulated vehicle, with the flashware of that time.
"""
_NOTES_SEPTEMBER = """# Release 2026.09

Newer flashware for **engine**, **brakes**, **head unit** and the **coordinator** of the truck.

- Install it, connect the simulation and run the quick test: units with newer software are marked.
- Roll back at any time; the release of June stays on this PC.
"""
_CLUSTER_HELP = """# Instrument cluster: flashware of October

The AddOn *cluster-update* brings flashware for the cluster of the mixed car. Flash it over DoIP, about a minute.
"""


def ensure_demo(folder: Path, keys: Path) -> bytes:
    """The repository is in `folder` and its timestamp is fresh; the root metadata that vouch for it.

    Made beside its place and moved there whole: a start that was cut off is done again.
    """
    import filelock

    from core.backend.publisher.keys import KeyRing
    from core.backend.publisher.repository import StaticRepository

    anchor = folder / "metadata" / "1.root.json"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(folder.with_suffix(".lock")):  # two searches, or two processes, at the first use
        if not (folder / "complete").is_file():
            _make(folder, keys)
        StaticRepository(folder, KeyRing([keys / "online"])).keep_fresh(_DAYS_LEFT)
    try:
        return anchor.read_bytes()
    except OSError as problem:
        raise ReleaseError(f"The demo repository in {folder} cannot be read: {problem}.") from problem


def _make(folder: Path, keys: Path) -> None:
    import shutil

    from core.backend.publisher.keys import KeyRing
    from core.backend.publisher.releases import Publisher
    from core.backend.publisher.repository import StaticRepository

    for rest in (folder, keys):
        shutil.rmtree(rest, ignore_errors=True)
    repository = StaticRepository(folder, KeyRing([]))
    repository.create(keys)
    with tempfile.TemporaryDirectory(prefix="passbay-demo-") as scratch:
        _fill(Publisher(repository), Path(scratch))
    (folder / "complete").touch()


def _fill(publisher: Publisher, scratch: Path) -> None:
    from core.backend.publisher.releases import Draft
    from core.simulation.pdx_writer.tables.vehicles import VEHICLES

    groups = tuple(dict.fromkeys(vehicle.product_group for vehicle in VEHICLES))
    first = {f"{v.name}.pdx": _write(_without(v, _ONLY_IN_SECOND | _kept_back(v)), scratch / "1") for v in VEHICLES}
    publisher.publish(Draft("2026.06", "Summer release", first, _NOTES_JUNE, product_groups=groups, released=_JUNE))
    second = {f"{v.name}.pdx": _write(_without(v, _kept_back(v)), scratch / "2") for v in VEHICLES}
    publisher.publish(
        Draft("2026.09", "Autumn release", second, _NOTES_SEPTEMBER, product_groups=groups, released=_SEPTEMBER)
    )
    car = next(vehicle for vehicle in VEHICLES if vehicle.name == _KEPT_BACK[0])
    update = {f"{car.name}.pdx": _write(car, scratch / "3")}
    publisher.publish(
        Draft("1.0", "Cluster flashware of October", update, "Newer flashware for the instrument cluster.\n",
              name="cluster-update", product_groups=("passenger cars",), needs_release="2026.09", released=_OCTOBER)
    )  # fmt: skip
    page = scratch / "cluster.md"
    page.write_text(_CLUSTER_HELP, encoding="utf-8")
    publisher.publish(
        Draft("1.0", "Help for the cluster update", {"cluster.md": page}, "How to flash the cluster.\n",
              name="cluster-help", needs=("cluster-update",), released=_OCTOBER)
    )  # fmt: skip


def _kept_back(vehicle: Vehicle) -> frozenset[str]:
    return frozenset((_KEPT_BACK[1],)) if vehicle.name == _KEPT_BACK[0] else frozenset()


def _without(vehicle: Vehicle, units: frozenset[str]) -> Vehicle:
    """The vehicle as it was before these units' newest flashware was published."""
    return replace(
        vehicle,
        units=tuple(replace(unit, held_back=True) if unit.name in units else unit for unit in vehicle.units),
    )


def _write(vehicle: Vehicle, folder: Path) -> Path:
    from core.simulation.pdx_writer.package import write_pdx

    folder.mkdir(parents=True, exist_ok=True)
    return write_pdx(vehicle, folder)
