"""The paper side of one back end in one hand: what the workbench asks for. Rules are in the files around it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

from core.errors import BackendError, BackendUnreachable, LicenceError, LocalNetworkFault, ProductError, StorageFailed
from core.events import Event, NumberedMessageRaised, PaperChanged
from core.licence.activation import Checked, StartKeyDesk
from core.licence.booking import Booking
from core.licence.desk import Desk
from core.licence.permits import JobPaper, Need, Permits
from core.licence.place import Place
from core.messages import CREDIT_AVAILABLE, STARTKEY_RENEWED
from core.vocabulary import BackendState, StartKeyState

CHECK_EVERY = 12 * 3600.0
"""Seconds after which a start checks the StartKey online by itself."""
_RESTART = "Close Passbay and start it again; the PC need not be restarted."
_BUY = "Buy time credit in the shop before it runs out; a running job is never stopped."


class Licence:
    """`publish` gets NumberedMessageRaised and PaperChanged, and only these."""

    def __init__(self, place: Place, publish: Callable[[Event], None]) -> None:
        self.place = place
        self._publish = publish
        self._told: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self.desk = Desk(place)
        self.startkeys = StartKeyDesk(self.desk)
        self.booking = Booking(self.desk, self.changed, self._credit_low)
        self.permits = Permits(self.desk, self.startkeys, self.booking, self.tell)

    # -- StartKey

    def check(self) -> StartKeyState:
        """Online (C7); 2221-54 where a newer one came."""
        try:
            checked = self.startkeys.check()
        finally:
            self.changed()  # also where it was revoked
        self._tell_renewed(checked)
        return checked.state

    def check_at_start(self) -> None:
        """Where one is due; what is wrong goes to the message list."""
        with contextlib.suppress(LicenceError, BackendError, StorageFailed):
            self.booking.send_waiting()  # of a process that died, of days without network
        state = self.startkeys.state()
        fresh = state.checked_online is not None and time.time() - state.checked_online < CHECK_EVERY
        if fresh and state.green:
            return
        try:
            self.check()
        except (LicenceError, BackendError, StorageFailed) as problem:
            self.tell(problem, "error")

    def install(self, path: Path) -> StartKeyState:
        try:
            return self.startkeys.install(path)
        finally:
            self.changed()

    def _tell_renewed(self, checked: Checked) -> None:
        if checked.renewed:
            self._raise(STARTKEY_RENEWED, "warning", "A new StartKey was downloaded.", _RESTART)

    # -- jobs

    def admit(self, need: Need, unit: str) -> JobPaper:
        return self.permits.admit(need, unit)

    # -- back end

    def backend_state(self) -> BackendState:
        """Asks it; a silent one is told in words, never raised."""
        place = self.place
        url = place.url or "embedded"
        try:
            _, seconds = self.desk.client().health()
            before = time.time_ns() // 1_000_000
            told = self.desk.client().time()
            self.desk.files.keep_announced(self.desk.client().maintenance())
        except (BackendError, LicenceError, StorageFailed) as problem:
            self.desk.was_silent(problem)
            maintenance = self._maintenance()
            if isinstance(problem, BackendUnreachable) and not isinstance(problem, LocalNetworkFault):
                problem = self.desk.startkey_server_away(problem)
            return BackendState(url, place.embedded, False, problem.message, maintenance=maintenance)
        self.desk.has_answered()
        after = time.time_ns() // 1_000_000
        difference = (told.server_time - (before + after) / 2) / 1000
        words = "The back end is part of this program." if place.embedded else "The back end answers."
        tls = place.url.startswith("https:")
        return BackendState(url, place.embedded, True, words, seconds * 1000, tls, difference, self._maintenance())

    def _maintenance(self) -> str:
        window = self.desk.maintenance_now()
        return window.words if window is not None else ""

    # -- credit

    def minutes_left(self, group: str) -> int | None:
        """As last seen; None where nothing is known or a package by the clock runs. Quick."""
        known = self.booking.known()
        found = known.group(group)
        if found is None or (found.balance.until is not None and found.balance.until > known.seen):
            return None
        return max(0, found.left - self.booking.waiting(group))

    def _credit_low(self, group: str, left: int) -> None:
        self._raise(CREDIT_AVAILABLE, "warning", f"{left} minutes of credit are left for {group}.", _BUY)

    # -- messages

    def tell(self, what: ProductError | str, severity: str, *, once: bool = False) -> None:
        """An error's own number, else 2173-43. `once`: not again in the life of this process."""
        with self._lock:
            known = (str(what), severity) in self._told
            self._told.add((str(what), severity))
        if known and once:
            return
        if isinstance(what, ProductError):
            self._raise(what.code, severity, what.message, what.advice)
        else:
            self._raise(CREDIT_AVAILABLE, severity, what, "")

    def _raise(self, code: str, severity: str, text: str, advice: str) -> None:
        self._publish(NumberedMessageRaised(time.time(), code, severity, text, advice))

    def changed(self) -> None:
        self._publish(PaperChanged(time.time()))

    def close(self) -> None:
        self.desk.close()
