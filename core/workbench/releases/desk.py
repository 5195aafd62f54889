"""`workbench.library`: the Update Service Control Center and the AddOn Center for the roof. Methods may block.

Events: ReleasesChanged after every change, ComponentFetched while bytes come, Noted for what was got round.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from core.errors import JobCancelled, ProductError, ReleaseIncomplete, UsageError
from core.vocabulary import InstallPreview, LibraryCheck, ReleaseOverview, ReleaseState
from core.workbench.releases.addons import AddOnCenter
from core.workbench.releases.base import kind_of
from core.workbench.releases.service import Configuration

_SEARCH_EVERY = 6 * 3600.0


class LibraryDesk(AddOnCenter, Configuration):
    """The Update Service. The AddOn Center and the configuration of the source are in what it inherits."""

    # -- Release overview

    def notes(self, version: str, addon: str = "") -> str:
        """The signed release notes (Markdown, outside text). Of what is here, or what the last search looked at."""
        library = self._library
        kind = kind_of(addon)
        kept = library.find(kind, version, addon)
        if kept is not None:
            return library.manifest(kept).notes
        manifest = library.offered(self._head(kind, version, addon))
        return manifest.notes if manifest else ""

    def download(self, version: str = "") -> str:
        """The newest one for "". Resumes what was begun; JobCancelled after `pause`. The version."""
        return self._download(kind_of(""), version, "").version

    def pause(self, version: str = "", addon: str = "") -> None:
        """Stops that download (all for ""); what has arrived stays for the next `download`."""
        wanted = f"{addon} {version}".strip()
        for key, stop in list(self._running.items()):
            if wanted in ("", key):
                stop.set()

    def forget(self, version: str) -> None:
        """Throws away a release that is not active, or a download that was begun."""
        library = self._library
        state = library.state
        kept = next((k for k in (*state.wanted, *state.all_kept()) if not k.name and k.version == version), None)
        if kept is None:
            raise UsageError(f"Release {version} is not here.")
        library.remove(kept)
        self._changed()

    def export(self, path: str | Path, version: str = "", addon: str = "") -> Path:
        """A zip for another PC (C12), made from what is here; the active release for ""."""
        library = self._library
        kept = library.find(kind_of(addon), version, addon)
        if kept is None:
            raise ReleaseIncomplete("That release or AddOn is not here.", "Download it first.")
        from core.workbench.releases.origin import anchor_of

        return library.export(kept, anchor_of(self.source, self._paths), Path(path))

    def import_from(self, path: str | Path) -> tuple[str, ...]:
        """Takes in an exported zip, its unpacked folder or a stick; what came, e.g. ("2026.09", "cluster-update 1.0").

        Nothing is installed yet. The same checks as on the network; expired metadata are a warning with their age.
        """
        from core.workbench.releases.origin import anchor_of, source_of

        source = source_of(str(path), self._paths)
        library = self._library
        try:
            taken = library.take_in(source, anchor_of(self.source, self._paths), tell=self._teller("import"))
        finally:
            source.close()
        if library.state.warning:
            self._note(library.state.warning)
        self._changed()
        return tuple(kept.key for kept in taken)

    # -- installation

    def preview(self, version: str = "") -> InstallPreview:
        """What `install` would change: files, and units that get newer (or older) software. Compiles data (seconds)."""
        from core.workbench.releases.preview import install_preview

        library = self._library
        return install_preview(library, self._here(version), self._catalogue)

    def install(self, version: str = "", downgrade: bool = False) -> ReleaseOverview:
        """Activates a downloaded release (the newest for ""). The next job uses it; a running one keeps its data."""
        library = self._library
        kept = self._here(version)
        library.install(kept, downgrade=downgrade)
        self._warm()
        self._changed()
        return self.overview()

    def rollback(self) -> ReleaseOverview:
        """Back to the release before, or to the built-in data."""
        self._library.rollback()
        self._warm()
        self._changed()
        return self.overview()

    def verify(self) -> LibraryCheck:
        """Hashes every installed file again."""
        count, size, problems = self._library.verify()
        return LibraryCheck(count, size, tuple(problems))

    # -- by itself (C11)

    def start_automatic(self) -> None:
        """Searches and downloads in the background where the settings say so (C11), and resumes what was begun."""
        source = self.source
        if not source.automatic or self._automatic is not None or (source.url and not source.trust):
            return  # without a root to trust there is nothing that could be searched: ConfigAssist asks for it
        self._automatic = threading.Thread(target=self._run_automatic, name="update service", daemon=True)
        self._automatic.start()

    def close(self) -> None:
        """Pauses what runs and waits for it."""
        self.pause()
        if self._automatic is not None:
            self._automatic.join(5.0)

    def _run_automatic(self) -> None:
        try:
            overview = self.overview()
            if overview.searched is None or time.time() - overview.searched > _SEARCH_EVERY:
                overview = self.search()
            newest = next((row for row in overview.rows if row.newest), None)
            if newest is not None and newest.state in (ReleaseState.AVAILABLE, ReleaseState.PAUSED):
                self.download(newest.version)
        except JobCancelled:
            pass
        except ProductError as problem:
            self._note(f"The Update Service: {problem.message} {problem.advice}")
