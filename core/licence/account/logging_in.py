"""One log-in of this PC that is under way: waits between the questions, takes the tokens over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from core.errors import NotSignedIn
from core.licence.account.account import Account
from core.licence.account.granting import DeviceGrant
from core.online.client.oauth import OAuthClient
from core.vocabulary import AccountState, LoginPrompt

_SLICE = 0.2
"""Seconds after which an approval in this very process is noticed."""


class LoggingIn:
    """`wait_for(seconds, stop)` returns True when it was stopped; tests give their own, together with `clock` (seconds
    that only go on). `approved_here`: the first question need not wait any longer."""

    def __init__(
        self, oauth: OAuthClient, account: Account, *, clock: Callable[[], float] = time.monotonic,
        wait_for: Callable[[float, threading.Event], bool] = lambda seconds, stop: stop.wait(seconds),
        hurries: bool = False,
    ) -> None:  # fmt: skip
        self._account = account
        self._wait_for, self._hurries = wait_for, hurries
        self._grant = DeviceGrant(oauth, clock)

    @property
    def prompt(self) -> LoginPrompt:
        return self._grant.prompt

    def wait(self, stop: threading.Event) -> AccountState:
        while True:
            while (left := self._grant.left()) > 0:
                if self._wait_for(min(left, _SLICE) if self._hurries else left, stop):
                    raise NotSignedIn("The log-in was stopped.", "Start it again when you are ready.")
            tokens = self._grant.ask()
            if tokens is not None:
                return self._account.adopt(tokens)

    def approved_here(self) -> None:
        self._grant.approved_here()
