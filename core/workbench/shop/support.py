"""The Support Tool's face (T6): help pages, contacts, the bundle. The rules are in core/support."""

from __future__ import annotations

import datetime
import platform
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import BackendError, ProductError
from core.events import Event, Noted
from core.settings import Settings
from core.vocabulary import DeviceInfo
from core.vocabulary.saying import Say, english
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.support.bundle import Draft
    from core.support.masking import Masker
    from core.support.shelf import Shelf
    from core.vocabulary.shop.check import RequirementRow
    from core.vocabulary.shop.support import ContactHours, HelpPage, NumberedMessage
    from core.workbench.paper import Paper
    from core.workbench.releases import LibraryDesk
    from core.workbench.vehicle import Vehicle

MINUTES = 5.0
_LIBRARIES = (
    "textual", "python-can", "udsoncan", "doipclient", "odxtools", "httpx", "tuf", "starlette", "SQLAlchemy",
    "cryptography",
)  # fmt: skip


class Support(ABC):
    """What Workbench inherits. Methods may block: call them from a worker thread."""

    paths: WorkbenchPaths
    settings: Settings
    paper: Paper
    library: LibraryDesk

    @abstractmethod
    def devices(self) -> list[DeviceInfo]: ...

    @abstractmethod
    def check_pc(self, profile: str = "light") -> tuple[RequirementRow, ...]: ...

    @abstractmethod
    def publish(self, event: Event) -> None: ...

    @abstractmethod
    def history_vins(self) -> tuple[str, ...]: ...

    @property
    @abstractmethod
    def problems(self) -> tuple[str, ...]: ...

    def help_pages(self, words: str = "", language: str = "en", say: Say = english) -> tuple[HelpPage, ...]:
        """All pages, or those that hold all the words, the best first; `say` speaks the same language."""
        shelf = self._shelf(language, say)
        return shelf.search(words) if words.strip() else shelf.pages()

    def help_page(self, name: str, language: str = "en", say: Say = english) -> HelpPage:
        """By name or code, e.g. configassist, 2221-47, PB-202, 0x31. DataMissing names some that there are."""
        return self._shelf(language, say).page(name)

    def _shelf(self, language: str, say: Say) -> Shelf:
        from core.support.shelf import Shelf

        return Shelf(self.library.pages("help"), language, say)

    @staticmethod
    def numbered_messages(say: Say = english) -> tuple[NumberedMessage, ...]:
        """Every code of the message list; `help_page` has its page."""
        from core.support.reference import numbered

        return numbered(say)

    def contacts(self, say: Say = english) -> tuple[ContactHours, ...]:
        """Whom to ask what, with hours in this PC's time zone (S2, S3)."""
        from core.support.contacts import DEFAULT, from_back_end, hours

        try:
            told = self.paper.licence.desk.client().contacts().rows
        except BackendError as problem:
            self.publish(Noted(time.time(), "warning", f"The back end names no contacts: {problem.message}"))
            told = ()
        rows = [from_back_end(row.kind, row.email, row.hours, row.zone, row.languages) for row in told]
        return hours(rows or DEFAULT, datetime.datetime.now().astimezone(), say)

    @staticmethod
    def not_supported(say: Say = english) -> tuple[str, ...]:
        """What nobody behind these contacts answers (S4)."""
        from core.support.contacts import NOT_SUPPORTED

        return tuple(map(say, NOT_SUPPORTED))

    # -- bundle

    def draft_bundle(
        self, vehicle: Vehicle | None = None, *, screens: Mapping[str, str] | None = None, messages: str = "",
        masked: bool = True, minutes: float = MINUTES,
    ) -> Draft:  # fmt: skip
        """Everything that a helper needs, to be looked at before `save`. `screens`: name -> what stands on it.

        Also while a job runs: the vehicle is only asked for its kept traffic.
        """
        from core.support.bundle import Draft

        draft = Draft(self._masker(vehicle) if masked else None)
        draft.data("about.json", self._about())
        draft.data("pc.json", [asdict(row) for row in self.check_pc()])
        draft.data("devices.json", [asdict(device) for device in self.devices()])
        draft.text("problems.txt", "\n".join(self.problems) + "\n")
        if self.paths.settings_file.exists():
            draft.file("settings.toml", self.paths.settings_file)
        draft.folder("journal", self.paths.journal, "*.jsonl")
        draft.folder("log", self.paths.logs, "*")
        draft.folder("crash", self.paths.crashes, "*.txt")
        if messages:
            draft.text("messages.txt", messages)
        for name, text in (screens or {}).items():
            draft.text(f"screens/{name}.txt", text)
        if vehicle is not None:
            self._add_traffic(draft, vehicle, minutes)
        return draft

    def save_bundle(self, draft: Draft, path: str | Path | None = None) -> Path:
        """As one zip file, by default in the data folder. StorageFailed."""
        name = time.strftime("passbay-support-%Y%m%d-%H%M%S.zip")
        place = Path(path).absolute() if path else self.paths.data / "support"
        return draft.save(place / name if place.suffix.lower() != ".zip" else place)

    def _add_traffic(self, draft: Draft, vehicle: Vehicle, minutes: float) -> None:
        from core.trace import read_trace

        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw.pcapng"
            try:
                vehicle.save_trace(raw, minutes)
                draft.traffic("bus.pcapng", read_trace(raw))
            except (ProductError, OSError) as problem:
                draft.left_out(f"bus.pcapng: {problem}")

    def _about(self) -> dict[str, Any]:
        from importlib.metadata import PackageNotFoundError, version

        libraries = {}
        for name in ("passbay", *_LIBRARIES):
            try:
                libraries[name] = version(name)
            except PackageNotFoundError:
                libraries[name] = ""
        return {
            "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "system": platform.platform(),
            "versions": libraries,
            "commissioned": self.paper.commissioned,
        }

    def _masker(self, vehicle: Vehicle | None) -> Masker:
        from core.pc.files import os_user
        from core.support.masking import Masker

        vins = [*self.history_vins(), vehicle.vin if vehicle is not None else ""]
        return Masker([*self._names(), os_user(), platform.node(), Path.home().name], [vin for vin in vins if vin])

    def _names(self) -> tuple[str, ...]:
        """People and organisations that this PC knows."""
        account = self.paper.account()
        key = self.paper.start_key()
        return tuple(n for n in (account.user, account.name, account.organisation, key.organisation, key.contract) if n)
