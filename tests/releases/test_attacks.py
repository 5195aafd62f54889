"""U1, U4: each attack of TUF's and Uptane's lists has its own code and words, nothing of it is installed, and a clean
update afterwards needs no manual step."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata

from core.backend.publisher.keys import KeyRing
from core.errors import (
    HashMismatch,
    MetadataExpired,
    MixedRelease,
    NotTrusted,
    ProductError,
    ReleaseIncomplete,
    RolledBack,
)
from core.releases.library import Origin
from core.releases.sources.folder import FolderSource
from tests.releases.shop import FIRST, SECOND, Customer, Shop, some_bytes

Attack = Callable[[Shop], None]


def _metadata(shop: Shop, name: str) -> Path:
    return shop.root / "metadata" / name


def _newest(shop: Shop, role: str) -> Path:
    return max(shop.root.glob(f"metadata/*.{role}.json"), key=lambda path: int(path.name.partition(".")[0]))


def unsigned(shop: Shop) -> None:
    """The timestamp without its signature."""
    path = _metadata(shop, "timestamp.json")
    metadata = Metadata.from_bytes(path.read_bytes())
    metadata.signed.version += 1
    metadata.signatures.clear()
    path.write_bytes(metadata.to_bytes())


def foreign_key(shop: Shop) -> None:
    """Everything signed by somebody else: arbitrary software."""
    other = Shop(shop.folder / "attacker")
    other.release("2026.06", FIRST)
    other.release("2027.01", {"car.pdx": b"evil"})
    for _ in range(9):
        other.repository.publish()
    shutil.copytree(other.root, shop.root, dirs_exist_ok=True)


def root_under_threshold(shop: Shop) -> None:
    """A new root that one of three keys signed, where two must."""
    old = _newest(shop, "root")
    metadata = Metadata.from_bytes(old.read_bytes())
    metadata.signed.version += 1
    keep = next(iter(metadata.signed.roles["root"].keyids))
    signer = shop.keys.signers([keep])[0]
    metadata.signatures.clear()
    metadata.sign(signer)
    (shop.root / "metadata" / f"{metadata.signed.version}.root.json").write_bytes(metadata.to_bytes())


def rollback(shop: Shop) -> None:
    """The timestamp of yesterday, rightly signed."""
    shutil.copy(shop.folder / "old" / "metadata" / "timestamp.json", _metadata(shop, "timestamp.json"))


def freeze(shop: Shop) -> None:
    """Rightly signed and old: it expired a month ago."""
    shop.age = 40
    with shop.repository.edit_timestamp():
        pass
    shop.age = 0


def mixed_snapshot(shop: Shop) -> None:
    """The newest snapshot's name with the content of the one before."""
    newest = _newest(shop, "snapshot")
    number = int(newest.name.partition(".")[0])
    shutil.copy(newest.with_name(f"{number - 1}.snapshot.json"), newest)


def mixed_targets(shop: Shop) -> None:
    """Targets of another state than the snapshot names."""
    newest = _newest(shop, "targets")
    number = int(newest.name.partition(".")[0])
    shutil.copy(newest.with_name(f"{number - 1}.targets.json"), newest)


def changed_piece(shop: Shop) -> None:
    """One bit of a component."""
    path = max(shop.root.glob("targets/pieces/*"), key=lambda path: path.stat().st_mtime_ns)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def missing_piece(shop: Shop) -> None:
    """A bundle that is not whole."""
    max(shop.root.glob("targets/pieces/*"), key=lambda path: path.stat().st_mtime_ns).unlink()


def missing_snapshot(shop: Shop) -> None:
    _newest(shop, "snapshot").unlink()


def garbage(shop: Shop) -> None:
    _metadata(shop, "timestamp.json").write_bytes(b"\x1b]0;PWNED\x07 no json")


