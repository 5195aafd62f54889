"""Files of the StartKey: the envelope, the issuer's keys, the last announcement of maintenance. Judges nothing."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from core.errors import StorageFailed
from core.licence.startkey.trust import TrustedKeys, extended
from core.online.dsse import MAX_ENVELOPE
from core.online.wire import IssuerKeys, Maintenance, WireError, dumps, loads
from core.pc.files import open_file, private_folder, write_file

_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Trusted:
    keyid: str
    public: str
    retired: int | None = None
    distrusted: bool = False


@dataclass(frozen=True, slots=True)
class _TrustFile:
    keys: tuple[_Trusted, ...]


class StartKeyFiles:
    """All in `folder`; each file is replaced whole or not at all."""

    def __init__(self, folder: Path, startkey: Path, issuer_key: str) -> None:
        self._folder = folder
        self._startkey = startkey
        self._issuer_key = issuer_key
        self._trust = folder / "issuer-keys.json"
        self._announced = folder / "maintenance.json"

    def envelope(self) -> str:
        """ "" where there is no StartKey."""
        content = _read(self._startkey, MAX_ENVELOPE + 2)
        return content.decode("ascii", "replace").strip() if content is not None else ""

    def keep(self, envelope: str) -> None:
        private_folder(self._folder)
        write_file(self._startkey, envelope.encode("ascii") + b"\n", what="The StartKey")

    def drop(self) -> None:
        """It was revoked: kept for support under another name, and never read again."""
        with contextlib.suppress(OSError):
            self._startkey.replace(self._startkey.with_name("startkey.revoked"))

    def trusted(self) -> TrustedKeys:
        """The keys that were pinned, else the one in the settings, else none. StartKeyInvalid for a garbled setting."""
        pinned = TrustedKeys.pinned(self._issuer_key) if self._issuer_key else None
        content = _read(self._trust)
        try:
            kept = loads(_TrustFile, content) if content is not None else _TrustFile(())
            public = {key.keyid: bytes.fromhex(key.public) for key in kept.keys}
        except ValueError:  # a WireError is one: a torn file is learnt again
            kept, public = _TrustFile(()), {}
        if pinned is not None and not pinned.known.keys() <= public.keys():
            return pinned  # what was pinned before the settings named a key does not count
        retired = {key.keyid: key.retired for key in kept.keys if key.retired is not None}
        return TrustedKeys(public, retired, frozenset(key.keyid for key in kept.keys if key.distrusted))

    def learn(self, trusted: TrustedKeys, answer: IssuerKeys) -> TrustedKeys:
        """Keys that a chain leads to are kept. StartKeyInvalid where none does."""
        keys = extended(trusted, answer)
        rows = tuple(
            _Trusted(keyid, raw.hex(), keys.retired.get(keyid), keyid in keys.distrusted)
            for keyid, raw in keys.known.items()
        )
        private_folder(self._folder)
        write_file(self._trust, dumps(_TrustFile(rows)), what="The list of the issuer's keys")
        return keys

    def announced(self) -> Maintenance:
        """What the back end told of its maintenance when it was last reached."""
        content = _read(self._announced)
        try:
            return loads(Maintenance, content, lenient=True) if content is not None else Maintenance(())
        except WireError:
            return Maintenance(())

    def keep_announced(self, told: Maintenance) -> None:
        if told != self.announced():
            with contextlib.suppress(StorageFailed):  # without it 2221-47 names no window, nothing else
                write_file(self._announced, dumps(told), what="The announced maintenance")


def _read(path: Path, largest: int = _LARGEST) -> bytes | None:
    try:
        with open_file(path) as stream:
            return stream.read(largest)
    except OSError:
        return None
