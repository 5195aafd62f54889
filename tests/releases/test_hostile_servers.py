"""U2: a download never runs without bound in bytes or time; every hostile server is refused with the attack's name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import BackendUnreachable, DownloadEndless, DownloadTooSlow, ProductError
from core.releases.sources.http import HttpSource
from core.releases.sources.pace import Limits, Pace
from tests.releases import servers
from tests.releases.servers import Server, serving
from tests.releases.shop import FIRST, SECOND, Customer, Shop

GRACE = 1.5
LIMITS = Limits(grace=GRACE, rate=1024, tries=3, pause=0.0)
CHUNK = 1 << 20
HOSTILE = {
    "endless body": (servers.endless, DownloadEndless, "endless data"),
    "announced terabyte": (servers.oversized, DownloadEndless, "endless data"),
    "stall": (servers.stall, DownloadTooSlow, "slow retrieval"),
    "drip": (servers.drip, DownloadTooSlow, "slow retrieval"),
    "drip in the header": (servers.header_drip, DownloadTooSlow, "slow retrieval"),
    "gzip bomb": (servers.gzip_bomb, DownloadEndless, "unpack without end"),
}


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    with serving(shop.root) as server:
        yield server


@pytest.fixture
def source(server: Server) -> Iterator[HttpSource]:
    source = HttpSource(server.url, LIMITS)
    yield source
    source.close()


def _on_disk(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*.part"))


@pytest.mark.parametrize("where", ["timestamp.json", "snapshot.json", "pieces/"])
@pytest.mark.parametrize("name", HOSTILE)
def test_refused_in_time_and_bytes_then_clean(
    name: str, where: str, server: Server, source: HttpSource, shop: Shop, customer: Customer
) -> None:
    trick, expected, words = HOSTILE[name]
    if trick is servers.gzip_bomb:
        servers.bomb()  # made before the clock runs
    origin = shop.origin(source)
    customer.fetch(origin, "2026.06")
    server.tricks[where] = trick
    if where == "snapshot.json":
        shop.repository.publish()  # so that there is a new one to fetch
        shop.release("2026.12", {"car.pdx": b"new"})
    began = time.monotonic()
    with pytest.raises(expected, match=words):
        customer.fetch(origin, "2026.09")
    assert time.monotonic() - began <= GRACE + 1.0
    declared = sum(len(content) for content in SECOND.values())
    assert _on_disk(customer.library.folder / "incoming") <= declared + CHUNK
    assert customer.contents() == FIRST
    server.tricks.clear()
    with closing(HttpSource(server.url, LIMITS)) as again:  # as every wish does: no connection of before is used
        customer.fetch(shop.origin(again), "2026.09")
    assert customer.contents() == SECOND


def test_goes_on_by_range_where_the_connection_breaks(
    server: Server, source: HttpSource, shop: Shop, customer: Customer
) -> None:
    server.tricks["pieces/"] = servers.broken_off(times=5, after=40_000)
    customer.fetch(shop.origin(source))
    assert customer.contents() == SECOND
    ranges = [wanted for path, wanted in server.asked if "pieces/" in path and wanted]
    assert len(ranges) == 5 and all(int(wanted[6:-1]) >= 40_000 for wanted in ranges)
    sent = sum(len(content) for content in SECOND.values())
    assert sent <= source.received < sent + 60_000  # metadata and documents; not one byte of a piece twice


def test_a_file_that_changed_meanwhile_is_no_error_of_the_transfer(
    server: Server, source: HttpSource, shop: Shop
) -> None:
    place = shop.root / "file.bin"
    place.write_bytes(b"a" * 300_000)

    def swap(handler: object, content: bytes) -> bool:
        server.tricks["file.bin"] = lambda *_: False
        done = servers.broken_off(1, 100_000)(handler, content)  # type: ignore[arg-type]
        place.write_bytes(b"b" * 300_001)
        return done

    server.tricks["file.bin"] = swap
    got = b"".join(source.stream("file.bin", 300_001))
    assert got[:100_000] == b"a" * 100_000  # what was taken is not asked again; the hash of a piece refuses the mixture
    assert len(got) == 300_001 and got.endswith(b"b")


def test_gives_up_after_its_tries_and_says_whom_it_asked(shop: Shop, customer: Customer) -> None:
    pauses: list[float] = []
    with serving(shop.root) as server:
        url = server.url
    source = HttpSource(url, Limits(grace=GRACE, tries=3, pause=0.5), sleep=pauses.append)
    with pytest.raises(BackendUnreachable, match=r"127\.0\.0\.1"):
        customer.library.search(shop.origin(source))
    source.close()
    assert pauses == [0.5, 1.0]


def test_a_server_error_is_tried_again(server: Server, source: HttpSource, shop: Shop, customer: Customer) -> None:
    answers = iter([503, 502])

    def busy(handler, content: bytes) -> bool:  # type: ignore[no-untyped-def]
        status = next(answers, None)
        if status is None:
            return False
        handler.send_error(status)
        return True

    server.tricks["timestamp.json"] = busy
    customer.library.search(shop.origin(source))
    assert sum("timestamp" in path for path, _ in server.asked) == 3


def test_waits_as_long_as_a_busy_server_asks(server: Server, shop: Shop, customer: Customer) -> None:
    pauses: list[float] = []
    answers = iter(["7", "86400"])

    def busy(handler, content: bytes) -> bool:  # type: ignore[no-untyped-def]
        asked = next(answers, None)
        if asked is None:
            return False
        handler.send_response(429)
        handler.send_header("Retry-After", asked)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True

    server.tricks["timestamp.json"] = busy
    with closing(HttpSource(server.url, LIMITS, sleep=pauses.append)) as source:
        customer.library.search(shop.origin(source))
    assert pauses == [7.0, 60.0]


def test_pace_counts_waiting_only() -> None:
    pace = Pace(Limits(grace=10.0, rate=100))
    pace.got(999, 9.0)
    assert pace.left == pytest.approx(1.0)
    pace.got(1, 0.5)  # the thousandth byte of this grace: a new one begins
    assert pace.left == 10.0
    pace.got(1, 11.0)
    assert pace.left < 0
    pace.begin()
    assert pace.left == 10.0


def test_every_refusal_has_advice() -> None:
    for _, error, _ in HOSTILE.values():
        assert issubclass(error, ProductError) and error("x").advice
