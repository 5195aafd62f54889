"""Rows of the compiled index to the dataclasses of model.py and back: lists in field order, small and quickly read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar

from core.catalogue.model import (
    Checksum,
    CodingRecord,
    DataBlock,
    DtcText,
    ExpectedIdent,
    FlashPolicy,
    FlashSession,
    IdentItem,
    OptionChoice,
    OptionItem,
    Segment,
    UnitInfo,
    UnitTiming,
    VariantInfo,
    VariantPattern,
    VehicleInfo,
)
from core.vocabulary import Addressing, CanAddress, DoipAddress, EcuAddress, EuroClass

_STORED = (VehicleInfo, UnitInfo, UnitTiming, VariantInfo, VariantPattern, IdentItem, DtcText, CodingRecord, OptionItem,
           OptionChoice, FlashSession, FlashPolicy, DataBlock, Segment, Checksum, ExpectedIdent, CanAddress,
           DoipAddress)  # fmt: skip

# part of the compiled file's name: rows of another field order are never read
LAYOUT = zlib.crc32(repr([[item.name for item in fields(kind)] for kind in _STORED]).encode())

Row = list[Any]
T = TypeVar("T")


def to_row(value: Any) -> Any:
    """Any model object as JSON: dataclasses and tuples become lists, bytes hex, enums their names."""
    if is_dataclass(value) and not isinstance(value, type):
        row = [to_row(getattr(value, item.name)) for item in fields(value)]
        return [type(value).__name__[0], *row] if isinstance(value, CanAddress | DoipAddress) else row
    if isinstance(value, tuple | list):
        return [to_row(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    return value.name if isinstance(value, Enum) else value


def vehicle_from(row: Row, file: str) -> VehicleInfo:
    name, title, _, vins, euro, group, units, doip_only, gateway = row
    return VehicleInfo(name, title, file, tuple(vins), EuroClass[euro], group, tuple(units), doip_only, gateway)


def unit_from(row: Row, file: str) -> UnitInfo:
    name, title, _, addresses, protocol, timing, variants, idents, dtcs, coding = row
    return UnitInfo(
        name,
        title,
        file,
        tuple(_address(item) for item in addresses),
        protocol,
        UnitTiming(*timing),
        tuple(_variant(item) for item in variants),
        _all(lambda *item: IdentItem(*item), idents),
        _all(lambda *item: DtcText(*item), dtcs),
        tuple(_coding(item) for item in coding),
    )


def session_from(row: Row, file: str) -> FlashSession:
    name, title, unit, _, expected, software, blocks, policy, hardware, order, part, memory, *signed = row
    return FlashSession(
        name,
        title,
        unit,
        file,
        tuple(ExpectedIdent(ident, did, tuple(values)) for ident, did, values in expected),
        software,
        tuple(_block(item) for item in blocks),
        _policy(policy),
        tuple(hardware),
        order,
        part,
        tuple((first, last) for first, last in memory),
        *signed,
    )


def _all(build: Callable[..., T], rows: list[Row]) -> tuple[T, ...]:
    return tuple(build(*row) for row in rows)


def _address(row: Row) -> EcuAddress:
    kind, *values = row
    if kind == "D":
        return DoipAddress(*values)
    values[3] = Addressing[values[3]]
    return CanAddress(*values)


def _variant(row: Row) -> VariantInfo:
    name, title, patterns, is_boot, services, dtcs = row
    return VariantInfo(
        name,
        title,
        tuple(_pattern(item) for item in patterns),
        is_boot,
        tuple(services),
        _all(lambda *item: DtcText(*item), dtcs),
    )


def _pattern(row: Row) -> VariantPattern:
    matches, parameters = row
    return VariantPattern(tuple((did, text) for did, text in matches), tuple(parameters))


def _policy(row: Row) -> FlashPolicy:
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return FlashPolicy(*values)


def _block(row: Row) -> DataBlock:
    name, segments, checksums, data_format, sha256, index = row
    return DataBlock(
        name,
        _all(lambda *item: Segment(*item), segments),
        _all(lambda *item: Checksum(*item), checksums),
        data_format,
        sha256,
        index,
    )


def _coding(row: Row) -> CodingRecord:
    name, title, did, length, items, factory, *access = row
    return CodingRecord(
        name, title, did, length, tuple(_item(item) for item in items), bytes.fromhex(factory), *access
    )


def _item(row: Row) -> OptionItem:
    name, title, byte, bit, bit_length, choices, *rest = row
    return OptionItem(name, title, byte, bit, bit_length, _all(lambda *item: OptionChoice(*item), choices), *rest)
