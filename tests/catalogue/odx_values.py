"""Values that fit odxtools' objects, made by a seeded generator, and both decoders' answers in one form."""

from __future__ import annotations

import random
from typing import Any

from core.catalogue.model import DtcText


class Maker:
    """Draws a value for any parameter or DOP of odxtools; `None` where the object needs none."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def for_parameters(self, parameters: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for item in parameters:
            kind = item.parameter_type
            if kind == "VALUE" and (item.is_required or self.random.random() < 0.5):
                values[item.short_name] = self.for_dop(item.dop, values)
            elif kind == "TABLE-STRUCT":
                values[item.short_name] = self.for_table(item.table_key)
            elif kind == "TABLE-KEY" and not any(
                other.parameter_type == "TABLE-STRUCT" and other.table_key is item for other in parameters
            ):
                values[item.short_name] = self.random.choice(list(item.table.table_rows)).short_name
            elif kind == "LENGTH-KEY" and not _is_used(item, parameters):
                values[item.short_name] = 8
        return values

    def for_table(self, key: Any) -> tuple[str, Any]:
        row = key.table_row if key.table_row is not None else self.random.choice(list(key.table.table_rows))
        if row.structure is not None:
            return row.short_name, self.for_dop(row.structure, {})
        return row.short_name, None if row.dop is None else self.for_dop(row.dop, {})

    def for_dop(self, dop: Any, before: dict[str, Any]) -> Any:
        kind = type(dop).__name__
        if kind == "DataObjectProperty":
            return self.for_simple(dop)
        if kind == "DtcDop":
            return self.random.choice([dtc.trouble_code for dtc in dop.dtcs] or [0x123456])
        if kind in ("Structure", "EnvironmentData"):
            return self.for_parameters(dop.parameters)
        if kind == "Multiplexer":
            case = self.random.choice([*dop.cases, *([dop.default_case] if dop.default_case is not None else [])])
            return case.short_name, {} if case.structure is None else self.for_dop(case.structure, {})
        if kind == "EnvironmentDataDescription":
            merged: dict[str, Any] = {}
            for environment in dop.env_datas:
                merged |= self.for_parameters(environment.parameters)
            return merged
        if kind == "StaticField":
            return [self.for_dop(dop.structure, {}) for _ in range(dop.fixed_number_of_items)]
        return [self.for_dop(dop.structure, {}) for _ in range(self.random.randrange(4))]

    def for_simple(self, dop: Any) -> Any:
        compu = dop.compu_method
        for _ in range(2000):
            internal = self.internal(dop.diag_coded_type)
            if compu.is_valid_internal_value(internal):
                physical = compu.convert_internal_to_physical(internal)
                if compu.is_valid_physical_value(physical):
                    return physical
        raise AssertionError(f"no value found for {dop.short_name}")

    def internal(self, coded: Any) -> Any:
        base, bits = coded.base_data_type.value, self._bits(coded)
        if base == "A_UINT32":
            if coded.base_type_encoding is not None and coded.base_type_encoding.value.startswith("BCD"):
                digits = bits // (4 if coded.base_type_encoding.value == "BCD-P" else 8)
                return self.random.randrange(10**digits)
            number = self.random.choice([self.random.randrange(1 << bits), self.random.randrange(min(1 << bits, 300))])
            mask = getattr(coded, "bit_mask", None)
            return number if mask is None else number & mask
        if base == "A_INT32":
            half = 1 << (bits - 1)
            return self.random.randrange(1 - half, half)
        if base.startswith("A_FLOAT"):
            return float(self.random.randrange(-4000, 4000)) / 8
        if base == "A_BYTEFIELD":
            return self.random.randbytes(bits // 8)
        text = "".join(self.random.choice("ABCdef 0123-_") for _ in range(bits // 8))
        return text if base != "A_UNICODE2STRING" else text[: bits // 16]

    def _bits(self, coded: Any) -> int:
        kind = coded.dct_type
        if kind == "STANDARD-LENGTH-TYPE":
            return int(coded.bit_length)
        if kind == "MIN-MAX-LENGTH-TYPE":
            most = coded.max_length if coded.max_length is not None else coded.min_length + 20
            length = self.random.randint(coded.min_length, min(most, coded.min_length + 20))
            return 8 * (length // 2 * 2 if coded.base_data_type.value == "A_UNICODE2STRING" else length)
        if kind == "LEADING-LENGTH-INFO-TYPE":
            return 8 * self.random.randrange(12)
        return 8 * self.random.randrange(1, 6)


def plain(value: Any) -> Any:
    """A decoded value without either library's own classes: trouble codes as numbers, byte fields as bytes."""
    if isinstance(value, DtcText):
        return value.code
    if hasattr(value, "trouble_code"):
        return value.trouble_code
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _is_used(key: Any, parameters: Any) -> bool:
    for item in parameters:
        coded = getattr(getattr(item, "dop", None), "diag_coded_type", None)
        if getattr(coded, "dct_type", "") == "PARAM-LENGTH-INFO-TYPE":
            return True
    return False
