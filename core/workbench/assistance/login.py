"""Log-ins of visitors of the browser's door, at the back end that this PC uses, whichever that is just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.licence.account.granting import DeviceGrant as DeviceGrant
    from core.licence.account.guests import Guest as Guest
    from core.licence.account.guests import Guests
    from core.online.client.oauth import TokenAnswer
    from core.workbench.paper import Paper


class VisitorDesk:
    """Each call blocks for a question to the back end. With the embedded one nobody but the owner has a log-in, so
    `by_code`: the technician lets a visitor in by the code that the page shows."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper

    @property
    def by_code(self) -> bool:
        """Quick."""
        return self._paper.licence.place.embedded

    def begin(self) -> DeviceGrant:
        """BackendUnreachable (StartKeyServerUnreachable where it was named so), BackendRefused, SettingsInvalid."""
        return self._guests().begin()

    def welcome(self, tokens: TokenAnswer) -> Guest:
        return self._guests().welcome(tokens)

    def again(self, guest: Guest) -> Guest:
        """NotSignedIn where the log-in has ended; BackendError, LicenceCheckFailed where nobody could tell."""
        return self._guests().again(guest)

    def leave(self, guest: Guest) -> None:
        self._guests().leave(guest)

    def _guests(self) -> Guests:
        from core.licence.account.guests import Guests

        desk = self._paper.licence.desk
        return Guests(desk.client(), desk.oauth(), desk.account)
