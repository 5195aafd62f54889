"""The catalogue: every vehicle, unit, variant and flash session of the loaded PDX files. Imports no odxtools.

`load` opens each file's compiled form from the cache and compiles it first where there is none (compile_process.py).
A file that cannot be read is one entry in `problems`; the others stay usable.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue.cache import CacheDamaged, CompiledFile, place_of, remove_obsolete
from core.catalogue.model import DataBlock, FlashSession, UnitInfo, VariantInfo, VariantPattern, VehicleInfo
from core.catalogue.stored import LAYOUT, session_from, unit_from, vehicle_from
from core.errors import CatalogueError, DataInvalid, DataMissing, StorageFailed

if TYPE_CHECKING:
    from core.catalogue.codec import Variant
    from core.catalogue.compile_process import Limits
    from core.catalogue.images import FlashImage


class NotCompiled(Exception):
    """The cache has no usable compiled form of a file."""


def load(paths: Iterable[Path], cache_directory: Path, *, limits: Limits | None = None) -> Catalogue:
    """Opens the files, compiling those that are new or changed. Raises StorageFailed where the cache cannot be written.

    Damaged or hostile files raise nothing: they are in `Catalogue.problems`.
    """
    unique = dict.fromkeys(Path(path).absolute() for path in paths)
    results: dict[Path, OpenFile | CatalogueError] = {}
    for path in unique:
        try:
            results[path] = _open_or_problem(path, cache_directory, None, known_only=True)
        except NotCompiled:
            continue
    unknown = [path for path in unique if path not in results]
    if unknown:
        results |= _compiled_side_by_side(unknown, cache_directory, limits)
    catalogue = Catalogue()
    for path in unique:
        catalogue.add(results[path])
    return catalogue


def _compiled_side_by_side(
    paths: list[Path], directory: Path, limits: Limits | None
) -> dict[Path, OpenFile | CatalogueError]:
    from concurrent.futures import ThreadPoolExecutor  # 8 ms that a known file does not need

    with ThreadPoolExecutor(max_workers=4, thread_name_prefix="catalogue") as pool:
        return dict(zip(paths, pool.map(lambda path: _open_or_problem(path, directory, limits), paths), strict=True))


class OpenFile:
    """One PDX in its compiled form: its vehicles, units and sessions now, the rest on demand."""

    def __init__(
        self, source: Path, directory: Path, limits: Limits | None = None, *, known_only: bool = False
    ) -> None:
        """Raises DataInvalid, StorageFailed; NotCompiled where `known_only` forbids to compile."""
        self.source = source
        self._directory = directory
        self._limits = limits
        self._compiled = self._open(known_only)
        index, name = self._compiled.index, str(source)
        self.version: str = index["version"]
        self.title: str = index["title"]
        self.notes: tuple[str, ...] = tuple(index["problems"])
        self.vehicles = tuple(vehicle_from(row, name) for row in index["vehicles"])
        self.units = tuple(unit_from(row, name) for row in index["units"])
        self.groups: tuple[tuple[str, str], ...] = tuple((group[0], group[1]) for group in index["groups"])
        self.sessions = tuple(session_from(row, name) for row in index["sessions"])

    def variant(self, layer: str) -> Variant:
        """The codec of a diagnostic layer by short name. Raises DataMissing."""
        from core.catalogue.codec import Variant

        try:
            return Variant(self._json(f"layer/{layer}"))
        except KeyError:
            raise DataMissing(f"{self.source.name} has no variant {layer!r}.") from None

    def image(self, session: FlashSession, block: DataBlock) -> FlashImage:
        """The bytes of one block, checked against its SHA-256. Raises DataMissing, DataInvalid."""
        from core.catalogue.images import FlashImage, ImageSegment

        try:
            content = self._section(f"image/{session.unit}/{session.name}/{block.name}")
        except KeyError:
            raise DataMissing(f"{self.source.name} has no bytes for {session.name}/{block.name}.") from None
        segments, offset = [], 0
        for segment in block.segments:
            segments.append(ImageSegment(segment.start, content[offset : offset + segment.length]))
            offset += segment.length
        image = FlashImage(f"{session.name}/{block.name}", tuple(segments))
        if image.sha256 != block.sha256 or offset != len(content):
            raise DataInvalid(
                f"{image.name} is not what was compiled.", file=str(self.source), place=f"{session.name}/{block.name}"
            )
        return image

    def _open(self, known_only: bool) -> CompiledFile:
        """A damaged compiled file is made anew, once; a second failure is an error of the disk."""
        try:
            place = place_of(self.source, self._directory, LAYOUT)
        except OSError as error:
            raise DataInvalid(
                f"{self.source.name} cannot be read: {error.strerror or error}.",
                "Check the path and its rights.",
                file=str(self.source),
            ) from error
        try:
            return CompiledFile(place)
        except (CacheDamaged, OSError, ValueError, KeyError):
            if known_only:
                raise NotCompiled from None
            return self._compile(place)

    def _compile(self, place: Path) -> CompiledFile:
        from core.catalogue.compile_process import compile_file

        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageFailed(f"{place.parent} cannot be made: {error.strerror or error}.") from error
        remove_obsolete(place.parent, LAYOUT)
        fresh = place.with_suffix(f".{os.urandom(8).hex()}.part")
        try:
            compile_file(self.source, fresh, self._limits)
            if place_of(self.source, self._directory, LAYOUT) != place:  # else other content under this hash, for ever
                raise DataInvalid(f"{self.source.name} changed while it was read.", "Try again.", file=str(self.source))
            fresh.replace(place)
            return CompiledFile(place)
        except (CacheDamaged, OSError, ValueError) as error:
            raise StorageFailed(f"{place} cannot be written: {error}.") from error
        finally:
            fresh.unlink(missing_ok=True)

    def _section(self, name: str) -> bytes:
        try:
            return self._compiled.section(name)
        except CacheDamaged:
            self._compiled = self._compile(place_of(self.source, self._directory, LAYOUT))
            return self._compiled.section(name)

    def _json(self, name: str) -> dict[str, object]:
        import json

        return dict(json.loads(self._section(name)))


class Catalogue:
    """What all loaded files say together. Of two units with one name the vehicle decides, else the first file."""

    def __init__(self) -> None:
        self._files: dict[str, OpenFile] = {}
        self._problems: list[CatalogueError] = []
        self._variants: dict[tuple[str, str], Variant] = {}

    def add(self, result: OpenFile | CatalogueError) -> None:
        if isinstance(result, CatalogueError):
            self._problems.append(result)
        else:
            self._files[str(result.source)] = result

    @property
    def files(self) -> tuple[OpenFile, ...]:
        return tuple(self._files.values())

    @property
    def problems(self) -> tuple[CatalogueError, ...]:
        """One error per file that could not be opened: `.message` says which file, where, what."""
        return tuple(self._problems)

    @property
    def vehicles(self) -> tuple[VehicleInfo, ...]:
        return tuple(vehicle for file in self._files.values() for vehicle in file.vehicles)

    @property
    def units(self) -> tuple[UnitInfo, ...]:
        return tuple(unit for file in self._files.values() for unit in file.units)

    @property
    def sessions(self) -> tuple[FlashSession, ...]:
        return tuple(session for file in self._files.values() for session in file.sessions)

    def vehicle(self, name: str) -> VehicleInfo:
        """By short name, without regard to case. Raises DataMissing."""
        for vehicle in self.vehicles:
            if vehicle.name.casefold() == name.casefold():
                return vehicle
        raise DataMissing(f"The diagnostic data has no vehicle {name!r}.")

    def vehicle_for(self, vin: str) -> VehicleInfo | None:
        """The vehicle whose longest VIN prefix fits, None where none does."""
        fitting = [
            (len(prefix), vehicle)
            for vehicle in self.vehicles
            for prefix in vehicle.vin_patterns
            if prefix and vin.startswith(prefix)
        ]
        return max(fitting, key=lambda entry: entry[0])[1] if fitting else None

    def units_of(self, vehicle: VehicleInfo) -> tuple[UnitInfo, ...]:
        """In the order of the quick test. A unit that no file describes is left out."""
        units = (self._find(name, vehicle) for name in vehicle.units)
        return tuple(unit for unit in units if unit is not None)

    def unit(self, name: str, vehicle: VehicleInfo | str | None = None) -> UnitInfo:
        """By short name, without regard to case; within a vehicle where one is given. Raises DataMissing."""
        known = self.vehicle(vehicle) if isinstance(vehicle, str) else vehicle
        unit = self._find(name, known)
        if unit is None:
            names = ", ".join(known.units if known else dict.fromkeys(unit.name for unit in self.units))
            raise DataMissing(f"The diagnostic data has no unit {name!r}.", f"It has: {names}.")
        return unit

    def flash_sessions(
        self, unit: UnitInfo | str, vehicle: VehicleInfo | str | None = None
    ) -> tuple[FlashSession, ...]:
        """Newest last. From the unit's own file, and from files that hold flashware but no unit of that name."""
        known = self.unit(unit, vehicle) if isinstance(unit, str) else unit
        found = [
            session
            for file in self._files.values()
            if str(file.source) == known.file or all(other.name != known.name for other in file.units)
            for session in file.sessions
            if session.unit == known.name
        ]
        return tuple(sorted(found, key=lambda session: session.order))

    def image(self, session: FlashSession, block: DataBlock) -> FlashImage:
        """The bytes of one block of a session. Raises DataMissing, DataInvalid."""
        return self._file(session.file).image(session, block)

    def images(self, session: FlashSession) -> dict[str, FlashImage]:
        """All blocks of a session by name, in the order in which they are sent."""
        return {block.name: self.image(session, block) for block in session.blocks}

    def variant(self, unit: UnitInfo | str, name: str = "") -> Variant:
        """The codec of a variant of the unit, or of the unit's base variant for "". Raises DataMissing."""
        known = self.unit(unit) if isinstance(unit, str) else unit
        key = (known.file, name or known.name)
        if key not in self._variants:
            self._variants[key] = self._file(known.file).variant(key[1])
        return self._variants[key]

    def match_variant(self, unit: UnitInfo, answers: Mapping[int, bytes]) -> VariantInfo | None:
        """The first variant of which one whole pattern fits. `answers`: DID to the record behind `62 DID`.

        `identifying_dids` says what to read. None where nothing fits: an unknown variant.
        """
        for variant in unit.variants:
            if any(self._fits(unit, pattern, answers) for pattern in variant.patterns):
                return variant
        return None

    def _fits(self, unit: UnitInfo, pattern: VariantPattern, answers: Mapping[int, bytes]) -> bool:
        from core.catalogue.codec.matching import fits

        return bool(pattern.matches) and fits(pattern, answers, self.variant(unit))

    def _find(self, name: str, vehicle: VehicleInfo | None) -> UnitInfo | None:
        wanted = name.casefold()
        if vehicle is None:
            return next((unit for unit in self.units if unit.name.casefold() == wanted), None)
        if wanted not in (known.casefold() for known in vehicle.units):
            return None
        own_first = sorted(self.units, key=lambda unit: unit.file != vehicle.file)
        return next((unit for unit in own_first if unit.name.casefold() == wanted), None)

    def _file(self, name: str) -> OpenFile:
        if name not in self._files:
            raise DataMissing(f"{name} is not loaded.")
        return self._files[name]


def identifying_dids(unit: UnitInfo) -> tuple[int, ...]:
    """The DIDs that the unit's variant patterns compare, each once, in the order of first use."""
    return tuple(
        dict.fromkeys(did for variant in unit.variants for pattern in variant.patterns for did, _ in pattern.matches)
    )


def _open_or_problem(
    path: Path, directory: Path, limits: Limits | None, *, known_only: bool = False
) -> OpenFile | CatalogueError:
    try:
        return OpenFile(path, directory, limits, known_only=known_only)
    except CatalogueError as error:
        return error
