"""The coding part of a vehicle's face: jobs, kept states, files. The rules are in core/diagnosis/coding."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.vocabulary import (
    CodingDiff,
    CodingExport,
    CodingKept,
    CodingResult,
    CodingState,
    VehicleCodingResult,
)

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.diagnosis.coding import BackupStore
    from core.diagnosis.commands import Job
    from core.diagnosis.identify import KnownVehicle
    from core.diagnosis.runner import RunningJob

T = TypeVar("T")


class CodingJobs(ABC):
    """What Vehicle inherits. Relative paths are made absolute at the call: jobs run on when the directory changes."""

    _backups: BackupStore
    _catalogue: Catalogue
    _known: KnownVehicle | None


    @property
    @abstractmethod
    def vin(self) -> str: ...

    @property
    @abstractmethod
    def order(self) -> str: ...

    @abstractmethod
    def _start(
        self, kind: str, unit: str, job: Callable[[KnownVehicle], Job[T]], words: Callable[[T], str], measure: str = ""
    ) -> RunningJob[T]: ...

    @abstractmethod
    def _warn(self, text: str) -> None: ...

    # -- read and compare

    def coding_read(self, ecu: str) -> RunningJob[CodingState]:
        """What every coding item means now, what the factory set, and what may be chosen."""
        from core.diagnosis.coding import coding_read

        return self._start(
            "coding-read",
            ecu,
            lambda vehicle: coding_read(vehicle, ecu, self._backups),
            lambda r: f"{len(r.items)} items read",
        )

    def coding_after(
        self, state: CodingState, changes: Mapping[str, str]
    ) -> tuple[tuple[str, int, bytes, bytes], ...]:
        """(record, DID, bytes as read, bytes after `changes`); ValueRefused. Nothing is sent."""
        from core.diagnosis.coding import coding_after

        known = self._known
        unit = known.unit(state.unit) if known is not None else self._catalogue.unit(state.unit)
        return coding_after(unit, state, changes)

    def coding_history(self, ecu: str = "") -> tuple[CodingKept, ...]:
        """The kept states of this unit (of all units for ""), oldest first. No traffic; () before identification.

        A state is restored by `coding_restore(state.unit, state.file)`.
        """
        known = self._known
        unit = known.unit(ecu).name if known is not None and ecu else ecu
        kept, problems = self._backups.history(self.vin, unit) if self.vin else ((), ())
        for problem in problems:
            self._warn(problem.message)
        return kept

    def coding_diff(self, ecu: str, left: str, right: str) -> RunningJob[CodingDiff]:
        """Two codings of one unit in meanings. Each side is "car", "factory" or the path of a coding file."""
        from core.diagnosis.coding import coding_diff, side_of

        sides = side_of(left), side_of(right)
        return self._start(
            "coding-read", ecu, lambda vehicle: coding_diff(vehicle, ecu, *sides, self._backups), _diff_words
        )

    def coding_load_preview(self, ecu: str, file: str | Path, other_vehicle: bool = False) -> RunningJob[CodingDiff]:
        """What `coding_load` would change, with all its refusals. Nothing is written."""
        from core.diagnosis.coding import load_preview

        path = Path(file).absolute()
        return self._start(
            "coding-read",
            ecu,
            lambda vehicle: load_preview(vehicle, ecu, path, self._backups, other_vehicle=other_vehicle),
            _diff_words,
        )

    # -- write

    def coding_write(self, ecu: str, changes: Mapping[str, str]) -> RunningJob[CodingResult]:
        """`changes`: item name -> meaning or number as text. ValueRefused (nothing written), VerificationFailed."""
        from core.diagnosis.coding import coding_write

        wanted, order = dict(changes), self.order
        return self._start(
            "coding", ecu, lambda vehicle: coding_write(vehicle, ecu, wanted, self._backups, order), _words
        )

    def coding_restore(self, ecu: str, backup: str | Path | None = None) -> RunningJob[CodingResult]:
        """Writes a before-image back: the newest one of this VIN and unit, or the given file."""
        from core.diagnosis.coding import coding_restore

        path, order = Path(backup).absolute() if backup else None, self.order
        return self._start(
            "coding", ecu, lambda vehicle: coding_restore(vehicle, ecu, self._backups, path, order), _words
        )

    def coding_load(self, ecu: str, file: str | Path, other_vehicle: bool = False) -> RunningJob[CodingResult]:
        """Writes what a coding file says of this unit; values are checked, another VIN only with `other_vehicle`."""
        from core.diagnosis.coding import coding_load

        path, order = Path(file).absolute(), self.order
        return self._start(
            "coding",
            ecu,
            lambda vehicle: coding_load(
                vehicle, ecu, path, self._backups, other_vehicle=other_vehicle, order=order
            ),
            _words,
        )

    # -- files

    def coding_export(self, ecus: str | Sequence[str], file: str | Path | None = None) -> RunningJob[CodingExport]:
        """Reads units into a coding file, None: beside the kept ones. The result says where."""
        from core.diagnosis.coding import coding_export

        names = (ecus,) if isinstance(ecus, str) and ecus else tuple(ecus)
        path = Path(file).absolute() if file else None
        return self._start(
            "coding-read",
            names[0] if len(names) == 1 else "",
            lambda vehicle: coding_export(vehicle, names, path, self._backups),
            lambda r: f"{len(r.units)} units kept in {r.file}",
        )

    def vehicle_backup(self, file: str | Path | None = None) -> RunningJob[CodingExport]:
        """The coding of every unit that can be coded, in one file."""
        return self.coding_export((), file)

    def vehicle_restore(self, file: str | Path, ecus: Sequence[str] = ()) -> RunningJob[VehicleCodingResult]:
        """Brings units (all that the file holds for none) back from a coding file of this vehicle."""
        from core.diagnosis.coding import vehicle_restore

        path, names, order = Path(file).absolute(), tuple(ecus), self.order
        return self._start(
            "coding", "", lambda vehicle: vehicle_restore(vehicle, path, names, self._backups, order), _whole_words
        )


def _words(result: CodingResult) -> str:
    return ", ".join(f"{c.name}: {c.before} -> {c.after}" for c in result.changes) or "nothing to change"


def _diff_words(found: CodingDiff) -> str:
    return f"{len(found.differences)} items differ"


def _whole_words(result: VehicleCodingResult) -> str:
    changed = sum(bool(part.changes) for part in result.results)
    failed = f", {len(result.failed)} failed" if result.failed else ""
    return f"{len(result.results)} units as in the file, {changed} of them changed{failed}"
