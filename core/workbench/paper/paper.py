"""`workbench.paper`: what screens and command line ask about StartKey, log-in and credit. The rules: core/licence.

Every method may block for a moment (network): call it from an errand, except where it says quick. Messages that are
no answer to a question (2221-54, 2173-43, credit running out) are published as NumberedMessageRaised, and PaperChanged
tells that what is shown may be old.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BackendRefused
from core.events import Event
from core.settings import Settings
from core.vocabulary import (
    AccountState,
    BackendState,
    CreditBalance,
    CreditPackage,
    DeviceData,
    OverviewRow,
    StartKeyOrder,
    StartKeyState,
)
from core.workbench.paper.login import Login
from core.workbench.paper.places import place_of
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.backend.embedded import Embedded
    from core.licence.licence import Licence


class Paper:
    """Errors: LicenceError and BackendError with the manual's numbers; StorageFailed where a file cannot be written."""

    def __init__(
        self, paths: WorkbenchPaths, settings: Callable[[], Settings], publish: Callable[[Event], None]
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._publish = publish
        self._lock = threading.Lock()
        self._licence: Licence | None = None
        self._embedded: Embedded | None = None

    # -- this PC and the back end

    @property
    def commissioned(self) -> bool:
        """A StartKey was activated here, or a shared back end is set: simulated vehicles need paper, too. Quick."""
        return place_of(self._paths, self._settings(), self._open_embedded).commissioned

    def backend_state(self) -> BackendState:
        """Whether the back end answers, how fast, and how far its clock is from ours. Never raises for a silent one."""
        return self.licence.backend_state()

    def device_data(self) -> DeviceData:
        """Hardware ID and app ID (C5). LicenceCheckFailed where this machine tells too little of itself."""
        from core.licence.hardware.device import this_device

        return this_device(self._paths.paper)

    def export_device_data(self, path: str | Path) -> Path:
        """The file that the order takes; a folder gets `passbay-device-HARDWAREID.json`. StorageFailed."""
        from core.licence.hardware.device import export

        return export(self.device_data(), Path(path))

    def system_overview(self) -> tuple[OverviewRow, ...]:
        """The configuration of this system (C10). Asks the back end once."""
        from core.workbench.paper.overview import overview

        return overview(self, self._paths, self._settings())

    # -- StartKey

    def start_key(self) -> StartKeyState:
        """What is known without the network. Quick."""
        return self.licence.startkeys.state()

    def activate_start_key(self) -> StartKeyState:
        """Checks it online and downloads a newer one (C7). StartKeyMissing (2221-45), StartKeyServerUnreachable
        (2221-47), LocalNetworkFault (2173-39), LicenceCheckFailed (2173-40), StartKeyOtherPc, StartKeyExpired."""
        return self.licence.check()

    def install_start_key(self, path: str | Path) -> StartKeyState:
        """A StartKey from a file, without network. StartKeyInvalid, StartKeyOtherPc, StartKeyExpired."""
        return self.licence.install(Path(path))

    def order_start_key(self, device_file: str | Path | None = None, save: str | Path | None = None) -> StartKeyOrder:
        """Orders one for this PC, or for the one whose exported data `device_file` holds; an issued one is written to
        `save`. NotSignedIn before somebody is logged in, UsageError for a file that is none."""
        device = Path(device_file) if device_file is not None else None
        return self.licence.startkeys.order(device, Path(save) if save is not None else None)

    def check_at_start(self) -> None:
        """What a start does by itself: an online check where one is due, its messages to the list. Never raises a
        LicenceError or BackendError; does nothing before a StartKey was activated here."""
        if self.commissioned:
            self.licence.check_at_start()

    # -- log-in

    def account(self) -> AccountState:
        """Who is logged in, as of the last refresh. Quick."""
        return self.licence.desk.account.state()

    def refresh_account(self) -> AccountState:
        """Roles and activation, asked anew."""
        state = self.licence.desk.account.refresh()
        self.licence.changed()
        return state

    def start_login(self) -> Login:
        """Asks for a user code (RFC 8628). BackendUnreachable, BackendRefused."""
        from core.licence.account.logging_in import LoggingIn

        licence = self.licence
        embedded = licence.place.embedded
        under_way = LoggingIn(licence.desk.oauth(), licence.desk.account, hurries=embedded)
        return Login(under_way, self._approve if embedded else None, licence.changed)

    def logout(self) -> AccountState:
        """Forgets the tokens here and revokes them at the back end where it answers."""
        self.licence.desk.account.logout()
        self.licence.changed()
        return self.account()

    # -- time credit

    def credit(self) -> tuple[CreditBalance, ...]:
        """All groups' balances, asked anew; NotSignedIn."""
        return self.licence.booking.balances()

    def packages(self) -> tuple[CreditPackage, ...]:
        return self.licence.booking.packages()

    def buy(self, package_id: str, count: int = 1) -> CreditBalance:
        """Buys packages; the balance of their group afterwards. No refund (K1). RightMissing, NotSignedIn."""
        return self.licence.booking.buy(package_id, count)

    def minutes_left(self, group: str) -> int | None:
        """Minutes of this group as last seen, for the header; None where a package by the clock runs or nothing is
        known. Quick."""
        if not self.commissioned:
            return None
        return self.licence.minutes_left(group)

    # -- inside the workbench

    @property
    def licence(self) -> Licence:
        """Made at its first use, anew when the settings name another back end. Loads no network code yet."""
        from core.licence.licence import Licence

        place = place_of(self._paths, self._settings(), self._open_embedded)
        with self._lock:
            old = self._licence
            if old is None or old.place != place:
                self._licence = Licence(place, self._publish)
            current = self._licence
            assert current is not None
        if old is not None and old is not current:
            old.close()
        return current

    def close(self) -> None:
        with self._lock:
            licence, self._licence = self._licence, None
            embedded, self._embedded = self._embedded, None
        if licence is not None:
            licence.close()
        if embedded is not None:
            embedded.close()

    def _open_embedded(self) -> Any:
        """The embedded back end's app; its first use makes the demo organisation (seconds)."""
        import time

        from core.backend.embedded import open_embedded

        if self._embedded is None:
            self._embedded = open_embedded(self._paths.backend, time.time)
        return self._embedded.app

    def _approve(self, user_code: str) -> None:
        """Only who runs this process has the owner's token."""
        from core.backend.embedded import OWNER_HEADER

        way = self.licence.desk.client().way
        assert self._embedded is not None
        answer = way.ask(
            "POST", "/device/approve", body=json.dumps({"user_code": user_code}).encode(), kind="application/json",
            headers={OWNER_HEADER: self._embedded.owner_token},
        )  # fmt: skip
        if answer.status != 200:
            raise BackendRefused("The log-in could not be approved.", "Start it again.", status=answer.status)
