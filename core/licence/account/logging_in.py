"""One log-in that is under way: asks for a user code, polls by the server's rules, takes the tokens over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.errors import BackendRefused, BackendUnreachable, LicenceCheckFailed, NotSignedIn
from core.licence.account.account import Account
from core.licence.account.polling import Polling, PollState
from core.online.client.oauth import OAuthClient, TokenAnswer
from core.online.client.problems import OAuthRefused
from core.vocabulary import AccountState, LoginPrompt
from core.vocabulary.cleaning import clean

_SLICE = 0.2
"""Seconds after which an approval in this very process is noticed."""
_ENDED = {
    PollState.DENIED: "The log-in was denied.",
    PollState.EXPIRED: "The log-in was not approved in time.",
    PollState.REFUSED: "The log-in server refused.",
}


class LoggingIn:
    """The device code stays in here. `wait_for(seconds, stop)` returns True when it was stopped; tests give their own,
    together with `clock` (seconds that only go on). `approved_here`: the first question need not wait any longer."""

    def __init__(
        self, oauth: OAuthClient, account: Account, *, clock: Callable[[], float] = time.monotonic,
        wait_for: Callable[[float, threading.Event], bool] = lambda seconds, stop: stop.wait(seconds),
        hurries: bool = False,
    ) -> None:  # fmt: skip
        self._oauth, self._account = oauth, account
        self._clock, self._wait_for, self._hurries = clock, wait_for, hurries
        told = oauth.start()
        now = clock()
        self._device_code = told.device_code
        self._polling = Polling(told.interval, told.expires_in, now)
        self._asked = False
        self.prompt = LoginPrompt(
            clean(told.user_code, 40), clean(told.verification_uri, 400), clean(told.verification_uri_complete, 600),
            time.time() + told.expires_in, told.interval,
        )  # fmt: skip

    def wait(self, stop: threading.Event) -> AccountState:
        polling = self._polling
        while polling.state is PollState.WAITING:
            while (left := polling.next_at - self._clock()) > 0:
                if self._wait_for(min(left, _SLICE) if self._hurries else left, stop):
                    raise NotSignedIn("The log-in was stopped.", "Start it again when you are ready.")
            polling.look(self._clock())
            if polling.state is not PollState.WAITING:
                break
            tokens = self._ask()
            if tokens is not None:
                polling.approved()
                return self._account.adopt(tokens)
        raise NotSignedIn(_ENDED.get(polling.state, "The log-in has ended."), "Start the log-in again.")

    def approved_here(self) -> None:
        """The interval is one between two questions (section 3.5): before the first there is none to keep."""
        if not self._asked:
            self._polling.next_at = self._clock()

    def _ask(self) -> TokenAnswer | None:
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
