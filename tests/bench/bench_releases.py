"""Releases: bytes of a quarter's update, download with verification against curl and sha256sum, memory. Loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core.releases.sources.http import HttpSource
from tests.releases.servers import serving
from tests.releases.shop import Customer, Shop, some_bytes, write_zip

SIZE = int(os.environ.get("PASSBAY_BENCH_RELEASE", str(1 << 30)))
GOAL_BYTES, GOAL_WALL, GOAL_MEMORY = 1.05, 1.2, 64 << 20


def _met(value: float, goal: float) -> str:
    return "met" if value <= goal else "missed"


def quarter() -> tuple[float, int, int]:
    """Bytes fetched for a release in which a tenth of the members of its PDX files changed, by the changed bytes."""
    with tempfile.TemporaryDirectory(prefix="passbay-bench-") as folder:
        base = Path(folder)
        shop = Shop(base / "shop")
        members = {n: {f"unit-{m}.hex": some_bytes(n * 1000 + m, 250_000) for m in range(20)} for n in range(10)}

        def files(quarter: int) -> dict[str, bytes]:
            return {
                f"car-{n}.pdx": write_zip(base / f"{quarter}-{n}.pdx", content).read_bytes()
                for n, content in members.items()
            }

        shop.release("2026.06", files(1))
        changed = 0
        for n, content in members.items():
            for m in (n, n + 10):
                content[f"unit-{m}.hex"] = some_bytes(900_000 + n * 1000 + m, 250_000)
                changed += 250_000
        shop.release("2026.09", files(2))
        customer = Customer(base / "pc")
        with serving(shop.root) as server, closing(HttpSource(server.url)) as source:
            customer.fetch(shop.origin(source), "2026.06")
            before = source.received
            customer.fetch(shop.origin(source), "2026.09")
            fetched = source.received - before
    return fetched / changed, fetched, changed


@contextmanager
def _static(folder: Path) -> Iterator[str]:
    """A web server in a process of its own, the same for both: sendfile, no Python between the bytes."""
    command = [sys.executable, "-m", "tests.bench.static_server", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def download() -> tuple[list[float], list[float], list[float], int]:
    """(ours, curl | sha256sum, curl to a file and then sha256sum) in seconds, three rounds in turn; and our memory."""
    ours, piped, stored = [], [], []
    memory = 0
    with tempfile.TemporaryDirectory(prefix="passbay-bench-", dir=os.environ.get("PASSBAY_BENCH_FOLDER")) as folder:
        base = Path(folder)
        shop = Shop(base / "shop")
        block = os.urandom(8 << 20)
        with (base / "big.pdx").open("wb") as big:
            for number in range(SIZE // len(block)):
                big.write(number.to_bytes(8, "big") + block[8:])
        from core.backend.publisher.releases import Draft

        shop.publisher.publish(Draft("1.0", "Big", {"big.pdx": base / "big.pdx"}))
        shutil.move(base / "big.pdx", shop.root / "big.pdx")
        with _static(shop.root) as url:
            for number in range(3):
                piped.append(_timed(f"curl -s {url}/big.pdx | sha256sum"))
                stored.append(_timed(f"curl -s -o {base}/copy {url}/big.pdx && sha256sum {base}/copy"))
                (base / "copy").unlink()
                seconds, used = _ours(url, shop, base / f"pc{number}")
                ours.append(seconds)
                memory = max(memory, used)
                shutil.rmtree(base / f"pc{number}")
    return ours, piped, stored, memory


def _timed(command: str) -> float:
    began = time.perf_counter()
    subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _ours(url: str, shop: Shop, folder: Path) -> tuple[float, int]:
    anchor = shop.root / "metadata" / "1.root.json"
    command = [sys.executable, "-m", "tests.bench.fetch_release", url, str(anchor), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = done.stdout.split()
    return float(seconds), int(memory)


def run() -> Iterator[tuple[str, str, str]]:
    share, fetched, changed = quarter()
    what = f"a quarter with 10 % changed: {fetched:,} bytes for {changed:,} changed"
    yield what, f"{share:.3f}", f"goal {GOAL_BYTES} or less, {_met(share, GOAL_BYTES)}"
    if not shutil.which("curl") or not shutil.which("sha256sum"):
        yield "download against curl", "-", "curl or sha256sum is not here"
        return
    ours, piped, stored, memory = download()
    ratio = min(ours) / min(piped)
    size = f"{SIZE / (1 << 20):,.0f} MiB"
    yield f"{size} fetched, verified, stored: s", f"{min(ours):.2f}", ""
    yield f"{size} curl | sha256sum: s", f"{min(piped):.2f}", ""
    yield "  wall time by curl | sha256sum", f"{ratio:.2f}", f"goal {GOAL_WALL} or less, {_met(ratio, GOAL_WALL)}"
    yield "  wall time by curl -o FILE && sha256sum FILE", f"{min(ours) / min(stored):.2f}", "told beside it"
    yield "  memory above idle: MiB", f"{memory / (1 << 20):.1f}", f"goal below 64, {_met(memory, GOAL_MEMORY)}"
