"""The bench of a remote helper: what the app on a shop PC may do for somebody in a browser. Deny by default.

There is no paper, no library, no door and no file choice in it to be misused: what is not written here is RightMissing.
What a helper may do with the vehicle is decided in the vehicle host (lent.py), whatever this process believes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from core import settings as settings_file
from core.errors import RightMissing
from core.host.seats.wheel import AT_THE_PC
from core.settings import Settings
from core.stream import EventStream
from core.vocabulary import ExplainedStep, HostInfo, Visitor
from core.vocabulary.saying import Say, english
from core.workbench.assistance.visitor import HELPER
from core.workbench.hosts import Hosts
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.host.vehicle import HostedVehicle
    from core.vocabulary.shop.support import HelpPage


class HelperBench:
    """The part of the workbench's face that a helper gets. Methods may block: call them from a worker thread.

    `settings` are how the screens look and nothing else; `problems` would name files of this PC.
    """

    problems: tuple[str, ...] = ()
    last_device = ""

    def __init__(self, paths: WorkbenchPaths, visitor: Visitor) -> None:
        self.visitor = visitor
        self.stream = EventStream()
        self._paths = paths
        self._hosting = Hosts(paths, self.stream.publish)
        self._hosting.visitor = replace(visitor, kind=HELPER)
        self._open: list[HostedVehicle] = []
        all_of_them, _ = settings_file.load(paths.settings_file)
        looks = ("theme", "frame_rate", "colours", "ascii", "bell", "language", "keys")
        self.settings = Settings(**{name: getattr(all_of_them, name) for name in looks})

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise RightMissing(f"A helper has no {name.replace('_', ' ')!r:.60} here.", AT_THE_PC)

    def hosts(self) -> list[HostInfo]:
        """The vehicle hosts that run, with their jobs; no names of files."""
        return [replace(host, data_files=()) for host in self._hosting.running()]

    def attach(self, which: str | int, watch: bool = False) -> HostedVehicle:
        """To watch, whatever is asked; the host lets a helper drive what was handed over to him. VciNotFound."""
        vehicle = self._hosting.attach(which, True)
        self._open.append(vehicle)
        return vehicle

    def explain(
        self, what: str, step: str = "", service: str = "", say: Say = english
    ) -> tuple[str, tuple[ExplainedStep, ...]]:  # fmt: skip
        """What a code or timer means where. UsageError with examples."""
        from core.diagnosis.explain.offline import explained, service_number

        return explained(what, step, service_number(service) if service.strip() else None, say=say)

    def help_pages(self, words: str = "", language: str = "en", say: Say = english) -> tuple[HelpPage, ...]:
        """The product's own pages, or those of them that hold all the words."""
        from core.support.shelf import Shelf

        shelf = Shelf((), language, say)
        return shelf.search(words) if words.strip() else shelf.pages()

    def help_page(self, name: str, language: str = "en", say: Say = english) -> HelpPage:
        """By name or code. DataMissing names some that there are."""
        from core.support.shelf import Shelf

        return Shelf((), language, say).page(name)

    def keep_crash(self, error: BaseException) -> Path:
        """Places in the code, no values. StorageFailed."""
        from core.pc.crash import keep_crash
        from core.pc.version import product_version

        return keep_crash(self._paths.crashes, error, product_version())

    def close(self) -> None:
        """Lets the vehicles go. Idempotent."""
        vehicles, self._open = self._open, []
        for vehicle in vehicles:
            vehicle.close()

    def __enter__(self) -> HelperBench:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
