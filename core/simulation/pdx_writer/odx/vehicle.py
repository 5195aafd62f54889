"""ODX-V of a vehicle: connector, physical links, one logical link a unit, and what our special data say (7.6)."""

from __future__ import annotations

from core.simulation.pdx_writer.odx.comparams import UDS_ON_DOIP, Protocol, protocol_of, protocols_of
from core.simulation.pdx_writer.odx.layers import base_variant_id, container_of
from core.simulation.pdx_writer.odx.xml import Element, element, group, named, reference, special_data
from core.simulation.pdx_writer.tables.model import Unit, Vehicle

# ISO 15031-3 pins: 6/14 CAN; ISO 13400-4 option 1: 3/11 and 12/13 Ethernet, 8 activation line
_CAN_PINS = (("CAN_HIGH", 6, "HI"), ("CAN_LOW", 14, "LOW"))
_ETHERNET_PINS = (
    ("ETHERNET_RX_PLUS", 3, "RX"),
    ("ETHERNET_RX_MINUS", 11, "RX"),
    ("ETHERNET_TX_PLUS", 12, "TX"),
    ("ETHERNET_TX_MINUS", 13, "TX"),
    ("ETHERNET_ACTIVATION", 8, "SINGLE"),
)


def vehicle_document(vehicle: Vehicle) -> Element:
    """The VEHICLE-INFO-SPEC category."""
    model = named("INFO-COMPONENT", f"{vehicle.short_name}_MODEL", vehicle.title,
                  id=f"{vehicle.short_name}.MODEL", xsi_type="VEHICLE-MODEL")  # fmt: skip
    return named(
        "VEHICLE-INFO-SPEC",
        f"{vehicle.short_name}_INFO",
        vehicle.title,
        special_data(_special(vehicle)),
        element("INFO-COMPONENTS", model),
        element("VEHICLE-INFORMATIONS", _information(vehicle)),
        id=f"{vehicle.short_name}.INFO",
    )


def _special(vehicle: Vehicle) -> list[tuple[str, str]]:
    values = [
        ("VEHICLE", vehicle.short_name),
        ("NAME", vehicle.name),
        ("VIN-PREFIX", vehicle.vin_prefix),
        ("EURO-CLASS", vehicle.euro_class),
        ("PRODUCT-GROUP", vehicle.product_group),
        ("DOIP-ONLY", "TRUE" if vehicle.doip_only else "FALSE"),
    ]
    return values if vehicle.gateway is None else [*values, ("DOIP-GATEWAY", f"0x{vehicle.gateway:04X}")]


def _links(vehicle: Vehicle) -> list[tuple[Protocol, tuple[tuple[str, int, str], ...]]]:
    used: list[tuple[Protocol, tuple[tuple[str, int, str], ...]]] = []
    on_can = [protocol for protocol in protocols_of(vehicle) if protocol.on_can]
    if on_can:
        used.append((on_can[0], _CAN_PINS))
    if vehicle.on_doip:
        used.append((UDS_ON_DOIP, _ETHERNET_PINS))
    return used


def _information(vehicle: Vehicle) -> Element:
    key, pins, physical = vehicle.short_name, [], []
    for protocol, rows in _links(vehicle):
        refs = []
        for name, number, kind in rows:
            pin = f"{key}.PIN.{name}"
            pins.append(named("VEHICLE-CONNECTOR-PIN", name, "", element("PIN-NUMBER", str(number)), id=pin, type=kind))
            refs.append(reference("VEHICLE-CONNECTOR-PIN-REF", pin))
        physical.append(
            named("PHYSICAL-VEHICLE-LINK", protocol.physical_link, "", element("VEHICLE-CONNECTOR-PIN-REFS", *refs),
                  id=f"{key}.PVL.{protocol.physical_link}", type=protocol.physical_link)
        )  # fmt: skip
    connector = named("VEHICLE-CONNECTOR", "OBD", "Diagnostic connector", element("VEHICLE-CONNECTOR-PINS", *pins))
    return named(
        "VEHICLE-INFORMATION",
        key,
        vehicle.title,
        element("INFO-COMPONENT-REFS", reference("INFO-COMPONENT-REF", f"{key}.MODEL")),
        element("VEHICLE-CONNECTORS", connector),
        element("LOGICAL-LINKS", *(_logical_link(vehicle, unit) for unit in vehicle.units)),
        element("PHYSICAL-VEHICLE-LINKS", *physical),
    )


def _logical_link(vehicle: Vehicle, unit: Unit) -> Element:
    protocol, gateway = protocol_of(unit), _gateway_of(vehicle, unit)
    behind = group("GATEWAY-LOGICAL-LINK-REFS", [gateway and reference("GATEWAY-LOGICAL-LINK-REF", gateway)])
    return named(
        "LOGICAL-LINK",
        f"LL_{unit.name}",
        unit.kind.title,
        behind,
        reference("PHYSICAL-VEHICLE-LINK-REF", f"{vehicle.short_name}.PVL.{protocol.physical_link}"),
        reference("PROTOCOL-REF", protocol.layer_id, protocol.doc),
        reference("BASE-VARIANT-REF", base_variant_id(unit), container_of(unit)),
        id=_link_id(vehicle, unit),
        xsi_type="GATEWAY-LOGICAL-LINK" if _is_gateway(vehicle, unit) else "MEMBER-LOGICAL-LINK",
    )


def _link_id(vehicle: Vehicle, unit: Unit) -> str:
    return f"{vehicle.short_name}.LL.{unit.name}"


def _is_gateway(vehicle: Vehicle, unit: Unit) -> bool:
    return vehicle.gateway is not None and getattr(unit.address, "logical", None) == vehicle.gateway


def _gateway_of(vehicle: Vehicle, unit: Unit) -> str | None:
    """The logical link of the unit that routes to this one; None where the entity is no unit of its own."""
    if _is_gateway(vehicle, unit):
        return None
    return next((_link_id(vehicle, other) for other in vehicle.units if _is_gateway(vehicle, other)), None)
