"""The vehicle as a whole: VIN (ISO 3779) and the emission class it was certified for (rules G1, G2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class EuroClass(Enum):
    """Emission class. Flash and coding are covered for EURO 5, 6 and VI only (G2)."""

    BEFORE_EURO_5 = "before EURO 5"
    EURO_5 = "EURO 5"
    EURO_6 = "EURO 6"
    EURO_VI = "EURO VI"
    UNKNOWN = "unknown"

    @property
    def covered(self) -> bool:
        return self in (EuroClass.EURO_5, EuroClass.EURO_6, EuroClass.EURO_VI)


_VIN_CHARACTERS = frozenset("0123456789ABCDEFGHJKLMNPRSTUVWXYZ")  # ISO 3779, clause 4.5: no I, O, Q


@dataclass(frozen=True, slots=True)
class Vin:
    """17 characters. `valid` says whether ISO 3779's alphabet holds; no check digit, as Europe does not use it."""

    text: str

    @property
    def valid(self) -> bool:
        return len(self.text) == 17 and set(self.text) <= _VIN_CHARACTERS

    def __str__(self) -> str:
        return self.text
