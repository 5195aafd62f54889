"""The desk's side of the shop PC: PC check, hosts and ports, help pages, contacts, and the errands behind them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import ProductError
from core.vocabulary.shop.check import NetworkRow, RequirementRow
from core.vocabulary.shop.support import ContactHours, HelpPage, NumberedMessage
from tui.locale import language, said

if TYPE_CHECKING:
    from tui.desk import Desk


class Shop:
    """All on the screen's thread but what `told` gets: rows of the network check come one by one."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.profile = "light"
        self.pc: tuple[RequirementRow, ...] | None = None
        self.network: list[NetworkRow] = []
        self.pages: tuple[HelpPage, ...] | None = None
        self.numbered: tuple[NumberedMessage, ...] | None = None
        self.contacts: tuple[ContactHours, ...] | None = None
        self.contract = ""
        self.words = ""  # what the pages were searched for
        self._stop = threading.Event()
        self._fresh: list[NetworkRow] = []

    @property
    def workbench(self) -> Any:
        return self.desk.workbench

    # -- this PC

    def check_pc(self, profile: str = "") -> None:
        self.profile = profile or self.profile
        wanted, self.pc = self.profile, None

        def told(rows: tuple[RequirementRow, ...]) -> None:
            if wanted == self.profile:
                self.pc = rows
            self.desk.news()

        if self.workbench is not None:
            self.desk.errand(lambda: self.workbench.check_pc(wanted), told, lane="check-pc")

    def check_network(self) -> None:
        """From the beginning; a check that still runs is stopped."""
        self._stop.set()
        self._stop = stop = threading.Event()
        self.network = []

        def came(row: NetworkRow) -> None:  # in the errand's thread
            if not stop.is_set():
                self.network = [*self.network, row]
                self.desk.news()

        def told(rows: tuple[NetworkRow, ...]) -> None:
            if not stop.is_set():
                self.network = list(rows)
            self.desk.news()

        if self.workbench is not None:
            call = lambda: self.workbench.check_network(stop=stop, told=came)  # noqa: E731
            self.desk.errand(call, told, lane="check-network")

    @property
    def checking(self) -> bool:
        return self.desk.bridge.runs("check-network")

    def stop(self) -> None:
        self._stop.set()

    def network_page(self) -> str:
        page: str = self.workbench.network_page(self.network)
        return page

    # -- Support Tool

    def search(self, words: str) -> None:
        """The pages that hold all the words; all of them for ""."""
        self.words = words

        def told(pages: tuple[HelpPage, ...]) -> None:
            if words == self.words:
                self.pages = pages
            self.desk.news()

        if self.workbench is not None:
            self.desk.errand(lambda: self.workbench.help_pages(words, language(), said), told, lane="help")

    def open_page(self, name: str, then: Callable[[HelpPage], None]) -> None:
        self.desk.errand(lambda: self.workbench.help_page(name, language(), said), then, lane="help")

    def list_numbered(self) -> None:
        """Every code of the message list."""

        def told(rows: tuple[NumberedMessage, ...]) -> None:
            self.numbered = rows
            self.desk.news()

        if self.workbench is not None and self.numbered is None:
            self.desk.errand(lambda: self.workbench.numbered_messages(said), told, lane="help")

    def ask_contacts(self) -> None:
        def told(answer: tuple[tuple[ContactHours, ...], str]) -> None:
            self.contacts, self.contract = answer
            self.desk.news()

        def asked() -> tuple[tuple[ContactHours, ...], str]:
            return self.workbench.contacts(said), self.workbench.paper.start_key().contract

        if self.workbench is not None:
            self.desk.errand(asked, told, lane="contacts")

    def draft(self, screens: dict[str, str], masked: bool, then: Callable[[Any], None]) -> None:
        """The bundle as it would be saved: texts of the screens and the message list beside what the core has."""
        vehicle, messages = self.desk.vehicle, self._messages()
        self.desk.errand(
            lambda: self.workbench.draft_bundle(vehicle, screens=screens, messages=messages, masked=masked), then,
            lane="bundle",
        )  # fmt: skip

    def save(self, draft: Any, path: str, then: Callable[[Path], None], failed: Callable[[ProductError], None]) -> None:
        self.desk.errand(lambda: self.workbench.save_bundle(draft, path), then, lane="bundle", failed=failed)

    def _messages(self) -> str:
        desk = self.desk
        return "\n".join(
            " ".join(word for word in (desk.day_words(m.at), m.severity, m.unit, m.code, m.text, m.advice) if word)
            for m in desk.messages
        )
