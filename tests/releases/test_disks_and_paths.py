"""Full and read-only disks; paths with blanks, umlauts and 250 characters (C2): clear words, the old release works."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import StorageFailed, StorageFull
from core.releases.library import Library
from core.releases.sources.archive import ZipSource
from core.releases.store.shelf import Shelf
from tests.releases.shop import FIRST, SECOND, Customer, Shop, some_bytes

LONG = "Werkstatt Müller & Söhne (Halle 2) " * 8


def _mount(place: Path, options: str) -> bool:
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)
    return done.returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    if not hasattr(os, "geteuid") or os.geteuid() or not _mount(place, "size=1m"):
        pytest.skip("a small disk can only be mounted by root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_before_the_download(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Customer(tmp_path / "pc")
    customer.fetch(shop.origin(), "2026.06")
    monkeypatch.setattr(Library, "free_bytes", lambda self: 1_000_000)
    with pytest.raises(StorageFull, match=r"MB are to be stored in .* MB are free"):
        customer.fetch(shop.origin(), "2026.09")
    assert customer.contents() == FIRST


def test_a_disk_that_fills_up_meanwhile(
    shop: Shop, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes while we do: nothing half, and a clean update once there is room."""
    monkeypatch.setattr("core.releases.library.fetch._SPARE", 0)
    shop.release("2027.01", {"car.pdx": some_bytes(60, 500_000)})
    customer = Customer(small_disk / "pc")
    customer.fetch(shop.origin(), "2026.06")
    customer.library.search(shop.origin())
    monkeypatch.setattr(Library, "free_bytes", lambda self: 1 << 40)
    free = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(b"x" * (free - 200_000))
    with pytest.raises(StorageFull, match="The disk is full"):
        customer.library.download(shop.origin(), customer.head("2027.01"))
    assert customer.contents() == FIRST and customer.library.verify()[2] == []
    (small_disk / "ballast").unlink()
    customer.fetch(shop.origin(), "2027.01")
    assert customer.contents() == {"car.pdx": some_bytes(60, 500_000)}


def test_no_room_for_the_pointer(shop: Shop, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.releases.library.fetch._SPARE", 0)
    customer = Customer(small_disk / "pc")
    customer.fetch(shop.origin(), "2026.06")
    kept = customer.library.download(shop.origin(), customer.head("2026.09"))
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError):
        while True:
            ballast.write(b"x" * 4096)
    with pytest.raises((StorageFull, StorageFailed), match=r"disk is full|written"):
        customer.library.install(kept)
    assert customer.contents() == FIRST
    (small_disk / "ballast").unlink()
    customer.library.install(kept)
    assert customer.contents() == SECOND


def test_a_read_only_disk(shop: Shop, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.releases.library.fetch._SPARE", 0)
    customer = Customer(small_disk / "pc")
    customer.fetch(shop.origin(), "2026.06")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(StorageFailed) as refusal:
        customer.fetch(shop.origin(), "2026.09")
    assert "ead-only" in refusal.value.message and refusal.value.advice
    assert customer.contents() == FIRST
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    customer.fetch(shop.origin(), "2026.09")
    assert customer.contents() == SECOND


@pytest.mark.parametrize(
    "name", ["with blanks", "Größe ñ 工場", "semi;colon & 'quotes' [x] %20 #1", LONG[:200].strip()], ids=range(4)
)
def test_any_path_will_do(name: str, tmp_path: Path) -> None:
    """Publish, fetch, export, import, install, roll back below it (C2)."""
    base = tmp_path / name
    if name.startswith("Werkstatt"):
        while len(str(base)) < 250:
            base = base / "ä tief"
        assert len(str(base)) >= 250
    base.mkdir(parents=True)
    shop = Shop(base / "shop")
    shop.release("2026.06", FIRST)
    shop.release("2026.09", SECOND)
    customer = Customer(base / "pc")
    customer.fetch(shop.origin(), "2026.06")
    customer.fetch(shop.origin())
    place = customer.library.export(customer.library.state.active, shop.anchor, base / "aus fuhr ß.zip")  # type: ignore[arg-type]
    other = Customer(base / "other pc")
    with closing(ZipSource(place)) as source:
        [kept] = other.library.take_in(source, shop.anchor)
    other.library.install(kept)
    assert other.contents() == SECOND
    customer.library.rollback()
    assert customer.contents() == FIRST
    assert customer.library.verify()[2] == other.library.verify()[2] == []


def test_a_damaged_pointer_says_what_to_do(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin())
    (customer.library.folder / "state.json").write_bytes(b"\0\0\0")
    with pytest.raises(StorageFailed, match=r"state\.json cannot be read") as refusal:
        customer.library.files()
    assert "built-in data" in refusal.value.advice


def test_places_are_short_enough_for_windows(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    longest = shelf.place("f" * 64, "x" * 120)
    assert len(str(longest.relative_to(tmp_path))) <= 170
