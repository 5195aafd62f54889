"""What every part of the paper side needs: this device, its clock, the back end's client, log-in, credit as last seen.

Everything is made at its first use: a command on a simulated vehicle never gets here. Has no rules of its own.
"""

from __future__ import annotations

import threading
import time
from functools import cached_property

from core.errors import BackendUnreachable, LicenceCheckFailed, ProductError, SettingsInvalid, StartKeyServerUnreachable
from core.licence.account import Account
from core.licence.clock import TimeKeeper
from core.licence.credit.memory import CreditMemory
from core.licence.credit.outbox import Outbox
from core.licence.hardware.device import this_device
from core.licence.place import Place
from core.licence.startkey.keeping import StartKeyFiles
from core.online.client.backend import BackendClient
from core.online.client.oauth import OAuthClient
from core.online.client.way import Way
from core.online.wire import MaintenanceWindow
from core.vocabulary import DeviceData

SILENCE = 30.0
"""Seconds for which a back end that did not answer is not asked again before each job."""
_SCOPE_OWN, _SCOPE_PROVIDER = "passbay", "openid profile offline_access"


class Desk:
    """One back end as seen from this PC."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.files = StartKeyFiles(place.folder, place.startkey_file, place.issuer_key)
        self.outbox = Outbox(place.folder)
        self._lock = threading.RLock()
        self._client: BackendClient | None = None
        self._oauth: OAuthClient | None = None
        self._silent_until = 0.0

    @cached_property
    def device(self) -> DeviceData:
        """LicenceCheckFailed where the machine tells too little of itself."""
        return this_device(self.place.paper)

    @cached_property
    def time(self) -> TimeKeeper:
        place = self.place
        witnesses = (*place.witnesses, place.startkey_file, place.folder / "uses", place.folder / "purchases")
        return TimeKeeper((place.folder, place.second_folder), self.device.hardware_id, witnesses)

    @cached_property
    def account(self) -> Account:
        return Account(self.place.folder, self.device.hardware_id, self.place.url, self.client, self.oauth)

    @cached_property
    def credit(self) -> CreditMemory:
        return CreditMemory(self.place.folder, self.device.hardware_id, self.place.url)

    def client(self) -> BackendClient:
        """The embedded back end is opened here, at the first time."""
        with self._lock:
            if self._client is None:
                self._client = BackendClient(self._way())
            return self._client

    def oauth(self) -> OAuthClient:
        with self._lock:
            if self._oauth is None:
                scope = _SCOPE_PROVIDER if self.place.login_issuer else _SCOPE_OWN
                way = self.client().way
                self._oauth = OAuthClient(way, self.place.login_issuer, self.place.client_id, scope)
            return self._oauth

    def _way(self) -> Way:
        from core.online.client.http import in_process, over_network

        place = self.place
        if place.embedded:
            if place.login_issuer:
                raise SettingsInvalid(
                    "A log-in provider is set, but no back end that knows it.", "Set url in [backend] of the settings."
                )
            return in_process(place.open_embedded())
        return over_network(place.url, place.ca_file)

    # -- a back end that is away

    @property
    def silent(self) -> bool:
        """It did not answer a moment ago: who has another way takes that."""
        return time.monotonic() < self._silent_until

    def was_silent(self, problem: ProductError | None = None) -> None:
        """For a while, or for as long as the server asked for."""
        wait = max(SILENCE, getattr(problem, "retry_after", 0.0))
        self._silent_until = max(self._silent_until, time.monotonic() + wait)

    def has_answered(self) -> None:
        self._silent_until = 0.0

    def startkey_server_away(self, problem: BackendUnreachable) -> StartKeyServerUnreachable:
        """2221-47, with the maintenance that was announced for now."""
        if isinstance(problem, StartKeyServerUnreachable):
            return problem
        window = self.maintenance_now()
        if window is None:
            return StartKeyServerUnreachable(
                problem.message, problem.advice, status=problem.status, retry_after=problem.retry_after
            )
        words = "The StartKey server is being maintained: {words}. {problem}"
        return StartKeyServerUnreachable(words.format(words=window.words.rstrip("."), problem=problem.message))

    def maintenance_now(self) -> MaintenanceWindow | None:
        now = time.time_ns() // 1_000_000
        return next((w for w in self.files.announced().windows if w.starts <= now < w.ends), None)

    def close(self) -> None:
        with self._lock:
            client, self._client, self._oauth = self._client, None, None
        if client is not None:
            client.close()


def unknown_reason(problem: Exception) -> LicenceCheckFailed:
    """2173-40: the check of StartKey or credit failed, and nobody knows better."""
    message = getattr(problem, "message", str(problem))
    return LicenceCheckFailed(f"StartKey or credit could not be checked: {message}")
