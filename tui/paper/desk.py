"""The desk's side of the paper: StartKey, log-in, credit and back end as last heard, and the errands that ask anew.

Nothing is asked before somebody wants it or the installation was commissioned: the simulation needs no paper, and the
back end's libraries cost more than a whole start.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import BackendUnreachable, NotSignedIn, ProductError
from core.vocabulary import (
    AccountState,
    BackendState,
    CreditBalance,
    CreditPackage,
    DeviceData,
    LoginPrompt,
    OverviewRow,
    StartKeyState,
)
from tui.locale import _, said

if TYPE_CHECKING:
    from pathlib import Path

    from tui.desk import Desk

_METHODS = {
    "account": "account",
    "start_key": "start_key",
    "backend": "backend_state",
    "device": "device_data",
    "credit": "credit",
    "packages": "packages",
    "overview": "system_overview",
}
_MINUTES_EVERY = 5  # ticks of a second


@dataclass(slots=True)
class LoginView:
    """One log-in as the screens see it. `state`: asking, waiting, approving, over, stopped, failed."""

    state: str = "asking"
    prompt: LoginPrompt | None = None
    handle: Any = None
    words: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def under_way(self) -> bool:
        return self.state in ("asking", "waiting", "approving")

    @property
    def here(self) -> bool:
        """Whether it can be approved on this very screen: the back end is embedded."""
        return self.handle is not None and bool(self.handle.embedded)


def _is_news(error: ProductError) -> bool:
    """Who only looked is told in place that nobody is logged in or answers; the StartKey check has 2221-47 for it."""
    return not isinstance(error, NotSignedIn) and type(error) is not BackendUnreachable


class Papers:
    """The papers on the desk; all on the screen's thread."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.commissioned = False
        self.account = AccountState()
        self.start_key: StartKeyState | None = None
        self.backend: BackendState | None = None
        self.device: DeviceData | None = None
        self.credit: tuple[CreditBalance, ...] | None = None
        self.packages: tuple[CreditPackage, ...] | None = None
        self.overview: tuple[OverviewRow, ...] | None = None
        self.troubles: dict[str, ProductError] = {}  # what could not be asked, and why
        self.minutes: int | None = None
        self.login: LoginView | None = None
        self._pending: dict[str, int] = {}
        self._wanted: set[str] = set()  # what was shown once is asked anew when it may have changed
        self._ticks = 0

    @property
    def paper(self) -> Any:
        """core.workbench's Paper, None before the workbench is open."""
        return None if self.desk.helping else getattr(self.desk.workbench, "paper", None)

    @property
    def needed(self) -> bool:
        """Whether jobs ask for StartKey, log-in and credit; the simulation of a fresh installation does not."""
        shared = self.backend is not None and not self.backend.embedded
        if self.desk.helping:
            return False  # the technician's papers count
        return self.commissioned or shared or not self.desk.uri.startswith("sim:")

    @property
    def product_group(self) -> str:
        """Of the connected vehicle, "" where there is none."""
        identity = getattr(self.desk.vehicle, "identity", None)
        return identity.product_group if identity is not None else ""

    @property
    def out_of_credit(self) -> bool:
        """Whether the connected vehicle's group is known to have none."""
        group = self.product_group
        if not group or not self.account.user:
            return False
        if self.minutes is not None or self.credit is None:
            return self.minutes == 0
        return not any(b.group == group and (b.minutes or b.until or b.unused) for b in self.credit)

    # -- asking

    def ask(self, *names: str, then: Callable[[], None] = lambda: None) -> None:
        """Asks anew; at most one question of a kind waits behind one that is under way."""
        for name in names:
            self._wanted.add(name)
            if self.paper is not None and self._pending.get(name, 0) < 2:
                self._ask_one(name, then)

    def _ask_one(self, name: str, then: Callable[[], None]) -> None:
        method = getattr(self.paper, _METHODS[name])

        def heard(answer: Any) -> None:
            self._pending[name] -= 1
            self.troubles.pop(name, None)
            setattr(self, name, answer)
            self.desk.news()
            then()

        def failed(error: ProductError) -> None:
            self._pending[name] -= 1
            before, self.troubles[name] = self.troubles.get(name), error
            if _is_news(error) and (before is None or before.message != error.message):
                self.desk.tell_error(error)
            self.desk.news()
            then()

        self._pending[name] = self._pending.get(name, 0) + 1
        self.desk.bridge.send(method, heard, failed, f"paper-{name}")

    def asks(self, *names: str) -> bool:
        """Whether an answer to one of these is under way."""
        return any(self._pending.get(name, 0) for name in names)

    def begin(self) -> None:
        """After the start: a commissioned installation checks its StartKey online (2221-47, -45, -54)."""
        paper = self.paper
        self.commissioned = bool(getattr(paper, "commissioned", False))
        if self.commissioned:
            self.ask("start_key")
            self.ask("account", then=lambda: self.ask("credit") if self.account.user else None)
            self.desk.errand(paper.check_at_start, lambda _none: self.ask("start_key", "backend"), lane="activate")

    def changed(self) -> None:
        """The core said so: what was shown is asked again."""
        self.commissioned = bool(getattr(self.paper, "commissioned", False))
        names = {"account", "start_key", *(self._wanted - {"device", "backend", "overview", "packages"})}
        self.ask(*sorted(names if self.account.user else names - {"credit"}))
        self._ticks = 0

    def tick_minutes(self) -> None:
        """Once a second: minutes left of the connected vehicle's group, for the header."""
        group, paper = self.product_group, self.paper
        if not group or paper is None or not (self.account.user or self.commissioned):
            self.minutes = None
            return
        self._ticks -= 1
        if self._ticks < 0 and not self.desk.bridge.runs("minutes"):
            self._ticks = _MINUTES_EVERY

            def told(minutes: int | None) -> None:
                if minutes != self.minutes:
                    self.minutes = minutes
                    self.desk.news()

            self.desk.bridge.send(lambda: paper.minutes_left(group), told, lambda _none: None, "minutes")

    # -- StartKey

    def activate(
        self, then: Callable[[], None] = lambda: None, failed: Callable[[ProductError], None] = lambda _none: None
    ) -> None:
        """Checks the StartKey online, takes a newer one (C7)."""
        paper = self.paper
        if paper is None or self.desk.bridge.runs("activate"):
            return

        def told(state: StartKeyState) -> None:
            self._take_start_key(state)
            self._told(state, _("The StartKey is up to date."))
            then()

        def refused(error: ProductError) -> None:
            self.ask("start_key")
            failed(error)

        self.desk.errand(paper.activate_start_key, told, lane="activate", failed=refused)
        self.desk.news()

    def _told(self, state: StartKeyState, words: str) -> None:
        """In the list; a toast only where it is not as wished: ConfigAssist shows the rest."""
        self.desk.tell("ok" if state.green else "warning", said(state.words) or words, alert=not state.green)

    @property
    def activating(self) -> bool:
        return self.desk.bridge.runs("activate") or self.desk.bridge.runs("order")

    def _take_start_key(self, state: StartKeyState) -> None:
        self.start_key = state
        self.troubles.pop("start_key", None)
        self.commissioned = bool(getattr(self.paper, "commissioned", False))

    def order(self, then: Callable[[], None]) -> None:
        """Orders a StartKey for exactly this system (C6), then activates it where it is there at once."""
        paper = self.paper

        def ordered(order: Any) -> None:
            self.desk.note(
                "ok",
                _("StartKey ordered: {rstrip}. Order {order}").format(
                    rstrip=(said(order.words) or order.state).rstrip("."), order=order.order
                ),
            )
            self.activate(then)

        self.desk.errand(paper.order_start_key, ordered, lane="order")
        self.desk.news()

    def install(self, path: str, then: Callable[[], None]) -> None:
        """Takes a StartKey that came as a file."""
        paper = self.paper

        def taken(state: StartKeyState) -> None:
            self._take_start_key(state)
            self._told(state, _("The StartKey was installed."))
            then()

        self.desk.errand(lambda: paper.install_start_key(path), taken, lane="activate")

    def export(self, path: Path, then: Callable[[Path], None]) -> None:
        """Writes the device data for the order (C5)."""
        paper = self.paper
        self.desk.errand(lambda: paper.export_device_data(path), then, lane="files")

    # -- log-in

    def start_login(self) -> None:
        """Begins a device grant and waits beside the screen until it is approved, has expired or is stopped."""
        paper = self.paper
        if paper is None or (self.login is not None and self.login.under_way):
            return
        view = self.login = LoginView()

        def begun(handle: Any) -> None:
            view.handle, view.prompt = handle, handle.prompt
            if view.stop.is_set():
                view.state = "stopped"
                return
            view.state = "waiting"
            self.desk.bridge.send(lambda: handle.wait(view.stop), ended, failed, "login")
            self.desk.news()

        def ended(account: AccountState) -> None:
            if view.stop.is_set() and not account.user:
                view.state = "stopped"
            else:
                view.state = "over"
                self._take_account(account)
                name, home = account.user, account.organisation
                self.desk.note(
                    "ok",
                    _("Logged in: {name} ({home})").format(name=name, home=home)
                    if home
                    else _("Logged in: {name}").format(name=name),
                )
            self.desk.news()

        def failed(error: ProductError) -> None:
            view.state, view.words = ("stopped", "") if view.stop.is_set() else ("failed", said(error.message))
            if view.state == "failed":
                self.desk.tell_error(error)
            self.desk.news()

        self.desk.bridge.send(paper.start_login, begun, failed, "login")
        self.desk.news()

    def approve_here(self) -> None:
        """The owner of this PC says yes; only an embedded back end takes that."""
        view = self.login
        if view is None or view.state != "waiting" or not view.here:
            return
        view.state = "approving"

        def refused(_error: ProductError) -> None:
            if view.state == "approving":
                view.state = "waiting"

        self.desk.errand(view.handle.approve_here, lambda _none: None, lane="approve", failed=refused)

    def stop_login(self) -> None:
        view = self.login
        if view is not None and view.under_way:
            view.state = "stopped"
            view.stop.set()
            self.desk.news()

    def refresh_account(self) -> None:
        """Rights and activation asked anew at the server."""
        paper = self.paper
        if paper is not None and self.account.user and not self.desk.bridge.runs("login"):
            self.desk.errand(paper.refresh_account, self._take_account, lane="login")

    def logout(self) -> None:
        paper = self.paper

        def gone(account: AccountState) -> None:
            self.login = None
            self._take_account(account)
            self.desk.note("ok", _("Logged out: the next one may log in."))

        self.desk.errand(paper.logout, gone, lane="login")

    def _take_account(self, account: AccountState) -> None:
        if account != self.account:
            self.credit = None
        self.account = account
        self.troubles.pop("account", None)
        self._ticks = 0
        self.ask("start_key", *(("credit",) if account.user else ()))

    # -- credit

    def buy(self, package: CreditPackage, count: int, then: Callable[[], None]) -> None:
        paper = self.paper

        def bought(balance: CreditBalance) -> None:
            from tui.wording.paper import balance_words

            self.desk.note(
                "ok",
                _("Bought for {group}: {balance_words}.").format(
                    group=balance.group, balance_words=balance_words(balance)
                ),
            )
            self._ticks = 0
            self.ask("credit", then=then)

        self.desk.errand(lambda: paper.buy(package.package, count), bought, lane="buy")
