"""Access tokens of OpenID Connect providers that the back end's administrator trusts, mapped to users by one claim.

The keys lie in the setting, so the server opens no connection by itself; a provider that changes its keys is set anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from core.backend.identity import people
from core.errors import NotSignedIn, UsageError
from core.online.wire import WireError, decode, dumps, parse
from core.online.wire.codec import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

PROVIDERS_SETTING = "login_providers"
_ALGORITHMS = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}
"""By the type of the key that the administrator has set, never by what a token says of itself."""


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """A public key as the provider's JWKS names it (RFC 7517); other members are left out."""

    kty: Annotated[str, Text(pattern="OKP|EC|RSA")]
    kid: str
    crv: Annotated[str, Text(pattern="(Ed25519|P-256)?")] = ""
    x: str = ""
    y: str = ""
    n: Annotated[str, Text(most=2000)] = ""
    e: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """`claim` holds the user ID of this back end, e.g. preferred_username or email."""

    issuer: Annotated[str, Text(pattern="https://[!-~]+")]
    audience: Annotated[str, Text(least=1)]
    keys: tuple[ProviderKey, ...]
    claim: Annotated[str, Text(least=1)] = "preferred_username"


@dataclass(frozen=True, slots=True)
class Providers:
    providers: tuple[Provider, ...] = ()


def checked(value: str) -> str:
    """The setting's value: a JSON list of providers, each with the keys of its JWKS. UsageError."""
    import jwt

    try:
        found = decode(Providers, {"providers": parse(value)}, lenient=True)
        for key in (key for provider in found.providers for key in provider.keys):
            _key(key)
    except (WireError, jwt.PyJWTError, ValueError) as problem:
        raise UsageError(f"A JSON list of {{issuer, audience, keys, claim}} is expected ({problem}).") from problem
    return dumps(found).decode("ascii")


def _key(key: ProviderKey) -> Any:
    import jwt

    members = {name: getattr(key, name) for name in ("kty", "kid", "crv", "x", "y", "n", "e") if getattr(key, name)}
    return jwt.PyJWK(members, _ALGORITHMS[key.kty]).key


def user_of(conn: Connection, token: str, issuer: str, now: int) -> people.User:
    """Who a provider's access token belongs to here. NotSignedIn for everything that is not exactly right."""
    import jwt

    stored = people.setting(conn, PROVIDERS_SETTING)
    trusted = decode(Providers, parse(stored)).providers if stored else ()
    provider = next((one for one in trusted if one.issuer == issuer), None)
    if provider is None:
        raise NotSignedIn("The access token is of an issuer that is not known here.")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((one for one in provider.keys if one.kid == kid), None)
        if key is None:
            raise NotSignedIn("The log-in provider has another key now: its administrator sets it anew.")
        claims: dict[str, Any] = jwt.decode(
            token, _key(key), algorithms=[_ALGORITHMS[key.kty]], audience=provider.audience, issuer=issuer,
            # our clock, not PyJWT's
            options={"require": ["exp", "aud", "iss"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )  # fmt: skip
    except jwt.PyJWTError:
        raise NotSignedIn("The access token is not valid.") from None
    if not _in_time(claims, now):
        raise NotSignedIn("The access token has expired.")
    login = claims.get(provider.claim)
    user = people.user_by_login(conn, login) if isinstance(login, str) and len(login) <= 64 else None
    if user is None:
        raise NotSignedIn("The log-in provider's user is no user here.", "Ask your administrator to add the user.")
    return user


def _in_time(claims: dict[str, Any], now: int) -> bool:
    ends, begins = claims["exp"], claims.get("nbf", 0)
    return isinstance(ends, int) and isinstance(begins, int) and begins * 1000 <= now + 60_000 and now < ends * 1000
