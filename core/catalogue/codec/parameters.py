"""Parameters of requests, responses and structures (ISO 22901-1, 7.3.5). Pure; built from compiled data.

SYSTEM, DYNAMIC and TABLE-ENTRY parameters need a run-time that ODX leaves to the tester: they are refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.catalogue.codec.coded import coded_type
from core.catalogue.codec.compu import value_from_json
from core.catalogue.codec.dops import Dop, DtcDop, SimpleDop
from core.catalogue.codec.values import Atom, DecodeState, EncodeState, Mismatch
from core.errors import DataInvalid, ValueRefused

if TYPE_CHECKING:
    from core.catalogue.codec.layer import Layer


class Parameter:
    """The face of all: where it stands, and whether the user may or must give a value.

    `position` is a byte from the start of the structure, None directly behind the one before; `bit` 0..7.
    """

    settable = False
    required = False

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        self.name: str = data["name"]
        self.title: str = data.get("title", "") or self.name
        self.semantic: str = data.get("sem", "")
        self.position: int | None = data.get("pos")
        self.bit: int = data.get("bit", 0)
        self._layer = layer

    @property
    def static_bits(self) -> int | None:
        return None

    @property
    def dop(self) -> Dop | None:
        return None

    @property
    def default(self) -> Any:
        return None

    @property
    def unit(self) -> str:
        return self.dop.unit if self.dop is not None else ""

    def parse(self, text: str) -> Any:
        """The value that `text` means for this parameter. Raises ValueRefused."""
        if self.dop is None or not self.settable:
            raise ValueRefused(f"{self.name} cannot be set.")
        return self.dop.parse(text)

    def encode(self, value: Any, state: EncodeState, *, given: bool) -> None:
        if self.required and not given:
            raise ValueRefused(f"{self.name} needs a value.")
        self._go_to(state)
        self._encode(value, state)
        state.bit = 0
        state.journal.append((self, value))

    def encode_key(self, state: EncodeState) -> None:
        """Keys are written last, when their users have said what they need; the others have nothing to do."""

    def decode(self, state: DecodeState) -> Any:
        self._go_to(state)
        value = self._decode(state)
        state.bit = 0
        return value

    def number_of(self, value: Any) -> int:
        """The value as the number that ENV-DATA compares with a trouble code."""
        dop = self.dop
        if value is None:
            value = self.default
        if isinstance(dop, DtcDop):
            return dop.code_of(value)
        if isinstance(dop, SimpleDop):
            return int(dop.compu.to_internal(value))
        raise DataInvalid(f"{self.name} is no trouble code.", place=self.name)

    def _go_to(self, state: EncodeState | DecodeState) -> None:
        if self.position is not None:
            state.cursor = state.origin + self.position
        state.bit = self.bit

    def _encode(self, value: Any, state: EncodeState) -> None:
        raise ValueRefused(f"{self.name} is of a kind that is not supported.")

    def _decode(self, state: DecodeState) -> Any:
        raise DataInvalid(f"{self.name} is of a kind that is not supported.", place=self.name)


class CodedConst(Parameter):
    """CODED-CONST: a fixed internal value. A different one is decoded all the same, as odxtools does."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.coded = coded_type(data["ct"])
        self.value: Any = value_from_json(data["value"])

    @property
    def static_bits(self) -> int | None:
        return self.coded.static_bits

    def number_of(self, value: Any) -> int:
        return int(self.value)

    def _encode(self, value: Any, state: EncodeState) -> None:
        if value is not None and value != self.value:
            raise ValueRefused(f"{self.name} is always {self.value!r}.")
        self.coded.encode(self.value, state)

    def _decode(self, state: DecodeState) -> Any:
        return self.coded.decode(state)


