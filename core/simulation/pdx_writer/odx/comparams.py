"""ODX-C: comparam subsets, specs and protocol layers (UDS on CAN and DoIP, KWP2000 on CAN), and a unit's own values.

Names and sub-parameter order follow ISO 22900-2 (D-PDU API), so that any ODX reader finds addresses and timing. Times
are microseconds there. Only parameters that a tester of these vehicles needs are listed.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.simulation.pdx_writer.odx.dops import identical, physical, standard_length
from core.simulation.pdx_writer.odx.xml import Doc, Element, by_name, element, named, reference
from core.simulation.pdx_writer.tables.model import KWP2000, Can, Unit, Vehicle

PROTOCOLS_CONTAINER = Doc("PROTOCOLS", "CONTAINER")
FUNCTIONAL_CAN, FUNCTIONAL_DOIP, TESTER_DOIP = 0x7DF, 0xE400, 0x0E00
FUNCTIONAL_29_BIT = 0x18DB33F1  # ISO 15765-4, 6.3.2.3
FUNCTIONAL_EXTENSION = 0xFE  # no N_PCI: units with normal addressing on the same identifier pass such a frame over
NORMAL, EXTENDED, WITH_29_BIT = 0x05, 0x0D, 0x02  # bits of CP_CanPhysReqFormat (ISO 22900-2)

# (name, class, default); the class also tells the unit of measure: TIMING is microseconds
_APPLICATION = (
    ("CP_P2Max", "TIMING", "1000000"),
    ("CP_P2Star", "TIMING", "6000000"),
    ("CP_RC21CompletionTimeout", "TIMING", "25000000"),
    ("CP_RC78CompletionTimeout", "TIMING", "25000000"),
    ("CP_TesterPresentTime", "TIMING", "2000000"),
)
_CAN_TRANSPORT = (
    ("CP_BlockSize", "COM", "0"),
    ("CP_StMin", "TIMING", "0"),
    ("CP_CanFillerByteHandling", "COM", "1"),
    ("CP_CanFillerByte", "COM", "204"),
    ("CP_CanFuncReqId", "COM", str(FUNCTIONAL_CAN)),
)
# only in the data of vehicles that have such units, and only at those
_CAN_FD = ("CP_CANFDTxMaxDataLength", "COM", "TX_DL = 8 CAN", "text")
_CAN_EXTENDED = ("CP_CanFuncReqExtAddr", "COM", "0", "number")
_DOIP_TRANSPORT = (
    ("CP_DoIPLogicalGatewayAddress", "COM", "0"),
    ("CP_DoIPLogicalTesterAddress", "COM", str(TESTER_DOIP)),
    ("CP_DoIPLogicalFunctionalAddress", "COM", str(FUNCTIONAL_DOIP)),
    ("CP_DoIPRoutingActivationType", "COM", "0"),
    ("CP_DoIPRoutingActivationTimeout", "TIMING", "2000000"),
    ("CP_DoIPDiagnosticAckTimeout", "TIMING", "2000000"),
)
_CAN_TABLE = (
    ("CP_CanPhysReqFormat", "5"),
    ("CP_CanPhysReqId", "0"),
    ("CP_CanPhysReqExtAddr", "0"),
    ("CP_CanRespUSDTFormat", "5"),
    ("CP_CanRespUSDTId", "0"),
    ("CP_CanRespUSDTExtAddr", "0"),
    ("CP_CanRespUUDTFormat", "0"),
    ("CP_CanRespUUDTId", "4294967295"),
    ("CP_CanRespUUDTExtAddr", "0"),
)
_DOIP_TABLE = (("CP_DoIPLogicalEcuAddress", "0"), ("CP_DoIPSecondaryLogicalECUResponseAddress", "0"))


@dataclass(frozen=True, slots=True)
class Protocol:
    """One protocol layer with the comparam subsets it is made of."""

    name: str
    title: str
    spec: str
    physical_link: str
    application: str
    transport: str

    @property
    def on_can(self) -> bool:
        return self.transport == "ISO_15765_2"

    @property
    def layer_id(self) -> str:
        return f"PROTOCOLS.{self.name}"

    @property
    def doc(self) -> Doc:
        return PROTOCOLS_CONTAINER


UDS_ON_CAN = Protocol(
    "UDS_CAN", "UDS on CAN", "ISO_15765_3_on_ISO_15765_2", "ISO_11898_2_DWCAN", "ISO_15765_3", "ISO_15765_2"
)
KWP_ON_CAN = Protocol(
    "KWP2000_CAN", "KWP2000 on CAN", "ISO_14230_3_on_ISO_15765_2", "ISO_11898_2_DWCAN", "ISO_14230_3", "ISO_15765_2"
)
UDS_ON_DOIP = Protocol(
    "UDS_DOIP", "UDS on DoIP", "ISO_14229_5_on_ISO_13400_2", "IEEE_802_3", "ISO_14229_5", "ISO_13400_2"
)


def protocol_of(unit: Unit) -> Protocol:
    if isinstance(unit.address, Can):
        return KWP_ON_CAN if unit.protocol == KWP2000 else UDS_ON_CAN
    return UDS_ON_DOIP


def protocols_of(vehicle: Vehicle) -> list[Protocol]:
    used = {protocol_of(unit) for unit in vehicle.units}
    return [protocol for protocol in (UDS_ON_CAN, KWP_ON_CAN, UDS_ON_DOIP) if protocol in used]


def unit_comparams(unit: Unit) -> list[Element]:
    """COMPARAM-REFs of a base variant: where the unit is found."""
    more: list[tuple[str, str]] = []
    if isinstance(unit.address, Can):
        given = _can_table(unit.address)
        rows: tuple[tuple[str, str], ...] = _CAN_TABLE
        more += [(_CAN_FD[0], "TX_DL = 64 CANFD")] if unit.address.fd else []
        more += [(_CAN_EXTENDED[0], str(FUNCTIONAL_EXTENSION))] if unit.address.extension else []
    else:
        given = {"CP_DoIPLogicalEcuAddress": str(unit.address.logical)}
        rows = _DOIP_TABLE
    values = [element("SIMPLE-VALUE", given.get(name, default)) for name, default in rows]
    table = element("COMPLEX-VALUE", *values, element("SIMPLE-VALUE", unit.name))
    protocol = protocol_of(unit)
    simple = [_simple(protocol, protocol.transport, name, text) for name, text in more]
    return [_value(protocol, protocol.transport, "CP_UniqueRespIdTable", table), *simple]


def _can_table(address: Can) -> dict[str, str]:
    """The unit's own parts of CP_UniqueRespIdTable."""
    layout = (EXTENDED if address.extension else NORMAL) | (WITH_29_BIT if address.is_29_bit else 0)
    tx_extension, rx_extension = address.extension or (0, 0)
    return {
        "CP_CanPhysReqFormat": str(layout),
        "CP_CanPhysReqId": str(address.tx),
        "CP_CanPhysReqExtAddr": str(tx_extension),
        "CP_CanRespUSDTFormat": str(layout),
        "CP_CanRespUSDTId": str(address.rx),
        "CP_CanRespUSDTExtAddr": str(rx_extension),
    }


