"""The quick test: every unit with idents, variant and trouble codes, or the reason why not (page 1, G5 and G6).

A job: reads only, stays in the default session, so that it can be cancelled between any two requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, Progress, ReadVoltage, Request, Step, Surveyed
from core.diagnosis.idents import UnitReader, items_of_kind, says
from core.errors import EcuError, NegativeResponse, NoResponse, ProtocolError, RoutingDenied
from core.protocol import dtc
from core.protocol.dialect import dialect_of, knows
from core.vocabulary import DtcReading, EcuAddress, Interrupted, SurveyResult, UnitState, UnitSurvey

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.model import FlashSession, UnitInfo, VariantInfo
    from core.diagnosis.identify import KnownVehicle

DTC_MASK = 0x8D
"""Active, pending, confirmed, MIL: what a technician acts on (bits that only count test runs are left out)."""


def survey(vehicle: KnownVehicle, left: Mapping[str, Interrupted] = MappingProxyType({})) -> Job[SurveyResult]:
    """Asks every unit of the vehicle in turn; a unit that fails is a line in the result, never the end of the test.

    NoResponse where there is nothing to list: no VIN, no data of the technician's own, and nobody has answered.
    `left`: what the journal says of units that were left in programming, by name in capitals; it becomes their reason.
    """
    if not vehicle.vin and not vehicle.units:
        raise NoResponse(
            "No control unit answers on this way: neither the VIN nor any other answer was heard. "
            "Units that listen to other identifiers are found with their data (PDX) only.",
            "Check ignition, cable, channel and bit rate, then repeat.",
            timer="P2",
        )
    voltage = yield ReadVoltage()
    units = []
    yield Step("survey", "Quick test of all control units")
    for number, unit in enumerate(vehicle.units):
        yield Progress(number, len(vehicle.units))
        line = yield from survey_unit(vehicle, unit)
        line = _with_journal(line, left.get(unit.name.upper()))
        units.append(line)
        yield Surveyed(line)
    yield Progress(len(vehicle.units), len(vehicle.units))
    info = vehicle.info
    return SurveyResult(
        vehicle.vin, info.name if info else "", info.title if info else "", vehicle.euro_class, tuple(units), voltage
    )


def survey_unit(vehicle: KnownVehicle, unit: UnitInfo) -> Job[UnitSurvey]:
    """One line of the quick test. VciLost alone ends the whole test."""
    address = vehicle.address(unit)
    if address is None:
        return UnitSurvey(unit.name, unit.title, unit.address, UnitState.NOT_REACHABLE, vehicle.reason(unit))
    line = UnitSurvey(unit.name, unit.title, address, UnitState.OK)
    if not knows(unit.protocol):
        reason = f"it speaks {unit.protocol}, which Passbay does not."
        return replace(line, state=UnitState.NOT_REACHABLE, reason=reason)
    try:
        return (yield from _read_unit(vehicle.surroundings.catalogue, unit, address, line))
    except NoResponse as silence:
        return replace(line, state=UnitState.NO_ANSWER, reason=silence.message)
    except RoutingDenied as refusal:
        return replace(line, state=UnitState.NO_ANSWER, reason=refusal.message)
    except (EcuError, ProtocolError) as problem:
        return replace(line, state=UnitState.ERROR, reason=problem.message)


def _with_journal(line: UnitSurvey, left: Interrupted | None) -> UnitSurvey:
    """An interrupted flash is the reason to know; a unit that starts in spite of it may still hold parts of both."""
    return line if left is None else replace(line, reason=f"{left.sentence} {left.advice}")


def _read_unit(catalogue: Catalogue, unit: UnitInfo, address: EcuAddress, line: UnitSurvey) -> Job[UnitSurvey]:
    reader = UnitReader(unit, address)
    idents = yield from reader.idents()
    variant = yield from reader.variant(catalogue)
    line = replace(
        line,
        idents=idents,
        hardware=(yield from reader.of_kind("hardware")),
        software=(yield from reader.of_kind("software")),
        variant=variant.name if variant else "",
        newer_software=(yield from newer_software(catalogue, unit, reader, variant)),
    )
    try:
        codes = yield from read_dtcs(unit, address)
    except NegativeResponse as refusal:
        codes, problem = (), refusal.message
    else:
        problem = ""
    line = replace(
        line,
        dtc_list=codes,
        dtcs=len(codes),
        dtcs_active=sum(dtc.is_active(code.status) for code in codes),
        dtcs_pending=sum(dtc.is_pending(code.status) for code in codes),
    )
    state, reason = _judge(unit, line, variant, problem)
    return replace(line, state=state, reason=reason)


def _judge(unit: UnitInfo, line: UnitSurvey, variant: VariantInfo | None, problem: str) -> tuple[UnitState, str]:
    if variant is not None and variant.is_boot:
        return UnitState.IN_BOOT, "The boot loader answers: the unit has no valid software. Flash it."
    if variant is None and any(v.patterns for v in unit.variants):
        return UnitState.UNKNOWN_VARIANT, "The unit answers, but the diagnostic data knows no such variant of it."
    if line.dtcs_active:
        return UnitState.FAULT, problem
    if line.dtcs:
        return UnitState.STORED, problem
    if problem:
        return UnitState.ERROR, f"Trouble codes cannot be read: {problem}"
    if not line.idents and not line.variant:
        return UnitState.OK, "It answers, but gives no identification."
    return UnitState.OK, ""


def read_dtcs(unit: UnitInfo, address: EcuAddress) -> Job[tuple[DtcReading, ...]]:
    """19 02 or 18 00 with the names of the data. NegativeResponse and RemoteProtocolError pass through."""
    dialect = dialect_of(address)
    answer = yield Request(unit.name, address, dialect.read_dtcs(DTC_MASK), attempts=2)
    names = {text.code: text for text in unit.dtcs}
    readings = []
    for code, shown, status in dialect.dtcs_of(answer, DTC_MASK):
        named = names.get(code)
        display = named.display if named and named.display else shown
        text = named.text if named else "not described in the diagnostic data"
        readings.append(DtcReading(code, display, text, status, dtc.status_words(status)))
    return tuple(readings)


def newer_software(catalogue: Catalogue, unit: UnitInfo, reader: UnitReader, variant: VariantInfo | None) -> Job[str]:
    """The newest software whose hardware and expected idents fit this unit, "" where it has that already."""
    in_boot = variant is not None and variant.is_boot
    software = yield from reader.of_kind("software")
    for session in reversed(catalogue.flash_sessions(unit)):
        if session.own_software == software and not in_boot:
            return ""
        if (yield from fits(session, reader, in_boot)):
            return session.own_software
    return ""


def fits(session: FlashSession, reader: UnitReader, in_boot: bool) -> Job[bool]:
    """Whether hardware and expected idents of the session hold for this unit now.

    A boot loader gives its own software ident, so that only the others are compared there.
    """
    hardware = yield from reader.of_kind("hardware")
    if session.hardware and hardware not in session.hardware:
        return False
    software_dids = {item.did for item in items_of_kind(reader.unit, "software")}
    for ident in session.expected_idents:
        if in_boot and ident.did in software_dids:
            continue
        data = yield from reader.read(ident.did)
        if data is None or not any(says(data, value) for value in ident.values):
            return False
    return True