class Value(Parameter):
    """VALUE: what the user gives, else the default of the data."""

    settable = True

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._dop: int = data["dop"]
        self._default: Any = value_from_json(data.get("default"))
        self.required = self._default is None

    @property
    def static_bits(self) -> int | None:
        return self.dop.static_bits

    @property
    def dop(self) -> Dop:
        return self._layer.dop(self._dop)

    @property
    def default(self) -> Any:
        return self._default

    def _encode(self, value: Any, state: EncodeState) -> None:
        self.dop.encode(self._default if value is None else value, state)

    def _decode(self, state: DecodeState) -> Any:
        return self.dop.decode(state)


class PhysConst(Value):
    """PHYS-CONST: a fixed physical value; another one in a message refuses it."""

    settable = False

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.required = False

    def _encode(self, value: Any, state: EncodeState) -> None:
        if value is not None and value != self._default:
            raise ValueRefused(f"{self.name} is always {self._default!r}.")
        self.dop.encode(self._default, state)

    def _decode(self, state: DecodeState) -> Any:
        value = self.dop.decode(state)
        if value != self._default:
            raise DataInvalid(f"{self.name} is {value!r}, it should be {self._default!r}.", place=self.name)
        return value


class MatchingRequest(Parameter):
    """MATCHING-REQUEST-PARAM: bytes of the request come back."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.request_position: int = data["from"]
        self._length: int = data["len"]

    @property
    def static_bits(self) -> int | None:
        return 8 * self._length

    def _encode(self, value: Any, state: EncodeState) -> None:
        end = self.request_position + self._length
        if state.request is None or len(state.request) < end:
            raise ValueRefused(f"{self.name} repeats bytes of a request, which is missing or too short.")
        state.bit = 0
        state.put(state.request[self.request_position : end])

    def _decode(self, state: DecodeState) -> Any:
        return Atom("A_UINT32").decode(8 * self._length, state)


class NrcConst(Parameter):
    """NRC-CONST: one of several values, which says that a negative response is this one. It encodes nothing."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.coded = coded_type(data["ct"])
        self._values: list[Any] = [value_from_json(value) for value in data["values"]]

    @property
    def static_bits(self) -> int | None:
        return self.coded.static_bits

    def _encode(self, value: Any, state: EncodeState) -> None:
        if value is not None:
            raise ValueRefused(f"{self.name} cannot be set.")
        _step_over(self.coded.static_bits or 0, state)

    def _decode(self, state: DecodeState) -> Any:
        value = self.coded.decode(state)
        if value not in self._values:
            raise Mismatch(f"{self.name} is {value!r}: this is another response.", place=self.name)
        return value


class Reserved(Parameter):
    """RESERVED: bits that nobody uses. Encoding steps over them: what lies there already stays."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._bits: int = data["n"]

    @property
    def static_bits(self) -> int | None:
        return self._bits

    def _encode(self, value: Any, state: EncodeState) -> None:
        _step_over(self._bits, state)

    def _decode(self, state: DecodeState) -> Any:
        return Atom("A_UINT32", high_low=False).decode(self._bits, state)


class LengthKey(Parameter):
    """LENGTH-KEY: the number of bits of a later parameter, given or taken from that parameter's value."""

    settable = True

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._dop: int = data["dop"]

    @property
    def dop(self) -> Dop:
        return self._layer.dop(self._dop)

    @property
    def static_bits(self) -> int | None:
        return self.dop.static_bits

    def encode(self, value: Any, state: EncodeState, *, given: bool) -> None:
        if value is not None:
            if not isinstance(value, int):
                raise ValueRefused(f"{self.name} is a number of bits, not {value!r}.")
            state.length_keys[self.name] = value
        _leave_room(self, self.dop, state)

    def encode_key(self, state: EncodeState) -> None:
        if self.name not in state.length_keys:
            raise ValueRefused(f"{self.name} is given neither itself nor by its user.")
        state.cursor, state.bit = state.key_positions[self.name], self.bit
        self.dop.encode(state.length_keys[self.name], state)

    def _decode(self, state: DecodeState) -> Any:
        value = self.dop.decode(state)
        if not isinstance(value, int):
            raise DataInvalid(f"{self.name} is {value!r}, not a number of bits.", place=self.name)
        state.length_keys[self.name] = value
        return value


