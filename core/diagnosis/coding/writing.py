"""Writes coding records: before-image, session, security, fingerprint, records, read-back (UDS 0x2E, KWP2000 0x3B).

Every coding job of the product ends here, so that none can write without the before-image and the comparison after.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.catalogue import coding as arithmetic
from core.diagnosis.coding.backups import BackupStore
from core.diagnosis.coding.files import ChangeNote, CodingFile
from core.diagnosis.coding.unit import Identity, Records, Target, leave, read_records
from core.diagnosis.commands import Job, KeepAlive, ReadClock, Step, Tell
from core.diagnosis.security import open_access
from core.errors import (
    JobCancelled,
    JobInterrupted,
    NegativeResponse,
    ProductError,
    VerificationFailed,
)
from core.events import Noted
from core.vocabulary import CodingChange, CodingResult

if TYPE_CHECKING:
    from core.catalogue.model import CodingRecord

VERIFIED = "verified"


class Writing:
    """One coding of one unit. `reason` and `order` are for the history."""

    def __init__(self, target: Target, identity: Identity, store: BackupStore, reason: str, order: str) -> None:
        self._target = target
        self._unit = target.unit.name
        self._identity = identity
        self._store = store
        self._reason = reason
        self._order = order
        self._written: list[str] = []
        self._sent = ""
        self._access: tuple[object, ...] = ()

    def run(self, before: Records, wanted: Records) -> Job[CodingResult]:
        """Writes the records that differ. VerificationFailed, JobInterrupted from the first written record on."""
        target = self._target
        changed = [record for record in target.unit.coding if wanted[record.name] != before[record.name]]
        if not changed:
            newest = self._store.newest(target.vehicle.vin, self._unit)
            return result_of(target, before, before, str(newest or ""))
        yield Step("backup", "Keep the coding as it is now")
        path = yield from self._keep(before, wanted)
        try:
            yield from self._write_all(changed, wanted, path)
            yield Step("verify", "Read back and compare", protected=True)
            after = yield from read_records(target)
            self._verify(before, wanted, after, path)
        except ProductError as problem:
            yield from self._note(path, f"failed: {problem.message}")
            raise
        yield from self._note(path, VERIFIED)
        return result_of(target, before, after, str(path))

    def _keep(self, before: Records, wanted: Records) -> Job[Path]:
        _, now = yield ReadClock()
        target, vehicle = self._target, self._target.vehicle
        note = ChangeNote(self._reason, changes_between(target, before, wanted), self._order)
        image = CodingFile(
            vehicle.vin, now, (target.coding(before, self._identity),), vehicle.info.name if vehicle.info else "",
            self._store.by, note,
        )  # fmt: skip
        return self._store.save(image)

    def _note(self, path: Path, outcome: str) -> Job[None]:
        try:
            self._store.note_outcome(path, outcome)
        except ProductError as problem:
            yield Tell(Noted(0.0, "warning", f"{problem.message} The before-image itself is kept."))

    # -- the records

    def _write_all(self, changed: list[CodingRecord], wanted: Records, path: Path) -> Job[None]:
        target = self._target
        try:
            yield KeepAlive((target.address,))
            for record in changed:
                yield from self._enter(record)
                # from here on a cancel waits: what was begun is compared
                yield Step("write", f"Write {record.title or record.name}", protected=True)
                self._sent = record.name
                yield target.request(target.dialect.write_data(record.did, wanted[record.name]))
                self._written.append(record.name)
                self._sent = ""
        except ProductError as problem:
            if not (self._written or self._unknown(problem)):
                raise  # nothing was changed
            raise self._broken_off(problem, changed, path) from problem
        finally:
            yield KeepAlive(())
            yield from leave(target)

    def _enter(self, record: CodingRecord) -> Job[None]:
        """Session and security of this record, where the one before it has not brought them."""
        access = (record.session, record.security_level, record.security_method, record.authentication)
        if access == self._access:
            return
        first = not self._access
        yield Step("access", "Session and security access", protected=bool(self._written))
        yield self._target.request(self._target.dialect.session(record.session))
        yield from open_access(self._target.vehicle, self._unit, self._target.address, record)
        self._access = access
        if first:
            yield from self._write_fingerprint()

    def _write_fingerprint(self) -> Job[None]:
        """Date and who did it, in units that keep it for coding: those that can read it and do not refuse it."""
        sessions = self._target.vehicle.surroundings.catalogue.flash_sessions(self._target.unit)
        dialect = self._target.dialect
        did = sessions[-1].policy.fingerprint_did if sessions else dialect.fingerprint
        if did is None:
            return
        from core.diagnosis.flash.programming import fingerprint  # loads all of the flash, which reading needs not

        try:
            known = dialect.data_of((yield self._target.request(dialect.read_data(did))), did)
            _, now = yield ReadClock()
            mark = fingerprint(now)
            if known:
                mark = mark[: len(known)].ljust(len(known), b"\0")  # its length is the unit's own
            yield self._target.request(dialect.write_data(did, mark))
        except NegativeResponse as refusal:
            words = f"{self._unit} keeps no fingerprint of a coding (DID {did:04X}): {refusal.message}"
            yield Tell(Noted(0.0, "info", words))

    # -- what can go wrong

    def _unknown(self, problem: ProductError) -> str:
        """The record that was sent without an answer which says yes or no."""
        return "" if isinstance(problem, NegativeResponse | JobCancelled) else self._sent

    def _broken_off(self, problem: ProductError, changed: list[CodingRecord], path: Path) -> JobInterrupted:
        """What the technician must know when it ended between."""
        unknown = self._unknown(problem)
        left = [r.name for r in changed if r.name not in self._written and r.name != unknown]
        words = [f"The coding of {self._unit} was not written completely: {problem.message}"]
        words += [f"Written: {', '.join(self._written) or 'none'}."]
        words += [f"Not known whether written: {unknown}."] if unknown else []
        words += [f"Not written: {', '.join(left)}."] if left else []
        return JobInterrupted(
            " ".join(words),
            f"Restore the coding of {self._unit} as it was (kept in {path}), then look for the cause.",
            step="write",
        )

    def _verify(self, before: Records, wanted: Records, after: Records, path: Path) -> None:
        """Bytes first, then meanings: both must be what was asked for."""
        wrong = [record for record in self._target.unit.coding if after[record.name] != wanted[record.name]]
        if not wrong:
            return
        record = wrong[0]
        meant, found = (arithmetic.decode_items(record, records[record.name]) for records in (wanted, after))
        differ = [item for item in meant if meant[item] != found[item]]
        items = [f"{item} reads {found[item]!r} instead of {meant[item]!r}" for item in differ]
        words = f"{', '.join(items[:3]) or 'bits that no item names differ'} ({after[record.name].hex(' ').upper()})"
        if all(after[r.name] == before[r.name] for r in wrong):
            names = ", ".join(r.name for r in wrong)
            kept = [r.name for r in self._target.unit.coding if wanted[r.name] != before[r.name] and r not in wrong]
            others = f" Written and read back: {', '.join(kept)}; restore it from {path}." if kept else ""
            raise VerificationFailed(
                f"The write of {names} was swallowed: {self._unit} or a gateway in front of it answered that it was"
                f" written, but it reads back unchanged: {words}.",
                f"{names} is as it was.{others} A gateway that lets no tester code must be unlocked first; do not hand"
                " the vehicle over before the coding reads as wanted.",
            )
        raise VerificationFailed(
            f"{self._unit} did not keep the coding: {words}, record {record.name}.",
            f"Do not hand the vehicle over: repeat, or restore the coding kept in {path}.",
        )


def changes_between(target: Target, before: Records, after: Records) -> tuple[CodingChange, ...]:
    changes: list[CodingChange] = []
    for record in target.unit.coding:
        old = arithmetic.decode_items(record, before[record.name])
        new = arithmetic.decode_items(record, after[record.name])
        changes += [CodingChange(name, old[name], new[name]) for name in old if old[name] != new[name]]
    return tuple(changes)


def result_of(target: Target, before: Records, after: Records, backup: str) -> CodingResult:
    """What was changed, as read back."""
    records = tuple(
        (record.name, record.did, before[record.name], after[record.name]) for record in target.unit.coding
    )
    return CodingResult(target.unit.name, changes_between(target, before, after), records, backup, verified=True)
