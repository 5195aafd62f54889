"""The library from search to roll-back over a folder: what serves is what was signed, and nothing is fetched twice."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.errors import JobError, ReleaseIncomplete, UsageError
from core.pc.locks import DeviceLock
from core.releases.model.manifest import ADDON, RELEASE
from core.releases.sources.archive import ZipSource
from core.releases.sources.base import Stopped
from core.releases.sources.folder import FolderSource
from tests.releases.shop import FIRST, SECOND, Customer, Shop, some_bytes, write_zip


def test_search_tells_what_is_offered_and_fetches_nothing_else(shop: Shop, customer: Customer) -> None:
    assert customer.library.heads(RELEASE) == ()
    customer.library.search(shop.origin())
    assert [head.version for head in customer.library.heads(RELEASE)] == ["2026.06", "2026.09"]
    assert [head.name for head in customer.library.heads(ADDON)] == ["radio", "radio-help"]
    assert customer.library.files() == []


def test_install_roll_back_and_again(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin(), "2026.06")
    assert customer.contents() == FIRST
    customer.fetch(shop.origin())
    assert customer.contents() == SECOND
    customer.library.rollback()
    assert customer.contents() == FIRST
    customer.library.rollback()
    assert customer.contents() == SECOND
    assert customer.library.verify()[2] == []


def test_the_first_release_rolls_back_to_the_built_in_data(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin(), "2026.06")
    assert customer.library.rollback() is None
    assert customer.library.files() == []
    customer.library.rollback()
    assert customer.contents() == FIRST


def test_a_downgrade_must_be_asked_for(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin())
    old = customer.library.download(shop.origin(), customer.head("2026.06"))
    with pytest.raises(UsageError, match=r"2026\.06 is older than 2026\.09"):
        customer.library.install(old)
    assert customer.contents() == SECOND
    customer.library.install(old, downgrade=True)
    assert customer.contents() == FIRST


class _Counting(FolderSource):
    def __init__(self, root: Path) -> None:
        super().__init__(root, offline=False)
        self.read_bytes = 0

    def stream(self, path: str, length: int, offset: int = 0, stop=lambda: False):  # type: ignore[no-untyped-def]
        for chunk in super().stream(path, length, offset, stop):
            self.read_bytes += len(chunk) if "pieces/" in path else 0
            yield chunk


def test_what_did_not_change_is_not_fetched_again(tmp_path: Path, customer: Customer) -> None:
    """A PDX is cut at its members: one changed flashware of forty costs itself, not the file."""
    shop = Shop(tmp_path / "members")
    members = {f"unit-{n}.hex": some_bytes(n, 100_000) for n in range(40)}
    place = write_zip(tmp_path / "a.pdx", members)
    shop.release("1.0", {"car.pdx": place.read_bytes()})
    members["unit-20.hex"] = some_bytes(99, 120_000)
    changed = write_zip(tmp_path / "b.pdx", members)
    shop.release("2.0", {"car.pdx": changed.read_bytes()})
    source = _Counting(shop.root)
    customer.fetch(shop.origin(source), "1.0")
    assert source.read_bytes == place.stat().st_size
    source.read_bytes = 0
    customer.fetch(shop.origin(source), "2.0")
    assert customer.contents() == {"car.pdx": changed.read_bytes()}
    assert 120_000 <= source.read_bytes < 130_000


def test_a_pause_keeps_what_arrived(tmp_path: Path, customer: Customer) -> None:
    shop = Shop(tmp_path / "big")
    shop.release("1.0", {f"part-{n}.pdx": some_bytes(n, 400_000) for n in range(12)})
    source = _Counting(shop.root)
    origin = shop.origin(source)
    customer.library.search(origin)
    stop = threading.Event()
    with pytest.raises(Stopped):
        customer.library.download(origin, customer.head(), tell=lambda advance: stop.set(), stop=stop)
    before = source.read_bytes
    assert 0 < before < 12 * 400_000
    assert [kept.version for kept in customer.library.state.wanted] == ["1.0"]
    customer.fetch(origin)
    assert source.read_bytes <= 12 * 400_000 + 4 * 400_000  # at most what four workers had in hand
    assert customer.library.state.wanted == ()
    assert customer.contents() == {f"part-{n}.pdx": some_bytes(n, 400_000) for n in range(12)}


def test_addons_need_what_they_need(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin(), "2026.06")
    with pytest.raises(ReleaseIncomplete, match=r"release 2026\.09"):
        customer.fetch(shop.origin(), addon="radio")
    customer.fetch(shop.origin())
    with pytest.raises(ReleaseIncomplete, match="radio"):
        customer.fetch(shop.origin(), addon="radio-help")
    customer.fetch(shop.origin(), addon="radio")
    customer.fetch(shop.origin(), addon="radio-help")
    assert set(customer.contents()) == {*SECOND, "radio.pdx", "radio.md"}
    with pytest.raises(UsageError, match="needed by radio-help"):
        customer.library.switch("radio", False)
    customer.library.switch("radio-help", False)
    customer.library.switch("radio", False)
    assert set(customer.contents()) == set(SECOND)
    customer.library.switch("radio", True)
    assert customer.library.files()[0].name == "radio.pdx"  # AddOns come first: they may replace a file of the release
    customer.library.rollback()
    assert customer.contents() == FIRST
    assert [addon.on for addon in customer.library.state.addons] == [False, False]


def test_an_export_installs_on_another_pc(shop: Shop, customer: Customer, tmp_path: Path) -> None:
    customer.fetch(shop.origin())
    place = customer.library.export(customer.library.state.active, shop.anchor, tmp_path / "x.zip")  # type: ignore[arg-type]
    other = Customer(tmp_path / "other")
    source = ZipSource(place)
    [kept] = other.library.take_in(source, shop.anchor)
    source.close()
    other.library.install(kept)
    assert other.contents() == SECOND
    assert other.library.state.warning == ""


def test_one_at_a_time(shop: Shop, customer: Customer) -> None:
    with DeviceLock("releases", customer.library.folder / "lock"), pytest.raises(JobError, match="pid"):
        customer.library.search(shop.origin())


def test_a_removed_release_leaves_nothing(shop: Shop, customer: Customer) -> None:
    customer.fetch(shop.origin(), "2026.06")
    customer.library.remove(customer.library.state.active)  # type: ignore[arg-type]
    assert customer.library.files() == []
    assert not list(customer.library.folder.rglob("*.pdx"))
