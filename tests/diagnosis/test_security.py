"""Unlocking: seed, key, delay timer, and when to stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.diagnosis.commands import Request, Tell, Wait
from core.diagnosis.security import SecurityMethods, unlock
from core.errors import NegativeResponse, PreconditionNotMet, ProductError, RemoteProtocolError
from core.events import Noted
from core.protocol.authentication import seed_key
from tests.diagnosis.scripted_vci import ENGINE

SEED = bytes.fromhex("11223344")
KEY = seed_key.key_for(seed_key.GARAGE, SEED, 0x11)


def play(unit: Callable[[bytes], bytes], method: str = seed_key.GARAGE) -> tuple[list[str], float, ProductError | None]:
    """Let `unit` answer the requests of an unlocking; what was sent, the seconds waited, the error."""
    part = unlock("ENGINE", ENGINE, 0x11, method)
    sent: list[str] = []
    waited = 0.0
    answer: bytes | None = None
    try:
        while True:
            command = part.send(answer)
            answer = None
            if isinstance(command, Wait):
                waited += command.seconds
            elif not isinstance(command, Tell):
                assert isinstance(command, Request)
                sent.append(command.pdu.hex())
                answer = unit(command.pdu)
    except StopIteration:
        return sent, waited, None
    except ProductError as error:
        return sent, waited, error


def locked(pdu: bytes) -> bytes:
    if pdu == b"\x27\x11":
        return b"\x67\x11" + SEED
    return b"\x67\x12" if pdu == b"\x27\x12" + KEY else b"\x7f\x27\x35"


def test_seed_and_key() -> None:
    assert play(locked) == (["2711", "2712" + KEY.hex()], 0.0, None)


def test_an_open_unit_is_left_so() -> None:
    assert play(lambda pdu: b"\x67\x11" + bytes(4)) == (["2711"], 0.0, None)


def test_the_delay_is_waited_out_and_the_seed_asked_again() -> None:
    refusals = iter([b"\x7f\x27\x37"] * 3)
    sent, waited, error = play(lambda pdu: next(refusals, None) or locked(pdu))
    assert error is None
    assert sent == ["2711"] * 4 + ["2712" + KEY.hex()]
    assert waited == 6.0


def test_an_endless_delay_is_told_to_the_technician() -> None:
    sent, waited, error = play(lambda pdu: b"\x7f\x27\x37")
    assert isinstance(error, PreconditionNotMet) and "requiredTimeDelayNotExpired" in error.message
    assert waited == 60.0 and set(sent) == {"2711"}


@pytest.mark.parametrize("code", [0x35, 0x36, 0x37])
def test_a_wrong_key_is_never_tried_twice(code: int) -> None:
    sent, _, error = play(lambda pdu: locked(pdu) if pdu == b"\x27\x11" else bytes((0x7F, 0x27, code)))
    assert isinstance(error, PreconditionNotMet) and f"0x{code:02X}" in error.message and error.advice
    assert len(sent) == 2


def test_too_many_attempts_stops_at_the_seed() -> None:
    sent, waited, error = play(lambda pdu: b"\x7f\x27\x36")
    assert isinstance(error, PreconditionNotMet) and sent == ["2711"] and waited == 0.0


@pytest.mark.parametrize("where", ["2711", "2712"])
def test_other_refusals_are_raised_as_they_are(where: str) -> None:
    _, _, error = play(lambda pdu: b"\x7f\x27\x7f" if pdu.hex().startswith(where) else locked(pdu))
    assert isinstance(error, NegativeResponse) and (error.sid, error.nrc) == (0x27, 0x7F)


def test_an_empty_seed_breaks_the_rules() -> None:
    _, _, error = play(lambda pdu: b"\x67\x11")
    assert isinstance(error, RemoteProtocolError)


def test_a_method_that_is_not_installed_is_named() -> None:
    sent, _, error = play(locked, method="makers-own")
    assert isinstance(error, PreconditionNotMet) and "makers-own" in error.message
    assert "[security.makers-own]" in error.advice and sent == []


def told_while_waiting(refusals: int) -> tuple[list[str], int]:
    """The sentences of an unlocking that meets the delay timer, and how often it asked for a seed."""
    part = unlock("ENGINE", ENGINE, 0x11, seed_key.GARAGE)
    sentences: list[str] = []
    asked = 0
    answer: bytes | None = None
    try:
        while True:
            command = part.send(answer)
            answer = None
            if isinstance(command, Tell):
                assert isinstance(command.event, Noted)
                sentences.append(command.event.text)
            elif isinstance(command, Request):
                asked += command.pdu == b"\x27\x11"
                answer = b"\x7f\x27\x37" if asked <= refusals else locked(command.pdu)
    except StopIteration:
        return sentences, asked


def test_the_technician_hears_how_long_it_may_still_take() -> None:
    sentences, asked = told_while_waiting(9)
    assert asked == 10
    assert [text.split(" for ")[-1] for text in sentences] == ["60 s more at most.", "50 s more at most."]
    assert all("ENGINE lets its delay" in text for text in sentences)
    assert told_while_waiting(0) == ([], 1)


def test_after_a_right_key_wrong_ones_are_counted_anew() -> None:
    methods = SecurityMethods()
    assert [methods.count_wrong_key("V", "ENGINE", 0x11) for _ in range(3)] == [1, 2, 3]
    part = unlock("ENGINE", ENGINE, 0x11, seed_key.GARAGE, methods=methods, vin="V")
    next(part)
    part.send(b"\x67\x11" + SEED)
    with pytest.raises(StopIteration):
        part.send(b"\x67\x12")
    assert methods.wrong_keys("V", "ENGINE", 0x11) == 0
    assert methods.count_wrong_key("V", "BODY", 0x11) == 1
