"""COMPU-METHOD: from internal to physical values and back (ISO 22901-1, 7.3.6.6). Pure; built from compiled data.

COMPUCODE (Java byte code in the file) is not run: such a value is refused by name.
"""

from __future__ import annotations

from typing import Any

from core.catalogue.codec.values import NUMBERS, TEXTS, compare
from core.errors import DataInvalid, ValueRefused

Limit = tuple[Any, str] | None  # (value, CLOSED | OPEN | INFINITE)


class CompuMethod:
    """Identical, and the face of all the others. `internal` and `physical` are ODX base types."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.internal: str = data["int"]
        self.physical: str = data["phys"]
        self.default: Any = value_from_json(data.get("default"))

    def to_physical(self, internal: Any) -> Any:
        return internal

    def to_internal(self, physical: Any) -> Any:
        return physical

    def physical_valid(self, value: Any) -> bool:
        return has_type(value, self.physical)

    def internal_valid(self, value: Any) -> bool:
        return has_type(value, self.internal)

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts of a text table, else empty."""
        return ()


class _Segment:
    """(offset + factor * x) / denominator between two limits."""

    def __init__(self, data: list[Any], internal: str, physical: str) -> None:
        self.offset, self.factor, self.denominator, self.inverse = data[:4]
        self.limits: tuple[Limit, Limit] = _limit(data[4]), _limit(data[5])
        self.physical_limits: tuple[Limit, Limit] = _limit(data[6]), _limit(data[7])
        self._internal, self._physical = internal, physical

    def takes_internal(self, value: Any) -> bool:
        return has_type(value, self._internal) and _within(value, *self.limits)

    def takes_physical(self, value: Any) -> bool:
        return has_type(value, self._physical) and _within(value, *self.physical_limits)

    def to_physical(self, value: Any) -> Any:
        result = (self.offset + self.factor * value) / self.denominator
        return round(result) if self._physical in ("A_INT32", "A_UINT32") else result

    def to_internal(self, value: Any) -> Any:
        if abs(self.factor) < 1e-10:
            return self.inverse
        result = (value * self.denominator - self.offset) / self.factor
        return round(result) if self._internal in ("A_INT32", "A_UINT32") else result


class Linear(CompuMethod):
    """LINEAR and SCALE-LINEAR: the first segment that takes the value."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self._segments = [_Segment(segment, self.internal, self.physical) for segment in data["segs"]]
        self._invertible: bool = data.get("inv", True)

    def to_physical(self, internal: Any) -> Any:
        for segment in self._segments:
            if segment.takes_internal(internal):
                return segment.to_physical(internal)
        raise DataInvalid(f"The value {internal!r} lies in no range of the data.", place="COMPU-SCALE")

    def to_internal(self, physical: Any) -> Any:
        if self._invertible:
            for segment in self._segments:
                if segment.takes_physical(physical):
                    return segment.to_internal(physical)
        raise ValueRefused(f"The value {physical!r} lies in no range that can be coded.")

    def physical_valid(self, value: Any) -> bool:
        return any(segment.takes_physical(value) for segment in self._segments)

    def internal_valid(self, value: Any) -> bool:
        return any(segment.takes_internal(value) for segment in self._segments)


class TextTable(CompuMethod):
    """TEXTTABLE: ranges of numbers with a text each; the first number of a range (or its inverse value) is coded."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self._rows = [(_limit(low), _limit(high), text, inverse) for low, high, text, inverse in data["rows"]]
        self._default_text: str | None = data.get("dtext")
        self._default_number: Any = data.get("dnum")

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(row[2] for row in self._rows if row[2] is not None)

    def to_physical(self, internal: Any) -> Any:
        texts = [text for low, high, text, _ in self._rows if _applies(internal, low, high)]
        if not texts and self._default_text is not None:
            return self._default_text
        if len(texts) != 1 or texts[0] is None:
            raise DataInvalid(f"The text table gives {len(texts)} texts for {internal!r}.", place="TEXTTABLE")
        return texts[0]

    def to_internal(self, physical: Any) -> Any:
        rows = [row for row in self._rows if row[2] == physical]
        if not rows and self._default_number is not None:
            return self._default_number
        if len(rows) != 1:
            raise ValueRefused(
                f"{physical!r} is not one text of the table.", f"Choose one of: {', '.join(self.choices)}."
            )
        low, high, _, inverse = rows[0]
        for number in (inverse, low and low[0], high and high[0]):
            if number is not None:
                return number
        raise DataInvalid(f"The text {physical!r} has no number.", place="TEXTTABLE")

    def physical_valid(self, value: Any) -> bool:
        return self._default_number is not None or any(row[2] == value for row in self._rows if row[2] is not None)

    def internal_valid(self, value: Any) -> bool:
        return self._default_text is not None or any(_applies(value, low, high) for low, high, *_ in self._rows)


