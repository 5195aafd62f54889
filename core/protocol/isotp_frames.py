"""Frames of ISO-TP (ISO 15765-2:2016, clause 9): builds them and reads FC parameters. No state, no timers."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from core.errors import LocalProtocolError
from core.vocabulary import Addressing, CanAddress

SF, FF, CF, FC = 0x0, 0x1, 0x2, 0x3  # N_PCI types, table 9
CTS, WAIT, OVFLW = 0x0, 0x1, 0x2  # flow status, table 20
FD_LENGTHS = (8, 12, 16, 20, 24, 32, 48, 64)  # every CAN_DL from 8 on (ISO 11898-1)
FD_PADDING = 0xCC  # frames longer than 8 bytes must be filled even where the unit wants no padding (10.4.2.1)
BATCH = 64  # most CFs in one go: bounds the memory of a long PDU, and how early its N_Bs starts
_NEXT_LENGTH = tuple(next(valid for valid in FD_LENGTHS if valid >= size) for size in range(65))


def mirrored(address: CanAddress) -> CanAddress:
    """The same conversation seen from the other end: what the unit sends on and hears."""
    return replace(
        address,
        tx=address.rx,
        rx=address.tx,
        tx_extension=address.rx_extension,
        rx_extension=address.tx_extension,
    )


def prefix_of(address: CanAddress, extension: int | None) -> bytes:
    """The byte before the N_PCI: N_TA (extended) or N_AE (mixed), none for normal (10.3). LocalProtocolError."""
    if address.addressing is Addressing.NORMAL:
        return b""
    if extension is None or not 0 <= extension <= 0xFF:
        raise LocalProtocolError(f"{address}: {address.addressing.value} addressing needs an extension byte")
    return bytes((extension,))


def padded(frame: bytes, padding: int | None) -> bytes:
    """`frame` (1..64 bytes) filled to 8 where `padding` is given, beyond 8 always to a valid FD length."""
    size = len(frame)
    if size <= 8:
        return frame if padding is None or size == 8 else frame + bytes((padding,)) * (8 - size)
    return frame.ljust(_NEXT_LENGTH[size], bytes((FD_PADDING if padding is None else padding,)))


def single_frame_limit(prefix: bytes, tx_dl: int) -> int:
    """Most bytes of a PDU that one SF of `tx_dl` bytes carries (9.6.2)."""
    return (7 if tx_dl == 8 else tx_dl - 2) - len(prefix)


def single_frame(pdu: bytes, prefix: bytes, tx_dl: int, padding: int | None) -> bytes:
    """The SF for `pdu`; above 7 bytes the FD escape `00 LL` (9.6.2.1). LocalProtocolError where it does not fit."""
    size = len(pdu)
    if not 1 <= size <= single_frame_limit(prefix, tx_dl):
        raise LocalProtocolError(f"{size} bytes do not fit into a single frame of {tx_dl} bytes")
    head = bytes((size,)) if size <= 7 - len(prefix) else bytes((0, size))
    return padded(prefix + head + pdu, padding)


def functional_frame(address: CanAddress, pdu: bytes) -> bytes:
    """The frame for `address.functional`: single frame only (ISO 15765-2, 8.1). LocalProtocolError for a longer PDU."""
    extension = address.tx_extension if address.functional_extension is None else address.functional_extension
    return single_frame(pdu, prefix_of(address, extension), 64 if address.is_fd else 8, address.padding)


def flow_control(status: int, block_size: int, st_min: int, prefix: bytes, padding: int | None) -> bytes:
    """An FC frame (9.6.5). `st_min` is the raw byte."""
    return padded(prefix + bytes((0x30 | status, block_size, st_min)), padding)


def st_min_seconds(raw: int) -> float:
    """STmin in seconds: 00-7F ms, F1-F9 100-900 us, every reserved value as 127 ms (9.6.5.4, table 21)."""
    if raw <= 0x7F:
        return raw / 1000
    if 0xF1 <= raw <= 0xF9:
        return (raw - 0xF0) / 10_000
    return 0.127


@lru_cache(maxsize=256)
def consecutive_heads(prefix: bytes) -> tuple[tuple[bytes, ...], ...]:
    """For each first sequence number 0..15 the heads (prefix + N_PCI) of the next BATCH CFs, ready to be zipped."""
    heads = tuple(prefix + bytes((0x20 | number,)) for number in range(16))
    return tuple((heads[number:] + heads[:number]) * (BATCH // 16) for number in range(16))
