"""One diagnostic service as data and its ODX elements: DIAG-SERVICE, REQUEST, POS-RESPONSE (ISO 22901-1, 7.3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from core.simulation.pdx_writer.odx.dops import dop_id, standard_length
from core.simulation.pdx_writer.odx.xml import Element, by_name, element, group, named, reference, special_data
from core.simulation.pdx_writer.tables.model import Unit


class Where(Enum):
    """Which software of the unit knows the service."""

    BOTH = "both"
    APPLICATION = "application"
    BOOT = "boot"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. With `value` a coded constant, with `request_byte` an echo of the request, else a DOP's value.

    `bits` is None for what reaches to the end of the PDU or has its length from its DOP. `byte` overrules the place
    behind the parameter before it.
    """

    name: str
    semantic: str
    bits: int | None
    value: int | None = None
    dop: str = ""
    request_byte: int | None = None
    default: str = ""
    byte: int | None = None
    bit: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One request with its positive answer. `ident` is the IDENT-KIND of our special data, "" for none."""

    name: str
    title: str
    semantic: str
    family: str
    request: tuple[Param, ...]
    response: tuple[Param, ...]
    ident: str = ""
    suppressible: bool = False
    where: Where = Where.BOTH


def const(name: str, semantic: str, value: int, bits: int = 8) -> Param:
    return Param(name, semantic, bits, value=value)


def value(name: str, dop: str, bits: int | None, semantic: str = "DATA", default: str = "", title: str = "") -> Param:
    return Param(name, semantic, bits, dop=dop, default=default, title=title)


def sid(number: int) -> Param:
    return const("SID", "SERVICE-ID", number)


def sub_function(number: int) -> Param:
    return const("SubFunction", "SUBFUNCTION", number)


def did(number: int) -> Param:
    return const("DID", "ID", number, 16)


def params(unit: Unit, rows: Sequence[Param]) -> list[Element]:
    """PARAM elements with their byte positions."""
    made, position = [], 0
    for row in rows:
        at = position if row.byte is None else row.byte
        made.append(_param(unit, row, at))
        position = at + ((row.bit + row.bits + 7) // 8 if row.bits is not None else 0)
    return made


def _param(unit: Unit, row: Param, at: int) -> Element:
    common = (element("BYTE-POSITION", str(at)), element("BIT-POSITION", str(row.bit)) if row.bit else None)
    if row.value is not None and row.bits is not None:
        coded = element("CODED-VALUE", str(row.value))
        return named("PARAM", row.name, "", *common, coded, standard_length(row.bits),
                     semantic=row.semantic, xsi_type="CODED-CONST")  # fmt: skip
    if row.request_byte is not None and row.bits is not None:
        place, length = str(row.request_byte), str(row.bits // 8)
        return named("PARAM", row.name, "", *common, element("REQUEST-BYTE-POS", place), element("BYTE-LENGTH", length),
                     semantic=row.semantic, xsi_type="MATCHING-REQUEST-PARAM")  # fmt: skip
    default = element("PHYSICAL-DEFAULT-VALUE", row.default) if row.default else None
    return named("PARAM", row.name, row.title, *common, default, reference("DOP-REF", dop_id(unit, row.dop)),
                 semantic=row.semantic, xsi_type="VALUE")  # fmt: skip


def _id(unit: Unit, kind: str, service: Service) -> str:
    return f"{unit.name}.{kind}.{service.name}"


def service_id(unit: Unit, name: str) -> str:
    """ID of a DIAG-SERVICE, for references from ODX-E."""
    return f"{unit.name}.DC.{name}"


def diag_service(unit: Unit, service: Service) -> Element:
    suppressible = None
    if service.suppressible:  # bit 7 of the sub-function (ISO 14229-1, 8.2.2)
        suppressible = element(
            "POS-RESPONSE-SUPPRESSABLE", element("BIT-MASK", "80"), by_name("CODED-CONST-SNREF", "SubFunction")
        )
    family = reference("FUNCT-CLASS-REF", f"{unit.name}.FNC.{service.family}")
    return named(
        "DIAG-SERVICE",
        service.name,
        service.title,
        special_data([("IDENT-KIND", service.ident)]) if service.ident else None,
        element("FUNCT-CLASS-REFS", family),
        reference("REQUEST-REF", _id(unit, "RQ", service)),
        element("POS-RESPONSE-REFS", reference("POS-RESPONSE-REF", _id(unit, "PR", service))),
        element("NEG-RESPONSE-REFS", reference("NEG-RESPONSE-REF", f"{unit.name}.NR.negative")),
        suppressible,
        id=service_id(unit, service.name),
        semantic=service.semantic,
    )


def request(unit: Unit, service: Service) -> Element:
    return named("REQUEST", f"RQ_{service.name}", "", group("PARAMS", params(unit, service.request)),
                 id=_id(unit, "RQ", service))  # fmt: skip


def positive_response(unit: Unit, service: Service) -> Element:
    return named("POS-RESPONSE", f"PR_{service.name}", "", group("PARAMS", params(unit, service.response)),
                 id=_id(unit, "PR", service))  # fmt: skip


def negative_response(unit: Unit) -> Element:
    """7F, the request's SID, and the code (ISO 14229-1, 8.7.2.3)."""
    rows = (
        sid(0x7F),
        Param("RequestSID", "SERVICEIDRQ", 8, request_byte=0),
        Param("NRC", "DATA", 8, dop="uint8"),
    )
    return named("NEG-RESPONSE", "negative", "Negative response", group("PARAMS", params(unit, rows)),
                 id=f"{unit.name}.NR.negative")  # fmt: skip
