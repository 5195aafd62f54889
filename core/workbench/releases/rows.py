"""From the library's state to the rows of the screens. Reads the shelf; changes nothing, asks no network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ReleaseError
from core.vocabulary import AddOnRow, ReleaseOverview, ReleaseRow, ReleaseState

if TYPE_CHECKING:
    from core.releases.library import Library
    from core.releases.model.manifest import Head, Manifest
    from core.releases.store.pointer import Kept

_DAY = 86_400
QUARTER = 92
"""Days after which data count as out of date: four releases a year (S1)."""


class Rows:
    """`running`: keys of the downloads that run in this process."""

    def __init__(self, library: Library, running: frozenset[str]) -> None:
        self._library, self._running = library, running
        self._state = library.state
        self._pieces = set(library.shelf.pieces(self._state))

    def overview(self) -> ReleaseOverview:
        from core.releases.model.manifest import RELEASE
        from core.releases.model.names import version_key

        state = self._state
        offered = {head.version: head for head in self._library.heads(RELEASE)}
        newest = max(offered, key=version_key, default="")
        rows = {version: self._row(head, newest) for version, head in offered.items()}
        for kept in state.all_kept():
            if not kept.name and kept.version not in rows:
                rows[kept.version] = self._row(self._library.manifest(kept).head, newest, offered=False)
        active = state.active.version if state.active else ""
        age = self._age()
        newer = bool(newest) and version_key(newest) > version_key(active)
        return ReleaseOverview(
            rows=tuple(sorted(rows.values(), key=lambda row: version_key(row.version), reverse=True)),
            active=active, newest=newest, previous=state.previous.version if state.previous else "", age_days=age,
            out_of_date=newer or (age is not None and age > QUARTER), words=_words(active, newest, age, newer),
            warning=state.warning, searched=state.searched, free_bytes=self._library.free_bytes(),
        )  # fmt: skip

    def addons(self) -> tuple[AddOnRow, ...]:
        from core.releases.model.manifest import ADDON
        from core.releases.model.names import version_key

        newest: dict[str, Head] = {}
        for head in self._library.heads(ADDON):
            newest[head.name] = head
        installed = {kept.name: kept for kept in self._state.addons}
        rows = []
        for name in sorted({*newest, *installed}):
            here = installed.get(name)
            head = newest.get(name) or self._library.manifest(installed[name]).head
            if here is not None and version_key(here.version) > version_key(head.version):
                head = self._library.manifest(here).head
            rows.append(self._addon(head, here))
        return tuple(rows)

    def _addon(self, head: Head, here: Kept | None) -> AddOnRow:
        from core.releases.model.names import version_key

        on = {entry.name for entry in self._state.addons if entry.on}
        active = self._state.active.version if self._state.active else ""
        missing = [need for need in head.needs if need not in on]
        if head.needs_release and version_key(active) < version_key(head.needs_release):
            missing.append(f"release {head.needs_release}")
        state = self._download_state(head)
        if here is not None:
            state = ReleaseState.ACTIVE if here.on else ReleaseState.OFF
        return AddOnRow(
            name=head.name, title=head.title, installed=here.version if here else "", newest=head.version, state=state,
            size=head.size, missing=self._missing(head), needs=head.needs, needs_release=head.needs_release,
            missing_needs=tuple(missing),
        )  # fmt: skip

    def _row(self, head: Head, newest: str, *, offered: bool = True) -> ReleaseRow:
        return ReleaseRow(
            version=head.version, title=head.title, state=self._release_state(head), released=float(head.released),
            size=head.size, missing=self._missing(head), newest=head.version == newest, offered=offered,
            product_groups=head.product_groups,
        )  # fmt: skip

    def _release_state(self, head: Head) -> ReleaseState:
        if self._state.active and self._state.active.version == head.version:
            return ReleaseState.ACTIVE
        if self._state.previous and self._state.previous.version == head.version:
            return ReleaseState.PREVIOUS
        return self._download_state(head)

    def _download_state(self, head: Head) -> ReleaseState:
        key = f"{head.name} {head.version}".strip()
        if key in self._running:
            return ReleaseState.DOWNLOADING
        if any(kept.key == key for kept in self._state.kept):
            return ReleaseState.DOWNLOADED
        if any(kept.key == key for kept in self._state.wanted):
            return ReleaseState.PAUSED
        return ReleaseState.AVAILABLE

    def _missing(self, head: Head) -> int:
        """Bytes that a download would still fetch, as far as the manifest is known."""
        manifest = self._manifest(head)
        if manifest is None:
            return head.size
        missing = 0
        for component in manifest.components:
            if not self._library.shelf.has(component):
                fresh = sum(piece.length for piece in component.pieces if piece.sha256 not in self._pieces)
                missing += max(0, fresh - _arrived(self._library.shelf.draft_of(component.digest)))
        return missing

    def _manifest(self, head: Head) -> Manifest | None:
        try:
            for kept in (*self._state.all_kept(), *self._state.wanted):
                if (kept.name, kept.version) == (head.name, head.version):
                    return self._library.manifest(kept)
            return self._library.offered(head)
        except ReleaseError:
            return None  # damaged on the disk: a download makes it whole

    def _age(self) -> int | None:
        if self._state.active is None:
            return None
        released = self._library.manifest(self._state.active).head.released
        return max(0, int((time.time() - released) / _DAY))


def _arrived(draft: Path) -> int:
    """Bytes of a growing file that were written; the rest of it is a hole. 0 where the system does not tell."""
    try:
        return int(getattr(draft.stat(), "st_blocks", 0)) * 512
    except OSError:
        return 0


def _words(active: str, newest: str, age: int | None, newer: bool) -> str:
    if not active:
        return f"The built-in data serve; release {newest} is offered." if newest else "The built-in data serve."
    if newer:
        return f"Release {active} is active, {age} days old; {newest} is newer: install it."
    if age is not None and age > QUARTER:
        return f"Your data is {age} days old: search for a newer release."
    return f"Release {active} is active, {age} days old."
