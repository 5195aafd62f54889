"""Addresses and timing from communication parameters (ISO 22901-1, 7.5; names of ISO 22900-2). Child process only."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from core.catalogue.model import UnitTiming
from core.catalogue.sdg import SpecialData
from core.vocabulary import KWP2000, UDS, Addressing, CanAddress, DoipAddress, EcuAddress

# CP_CanPhysReqFormat as a number (ISO 22900-2, D-PDU API): bit 0 segmented, 1 identifiers of 29 bit, 2 with flow
# control, 3 extended addressing
_FORMAT_29_BIT, _FORMAT_EXTENDED = 0x02, 0x08


class Comparams:
    """The parameters of a layer as one protocol sees them; None where the data says nothing or nonsense."""

    def __init__(self, layer: Any, protocol: str | None) -> None:
        self._found: dict[str, Any] = {}
        # a parameter without a protocol holds for all, one that names the protocol goes before it
        for wanted in (None, protocol):
            for instance in layer.comparam_refs:
                if instance.protocol_snref == wanted:
                    self._found[instance.short_name] = instance

    def text(self, name: str) -> str | None:
        instance = self._found.get(name)
        if instance is None:
            return None
        value = instance.value or getattr(instance.spec, "physical_default_value", None)
        return value.strip() if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        return _number(self.text(name))

    def seconds(self, name: str) -> float | None:
        """Times stand in microseconds."""
        value = self.number(name)
        return value / 1e6 if value else None

    def response_table(self) -> dict[str, str]:
        """CP_UniqueRespIdTable by the short names of its parts, defaults included."""
        instance = self._found.get("CP_UniqueRespIdTable")
        if instance is None or not isinstance(values := instance.value, list):
            return {}
        parts = {}
        for part, value in zip(instance.spec.subparams, values, strict=False):
            chosen = value if isinstance(value, str) else getattr(part, "physical_default_value", None)
            if isinstance(chosen, str):
                parts[part.short_name] = chosen.strip()
        return parts

    def address(self) -> EcuAddress | None:
        table = self.response_table()
        logical = _number(table.get("CP_DoIPLogicalEcuAddress"))
        if logical is not None and 0 < logical <= 0xFFFF:
            functional = self.number("CP_DoIPLogicalFunctionalAddress")
            usable = functional is not None and 0xE000 <= functional <= 0xEFFF  # ISO 13400-2, table 13
            return DoipAddress(logical, functional) if usable and functional is not None else DoipAddress(logical)
        tx, rx = _number(table.get("CP_CanPhysReqId")), _number(table.get("CP_CanRespUSDTId"))
        if tx is None or rx is None or not 0 <= tx < 1 << 29 or not 0 <= rx < 1 << 29:
            return None
        return self._can_address(tx, rx, table)

    def _can_address(self, tx: int, rx: int, table: dict[str, str]) -> CanAddress:
        addressing, is_29_bit = _layout(table.get("CP_CanPhysReqFormat", "").lower())
        extended = addressing is not Addressing.NORMAL
        functional = self.number("CP_CanFuncReqId")
        is_extended_id = is_29_bit or max(tx, rx) > 0x7FF
        return CanAddress(
            tx,
            rx,
            is_extended_id,
            addressing,
            _byte(table.get("CP_CanPhysReqExtAddr")) if extended else None,
            _byte(table.get("CP_CanRespUSDTExtAddr")) if extended else None,
            functional if functional is not None else (0x18DB33F1 if is_extended_id else 0x7DF),
            "CANFD" in (self.text("CP_CANFDTxMaxDataLength") or ""),
            self._padding(),
            _byte(self.text("CP_CanFuncReqExtAddr")) if extended and self.text("CP_CanFuncReqExtAddr") else None,
        )

    def _padding(self) -> int | None:
        handling = (self.text("CP_CanFillerByteHandling") or "").lower()
        if "disabled" in handling or handling == "0":
            return None
        value = self.number("CP_CanFillerByte")
        return value if value is not None and 0 <= value <= 0xFF else 0xCC


def addresses_of(layer: Any, spoken: str) -> tuple[EcuAddress, ...]:
    """Every way to the unit, in the order of the protocols; the same address twice counts once.

    `spoken` is the diagnosis protocol of the unit (`protocol_of`).
    """
    found = (Comparams(layer, protocol).address() for protocol in protocol_names(layer))
    spoken_at = (replace(a, protocol=spoken) if isinstance(a, CanAddress) else a for a in found if a is not None)
    return tuple(dict.fromkeys(spoken_at))


def protocol_names(layer: Any) -> list[str | None]:
    return [protocol.short_name for protocol in layer.protocols] or [None]


def timing_of(layer: Any, special: SpecialData) -> UnitTiming:
    """P6 is P2 with the network's time (ISO 14229-2); where only P2 is given, half a second is added for the way."""
    normal = UnitTiming()
    comparams = Comparams(layer, protocol_names(layer)[0])
    p2, p2_star = comparams.seconds("CP_P2Max"), comparams.seconds("CP_P2Star")
    p6 = comparams.seconds("CP_P6Max") or (p2 + 0.5 if p2 else normal.p2)
    p6_star = comparams.seconds("CP_P6Star") or (p2_star + 0.5 if p2_star else normal.p2_star)
    s3 = comparams.seconds("CP_TesterPresentTime") or normal.s3_client
    # P6* below the P2* of ISO 14229-2 (5 s) would give up on units that keep to the standard
    return UnitTiming(
        special.number("P2", max(p6, normal.p2)),
        special.number("P2-STAR", max(p6_star, normal.p2_star)),
        special.number("S3-CLIENT", min(s3, 2.5)),
    )


def gateway_of(layer: Any) -> int | None:
    """CP_DoIPLogicalGatewayAddress of the first protocol that has one."""
    for protocol in protocol_names(layer):
        value = Comparams(layer, protocol).number("CP_DoIPLogicalGatewayAddress")
        if value is not None and 0 < value <= 0xFFFF:
            return value
    return None


def protocol_of(layer: Any, special: SpecialData) -> str:
    """UDS, or KWP2000 where protocol or comparam spec names ISO 14230."""
    names = []
    for protocol in layer.protocols:
        spec = getattr(protocol, "comparam_spec", None)
        names += [protocol.short_name, getattr(spec, "short_name", "")]
    is_kwp = any(re.search(r"14230|KWP", name or "", re.IGNORECASE) for name in names)
    chosen = special.text("PROTOCOL", KWP2000 if is_kwp else UDS).strip().upper()
    return chosen if chosen in (UDS, KWP2000) else UDS


def _layout(text: str) -> tuple[Addressing, bool]:
    """Addressing and whether identifiers have 29 bits, from CP_CanPhysReqFormat: words, or the bits of ISO 22900-2."""
    bits = _number(text)
    if bits is not None:
        return Addressing.EXTENDED if bits & _FORMAT_EXTENDED else Addressing.NORMAL, bool(bits & _FORMAT_29_BIT)
    if "mixed" in text:
        return Addressing.MIXED, "29-bit" in text
    return Addressing.EXTENDED if "extended" in text else Addressing.NORMAL, "29-bit" in text


def _number(text: str | None) -> int | None:
    try:
        return int(text, 0) if text else None
    except ValueError:
        return int(text) if text and text.isdecimal() else None


def _byte(text: str | None) -> int:
    value = _number(text)
    return value & 0xFF if value is not None else 0
