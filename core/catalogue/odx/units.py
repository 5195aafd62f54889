"""Units, variants, identifications and trouble codes from ODX-D layers. Child process only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.catalogue.model import DtcText, IdentItem, UnitInfo, VariantInfo, VariantPattern
from core.catalogue.odx.comparams import addresses_of, protocol_of, timing_of
from core.catalogue.odx.pool import dtc_display
from core.catalogue.odx.special import special_data
from core.catalogue.sdg import IDENT_KINDS, KIND_OF_DID, KIND_OF_KWP_IDENTIFIER
from core.protocol import dtc as uds_dtc
from core.protocol.kwp2000.dtc import display
from core.vocabulary import KWP2000

Dtcs = tuple[DtcText, ...]

_READ_DATA = 0x22
_IDENTIFICATION, _LOCAL, _WRITE_LOCAL = 0x1A, 0x21, 0x3B  # KWP2000: one byte behind the SID


def units_of(database: Any, problems: list[str]) -> list[UnitInfo]:
    """One unit per BASE-VARIANT with its ECU-VARIANTs; an ECU-VARIANT without a base is a unit of its own."""
    variants: dict[str, list[Any]] = {}
    alone: list[Any] = []
    for variant in database.ecu_variants:
        base = variant.base_variant
        (variants.setdefault(base.short_name, []) if base is not None else alone).append(variant)
    units = [_unit(base, variants.get(base.short_name, []), problems) for base in database.base_variants]
    return units + [_unit(variant, [variant], problems) for variant in alone]


def _unit(layer: Any, variants: list[Any], problems: list[str]) -> UnitInfo:
    special = special_data(layer.diag_layer_raw, place=layer.short_name)
    protocol = protocol_of(layer, special)
    spell = _two_bytes if protocol == KWP2000 else tuple
    dtcs = spell(dtcs_of(layer))
    unit = UnitInfo(
        name=layer.short_name,
        title=layer.long_name or layer.short_name,
        file="",
        addresses=addresses_of(layer, protocol),
        protocol=protocol,
        timing=timing_of(layer, special),
        variants=tuple(_variant(variant, layer, dtcs, spell, problems) for variant in variants),
        idents=idents_of(layer, problems, protocol),
        dtcs=dtcs or spell(dtcs_of(*variants)),
    )
    problems += special.problems
    problems += [f"{layer.short_name}: special data {name} is not known" for name in special.unknown_names()]
    return unit


def _variant(layer: Any, base: Any, of_unit: Dtcs, spell: Callable[[Dtcs], Dtcs], problems: list[str]) -> VariantInfo:
    special = special_data(layer.diag_layer_raw, place=layer.short_name)
    by_name = "BOOT" if "boot" in layer.short_name.lower() else "APPL"
    dtcs = spell(dtcs_of(layer))
    return VariantInfo(
        name=layer.short_name,
        title=layer.long_name or layer.short_name,
        patterns=_patterns(layer, base, problems),
        is_boot=special.text("VARIANT-KIND", by_name).strip().upper() == "BOOT",
        services=tuple(service.short_name for service in layer.services),
        dtcs=dtcs if dtcs != of_unit else (),
    )


def _patterns(layer: Any, base: Any, problems: list[str]) -> tuple[VariantPattern, ...]:
    """A pattern that reads anything but a DID cannot be matched before a session is known: it is reported."""
    result = []
    for pattern in getattr(layer, "ecu_variant_patterns", ()):
        matches, parameters = [], []
        for item in pattern.matching_parameters:
            did = did_of(service_named(item.diag_comm_snref, layer, base))
            if did is None:
                problems.append(f"{layer.short_name}: its pattern reads {item.diag_comm_snref}, which is no plain DID")
                break
            matches.append((did, item.expected_value))
            parameters.append(item.out_param_if_snref or item.out_param_if_snpathref or "")
        else:
            result.append(VariantPattern(tuple(matches), tuple(parameters)))
    return tuple(result)


def idents_of(layer: Any, problems: list[str], protocol: str) -> tuple[IdentItem, ...]:
    """Every 0x22 service without parameters is an identification (see sdg.py for its kind).

    In KWP2000 those of 0x1A are, and of 0x21 (and 0x22) those that say so.
    """
    kinds = KIND_OF_KWP_IDENTIFIER if protocol == KWP2000 else KIND_OF_DID
    found: dict[int, IdentItem] = {}
    for service in layer.services:
        did = did_of(service)
        if did is None or did in found:
            continue
        special = special_data(service, place=f"{layer.short_name}/{service.short_name}")
        measured = protocol == KWP2000 and did >> 8 != _IDENTIFICATION
        kind = special.text("IDENT-KIND", "IGNORE" if measured else kinds.get(did, "other")).strip()
        if kind.upper() == "IGNORE":
            continue
        if kind.lower() not in IDENT_KINDS:
            problems.append(f"{special.place}: IDENT-KIND {kind!r} is not known; 'other' is used")
            kind = "other"
        found[did] = IdentItem(service.short_name, service.long_name or service.short_name, did, kind.lower())
    return tuple(found.values())


def did_of(service: Any) -> int | None:
    """The DID of a ReadDataByIdentifier request that is all constant: SID and 16 bits. None for anything else.

    KWP2000: `1A xx` and `21 xx` as 0x1Axx and 0x21xx (core/protocol/kwp2000/services.py).
    """
    prefix = _constant_start(service, whole=True)
    if len(prefix) == 2 and prefix[0] in (_IDENTIFICATION, _LOCAL):
        return int.from_bytes(prefix, "big")
    return int.from_bytes(prefix[1:], "big") if len(prefix) == 3 and prefix[0] == _READ_DATA else None


def write_did_of(service: Any) -> int | None:
    """The DID of a WriteDataByIdentifier request, or of a WriteDataByLocalIdentifier request."""
    prefix = _constant_start(service, whole=False)
    if len(prefix) >= 2 and prefix[0] == _WRITE_LOCAL:
        return _LOCAL << 8 | prefix[1]
    return int.from_bytes(prefix[1:3], "big") if len(prefix) >= 3 and prefix[0] == 0x2E else None


def _constant_start(service: Any, *, whole: bool) -> bytes:
    """The constant bytes that the request begins with; b"" where it has none, or others behind them (`whole`)."""
    request = getattr(service, "request", None)
    if request is None or (whole and _is_open(request)):
        return b""
    return bytes(request.coded_const_prefix())


def _two_bytes(dtcs: Dtcs) -> Dtcs:
    """KWP2000 codes have no failure type byte: as numbers of 3 bytes it is 00."""
    return tuple(
        replace(each, code=each.code << 8, display=display(each.code) if _is_derived(each) else each.display)
        for each in dtcs
    )


def _is_derived(text: DtcText) -> bool:
    """The data give no DISPLAY-TROUBLE-CODE."""
    return text.display == uds_dtc.display(text.code)


def _is_open(request: Any) -> bool:
    return any(item.parameter_type != "CODED-CONST" for item in request.parameters)


def service_named(name: str | None, *layers: Any) -> Any:
    for layer in layers:
        for service in layer.services:
            if service.short_name == name:
                return service
    return None


def dtcs_of(*layers: Any) -> tuple[DtcText, ...]:
    """All trouble codes of the layers' DTC-DOPs, each code once, sorted."""
    found: dict[int, DtcText] = {}
    for layer in layers:
        for dop in layer.diag_data_dictionary_spec.dtc_dops:
            for dtc in dop.dtcs:
                text = dtc.text.text if dtc.text is not None else dtc.short_name
                found.setdefault(dtc.trouble_code, DtcText(dtc.trouble_code, dtc_display(dtc), text, dtc.level))
    return tuple(found[code] for code in sorted(found))
