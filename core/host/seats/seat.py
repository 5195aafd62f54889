"""One client of the host: a thread reads its wishes, another writes to it. Neither delays a job or another client."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import JobError, LocalProtocolError, ProductError, RemoteProtocolError, RightMissing
from core.host.codec import FINGERPRINT
from core.host.seats.outbox import MISSED, Outbox
from core.host.seats.wheel import AT_THE_PC
from core.host.wire import Wire
from core.vocabulary import PanelShot, PanelWish, Visitor

if TYPE_CHECKING:
    from core.host.server import HostServer

MOST_VIEWS = 16
CLOSING_SECONDS = 2.0
log = logging.getLogger("passbay.host")


class Seat:
    """`holder` says who sits here ("pid 4711 (passbay flash)"); `watches` that it never wants to drive.

    `helper`: a remote helper's, who drives only what was handed over. What a seat is, is told once, when it attaches.
    """

    def __init__(self, number: int, wire: Wire, server: HostServer) -> None:
        self.number = number
        self.holder = ""
        self.directory = ""
        self.watches = self.helper = False
        self.name = self.visit = self.organisation = ""
        self.attached = self._told = False
        self.outbox = Outbox()
        self._wire = wire
        self._server = server
        self._views: dict[int, Any] = {}
        self._writer = threading.Thread(target=self._write, name=f"host writer {number}", daemon=True)
        self._reader = threading.Thread(target=self._run, name=f"host reader {number}", daemon=True)
        self._verbs: dict[str, Callable[..., Any]] = {
            "info": server.info,
            "stop": self._stop,
            "retire": self._retire,
            "hand_over": self._hand_over,
            "take_back": self._take_back,
            "call": self._call,
            "cancel": self._cancel,
            "leave": self._leave,
            "traffic": self._traffic,
            "traffic_clear": lambda view: self._view(view).clear(),
        }

    def start(self) -> None:
        self._reader.start()

    def end(self) -> None:
        """Sends what waits, then hangs up, whatever the client does."""
        self.outbox.close()
        if self._writer.ident is not None:
            self._writer.join(CLOSING_SECONDS)
        self._wire.hang_up()
        self._reader.join(CLOSING_SECONDS)

    # -- the two threads

    def _run(self) -> None:
        try:
            if self._wire.admit(self._server.key) and self._wire.send(FINGERPRINT):
                self._writer.start()
                self._read()
            else:
                log.warning("somebody called who does not know the key")
        except RemoteProtocolError as error:
            log.warning("client %d is hung up on: %s", self.number, error.message)
        finally:
            self._server.gone(self)
            self.outbox.close()
            self._wire.hang_up()
            if self._writer.ident is not None:
                self._writer.join()
            self._wire.close()

    def _read(self) -> None:
        while (message := self._wire.receive()) is not None:
            if not (isinstance(message, tuple) and len(message) == 3 and isinstance(message[2], tuple)):
                raise RemoteProtocolError("That is no wish.", standard="vehicle host")
            number, verb, arguments = message
            if verb == "attach":
                self._attach(number, *arguments)
            else:
                self.outbox.put_answer(self._answer(number, verb, arguments))

    def _answer(self, number: Any, verb: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        try:
            action = self._verbs.get(verb) if isinstance(verb, str) else None
            if action is None:
                raise RemoteProtocolError(f"The host knows no wish {verb!r:.60}.", standard="vehicle host")
            return "answer", number, action(*arguments)
        except ProductError as error:
            return "refusal", number, error
        except Exception as error:  # the host's outermost handler: no wish may end the process of a flash
            log.exception("wish %r", verb)
            fault = f"{type(error).__name__}: {error}"
            return "refusal", number, LocalProtocolError(f"The vehicle host could not do {verb!r:.60}: {fault}")

    def _write(self) -> None:
        alive = True
        while (message := self.outbox.take()) is not None:
            if alive and message[0] == MISSED:
                message = (*message, self._server.where_the_job_is())
            alive = alive and self._send(message)  # the box is emptied all the same, so that nobody waits for it

    def _send(self, message: tuple[Any, ...]) -> bool:
        try:
            return self._wire.send(message)
        except LocalProtocolError as error:  # a result that cannot travel: its owner learns that instead
            kind = message[0]
            if kind == "answer":
                return self._wire.send(("refusal", message[1], error))
            if kind == "ended":
                return self._wire.send(("ended", message[1], None, error))
            log.warning("%s was not sent: %s", kind, error.message)
            return True

    # -- wishes

    def _attach(
        self, number: Any, holder: str = "", watches: bool = False, directory: str = "", visitor: Any = None,
        *_later: Any,
    ) -> None:  # fmt: skip
        try:
            self._sit_down(str(holder), bool(watches), str(directory), visitor)
            self._server.attach(self, number)
        except ProductError as error:
            self.outbox.put_answer(("refusal", number, error))

    def _sit_down(self, holder: str, watches: bool, directory: str, visitor: Any) -> None:
        if self._told:  # else a helper could become something else by attaching once more
            raise JobError("This one is attached already.")
        self._told = True
        self.holder, self.watches, self.directory = holder, watches, directory
        if isinstance(visitor, Visitor):
            self.helper = visitor.kind != "own"
            self.name, self.visit, self.organisation = visitor.name, visitor.visit, visitor.organisation
        elif visitor is not None:
            raise RemoteProtocolError("That is no visitor.", standard="vehicle host")
        self.watches = self.watches or self.helper

    def _call(self, name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        self._require_attached()
        return self._server.call(self, name, arguments, named)

    def _cancel(self, job_id: str) -> None:
        self._require_attached()
        self._server.cancel(self, job_id)

    def _stop(self) -> bool:
        """Whoever drives: `passbay jobs stop` asks without a seat. A helper may only while it was handed over."""
        if self.helper:
            self._server.require_wheel(self)
        return self._server.stop_job()

    def _retire(self) -> bool:
        if self.helper:
            raise RightMissing("A helper cannot end the vehicle host.", AT_THE_PC)
        return self._server.retire()

    def _hand_over(self, to: int) -> None:
        self._require_attached()
        self._server.hand_over(self, to)

    def _take_back(self) -> None:
        self._require_attached()
        self._server.take_back(self)

    def _leave(self) -> None:
        """Answers when the device is free, where this was the last one and nothing runs."""
        self._server.leave(self)

    def _require_attached(self) -> None:
        if not self.attached:
            raise JobError("Attach to the vehicle first.")

    # -- the live panel: only what is visible travels

    def _view(self, number: int) -> Any:
        self._require_attached()
        view = self._views.get(number)
        if view is None:
            if len(self._views) >= MOST_VIEWS:
                self._views.pop(next(iter(self._views)))  # the oldest panel of this client is not looked at any more
            view = self._views[number] = self._server.face.traffic_view()
        return view

    def _traffic(self, number: int, now: float, wish: Any) -> PanelShot:
        """Lets the view take in what came, and shows what is wished."""
        if not isinstance(wish, PanelWish) or not isinstance(now, float | int):
            raise RemoteProtocolError("That is no wish of a panel.", standard="vehicle host")
        shot: PanelShot = self._view(number).look(now, wish)
        return shot
