"""U1: the conformance suite of TUF through `passbay tuf-client`, where it is on this machine; no expected failures.

PASSBAY_TUF_CONFORMANCE names a checkout of theupdateframework/tuf-conformance whose Python environment is env/ in it
(or this one, where the suite is installed here).
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.releases.servers import serving
from tests.releases.shop import Shop

_PLACE = os.environ.get("PASSBAY_TUF_CONFORMANCE", "")


def _suite() -> tuple[Path, str] | None:
    """(folder of the suite, its Python)."""
    if _PLACE:
        own = Path(_PLACE) / "env" / "bin" / "python"
        return Path(_PLACE) / "tuf_conformance", str(own if own.exists() else sys.executable)
    found = importlib.util.find_spec("tuf_conformance")
    return (Path(found.origin).parent, sys.executable) if found and found.origin else None


@pytest.mark.skipif(_suite() is None, reason="tuf-conformance is not here (no package index has it)")
@pytest.mark.timeout(1500)
def test_conformance_suite(tmp_path: Path) -> None:
    suite = _suite()
    assert suite is not None
    entry = tmp_path / "client"
    entry.write_text(f'#!/bin/sh\ncd "{REPOSITORY}" && exec "{sys.executable}" -m tui.entry tuf-client "$@"\n')
    entry.chmod(0o755)
    done = subprocess.run(
        [suite[1], "-m", "pytest", str(suite[0]), "--entrypoint", str(entry), "-q", "-p", "no:cacheprovider"],
        cwd=suite[0].parent, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed and int(passed[1]) >= 108 and "xfailed" not in done.stdout


def _client(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "tui.entry", "tuf-client", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_three_commands(shop: Shop, tmp_path: Path) -> None:
    """init asks nobody; refresh keeps metadata under plain names; download brings what is signed, once."""
    metadata, target = tmp_path / "metadata", tmp_path / "targets"
    target.mkdir()
    with serving(shop.root) as server:
        done = _client("--metadata-dir", metadata, "init", shop.root / "metadata" / "1.root.json")
        assert (done.returncode, server.asked) == (0, [])
        where = ["--metadata-dir", metadata, "--metadata-url", f"{server.url}/metadata"]
        assert _client(*where, "refresh").returncode == 0
        names = {path.name for path in metadata.glob("*.json")}
        assert names == {"root.json", "timestamp.json", "snapshot.json", "targets.json"}
        fetch = [*where, "--target-base-url", f"{server.url}/targets", "--target-dir", target, "--target-name"]
        assert _client(*fetch, "releases/index.json", "--target-name", "addons/index.json", "download").returncode == 0
        assert len(list(target.iterdir())) == 2
        before = sum("index.json" in path for path, _ in server.asked)
        assert _client(*fetch, "releases/index.json", "download").returncode == 0
        assert sum("index.json" in path for path, _ in server.asked) == before
        refused = _client(*fetch, "releases/nothing.json", "download")
        assert refused.returncode == 1 and "PB-808" in refused.stderr
