"""What travels on a bus and where it goes: CAN frames (ISO 11898-1), DoIP messages (ISO 13400-2), addresses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Transport(Enum):
    """A way that diagnosis takes through a VCI."""

    CAN = "CAN"
    DOIP = "DoIP"


UDS, KWP2000 = "UDS", "KWP2000"
"""The diagnosis protocols: ISO 14229 and ISO 14230-3. The vehicle data say which one a unit speaks at an address."""


class CanFrame(NamedTuple):
    """One CAN or CAN FD frame as the tap saw it. `timestamp` in seconds since the epoch, `data` 0..64 bytes.

    A NamedTuple and not a dataclass: the tap makes one for every frame on the bus, and this costs a third.
    """

    timestamp: float
    arbitration_id: int
    data: bytes
    is_extended_id: bool = False
    is_fd: bool = False
    is_rx: bool = True
    is_error_frame: bool = False
    channel: str = ""
    is_remote_frame: bool = False


class DoipMessage(NamedTuple):
    """One DoIP message as the tap saw it (ISO 13400-2, table 17). `payload` without the 8 byte generic header."""

    timestamp: float
    payload_type: int
    payload: bytes
    is_rx: bool = True
    channel: str = ""


class Addressing(Enum):
    """ISO 15765-2, clause 10.3: where the N_PCI starts in the frame."""

    NORMAL = "normal"
    EXTENDED = "extended"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class CanAddress:
    """A unit on CAN: the identifiers of both directions and how ISO-TP is spoken there (ISO 15765-2).

    `tx` is what the tester sends on, `rx` what the unit answers on, `functional` the identifier that all units
    hear. `tx_extension` and `rx_extension` are the N_TA (extended) or N_AE (mixed) byte, 0..255, None for normal.
    `padding` is the byte that fills a frame to 8 (FD: to the next valid length), None for no padding.
    `functional_extension` is the extension byte on `functional`, None where it is `tx_extension` too. `protocol` is
    what the unit speaks there.
    """

    tx: int
    rx: int
    is_extended_id: bool = False
    addressing: Addressing = Addressing.NORMAL
    tx_extension: int | None = None
    rx_extension: int | None = None
    functional: int | None = 0x7DF
    is_fd: bool = False
    padding: int | None = 0xCC
    functional_extension: int | None = None
    protocol: str = UDS

    @property
    def transport(self) -> Transport:
        return Transport.CAN

    def __str__(self) -> str:
        width = 8 if self.is_extended_id else 3
        return f"{self.tx:0{width}X}/{self.rx:0{width}X}"


@dataclass(frozen=True, slots=True)
class DoipAddress:
    """A unit behind a DoIP entity: its logical address and the functional group it hears (ISO 13400-2, table 13)."""

    logical: int
    functional: int = 0xE400

    @property
    def transport(self) -> Transport:
        return Transport.DOIP

    @property
    def protocol(self) -> str:
        """DoIP units speak UDS (ISO 14229-5)."""
        return UDS

    def __str__(self) -> str:
        return f"{self.logical:04X}"


EcuAddress = CanAddress | DoipAddress
