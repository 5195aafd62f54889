"""What every wish on the releases needs: the library, the source of the settings, running downloads, events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import JobCancelled, ReleaseError, ReleaseIncomplete, StorageFailed, UsageError
from core.events import ComponentFetched, Event, Noted, ReleasesChanged
from core.vocabulary import ReleasedPlan, ReleaseOverview, UpdateSource
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.releases.library import Library, Origin
    from core.releases.model.manifest import Head
    from core.releases.store.pointer import Kept
    from core.releases.work.progress import Advance
    from core.settings import Settings


class DeskBase:
    """`settings` gives those of now, `change_settings` saves; `catalogue` loads given PDX files."""

    def __init__(
        self,
        paths: WorkbenchPaths,
        settings: Callable[[], Settings],
        change_settings: Callable[..., None],
        catalogue: Callable[[Sequence[Path]], Catalogue],
        publish: Callable[[Event], None],
    ) -> None:
        self._paths, self._settings, self._change_settings = paths, settings, change_settings
        self._catalogue, self._publish = catalogue, publish
        self._running: dict[str, threading.Event] = {}
        self._automatic: threading.Thread | None = None

    @property
    def _library(self) -> Library:
        from core.releases.library import Library

        return Library(self._paths.releases, _product_version())

    @property
    def source(self) -> UpdateSource:
        settings = self._settings()
        update = settings.update
        # a back end for others serves its releases beside the API; the embedded one's are the demo of this PC
        beside = f"{settings.backend.url.rstrip('/')}/releases" if settings.backend.url else ""
        return UpdateSource(update.source or beside, update.rds, update.automatic, update.trust)

    def active_files(self) -> list[Path] | None:
        """PDX files of the AddOns that are on and of the active release; None while the built-in data serve. Quick."""
        if not (self._paths.releases / "state.json").is_file():
            return None
        return self._library.files() or None

    def stamp(self) -> tuple[int, int]:
        """Another one after every change of what is installed. Quick: one look at a file."""
        try:
            state = (self._paths.releases / "state.json").stat()
        except OSError:
            return 0, 0
        return state.st_mtime_ns, state.st_ino

    def pages(self, kind: str = "help") -> list[Path]:
        """Files of a kind (help, plan) of the active release and the AddOns that are on."""
        return self._library.files(kind)

    def plans(self) -> list[Path]:
        """Flash plans of the active release and the AddOns that are on; [] where none serves. Quick."""
        if not (self._paths.releases / "state.json").is_file():
            return []
        try:
            return self.pages("plan")
        except (ReleaseError, StorageFailed):
            return []  # told already: the built-in data serve

    def flash_plans(self) -> tuple[ReleasedPlan, ...]:
        """The same, read."""
        from core.workbench.flash.plans import plan_rows, released_plans

        return plan_rows(released_plans(self.plans(), self._note))

    def overview(self) -> ReleaseOverview:
        """All releases, newest first, and in words how old the data are. Asks no network."""
        from core.workbench.releases.rows import Rows

        return Rows(self._library, frozenset(self._running)).overview()

    def search(self) -> ReleaseOverview:
        """Asks the source. One error class for each attack; what is installed stays as it is."""
        with self._origin() as origin:
            self._library.search(origin, self._note)
        self._changed()
        return self.overview()

    # -- inside

    @contextmanager
    def _origin(self) -> Iterator[Origin]:
        from core.workbench.releases.origin import opened

        with opened(self.source, self._paths) as origin:
            yield origin

    def _download(self, kind: str, version: str, addon: str) -> Kept:
        from core.releases.sources.base import Stopped

        if not self._library.heads(kind):
            self.search()
        head = self._head(kind, version, addon)
        key = f"{addon} {head.version}".strip()
        stop = threading.Event()
        if self._running.setdefault(key, stop) is not stop:
            raise UsageError(f"{key} is being downloaded already.")
        self._changed()
        try:
            with self._origin() as origin:
                return self._library.download(origin, head, tell=self._teller(key), stop=stop, note=self._note)
        except Stopped:
            raise JobCancelled(
                f"The download of {key} is paused.", "Go on at any time: what has arrived is kept."
            ) from None
        finally:
            self._running.pop(key, None)
            self._changed()

    def _head(self, kind: str, version: str, addon: str) -> Head:
        heads = [head for head in self._library.heads(kind) if head.name == addon and version in ("", head.version)]
        if not heads:
            what = " ".join(word for word in ("AddOn" if addon else "release", addon, version) if word)
            raise UsageError(f"No {what} is offered.", "Search first.")
        return heads[-1]

    def _here(self, version: str) -> Kept:
        """A release that is here whole, the newest for ""."""
        from core.releases.model.names import version_key

        here = [kept for kept in self._library.state.all_kept() if not kept.name and version in ("", kept.version)]
        if not here:
            raise ReleaseIncomplete(f"Release {version or 'data'} is not here.", "Download it first.")
        return max(here, key=lambda kept: version_key(kept.version))

    def _teller(self, key: str) -> Callable[[Advance], None]:
        def tell(advance: Advance) -> None:
            self._publish(
                ComponentFetched(
                    time.time(), key, advance.component, advance.done, advance.total, advance.rate, advance.seconds_left
                )
            )

        return tell

    def _warm(self) -> None:
        """Compiled now, so that the next job need not wait for it."""
        files = self.active_files()
        if files:
            self._catalogue(files)

    def _note(self, text: str) -> None:
        self._publish(Noted(time.time(), "warning", text))

    def _changed(self) -> None:
        self._publish(ReleasesChanged(time.time()))


def kind_of(addon: str) -> str:
    return "addon" if addon else "release"


def _product_version() -> str:
    """What a release's least client version is held against, also in a source tree that was never installed."""
    from core.pc.version import product_version

    return product_version() or "0.1.0"
