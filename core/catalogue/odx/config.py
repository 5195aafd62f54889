"""Coding records from ODX-E (ISO 22901-1, 7.6). Child process only."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from core.catalogue.codec.coded import value_of_text
from core.catalogue.coding import read_raw
from core.catalogue.images import segments_of_text
from core.catalogue.model import CodingRecord, OptionChoice, OptionItem, UnitInfo, usual_policy
from core.catalogue.odx.special import special_data
from core.catalogue.odx.units import did_of, service_named, write_did_of
from core.errors import CatalogueError, DataInvalid
from core.vocabulary import UDS

MOST_CHOICES = 4096  # of a text table with wide ranges; nobody chooses from more


def with_coding(database: Any, units: list[UnitInfo], problems: list[str]) -> list[UnitInfo]:
    """The units with their coding records. A record that cannot be used is left out and reported."""
    records: dict[str, list[CodingRecord]] = {}
    protocols = {unit.name: unit.protocol for unit in units}
    for config in database.ecu_configs:
        for data in config.config_datas:
            for valid in data.valid_base_variants:
                base = valid.base_variant
                for record in data.config_records:
                    try:
                        made = _record(record, data, base, protocols.get(base.short_name, UDS), problems)
                    except CatalogueError as error:
                        problems.append(f"coding {record.short_name} of {base.short_name}: {error.message}")
                        continue
                    records.setdefault(base.short_name, []).append(made)
    return [replace(unit, coding=tuple(records.get(unit.name, ()))) for unit in units]


def _record(record: Any, data: Any, base: Any, protocol: str, problems: list[str]) -> CodingRecord:
    place = f"{base.short_name}/{record.short_name}"
    special = special_data(record, data, place=place)
    did = special.optional_integer("DID", _did(record, base))
    if did is None:
        raise DataInvalid("no service says which DID carries it", place=place)
    length = sum(connector.uncompressed_size for connector in record.diag_comm_data_connectors[:1])
    factory = _factory_bytes(record, place)
    length = length or len(factory)
    items = tuple(_item(item, length) for item in record.option_items)
    if factory:
        if len(factory) != length:
            raise DataInvalid(f"its factory data has {len(factory)} bytes instead of {length}", place=place)
        items = tuple(replace(item, factory=read_raw(item, factory)) for item in items)
    problems += special.problems
    return CodingRecord(
        name=record.short_name,
        title=record.long_name or record.short_name,
        did=did & 0xFFFF,
        length=length,
        items=items,
        factory=factory,
        session=special.integer("SESSION", usual_policy(protocol).extended_session),
        security_level=special.optional_integer("SECURITY-LEVEL", 0x01),
        security_method=special.text("SECURITY-METHOD", "passbay-garage"),
        authentication=special.optional_text("AUTHENTICATION"),
    )


def _did(record: Any, base: Any) -> int | None:
    for connector in record.diag_comm_data_connectors:
        reader, writer = connector.read_diag_comm_connector, connector.write_diag_comm_connector
        if reader is not None:
            service = reader.read_diag_comm or service_named(reader.read_diag_comm_snref, base)
            if (did := did_of(service)) is not None:
                return did
        if writer is not None:
            service = writer.write_diag_comm or service_named(writer.write_diag_comm_snref, base)
            if (did := write_did_of(service)) is not None:
                return did
    return None


def _factory_bytes(record: Any, place: str) -> bytes:
    """The default data record, else the first."""
    chosen = [item for item in record.data_records if item.short_name == record.default_data_record_snref]
    for item in chosen or list(record.data_records)[:1]:
        if item.data is None:
            return b""
        kind = item.dataformat.value
        if kind in ("INTEL-HEX", "MOTOROLA-S"):
            parts = segments_of_text(item.data.strip(), "hex" if kind == "INTEL-HEX" else "srec", file=place)
            return b"".join(part.data for part in parts)
        try:
            return bytes.fromhex(re.sub(r"\s", "", item.data))
        except ValueError:
            raise DataInvalid(f"its data record {item.short_name} is not hexadecimal", place=place) from None
    return b""


def _item(item: Any, length: int) -> OptionItem:
    dop = item.data_object_prop
    coded = getattr(dop, "diag_coded_type", None)
    bits = coded.get_static_bit_length() if coded is not None else None
    if coded is None or bits is None or coded.base_data_type.value not in ("A_UINT32", "A_INT32"):
        raise DataInvalid(f"item {item.short_name} is no unsigned number of fixed length", place=item.short_name)
    if coded.base_data_type.value == "A_INT32" or (not coded.is_highlow_byte_order and bits > 8):
        raise DataInvalid(f"item {item.short_name} is signed or little-endian: not supported", place=item.short_name)
    made = OptionItem(
        name=item.short_name,
        title=item.long_name or item.short_name,
        byte=item.byte_position or 0,
        bit=item.bit_position or 0,
        bit_length=bits,
        choices=_choices(item, dop),
        unit=(dop.unit.display_name or "") if dop.unit is not None else "",
    )
    if not made.choices:
        made = _with_scale(made, dop)
    read_raw(made, bytes(length))  # refuses bits outside the record now, not in front of a car
    if item.physical_default_value is not None:
        made = replace(made, factory=_internal(dop, item.physical_default_value))
    return made


def _choices(item: Any, dop: Any) -> tuple[OptionChoice, ...]:
    """ITEM-VALUEs where there are some (their MEANING, else the constant), else the rows of a text table."""
    if item.item_values:
        result = []
        for value in item.item_values:
            text = value.phys_constant_value or ""
            meaning = value.meaning.text if value.meaning is not None else text
            result.append(OptionChoice(meaning, _internal(dop, text)))
        return tuple(result)
    if dop.compu_method.category.value != "TEXTTABLE":
        return ()
    rows: list[OptionChoice] = []
    for scale in dop.compu_method.compu_internal_to_phys.compu_scales:
        text = scale.compu_const.value if scale.compu_const is not None else None
        if text is not None and len(rows) < MOST_CHOICES:
            rows.append(OptionChoice(str(text), int(dop.compu_method.convert_physical_to_internal(text))))
    return tuple(rows)


def _internal(dop: Any, text: str) -> int:
    value = value_of_text(dop.physical_type.base_data_type.value, text)
    if not dop.compu_method.is_valid_physical_value(value):
        raise DataInvalid(f"{dop.short_name} does not allow {text!r}", place=dop.short_name)
    return int(dop.compu_method.convert_physical_to_internal(value))


def _with_scale(item: OptionItem, dop: Any) -> OptionItem:
    category = dop.compu_method.category.value
    low, high = _constraint(dop.internal_constr)
    if category == "IDENTICAL":
        return replace(item, minimum=low, maximum=high)
    if category != "LINEAR":
        raise DataInvalid(f"item {item.name} is computed by {category}: not supported", place=item.name)
    segment = dop.compu_method.segment
    factor, offset = segment.factor / segment.denominator, segment.offset / segment.denominator
    if not factor:
        raise DataInvalid(f"item {item.name} has the factor 0", place=item.name)
    limits = [low if low is not None else _limit(segment.internal_lower_limit),
              high if high is not None else _limit(segment.internal_upper_limit)]  # fmt: skip
    ends = [None if limit is None else limit * factor + offset for limit in limits]
    if factor < 0:
        ends.reverse()
    return replace(item, factor=factor, offset=offset, minimum=ends[0], maximum=ends[1])


def _constraint(constraint: Any) -> tuple[float | None, float | None]:
    if constraint is None:
        return None, None
    return _limit(constraint.lower_limit), _limit(constraint.upper_limit)


def _limit(limit: Any) -> float | None:
    return None if limit is None or limit.value is None else limit.value