def _value(protocol: Protocol, subset: str, name: str, content: Element) -> Element:
    doc = Doc(subset, "COMPARAM-SUBSET")
    return reference("COMPARAM-REF", f"{subset}.{name}", doc, content, by_name("PROTOCOL-SNREF", protocol.name))


def _simple(protocol: Protocol, subset: str, name: str, text: str) -> Element:
    return _value(protocol, subset, name, element("SIMPLE-VALUE", text))


def protocol_container(vehicle: Vehicle) -> Element:
    """DIAG-LAYER-CONTAINER with the protocol layers that the vehicle uses."""
    layers = []
    for protocol in protocols_of(vehicle):
        given = [_simple(protocol, protocol.application, name, text) for name, _, text in _APPLICATION]
        if protocol.on_can:
            given.append(_simple(protocol, protocol.physical_link, "CP_Baudrate", "500000"))
            of_29_bit = any(address.is_29_bit for address in vehicle.can_addresses)
            own = {"CP_CanFuncReqId": str(FUNCTIONAL_29_BIT)} if of_29_bit else {}
            given += [
                _simple(protocol, protocol.transport, name, own.get(name, text)) for name, _, text in _CAN_TRANSPORT
            ]
        else:
            own = {"CP_DoIPLogicalGatewayAddress": str(vehicle.gateway or 0)}
            given += [
                _simple(protocol, protocol.transport, name, own.get(name, text)) for name, _, text in _DOIP_TRANSPORT
            ]
        spec = reference("COMPARAM-SPEC-REF", f"CPS.{protocol.spec}", Doc(protocol.spec, "COMPARAM-SPEC"))
        layers.append(
            named("PROTOCOL", protocol.name, protocol.title, element("COMPARAM-REFS", *given), spec,
                  by_name("PROT-STACK-SNREF", protocol.spec), id=protocol.layer_id)
        )  # fmt: skip
    return named("DIAG-LAYER-CONTAINER", PROTOCOLS_CONTAINER.name, "Protocols", element("PROTOCOLS", *layers),
                 id="PROTOCOLS.DLC")  # fmt: skip


