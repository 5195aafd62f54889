"""What is kept of vehicles on this PC: coding states, history, protocols of orders. Needs no vehicle."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import DataMissing
from core.vocabulary import CodingDiff, CodingKept, HistoryCheck, HistoryEntry, Interrupted
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.reports.history import HistoryStore


class Records:
    """What Workbench inherits. StorageFailed where a file cannot be read or written."""

    paths: WorkbenchPaths

    def _history(self) -> HistoryStore:
        from core.reports.history import HistoryStore

        return HistoryStore(self.paths.history, self.paths.history_heads)

    # -- history

    def history_vins(self) -> tuple[str, ...]:
        """Every vehicle that has a history here ("" where none told its VIN)."""
        return self._history().vins()

    def history(self, vin: str) -> tuple[HistoryEntry, ...]:
        """Every survey, flash, coding and clearing of this vehicle, oldest first. () where there is none."""
        return self._history().entries(vin)

    def verify_history(self, vin: str | None = None) -> tuple[HistoryCheck, ...]:
        """Whether this vehicle's history (all for None) is as it was written. DataMissing for an unknown one."""
        store = self._history()
        known = store.vins()
        if vin is not None and vin not in known:
            from core.reports.lookup import known_words

            raise DataMissing(f"There is no history of {vin or 'vehicles without a VIN'}.", known_words(store))
        return tuple(store.verify(name) for name in (known if vin is None else (vin,)))

    def report(self, what: str, form: str = "text", vin: str | None = None) -> str:
        """The protocol of an order as text, html or json. `what`: an order, or a VIN for its latest order.

        DataMissing where neither is known, UsageError where several vehicles have this order and `vin` does not say.
        """
        from core.reports.lookup import report_of

        return report_of(self._history(), what, form, vin)

    def write_text(self, path: str | Path, text: str) -> Path:
        """Writes what the workbench made (a report) whole or not at all. StorageFailed."""
        from core.pc.files import write_file

        place = Path(path).absolute()
        write_file(place, text.encode("utf-8", "backslashreplace"))
        return place

    # -- coding

    def coding_history(self, vin: str, ecu: str = "") -> tuple[CodingKept, ...]:
        """The kept states of this vehicle's unit (all units for ""), oldest first; damaged files raise DataInvalid."""
        from core.diagnosis.coding import BackupStore

        kept, problems = BackupStore(self.paths.coding).history(vin, ecu)
        if problems and not kept:
            raise problems[0]
        return kept

    def coding_files_diff(self, left: str | Path, right: str | Path, ecu: str = "") -> CodingDiff:
        """Two coding files by the meanings that they hold. DataInvalid, PreconditionNotMet."""
        from core.diagnosis.coding import BackupStore, file_diff

        return file_diff(Path(left), Path(right), BackupStore(self.paths.coding), ecu)

    # -- journal

    def unfinished(self) -> tuple[Interrupted, ...]:
        """Units that were left in programming (kill, power, cable), newest last; those that are flashed now are not."""
        from core.diagnosis.journal import unfinished

        return unfinished(self.paths.journal)

    def dismiss(self, entry: Interrupted) -> None:
        """The technician knows of it: not told again. StorageFailed."""
        from core.diagnosis.journal import JournalFolder

        JournalFolder(self.paths.journal).dismiss(entry.vin or entry.vci, entry.unit, time.time())
