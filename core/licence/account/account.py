"""The log-in of this installation: tokens refreshed in time, roles as the back end told them last. One user at a time.

Refreshing is done by one process at a time: the back end takes a refresh token that comes twice for a stolen one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from core.errors import BackendError, LicenceCheckFailed, NotSignedIn, StorageFailed
from core.licence.account.tokens import Secret, TokenStore
from core.licence.sealed import read_sealed, seal_key, write_sealed
from core.online.client.backend import BackendClient
from core.online.client.oauth import OAuthClient, TokenAnswer
from core.online.client.problems import OAuthRefused
from core.online.wire import Account as ToldAccount
from core.pc.files import private_folder
from core.vocabulary import AccountState, Activation, Role

T = TypeVar("T")
EARLY = 30_000
"""ms before its end at which an access token is renewed: a request takes time, and clocks differ."""
_LOCK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class KeptAccount:
    """What is known without the network. `place`: where the tokens are."""

    url: str
    issuer: str
    user: str
    name: str
    organisation: str
    contract: str
    roles: tuple[Role, ...]
    activation: Activation
    activation_until: int | None
    refreshed: int
    place: str


def _now() -> int:
    return time.time_ns() // 1_000_000


class Account:
    """`client` and `oauth` are asked for only when the network is needed."""

    def __init__(
        self, folder: Path, hardware_id: str, url: str, client: Callable[[], BackendClient],
        oauth: Callable[[], OAuthClient],
    ) -> None:  # fmt: skip
        self._folder = folder
        self._file = folder / "account.sealed"
        self._key = seal_key(hardware_id)
        self._url = url
        self._client, self._oauth = client, oauth
        self._store = TokenStore(folder)

    # -- quick

    def kept(self) -> KeptAccount | None:
        found = read_sealed(self._file, KeptAccount, self._key)
        return found if found is not None and found.url == self._url else None

    def state(self) -> AccountState:
        """Who is logged in, as of the last refresh."""
        kept = self.kept()
        if kept is None:
            return AccountState()
        until = kept.activation_until / 1000 if kept.activation_until is not None else None
        return AccountState(kept.user, kept.name, kept.organisation, kept.roles, kept.activation, until, kept.issuer)

    # -- with the network

    def adopt(self, tokens: TokenAnswer) -> AccountState:
        """A log-in was approved: from now on this user works here. The one before is logged out."""
        told = self._client().account(tokens.access_token)
        with self._alone():
            self._revoke_old()
            place = self._store.save(_secret_of(tokens))
            self._write(told, place)
        return self.state()

    def call(self, action: Callable[[str], T]) -> T:
        """`action` with a token; once more with a new one where the back end does not take it. NotSignedIn."""
        token = self._token()
        try:
            return action(token)
        except NotSignedIn:
            return action(self._token(but_not=token))

    def refresh(self) -> AccountState:
        """Roles and activation, asked anew."""
        told = self.call(self._client().account)
        with self._alone():
            kept = self.kept()
            if kept is not None:
                self._write(told, kept.place)
        return self.state()

    def logout(self) -> None:
        """Tokens are gone here in any case; the back end is told where it answers."""
        with self._alone():
            self._revoke_old()
            kept = self.kept()
            self._store.forget(kept.place if kept is not None else "")
            with contextlib.suppress(OSError):
                self._file.unlink(missing_ok=True)

    def _revoke_old(self) -> None:
        kept = self.kept()
        secret = self._store.load(kept.place) if kept is not None else None
        if secret is not None:
            # a server that is away forgets the tokens by itself when they run out
            with contextlib.suppress(BackendError, LicenceCheckFailed):
                self._oauth().revoke(secret.refresh)

    def _token(self, but_not: str = "") -> str:
        kept, secret = self._kept_secret()
        if secret.access != but_not and _now() < secret.expires - EARLY:
            return secret.access
        with self._alone():
            kept, secret = self._kept_secret()  # another process may have been quicker
            if secret.access != but_not and _now() < secret.expires - EARLY:
                return secret.access
            return self._renewed(kept, secret)

    def _renewed(self, kept: KeptAccount, secret: Secret) -> str:
        try:
            tokens = self._oauth().refresh(secret.refresh)
        except OAuthRefused as refusal:
            if refusal.problem == "invalid_grant":
                self._store.forget(kept.place)
                with contextlib.suppress(OSError):
                    self._file.unlink(missing_ok=True)
                raise NotSignedIn("The log-in has ended.") from refusal
            raise
        new = _secret_of(tokens, secret.refresh)
        place = self._store.save(new)
        if place != kept.place:
            write_sealed(self._file, replace(kept, place=place), self._key, "The log-in")
        told = self._client().account(new.access)
        self._write(told, place)
        return new.access

    def _kept_secret(self) -> tuple[KeptAccount, Secret]:
        kept = self.kept()
        secret = self._store.load(kept.place) if kept is not None else None
        if kept is None or secret is None:
            raise NotSignedIn("Nobody is logged in.")
        return kept, secret

    def _write(self, told: ToldAccount, place: str) -> None:
        kept = KeptAccount(
            self._url, self._oauth().issuer, told.login, told.name, told.organisation, told.contract, told.roles,
            told.activation, told.activation_until, _now(), place,
        )  # fmt: skip
        private_folder(self._folder)
        write_sealed(self._file, kept, self._key, "The log-in")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        import filelock

        private_folder(self._folder)
        lock = filelock.FileLock(self._folder / "account.lock", timeout=_LOCK_SECONDS, thread_local=False)
        try:
            lock.acquire()
        except filelock.Timeout as problem:
            raise LicenceCheckFailed("Another Passbay on this PC is logging in or out just now.") from problem
        except OSError as problem:
            raise StorageFailed(f"The lock {lock.lock_file} cannot be taken: {problem}.") from problem
        try:
            yield
        finally:
            lock.release()


def _secret_of(tokens: TokenAnswer, old_refresh: str = "") -> Secret:
    return Secret(tokens.access_token, tokens.refresh_token or old_refresh, _now() + tokens.expires_in * 1000)
