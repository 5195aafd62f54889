"""The shop's part of a workbench of cardboard: fixed rows, pages and contacts, a draft in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import DataMissing, ProductError
from core.support import reference
from core.support.bundle import Draft
from core.support.masking import Masker
from core.vocabulary.saying import Say, english
from core.vocabulary.shop.check import NetworkRow, NetworkStep, NetworkTarget, RequirementRow, Verdict
from core.vocabulary.shop.support import Contact, ContactHours, HelpPage, NumberedMessage

PC = (
    RequirementRow("memory", "Memory", "3.8 GiB", "1 GiB, 2 recommended", Verdict.OK),
    RequirementRow("drive", "Drive", "hard disk", "SSD", Verdict.WARNING, "A solid-state drive makes starts quicker."),
    RequirementRow("disk", "Free disk space", "0.4 GiB free", "1 GiB", Verdict.FAILED, "Free disk space."),
    RequirementRow("clock", "Clock", "not compared", "within 2 min", Verdict.UNKNOWN, "Connect once."),
)
GOOD = NetworkRow(
    NetworkTarget("StartKey and log-in", "pass.workshop.example", 443), Verdict.OK,
    (NetworkStep("name", True, "192.0.2.10", 3.0), NetworkStep("connection", True, "port 443 open", 12.0),
     NetworkStep("TLS", True, "TLSv1.3, issued by Example CA", 20.0), NetworkStep("answer", True, "HTTP 200", 9.0)),
    "", 0.1,
)  # fmt: skip
BAD = NetworkRow(
    NetworkTarget("Update Service and AddOns", "releases.example", 443), Verdict.FAILED,
    (NetworkStep("name", True, "192.0.2.11", 3.0), NetworkStep("connection", False, "no answer in time", 5000.0),
     NetworkStep("TLS", None, "not reached"), NetworkStep("answer", None, "not reached")),
    "A firewall swallows it: open releases.example port 443 (TCP, outgoing) in firewall and router.", 5.0,
)  # fmt: skip
PAGES = (
    HelpPage(
        "configassist",
        "ConfigAssist: StartKey and this PC",
        "# ConfigAssist\n\nIt shows the **hardware ID**.\n",
        "pages",
    ),
    HelpPage(
        "2221-47",
        "2221-47 StartKey server not reachable",
        "# 2221-47\n\n## What to do\n\nStart again later.\n",
        "reference",
    ),
    HelpPage("nrc-0x31", "requestOutOfRange (0x31)", "# 0x31\n\n**Erase**\n\n- It knows no such block.\n", "reference"),
)
DESK = Contact("User help desk", "Use, software, data", "desk@example.org", 480, 1080, "Europe/Berlin")
CONTACTS = (ContactHours(DESK, True, "Mon-Fri 08:00-18:00 CET"),)


def made(name: str, say: Say = english) -> HelpPage:
    """A page of the reference, as the product makes it."""
    found = reference.page(name, say)
    assert found is not None
    return found


class FakeShop:
    """What PC check and Support Tool ask of the workbench."""

    def __init__(self) -> None:
        self.pc_rows: tuple[RequirementRow, ...] = PC
        self.network_rows: tuple[NetworkRow, ...] = (GOOD, BAD)
        self.help: tuple[HelpPage, ...] = PAGES
        self.contact_rows = CONTACTS
        self.profiles: list[str] = []
        self.saved: list[tuple[tuple[str, ...], str]] = []
        self.refuse_save: ProductError | None = None

    def check_pc(self, profile: str = "light") -> tuple[RequirementRow, ...]:
        self.profiles.append(profile)
        return self.pc_rows

    def check_network(
        self, targets: Any = None, *, deadline: float = 20.0, stop: threading.Event | None = None,
        told: Callable[[NetworkRow], None] | None = None,
    ) -> tuple[NetworkRow, ...]:  # fmt: skip
        for row in self.network_rows:
            if told is not None:
                told(row)
        return self.network_rows

    @staticmethod
    def network_page(rows: Any) -> str:
        return "page for the administrator\n"

    def help_pages(self, words: str = "", language: str = "en", say: Say = english) -> tuple[HelpPage, ...]:
        return tuple(page for page in self.help if words.casefold() in (page.text + page.title).casefold())

    def help_page(self, name: str, language: str = "en", say: Say = english) -> HelpPage:
        for page in self.help:
            if page.name == name:
                return page
        raise DataMissing(f"There is no help page {name!r}.")

    @staticmethod
    def numbered_messages(say: Say = english) -> tuple[NumberedMessage, ...]:
        return reference.numbered(say)

    def contacts(self, say: Say = english) -> tuple[ContactHours, ...]:
        return self.contact_rows

    @staticmethod
    def not_supported(say: Say = english) -> tuple[str, ...]:
        return ("The pass-thru device itself: ask its maker.",)

    def draft_bundle(
        self, vehicle: Any = None, *, screens: dict[str, str] | None = None, messages: str = "", masked: bool = True
    ) -> Draft:
        draft = Draft(Masker(["Anna Berg"]) if masked else None)
        draft.text("about.json", "{}")
        draft.text("messages.txt", f"Anna Berg\n{messages}")
        for name, text in (screens or {}).items():
            draft.text(f"screens/{name}.txt", text)
        return draft

    def save_bundle(self, draft: Draft, path: str) -> Path:
        if self.refuse_save is not None:
            raise self.refuse_save
        self.saved.append((tuple(item.name for item in draft.preview().items), path))
        return Path(path)
