"""Records for the tests of traces: a bus as busy as a real one, and a conversation on it."""

from __future__ import annotations

import random

from core.protocol.isotp import IsoTpMachine, mirrored
from core.vocabulary import CanAddress, CanFrame, DoipMessage

BEGIN = 1_700_000_000.25
ENGINE = CanAddress(0x7E0, 0x7E8)


def bus(count: int = 300, seed: int = 7) -> list[CanFrame]:
    """Classic data frames with 11 and 29 bit identifiers, both directions, 1 ms apart."""
    chance = random.Random(seed)
    frames = []
    for n in range(count):
        extended = chance.random() < 0.3
        identifier = chance.getrandbits(29 if extended else 11)
        data = chance.randbytes(chance.randrange(9))
        frames.append(CanFrame(BEGIN + n / 1000, identifier, data, extended, False, chance.random() < 0.8))
    return frames


def rare() -> list[CanFrame]:
    """FD, remote and error frames."""
    return [
        CanFrame(BEGIN + 1, 0x123, bytes(range(64)), is_fd=True),
        CanFrame(BEGIN + 1.001, 0x124, b"", is_remote_frame=True),
        CanFrame(BEGIN + 1.002, 0x80, bytes(8), is_error_frame=True),
    ]


def talk(exchanges: list[tuple[bytes, bytes]], address: CanAddress = ENGINE) -> list[CanFrame]:
    """The frames of these requests and answers, flow control included, as our own machines send them."""
    frames: list[CanFrame] = []
    tester, unit = IsoTpMachine(address), IsoTpMachine(mirrored(address))

    def said(machine: IsoTpMachine, other: IsoTpMachine, identifier: int) -> None:
        for data in machine.frames_to_send(0.0):
            frames.append(CanFrame(BEGIN + len(frames) / 1000, identifier, data, is_rx=identifier == address.rx))
            other.receive(data, 0.0)

    for request, answer in exchanges:
        for machine, pdu in ((tester, request), (unit, answer)):
            machine.send(pdu, 0.0)
            while machine.sending:
                said(tester, unit, address.tx)
                said(unit, tester, address.rx)
        assert (unit.next_pdu(), tester.next_pdu()) == (request, answer)
    return frames


def doip(kind: int, payload: bytes, *, is_rx: bool = True, at: float = 0.0) -> DoipMessage:
    return DoipMessage(BEGIN + at, kind, payload, is_rx)
