"""`workbench.paper` of cardboard: fixed answers, a log-in that the test approves, errors to order."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import NotSignedIn, ProductError
from core.vocabulary import (
    AccountState,
    Activation,
    BackendState,
    CreditBalance,
    CreditDuration,
    CreditPackage,
    DeviceData,
    LoginPrompt,
    OverviewRow,
    Role,
    StartKeyOrder,
    StartKeyState,
    StartKeyVerdict,
)

NOON = 1_700_049_600.0
DAY = 86_400.0
DEVICE = DeviceData("4FDEB136488F", 252, ("aa" * 16, "bb" * 16, ""), "0.1.0")
BUILT_IN = BackendState("", True, True, "", 12.0, False, 0.2)
SHARED = BackendState("https://pass.workshop.example", False, True, "", 34.0, True, -1.4)
SILENT = BackendState("https://pass.workshop.example", False, False, "no answer within 5 s")
NO_KEY = StartKeyState(StartKeyVerdict.MISSING, "There is no StartKey for this system.")
VALID = StartKeyState(
    StartKeyVerdict.VALID, "The StartKey is up to date.", "k-1", "Demo workshop", "4711-0001", NOON - DAY,
    NOON + 364 * DAY, NOON, ("passenger cars", "vans"), (Role.STANDARD_DIAGNOSIS, Role.FLASH),
)  # fmt: skip
EXPIRED = replace(VALID, verdict=StartKeyVerdict.EXPIRED, words="It expired on 2023-11-14.", expires=NOON - DAY)
ANNA = AccountState(
    "anna", "Anna Berg", "Demo workshop", (Role.STANDARD_DIAGNOSIS, Role.FLASH), Activation.ACTIVE, None,
    "https://pass.workshop.example",
)  # fmt: skip
BEN = AccountState(
    "ben", "Ben Odum", "Demo workshop", (Role.STANDARD_DIAGNOSIS,), Activation.PENDING, NOON + 3 * 3600, "",
)  # fmt: skip
CREDIT = (
    CreditBalance("passenger cars", 221, None, 12, True, ((CreditDuration.WEEK, 2),)),
    CreditBalance("vans", 0, NOON + 5 * DAY, 0, True),
    CreditBalance("trucks", 0, None, 0, True),
    CreditBalance("buses", 0),
)
PACKAGES = (
    CreditPackage("p-1", "passenger cars", CreditDuration.HOUR, 60, 2900, "EUR"),
    CreditPackage("p-2", "passenger cars", CreditDuration.DAY, 0, 14900, "EUR"),
    CreditPackage("p-3", "vans", CreditDuration.YEAR, 0, 0, "EUR"),
)
OVERVIEW = (
    OverviewRow("Product", "Passbay 0.1.0", None),
    OverviewRow("Operating system", "Debian 12, 64 bit", True),
    OverviewRow("Memory", "3.8 GB", False, "8 GB are recommended"),
    OverviewRow("Server", "built in", True),
    OverviewRow("StartKey", "valid", True),
    OverviewRow("Update Service", "not set up", None),
    OverviewRow("Disk", "150 GB free", True),
    OverviewRow("Clock", "right", True),
)
PROMPT = LoginPrompt(
    "WDJB-MJHT", "https://pass.workshop.example/device",
    "https://pass.workshop.example/device?user_code=WDJB-MJHT", NOON + 900, 5.0,
)  # fmt: skip


class FakeLogin:
    """Waits until the test approves or fails it, or the screen stops it."""

    def __init__(self, paper: FakePaper, account: AccountState, embedded: bool) -> None:
        self.paper = paper
        self.prompt, self.embedded = paper.prompt, embedded
        self.account, self.error = account, None
        self.approved, self.denied = False, ""
        self._woken = threading.Condition()

    def wait(self, stop: threading.Event) -> AccountState:
        with self._woken:
            while not (self.approved or self.denied or stop.is_set()):
                self._woken.wait(0.02)
        if self.approved:
            self.paper.user = self.account
            return self.account
        raise NotSignedIn(self.denied or "The log-in was stopped.")

    def approve_here(self) -> None:
        with self._woken:
            self.approved = True
            self._woken.notify_all()

    def deny(self, why: str) -> None:
        with self._woken:
            self.denied = why
            self._woken.notify_all()


class FakePaper:
    """The face of core.workbench's Paper. `refusals` holds an error for a method's name."""

    def __init__(self) -> None:
        self.commissioned = False
        self.state, self.key, self.user = BUILT_IN, NO_KEY, AccountState()
        self.balances: tuple[CreditBalance, ...] = ()
        self.sold = PACKAGES
        self.rows = OVERVIEW
        self.device = DEVICE
        self.next_user = ANNA
        self.prompt = PROMPT
        self.logins: list[FakeLogin] = []
        self.refusals: dict[str, ProductError] = {}
        self.asked: list[tuple[Any, ...]] = []
        self.minutes: int | None = None

    def _ask(self, name: str, *arguments: Any) -> None:
        self.asked.append((name, *arguments))
        if name in self.refusals:
            raise self.refusals[name]

    def backend_state(self) -> BackendState:
        self._ask("backend_state")
        return self.state

    def device_data(self) -> DeviceData:
        self._ask("device_data")
        return self.device

    def export_device_data(self, path: str | Path) -> Path:
        self._ask("export_device_data", str(path))
        return Path(path)

    def system_overview(self) -> tuple[OverviewRow, ...]:
        self._ask("system_overview")
        return self.rows

    def start_key(self) -> StartKeyState:
        self._ask("start_key")
        return self.key

    def activate_start_key(self) -> StartKeyState:
        self._ask("activate_start_key")
        self.commissioned = True
        return self.key

    def install_start_key(self, path: str | Path) -> StartKeyState:
        self._ask("install_start_key", str(path))
        self.key, self.commissioned = VALID, True
        return self.key

    def order_start_key(self) -> StartKeyOrder:
        self._ask("order_start_key")
        self.key = VALID
        return StartKeyOrder("o-1", "issued", "The StartKey is ready.")

    def check_at_start(self) -> None:
        self._ask("check_at_start")

    def account(self) -> AccountState:
        self._ask("account")
        return self.user

    def refresh_account(self) -> AccountState:
        self._ask("refresh_account")
        return self.user

    def start_login(self) -> FakeLogin:
        self._ask("start_login")
        login = FakeLogin(self, self.next_user, self.state.embedded)
        self.logins.append(login)
        return login

    def logout(self) -> AccountState:
        self._ask("logout")
        self.user = AccountState()
        return self.user

    def credit(self) -> tuple[CreditBalance, ...]:
        self._ask("credit")
        return self.balances

    def packages(self) -> tuple[CreditPackage, ...]:
        self._ask("packages")
        return self.sold

    def buy(self, package_id: str, count: int = 1) -> CreditBalance:
        self._ask("buy", package_id, count)
        package = next(p for p in self.sold if p.package == package_id)
        bought = CreditBalance(package.group, package.minutes * count, None, 0, True)
        self.balances = (*(b for b in self.balances if b.group != package.group), bought)
        return bought

    def minutes_left(self, group: str) -> int | None:
        self._ask("minutes_left", group)
        return self.minutes


def commissioned(user: AccountState = ANNA) -> FakePaper:
    """A shared server, a valid StartKey, somebody logged in, credit for cars and vans."""
    paper = FakePaper()
    paper.commissioned, paper.state, paper.key, paper.user, paper.balances = True, SHARED, VALID, user, CREDIT
    paper.minutes = 221
    return paper
