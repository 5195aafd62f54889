"""What a helper's seat may call in the vehicle host: while it watches, and while the vehicle is handed over to it.

Deny by default. Nothing here writes a file at a place of the helper's choice or reads a file of this PC by its path;
going past a red line, orders, raw requests and training stay with the technician, who stands at the vehicle.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import RightMissing
from core.host.seats.wheel import AT_THE_PC, HelperRights
from core.vocabulary import FlashWish


def _anything(face: Any, given: Mapping[str, Any]) -> None:
    """Only names of units and values, which the job itself checks."""


def _known_flashware(face: Any, ecu: Any, wanted: Any) -> None:
    """A unit by its name; the newest flashware, or one that the vehicle's data name: else it would be a path."""
    if not isinstance(ecu, str) or not ecu.strip():
        raise RightMissing("A helper names a control unit, not an address or a plan.", AT_THE_PC)
    if wanted is not None and wanted not in {choice.name for choice in face.flashware(ecu)}:
        raise RightMissing("A helper flashes what the diagnostic data hold, no files of this PC.", AT_THE_PC)


def _flash(face: Any, given: Mapping[str, Any]) -> None:
    _known_flashware(face, given.get("ecu"), given.get("flashware"))
    _no_override(given)


def _order(face: Any, given: Mapping[str, Any]) -> None:
    for wish in given.get("wishes", ()):
        if not isinstance(wish, FlashWish):
            raise RightMissing("A helper names control units.", AT_THE_PC)
        _known_flashware(face, wish.ecu, wish.flashware)
    _no_override(given)


def _no_override(given: Mapping[str, Any]) -> None:
    if given.get("override"):
        raise RightMissing("A helper cannot go past a red line.", "The technician at the vehicle decides that.")


def _kept(face: Any, given: Mapping[str, Any]) -> None:
    """A state that was kept of this vehicle, no other file."""
    file = given.get("backup")
    if file is not None and str(file) not in {str(kept.file) for kept in face.coding_history(str(given.get("ecu")))}:
        raise RightMissing("A helper restores kept states of this vehicle, no files of this PC.", AT_THE_PC)


def _sides(face: Any, given: Mapping[str, Any]) -> None:
    kept = {str(state.file) for state in face.coding_history(str(given.get("ecu")))}
    if not {str(given.get("left")), str(given.get("right"))} <= {"car", "factory"} | kept:
        raise RightMissing("A helper compares with the factory or kept states, no files of this PC.", AT_THE_PC)


HELPERS_MAY = HelperRights(
    watching=frozenset(
        {"voltage", "flashware", "coding_after", "coding_history", "ordered_faults", "struck_faults"}
    ),
    driving={
        "identify": _anything,
        "survey": _anything,
        "faults": _anything,
        "flash": _flash,
        "flash_preview": _flash,
        "flash_order": _order,
        "flash_order_preview": _order,
        "flash_plan": _flash,
        "recover": _anything,
        "coding_read": _anything,
        "coding_write": _anything,
        "coding_restore": _kept,
        "coding_diff": _sides,
    },
)
