"""Retail Data Storage: many laptops, one download; gone or lying, the source serves, and nothing false is taken."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.backend.rds.server import RdsServer
from core.backend.rds.storage import Storage
from core.errors import HashMismatch, MetadataExpired, RolledBack
from core.releases.sources.http import HttpSource
from core.releases.sources.pace import Limits
from tests.releases.servers import Server, serving
from tests.releases.shop import FIRST, SECOND, Customer, Shop

LIMITS = Limits(grace=5.0, tries=2, pause=0.0)


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    with serving(shop.root) as server:
        yield server


@pytest.fixture
def store(server: Server, tmp_path: Path) -> Iterator[RdsServer]:
    source = HttpSource(server.url, LIMITS)
    rds = RdsServer(("127.0.0.1", 0), Storage(tmp_path / "rds", source), lambda text: None)
    rds.start()
    yield rds
    if rds.fileno() >= 0:
        rds.stop()
    source.close()


def _fetch(shop: Shop, store: RdsServer, server: Server, customer: Customer, version: str = "") -> list[str]:
    notes: list[str] = []
    with closing(HttpSource(store.url, LIMITS)) as near, closing(HttpSource(server.url, LIMITS)) as far:
        origin = shop.origin(near, far)
        customer.library.search(origin, notes.append)
        kept = customer.library.download(origin, customer.head(version), note=notes.append)
    customer.library.install(kept)
    return notes


def test_many_laptops_cost_one_download(shop: Shop, store: RdsServer, server: Server, tmp_path: Path) -> None:
    laptops = [Customer(tmp_path / f"laptop{n}") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        notes = list(pool.map(lambda laptop: _fetch(shop, store, server, laptop), laptops))
    assert notes == [[]] * 6
    assert all(laptop.contents() == SECOND for laptop in laptops)
    pieces = [path for path, _ in server.asked if "pieces/" in path]
    assert len(pieces) == len(set(pieces)) == 3


def test_the_source_serves_when_the_store_is_gone(
    shop: Shop, store: RdsServer, server: Server, customer: Customer
) -> None:
    _fetch(shop, store, server, customer, "2026.06")
    url = store.url
    store.stop()
    notes: list[str] = []
    with closing(HttpSource(url, LIMITS)) as near, closing(HttpSource(server.url, LIMITS)) as far:
        customer.library.search(shop.origin(near, far), notes.append)
        kept = customer.library.download(shop.origin(near, far), customer.head(), note=notes.append)
    customer.library.install(kept)
    assert customer.contents() == SECOND
    assert notes and url in notes[0]


def test_the_store_serves_what_it_has_when_the_source_is_gone(
    shop: Shop, store: RdsServer, server: Server, customer: Customer, tmp_path: Path
) -> None:
    _fetch(shop, store, server, customer)
    server.tricks["/"] = lambda handler, content: handler.send_error(503) or True  # type: ignore[func-returns-value]
    other = Customer(tmp_path / "other")
    with closing(HttpSource(store.url, LIMITS)) as near:
        other.fetch(shop.origin(near))
    assert other.contents() == SECOND


def test_a_store_that_lies_is_left_out(shop: Shop, store: RdsServer, server: Server, customer: Customer) -> None:
    """Somebody changed the files of the shop PC: every hash refuses, and the source fills in."""
    _fetch(shop, store, server, customer, "2026.06")
    folder = store.storage._folder
    warm = Customer(customer.library.folder.parent / "warm")
    _fetch(shop, store, server, warm)
    for path in folder.glob("targets/pieces/*"):
        path.write_bytes(b"evil" * (path.stat().st_size // 4 + 1))
    notes = _fetch(shop, store, server, customer)
    assert customer.contents() == SECOND
    assert any("left out" in note for note in notes)


def test_a_store_keeps_nothing_whose_name_is_not_its_hash(
    shop: Shop, store: RdsServer, server: Server, customer: Customer
) -> None:
    def poisoned(handler, content: bytes) -> bool:  # type: ignore[no-untyped-def]
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(b"x" * len(content))
        return True

    server.tricks["pieces/"] = poisoned
    with pytest.raises(HashMismatch, match="not what was signed"):
        _fetch(shop, store, server, customer)
    assert customer.library.state.kept == ()
    assert not list(store.storage._folder.glob("targets/pieces/[0-9a-f]*"))
    server.tricks.clear()
    _fetch(shop, store, server, customer)
    assert customer.contents() == SECOND


def test_near_is_not_trusted(shop: Shop, store: RdsServer, server: Server, customer: Customer) -> None:
    """A store whose source is gone cannot roll back or freeze a client that has seen newer."""
    _fetch(shop, store, server, customer)
    server.tricks["timestamp"] = lambda handler, content: handler.send_error(503) or True  # type: ignore[func-returns-value]
    shop.release("2027.01", FIRST)
    ahead = Customer(customer.library.folder.parent / "ahead")
    ahead.library.search(shop.origin())
    with closing(HttpSource(store.url, LIMITS)) as near, pytest.raises((RolledBack, MetadataExpired)):
        ahead.library.search(shop.origin(near))


@pytest.mark.parametrize("path", ["../keys/x", "targets/../../x", "metadata/root.json", "etc/passwd", ""])
def test_only_names_of_a_repository(path: str, store: RdsServer) -> None:
    import http.client

    connection = http.client.HTTPConnection(*store.server_address[:2], timeout=5)
    connection.request("GET", f"/{path}")
    assert connection.getresponse().status == 404
    connection.close()


def test_readers_follow_while_it_comes(tmp_path: Path, shop: Shop) -> None:
    """The second laptop need not wait for the whole piece, nor fetch it again."""
    go = threading.Event()

    class Slow(HttpSource):
        def stream(self, path, length, offset=0, stop=lambda: False):  # type: ignore[no-untyped-def]
            yield b"first"
            go.wait(5)
            yield b"second"

    source = Slow("http://127.0.0.1:9", LIMITS)
    storage = Storage(tmp_path / "rds", source)
    growing = storage.fetch("metadata/1.root.json")
    again = storage.fetch("metadata/1.root.json")
    assert growing is again
    growing.begun()
    reader = growing.follow()
    assert next(reader) == b"first"
    go.set()
    assert b"".join(reader) == b"second"
    assert storage.fetched == 1
    source.close()
