"""ISO-TP, rule by rule (ISO 15765-2; page 3, 3.4): what one machine does with one frame, and when."""

from __future__ import annotations

import pytest

from core.errors import LocalProtocolError, NoResponse, RemoteProtocolError
from core.protocol.isotp import IsoTpMachine, functional_frame, mirrored
from core.protocol.isotp_frames import FD_LENGTHS, st_min_seconds
from core.vocabulary import Addressing, CanAddress

NORMAL = CanAddress(0x7E0, 0x7E8)
UNPADDED = CanAddress(0x7E0, 0x7E8, padding=None)
EXTENDED = CanAddress(0x6F1, 0x612, addressing=Addressing.EXTENDED, tx_extension=0x12, rx_extension=0xF1)
MIXED = CanAddress(0x7E0, 0x7E8, addressing=Addressing.MIXED, tx_extension=0x55, rx_extension=0x55)
FIXED_29 = CanAddress(0x18DA10F1, 0x18DAF110, is_extended_id=True, functional=0x18DB33F1)
FD = CanAddress(0x7E0, 0x7E8, is_fd=True)


def sending(address: CanAddress, pdu: bytes, **options: int) -> tuple[IsoTpMachine, list[bytes]]:
    machine = IsoTpMachine(address, **options)
    machine.send(pdu, 0.0)
    return machine, machine.frames_to_send(0.0)


def cts(block_size: int = 0, st_min: int = 0) -> bytes:
    return bytes((0x30, block_size, st_min))


def test_single_frame_up_to_seven_bytes_is_padded() -> None:
    assert sending(NORMAL, b"\x3e\x00")[1] == [bytes.fromhex("023E00CCCCCCCCCC")]
    assert sending(NORMAL, bytes(7))[1] == [b"\x07" + bytes(7)]
    assert sending(UNPADDED, b"\x3e\x00")[1] == [bytes.fromhex("023E00")]


def test_first_frame_and_consecutive_frames() -> None:
    machine, frames = sending(NORMAL, bytes(range(20)))
    assert frames == [bytes.fromhex("1014000102030405")]
    machine.receive(cts(), 0.0)
    assert machine.frames_to_send(0.0) == [bytes.fromhex("21060708090A0B0C"), bytes.fromhex("220D0E0F10111213")]
    assert not machine.sending


@pytest.mark.parametrize("address", [EXTENDED, MIXED], ids=["extended", "mixed"])
def test_the_extension_byte_comes_first_and_leaves_one_byte_less(address: CanAddress) -> None:
    extension = address.tx_extension
    assert sending(address, bytes(6))[1] == [bytes((extension or 0, 6)) + bytes(6)]
    machine, frames = sending(address, bytes(range(7)))
    assert frames == [bytes((extension or 0, 0x10, 7, 0, 1, 2, 3, 4))]
    machine.receive(bytes((address.rx_extension or 0, 0x30, 0, 0)), 0.0)
    assert machine.frames_to_send(0.0) == [bytes((extension or 0, 0x21, 5, 6)) + b"\xcc" * 4]


def test_frames_for_another_extension_are_not_ours() -> None:
    machine = IsoTpMachine(EXTENDED)
    machine.receive(bytes.fromhex("F2023E00"), 0.0)
    assert machine.next_pdu() is None
    machine.receive(bytes.fromhex("F1027E00"), 0.0)
    assert machine.next_pdu() == bytes.fromhex("7E00")


def test_29_bit_is_the_same_transport() -> None:
    machine, frames = sending(FIXED_29, b"\x3e\x00")
    assert frames == [bytes.fromhex("023E00CCCCCCCCCC")]
    assert mirrored(FIXED_29).tx == 0x18DAF110
    assert not machine.sending


def test_first_frame_length_beyond_4095_takes_the_32_bit_escape() -> None:
    assert sending(NORMAL, bytes(4095))[1][0][:2] == bytes.fromhex("1FFF")
    machine, frames = sending(NORMAL, bytes(4096))
    assert frames == [bytes.fromhex("1000000010000000")]
    assert machine.sending


def test_escape_that_was_not_needed_is_ignored() -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes.fromhex("100000000FFF0102"), 0.0)
    assert machine.frames_to_send(0.0) == [] and machine.receiving_since is None


@pytest.mark.parametrize("length", range(1, 8))
def test_first_frame_that_would_fit_a_single_frame_is_ignored(length: int) -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes((0x10, length, 1, 2, 3, 4, 5, 6)), 0.0)
    assert machine.frames_to_send(0.0) == [] and machine.receiving_since is None


@pytest.mark.parametrize("frame", ["00", "08AABBCCDDEEFF00", "0322F1", "", "0F0102030405060708"])
def test_single_frame_with_an_impossible_length_is_ignored(frame: str) -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes.fromhex(frame), 0.0)
    assert not machine.has_news


