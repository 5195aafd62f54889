"""The desk's side of the releases: overview, AddOns, downloads and source as last heard, and the errands behind them.

Nothing is asked before somebody opens the Update Service, unless a source was set: the demo's repository is made at
its first use, and that costs seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import JobCancelled, ProductError
from core.vocabulary import AddOnRow, InstallPreview, ReleaseOverview, SourceCheck, UpdateSource
from tui.locale import _, said

if TYPE_CHECKING:
    from core.events import ComponentFetched
    from tui.desk import Desk

Then = Callable[[], None]


def nothing() -> None:
    """What follows where nothing follows."""


class Releases:
    """The releases on the desk; all on the screen's thread."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.overview: ReleaseOverview | None = None
        self.addons: tuple[AddOnRow, ...] | None = None
        self.source: UpdateSource | None = None
        self.checks: tuple[SourceCheck, ...] | None = None
        self.fetched: dict[tuple[str, str], ComponentFetched] = {}
        self.busy = ""  # what is being done, in words
        self._wanted = False

    @property
    def library(self) -> Any:
        """core.workbench's LibraryDesk, None before the workbench is open."""
        return None if self.desk.helping else getattr(self.desk.workbench, "library", None)

    # -- asking

    def begin(self) -> None:
        """After the start: a source that was set is searched by itself (C11)."""
        library = self.library
        if library is not None and library.source.url:
            library.start_automatic()
            self.look()

    def open(self) -> None:
        """A screen of the releases was opened: from now on it is kept up to date, and searches by itself."""
        if self.library is not None:
            self.look()
            self.desk.errand(self.library.start_automatic, lambda _none: None, lane="releases-begin")

    def look(self) -> None:
        """What is here and what was found last; asks no network."""
        library = self.library
        if library is None:
            return
        self._wanted = True

        def told(answer: tuple[ReleaseOverview, tuple[AddOnRow, ...], UpdateSource]) -> None:
            self.overview, self.addons, self.source = answer
            self.desk.news()

        self.desk.errand(lambda: (library.overview(), library.addons(), library.source), told, lane="releases-look")

    def changed(self) -> None:
        """The core said so."""
        if self._wanted and self.desk.bridge is not None:
            self.look()

    def take(self, fact: ComponentFetched) -> None:
        self.fetched[(fact.version, fact.component)] = fact
        if fact.total and fact.done >= fact.total and not fact.component:
            for key in [key for key in self.fetched if key[0] == fact.version]:
                del self.fetched[key]

    # -- doing

    def search(self) -> None:
        self._do(_("Searching"), lambda: self.library.search(), lambda _none: self._told_search())

    def _told_search(self) -> None:
        self.look()
        overview = self.overview
        if overview is not None and overview.warning:
            self.desk.note("warning", said(overview.warning))

    def download(self, version: str) -> None:
        """Beside everything else: it may take long, and several may run."""
        library = self.library

        def failed(error: ProductError) -> None:
            if isinstance(error, JobCancelled):
                self.desk.note("info", said(error.message))
            else:
                self.desk.tell_error(error)
            self.look()

        def done(got: str) -> None:
            self.desk.tell("ok", _("Release {got} is downloaded and checked. Install it with i.").format(got=got))
            self.look()

        self.desk.bridge.send(lambda: library.download(version), done, failed, f"download {version}")
        self.desk.news()

    def pause(self, version: str) -> None:
        self.library.pause(version)
        self.desk.news()

    def preview(self, version: str, then: Callable[[InstallPreview], None]) -> None:
        self._do(_("Comparing the releases"), lambda: self.library.preview(version), then)

    def install(self, version: str, downgrade: bool) -> None:
        words = _("Release {version} is active. Its data are used from the next job on.").format(version=version)
        self._do(
            _("Installing {version}").format(version=version),
            lambda: self.library.install(version, downgrade=downgrade),
            lambda _none: self._ok(words),
        )

    def rollback(self) -> None:
        self._do(
            _("Rolling back"),
            lambda: self.library.rollback(),
            lambda _none: self._ok(_("The release before is active again.")),
        )

    def forget(self, version: str) -> None:
        self._do(
            _("Removing"),
            lambda: self.library.forget(version),
            lambda _none: self._ok(_("Release {version} was removed.").format(version=version)),
        )

    def export(self, path: str, version: str, then: Callable[[Path], None]) -> None:
        self._do(_("Writing"), lambda: self.library.export(path, version), then)

    def take_in(self, path: str) -> None:
        def taken(names: tuple[str, ...]) -> None:
            self._ok(_("Taken in and checked: {value}.").format(value=", ".join(names) or _("nothing new")))

        self._do(_("Checking"), lambda: self.library.import_from(path), taken)

    def notes(self, version: str, addon: str, then: Callable[[str], None]) -> None:
        self.desk.errand(lambda: self.library.notes(version, addon), then, lane="releases-notes")

    # -- AddOns

    def install_addon(self, name: str) -> None:
        self._do(
            _("Installing {name}").format(name=name),
            lambda: self.library.install_addon(name),
            lambda _none: self._ok(_("{name} is on.").format(name=name)),
        )

    def switch_addon(self, name: str, on: bool) -> None:
        words = f"{name} is {'on' if on else 'off'}."
        self._do(_("Switching"), lambda: self.library.switch_addon(name, on), lambda _none: self._ok(words))

    def remove_addon(self, name: str) -> None:
        self._do(
            _("Removing"),
            lambda: self.library.remove_addon(name),
            lambda _none: self._ok(_("{name} was removed.").format(name=name)),
        )

    # -- source (C9)

    def check(self, source: UpdateSource) -> None:
        """Verify connection, of values that need not be saved."""

        def told(checks: tuple[SourceCheck, ...]) -> None:
            self.checks = checks
            self.desk.news()

        self.checks = None
        self._do(_("Verifying the connection"), lambda: self.library.check_source(source), told)

    def configure(self, source: UpdateSource, then: Then) -> None:
        def saved(_none: UpdateSource) -> None:
            self._ok(_("The source of the releases is saved."))
            then()

        self._do(_("Saving"), lambda: self.library.configure(source), saved)

    # -- inside

    def _do(self, words: str, call: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """One at a time; what is said of it stands on the screen meanwhile."""
        if self.library is None:
            return
        if self.busy:
            self.desk.tell("warning", _("{busy} is not over yet.").format(busy=self.busy))
            return
        self.busy = words

        def ended(result: Any) -> None:
            self.busy = ""
            then(result)

        def failed(_error: ProductError) -> None:
            self.busy = ""
            self.look()

        self.desk.errand(call, ended, lane="releases", failed=failed)
        self.desk.news()

    def _ok(self, words: str) -> None:
        self.desk.tell("ok", words)
        self.look()
