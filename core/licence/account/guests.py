"""Log-ins of other people at the back end that this PC uses: who they are, and whether they still are. Keeps no token.

A guest is never the user of this PC: nothing is written, no right of his is used here. His refresh token stays with
whoever asks, in memory, so that a user who was shut out or who logged out elsewhere is noticed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

from core.errors import BackendError, LicenceCheckFailed, NotSignedIn
from core.licence.account.account import Account
from core.licence.account.granting import DeviceGrant
from core.online.client.backend import BackendClient
from core.online.client.oauth import OAuthClient, TokenAnswer
from core.online.client.problems import OAuthRefused
from core.vocabulary.cleaning import clean


@dataclass(frozen=True, slots=True)
class Guest:
    """As the back end told it. `colleague`: of the organisation whose user works on this PC; `own`: that user."""

    login: str
    name: str
    organisation: str
    colleague: bool
    own: bool
    refresh: str = field(repr=False)


class Guests:
    """`account` is this PC's own log-in. Each call blocks for a question to the back end."""

    def __init__(self, client: BackendClient, oauth: OAuthClient, account: Account) -> None:
        self._client, self._oauth, self._account = client, oauth, account

    def begin(self) -> DeviceGrant:
        """BackendUnreachable, BackendRefused."""
        return DeviceGrant(self._oauth)

    def welcome(self, tokens: TokenAnswer, before: str = "") -> Guest:
        """Who the tokens belong to. `before` is the refresh token that a provider may keep."""
        told = self._client.account(tokens.access_token)
        kept = self._account.kept()
        colleague = kept is not None and bool(kept.contract) and kept.contract == told.contract
        return Guest(
            told.login, clean(told.name, 80), clean(told.organisation, 80), colleague,
            colleague and kept is not None and kept.user == told.login, tokens.refresh_token or before,
        )  # fmt: skip

    def again(self, guest: Guest) -> Guest:
        """The same person, asked anew. NotSignedIn where the log-in has ended or the user was shut out."""
        try:
            return self.welcome(self._oauth.refresh(guest.refresh), guest.refresh)
        except OAuthRefused as refusal:
            raise NotSignedIn("The log-in has ended.") from refusal

    def leave(self, guest: Guest) -> None:
        """Revokes the log-in where the back end answers; else it runs out by itself."""
        with contextlib.suppress(BackendError, LicenceCheckFailed):
            self._oauth.revoke(guest.refresh)