def comparam_spec(protocol: Protocol) -> Element:
    """COMPARAM-SPEC with the one protocol stack."""
    names = [protocol.application, protocol.transport]
    names += [protocol.physical_link] if protocol.on_can else []
    refs = [reference("COMPARAM-SUBSET-REF", name, Doc(name, "COMPARAM-SUBSET")) for name in names]
    stack = named(
        "PROT-STACK",
        protocol.spec,
        "",
        element("PDU-PROTOCOL-TYPE", protocol.spec),
        element("PHYSICAL-LINK-TYPE", protocol.physical_link),
        element("COMPARAM-SUBSET-REFS", *refs),
        id=f"PS.{protocol.spec}",
    )
    return named("COMPARAM-SPEC", protocol.spec, protocol.title, element("PROT-STACKS", stack),
                 id=f"CPS.{protocol.spec}")  # fmt: skip


def comparam_subsets(protocol: Protocol, vehicle: Vehicle) -> list[Element]:
    """The COMPARAM-SUBSETs of a protocol: application, transport and, for CAN, the physical layer."""
    on_can = protocol.on_can
    transport: tuple[tuple[str, ...], ...] = _CAN_TRANSPORT if on_can else _DOIP_TRANSPORT
    table = _CAN_TABLE if on_can else _DOIP_TABLE
    if on_can:
        transport += (_CAN_FD,) if any(address.fd for address in vehicle.can_addresses) else ()
        transport += (_CAN_EXTENDED,) if any(address.extension for address in vehicle.can_addresses) else ()
    subsets = [
        _subset(protocol.application, "APPLICATION", _APPLICATION, ()),
        _subset(protocol.transport, "TRANSPORT", transport, table),
    ]
    if on_can:
        subsets.append(_subset(protocol.physical_link, "PHYSICAL", (("CP_Baudrate", "BUSTYPE", "500000"),), ()))
    return subsets


def _subset(name: str, category: str, rows: tuple[tuple[str, ...], ...],
            table: tuple[tuple[str, str], ...]) -> Element:  # fmt: skip
    """`rows`: name, class, default, and the data object where it is no number."""
    parts = [element("COMPARAMS", *(_comparam(name, *row) for row in rows))]
    if table:
        members = [_comparam(name, row, "UNIQUE_ID", default) for row, default in table]
        members.append(_comparam(name, "CP_ECULayerShortName", "UNIQUE_ID", "", "text"))
        complex_one = named(
            "COMPLEX-COMPARAM",
            "CP_UniqueRespIdTable",
            "",
            *members,
            id=f"{name}.CP_UniqueRespIdTable",
            param_class="UNIQUE_ID",
            cptype="STANDARD",
            cpusage="ECU-COMM",
            allow_multiple_values="true",
        )
        parts.append(element("COMPLEX-COMPARAMS", complex_one))
    number = named("DATA-OBJECT-PROP", "number", "", identical(), standard_length(32), physical("A_UINT32"),
                   id=f"{name}.DOP.number")  # fmt: skip
    string = element("DIAG-CODED-TYPE", element("MIN-LENGTH", "0"), base_data_type="A_ASCIISTRING",
                     termination="END-OF-PDU", xsi_type="MIN-MAX-LENGTH-TYPE")  # fmt: skip
    text = named("DATA-OBJECT-PROP", "text", "", identical(), string, physical("A_UNICODE2STRING"),
                 id=f"{name}.DOP.text")  # fmt: skip
    return named("COMPARAM-SUBSET", name, "", *parts, element("DATA-OBJECT-PROPS", number, text),
                 id=name, category=category)  # fmt: skip


def _comparam(subset: str, name: str, kind: str, default: str, dop: str = "number") -> Element:
    return named(
        "COMPARAM",
        name,
        "",
        element("PHYSICAL-DEFAULT-VALUE", default),
        reference("DATA-OBJECT-PROP-REF", f"{subset}.DOP.{dop}"),
        id=f"{subset}.{name}",
        param_class=kind,
        cptype="STANDARD",
        cpusage="TESTER",
    )
