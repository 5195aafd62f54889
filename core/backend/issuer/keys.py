"""The issuer's Ed25519 keys: one signs, older ones still verify; each new key is signed by the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.backend.context import MINUTE
from core.backend.issuer import sealing
from core.backend.store import tables as t
from core.errors import UsageError
from core.online import dsse
from core.online.wire import ROTATION, IssuerKey, KeyRotation, dumps

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from sqlalchemy import Connection, Row

TOKEN_LIFE = 15 * MINUTE


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    keyid: str
    private: Ed25519PrivateKey

    def sign(self, kind: str, paper: Any) -> str:
        return dsse.sign(kind, dumps(paper), self.private)


def _rows(conn: Connection) -> list[Row[Any]]:
    from sqlalchemy import select

    return list(conn.execute(select(t.issuer_keys).order_by(t.issuer_keys.c.created, t.issuer_keys.c.id)))


def _signer(conn: Connection, row: Row[Any]) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Signer(row.id, Ed25519PrivateKey.from_private_bytes(sealing.from_store(conn, row.id, row.private)))


def signer(conn: Connection, now: int) -> Signer:
    """The key that signs now. The first one is made here, so this needs a writing transaction until there is one."""
    current = [row for row in _rows(conn) if row.retired is None]
    return _signer(conn, current[-1]) if current else _make(conn, now, None)


def rotate(conn: Connection, now: int) -> str:
    """A new key signs from now on; gives its name. StartKeys are renewed under it as they are checked."""
    current = [row for row in _rows(conn) if row.retired is None]
    before = _signer(conn, current[-1]) if current else None
    made = _make(conn, max(now, current[-1].created + 1 if current else 0), before)  # the order is their age
    if before is not None:
        conn.execute(t.issuer_keys.update().where(t.issuer_keys.c.id == before.keyid).values(retired=now))
    return made.keyid


def distrust(conn: Connection, keyid: str, now: int) -> str:
    """This key was stolen. Where it signs now, another one does from here on; gives the name of the one that signs.

    UsageError for a key that is not known. What it has signed is renewed as it is checked.
    """
    if all(row.id != keyid for row in _rows(conn)):
        raise UsageError(f"There is no issuer key {keyid}.", "`passbay admin keys list` shows them.")
    signs = rotate(conn, now) if current_id(conn) == keyid else current_id(conn)
    i = t.issuer_keys.c
    conn.execute(t.issuer_keys.update().where(i.id == keyid, i.distrusted.is_(None)).values(distrusted=now))
    return signs


def distrusted(conn: Connection) -> frozenset[str]:
    """Names of the keys that were stolen."""
    return frozenset(row.id for row in _rows(conn) if row.distrusted is not None)


def _make(conn: Connection, now: int, before: Signer | None) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    keyid = dsse.key_id(public)
    endorsement = None if before is None else before.sign(ROTATION, KeyRotation(keyid, public.hex(), now))
    conn.execute(
        t.issuer_keys.insert().values(
            id=keyid, public=public.hex(), private=sealing.to_store(conn, keyid, private.private_bytes_raw()),
            created=now,
            endorsed_by=None if before is None else before.keyid, endorsement=endorsement,
        )
    )  # fmt: skip
    return Signer(keyid, private)


def protect(conn: Connection, seal: sealing.Seal | None, *, only_plain: bool = False) -> int:
    """Writes the private keys anew: encrypted with `seal`, in the clear for None. `only_plain`: those alone that lie in
    the clear. How many."""
    if conn.dialect.name == "sqlite":
        conn.exec_driver_sql("PRAGMA secure_delete = ON")  # else the old text stays in the file's free pages
    rows = [row for row in _rows(conn) if not (only_plain and sealing.is_sealed(row.private))]
    for row in rows:
        private = sealing.written_anew(conn, row.id, row.private, seal)
        conn.execute(t.issuer_keys.update().where(t.issuer_keys.c.id == row.id).values(private=private))
    return len(rows)


def published(conn: Connection) -> tuple[IssuerKey, ...]:
    """All public keys, oldest first."""
    rows = _rows(conn)
    return tuple(IssuerKey(r.id, r.public, r.created, r.retired, r.endorsement or "", r.distrusted) for r in rows)


def current_id(conn: Connection) -> str:
    return next((row.id for row in reversed(_rows(conn)) if row.retired is None), "")


def token_keys(conn: Connection, now: int) -> dict[str, bytes]:
    """Keys that access tokens may bear: a retired one no longer than its last token lives, a stolen one never."""
    return {
        row.id: bytes.fromhex(row.public)
        for row in _rows(conn)
        if row.distrusted is None and (row.retired is None or row.retired + TOKEN_LIFE > now)
    }
