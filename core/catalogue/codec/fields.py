"""Fields: structures that repeat (ISO 22901-1, 7.3.6.10). Pure; built from compiled data.

An item that takes no bytes would repeat for ever in a field that ends with the message: such data is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from core.catalogue.codec.compu import value_from_json
from core.catalogue.codec.dops import Dop, as_sequence
from core.catalogue.codec.values import DecodeState, EncodeState
from core.errors import DataInvalid, ValueRefused

if TYPE_CHECKING:
    from core.catalogue.codec.layer import Layer


class _Field(Dop):
    """What all fields share: `item` is the DOP that repeats."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._item: int = data["item"]

    @property
    def item(self) -> Dop:
        return self._layer.dop(self._item)

    def _encode_items(self, values: Sequence[Any], state: EncodeState) -> None:
        at_end, state.at_end = state.at_end, False
        for index, value in enumerate(values):
            if index == len(values) - 1:
                state.at_end = at_end
            self.item.encode(value, state)
        state.at_end = at_end

    def _decode_until_end(self, state: DecodeState) -> list[Any]:
        origin, state.origin = state.origin, state.cursor
        result = []
        while state.cursor < len(state.data) and not self._ended(state):
            before = state.cursor
            result.append(self.item.decode(state))
            if state.cursor == before:
                raise DataInvalid(f"{self.name} repeats something without length.", place=self.name)
        state.origin = origin
        return result

    def _ended(self, state: DecodeState) -> bool:
        return False


class EndOfPduField(_Field):
    """END-OF-PDU-FIELD: as many items as fit."""

    def encode(self, value: Any, state: EncodeState) -> None:
        if not state.at_end:
            raise ValueRefused(f"{self.name} must be the last of the message.")
        self._encode_items(as_sequence(value, self.name), state)

    def decode(self, state: DecodeState) -> Any:
        return self._decode_until_end(state)


class DynamicLengthField(_Field):
    """DYNAMIC-LENGTH-FIELD: a number says how many items follow at `offset`."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._offset: int = data["offset"]
        self._count_position: int = data["count"]["byte"]
        self._count_bit: int = data["count"].get("bit", 0)
        self._count_dop: int = data["count"]["dop"]

    def encode(self, value: Any, state: EncodeState) -> None:
        values = as_sequence(value, self.name)
        origin, state.origin = state.origin, state.cursor
        start = state.cursor
        state.cursor, state.bit = start + self._count_position, self._count_bit
        self._layer.dop(self._count_dop).encode(len(values), state)
        if state.cursor - start > self._offset:
            raise ValueRefused(f"{self.name}: its count overlaps its first item.")
        state.cursor, state.bit = start + self._offset, 0
        self._encode_items(values, state)
        if not values:
            state.put(b"")
        state.origin = origin

    def decode(self, state: DecodeState) -> Any:
        start = state.cursor
        origin, state.origin = state.origin, start
        state.cursor, state.bit = start + self._count_position, self._count_bit
        count = self._layer.dop(self._count_dop).decode(state)
        if not isinstance(count, int) or count < 0:
            raise DataInvalid(f"{self.name}: {count!r} is no number of items.", place=self.name)
        state.cursor = start + self._offset
        result = []
        for _ in range(count):
            if state.cursor > len(state.data) or (self.item.static_bits == 0 and count > len(state.data)):
                raise DataInvalid(f"{self.name} announces {count} items, the message is shorter.", place=self.name)
            result.append(self.item.decode(state))
        state.origin = origin
        return result


class EndMarkerField(_Field):
    """DYNAMIC-ENDMARKER-FIELD: a value ends it; the marker's bytes are not consumed (7.3.6.10.5)."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._marker_dop: int = data["dop"]
        self._marker: Any = value_from_json(data["value"])

    def encode(self, value: Any, state: EncodeState) -> None:
        self._encode_items(as_sequence(value, self.name), state)
        if not state.at_end:
            cursor = state.cursor
            self._layer.dop(self._marker_dop).encode(self._marker, state)
            state.cursor = cursor

    def decode(self, state: DecodeState) -> Any:
        return self._decode_until_end(state)

    def _ended(self, state: DecodeState) -> bool:
        cursor = state.cursor
        try:
            return bool(self._layer.dop(self._marker_dop).decode(state) == self._marker)
        except DataInvalid:
            return False
        finally:
            state.cursor, state.bit = cursor, 0


class StaticField(_Field):
    """STATIC-FIELD: a fixed number of items of a fixed size."""

    def __init__(self, data: dict[str, Any], layer: Layer) -> None:
        super().__init__(data, layer)
        self._count: int = data["count"]
        self._size: int = data["size"]

    def encode(self, value: Any, state: EncodeState) -> None:
        values = as_sequence(value, self.name)
        if len(values) != self._count:
            raise ValueRefused(f"{self.name} needs {self._count} items, not {len(values)}.")
        at_end, state.at_end = state.at_end, False
        for index, item in enumerate(values):
            state.at_end = at_end and index == self._count - 1
            start = state.cursor
            self.item.encode(item, state)
            missing = self._size - (state.cursor - start)
            if missing < 0:
                raise ValueRefused(f"{self.name}: an item is longer than {self._size} bytes.")
            state.put(bytes(missing))
        state.at_end = at_end

    def decode(self, state: DecodeState) -> Any:
        origin, state.origin = state.origin, state.cursor
        result = []
        for _ in range(self._count):
            start = state.cursor
            result.append(self.item.decode(state))
            if state.cursor - start > self._size:
                raise DataInvalid(f"{self.name}: an item is longer than {self._size} bytes.", place=self.name)
            state.cursor = start + self._size
        state.origin = origin
        return result
