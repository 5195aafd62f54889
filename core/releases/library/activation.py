"""Installing, roll-back, removal, AddOns on and off: each is one replacement of the pointer."""

from __future__ import annotations

from core.errors import HashMismatch, ReleaseIncomplete, UsageError
from core.releases.library.exchange import Exchange
from core.releases.model.names import version_key
from core.releases.store.pointer import Kept, State, replace


class Activation(Exchange):
    def install(self, kept: Kept, *, downgrade: bool = False) -> None:
        """Makes a release that is here the active one; the old one stays for roll-back. Whole or not at all."""
        with self._locked():
            state = self.state
            if state.active and version_key(kept.version) < version_key(state.active.version) and not downgrade:
                raise UsageError(
                    f"{kept.version} is older than {state.active.version}, which is active.",
                    "Ask for the downgrade expressly, or roll back.",
                )
            self._check_whole(kept)
            addons = self._fitting(state.addons, kept.version)
            if state.active and (state.active.version, state.active.manifest) == (kept.version, kept.manifest):
                return
            self._commit(
                active=kept, previous=state.active, addons=addons,
                kept=tuple(entry for entry in state.kept if entry != kept),
            )  # fmt: skip
            self.shelf.sweep(self.state)

    def rollback(self) -> Kept | None:
        """Back to the release before, None for the built-in data; the one of now is kept in its place."""
        with self._locked():
            state = self.state
            if state.active is None and state.previous is None:
                raise UsageError("There is no release to roll back to.", "The built-in data serve.")
            if state.previous is not None:
                self._check_whole(state.previous)
            version = state.previous.version if state.previous else ""
            addons = self._fitting(state.addons, version)
            self._commit(active=state.previous, previous=state.active, addons=addons)
            return state.previous

    def remove(self, kept: Kept) -> None:
        """Uninstalls. The built-in data serve where it was the active one; an AddOn that others need stays."""
        with self._locked():
            state = self.state
            if kept.name:
                self._check_not_needed(kept, state)
            same = (kept.version, kept.manifest, kept.name)

            def others(entries: tuple[Kept, ...]) -> tuple[Kept, ...]:
                return tuple(entry for entry in entries if (entry.version, entry.manifest, entry.name) != same)

            ends = [entry if entry and others((entry,)) else None for entry in (state.active, state.previous)]
            self._commit(
                active=ends[0], previous=ends[1], addons=others(state.addons), kept=others(state.kept),
                wanted=others(state.wanted),
            )  # fmt: skip
            self.shelf.sweep(self.state)

    def verify(self) -> tuple[int, int, list[str]]:
        """(components, bytes, problems): every kept file hashed again."""
        count = size = 0
        problems = []
        for kept in self.state.all_kept():
            try:
                manifest = self.manifest(kept)
            except (ReleaseIncomplete, HashMismatch) as problem:
                problems.append(problem.message)
                continue
            for component in manifest.components:
                problem_words = self.shelf.damaged(component)
                problems += [f"{kept.key}: {problem_words}"] if problem_words else []
                count, size = count + 1, size + component.length
        return count, size, problems

    # -- AddOns

    def install_addon(self, kept: Kept) -> None:
        """Installs and switches on; another version of it goes. What it needs must be on."""
        with self._locked():
            state = self.state
            self._check_whole(kept)
            missing = self.missing_needs(kept, state)
            if missing:
                raise ReleaseIncomplete(
                    f"{kept.name} needs what is not on here: {', '.join(missing)}.", "Install it first."
                )
            others = tuple(addon for addon in state.addons if addon.name != kept.name)
            self._commit(
                addons=(*others, replace(kept, on=True)),
                kept=tuple(entry for entry in state.kept if entry.name != kept.name),
            )
            self.shelf.sweep(self.state)

    def switch(self, name: str, on: bool) -> None:
        """On or off. UsageError where it is not installed or another AddOn needs it."""
        with self._locked():
            state = self.state
            addon = next((addon for addon in state.addons if addon.name == name), None)
            if addon is None:
                raise UsageError(f"The AddOn {name} is not installed.", "Install it first.")
            if on:
                self._check_whole(addon)
                missing = self.missing_needs(addon, state)
                if missing:
                    raise ReleaseIncomplete(
                        f"{name} needs what is not on here: {', '.join(missing)}.", "Do that first."
                    )
            else:
                self._check_not_needed(addon, state)
            self._commit(addons=tuple(replace(entry, on=on) if entry.name == name else entry for entry in state.addons))

    def missing_needs(self, addon: Kept, state: State) -> list[str]:
        """AddOns that it needs and that are not on, and the release where the active one is too old."""
        head = self.manifest(addon).head
        on = {entry.name for entry in state.addons if entry.on}
        missing = [need for need in head.needs if need not in on]
        version = state.active.version if state.active else ""
        if head.needs_release and version_key(version) < version_key(head.needs_release):
            missing.append(f"release {head.needs_release}")
        return missing

    def _fitting(self, addons: tuple[Kept, ...], version: str) -> tuple[Kept, ...]:
        """Off are those that the release does not fit any more, and those that need them: old data could be spoiled."""
        heads = {addon.name: self.manifest(addon).head for addon in addons}
        on = {addon.name for addon in addons if addon.on}
        on -= {name for name in on if version_key(version) < version_key(heads[name].needs_release)}
        while lost := {name for name in on if not on.issuperset(heads[name].needs)}:
            on -= lost
        return tuple(replace(addon, on=addon.name in on) for addon in addons)

    def _check_not_needed(self, kept: Kept, state: State) -> None:
        users = [
            addon.name
            for addon in state.addons
            if addon.on and addon.name != kept.name and kept.name in self.manifest(addon).head.needs
        ]
        if users and any(addon.name == kept.name and addon.on for addon in state.addons):
            raise UsageError(f"{kept.name} is needed by {', '.join(users)}.", "Switch that off first.")

    def _check_whole(self, kept: Kept) -> None:
        """Every byte as it was signed, at the moment at which it begins to count."""
        for component in self.manifest(kept).components:
            if not self.shelf.component(component).is_file():
                raise ReleaseIncomplete(f"{component.name} of {kept.key} is not here.", "Download it again.")
            problem = self.shelf.damaged(component)
            if problem:
                self.shelf.discard(component)
                raise HashMismatch(f"Not installed: {problem}", "It was thrown away: download the release again.")
