"""What an installation changes, named before it is done: files, and the units whose flashware becomes another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.vocabulary import ComponentChange, InstallPreview, UnitSoftwareChange

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.releases.library import Library
    from core.releases.store.pointer import Kept


def install_preview(library: Library, kept: Kept, catalogue: Callable[[Sequence[Path]], Catalogue]) -> InstallPreview:
    """Compares with the active release, or with the built-in data (`catalogue(())`)."""
    from core.releases.model.names import version_key

    state = library.state
    manifest = library.manifest(kept)
    old = library.manifest(state.active).components if state.active else ()
    before = {component.name: component for component in old}
    after = {component.name: component for component in manifest.components}
    changes = []
    for name in sorted({*before, *after}):
        component = after.get(name) or before[name]
        change = "same"
        if name not in before:
            change = "new"
        elif name not in after:
            change = "removed"
        elif before[name].digest != after[name].digest:
            change = "changed"
        changes.append(ComponentChange(name, component.kind, change, component.length))
    files_after = [library.shelf.component(c) for c in manifest.components if c.kind == "pdx"]
    files_before = [library.shelf.component(c) for c in old if c.kind == "pdx"]
    version = state.active.version if state.active else ""
    downgrade = version_key(kept.version) < version_key(version)
    return InstallPreview(
        version=kept.version, before=version, downgrade=downgrade, changes=tuple(changes),
        units=_units(catalogue(files_before), catalogue(files_after)), notes=manifest.notes,
        warnings=tuple(_warnings(library, kept, downgrade)),
    )  # fmt: skip


def _units(before: Catalogue, after: Catalogue) -> tuple[UnitSoftwareChange, ...]:
    old, new = _newest(before), _newest(after)
    found = []
    for key in dict.fromkeys([*new, *old]):
        left, right = old.get(key, ""), new.get(key, "")
        if left != right:
            found.append(UnitSoftwareChange(*key, left, right))
    return tuple(found)


def _newest(catalogue: Catalogue) -> dict[tuple[str, str], str]:
    """(vehicle, unit) -> software of the newest flashware."""
    newest: dict[tuple[str, str], str] = {}
    for vehicle in catalogue.vehicles:
        for unit in catalogue.units_of(vehicle):
            sessions = catalogue.flash_sessions(unit)
            newest.setdefault((vehicle.title or vehicle.name, unit.name), sessions[-1].own_software if sessions else "")
    return newest


def _warnings(library: Library, kept: Kept, downgrade: bool) -> list[str]:
    from core.releases.model.names import version_key

    words = []
    if downgrade:
        words.append(f"{kept.version} is older than the active release: this is a downgrade.")
    for addon in library.state.addons:
        needs = library.manifest(addon).head.needs_release
        if addon.on and version_key(kept.version) < version_key(needs):
            words.append(f"The AddOn {addon.name} needs release {needs} and will be switched off.")
    return words
