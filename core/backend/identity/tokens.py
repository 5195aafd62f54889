"""Access tokens (JWT, EdDSA, 15 minutes at most) and refresh tokens (rotated, reuse ends the whole family)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.backend.context import DAY, MINUTE, Backend, new_id
from core.backend.identity import people, providers, rights
from core.backend.issuer import keys
from core.backend.store import tables as t
from core.errors import NotSignedIn
from core.online.wire import Tokens

if TYPE_CHECKING:
    from sqlalchemy import Connection

AUDIENCE = "passbay-api"
ACCESS = 15 * MINUTE
REFRESH = 30 * DAY


@dataclass(frozen=True, slots=True)
class Refused:
    """A refresh token that is not taken; the caller makes RFC 6749's invalid_grant of it."""

    words: str


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def issue_tokens(
    backend: Backend, conn: Connection, user: people.User, client_id: str, now: int, family: str
) -> Tokens:
    """A new pair. Only the hash of the refresh token is kept here."""
    import jwt

    held = rights.rights_of(conn, user.id)
    state, _ = rights.activation(held, now)
    claims = {
        "iss": backend.config.public_url, "sub": user.id, "aud": AUDIENCE, "iat": now // 1000,
        "exp": (now + ACCESS) // 1000, "jti": new_id(), "org": user.organisation_id, "name": user.login,
        "roles": [right.role.value for right in held if right.active(now)], "activation": state.value,
    }  # fmt: skip
    signer = keys.signer(conn, now)
    access = jwt.encode(claims, signer.private, algorithm="EdDSA", headers={"kid": signer.keyid, "typ": "at+jwt"})
    refresh = secrets.token_urlsafe(48)
    conn.execute(
        t.refresh_tokens.insert().values(
            id=new_id(), family=family, token_hash=_hash(refresh), user_id=user.id, client_id=client_id, created=now,
            expires=now + REFRESH,
        )
    )  # fmt: skip
    return Tokens(access, "Bearer", ACCESS // 1000, refresh, "openid")


def refresh(backend: Backend, token: str, client_id: str) -> Tokens | Refused:
    """Rotation: each refresh token works once. One that comes twice was stolen or copied: its family ends."""
    now = backend.now()

    def rotate(conn: Connection) -> Tokens | Refused:
        from sqlalchemy import select

        r = t.refresh_tokens.c
        row = conn.execute(select(t.refresh_tokens).where(r.token_hash == _hash(token))).first()
        if row is None or row.client_id != client_id:
            return Refused("This refresh token is not known.")
        if row.used_at is not None and row.revoked is None:
            _end_family(conn, row.family, now)
            people.note(conn, row.user_id, "refresh token came twice", now, family=row.family)
            return Refused("This refresh token was used before: the log-in was ended.")
        user = people.user_by_id(conn, row.user_id)
        if row.revoked is not None or row.expires <= now or user is None or user.disabled:
            return Refused("This log-in has ended.")
        conn.execute(t.refresh_tokens.update().where(r.id == row.id).values(used_at=now))
        conn.execute(t.refresh_tokens.delete().where(r.expires < now - DAY))
        return issue_tokens(backend, conn, user, client_id, now, row.family)

    return backend.write(rotate)


def revoke(backend: Backend, token: str) -> None:
    """RFC 7009: the whole log-in ends; a token that is not known is no error."""
    now = backend.now()

    def end(conn: Connection) -> None:
        from sqlalchemy import select

        found = select(t.refresh_tokens.c.family).where(t.refresh_tokens.c.token_hash == _hash(token))
        family = conn.execute(found).scalar()
        if family is not None:
            _end_family(conn, family, now)

    backend.write(end)


def _end_family(conn: Connection, family: str, now: int) -> None:
    r = t.refresh_tokens.c
    conn.execute(t.refresh_tokens.update().where(r.family == family, r.revoked.is_(None)).values(revoked=now))


@dataclass(frozen=True, slots=True)
class Bearer:
    """`activates`: his first call with a provider's token is the log-in that activates what was granted (L4)."""

    user: people.User
    activates: bool


def bearer_of(backend: Backend, conn: Connection, token: str, now: int) -> Bearer:
    """Who an access token belongs to, as the store knows him now: a user who was shut out is out at once."""
    issuer = _issuer(token)
    own = issuer == backend.config.public_url
    if own:
        claims = _claims(backend, conn, token, now)
        user = people.user_by_id(conn, str(claims.get("sub", "")))
    else:
        user = providers.user_of(conn, token, issuer, now)
    if user is None or user.disabled:
        raise NotSignedIn("This user is not enabled.")
    return Bearer(user, not own and rights.waiting(conn, user.id))


def _issuer(token: str) -> str:
    """Whose token this claims to be; nothing is believed before its signature was checked."""
    import jwt

    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except jwt.PyJWTError:
        raise NotSignedIn("The access token is not valid.") from None


def _claims(backend: Backend, conn: Connection, token: str, now: int) -> dict[str, Any]:
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        header = jwt.get_unverified_header(token)
        public = keys.token_keys(conn, now).get(str(header.get("kid", "")))
        if public is None or header.get("typ") != "at+jwt":
            raise NotSignedIn("This access token is not of this back end.")
        claims: dict[str, Any] = jwt.decode(
            token, Ed25519PublicKey.from_public_bytes(public), algorithms=["EdDSA"], audience=AUDIENCE,
            issuer=backend.config.public_url,
            # our clock, not PyJWT's: time is an argument here
            options={"require": ["exp", "sub", "aud", "iss"], "verify_exp": False, "verify_iat": False},
        )  # fmt: skip
    except jwt.PyJWTError:
        raise NotSignedIn("The access token is not valid.") from None
    if not isinstance(claims["exp"], int) or claims["exp"] * 1000 <= now:
        raise NotSignedIn("The access token has expired.")
    return claims