def test_fd_single_frame_beyond_seven_bytes_has_the_length_in_the_second_byte() -> None:
    assert sending(FD, bytes(7))[1] == [b"\x07" + bytes(7)]
    assert sending(FD, bytes(8))[1] == [b"\x00\x08" + bytes(8) + b"\xcc\xcc"]
    assert sending(FD, bytes(62))[1] == [b"\x00\x3e" + bytes(62)]
    assert sending(FD, bytes(63))[1][0][:2] == bytes.fromhex("103F")


@pytest.mark.parametrize("size", range(1, 63))
def test_every_fd_frame_has_a_valid_length_and_is_understood(size: int) -> None:
    pdu = bytes(range(size))
    for padding in (None, 0x55):
        address = CanAddress(1, 2, is_fd=True, padding=padding)
        (frame,) = sending(address, pdu)[1]
        assert len(frame) in FD_LENGTHS or (padding is None and len(frame) == size + 1 <= 8)
        unit = IsoTpMachine(mirrored(address))
        unit.receive(frame, 0.0)
        assert unit.next_pdu() == pdu


@pytest.mark.parametrize("tx_dl", FD_LENGTHS)
@pytest.mark.parametrize("size", [9, 11, 12, 31, 63, 64, 200, 4095, 4096])
def test_fd_frames_of_every_tx_dl(tx_dl: int, size: int) -> None:
    tester, unit = IsoTpMachine(FD, tx_dl=tx_dl), IsoTpMachine(mirrored(FD))
    pdu = bytes(index & 0xFF for index in range(size))
    tester.send(pdu, 0.0)
    while tester.sending:
        for frame in tester.frames_to_send(0.0):
            assert len(frame) in FD_LENGTHS and len(frame) <= tx_dl
            unit.receive(frame, 0.0)
        for frame in unit.frames_to_send(0.0):
            tester.receive(frame, 0.0)
    assert unit.next_pdu() == pdu


def test_consecutive_frame_of_another_length_than_the_first_frame_is_ignored() -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes((0x10, 20, 0, 1, 2, 3, 4, 5)), 0.0)
    machine.receive(b"\x21\x06\x07", 0.0)
    machine.receive(b"\x21" + bytes(11), 0.0)
    assert machine.receiving_since == 0.0 and not machine.has_news
    machine.receive(bytes((0x21, *range(6, 13))), 0.0)
    machine.receive(bytes((0x22, *range(13, 20))), 0.0)
    assert machine.next_pdu() == bytes(range(20))


def test_last_consecutive_frame_may_be_short() -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes((0x10, 8, 0, 1, 2, 3, 4, 5)), 0.0)
    machine.receive(b"\x21\x06\x07", 0.0)
    assert machine.next_pdu() == bytes(range(8))


@pytest.mark.parametrize(
    ("raw", "seconds"),
    [(0, 0.0), (1, 0.001), (0x7F, 0.127), (0xF1, 0.0001), (0xF9, 0.0009)]
    + [(raw, 0.127) for raw in (0x80, 0xF0, 0xFA, 0xFF)],
)
def test_st_min(raw: int, seconds: float) -> None:
    assert st_min_seconds(raw) == pytest.approx(seconds)


@pytest.mark.parametrize("raw", [0x05, 0xF3, 0x90])
def test_st_min_holds_back_each_consecutive_frame(raw: int) -> None:
    machine, _ = sending(NORMAL, bytes(27))
    machine.receive(cts(0, raw), 1.0)
    gap = st_min_seconds(raw)
    now = 1.0
    for left in (2, 1, 0):
        assert len(machine.frames_to_send(now)) == 1
        if left:
            assert machine.frames_to_send(now + gap * 0.99) == []
            assert machine.next_deadline() == pytest.approx(now + gap)
            now = machine.next_deadline() or 0.0
    assert not machine.sending


def test_block_size_stops_the_sender_and_0_never_does() -> None:
    machine, _ = sending(NORMAL, bytes(6 + 7 * 40))
    machine.receive(cts(3), 0.0)
    assert len(machine.frames_to_send(0.0)) == 3
    assert machine.frames_to_send(0.0) == [] and machine.awaits_flow_control
    machine.receive(cts(0), 0.0)
    assert len(machine.frames_to_send(0.0)) == 37 and not machine.sending


def test_receiver_asks_for_its_block_size_and_st_min() -> None:
    machine = IsoTpMachine(NORMAL, block_size=2, st_min=0xF1)
    machine.receive(bytes((0x10, 6 + 7 * 4)) + bytes(6), 0.0)
    permission = bytes.fromhex("3002F1CCCCCCCCCC")
    assert machine.frames_to_send(0.0) == [permission]
    for number in (1, 2):
        machine.receive(bytes((0x20 | number,)) + bytes(7), 0.0)
    assert machine.frames_to_send(0.0) == [permission]
    for number in (3, 4):
        machine.receive(bytes((0x20 | number,)) + bytes(7), 0.0)
    assert machine.frames_to_send(0.0) == []  # the last block needs no further permission
    assert machine.next_pdu() == bytes(34)


