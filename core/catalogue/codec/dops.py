"""DATA-OBJECT-PROPs, simple and complex: values, DTCs, structures, fields, multiplexers, environment data.

ISO 22901-1, 7.3.6. Pure; built from compiled data by `Layer` (layer.py). What the compiler could not carry over is an
`Unsupported`, which refuses by name and never guesses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.catalogue.codec.coded import coded_type
from core.catalogue.codec.compu import compu_method, value_from_json
from core.catalogue.codec.values import DecodeState, EncodeState
from core.catalogue.model import DtcText
from core.errors import DataInvalid, ValueRefused
from core.protocol.dtc import display

if TYPE_CHECKING:
    from core.catalogue.codec.layer import Layer
    from core.catalogue.codec.parameters import Parameter

DEEPEST = 64  # structures within structures; real files need fewer than ten


class Dop:
    """The face of all: a name, `unit` for display, encode and decode at the cursor."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        self.name: str = data.get("name", "")
        self.unit: str = data.get("unit", "")
        self._layer = layer

    @property
    def static_bits(self) -> int | None:
        return None

    @property
    def choices(self) -> tuple[str, ...]:
        return ()

    def parse(self, text: str) -> Any:
        """The physical value that `text` means. Raises ValueRefused where it means none."""
        raise ValueRefused(f"{self.name} has no single value that could be given as text.")

    def encode(self, value: Any, state: EncodeState) -> None:
        raise NotImplementedError

    def decode(self, state: DecodeState) -> Any:
        raise NotImplementedError


class Unsupported(Dop):
    """Something of ODX that Passbay does not carry out; `what` names it."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.what: str = data["what"]

    def encode(self, value: Any, state: EncodeState) -> None:
        raise ValueRefused(f"{self.name} uses {self.what}, which is not supported.")

    def decode(self, state: DecodeState) -> Any:
        raise DataInvalid(f"{self.name} uses {self.what}, which is not supported.", place=self.name)


class SimpleDop(Dop):
    """DATA-OBJECT-PROP: a coded type and a compu method."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.coded = coded_type(data["ct"])
        self.compu = compu_method(data["cm"])

    @property
    def static_bits(self) -> int | None:
        return self.coded.static_bits

    @property
    def choices(self) -> tuple[str, ...]:
        return self.compu.choices

    def parse(self, text: str) -> Any:
        from core.catalogue.codec.coded import value_of_text

        return value_of_text(self.compu.physical, text)

    def encode(self, value: Any, state: EncodeState) -> None:
        if not self.compu.physical_valid(value):
            advice = f"Choose one of: {', '.join(self.choices)}." if self.choices else ""
            raise ValueRefused(f"{self.name} cannot be {value!r}.", advice)
        self.coded.encode(self.compu.to_internal(value), state)

    def decode(self, state: DecodeState) -> Any:
        internal = self.coded.decode(state)
        if self.compu.internal_valid(internal):
            return self.compu.to_physical(internal)
        if self.compu.default is not None:
            return self.compu.default
        raise DataInvalid(f"{self.name}: the data gives no meaning to {internal!r}.", place=self.name)


class DtcDop(Dop):
    """DTC-DOP: a number that names a trouble code. Decodes to DtcText; a code that the data does not list still
    decodes, without text, because the unit knows best which codes it has."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.coded = coded_type(data["ct"])
        self.compu = compu_method(data["cm"])
        self._by_code: dict[int, DtcText] = {}
        self._by_name: dict[str, int] = {}
        for code, name, shown, text, level in data["dtcs"]:
            self._by_code[code] = DtcText(code, shown, text, level)
            self._by_name[name] = code

    @property
    def static_bits(self) -> int | None:
        return self.coded.static_bits

    def parse(self, text: str) -> Any:
        return text if text in self._by_name else int(text, 0)

    def code_of(self, value: Any) -> int:
        """The number of a DtcText, a number, or a short name."""
        if isinstance(value, DtcText):
            return value.code
        if isinstance(value, int):
            return value
        if isinstance(value, str) and value in self._by_name:
            return self._by_name[value]
        raise ValueRefused(f"{self.name} has no trouble code {value!r}.")

    def encode(self, value: Any, state: EncodeState) -> None:
        internal = self.compu.to_internal(self.code_of(value))
        if internal not in self._by_code:
            raise ValueRefused(f"{self.name} has no trouble code {value!r}.")
        self.coded.encode(internal, state)

    def decode(self, state: DecodeState) -> Any:
        code = int(self.compu.to_physical(self.coded.decode(state)))
        return self._by_code.get(code) or DtcText(code, display(code & 0xFFFFFF), "")


class Structure(Dop):
    """Parameters one after another: REQUEST, RESPONSE, STRUCTURE, ENV-DATA. Values are a dict by short name."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self.byte_size: int | None = data.get("size")
        self._raw_parameters: list[dict[str, Any]] = data["params"]
        self._parameters: list[Parameter] | None = None

    @property
    def parameters(self) -> list[Parameter]:
        if self._parameters is None:
            from core.catalogue.codec.parameters import parameter

            self._parameters = [parameter(raw, self._layer) for raw in self._raw_parameters]
        return self._parameters

    @property
    def static_bits(self) -> int | None:
        if self.byte_size is not None:
            return 8 * self.byte_size
        cursor = longest = 0
        for item in self.parameters:
            bits = item.static_bits
            if bits is None:
                return None
            cursor = (cursor if item.position is None else item.position) + (item.bit + bits + 7) // 8
            longest = max(longest, cursor)
        return 8 * longest

    def encode(self, value: Any, state: EncodeState) -> None:
        if not isinstance(value, Mapping):
            raise ValueRefused(f"{self.name} needs its values by name, not {value!r}.")
        if state.bit:
            raise ValueRefused(f"{self.name} does not begin on a byte.")
        if not state.allow_unknown and (unknown := set(value) - {item.name for item in self.parameters}):
            names = ", ".join(item.name for item in self.parameters if item.settable)
            raise ValueRefused(f"{self.name} has no parameter {min(map(str, unknown))!r}.", f"It has: {names}.")
        start, origin, at_end = state.cursor, state.origin, state.at_end
        state.origin = start
        state.at_end = False
        parameters = self.parameters
        for item in parameters:
            if item is parameters[-1]:
                state.at_end = at_end
            item.encode(value.get(item.name), state, given=item.name in value)
        state.at_end = False
        end = state.cursor
        for item in parameters:
            item.encode_key(state)
            end = max(end, state.cursor)
        state.cursor, state.origin = end, origin
        self._pad(start, state)

    def _pad(self, start: int, state: EncodeState) -> None:
        if self.byte_size is None or (missing := self.byte_size - (state.cursor - start)) <= 0:
            return
        state.cursor = len(state.data)
        state.put(bytes(missing))
        state.cursor = start + self.byte_size

    def decode(self, state: DecodeState) -> Any:
        start, origin = state.cursor, state.origin
        state.depth += 1
        if state.depth > DEEPEST:
            raise DataInvalid(f"{self.name}: structures contain each other without end.", place=self.name)
        state.origin = start
        result: dict[str, Any] = {}
        for item in self.parameters:
            result[item.name] = item.decode(state)
            state.journal.append((item, result[item.name]))
        state.origin = origin
        state.depth -= 1
        if self.byte_size is not None:
            if state.cursor - start > self.byte_size:
                raise DataInvalid(f"{self.name} is longer than its {self.byte_size} bytes.", place=self.name)
            state.cursor = start + self.byte_size
        return result


