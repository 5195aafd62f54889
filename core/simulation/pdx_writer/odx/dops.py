"""Data object properties of a unit: coded types, compu methods, units, trouble codes, environment data (ODX-D, 7.3.6).

Every function returns elements with IDs below the unit's name. Knows rows of the tables, not services.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.simulation.pdx_writer.odx.xml import Element, by_name, element, group, named, reference
from core.simulation.pdx_writer.tables.model import KWP2000, Measurement, Option, Record, Trouble, Unit

# (short name, title, bits) of the plain numbers that many services share
NUMBERS = (("uint8", "Number, 8 bit", 8), ("uint16", "Number, 16 bit", 16), ("uint32", "Number, 32 bit", 32))

SESSIONS = ((1, "default"), (2, "programming"), (3, "extended"))
KWP_SESSIONS = ((0x81, "default"), (0x85, "programming"), (0x92, "extended"))
UINT24 = ("uint24", "Number, 24 bit", 24)
ROUTINE_STATUS = ((0, "passed"), (1, "failed"), (4, "a block is not valid"))

# DID, short name, title, bits, factor, unit: what a freeze frame of every trouble code holds
FREEZE_FRAME = (
    (0xF4A6, "Mileage", "Mileage", 32, 0.1, "km"),
    (0xF442, "SupplyVoltage", "Supply voltage", 16, 0.001, "V"),
    (0xF40D, "VehicleSpeed", "Vehicle speed", 8, 1.0, "km/h"),
)


def dop_id(unit: Unit, name: str) -> str:
    return f"{unit.name}.DOP.{name}"


def unit_id(unit: Unit, display: str) -> str:
    return f"{unit.name}.UNIT.{unit_name(display)}"


def unit_name(display: str) -> str:
    """A short name for a unit of measure: ODX allows letters, digits and underscore only."""
    words = {"%": "percent", "°C": "degree_celsius", "°": "degree", "°/s": "degree_per_s", "1/min": "per_min"}
    return words.get(display, display.replace("/", "_per_"))


def standard_length(bits: int, base: str = "A_UINT32", encoding: str = "") -> Element:
    made = element("DIAG-CODED-TYPE", element("BIT-LENGTH", str(bits)), base_data_type=base)
    if encoding:
        made.set("BASE-TYPE-ENCODING", encoding)
    made.set("xsi:type", "STANDARD-LENGTH-TYPE")
    return made


def _to_the_end(base: str) -> Element:
    """All bytes up to the end of the PDU."""
    return element(
        "DIAG-CODED-TYPE",
        element("MIN-LENGTH", "0"),
        base_data_type=base,
        termination="END-OF-PDU",
        xsi_type="MIN-MAX-LENGTH-TYPE",
    )


def physical(base: str, precision: int | None = None) -> Element:
    digits = None if precision is None else element("PRECISION", str(precision))
    return element("PHYSICAL-TYPE", digits, base_data_type=base)


def identical() -> Element:
    return element("COMPU-METHOD", element("CATEGORY", "IDENTICAL"))


def _number(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)


def linear(factor: float, offset: float) -> Element:
    """COMPU-RATIONAL-COEFFS V0 + V1 * raw over 1."""
    numerator = element("COMPU-NUMERATOR", element("V", _number(offset)), element("V", _number(factor)))
    coefficients = element("COMPU-RATIONAL-COEFFS", numerator, element("COMPU-DENOMINATOR", element("V", "1")))
    scales = element("COMPU-SCALES", element("COMPU-SCALE", coefficients))
    return element("COMPU-METHOD", element("CATEGORY", "LINEAR"), element("COMPU-INTERNAL-TO-PHYS", scales))


def text_table(pairs: Iterable[tuple[int, str]]) -> Element:
    scales = [
        element(
            "COMPU-SCALE",
            element("LOWER-LIMIT", str(raw)),
            element("UPPER-LIMIT", str(raw)),
            element("COMPU-CONST", element("VT", text)),
        )
        for raw, text in pairs
    ]
    return element(
        "COMPU-METHOD",
        element("CATEGORY", "TEXTTABLE"),
        element("COMPU-INTERNAL-TO-PHYS", element("COMPU-SCALES", *scales)),
    )


def _precision(factor: float) -> int:
    text = _number(factor)
    return min(len(text.partition(".")[2]), 3)


def data_object(unit: Unit, name: str, title: str, *children: Element | None) -> Element:
    return named("DATA-OBJECT-PROP", name, title, *children, id=dop_id(unit, name))


def _unit_ref(unit: Unit, display: str) -> Element | None:
    return reference("UNIT-REF", unit_id(unit, display)) if display else None


def scaled(unit: Unit, name: str, title: str, bits: int, factor: float, offset: float, measure: str,
           base: str = "A_UINT32", limits: tuple[int, int] | None = None) -> Element:  # fmt: skip
    """A number with a linear compu method, `limits` as raw values."""
    constraint = None
    if limits is not None:
        low, high = element("LOWER-LIMIT", str(limits[0])), element("UPPER-LIMIT", str(limits[1]))
        constraint = element("INTERNAL-CONSTR", low, high)
    plain = (factor, offset) == (1, 0)
    whole = factor == int(factor) and offset == int(offset)
    return data_object(
        unit,
        name,
        title,
        identical() if plain else linear(factor, offset),
        standard_length(bits, base),
        physical(base) if whole else physical("A_FLOAT64", _precision(factor)),
        constraint,
        _unit_ref(unit, measure),
    )


def _choice(unit: Unit, name: str, title: str, bits: int, pairs: Iterable[tuple[int, str]]) -> Element:
    return data_object(unit, name, title, text_table(pairs), standard_length(bits), physical("A_UNICODE2STRING"))


def shared_objects(unit: Unit) -> list[Element]:
    """What every unit's services use."""
    text, raw = _to_the_end("A_ASCIISTRING"), _to_the_end("A_BYTEFIELD")
    workshop = standard_length(48, "A_ASCIISTRING")
    bcd = standard_length(8, "A_UINT32", "BCD-P")
    return [
        *(data_object(unit, name, title, identical(), standard_length(bits), physical("A_UINT32"))
          for name, title, bits in (*NUMBERS, *((UINT24,) if unit.protocol == KWP2000 else ()))),
        data_object(unit, "text", "Text", identical(), text, physical("A_UNICODE2STRING")),
        data_object(unit, "bytes", "Bytes", identical(), raw, physical("A_BYTEFIELD")),
        data_object(unit, "bcd", "Two decimal digits", identical(), bcd, physical("A_UINT32")),
        data_object(unit, "workshop_code", "Workshop code", identical(), workshop, physical("A_UNICODE2STRING")),
        scaled(unit, "p2", "P2 server", 16, 1, 0, "ms"),
        scaled(unit, "p2_star", "P2* server", 16, 10, 0, "ms"),
        _choice(unit, "session", "Diagnostic session", 8, KWP_SESSIONS if unit.protocol == KWP2000 else SESSIONS),
        _choice(unit, "routine_status", "Result of a routine", 8, ROUTINE_STATUS),
        *(scaled(unit, f"freeze_{name}", title, bits, factor, 0, measure)
          for _, name, title, bits, factor, measure in FREEZE_FRAME),
    ]  # fmt: skip


