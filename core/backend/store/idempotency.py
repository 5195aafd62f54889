"""Idempotency keys: an answer is kept in the transaction that did the work, and given again for its key."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select

from core.backend.store.tables import idempotency
from core.errors import KeyReused

_RECALL = select(idempotency.c.request_hash, idempotency.c.body).where(
    idempotency.c.scope == bindparam("whose"), idempotency.c.key == bindparam("which")
)
_REMEMBER = insert(idempotency)


def recall(connection: Connection, scope: str, key: str, request_hash: str) -> str | None:
    """The kept answer, or None for a new key. Raises KeyReused where the key came with another request."""
    row = connection.execute(_RECALL, {"whose": scope, "which": key}).one_or_none()
    if row is None:
        return None
    if row.request_hash != request_hash:
        raise KeyReused("This idempotency key was used before, for another request.")
    body: str = row.body
    return body


def remember(
    connection: Connection, scope: str, key: str, request_hash: str, body: str, now: int, *, status: int = 200
) -> None:
    """In the same transaction as the work. Two requests that race for one key: the second is run again and recalls."""
    values = {
        "scope": scope, "key": key, "request_hash": request_hash, "status": status, "body": body, "created": now
    }  # fmt: skip
    connection.execute(_REMEMBER, values)