class EnvironmentData(Dop):
    """ENV-DATA-DESC: which values come with a trouble code (ISO 22901-1, 7.3.6.12): those of all codes, then those of
    the code that stands in the parameter named here, earlier in the message."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._parameter: str = data["param"]
        self._for_all: int | None = data.get("all")
        self._cases: list[tuple[frozenset[int], int]] = [(frozenset(codes), index) for codes, index in data["cases"]]

    def encode(self, value: Any, state: EncodeState) -> None:
        unknown, state.allow_unknown = state.allow_unknown, True
        for structure in self._applicable(state.journal):
            structure.encode(value, state)
        state.allow_unknown = unknown

    def decode(self, state: DecodeState) -> Any:
        result: dict[str, Any] = {}
        first = len(state.journal)
        for structure in self._applicable(state.journal):
            result.update(structure.decode(state))
        state.environment.append((first, len(state.journal)))
        return result

    def _applicable(self, journal: list[tuple[Any, Any]]) -> list[Dop]:
        for item, value in reversed(journal):
            if item.name == self._parameter:
                code = item.number_of(value)
                break
        else:
            raise DataInvalid(f"{self.name}: {self._parameter} does not stand before it.", place=self.name)
        chosen = [] if self._for_all is None else [self._for_all]
        chosen += [index for codes, index in self._cases if code in codes][:1]
        return [self._layer.structure(index) for index in chosen]


class Multiplexer(Dop):
    """MUX: a key chooses the structure (ISO 22901-1, 7.3.6.11). The value is (case name, values)."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._position: int = data["byte"]
        self._key_position: int = data["key"]["byte"]
        self._key_bit: int = data["key"].get("bit", 0)
        self._key_dop: int = data["key"]["dop"]
        self._cases = [
            (name, value_from_json(low), value_from_json(high), index) for name, low, high, index in data["cases"]
        ]
        self._default: tuple[str, int | None] | None = tuple(data["default"]) if data.get("default") else None

    def encode(self, value: Any, state: EncodeState) -> None:
        if isinstance(value, Mapping) and len(value) == 1:
            value = next(iter(value.items()))
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise ValueRefused(f"{self.name} needs (case, values), not {value!r}.")
        key, index = self._chosen(value[0])
        origin, state.origin = state.origin, state.cursor
        start = state.cursor
        state.cursor, state.bit = start + self._key_position, self._key_bit
        self._layer.dop(self._key_dop).encode(key, state)
        state.bit = 0
        if index is not None:
            state.cursor = start + self._position
            self._layer.structure(index).encode(value[1], state)
        state.origin = origin

    def _chosen(self, case: Any) -> tuple[Any, int | None]:
        for name, low, high, index in self._cases:
            if case == name:
                return low, index
            if isinstance(case, int) and low <= case <= high:
                return case, index
        if self._default is None:
            raise ValueRefused(f"{self.name} has no case {case!r}.")
        return case if isinstance(case, int) else 0, self._default[1]

    def decode(self, state: DecodeState) -> Any:
        start = state.cursor
        origin, state.origin = state.origin, start
        state.cursor, state.bit = start + self._key_position, self._key_bit
        key = self._layer.dop(self._key_dop).decode(state)
        state.bit = 0
        state.cursor = start + self._position
        found = [(name, index) for name, low, high, index in self._cases if low <= key <= high]
        if not found and self._default is None:
            raise DataInvalid(f"{self.name} has no case for {key!r}.", place=self.name)
        name, index = found[0] if found else self._default or ("", None)
        result = (name, {} if index is None else self._layer.structure(index).decode(state))
        state.origin = origin
        return result


def as_sequence(value: Any, name: str) -> Sequence[Any]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return value
    raise ValueRefused(f"{name} needs a list of values, not {value!r}.")