class TableKey(Parameter):
    """TABLE-KEY: the row of a table, by its short name; TABLE-STRUCT may choose it."""

    settable = True

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.table: int = data["table"]
        self.fixed_row: str | None = data.get("row")

    @property
    def dop(self) -> Dop:
        return self._layer.dop(self._layer.table(self.table).key_dop)

    @property
    def static_bits(self) -> int | None:
        return self.dop.static_bits

    def parse(self, text: str) -> Any:
        self._layer.table(self.table).row(text)
        return text

    def encode(self, value: Any, state: EncodeState, *, given: bool) -> None:
        if value is not None:
            self._layer.table(self.table).row(value)
            state.table_keys[self.name] = value
        _leave_room(self, self.dop, state)

    def encode_key(self, state: EncodeState) -> None:
        name = state.table_keys.get(self.name)
        if name is None:
            raise ValueRefused(f"{self.name} is given neither itself nor by its user.")
        state.cursor, state.bit = state.key_positions[self.name], self.bit
        self.dop.encode(self._layer.table(self.table).row(name).key, state)

    def _decode(self, state: DecodeState) -> Any:
        table = self._layer.table(self.table)
        row = table.row(self.fixed_row) if self.fixed_row else table.row_of_key(self.dop.decode(state))
        state.table_rows[self.name] = row
        return row.name


class TableStruct(Parameter):
    """TABLE-STRUCT: what the chosen row of the table says. The value is (row name, values)."""

    settable = True
    required = True

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._key: str = data["key"]
        self._table: int = data["table"]
        self._fixed_row: str | None = data.get("row")

    def _encode(self, value: Any, state: EncodeState) -> None:
        if not isinstance(value, tuple | list) or len(value) != 2 or not isinstance(value[0], str):
            rows = ", ".join(self._layer.table(self._table).rows)
            raise ValueRefused(f"{self.name} needs (row, values), not {value!r}.", f"The rows are: {rows}.")
        name = value[0]
        if state.table_keys.setdefault(self._key, name) != name or self._fixed_row not in (None, name):
            raise ValueRefused(f"{self.name}: the row {name!r} contradicts {self._key}.")
        dop = self._layer.table(self._table).row(name).content(self._layer)
        if dop is not None:
            dop.encode(value[1], state)

    def _decode(self, state: DecodeState) -> Any:
        row = state.table_rows.get(self._key)
        if row is None:
            raise DataInvalid(f"{self.name}: {self._key} does not stand before it.", place=self.name)
        dop = row.content(self._layer)
        return (row.name, None if dop is None else dop.decode(state))


_KINDS: dict[str, type[Parameter]] = {
    "const": CodedConst,
    "value": Value,
    "phys": PhysConst,
    "match": MatchingRequest,
    "nrc": NrcConst,
    "reserved": Reserved,
    "lenkey": LengthKey,
    "tabkey": TableKey,
    "tabstruct": TableStruct,
    "unsupported": Parameter,
}


def parameter(data: dict[str, Any], layer: Layer) -> Parameter:
    return _KINDS[data["k"]](data, layer)


def _step_over(bits: int, state: EncodeState) -> None:
    state.cursor += (state.bit + bits + 7) // 8
    state.bit = 0
    state.put(b"")


def _leave_room(item: Parameter, dop: Dop, state: EncodeState) -> None:
    """Zero bits where the key will be written, which still count as free."""
    position = state.cursor if item.position is None else state.origin + item.position
    bits = dop.static_bits
    if bits is None:
        raise ValueRefused(f"{item.name} has no fixed length, a key needs one.")
    state.key_positions[item.name] = state.cursor = position
    room = bytes((bits + item.bit + 7) // 8)
    state.put(room, room)