ATTACKS: dict[Attack, tuple[type[ProductError], str]] = {
    unsigned: (NotTrusted, "arbitrary software"),
    foreign_key: (NotTrusted, "arbitrary software"),
    root_under_threshold: (NotTrusted, "arbitrary software"),
    rollback: (RolledBack, "rollback"),
    freeze: (MetadataExpired, "not kept up to date"),
    mixed_snapshot: (MixedRelease, "mix-and-match"),
    mixed_targets: (MixedRelease, "mix-and-match"),
    changed_piece: (HashMismatch, "not what was signed"),
    missing_piece: (ReleaseIncomplete, "not whole"),
    missing_snapshot: (ReleaseIncomplete, "has no"),
    garbage: (NotTrusted, "not what a repository signs"),
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_each_attack_is_named_and_a_clean_update_follows(attack: Attack, shop: Shop, customer: Customer) -> None:
    expected, words = ATTACKS[attack]
    customer.fetch(shop.origin(), "2026.06")
    shutil.copytree(shop.root, shop.folder / "old")
    third = {"car.pdx": some_bytes(50, 150_000), "van.pdx": SECOND["van.pdx"]}
    shop.release("2026.12", third)
    customer.library.search(shop.origin())  # so that this PC has seen the newest state
    shop.release("2027.03", third | {"more.pdx": some_bytes(51, 1000)})
    shutil.copytree(shop.root, shop.folder / "clean")
    anchor = shop.anchor
    attack(shop)
    evil = Origin((FolderSource(shop.root, offline=False),), anchor)
    with pytest.raises(expected) as refusal:
        customer.fetch(evil, "2027.03")
    assert words in refusal.value.message and refusal.value.advice
    assert "\x1b" not in refusal.value.message
    assert customer.contents() == FIRST and customer.library.verify()[2] == []
    clean = Origin((FolderSource(shop.folder / "clean", offline=False),), anchor)
    customer.fetch(clean, "2027.03")
    assert customer.contents() == third | {"more.pdx": some_bytes(51, 1000)}


def test_the_attacks_have_codes_of_their_own() -> None:
    kinds = {kind for kind, _ in ATTACKS.values()}
    assert len({kind.code for kind in kinds}) == len(kinds) == 6


def test_rotated_and_revoked_keys(shop: Shop, customer: Customer) -> None:
    """The customer of the first root follows every rotation; what a revoked key signs is refused."""
    customer.library.search(shop.origin())
    old = shop.keys.signers(shop.repository.root().roles["timestamp"].keyids)[0]
    for role in ("timestamp", "snapshot", "targets", "root", "addons"):
        shop.repository.rotate(role, shop.folder / "keys")
    customer.fetch(shop.origin())
    customer.fetch(shop.origin(), addon="radio")
    assert set(customer.contents()) == {*SECOND, "radio.pdx"}
    path = _metadata(shop, "timestamp.json")
    metadata = Metadata.from_bytes(path.read_bytes())
    metadata.signed.version += 1
    metadata.signatures.clear()
    metadata.sign(old)
    path.write_bytes(metadata.to_bytes())
    with pytest.raises(NotTrusted):
        customer.library.search(shop.origin())


def test_a_new_root_is_kept_though_the_rest_was_refused(shop: Shop, customer: Customer) -> None:
    """Else a frozen timestamp would keep a revoked key alive."""
    customer.library.search(shop.origin())
    shop.repository.rotate("timestamp", shop.folder / "keys")
    freeze(shop)
    with pytest.raises(MetadataExpired):
        customer.library.search(shop.origin())
    [generation] = customer.library.state.trust.values()
    root = Metadata.from_bytes((customer.library.folder / "trust" / generation / "root.json").read_bytes())
    assert root.signed.version == 2


def test_whoever_publishes_addons_cannot_publish_releases(shop: Shop, customer: Customer) -> None:
    """The delegated role signs what is below addons/ only; its releases/ are nobody's."""
    from tuf.api.metadata import TargetFile

    with shop.repository.edit_targets("addons") as addons:
        addons.targets["releases/2099.01.json"] = TargetFile(4, {"sha256": "0" * 64}, "releases/2099.01.json")
    shop.repository.publish()
    from core.releases.trust.repository import Repository

    folder = shop.folder / "scratch"
    folder.mkdir()
    repository = Repository(folder, FolderSource(shop.root), shop.anchor)
    repository.refresh()
    assert repository.expected("releases/2099.01.json") is None


def test_too_few_root_keys_sign_nothing(shop: Shop) -> None:
    from core.backend.publisher.repository import StaticRepository
    from core.errors import UsageError

    before = sorted(path.name for path in shop.root.glob("metadata/*"))
    online = StaticRepository(shop.root, KeyRing([shop.folder / "keys" / "online"]))
    with pytest.raises(UsageError, match="Not enough keys"):
        online.rotate("timestamp", shop.folder / "more-keys")
    with pytest.raises(UsageError, match="Not enough keys"), online.edit_targets():
        pass
    assert sorted(path.name for path in shop.root.glob("metadata/*")) == before
    assert online.keep_fresh(30)


def test_a_downgraded_client_minimum_is_said(shop: Shop, customer: Customer) -> None:
    shop.release("2027.01", {"car.pdx": b"x"}, client_minimum="99.0")
    with pytest.raises(ReleaseIncomplete, match=r"needs version 99\.0 of this program"):
        customer.fetch(shop.origin())


def test_offline_expired_metadata_are_a_warning_with_their_age(shop: Shop, customer: Customer) -> None:
    shop.age = 100
    shop.release("2027.01", {"car.pdx": b"old stick"})
    stick = FolderSource(shop.root, offline=True)
    kept = customer.library.take_in(stick, shop.anchor)
    customer.library.install(kept[0])
    assert customer.contents() == {"car.pdx": b"old stick"}
    assert "expired 93 days ago" in customer.library.state.warning
    with pytest.raises(MetadataExpired):
        customer.library.search(shop.origin())  # the same bytes behind a server are a freeze


def test_an_older_stick_is_judged_by_the_newer_metadata_seen(shop: Shop, customer: Customer) -> None:
    shutil.copytree(shop.root, shop.folder / "stick")
    shop.release("2027.01", {"car.pdx": b"newer"})
    customer.library.search(shop.origin())
    stick = FolderSource(shop.folder / "stick")
    taken = customer.library.take_in(stick, shop.anchor)
    assert [kept.key for kept in taken] == ["2026.09", "radio-help 1.0", "radio 1.0"]
    shop.publisher.withdraw("2026.09")
    customer.library.remove(taken[0])
    customer.library.search(shop.origin())
    again = customer.library.take_in(stick, shop.anchor)
    assert again[0].key == "2026.06"  # 2026.09 was withdrawn since: the stick cannot bring it back
