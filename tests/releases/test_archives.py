"""R2: a hostile archive is refused or contained, in less than 2 s and 64 MiB, and writes nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.releases.archives import CORPUS, Builder
from tests.releases.shop import SECOND, Customer, Shop

SECONDS, BYTES = 2.0, 64 << 20


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = Shop(tmp_path_factory.mktemp("archives") / "shop")
    shop.release("2026.09", SECOND)
    return shop


@pytest.fixture(scope="module")
def good(shop: Shop) -> Path:
    exporter = Customer(shop.folder / "exporter")
    exporter.fetch(shop.origin())
    return exporter.library.export(exporter.library.state.active, shop.anchor, shop.folder / "good.zip")  # type: ignore[arg-type]


def _taken_in(archive: Path, shop: Shop, folder: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "tests.releases.take_in", archive, shop.root / "metadata" / "1.root.json", folder]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("build", CORPUS, ids=lambda build: build.__name__)
def test_hostile_archive(build: Builder, good: Path, shop: Shop, tmp_path: Path) -> None:
    place = tmp_path / "inside" / "x.zip"
    place.parent.mkdir()
    build(good, place)
    result = _taken_in(place, shop, tmp_path / "inside" / "library")
    assert result["outcome"] != "taken"
    assert result["outcome"] in ("NotTrusted", "DownloadEndless", "HashMismatch", "ReleaseIncomplete", "MixedRelease")
    assert "\x1b" not in str(result["words"]) and "\u202e" not in str(result["words"])
    assert float(str(result["seconds"])) < SECONDS
    assert int(str(result["bytes"])) < BYTES
    assert {path.name for path in tmp_path.iterdir()} == {"inside", "home"}
    assert not Path("/tmp/passbay-escaped.txt").exists()
    assert not list((tmp_path / "inside" / "library").rglob("*.pdx"))


def test_the_good_one_is_taken(good: Path, shop: Shop, tmp_path: Path) -> None:
    result = _taken_in(good, shop, tmp_path / "library")
    assert result["outcome"] == "taken"
    assert Customer(tmp_path / "library").contents() == SECOND
