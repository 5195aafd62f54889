"""SDGs as odxtools holds them to `SpecialData` (sdg.py has the vocabulary). Child process only."""

from __future__ import annotations

from typing import Any

from core.catalogue.sdg import GROUP, SpecialData


def special_data(*elements: Any, place: str) -> SpecialData:
    """What our groups in the SDGS of `elements` say; a name in an earlier element hides it in the later ones."""
    values: dict[str, list[str]] = {}
    for element in elements:
        for name, texts in _of_element(element).items():
            values.setdefault(name, texts)
    return SpecialData(values, place)


def groups_of(element: Any) -> list[dict[str, list[str]]]:
    """Every group of ours on its own, in order (VEHICLE-INFO-SPEC may have one per vehicle)."""
    result = []
    for group in getattr(element, "sdgs", None) or ():
        if group.semantic_info == GROUP:
            values: dict[str, list[str]] = {}
            for entry in group.values:
                name = getattr(entry, "semantic_info", None)
                if name and isinstance(getattr(entry, "value", None), str):
                    values.setdefault(name, []).append(entry.value)
            result.append(values)
    return result


def _of_element(element: Any) -> dict[str, list[str]]:
    merged: dict[str, list[str]] = {}
    for group in groups_of(element):
        for name, texts in group.items():
            merged.setdefault(name, []).extend(texts)
    return merged
