"""Whom one functional request reaches (ISO 15765-2, 8.1; ISO 13400-2, table 13): a frame a group. Sends nothing."""

from __future__ import annotations

from core.vocabulary import CanAddress, EcuAddress


def functional_targets(addresses: tuple[EcuAddress, ...]) -> tuple[EcuAddress, ...]:
    """One address for each functional group among `addresses`; those without one (CAN: None) are left out.

    Units on one identifier are two groups where their frames differ by an address extension byte. A group in which
    anybody speaks classic CAN gets a classic frame: CAN FD units hear that, too.
    """
    targets: dict[tuple[object, ...], EcuAddress] = {}
    for address in addresses:
        if address.functional is None:
            continue
        key = _group(address)
        known = targets.setdefault(key, address)
        if isinstance(known, CanAddress) and known.is_fd and isinstance(address, CanAddress) and not address.is_fd:
            targets[key] = address
    return tuple(targets.values())


def _group(address: EcuAddress) -> tuple[object, ...]:
    if not isinstance(address, CanAddress):
        return address.transport, address.functional
    own = address.functional_extension
    extension = address.tx_extension if own is None else own
    return address.transport, address.functional, address.is_extended_id, address.addressing, extension