def measurement_object(unit: Unit, row: Measurement) -> Element:
    base = "A_INT32" if row.signed else "A_UINT32"
    return scaled(unit, row.name, row.title, row.bits, row.factor, row.offset, row.unit, base)


def option_object_name(record: Record, option: Option) -> str:
    return f"{record.name}_{option.name}"


def option_object(unit: Unit, record: Record, option: Option) -> Element:
    name = option_object_name(record, option)
    if option.choices:
        return _choice(unit, name, option.title, option.bits, enumerate(option.choices))
    limits = (option.low, option.high)
    return scaled(unit, name, option.title, option.bits, option.factor, option.offset, option.unit, limits=limits)


def trouble_object(unit: Unit) -> Element:
    """The DTC-DOP: all trouble codes of the unit as 3 byte numbers (KWP2000: 2, without a failure type byte)."""
    rows = _without_failure_types(unit.kind.troubles) if unit.protocol == KWP2000 else unit.kind.troubles
    codes = [_trouble(unit, row) for row in rows]
    return named(
        "DTC-DOP",
        "dtc",
        "Trouble code",
        standard_length(16 if unit.protocol == KWP2000 else 24),
        physical("A_UINT32"),
        identical(),
        element("DTCS", *codes),
        id=dop_id(unit, "dtc"),
    )


def _without_failure_types(rows: Sequence[Trouble]) -> list[Trouble]:
    """Each 2 byte code once; where several failures share it, the text names the part only."""
    shared: dict[str, list[Trouble]] = {}
    for row in rows:
        shared.setdefault(row.display.partition("-")[0], []).append(row)
    return [
        first if not more else replace(first, text=first.text.partition(":")[0]) for first, *more in shared.values()
    ]


def _trouble(unit: Unit, row: Trouble) -> Element:
    short = unit.protocol == KWP2000
    display = row.display.partition("-")[0] if short else row.display
    name = "DTC_" + display.replace("-", "_")
    return named(
        "DTC",
        name,
        "",
        element("TROUBLE-CODE", str(row.code >> 8 if short else row.code)),
        element("DISPLAY-TROUBLE-CODE", display),
        element("TEXT", row.text),
        element("LEVEL", str(row.level)),
        id=f"{unit.name}.{name}",
    )


def environment(unit: Unit, name: str, title: str, params: Sequence[Element]) -> tuple[Element, Element]:
    """ENV-DATA-DESC and its one ENV-DATA, which holds for all trouble codes (7.3.6.5)."""
    key = f"{unit.name}.ENV.{name}"
    description = named(
        "ENV-DATA-DESC",
        name,
        title,
        by_name("PARAM-SNREF", "DTC"),
        element("ENV-DATA-REFS", reference("ENV-DATA-REF", key)),
        id=dop_id(unit, name),
    )
    data = named("ENV-DATA", f"{name}_of_all", title, group("PARAMS", params), element("ALL-VALUE"), id=key)
    return description, data


def unit_spec(unit: Unit) -> Element:
    """All units of measure that the unit's objects refer to."""
    options = [option.unit for record in unit.kind.records for option in record.options]
    measures = {"ms", *(row.unit for row in unit.kind.measurements), *options, *(row[5] for row in FREEZE_FRAME)}
    rows = [
        named("UNIT", unit_name(display), "", element("DISPLAY-NAME", display), id=unit_id(unit, display))
        for display in sorted(measures - {""})
    ]
    return element("UNIT-SPEC", element("UNITS", *rows))
