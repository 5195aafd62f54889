"""Keys of the publisher: one PEM file each (PKCS 8, Ed25519), in folders that can lie on sticks. Translates key errors.

root-1 root-2 root-3     offline, 2 of them sign
targets-1 targets-2      offline, 1 of them signs
addons-1                 whoever publishes AddOns
snapshot-1 timestamp-1   online: they only say what is newest

A new repository has them in offline/ and online/ of one folder, which may be named in place of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from core.errors import UsageError
from core.pc.files import write_file

ROLES = {"root": (3, 2), "targets": (2, 1), "addons": (1, 1), "snapshot": (1, 1), "timestamp": (1, 1)}
"""Role -> (keys, threshold)."""
ENDING = ".key"
OFFLINE, ONLINE = "offline", "online"


class KeyRing:
    """All keys of some folders. Those that are not here cannot sign, and that is the point of offline keys."""

    def __init__(self, folders: Sequence[Path], password: bytes | None = None) -> None:
        self._signers: dict[str, CryptoSigner] = {}
        self._names: dict[str, str] = {}
        for path in _files(folders):
            self._add(path, password)

    def signers(self, key_ids: Iterable[str]) -> list[CryptoSigner]:
        return [self._signers[key_id] for key_id in key_ids if key_id in self._signers]

    def name(self, key_id: str) -> str:
        """The file's name, "" for a key that is not here."""
        return self._names.get(key_id, "")

    def _add(self, path: Path, password: bytes | None) -> None:
        signer = load_key(path, password)
        self._signers[signer.public_key.keyid] = signer
        self._names[signer.public_key.keyid] = path.stem

    def add(self, path: Path, password: bytes | None = None) -> CryptoSigner:
        """Makes a new key in `path` and takes it in. UsageError where a file is there already."""
        if path.exists():
            raise UsageError(f"{path} exists already.", "A key is never written over: choose another folder.")
        key = Ed25519PrivateKey.generate()
        how: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        )
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
        write_file(path, pem, what="The key")
        self._add(path, password)
        return load_key(path, password)


def load_key(path: Path, password: bytes | None) -> CryptoSigner:
    """UsageError for a file that is no such key, or for a wrong password."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password)
    except (OSError, ValueError, TypeError) as problem:
        raise UsageError(f"The key {path} cannot be used: {problem}.", "Check file and password.") from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"The key {path} is no Ed25519 key.")
    return CryptoSigner(key)


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        for place in (folder, *keys_below(folder)):
            yield from sorted(place.glob(f"*{ENDING}"))


def keys_below(folder: Path) -> tuple[Path, ...]:
    """The two folders of keys in the one that was made for a new repository; () in any other."""
    return tuple(place for place in (folder / OFFLINE, folder / ONLINE) if place.is_dir())
