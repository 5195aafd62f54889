"""The shared pool of one compiled diagnostic layer: structures, DOPs and tables, built when first asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.catalogue.codec.compu import value_from_json
from core.catalogue.codec.dops import (
    Dop,
    DtcDop,
    EnvironmentData,
    Multiplexer,
    SimpleDop,
    Structure,
    Unsupported,
)
from core.catalogue.codec.fields import DynamicLengthField, EndMarkerField, EndOfPduField, StaticField
from core.errors import DataInvalid, ValueRefused


@dataclass(frozen=True, slots=True)
class TableRow:
    """TABLE-ROW: its short name, the key in the message, and the DOP (or structure) behind it, if any."""

    name: str
    key: Any
    dop: int | None

    def content(self, layer: Layer) -> Dop | None:
        return None if self.dop is None else layer.dop(self.dop)


class Table:
    """TABLE (ISO 22901-1, 7.3.6.14): rows by short name and by key."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.name: str = data["name"]
        self.key_dop: int = data["key"]
        self.rows = {name: TableRow(name, value_from_json(key), dop) for name, key, dop in data["rows"]}

    def row(self, name: object) -> TableRow:
        if not isinstance(name, str) or name not in self.rows:
            raise ValueRefused(f"{self.name} has no row {name!r}.", f"The rows are: {', '.join(self.rows)}.")
        return self.rows[name]

    def row_of_key(self, key: Any) -> TableRow:
        found = [row for row in self.rows.values() if row.key == key]
        if len(found) != 1:
            raise DataInvalid(f"{self.name} has {len(found)} rows for the key {key!r}.", place=self.name)
        return found[0]


_KINDS: dict[str, type[Dop]] = {
    "simple": SimpleDop,
    "dtc": DtcDop,
    "struct": Structure,
    "env": EnvironmentData,
    "mux": Multiplexer,
    "eop": EndOfPduField,
    "dynlen": DynamicLengthField,
    "endmark": EndMarkerField,
    "static": StaticField,
    "none": Unsupported,
}


class Layer:
    """`dops` of the compiled data by index. A DOP is built once, so that structures may refer to each other."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._raw_dops: list[dict[str, Any]] = data["dops"]
        self._dops: list[Dop | None] = [None] * len(self._raw_dops)
        self._raw_tables: list[dict[str, Any]] = data["tables"]
        self._tables: list[Table | None] = [None] * len(self._raw_tables)

    def dop(self, index: int) -> Dop:
        built = self._dops[index]
        if built is None:
            raw = self._raw_dops[index]
            built = self._dops[index] = _KINDS[raw["k"]](raw, self)
        return built

    def structure(self, index: int) -> Structure:
        found = self.dop(index)
        if not isinstance(found, Structure):
            raise DataInvalid(f"{found.name} is no structure.", place=found.name)
        return found

    def table(self, index: int) -> Table:
        built = self._tables[index]
        if built is None:
            built = self._tables[index] = Table(self._raw_tables[index])
        return built
