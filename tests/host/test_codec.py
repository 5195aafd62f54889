"""The codec: everything that travels comes back as it was, and no bytes build anything else."""

from __future__ import annotations

import dataclasses
import enum
import importlib
import math
import pkgutil
from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import errors, events, vocabulary
from core.errors import LocalProtocolError, NegativeResponse, ProductError, RemoteProtocolError
from core.host import codec
from core.vocabulary import CanAddress, CanFrame, DoipAddress, DtcReading, SurveyResult, UnitState, UnitSurvey

CLASSES = codec._CLASSES
RECORDS = [cls for cls in CLASSES if codec._FIELDS[cls]]
PLAIN = (type(None), bool, int, float, str, bytes, list, tuple, dict, frozenset)

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.binary()
    | st.text(st.characters(blacklist_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(plain)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    back = codec.decode(codec.encode(value))
    assert back == value and type(back) is type(value)


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
def test_every_noun_and_fact_travels(cls: Any) -> None:
    names = codec._FIELDS[cls]
    value = cls(**{name: (f"{name} ü", number, 0.5, None) for number, name in enumerate(names)})
    back = codec.decode(codec.encode(value))
    assert type(back) is cls and back == value


def test_no_noun_is_forgotten() -> None:
    """What core.vocabulary does not export has no place in the table: a result with it would not reach a screen."""
    for module in pkgutil.iter_modules(vocabulary.__path__):
        for name, cls in vars(importlib.import_module(f"core.vocabulary.{module.name}")).items():
            if dataclasses.is_dataclass(cls) and not name.startswith("_"):
                assert cls in CLASSES, f"core/vocabulary/__init__.py does not export {name}"


def test_every_enum_member_travels() -> None:
    members = [member for cls in CLASSES if issubclass(cls, enum.Enum) for member in cls]
    assert len(members) > 10
    assert all(codec.decode(codec.encode(member)) is member for member in members)


@pytest.mark.parametrize(
    "cls", [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, ProductError)]
)
def test_every_error_travels(cls: type[ProductError]) -> None:
    given = cls("What\u202e", "Do", sid=0x31, nrc=0x72) if cls is NegativeResponse else cls("What\u202e", "Do")
    back = codec.decode(codec.encode(given))
    assert type(back) is cls
    assert vars(back) == vars(given) and str(back) == str(given) and back.code == given.code


def test_results_travel_with_all_that_they_hold() -> None:
    dtc = DtcReading(0x030100, "P0301-00", "Misfire", 0x2F, ("active",))
    unit = UnitSurvey("ENGINE", "Engine", CanAddress(0x7E0, 0x7E8), UnitState.FAULT, dtc_list=(dtc,))
    other = dataclasses.replace(unit, address=DoipAddress(0x1010), idents=(("VIN", "X"),))
    survey = SurveyResult("VIN", "CAR", "Car", vocabulary.EuroClass.EURO_6, (unit, other), 12.5)
    frame = CanFrame(1.5, 0x7E8, b"\x02\x10\x03", channel="x")
    value = (survey, frame, frozenset(vocabulary.Transport), events.UnitSurveyed(1.0, "survey-1", unit))
    assert codec.decode(codec.encode(value)) == value
    assert type(codec.decode(codec.encode(frame))) is CanFrame
    assert codec.decode(codec.encode(Path("/a/b"))) == "/a/b"
    assert math.isnan(codec.decode(codec.encode(math.nan)))


@pytest.mark.parametrize("value", [object(), Exception("x"), 1 << 80, {1, object()}, codec, lambda: 0, 1j])
def test_what_is_not_in_the_table_does_not_leave(value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        codec.encode(value)


def _holds_only_ours(value: Any) -> bool:
    if type(value) in CLASSES:
        parts = vars(value).values() if isinstance(value, ProductError) else [
            getattr(value, name) for name in codec._FIELDS[type(value)]
        ]  # fmt: skip
        return all(map(_holds_only_ours, parts))
    if isinstance(value, dict):
        return all(map(_holds_only_ours, (*value, *value.values())))
    if isinstance(value, list | tuple | frozenset):
        return all(map(_holds_only_ours, value))
    return type(value) in PLAIN


def _attempt(data: bytes) -> None:
    try:
        value = codec.decode(data)
    except RemoteProtocolError:
        return
    assert _holds_only_ours(value), value


@given(st.binary(max_size=200))
@settings(max_examples=400)
@example(b"")
@example(msgpack.packb(msgpack.ExtType(99, b"\x90")))
@example(msgpack.packb(msgpack.ExtType(3, msgpack.packb([10**6, "x"]))))
@example(msgpack.packb(msgpack.ExtType(5, msgpack.packb([0, {"message": "x", "code": "PB-1"}]))))
@example(b"\xd7\xff" + b"\0" * 8)
def test_random_bytes_build_nothing(data: bytes) -> None:
    _attempt(data)


@given(plain, st.integers(1, 5), st.integers(0, len(CLASSES) + 3))
@settings(max_examples=400)
def test_wrong_parts_build_nothing_else(value: Any, code: int, number: int) -> None:
    inner = msgpack.packb([number, value], default=codec._outward, strict_types=True, unicode_errors="surrogatepass")
    _attempt(msgpack.packb(msgpack.ExtType(code, inner)))


@given(st.data())
@settings(max_examples=200)
def test_damaged_messages_build_nothing_else(data: st.DataObject) -> None:
    message = bytearray(codec.encode(("event", events.StepStarted(1.0, "flash-1", "erase", "Erase"), UnitState.OK)))
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    _attempt(bytes(message[: data.draw(st.integers(0, len(message)))]))


def test_deep_nesting_is_refused_before_the_stack_ends() -> None:
    value: Any = []
    for _ in range(200):
        value = (value,)
    with pytest.raises((LocalProtocolError, RemoteProtocolError)):
        codec.decode(codec.encode(value))
    data = b"\xc0"
    for _ in range(5000):
        data = msgpack.packb(msgpack.ExtType(1, data))
    with pytest.raises(RemoteProtocolError):
        codec.decode(data)
    with pytest.raises(RemoteProtocolError):
        codec.decode(b"\x91" * 100_000)
