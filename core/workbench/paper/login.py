"""A log-in that waits for its approval in a browser, or here where the back end is embedded."""

from __future__ import annotations

import threading

from core.vocabulary import AccountState, LoginPrompt


class Login:
    """One device grant (RFC 8628): show `prompt`, then `wait`. The device code never leaves this object."""

    def __init__(self, prompt: LoginPrompt, *, embedded: bool) -> None:
        self.prompt = prompt
        self.embedded = embedded  # then `approve_here` may be offered instead of a browser

    def wait(self, stop: threading.Event) -> AccountState:
        """Polls as the server wants it until it is approved. NotSignedIn where it was denied, has expired or `stop` was
        set; BackendUnreachable where the server stays away."""
        raise NotImplementedError

    def approve_here(self) -> None:
        """The owner of this PC says yes. Only with the embedded back end; RightMissing elsewhere."""
        raise NotImplementedError
