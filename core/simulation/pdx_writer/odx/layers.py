"""ODX-D of a unit: base variant with all services, application variants, boot loader (ISO 22901-1, 7.3.2)."""

from __future__ import annotations

from core.simulation.pdx_writer.odx import dops, services_kwp2000
from core.simulation.pdx_writer.odx.comparams import protocol_of, unit_comparams
from core.simulation.pdx_writer.odx.service import (
    Param,
    Service,
    Where,
    const,
    diag_service,
    negative_response,
    params,
    positive_response,
    request,
    value,
)
from core.simulation.pdx_writer.odx.services import FAMILIES, VARIANT_PARAM, VARIANT_SERVICE, all_services
from core.simulation.pdx_writer.odx.xml import Doc, Element, by_name, element, group, named, reference, special_data
from core.simulation.pdx_writer.tables.model import KWP2000, UDS, Record, Unit

BOOT_VARIANT_NUMBER = 0xB001


def container_of(unit: Unit) -> Doc:
    return Doc(unit.name, "CONTAINER")


def base_variant_id(unit: Unit) -> str:
    return f"{unit.name}.BV"


def variant_number(series: str) -> int:
    """What an application reports at DID F100: its software series, read as hex digits."""
    return int(series, 16)


def application_name(series: str) -> str:
    return f"APPL_{series}"


def boot_name(unit: Unit) -> str:
    return f"BOOT_{unit.name}"


def layer_container(unit: Unit) -> Element:
    """DIAG-LAYER-CONTAINER of one unit."""
    services = services_kwp2000.all_services(unit) if unit.protocol == KWP2000 else all_services(unit)
    return named(
        "DIAG-LAYER-CONTAINER",
        unit.name,
        unit.title or unit.kind.title,
        element("BASE-VARIANTS", _base_variant(unit, [s for s in services if s.where is not Where.BOOT])),
        element(
            "ECU-VARIANTS",
            _application(unit, unit.series, ()),
            _application(unit, unit.older_series, (f"{unit.kind.measurements[-1].name}_Read",)),
            unit.newer_series and _application(unit, unit.newer_series, ()),
            _boot_loader(unit, services),
        ),
        id=f"{unit.name}.DLC",
    )


def _base_variant(unit: Unit, services: list[Service]) -> Element:
    families = [named("FUNCT-CLASS", name, title, id=f"{unit.name}.FNC.{name}") for name, title in FAMILIES]
    protocol = protocol_of(unit)
    return named(
        "BASE-VARIANT",
        unit.name,
        unit.title or unit.kind.title,
        element("FUNCT-CLASSS", *families),
        _dictionary(unit),
        *_communication(unit, services),
        element("NEG-RESPONSES", negative_response(unit)),
        special_data([("PROTOCOL", "UDS")]) if unit.protocol == UDS else None,  # KWP2000: the protocol layer says it
        element("COMPARAM-REFS", *unit_comparams(unit)),
        element("PARENT-REFS", reference("PARENT-REF", protocol.layer_id, protocol.doc, xsi_type="PROTOCOL-REF")),
        id=base_variant_id(unit),
    )


def _communication(unit: Unit, services: list[Service]) -> list[Element | None]:
    return [
        group("DIAG-COMMS", [diag_service(unit, service) for service in services]),
        group("REQUESTS", [request(unit, service) for service in services]),
        group("POS-RESPONSES", [positive_response(unit, service) for service in services]),
    ]


def _dictionary(unit: Unit) -> Element:
    """DIAG-DATA-DICTIONARY-SPEC in the order of the schema: codes, environment, objects, structures, fields, units."""
    kind = unit.kind
    environments = [
        dops.environment(unit, name, title, params(unit, rows)) for name, title, rows in _environments(unit)
    ]
    objects = [
        *dops.shared_objects(unit),
        dops.data_object(unit, "group_of_dtc", "Group of trouble codes", dops.identical(), dops.standard_length(24),
                         dops.physical("A_UINT32")),
        *(dops.measurement_object(unit, row) for row in kind.measurements),
        *(dops.option_object(unit, record, option) for record in kind.records for option in record.options),
    ]  # fmt: skip
    structures = [*_fault_structures(unit), *(_record_structure(unit, record) for record in kind.records)]
    fields = [_field(unit, name, title) for name, title in _fields(unit)]
    return element(
        "DIAG-DATA-DICTIONARY-SPEC",
        element("DTC-DOPS", dops.trouble_object(unit)),
        element("ENV-DATA-DESCS", *(description for description, _ in environments)),
        element("DATA-OBJECT-PROPS", *objects),
        element("STRUCTURES", *structures),
        element("END-OF-PDU-FIELDS", *fields),
        element("ENV-DATAS", *(data for _, data in environments)),
        dops.unit_spec(unit),
    )


