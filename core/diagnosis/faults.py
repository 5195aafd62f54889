"""Trouble codes of one unit: status in words, environment data, clearing (UDS 0x19, KWP2000 0x18). Repairs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, Progress, Request, Step
from core.diagnosis.idents import UnitReader
from core.diagnosis.survey import read_dtcs
from core.errors import CatalogueError, NegativeResponse, NoResponse, ProtocolError
from core.protocol.dialect import dialect_of
from core.vocabulary import DtcReading, EcuAddress, EnvironmentValue, FaultsResult

if TYPE_CHECKING:
    from core.catalogue.model import UnitInfo, VariantInfo
    from core.diagnosis.identify import KnownVehicle

_CONDITIONS_NOT_CORRECT = 0x22


def faults(vehicle: KnownVehicle, ecu: str, clear: bool = False) -> Job[FaultsResult]:
    """Reads the codes with environment data; with `clear` erases all of them first and shows what is there after.

    DataMissing for an unknown unit, PreconditionNotMet where the device cannot reach it, NegativeResponse and
    NoResponse of the unit as they come.
    """
    unit, address = vehicle.reachable(ecu)
    if clear:
        yield Step("clear", f"Clear the trouble codes of {unit.name}")
        yield from _clear(unit, address)
    yield Step("faults", f"Read the trouble codes of {unit.name}")
    codes = yield from read_dtcs(unit, address)
    variant = yield from _variant(vehicle, unit, address)
    readings = []
    for number, code in enumerate(codes):
        yield Progress(number, len(codes))
        values = yield from _environment(vehicle, unit, variant, address, code)
        readings.append(replace(code, environment=values))
    yield Progress(len(codes), len(codes))
    return FaultsResult(unit.name, tuple(readings), cleared=clear)


def _clear(unit: UnitInfo, address: EcuAddress) -> Job[None]:
    """All codes in the default session; in the extended one where the unit wants it so, and back."""
    dialect = dialect_of(address)
    try:
        yield Request(unit.name, address, dialect.clear_dtcs())
    except NegativeResponse as refusal:
        if refusal.nrc not in (*dialect.not_in_session, _CONDITIONS_NOT_CORRECT):
            raise
    else:
        return
    yield Request(unit.name, address, dialect.session(dialect.extended_session))
    try:
        yield Request(unit.name, address, dialect.clear_dtcs())
    finally:
        yield Request(unit.name, address, dialect.session(dialect.default_session), raise_negative=False)


def _variant(vehicle: KnownVehicle, unit: UnitInfo, address: EcuAddress) -> Job[VariantInfo | None]:
    reader = UnitReader(unit, address)
    try:
        return (yield from reader.variant(vehicle.surroundings.catalogue))
    except NoResponse:
        return None  # the codes themselves were read: show them without environment names


def _environment(
    vehicle: KnownVehicle, unit: UnitInfo, variant: VariantInfo | None, address: EcuAddress, code: DtcReading
) -> Job[tuple[EnvironmentValue, ...]]:
    """Snapshot and extended data records as far as the unit gives them; what cannot be decoded is shown as hex."""
    values: list[EnvironmentValue] = []
    for kind, pdu, head in dialect_of(address).environment(code.code):
        try:
            answer = yield Request(unit.name, address, pdu)
        except (NegativeResponse, NoResponse):
            continue  # a unit need not keep any: the code itself stands
        if len(answer) <= head:
            continue
        try:
            codec = vehicle.surroundings.catalogue.variant(unit, variant.name if variant else "")
            values += codec.decode_dtc_environment(answer)
        except (CatalogueError, ProtocolError):
            values.append(EnvironmentValue(f"{kind} (not described)", answer[head:].hex(" ").upper()))
    return tuple(values)
