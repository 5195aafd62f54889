"""How long a flash takes: what the wire needs at least (ISO 11898-1, ISO 15765-2), and a guess with the rest. Pure.

    wire limit   every bit of the frames, none of the stuffing, no pause: nothing can be quicker
    estimate     with usual stuffing, the unit's answers, erasing and checking, two resets
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from core.vocabulary import CanAddress, EcuAddress

USUAL_BITRATE = 500_000
"""Bit/s of diagnosis on CAN (ISO 15765-4) where the device does not tell."""
USUAL_DATA_BITRATE = 2_000_000
ETHERNET = 100_000_000  # 100BASE-T1 and -TX, the lines of ISO 13400-3
FRAME_BITS, EXTENDED_FRAME_BITS = 47, 67  # beside the data, interframe space included, without stuffing
FD_NOMINAL_BITS, FD_EXTENDED_NOMINAL_BITS, FD_DATA_BITS = 30, 50, 33  # before and after, and beside the data at the
# data bit rate (DLC, CRC21 with its fixed stuffing)
STUFFING = 1.15  # stuffing and small gaps as measured on real images
ANSWER = 0.005  # seconds from the last frame of a block to its answer
MEMORY_RATE = 400_000  # bytes/s to erase and check flash memory, a rule of thumb
WRITE_RATE = 1_000_000  # bytes/s to write it, which counts where the wire is quicker
RESETS = 2


@dataclass(frozen=True, slots=True)
class Wire:
    """What the device says of its line, None where it does not."""

    bitrate: int | None = None
    data_bitrate: int | None = None


UNKNOWN_WIRE = Wire()


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds. `line` names the line in words."""

    seconds: float
    wire_limit: float
    line: str


def estimate(size: int, block_length: int, address: EcuAddress, wire: Wire, reset_time: float) -> Estimate:
    """For `size` bytes in TransferData messages of `block_length` bytes at most (SID and counter included)."""
    payload = max(1, block_length - 2)
    blocks = ceil(size / payload)
    if isinstance(address, CanAddress):
        per_block, line = _can_block(min(payload, size) + 2, address, wire)
        limit = per_block * (size / payload)
        writing = 0.0
    else:
        limit = (size + blocks * (12 + 2 + 13 + 2 * 66)) * 8 / ETHERNET  # DoIP, UDS and acknowledgement, TCP/IP twice
        line, writing = "100 Mbit/s", size / WRITE_RATE
    whole = max(limit * STUFFING, writing) + blocks * ANSWER + size / MEMORY_RATE + RESETS * min(reset_time, 2.0)
    return Estimate(whole, limit, line)


def _can_block(length: int, address: CanAddress, wire: Wire) -> tuple[float, str]:
    """Seconds that one message, its flow control and its answer need on the line, and the line in words."""
    bitrate = wire.bitrate or USUAL_BITRATE
    extension = 1 if address.tx_extension is not None else 0
    if not address.is_fd:
        frame = EXTENDED_FRAME_BITS if address.is_extended_id else FRAME_BITS
        consecutive = ceil(max(0, length - 6 + extension) / (7 - extension))
        return (consecutive + 3) * (frame + 64) / bitrate, f"{bitrate // 1000} kbit/s"
    data_rate = wire.data_bitrate or USUAL_DATA_BITRATE
    nominal = FD_EXTENDED_NOMINAL_BITS if address.is_extended_id else FD_NOMINAL_BITS
    consecutive = ceil(max(0, length - 62 + extension) / (63 - extension))
    long = nominal / bitrate + (FD_DATA_BITS + 64 * 8) / data_rate
    short = nominal / bitrate + (FD_DATA_BITS + 8 * 8) / data_rate
    return (consecutive + 1) * long + 2 * short, f"{bitrate // 1000} kbit/s, data {data_rate / 1_000_000:g} Mbit/s"


def in_words(seconds: float) -> str:
    """E.g. "under 1 s", "40 s", "2 min 40 s", "1 h 5 min"."""
    if seconds < 1:
        return "under 1 s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def about(seconds: float) -> str:
    """Rounded up, as a guess should be: "about 3 min"."""
    if seconds < 1:
        return "about 1 s"
    if seconds < 10:
        return f"about {ceil(seconds)} s"
    if seconds < 90:
        return f"about {ceil(seconds / 5) * 5} s"
    return f"about {in_words(ceil(seconds / 60) * 60)}"
