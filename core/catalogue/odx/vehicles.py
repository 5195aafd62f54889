"""Vehicles from ODX-V (ISO 22901-1, 7.7). Child process only."""

from __future__ import annotations

from typing import Any

from core.catalogue.model import UnitInfo, VehicleInfo
from core.catalogue.odx.comparams import gateway_of
from core.catalogue.odx.special import groups_of
from core.catalogue.sdg import SpecialData
from core.vocabulary import DoipAddress


def vehicles_of(database: Any, units: list[UnitInfo], problems: list[str]) -> list[VehicleInfo]:
    by_name = {unit.name: unit for unit in units}
    result = []
    for spec in database.vehicle_info_specs:
        groups = groups_of(spec)
        for information in spec.vehicle_informations:
            special = _special_of(information.short_name, groups)
            result.append(_vehicle(information, special, by_name))
            problems += special.problems
            problems += [f"{special.place}: special data {name} is not known" for name in special.unknown_names()]
    return result


def _special_of(vehicle: str, groups: list[dict[str, list[str]]]) -> SpecialData:
    """A group that names a vehicle holds for that one and goes before those that name none."""
    values: dict[str, list[str]] = {}
    for named in (True, False):
        for group in groups:
            holds = vehicle in group.get("VEHICLE", []) if named else "VEHICLE" not in group
            for name, texts in group.items() if holds else ():
                values.setdefault(name, texts)
    return SpecialData(values, vehicle)


def _vehicle(information: Any, special: SpecialData, units: dict[str, UnitInfo]) -> VehicleInfo:
    layers = [link.base_variant for link in information.logical_links if link.base_variant is not None]
    names = tuple(dict.fromkeys(layer.short_name for layer in layers))
    gateways = [gateway for layer in layers if (gateway := gateway_of(layer)) is not None]
    known = [units[name] for name in names if name in units]
    only_doip = bool(known) and all(
        unit.addresses and all(isinstance(address, DoipAddress) for address in unit.addresses) for unit in known
    )
    return VehicleInfo(
        name=special.text("NAME") or information.short_name,
        title=information.long_name or information.short_name,
        file="",
        vin_patterns=tuple(prefix.strip() for prefix in special.texts("VIN-PREFIX") if prefix.strip()),
        euro_class=special.euro_class(),
        product_group=special.text("PRODUCT-GROUP"),
        units=names,
        doip_only=special.boolean("DOIP-ONLY", only_doip),
        doip_gateway=special.optional_integer("DOIP-GATEWAY", gateways[0] if gateways else None),
    )
