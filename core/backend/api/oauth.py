"""OAuth 2.0 and OpenID Connect over HTTP: device grant, tokens, revocation, keys, discovery, userinfo."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Annotated

from core.backend.api.operation import Call, Operation, Share
from core.backend.identity import grants, rights, tokens
from core.backend.identity.grants import CLIENT_ID, OAuthRefusal
from core.backend.issuer import keys
from core.online.wire import DeviceAuthorization, Tokens
from core.online.wire.codec import Text

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True)
class DeviceForm:
    client_id: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TokenForm:
    grant_type: str
    client_id: str
    device_code: Annotated[str, Text(most=400)] = ""
    refresh_token: Annotated[str, Text(most=400)] = ""


@dataclass(frozen=True, slots=True)
class RevokeForm:
    token: Annotated[str, Text(most=4000)]
    token_type_hint: str = ""
    client_id: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing to say: done."""


@dataclass(frozen=True, slots=True)
class Jwk:
    """RFC 8037: an Ed25519 key."""

    kty: str
    crv: str
    x: str
    kid: str
    alg: str
    use: str


@dataclass(frozen=True, slots=True)
class Jwks:
    keys: tuple[Jwk, ...]


@dataclass(frozen=True, slots=True)
class Discovery:
    """OpenID Connect Discovery 1.0, section 3; RFC 8628, section 4."""

    issuer: str
    device_authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    grant_types_supported: tuple[str, ...]
    response_types_supported: tuple[str, ...]
    subject_types_supported: tuple[str, ...]
    id_token_signing_alg_values_supported: tuple[str, ...]
    token_endpoint_auth_methods_supported: tuple[str, ...]
    scopes_supported: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserInfo:
    sub: str
    preferred_username: str
    name: str
    org: str
    roles: tuple[str, ...]


def device_authorization(call: Call) -> DeviceAuthorization:
    form: DeviceForm = call.body
    return grants.begin(call.backend, form.client_id, form.scope)


def token(call: Call) -> Tokens:
    form: TokenForm = call.body
    if form.client_id != CLIENT_ID:
        raise OAuthRefusal("invalid_client", "This client is not registered here.", 401)
    if form.grant_type == DEVICE_GRANT:
        if not form.device_code:
            raise OAuthRefusal("invalid_request", "device_code is missing.")
        return grants.poll(call.backend, form.device_code, form.client_id)
    if form.grant_type == "refresh_token":
        if not form.refresh_token:
            raise OAuthRefusal("invalid_request", "refresh_token is missing.")
        found = tokens.refresh(call.backend, form.refresh_token, form.client_id)
        if isinstance(found, tokens.Refused):
            raise OAuthRefusal("invalid_grant", found.words)
        return found
    raise OAuthRefusal("unsupported_grant_type", "This server knows device_code and refresh_token.")


def revoke(call: Call) -> Empty:
    form: RevokeForm = call.body
    tokens.revoke(call.backend, form.token)
    return Empty()


def jwks(call: Call) -> Jwks:
    held = call.backend.read(lambda conn: keys.token_keys(conn, call.now))
    return Jwks(
        tuple(
            Jwk("OKP", "Ed25519", base64.urlsafe_b64encode(raw).decode().rstrip("="), name, "EdDSA", "sig")
            for name, raw in held.items()
        )
    )


def discovery(call: Call) -> Discovery:
    url = call.backend.config.public_url
    return Discovery(
        url, f"{url}/oauth/device_authorization", f"{url}/oauth/token", f"{url}/oauth/revoke",
        f"{url}/oauth/userinfo", f"{url}/oauth/jwks", (DEVICE_GRANT, "refresh_token"), (), ("public",), ("EdDSA",),
        ("none",), ("openid",),
    )  # fmt: skip


def userinfo(call: Call) -> UserInfo:
    user = call.user
    roles = call.backend.read(lambda conn: rights.active_roles(conn, user.id, call.now))
    return UserInfo(user.id, user.login, user.name, user.organisation, tuple(role.value for role in roles))


OPERATIONS = (
    Operation(
        "POST", "/oauth/device_authorization", device_authorization, "Begin a log-in of a device (RFC 8628)",
        DeviceAuthorization, body=DeviceForm, form=True, share=Share.LOGIN,
    ),
    Operation(
        "POST", "/oauth/token", token, "Tokens of an approved log-in, or new ones for a refresh token", Tokens,
        body=TokenForm, form=True, share=Share.LOGIN,
    ),
    Operation(
        "POST", "/oauth/revoke", revoke, "End a log-in (RFC 7009)", Empty, body=RevokeForm, form=True,
        share=Share.LOGIN,
    ),
    Operation("GET", "/oauth/jwks", jwks, "Keys of access tokens", Jwks),
    Operation("GET", "/.well-known/openid-configuration", discovery, "Discovery", Discovery),
    Operation("GET", "/oauth/userinfo", userinfo, "The signed-in user", UserInfo, bearer=True),
)  # fmt: skip