def test_wait_prolongs_n_bs_until_the_limit() -> None:
    machine, _ = sending(NORMAL, bytes(20), wait_limit=2)
    for now in (0.9, 1.8):
        machine.receive(b"\x31\x00\x00", now)
        machine.handle_timeout(now)
        assert machine.sending and machine.next_deadline() == pytest.approx(now + 1.0)
    machine.receive(b"\x31\x00\x00", 2.7)
    error = machine.tx_error()
    assert isinstance(error, RemoteProtocolError) and "N_WFT_OVRN" in error.clause
    assert not machine.sending


def test_clear_to_send_forgets_earlier_waits() -> None:
    machine, _ = sending(NORMAL, bytes(40), wait_limit=1)
    for _ in range(3):
        machine.receive(b"\x31\x00\x00", 0.0)
        machine.receive(cts(1), 0.0)
        assert len(machine.frames_to_send(0.0)) == 1
    assert machine.tx_error() is None


def test_overflow_ends_sending() -> None:
    machine, _ = sending(NORMAL, bytes(20))
    machine.receive(b"\x32\x00\x00", 0.0)
    error = machine.tx_error()
    assert isinstance(error, RemoteProtocolError) and error.clause == "N_BUFFER_OVFLW"
    assert not machine.sending and machine.next_deadline() is None


def test_flow_status_that_does_not_exist_ends_sending() -> None:
    machine, _ = sending(NORMAL, bytes(20))
    machine.receive(b"\x35\x00\x00", 0.0)
    error = machine.tx_error()
    assert isinstance(error, RemoteProtocolError) and "N_INVALID_FS" in error.clause


def test_receiver_refuses_what_is_too_long_for_it() -> None:
    machine = IsoTpMachine(NORMAL, max_receive=5000)
    machine.receive(bytes.fromhex("10000000138900CC"), 0.0)
    assert machine.frames_to_send(0.0) == [bytes.fromhex("320000CCCCCCCCCC")]
    assert machine.receiving_since is None
    error = machine.rx_error()
    assert isinstance(error, RemoteProtocolError) and error.clause == "N_BUFFER_OVFLW"


@pytest.mark.parametrize("frame", [b"\x30", b"\x30\x00", b""])
def test_flow_control_that_is_too_short_is_ignored(frame: bytes) -> None:
    machine, _ = sending(NORMAL, bytes(20))
    machine.receive(frame, 0.0)
    assert machine.awaits_flow_control and machine.tx_error() is None


def test_flow_control_nobody_waits_for_is_ignored() -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(b"\x32\x00\x00", 0.0)
    machine.send(bytes(20), 0.0)
    machine.receive(b"\x32\x00\x00", 0.0)  # before the first frame went out
    assert machine.frames_to_send(0.0) and machine.error() is None


def test_n_bs_is_one_second_from_the_first_frame() -> None:
    machine, _ = sending(NORMAL, bytes(20))
    assert machine.next_deadline() == 1.0
    machine.handle_timeout(0.999)
    assert machine.sending
    machine.handle_timeout(1.0)
    error = machine.tx_error()
    assert isinstance(error, NoResponse) and error.timer == "N_Bs" and not machine.sending


def test_n_bs_runs_again_after_each_block() -> None:
    machine, _ = sending(NORMAL, bytes(40))
    machine.receive(cts(2), 0.5)
    assert len(machine.frames_to_send(0.6)) == 2
    assert machine.next_deadline() == pytest.approx(1.6)
    machine.handle_timeout(1.6)
    error = machine.tx_error()
    assert isinstance(error, NoResponse) and error.timer == "N_Bs"


def test_n_cr_is_one_second_from_each_frame() -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes((0x10, 40)) + bytes(6), 0.0)
    machine.receive(b"\x21" + bytes(7), 0.9)
    machine.handle_timeout(1.5)
    assert machine.receiving_since == 0.0 and machine.receive_deadline == pytest.approx(1.9)
    machine.handle_timeout(1.9)
    error = machine.rx_error()
    assert isinstance(error, NoResponse) and error.timer == "N_Cr" and machine.receiving_since is None


def test_wrong_sequence_number_ends_the_reception() -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes((0x10, 40)) + bytes(6), 0.0)
    machine.receive(b"\x22" + bytes(7), 0.0)
    error = machine.rx_error()
    assert isinstance(error, RemoteProtocolError) and "N_WRONG_SN" in error.clause
    machine.receive(b"\x21" + bytes(7), 0.0)  # what still comes belongs to nothing
    assert not machine.has_news and machine.receiving_since is None