class Interpolation(CompuMethod):
    """TAB-INTP: straight lines between points."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self._x: list[float] = data["x"]
        self._y: list[float] = data["y"]

    def to_physical(self, internal: Any) -> Any:
        return self._on_line(internal, self._x, self._y, self.physical)

    def to_internal(self, physical: Any) -> Any:
        return self._on_line(physical, self._y, self._x, self.internal)

    def physical_valid(self, value: Any) -> bool:
        return isinstance(value, int | float) and min(self._y) <= value <= max(self._y)

    def internal_valid(self, value: Any) -> bool:
        return isinstance(value, int | float) and min(self._x) <= value <= max(self._x)

    def _on_line(self, value: Any, xs: list[float], ys: list[float], target: str) -> Any:
        if isinstance(value, int | float):
            for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False):
                if x0 <= value <= x1:
                    result = y0 + (value - x0) * (y1 - y0) / (x1 - x0)
                    return int(result) if target in ("A_INT32", "A_UINT32") else float(result)
        raise ValueRefused(f"{value!r} lies outside the points of the table.")


class _Rational:
    """A quotient of two polynomials between two limits, coefficients from the constant on."""

    def __init__(self, data: list[Any]) -> None:
        self._upper, self._lower = data[0], data[1]
        self._limits: tuple[Limit, Limit] = _limit(data[2]), _limit(data[3])
        self._target: str = data[4]

    def takes(self, value: Any) -> bool:
        # odxtools compares the value with the type of the *result* here; kept, so that both refuse the same values
        return has_type(value, self._target) and _within(value, *self._limits)

    def of(self, value: Any) -> Any:
        try:
            result = _polynomial(self._upper, float(value)) / _polynomial(self._lower, float(value))
        except ZeroDivisionError:
            raise DataInvalid(f"The rational function has no value at {value!r}.", place="RAT-FUNC") from None
        return round(result) if self._target in ("A_INT32", "A_UINT32") else result


class RationalFunction(CompuMethod):
    """RAT-FUNC and SCALE-RAT-FUNC: each direction has functions of its own; without the second nothing is encoded."""

    def __init__(self, data: dict[str, Any]) -> None:
        super().__init__(data)
        self._forward = [_Rational(segment) for segment in data["fwd"]]
        self._backward = [_Rational(segment) for segment in data.get("back") or ()]

    def to_physical(self, internal: Any) -> Any:
        for function in self._forward:
            if function.takes(internal):
                return function.of(internal)
        raise DataInvalid(f"The value {internal!r} lies in no range of the data.", place="RAT-FUNC")

    def to_internal(self, physical: Any) -> Any:
        for function in self._backward:
            if function.takes(physical):
                return function.of(physical)
        raise ValueRefused(f"The value {physical!r} cannot be coded: the data has no function for it.")

    def physical_valid(self, value: Any) -> bool:
        return any(function.takes(value) for function in self._backward)

    def internal_valid(self, value: Any) -> bool:
        return any(function.takes(value) for function in self._forward)


class CompuCode(CompuMethod):
    """Java byte code in the data: named, never run."""

    def to_physical(self, internal: Any) -> Any:
        raise DataInvalid("The value is computed by program code in the data, which is not run.", place="COMPUCODE")

    def to_internal(self, physical: Any) -> Any:
        raise ValueRefused("The value is computed by program code in the data, which is not run.")

    def physical_valid(self, value: Any) -> bool:
        return False

    def internal_valid(self, value: Any) -> bool:
        return False


_KINDS: dict[str, type[CompuMethod]] = {
    "id": CompuMethod,
    "lin": Linear,
    "text": TextTable,
    "tab": Interpolation,
    "rat": RationalFunction,
    "code": CompuCode,
}


def compu_method(data: dict[str, Any]) -> CompuMethod:
    return _KINDS[data["k"]](data)


def has_type(value: Any, base: str) -> bool:
    if base in NUMBERS:
        return isinstance(value, int | float if base.startswith("A_FLOAT") else int)
    return isinstance(value, str if base in TEXTS else bytes | bytearray)


def value_from_json(value: Any) -> Any:
    """JSON has no bytes: they are stored as {"hex": ...}."""
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value


def value_to_json(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, bytes | bytearray) else value


def _limit(data: list[Any] | None) -> Limit:
    return None if data is None else (value_from_json(data[0]), data[1])


def _within(value: Any, low: Limit, high: Limit) -> bool:
    if low is not None and low[0] is not None and low[1] != "INFINITE":
        order = compare(value, low[0])
        if order < 0 or (order == 0 and low[1] == "OPEN"):
            return False
    if high is not None and high[0] is not None and high[1] != "INFINITE":
        order = compare(value, high[0])
        if order > 0 or (order == 0 and high[1] == "OPEN"):
            return False
    return True


def _applies(value: Any, low: Limit, high: Limit) -> bool:
    """A scale with one limit takes that value only (ISO 22901-1, 7.3.6.6.1)."""
    if low is None or high is None:
        only = low or high
        return only is None or bool(value == only[0])
    return _within(value, low, high)


def _polynomial(coefficients: list[float], x: float) -> float:
    result = 0.0
    for coefficient in reversed(coefficients):
        result = result * x + float(coefficient)
    return result
