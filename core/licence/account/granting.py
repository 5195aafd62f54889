"""One device grant (RFC 8628) on the client's side: the code to show, the next question, the tokens. Keeps nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from core.errors import BackendRefused, BackendUnreachable, LicenceCheckFailed, NotSignedIn
from core.licence.account.polling import Polling, PollState
from core.online.client.oauth import OAuthClient, TokenAnswer
from core.online.client.problems import OAuthRefused
from core.vocabulary import LoginPrompt
from core.vocabulary.cleaning import clean

_ENDED = {
    PollState.DENIED: "The log-in was denied.",
    PollState.EXPIRED: "The log-in was not approved in time.",
    PollState.REFUSED: "The log-in server refused.",
}


class DeviceGrant:
    """Made by asking for a user code (BackendUnreachable, BackendRefused). The device code never leaves it.

    Whoever has a thread for it waits `left()` seconds between two questions (core/licence/account/logging_in.py);
    whoever has many at once asks when it is time. `clock`: seconds that only go on.
    """

    def __init__(self, oauth: OAuthClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._oauth, self._clock = oauth, clock
        told = oauth.start()
        self._device_code = told.device_code
        self._polling = Polling(told.interval, told.expires_in, clock())
        self._asked = False
        self.prompt = LoginPrompt(
            clean(told.user_code, 40), clean(told.verification_uri, 400), clean(told.verification_uri_complete, 600),
            time.time() + told.expires_in, told.interval,
        )  # fmt: skip

    def left(self) -> float:
        """Seconds until the next question may be asked; 0 or less: now."""
        return self._polling.next_at - self._clock()

    def ask(self) -> TokenAnswer | None:
        """One question: the tokens, or None while it waits. NotSignedIn where it has ended, BackendRefused."""
        self._polling.look(self._clock())
        tokens = self._question() if self._polling.state is PollState.WAITING else None
        if tokens is not None:
            self._polling.approved()
        elif self._polling.state is not PollState.WAITING:
            raise NotSignedIn(_ENDED.get(self._polling.state, "The log-in has ended."), "Start the log-in again.")
        return tokens

    def approved_here(self) -> None:
        """The interval is one between two questions (section 3.5): before the first there is none to keep."""
        if not self._asked:
            self._polling.next_at = self._clock()

    def _question(self) -> TokenAnswer | None:
        self._asked = True
        try:
            return self._oauth.poll(self._device_code)
        except OAuthRefused as refusal:
            self._polling.answered(refusal.problem, self._clock())
        except (BackendUnreachable, LicenceCheckFailed) as problem:
            self._polling.silent(self._clock(), getattr(problem, "retry_after", 0.0))
        except BackendRefused as refusal:
            if refusal.status < 500:
                raise
            self._polling.silent(self._clock())
        return None