def _environments(unit: Unit) -> list[tuple[str, str, list[Param]]]:
    if unit.protocol == KWP2000:  # no DIDs and no record numbers: one row of values
        values = [value(name, f"freeze_{name}", bits, title=title) for _, name, title, bits, _, _ in dops.FREEZE_FRAME]
        return [("freeze_frame", "Freeze frame", [*values, *_COUNTERS])]
    return [("freeze_frame", "Freeze frame", _freeze_frame()), ("counters", "Counters", list(_COUNTERS))]


_COUNTERS = (value("Occurrences", "uint8", 8, title="Times seen"),)

_FIELDS = (
    ("dtc", "Trouble codes with status"),
    ("snapshot", "Freeze frames"),
    ("extended_data", "Counters"),
)


def _fields(unit: Unit) -> tuple[tuple[str, str], ...]:
    """Freeze frames and counters have no numbers in KWP2000."""
    return _FIELDS[:1] if unit.protocol == KWP2000 else _FIELDS


def _freeze_frame() -> list[Param]:
    """How many values, then each behind its DID (ISO 14229-1, 12.3.5)."""
    rows = [const("NumberOfIdentifiers", "DATA", len(dops.FREEZE_FRAME))]
    for number, name, title, bits, _, _ in dops.FREEZE_FRAME:
        rows += [const(f"DID_{name}", "ID", number, 16), value(name, f"freeze_{name}", bits, title=title)]
    return rows


def _fault_structures(unit: Unit) -> list[Element]:
    rows = {
        "dtc": (value("DTC", "dtc", 16 if unit.protocol == KWP2000 else 24), value("StatusOfDTC", "uint8", 8)),
        "snapshot": (value("RecordNumber", "uint8", 8), value("FreezeFrame", "freeze_frame", None)),
        "extended_data": (value("RecordNumber", "uint8", 8), value("Counters", "counters", None)),
    }
    return [
        named("STRUCTURE", f"{name}_item", title, group("PARAMS", params(unit, rows[name])),
              id=dops.dop_id(unit, f"{name}_item"))
        for name, title in _fields(unit)
    ]  # fmt: skip


def _field(unit: Unit, name: str, title: str) -> Element:
    item = reference("BASIC-STRUCTURE-REF", dops.dop_id(unit, f"{name}_item"))
    return named("END-OF-PDU-FIELD", f"{name}_list", title, item, id=dops.dop_id(unit, f"{name}_list"))


def _record_structure(unit: Unit, record: Record) -> Element:
    rows = [
        Param(option.name, "DATA", option.bits, dop=dops.option_object_name(record, option), byte=option.byte,
              bit=option.bit, title=option.title)
        for option in record.options
    ]  # fmt: skip
    size = element("BYTE-SIZE", str(record.length))
    return named("STRUCTURE", record.name, record.title, size, group("PARAMS", params(unit, rows)),
                 id=dops.dop_id(unit, record.name))  # fmt: skip


def _variant(unit: Unit, name: str, title: str, number: int, kind: str, without: tuple[str, ...],
             services: list[Service]) -> Element:  # fmt: skip
    match = element(
        "MATCHING-PARAMETER",
        element("EXPECTED-VALUE", str(number)),
        by_name("DIAG-COMM-SNREF", VARIANT_SERVICE),
        by_name("OUT-PARAM-IF-SNREF", VARIANT_PARAM),
    )
    missing = [element("NOT-INHERITED-DIAG-COMM", by_name("DIAG-COMM-SNREF", service)) for service in without]
    parent = reference("PARENT-REF", base_variant_id(unit), None, group("NOT-INHERITED-DIAG-COMMS", missing),
                       xsi_type="BASE-VARIANT-REF")  # fmt: skip
    return named(
        "ECU-VARIANT",
        name,
        title,
        *_communication(unit, services),
        special_data([("VARIANT-KIND", kind)]),
        element("ECU-VARIANT-PATTERNS", element("ECU-VARIANT-PATTERN", element("MATCHING-PARAMETERS", match))),
        element("PARENT-REFS", parent),
        id=f"{unit.name}.EV.{name}",
    )


def _application(unit: Unit, series: str, without: tuple[str, ...]) -> Element:
    title = f"Application, series {series}"
    return _variant(unit, application_name(series), title, variant_number(series), "APPL", without, [])


def _boot_loader(unit: Unit, services: list[Service]) -> Element:
    without = tuple(service.name for service in services if service.where is Where.APPLICATION)
    own = [service for service in services if service.where is Where.BOOT]
    return _variant(unit, boot_name(unit), "Boot loader", BOOT_VARIANT_NUMBER, "BOOT", without, own)
