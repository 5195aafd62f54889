"""DIAG-CODED-TYPEs and COMPU-METHODs of odxtools as plain data for codec/. Child process only."""

from __future__ import annotations

from typing import Any

from core.catalogue.codec.compu import value_to_json

Data = dict[str, Any]


def coded_type_data(ct: Any) -> Data:
    data: Data = {"b": ct.base_data_type.value}
    if ct.base_type_encoding is not None and ct.base_type_encoding.value not in ("NONE", "2C"):
        data["e"] = ct.base_type_encoding.value
    if not ct.is_highlow_byte_order:
        data["hl"] = False
    kind = ct.dct_type
    if kind == "STANDARD-LENGTH-TYPE":
        data |= {"k": "std", "n": ct.bit_length}
        if ct.bit_mask is not None:
            data |= {"m": ct.bit_mask, "c": ct.is_condensed}
    elif kind == "LEADING-LENGTH-INFO-TYPE":
        data |= {"k": "lead", "n": ct.bit_length}
    elif kind == "MIN-MAX-LENGTH-TYPE":
        data |= {"k": "minmax", "min": ct.min_length, "max": ct.max_length, "term": ct.termination.value}
    else:
        data |= {"k": "plen", "key": ct.length_key.short_name}
    return data


def compu_data(compu: Any) -> Data:
    data: Data = {"int": compu.internal_type.value, "phys": compu.physical_type.value}
    default = compu.compu_internal_to_phys and compu.compu_internal_to_phys.compu_default_value
    if default is not None and default.value is not None:
        data["default"] = value_to_json(default.value)
    category = compu.category.value
    if category in ("LINEAR", "SCALE-LINEAR"):
        segments = [compu.segment] if category == "LINEAR" else compu.segments
        data |= {"k": "lin", "segs": [_segment(segment) for segment in segments]}
        if category == "SCALE-LINEAR":
            data["inv"] = compu._is_invertible  # odxtools has no public name for it
    elif category == "TEXTTABLE":
        data |= _text_table(compu)
    elif category == "TAB-INTP":
        data |= {"k": "tab", "x": list(compu.internal_points), "y": list(compu.physical_points)}
    elif category == "RAT-FUNC":
        back = compu.phys_to_int_segment
        forward = [_rational(compu.int_to_phys_segment)]
        data |= {"k": "rat", "fwd": forward, "back": [_rational(back)] if back is not None else None}
    elif category == "SCALE-RAT-FUNC":
        backs = compu.phys_to_int_segments
        data |= {"k": "rat", "fwd": [_rational(segment) for segment in compu.int_to_phys_segments]}
        data["back"] = [_rational(segment) for segment in backs] if backs is not None else None
    else:
        data["k"] = "code" if category == "COMPUCODE" else "id"
    return data


def _text_table(compu: Any) -> Data:
    rows = []
    for scale in compu.compu_internal_to_phys.compu_scales:
        inverse = scale.compu_inverse_value.value if scale.compu_inverse_value is not None else None
        text = scale.compu_const.value if scale.compu_const is not None else None
        rows.append([_limit(scale.lower_limit), _limit(scale.upper_limit), text, value_to_json(inverse)])
    data: Data = {"k": "text", "rows": rows}
    back = compu.compu_phys_to_internal
    if (default := compu.compu_internal_to_phys.compu_default_value) is not None and default.vt is not None:
        data["dtext"] = default.vt
    if back is not None and back.compu_default_value is not None and back.compu_default_value.v is not None:
        data["dnum"] = value_to_json(compu.internal_type.from_string(back.compu_default_value.v))
    return data


def _segment(segment: Any) -> list[Any]:
    return [
        segment.offset,
        segment.factor,
        segment.denominator,
        segment.inverse_value,
        _limit(segment.internal_lower_limit),
        _limit(segment.internal_upper_limit),
        _limit(segment.physical_lower_limit),
        _limit(segment.physical_upper_limit),
    ]


def _rational(segment: Any) -> list[Any]:
    return [
        list(segment.numerator_coeffs),
        list(segment.denominator_coeffs) or [1],
        _limit(segment.lower_limit),
        _limit(segment.upper_limit),
        segment.value_type.value,
    ]


def _limit(limit: Any) -> list[Any] | None:
    if limit is None:
        return None
    return [value_to_json(limit.value), limit.interval_type.value if limit.interval_type is not None else "CLOSED"]
