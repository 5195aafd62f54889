"""OAuth 2.0 as a client: discovery, device grant (RFC 8628), refresh, revocation. Any provider; keeps no token.

The endpoints come from the provider's discovery document. Those of a shared back end or a provider must be https where
its address is: an answer cannot lead a token to a place without TLS.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, TypeVar
from urllib.parse import urlencode, urlsplit

from core.errors import BackendUnreachable, LicenceCheckFailed
from core.online.client.backend import decoded
from core.online.client.problems import oauth_refusal
from core.online.client.way import Way
from core.online.wire.codec import Number, Text

T = TypeVar("T")
FORM = "application/x-www-form-urlencoded"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Provider:
    """The part of the discovery document that a device needs."""

    issuer: str
    device_authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str = ""


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """RFC 8628, section 3.2, with what a provider may leave out."""

    device_code: Annotated[str, Text(most=4000, least=1)] = field(repr=False)
    user_code: Annotated[str, Text(most=40, least=1)]
    verification_uri: Annotated[str, Text(most=400, least=8)]
    expires_in: Annotated[int, Number(least=1, most=86_400)]
    verification_uri_complete: Annotated[str, Text(most=600)] = ""
    interval: Annotated[int, Number(most=600)] = 5


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """RFC 6749, section 5.1; a refresh may keep the old refresh token."""

    access_token: Annotated[str, Text(most=16_000, least=1)] = field(repr=False)
    expires_in: int = 300
    refresh_token: Annotated[str, Text(most=16_000)] = field(default="", repr=False)


class OAuthClient:
    """`issuer` "" is the back end itself. Errors as BackendClient's, OAuthRefused for what OAuth calls an error."""

    def __init__(self, way: Way, issuer: str, client_id: str, scope: str) -> None:
        self._way = way
        self.issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._scope = scope
        self._provider: Provider | None = None

    def provider(self) -> Provider:
        if self._provider is None:
            found = decoded(Provider, self._way.ask("GET", self.issuer + _WELL_KNOWN))
            if self.issuer and found.issuer.rstrip("/") != self.issuer:
                raise LicenceCheckFailed("The log-in provider's document names another issuer than the settings do.")
            self._provider = found
        return self._provider

    def start(self) -> DeviceAuthorization:
        """Section 3.1: asks for a device code and a user code."""
        return self._form(
            DeviceAuthorization, self.provider().device_authorization_endpoint,
            client_id=self._client_id, scope=self._scope,
        )  # fmt: skip

    def poll(self, device_code: str) -> TokenAnswer:
        """Section 3.4: the tokens, or OAuthRefused with authorization_pending, slow_down, access_denied, ..."""
        return self._form(
            TokenAnswer, self.provider().token_endpoint,
            grant_type=DEVICE_GRANT, device_code=device_code, client_id=self._client_id,
        )  # fmt: skip

    def refresh(self, refresh_token: str) -> TokenAnswer:
        return self._form(
            TokenAnswer, self.provider().token_endpoint,
            grant_type="refresh_token", refresh_token=refresh_token, client_id=self._client_id,
        )  # fmt: skip

    def revoke(self, token: str) -> None:
        """RFC 7009. A provider without it lets the token run out."""
        place = self.provider().revocation_endpoint
        if not place:
            return
        body = urlencode({"token": token, "client_id": self._client_id}).encode()
        answer = self._way.ask("POST", self._place(place), body=body, kind=FORM)
        if answer.status >= 400:
            raise oauth_refusal(answer)

    def _form(self, cls: type[T], place: str, **fields: str) -> T:
        answer = self._way.ask("POST", self._place(place), body=urlencode(fields).encode(), kind=FORM)
        return decoded(cls, answer, oauth_refusal)

    def _place(self, endpoint: str) -> str:
        """A whole address, or what the way makes of it. Never http where the address in the settings is https."""
        if self._way.embedded:
            parts = urlsplit(endpoint)
            return parts.path + (f"?{parts.query}" if parts.query else "")
        home = urlsplit(self.issuer or self._way.url)
        if urlsplit(endpoint).scheme != home.scheme:
            raise BackendUnreachable("The log-in provider names an address without TLS.")
        return endpoint
