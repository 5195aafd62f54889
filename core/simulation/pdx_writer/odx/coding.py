"""ODX-E of a vehicle: coding records with options, factory bytes, and how they are read and written (7.5)."""

from __future__ import annotations

from core.simulation.pdx_writer.odx.dops import dop_id, option_object_name
from core.simulation.pdx_writer.odx.layers import container_of
from core.simulation.pdx_writer.odx.service import service_id
from core.simulation.pdx_writer.odx.xml import Element, by_name, element, named, reference, special_data
from core.simulation.pdx_writer.tables.model import KWP2000, Option, Record, Unit, Vehicle

FACTORY = "Factory"


def coding_document(vehicle: Vehicle) -> Element:
    """The ECU-CONFIG category with one CONFIG-DATA a unit."""
    datas = [_config_data(unit) for unit in vehicle.units]
    return named("ECU-CONFIG", f"{vehicle.short_name}_CODING", "Coding", element("CONFIG-DATAS", *datas),
                 id=f"{vehicle.short_name}.CODING")  # fmt: skip


def _config_data(unit: Unit) -> Element:
    # no ECU-VARIANT-SNREFS: odxtools 11.7.1 resolves only the first of several (it walks one iterator for all)
    valid = element("VALID-BASE-VARIANT", by_name("BASE-VARIANT-SNREF", unit.name))
    session = "0x92" if unit.protocol == KWP2000 else "0x03"
    records = element("CONFIG-RECORDS", *(_record(unit, record) for record in unit.kind.records))
    return named(
        "CONFIG-DATA",
        f"{unit.name}_CODING",
        f"Coding of {unit.kind.title}",
        element("VALID-BASE-VARIANTS", valid),
        records,
        special_data([("SESSION", session), ("SECURITY-LEVEL", "0x01"), *_authentication(unit)]),
    )


def _authentication(unit: Unit) -> list[tuple[str, str]]:
    """A unit that asks for certificates before it is programmed asks for them before it is coded, too."""
    return [(name, method) for name, method in unit.policy.items() if name == "AUTHENTICATION"]


def _record(unit: Unit, record: Record) -> Element:
    factory = named("DATA-RECORD", FACTORY, "As delivered", element("DATA", record.factory_bytes().hex().upper()),
                    dataformat="BINARY")  # fmt: skip
    return named(
        "CONFIG-RECORD",
        record.name,
        record.title,
        element("DIAG-COMM-DATA-CONNECTORS", _connector(unit, record)),
        element("CONFIG-ID", f"{unit.identifier(record.did):04X}", type="A_BYTEFIELD"),
        element("DATA-RECORDS", factory),
        element("OPTION-ITEMS", *(_option(unit, record, option) for option in record.options)),
        by_name("DEFAULT-DATA-RECORD-SNREF", FACTORY),
    )


def _connector(unit: Unit, record: Record) -> Element:
    doc = container_of(unit)
    read = element(
        "READ-DIAG-COMM-CONNECTOR",
        reference("READ-DIAG-COMM-REF", service_id(unit, f"{record.name}_Read"), doc),
        by_name("READ-DATA-SNREF", "Data"),
    )
    write = element(
        "WRITE-DIAG-COMM-CONNECTOR",
        reference("WRITE-DIAG-COMM-REF", service_id(unit, f"{record.name}_Write"), doc),
        by_name("WRITE-DATA-SNREF", "Data"),
    )
    return element(
        "DIAG-COMM-DATA-CONNECTOR",
        element("UNCOMPRESSED-SIZE", str(record.length)),
        element("SOURCE-START-ADDRESS", "00"),
        read,
        write,
    )


def _option(unit: Unit, record: Record, option: Option) -> Element:
    return named(
        "OPTION-ITEM",
        option.name,
        option.title,
        element("BYTE-POSITION", str(option.byte)),
        element("BIT-POSITION", str(option.bit)),
        reference("DATA-OBJECT-PROP-REF", dop_id(unit, option_object_name(record, option)), container_of(unit)),
        element("PHYSICAL-DEFAULT-VALUE", factory_text(option)),
        _item_values(option),
    )


def factory_text(option: Option) -> str:
    """The factory value as the DOP shows it."""
    if option.choices:
        return option.choices[option.factory]
    physical = round(option.factory * option.factor + option.offset, 6)
    return str(int(physical)) if physical == int(physical) else str(physical)


def _item_values(option: Option) -> Element | None:
    """ITEM-VALUES name the choices once more, as a coding screen lists them; a number has none."""
    if not option.choices:
        return None
    rows = [
        element("ITEM-VALUE", element("PHYS-CONSTANT-VALUE", text), element("MEANING", text)) for text in option.choices
    ]
    return element("ITEM-VALUES", *rows)
