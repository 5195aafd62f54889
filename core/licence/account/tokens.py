"""Where the tokens of a log-in are kept: the desktop's keyring where it answers at once, else a file of our own.

A token is never part of a text: `Secret` does not show it. The file is 0600 in a folder that is 0700, whatever the
umask; a keyring that is locked or hangs is given two seconds and then left alone for the life of this process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from core.errors import StorageFailed
from core.online.wire import WireError, dumps, loads
from core.online.wire.codec import Text
from core.pc.files import open_file, private_folder, write_file

T = TypeVar("T")
KEYRING_SECONDS = 2.0
KEYRING, FILE = "keyring", "file"
_SERVICE = "passbay"
_LARGEST = 64_000
_NOT_TRUSTED = ("fail", "null", "keyrings.alt", "file", "libsecret_plaintext")


@dataclass(frozen=True, slots=True)
class Secret:
    """`expires`: when the access token ends, milliseconds by the clock of this PC."""

    access: Annotated[str, Text(most=16_000)] = field(repr=False)
    refresh: Annotated[str, Text(most=16_000)] = field(repr=False)
    expires: int


class TokenStore:
    """One log-in of this installation. `keyring_seconds`: 0 leaves the keyring alone."""

    def __init__(self, folder: Path, keyring_seconds: float = KEYRING_SECONDS) -> None:
        self._folder = folder
        self._file = folder / "tokens.json"
        self._seconds = keyring_seconds
        self._silent = keyring_seconds <= 0
        # two installations of one user (PASSBAY_HOME) have two entries
        self._user = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]

    def save(self, secret: Secret) -> str:
        """Returns where it is kept now. StorageFailed where neither place takes it."""
        text = dumps(secret).decode("ascii")
        if self._in_keyring(lambda ring: ring.set_password(_SERVICE, self._user, text) or True):
            self._remove_file()
            return KEYRING
        private_folder(self._folder)
        write_file(self._file, text.encode("ascii"), what="The log-in")
        return FILE

    def load(self, place: str) -> Secret | None:
        """From where `save` put it; None where it is not there any more."""
        if place == KEYRING:
            text = self._in_keyring(lambda ring: ring.get_password(_SERVICE, self._user))
            return _secret(text) if text else None
        try:
            private_folder(self._folder)
            with open_file(self._file) as stream:
                if os.name == "posix" and os.fstat(stream.fileno()).st_mode & 0o077:
                    self._file.chmod(0o600)
                return _secret(stream.read(_LARGEST).decode("ascii", "replace"))
        except (OSError, StorageFailed):
            return None

    def forget(self, place: str) -> None:
        if place == KEYRING:
            self._in_keyring(lambda ring: ring.delete_password(_SERVICE, self._user) or True)
        self._remove_file()

    def _remove_file(self) -> None:
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _in_keyring(self, action: Callable[[Any], T]) -> T | None:
        """None where there is no keyring that deserves the name, or it did not answer in time."""
        if self._silent:
            return None
        results: list[T | None] = []
        thread = threading.Thread(target=lambda: results.append(_with_keyring(action)), name="keyring", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if not results:
            self._silent = True
            return None
        return results[0]


def _with_keyring(action: Callable[[Any], T]) -> T | None:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        ring = keyring.get_keyring()
        module = type(ring).__module__
        if any(part in module for part in _NOT_TRUSTED) or ring.priority < 1:
            return None
        return action(ring)
    except (keyring.errors.KeyringError, RuntimeError, OSError, ImportError, ValueError):
        return None  # no ring, a locked one whose dialog was closed, no D-Bus


def _secret(text: str) -> Secret | None:
    try:
        return loads(Secret, text)
    except WireError:
        return None
