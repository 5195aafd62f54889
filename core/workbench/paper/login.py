"""A log-in that waits for its approval in a browser, or here where the back end is embedded."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.errors import RightMissing
from core.vocabulary import AccountState, LoginPrompt

if TYPE_CHECKING:
    from core.licence.account.logging_in import LoggingIn


class Login:
    """One device grant (RFC 8628): show `prompt`, then `wait`. The device code never leaves this object."""

    def __init__(
        self, under_way: LoggingIn, approve: Callable[[str], None] | None, changed: Callable[[], None]
    ) -> None:
        self._under_way = under_way
        self._approve = approve
        self._changed = changed
        self.prompt: LoginPrompt = under_way.prompt
        self.embedded = approve is not None  # then `approve_here` may be offered instead of a browser

    def wait(self, stop: threading.Event) -> AccountState:
        """Polls as the server wants it until it is approved. NotSignedIn where it was denied, has expired or `stop` was
        set; BackendError, LicenceCheckFailed, StorageFailed where taking it over failed."""
        state = self._under_way.wait(stop)
        self._changed()
        return state

    def approve_here(self) -> None:
        """The owner of this PC says yes. Only with the embedded back end; RightMissing elsewhere."""
        if self._approve is None:
            raise RightMissing("Only the embedded back end can be approved here.", "Approve it in the browser.")
        self._approve(self.prompt.user_code)
        self._under_way.approved_here()
