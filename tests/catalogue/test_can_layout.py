"""CP_CanPhysReqFormat: how a unit on CAN is addressed, as data from different makers say it."""

from __future__ import annotations

import pytest

from core.catalogue.odx.comparams import _layout
from core.vocabulary import Addressing

NORMAL, EXTENDED, MIXED = Addressing.NORMAL, Addressing.EXTENDED, Addressing.MIXED


@pytest.mark.parametrize(
    ("text", "addressing", "is_29_bit"),
    [
        ("5", NORMAL, False),
        ("0x07", NORMAL, True),
        ("13", EXTENDED, False),
        ("15", EXTENDED, True),
        ("normal segmented 11-bit transmit with fc", NORMAL, False),
        ("normal segmented 29-bit transmit with fc", NORMAL, True),
        ("extended segmented 11-bit transmit with fc", EXTENDED, False),
        ("extended segmented 29-bit transmit with fc", EXTENDED, True),
        ("mixed segmented 29-bit transmit with fc", MIXED, True),
        ("", NORMAL, False),
        ("nonsense", NORMAL, False),
    ],
)
def test_words_and_numbers(text: str, addressing: Addressing, is_29_bit: bool) -> None:
    assert _layout(text) == (addressing, is_29_bit)
