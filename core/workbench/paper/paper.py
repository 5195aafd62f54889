"""`workbench.paper`: what screens and command line ask about StartKey, log-in and credit. The rules: core/licence.

Every method may block for a moment (network): call it from an errand, except where it says quick. Messages that are
no answer to a question (2221-54, 2173-43, credit running out) are published as NumberedMessageRaised, and PaperChanged
tells that what is shown may be old.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
from core.workbench.paths import WorkbenchPaths


class Paper:
    """Errors: LicenceError and BackendError with the manual's numbers; StorageFailed where a file cannot be written."""

    def __init__(
        self, paths: WorkbenchPaths, settings: Callable[[], Settings], publish: Callable[[Event], None]
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._publish = publish

    # -- this PC and the back end

    @property
    def commissioned(self) -> bool:
        """A StartKey was activated here, or a shared back end is set: simulated vehicles need paper, too. Quick."""
        return (self._paths.paper / "startkey.json").exists()

    def backend_state(self) -> BackendState:
        """Whether the back end answers, how fast, and how far its clock is from ours. Never raises for a silent one."""
        raise NotImplementedError

    def device_data(self) -> DeviceData:
        """Hardware ID and app ID (C5). LicenceCheckFailed where this machine tells nothing of itself."""
        from core.licence.hardware.device import this_device

        return this_device(self._paths.paper, product_version())

    def export_device_data(self, path: str | Path) -> Path:
        """The file that the order takes; a folder gets `passbay-device-HARDWAREID.json`. StorageFailed."""
        from core.licence.hardware.device import export

        return export(self.device_data(), Path(path))

    def system_overview(self) -> tuple[OverviewRow, ...]:
        """The configuration of this system (C10). Asks the back end once."""
        raise NotImplementedError

    # -- StartKey

    def start_key(self) -> StartKeyState:
        """What is known without the network. Quick."""
        raise NotImplementedError

    def activate_start_key(self) -> StartKeyState:
        """Checks it online and downloads a newer one (C7). StartKeyMissing (2221-45), StartKeyServerUnreachable
        (2221-47), LocalNetworkFault (2173-39), LicenceCheckFailed (2173-40), StartKeyOtherPc, StartKeyExpired."""
        raise NotImplementedError

    def install_start_key(self, path: str | Path) -> StartKeyState:
        """A StartKey from a file, without network. StartKeyInvalid, StartKeyOtherPc, StartKeyExpired."""
        raise NotImplementedError

    def order_start_key(self) -> StartKeyOrder:
        """Orders one with this PC's device data; NotSignedIn before somebody is logged in."""
        raise NotImplementedError

    def check_at_start(self) -> None:
        """What a start does by itself: an online check where one is due, its messages to the list. Never raises a
        LicenceError or BackendError; does nothing before a StartKey was activated here."""
        raise NotImplementedError

    # -- log-in

    def account(self) -> AccountState:
        """Who is logged in, as of the last refresh. Quick."""
        raise NotImplementedError

    def start_login(self) -> Login:
        """Asks for a user code (RFC 8628). BackendUnreachable, BackendRefused."""
        raise NotImplementedError

    def logout(self) -> AccountState:
        """Forgets the tokens here and revokes them at the back end where it answers."""
        raise NotImplementedError

    # -- time credit

    def credit(self) -> tuple[CreditBalance, ...]:
        """All groups' balances, asked anew; NotSignedIn."""
        raise NotImplementedError

    def packages(self) -> tuple[CreditPackage, ...]:
        raise NotImplementedError

    def buy(self, package_id: str, count: int = 1) -> CreditBalance:
        """Buys packages; the balance of their group afterwards. No refund (K1). RightMissing, NotSignedIn."""
        raise NotImplementedError

    def minutes_left(self, group: str) -> int | None:
        """Minutes of this group as last seen, for the header; None where a package by the clock runs or nothing is
        known. Quick."""
        raise NotImplementedError


def product_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("passbay")
    except PackageNotFoundError:  # run from its sources
        return ""
