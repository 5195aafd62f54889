"""The private keys of the issuer at rest: encrypted where a key file is named, in the clear where none is."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection

from core.backend import demo
from core.backend.identity import grants, people
from core.backend.issuer import keys
from core.backend.issuer.sealing import LEAST, OPTION, Seal, from_store, is_sealed, to_store
from core.backend.serving.server import SETUP_VARIABLE
from core.backend.serving.worker import make_app
from core.backend.store import Store, open_store
from core.backend.store import tables as t
from core.errors import SettingsInvalid
from core.online import dsse
from core.online.wire import ROTATION, KeyRotation
from tests.backend.rig import DEVICE_GRANT, InProcess, sqlite_url
from tests.backend.serving.support import passbay, serving

SECRET, OTHER = b"correct horse battery staple", b"another secret of the workshop"
NOW = 1_800_000_000_000


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return written(tmp_path / "issuer.secret", SECRET)


def written(path: Path, secret: bytes) -> Path:
    path.write_bytes(secret + b"\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def opened(database_url: str, request: pytest.FixtureRequest) -> Callable[[bytes | None], Store]:
    """The same database with this secret, or none."""

    def once_more(secret: bytes | None) -> Store:
        store = open_store(database_url, options={OPTION: Seal(secret) if secret else None})
        request.addfinalizer(store.dispose)
        return store

    return once_more


def stored(store: Store) -> list[str]:
    query = t.issuer_keys.select().order_by(t.issuer_keys.c.created)
    return store.read(lambda c: [row.private for row in c.execute(query)])


def test_a_key_is_opened_by_its_own_secret_and_under_its_own_name() -> None:
    seal, private = Seal(SECRET), bytes(range(32))
    text = seal.sealed("key-1", private)
    assert is_sealed(text) and private.hex() not in text and SECRET.decode() not in repr(seal)
    assert seal.opened("key-1", text) == private and seal.sealed("key-1", private) != text
    broken = [text[:-6] + ("A" if text[-6] != "A" else "B") + text[-5:], text[:-8], text[:12], "sealed:1:#"]
    for wrong in (lambda: Seal(OTHER).opened("key-1", text), lambda: seal.opened("key-2", text),
                  *(lambda b=b: seal.opened("key-1", b) for b in broken)):  # fmt: skip
        with pytest.raises(SettingsInvalid, match="does not open"):
            wrong()


def test_what_is_no_key_file(tmp_path: Path) -> None:
    for name, content, mode, words in (
        ("short", b"x" * (LEAST - 1), 0o600, "less than"), ("shared", SECRET, 0o640, "by others"),
        ("public", SECRET, 0o604, "by others"), ("absent", None, 0, "cannot be read"),
    ):  # fmt: skip
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
            path.chmod(mode)
        with pytest.raises(SettingsInvalid, match=words):
            Seal.from_file(path)
    assert Seal.from_file(written(tmp_path / "good", SECRET)).opened("k", Seal(SECRET).sealed("k", b"x")) == b"x"


def test_with_a_key_file_everything_is_signed_and_nothing_lies_in_the_clear(
    opened: Callable[[bytes | None], Store],
) -> None:
    store = opened(SECRET)
    first = store.write(lambda c: keys.signer(c, NOW)).keyid
    second = store.write(lambda c: keys.rotate(c, NOW + 1))
    assert all(map(is_sealed, stored(store)))
    signer = opened(SECRET).read(lambda c: keys.signer(c, NOW))
    published = {key.keyid: bytes.fromhex(key.public) for key in store.read(keys.published)}
    assert list(published) == [first, second]
    envelope = signer.sign(ROTATION, KeyRotation(second, "ab" * 32, NOW))
    assert b"ab" * 32 in dsse.verify(envelope, ROTATION, published)
    for secret, words in ((None, "no key file is named"), (OTHER, "does not open")):
        other = opened(secret)
        with pytest.raises(SettingsInvalid, match=words):
            other.read(lambda c: keys.signer(c, NOW))
        with pytest.raises(SettingsInvalid):
            other.write(lambda c: keys.rotate(c, NOW + 2))
        assert len(other.read(keys.published)) == 2  # what is public is public


def test_without_one_it_stays_as_it_was(opened: Callable[[bytes | None], Store]) -> None:
    store = opened(None)
    store.write(lambda c: keys.signer(c, NOW))
    (private,) = stored(store)
    assert len(bytes.fromhex(private)) == 32
    assert opened(SECRET).read(lambda c: keys.signer(c, NOW)).private.private_bytes_raw().hex() == private


def test_keys_are_protected_changed_and_freed(opened: Callable[[bytes | None], Store], database_url: str) -> None:
    def raw(conn: Connection) -> list[bytes]:
        rows = conn.execute(t.issuer_keys.select().order_by(t.issuer_keys.c.created)).all()
        return [from_store(conn, row.id, row.private) for row in rows]

    plain = opened(None)
    plain.write(lambda c: keys.signer(c, NOW))
    plain.write(lambda c: keys.rotate(c, NOW + 1))
    before = plain.read(raw)
    store = opened(SECRET)
    assert store.write(lambda c: keys.protect(c, Seal(SECRET), only_plain=True)) == 2
    assert store.write(lambda c: keys.protect(c, Seal(SECRET), only_plain=True)) == 0
    assert store.read(raw) == before and all(map(is_sealed, stored(store)))
    assert store.write(lambda c: keys.protect(c, Seal(OTHER))) == 2
    other = opened(OTHER)
    assert other.read(raw) == before
    with pytest.raises(SettingsInvalid):
        store.write(lambda c: keys.protect(c, None))  # whoever has not the secret of now changes nothing
    for each in (plain, store, other):
        each.dispose()
    if database_url.startswith("sqlite"):
        left = b"".join(path.read_bytes() for path in Path(database_url.removeprefix("sqlite:///")).parent.iterdir())
        assert not [key for key in before if key.hex().encode() in left]
    freed = opened(OTHER)
    assert freed.write(lambda c: keys.protect(c, None)) == 2
    assert opened(None).read(raw) == before


def test_to_and_from_the_store_ask_the_connection(opened: Callable[[bytes | None], Store]) -> None:
    text = opened(SECRET).read(lambda c: to_store(c, "k", b"x" * 32))
    assert opened(SECRET).read(lambda c: from_store(c, "k", text)) == b"x" * 32


# -- served


def test_a_worker_signs_with_the_key_file(tmp_path: Path, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = sqlite_url(tmp_path)
    store = open_store(url, options={OPTION: Seal(SECRET)})
    store.write(lambda c: demo.furnish(c, NOW))
    store.write(lambda c: keys.signer(c, NOW))
    user = store.read(lambda c: people.user_by_login(c, demo.LOGIN))
    assert user is not None
    setup = {"database": url, "public_url": "https://x.test", "tls": True, "requests_per_minute": 0,
             "metrics_folder": "", "releases": ""}  # fmt: skip
    for file, status in ((str(key_file), 200), ("", 503)):
        monkeypatch.setenv(SETUP_VARIABLE, json.dumps(setup | {"key_file": file}))
        with httpx.Client(transport=InProcess(make_app()), base_url="https://x.test") as client:
            begun = client.post("/oauth/device_authorization", data={"client_id": "passbay"}).json()
            code = begun["user_code"]
            now = time.time_ns() // 1_000_000
            assert store.write(lambda c, k=code, n=now: grants.decide(c, user.id, k, True, n))
            form = {"client_id": "passbay", "grant_type": DEVICE_GRANT, "device_code": begun["device_code"]}
            assert client.post("/oauth/token", data=form).status_code == status
    store.dispose()


def test_serve_encrypts_what_lay_in_the_clear(tmp_path: Path, key_file: Path) -> None:
    url = sqlite_url(tmp_path)
    store = open_store(url)
    store.write(lambda c: keys.signer(c, NOW))
    with serving(url, "--key-file", str(key_file)) as ready:
        assert len(httpx.get(f"{ready['url']}/api/v1/keys").json()["keys"]) == 1
        assert all(map(is_sealed, stored(store)))
    refused = passbay(url, "serve", "--port", "0", "--json")
    assert refused.returncode == 1 and "no key file is named" in refused.stdout
    assert "no key file" in passbay(url, "admin", "keys", "rotate", "--json").stdout
    new = written(tmp_path / "new.secret", OTHER)
    os.environ["PASSBAY_KEY_FILE"] = str(key_file)
    try:
        changed = passbay(url, "admin", "keys", "protect", "--with", str(new), "--json")
        assert json.loads(changed.stdout.splitlines()[-1])["encrypted"] is True
        os.environ["PASSBAY_KEY_FILE"] = str(new)
        assert passbay(url, "admin", "keys", "rotate").returncode == 0
        assert passbay(url, "admin", "keys", "protect", "--plain").returncode == 0
        assert passbay(url, "admin", "keys", "protect").returncode == 2
    finally:
        del os.environ["PASSBAY_KEY_FILE"]
    assert not any(map(is_sealed, stored(store)))
    store.dispose()
