"""The issuer's private keys at rest: encrypted with what a key file holds, where the operator gives one.

ChaCha20-Poly1305 under a key that scrypt makes of the file's content and a salt of its own for each key; the key's name
is authenticated along, so that none can be put in another one's place. Which seal a database is opened with travels
with its connections.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import SettingsInvalid

if TYPE_CHECKING:
    from sqlalchemy import Connection

OPTION = "issuer_seal"  # of a connection
LEAST = 16
"""Bytes of a key file. Scrypt slows down who guesses; a short word it does not save."""
_MARK = "sealed:1:"
_LARGEST = 65_536
_SALT, _NONCE = 16, 12
_WHERE = "Name it with --key-file of `passbay serve`, or in PASSBAY_KEY_FILE."


class Seal:
    """What one key file holds."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @classmethod
    def from_file(cls, path: Path) -> Seal:
        """SettingsInvalid for a file that is not there, that others may read, or that holds too little."""
        try:
            mode = path.stat().st_mode
            with path.open("rb") as stream:
                secret = stream.read(_LARGEST).strip()
        except OSError as problem:
            raise SettingsInvalid(f"The key file {path} cannot be read: {problem.strerror or problem}.") from problem
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SettingsInvalid(f"The key file {path} can be read by others.", f"Do: chmod 600 {path}")
        if len(secret) < LEAST:
            raise SettingsInvalid(
                f"The key file {path} holds less than {LEAST} bytes.",
                "Make one of random bytes, e.g. openssl rand -base64 32.",
            )
        return cls(secret)

    def sealed(self, keyid: str, private: bytes) -> str:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
        hidden = ChaCha20Poly1305(_derived(self._secret, salt)).encrypt(nonce, private, keyid.encode())
        return _MARK + base64.b64encode(salt + nonce + hidden).decode("ascii")

    def opened(self, keyid: str, text: str) -> bytes:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        try:
            raw = base64.b64decode(text.removeprefix(_MARK), validate=True)
            salt, nonce, hidden = raw[:_SALT], raw[_SALT : _SALT + _NONCE], raw[_SALT + _NONCE :]
            return ChaCha20Poly1305(_derived(self._secret, salt)).decrypt(nonce, hidden, keyid.encode())
        except (ValueError, InvalidTag) as problem:
            raise SettingsInvalid("The key file does not open the issuer's keys of this database.", _WHERE) from problem


@functools.lru_cache(maxsize=64)
def _derived(secret: bytes, salt: bytes) -> bytes:
    """Kept in memory: it is made to be slow, and each request that signs needs it."""
    return hashlib.scrypt(secret, salt=salt, n=2**14, r=8, p=1, dklen=32)


def _seal_of(conn: Connection) -> Seal | None:
    found = conn.get_execution_options().get(OPTION)
    return found if isinstance(found, Seal) else None


def is_sealed(stored: str) -> bool:
    return stored.startswith(_MARK)


def to_store(conn: Connection, keyid: str, private: bytes) -> str:
    """How a private key is written into this database."""
    return _written(_seal_of(conn), keyid, private)


def from_store(conn: Connection, keyid: str, stored: str) -> bytes:
    """The private key. SettingsInvalid where the key file is missing or another one."""
    if not is_sealed(stored):
        return bytes.fromhex(stored)
    seal = _seal_of(conn)
    if seal is None:
        raise SettingsInvalid("The issuer's keys of this database are encrypted, and no key file is named.", _WHERE)
    return seal.opened(keyid, stored)


def _written(seal: Seal | None, keyid: str, private: bytes) -> str:
    return private.hex() if seal is None else seal.sealed(keyid, private)


def written_anew(conn: Connection, keyid: str, stored: str, seal: Seal | None) -> str:
    """The same key under another seal, or none."""
    return _written(seal, keyid, from_store(conn, keyid, stored))
