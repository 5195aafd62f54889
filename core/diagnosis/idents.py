"""Reads identifications of one unit and recognises its variant by pattern (UDS 0x22, KWP2000 0x1A). No more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.catalogue import identifying_dids
from core.diagnosis.commands import Job, Request
from core.errors import NegativeResponse, RemoteProtocolError
from core.protocol.dialect import dialect_of
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.catalogue.model import IdentItem, UnitInfo, VariantInfo

_FILLERS = b"\x00\xff "


class UnitReader:
    """What one unit said about itself, each DID asked once. Values are bytes; None where the unit refused."""

    def __init__(self, unit: UnitInfo, address: EcuAddress) -> None:
        self.unit = unit
        self.address = address
        self._dialect = dialect_of(address)
        self._known: dict[int, bytes | None] = {}

    def forget(self) -> None:
        """After a reset or a flash nothing that was read holds any more."""
        self._known.clear()

    def read(self, did: int) -> Job[bytes | None]:
        """The DID's data, None where the unit refuses it or answers nonsense. Silence raises NoResponse."""
        if did not in self._known:
            request = Request(self.unit.name, self.address, self._dialect.read_data(did), attempts=2)
            try:
                self._known[did] = self._dialect.data_of((yield request), did)
            except (NegativeResponse, RemoteProtocolError):
                self._known[did] = None
        return self._known[did]

    def text(self, did: int) -> Job[str]:
        """The DID as text, "" where there is none."""
        data = yield from self.read(did)
        return "" if data is None else text_of(data)

    def idents(self) -> Job[tuple[tuple[str, str], ...]]:
        """(name, value) of every identification that the data names and the unit gives."""
        values = []
        for item in self.unit.idents:
            value = yield from self.text(item.did)
            if value:
                values.append((item.name, value))
        return tuple(values)

    def of_kind(self, kind: str) -> Job[str]:
        """The first identification of this kind that the unit gives, "" where there is none."""
        for item in items_of_kind(self.unit, kind):
            value = yield from self.text(item.did)
            if value:
                return value
        return ""

    def variant(self, catalogue: Catalogue) -> Job[VariantInfo | None]:
        """The first variant with a pattern that holds; None where the data has patterns and none holds.

        Data without any pattern cannot be told apart: its only variant is taken then.
        """
        answers = {}
        for did in identifying_dids(self.unit):
            data = yield from self.read(did)
            if data is not None:
                answers[did] = data
        found = catalogue.match_variant(self.unit, answers)
        if found is None and len(self.unit.variants) == 1 and not self.unit.variants[0].patterns:
            return self.unit.variants[0]
        return found


def items_of_kind(unit: UnitInfo, kind: str) -> tuple[IdentItem, ...]:
    return tuple(item for item in unit.idents if item.kind == kind)


def text_of(data: bytes) -> str:
    """Text where it is text, else hex pairs. Control characters stay in it: the roof shows them as escapes."""
    stripped = data.rstrip(_FILLERS)
    printable = sum(0x20 <= byte < 0x7F for byte in stripped)
    if stripped and printable * 2 >= len(stripped):
        return stripped.decode("latin-1").strip(" ")
    return data.hex(" ").upper()


def says(data: bytes, expected: str) -> bool:
    """Whether the data is this text, or this number (decimal or 0x..., big-endian)."""
    wanted = expected.strip()
    if text_of(data) == wanted or data.rstrip(_FILLERS) == wanted.encode("latin-1", "replace"):
        return True
    try:
        return int.from_bytes(data, "big") == int(wanted, 0)
    except ValueError:
        return False
