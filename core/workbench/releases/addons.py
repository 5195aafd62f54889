"""The AddOn Center (T4): what is offered and installed, on and off, what needs what."""

from __future__ import annotations

from core.errors import UsageError
from core.vocabulary import AddOnRow, ReleaseState
from core.workbench.releases.base import DeskBase, kind_of


class AddOnCenter(DeskBase):
    """What LibraryDesk inherits."""

    def addons(self) -> tuple[AddOnRow, ...]:
        """What is offered and installed. Asks no network."""
        from core.workbench.releases.rows import Rows

        return Rows(self._library, frozenset(self._running)).addons()

    def install_addon(self, name: str, version: str = "") -> tuple[AddOnRow, ...]:
        """Downloads and installs it, what it needs first. ReleaseIncomplete where the release is too old for it."""
        for needed in self._needed_first(name):
            self._library.install_addon(self._download(kind_of(needed), "", needed))
        self._library.install_addon(self._download(kind_of(name), version, name))
        self._warm()
        self._changed()
        return self.addons()

    def switch_addon(self, name: str, on: bool) -> tuple[AddOnRow, ...]:
        self._library.switch(name, on)
        self._warm()
        self._changed()
        return self.addons()

    def remove_addon(self, name: str) -> tuple[AddOnRow, ...]:
        library = self._library
        kept = library.find(kind_of(name), "", name)
        if kept is None:
            raise UsageError(f"The AddOn {name} is not installed.")
        library.remove(kept)
        self._changed()
        return self.addons()

    def _needed_first(self, name: str, seen: tuple[str, ...] = ()) -> list[str]:
        """AddOns that it needs and that are not on, each behind those that it needs itself."""
        rows = {row.name: row for row in self.addons()}
        order: list[str] = []
        for need in rows[name].needs if name in rows else ():
            on = need in rows and rows[need].state is ReleaseState.ACTIVE
            if not on and need not in seen and need not in order:
                order += [*self._needed_first(need, (*seen, name)), need]
        return order
