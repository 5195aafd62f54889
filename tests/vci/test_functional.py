"""Functional requests: one frame a group, classic where anybody in it needs that."""

from __future__ import annotations

from dataclasses import replace

from core.vci.functional import functional_targets
from core.vocabulary import Addressing, CanAddress, DoipAddress

CLASSIC = CanAddress(0x18DA00F1, 0x18DAF100, True, functional=0x18DB33F1)
FD = CanAddress(0x18DA27F1, 0x18DAF127, True, functional=0x18DB33F1, is_fd=True)
EXTENDED = CanAddress(
    0x18DA21F1, 0x18DAF121, True, Addressing.EXTENDED, 0x21, 0xF1, 0x18DB33F1, functional_extension=0xFE
)


def test_one_frame_for_a_group_and_none_for_who_has_none() -> None:
    other = replace(CLASSIC, tx=0x18DA03F1, rx=0x18DAF103)
    silent = replace(other, functional=None)
    gateway, unit = DoipAddress(0x1000), DoipAddress(0x1010)
    assert functional_targets((CLASSIC, other, silent, gateway, unit)) == (CLASSIC, gateway)
    assert functional_targets(()) == ()


def test_the_same_number_with_11_and_29_bits_are_two_groups() -> None:
    eleven = CanAddress(0x7E0, 0x7E8, functional=0x7DF)
    assert functional_targets((eleven, replace(eleven, is_extended_id=True))) == (
        eleven,
        replace(eleven, is_extended_id=True),
    )


def test_extension_bytes_need_frames_of_their_own() -> None:
    plain_target = replace(EXTENDED, functional_extension=None, tx_extension=0x22)
    assert functional_targets((CLASSIC, EXTENDED, replace(EXTENDED, tx_extension=0x40))) == (CLASSIC, EXTENDED)
    assert functional_targets((EXTENDED, plain_target)) == (EXTENDED, plain_target)


def test_a_mixed_group_gets_a_classic_frame() -> None:
    assert functional_targets((FD, CLASSIC)) == functional_targets((CLASSIC, FD)) == (CLASSIC,)
    assert functional_targets((FD,)) == (FD,)
