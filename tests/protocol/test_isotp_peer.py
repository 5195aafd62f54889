"""ISO-TP against can-isotp, an implementation that nobody here wrote: its logic in process, no thread, no sleeping."""

from __future__ import annotations

import random
from collections import deque

import isotp
import pytest

from core.protocol.isotp import IsoTpMachine, functional_frame
from core.vocabulary import Addressing, CanAddress

ADDRESSES = {
    "normal 11": (
        CanAddress(0x7E0, 0x7E8),
        isotp.Address(isotp.AddressingMode.Normal_11bits, txid=0x7E8, rxid=0x7E0),
    ),
    "normal 29": (
        CanAddress(0x18DA10F1, 0x18DAF110, is_extended_id=True),
        isotp.Address(isotp.AddressingMode.Normal_29bits, txid=0x18DAF110, rxid=0x18DA10F1),
    ),
    "extended 11": (
        CanAddress(0x6F1, 0x612, addressing=Addressing.EXTENDED, tx_extension=0x12, rx_extension=0xF1),
        isotp.Address(
            isotp.AddressingMode.Extended_11bits, txid=0x612, rxid=0x6F1, source_address=0x12, target_address=0xF1
        ),
    ),
    "extended 29": (
        CanAddress(0x1FFF6F1, 0x1FFF612, True, Addressing.EXTENDED, tx_extension=0x12, rx_extension=0xF1),
        isotp.Address(
            isotp.AddressingMode.Extended_29bits,
            txid=0x1FFF612,
            rxid=0x1FFF6F1,
            source_address=0x12,
            target_address=0xF1,
        ),
    ),
    "mixed 11": (
        CanAddress(0x7E0, 0x7E8, addressing=Addressing.MIXED, tx_extension=0x99, rx_extension=0x99),
        isotp.Address(isotp.AddressingMode.Mixed_11bits, txid=0x7E8, rxid=0x7E0, address_extension=0x99),
    ),
}
SIZES = [1, 5, 6, 7, 8, 9, 13, 14, 62, 63, 64, 100, 111, 4095, 4096, 9000]


class Peer:
    """can-isotp's TransportLayerLogic with two lists for a bus."""

    def __init__(self, name: str, is_fd: bool, padding: int | None, block_size: int, tx_dl: int = 8) -> None:
        address, theirs = ADDRESSES[name]
        self.address = CanAddress(
            address.tx, address.rx, address.is_extended_id, address.addressing, address.tx_extension,
            address.rx_extension, is_fd=is_fd, padding=padding,
        )  # fmt: skip
        self.to_peer: deque[isotp.CanMessage] = deque()
        self.from_peer: list[isotp.CanMessage] = []
        self.errors: list[Exception] = []
        self.logic = isotp.TransportLayerLogic(
            rxfn=lambda timeout: self.to_peer.popleft() if self.to_peer else None,
            txfn=self.from_peer.append,
            address=theirs,
            error_handler=self.errors.append,
            params={
                "blocksize": block_size, "stmin": 0, "tx_padding": padding, "can_fd": is_fd,
                "tx_data_length": tx_dl, "max_frame_size": 20_000,
            },
        )  # fmt: skip
        self.machine = IsoTpMachine(self.address, block_size=block_size, tx_dl=tx_dl)

    def exchange(self) -> None:
        quiet = 0
        while quiet < 2:
            frames = self.machine.frames_to_send(0.0)
            for frame in frames:
                self.to_peer.append(self._message(self.address.tx, frame))
            self.logic.process(rx_timeout=0.0)
            answers, self.from_peer[:] = list(self.from_peer), []
            for answer in answers:
                assert answer.arbitration_id == self.address.rx
                self.machine.receive(bytes(answer.data), 0.0)
            quiet = 0 if frames or answers or self.to_peer else quiet + 1

    def _message(self, identifier: int, frame: bytes) -> isotp.CanMessage:
        return isotp.CanMessage(
            arbitration_id=identifier,
            data=frame,
            extended_id=self.address.is_extended_id,
            is_fd=self.address.is_fd,
        )


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(("is_fd", "tx_dl"), [(False, 8), (True, 8), (True, 24), (True, 64)])
@pytest.mark.parametrize("padding", [None, 0xCC])
@pytest.mark.parametrize("block_size", [0, 8])
def test_both_directions(name: str, is_fd: bool, tx_dl: int, padding: int | None, block_size: int) -> None:
    peer = Peer(name, is_fd, padding, block_size, tx_dl)
    for size in SIZES:
        pdu = random.Random(size).randbytes(size)
        peer.machine.send(pdu, 0.0)
        peer.exchange()
        assert peer.logic.recv() == pdu
        peer.logic.send(pdu[::-1])
        peer.exchange()
        assert peer.machine.next_pdu() == pdu[::-1]
        assert not peer.machine.sending and peer.machine.error() is None and peer.errors == []


@pytest.mark.parametrize("name", ["normal 11", "extended 11", "mixed 11"])
def test_functional_single_frame_is_understood(name: str) -> None:
    peer = Peer(name, False, 0xCC, 0)
    address, _ = ADDRESSES[name]
    peer.to_peer.append(peer._message(address.tx, functional_frame(address, b"\x3e\x80")))
    peer.exchange()
    assert peer.logic.recv() == b"\x3e\x80"


def test_peer_that_has_no_room_says_overflow() -> None:
    peer = Peer("normal 11", False, 0xCC, 0)
    peer.machine.send(bytes(20_001), 0.0)
    peer.exchange()
    error = peer.machine.tx_error()
    assert error is not None and "too long" in error.message and not peer.machine.sending