@pytest.mark.parametrize("fresh", [b"\x02\x7e\x00", bytes((0x10, 8)) + bytes(6)], ids=["SF", "FF"])
def test_new_message_inside_an_old_one_takes_its_place(fresh: bytes) -> None:
    machine = IsoTpMachine(NORMAL)
    machine.receive(bytes((0x10, 40)) + bytes(6), 0.0)
    machine.receive(fresh, 0.1)
    machine.receive(b"\x21" + bytes(7), 0.2)
    error = machine.rx_error()
    assert isinstance(error, RemoteProtocolError) and "N_UNEXP_PDU" in error.clause
    assert machine.next_pdu() == (b"\x7e\x00" if fresh[0] == 2 else bytes(8))


def test_consecutive_and_unknown_frames_out_of_the_blue_are_ignored() -> None:
    machine = IsoTpMachine(NORMAL)
    for first in (0x21, *range(0x40, 0x100, 0x10)):
        machine.receive(bytes((first,)) + bytes(7), 0.0)
    assert not machine.has_news and machine.frames_to_send(0.0) == []


def test_sequence_number_wraps_from_15_to_0() -> None:
    machine, _ = sending(NORMAL, bytes(6 + 7 * 40))
    machine.receive(cts(), 0.0)
    frames = machine.frames_to_send(0.0)
    assert [frame[0] for frame in frames] == [0x20 | (index & 0xF) for index in range(1, 41)]


def test_functional_is_a_single_frame_only() -> None:
    assert functional_frame(NORMAL, b"\x3e\x80") == bytes.fromhex("023E80CCCCCCCCCC")
    with pytest.raises(LocalProtocolError):
        functional_frame(NORMAL, bytes(8))
    everybody = IsoTpMachine(mirrored(NORMAL), functional=True)
    everybody.receive(bytes((0x10, 20)) + bytes(6), 0.0)
    assert everybody.frames_to_send(0.0) == [] and everybody.receiving_since is None
    everybody.receive(bytes.fromhex("023E80"), 0.0)
    assert everybody.next_pdu() == b"\x3e\x80"
    with pytest.raises(LocalProtocolError):
        everybody.send(bytes(8), 0.0)


def test_functional_extension_may_differ() -> None:
    address = CanAddress(
        0x6F1, 0x612, addressing=Addressing.EXTENDED, tx_extension=0x12, rx_extension=0xF1, functional_extension=0xDF
    )
    frame = functional_frame(address, b"\x3e\x80")
    assert frame == bytes.fromhex("DF023E80CCCCCCCC")
    everybody = IsoTpMachine(mirrored(address), functional=True)
    everybody.receive(frame, 0.0)
    assert everybody.next_pdu() == b"\x3e\x80"


def test_messages_queue_and_both_directions_are_independent() -> None:
    machine, frames = sending(NORMAL, bytes(20))
    machine.send(b"\x3e\x00", 0.0)
    machine.receive(bytes((0x10, 8)) + bytes(6), 0.0)
    assert machine.frames_to_send(0.0) == [bytes.fromhex("300000CCCCCCCCCC")]
    machine.receive(cts(), 0.0)
    machine.receive(b"\x21\x00\x00", 0.0)
    assert machine.next_pdu() == bytes(8)
    frames = machine.frames_to_send(0.0) + machine.frames_to_send(0.0)
    assert [frame[0] for frame in frames] == [0x21, 0x22, 0x02] and not machine.sending


def test_a_failed_message_does_not_hold_up_the_next() -> None:
    machine, _ = sending(NORMAL, bytes(20))
    machine.send(b"\x3e\x00", 0.0)
    machine.handle_timeout(1.0)
    assert machine.frames_to_send(1.0) == [bytes.fromhex("023E00CCCCCCCCCC")]


def test_unread_messages_are_bounded_and_can_be_forgotten() -> None:
    machine = IsoTpMachine(NORMAL, max_unread=3)
    for number in range(5):
        machine.receive(bytes((1, number)), 0.0)
    assert [machine.next_pdu() for _ in range(3)] == [b"\x02", b"\x03", b"\x04"]
    machine.receive(b"\x01\x07", 0.0)
    machine.clear()
    assert machine.next_pdu() is None


@pytest.mark.parametrize("options", [{"block_size": 256}, {"st_min": -1}, {"tx_dl": 9}, {"tx_dl": 65}])
def test_impossible_parameters_are_our_own_fault(options: dict[str, int]) -> None:
    with pytest.raises(LocalProtocolError):
        IsoTpMachine(NORMAL, **options)


def test_what_can_never_be_sent_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        IsoTpMachine(NORMAL).send(b"", 0.0)
    with pytest.raises(LocalProtocolError):
        IsoTpMachine(CanAddress(1, 2, addressing=Addressing.MIXED))
