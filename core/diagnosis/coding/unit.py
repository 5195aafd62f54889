"""One unit as the coding jobs see it: its records read, what it says of itself, its session left again. Writes none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.catalogue import coding as arithmetic
from core.diagnosis.coding.files import RecordCoding, UnitCoding
from core.diagnosis.commands import Job, Request, Tell
from core.diagnosis.idents import UnitReader
from core.errors import DataMissing, NegativeResponse, ProductError
from core.events import Noted
from core.protocol.dialect import Dialect, dialect_of
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue.model import CodingRecord, UnitInfo
    from core.diagnosis.identify import KnownVehicle

_WANTS_SESSION = (0x22, 0x31, 0x33)  # beside the protocol's own "not in this session"

Records = dict[str, bytes]
"""Record name -> its bytes, in the order of the data."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the unit said of itself, "" where it did not."""

    hardware: str = ""
    software: str = ""
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """The unit to be coded, at the address where the device reaches it."""

    vehicle: KnownVehicle
    unit: UnitInfo
    address: EcuAddress

    @property
    def dialect(self) -> Dialect:
        return dialect_of(self.address)

    def request(self, pdu: bytes) -> Request:
        return Request(self.unit.name, self.address, pdu)

    def record(self, name: str) -> CodingRecord:
        return next(record for record in self.unit.coding if record.name == name)

    def coding(self, records: Records, identity: Identity) -> UnitCoding:
        """For a file."""
        faces = tuple(
            RecordCoding(
                record.name, record.did, records[record.name],
                tuple(arithmetic.decode_items(record, records[record.name]).items()),
            )
            for record in self.unit.coding
        )  # fmt: skip
        return UnitCoding(self.unit.name, faces, identity.hardware, identity.software, identity.variant)


def target_of(vehicle: KnownVehicle, ecu: str) -> Target:
    """DataMissing where the data has no such unit or no coding for it, PreconditionNotMet where it is out of reach."""
    unit, address = vehicle.reachable(ecu)
    if not unit.coding:
        raise DataMissing(f"The diagnostic data describes no coding for {unit.name}.")
    return Target(vehicle, unit, address)


def read_identity(target: Target) -> Job[Identity]:
    reader = UnitReader(target.unit, target.address)
    hardware = yield from reader.of_kind("hardware")
    software = yield from reader.of_kind("software")
    variant = yield from reader.variant(target.vehicle.surroundings.catalogue)
    return Identity(hardware, software, variant.name if variant else "")


def read_records(target: Target) -> Job[Records]:
    """In the default session; where the unit refuses that, in the record's own session."""
    records: Records = {}
    for record in target.unit.coding:
        pdu = target.dialect.read_data(record.did)
        answer = b""
        try:
            answer = yield target.request(pdu)
        except NegativeResponse as refusal:
            if refusal.nrc not in (*_WANTS_SESSION, *target.dialect.not_in_session):
                raise
        if not answer:
            yield target.request(target.dialect.session(record.session))
            try:
                answer = yield target.request(pdu)
            finally:
                yield from leave(target)
        records[record.name] = target.dialect.data_of(answer, record.did)
        arithmetic.decode_items(record, records[record.name])  # DataInvalid: not the unit that the data describes
    return records


def leave(target: Target) -> Job[None]:
    """Back to the default session; the first error of the job counts, this one is only told."""
    try:
        yield target.request(target.dialect.session(target.dialect.default_session))
    except ProductError as problem:
        yield Tell(Noted(0.0, "warning", f"{target.unit.name} did not leave its session: {problem.message}"))
