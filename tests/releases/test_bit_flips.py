"""U5: exactly the signed bytes are installed. 64 random bits flipped in each kind of file, on each way: none accepted.

"Accepted" is: the update succeeds and what serves is not what was signed. A flip that changes nothing of the signed
content (white space, the signature of a second key) may succeed, with the signed bytes.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import ProductError
from core.releases.library import Origin
from core.releases.sources.archive import ZipSource
from core.releases.sources.folder import FolderSource
from core.releases.sources.http import HttpSource
from core.releases.sources.pace import Limits
from tests.releases.servers import Server, serving
from tests.releases.shop import SECOND, Customer, Shop

FLIPS = 64
NOTES = "# September\n\nSigned words.\n"
LIMITS = Limits(grace=5.0, pause=0.0)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("flips") / "shop")
    shop.release("2026.09", SECOND, notes=NOTES)
    return shop


@pytest.fixture
def evil(shop: Shop, tmp_path: Path) -> Path:
    """A copy of the repository that may be spoiled."""
    return Path(shutil.copytree(shop.root, tmp_path / "evil"))


KINDS: dict[str, Callable[[Path], bool]] = {
    "metadata": lambda path: path.parent.name == "metadata",
    "targets": lambda path: path.parent.name == "pieces",
    "release notes": lambda path: path.name.endswith("2026.09.json"),
}


def _flip(path: Path, chance: random.Random) -> bytes:
    """Flips one bit; what the file was."""
    content = path.read_bytes()
    place = chance.randrange(len(content) * 8)
    changed = bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    path.write_bytes(changed)
    return content


def _outcome(customer: Customer, origin: Origin) -> str:
    try:
        customer.fetch(origin)
    except ProductError:
        assert customer.library.files() == []
        return "refused"
    right = customer.contents() == SECOND
    notes = customer.library.manifest(customer.library.state.active).notes == NOTES  # type: ignore[arg-type]
    return "signed bytes" if right and notes else "ACCEPTED"


@pytest.fixture
def server(evil: Path) -> Iterator[Server]:
    with serving(evil) as server:
        yield server


@pytest.mark.parametrize("way", ["network", "folder"])
@pytest.mark.parametrize("kind", KINDS)
def test_flips_in_a_repository(kind: str, way: str, shop: Shop, evil: Path, server: Server, tmp_path: Path) -> None:
    chance = random.Random(f"{kind} {way}")
    files = sorted(path for path in evil.rglob("*") if path.is_file() and KINDS[kind](path))
    outcomes = []
    for number in range(FLIPS):
        path = chance.choice(files)
        before = _flip(path, chance)
        source = HttpSource(server.url, LIMITS) if way == "network" else FolderSource(evil)
        with closing(source):
            outcomes.append(_outcome(Customer(tmp_path / f"pc{number}"), Origin((source,), shop.anchor)))
        path.write_bytes(before)
    assert "ACCEPTED" not in outcomes
    assert outcomes.count("refused") >= (FLIPS if kind != "metadata" else FLIPS // 2)


def test_flips_in_an_exported_zip(shop: Shop, tmp_path: Path) -> None:
    publisher = Customer(tmp_path / "exporter")
    publisher.fetch(shop.origin())
    place = publisher.library.export(publisher.library.state.active, shop.anchor, tmp_path / "x.zip")  # type: ignore[arg-type]
    chance = random.Random("zip")
    outcomes = []
    for number in range(FLIPS):
        before = _flip(place, chance)
        outcomes.append(_taken_in(Customer(tmp_path / f"pc{number}"), place, shop))
        place.write_bytes(before)
    assert "ACCEPTED" not in outcomes
    assert outcomes.count("refused") >= FLIPS // 2
    assert _taken_in(Customer(tmp_path / "clean"), place, shop) == "signed bytes"


def _taken_in(customer: Customer, place: Path, shop: Shop) -> str:
    try:
        with closing(ZipSource(place)) as source:
            [kept] = customer.library.take_in(source, shop.anchor)
        customer.library.install(kept)
    except ProductError:
        assert customer.library.files() == []
        return "refused"
    return "signed bytes" if customer.contents() == SECOND else "ACCEPTED"


def test_a_bit_that_flips_on_the_disk_before_the_installation(shop: Shop, tmp_path: Path) -> None:
    customer = Customer(tmp_path / "pc")
    customer.library.search(shop.origin())
    kept = customer.library.download(shop.origin(), customer.head())
    path = next(customer.library.folder.rglob("car.pdx"))
    _flip(path, random.Random(1))
    with pytest.raises(ProductError, match="not what was signed"):
        customer.library.install(kept)
    assert customer.library.files() == []
    assert customer.library.verify()[2]
    customer.fetch(shop.origin())
    assert customer.contents() == SECOND
