"""What the vehicle data call a message, a trouble code or a signal, for panels and decoded traces. Never raises."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from core.errors import CatalogueError

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.model import UnitInfo


class Names:
    """`units` gives the units that are known by now; where two vehicles have one of the same name, the first counts."""

    def __init__(self, catalogue: Catalogue, units: Callable[[], Iterable[UnitInfo]]) -> None:
        self._catalogue, self._units = catalogue, units
        self._codes: dict[tuple[str, int], str] = {}
        self._known: dict[str, UnitInfo] = {}

    def describe(self, unit: str, pdu: bytes) -> str:
        """Service and values by the first variant that knows the message, "" where none does."""
        info = self._unit(unit)
        if info is None:
            return ""
        for name in ("", *(variant.name for variant in info.variants)):
            try:
                words = self._catalogue.variant(info, name).describe(pdu)
            except CatalogueError:
                continue
            if words:
                return words
        return ""

    def dtc_text(self, unit: str, code: int) -> str:
        info = self._unit(unit)
        if info is None:
            return ""
        if (unit, code) not in self._codes:
            self._codes[unit, code] = next((text.text for text in info.dtcs if text.code == code), "")
        return self._codes[unit, code]

    def _unit(self, name: str) -> UnitInfo | None:
        if name not in self._known:
            found = next((unit for unit in self._units() if unit.name == name), None)
            if found is None:
                return None
            self._known[name] = found
        return self._known[name]
