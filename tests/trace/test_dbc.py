"""Signal names from DBC files: our own and a foreign one, broken ones, in panels and in decoded words."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from core.errors import DataInvalid, DriverMissing
from core.trace.dbc import SignalBook

pytest.importorskip("cantools")
DBC = """VERSION ""
NS_ :
BS_:
BU_: ECU
BO_ 201 Engine: 8 ECU
 SG_ Rpm : 0|16@1+ (0.25,0) [0|16000] "rpm" ECU
 SG_ Gear : 16|4@1+ (1,0) [0|8] "" ECU
BO_ 2566844926 Truck: 8 ECU
 SG_ Load : 0|8@1+ (1,0) [0|250] "%" ECU
VAL_ 201 Gear 0 "Neutral" 1 "First" ;
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "car.dbc"
    place.write_text(DBC)
    return place


def test_a_frame_in_words(file: Path) -> None:
    book = SignalBook(file)
    assert len(book) == 2
    assert book.words("can0", 201, False, bytes.fromhex("401A010000000000")) == "Engine: Rpm 1680 rpm, Gear First"
    assert book.words("", 0x18FEF1FE, True, bytes.fromhex("6400000000000000")) == "Truck: Load 100 %"
    assert book.words("", 201, True, bytes(8)) == "" and book.words("", 202, False, bytes(8)) == ""
    assert book.words("", 201, False, b"\x01").startswith("Engine")


def test_the_foreign_file(shared_data: Path) -> None:
    book = SignalBook(shared_data / "dbc" / "bms.dbc")
    assert len(book) > 0
    chance = random.Random(1)
    for identifier, extended in book._messages:
        assert book.words("", identifier, extended, chance.randbytes(8))


def test_broken_files_are_refused(tmp_path: Path) -> None:
    chance = random.Random(3)
    for number in range(60):
        data = bytearray(DBC.encode())
        for _ in range(chance.randint(1, 30)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        place = tmp_path / f"{number}.dbc"
        place.write_bytes(bytes(data))
        try:
            SignalBook(place).words("", 201, False, bytes(8))
        except DataInvalid as error:
            assert place.name in error.message
    with pytest.raises(DataInvalid, match="cannot be read"):
        SignalBook(tmp_path / "none.dbc")


def test_without_cantools_it_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cantools", None)
    with pytest.raises(DriverMissing, match="cantools"):
        SignalBook(file)
