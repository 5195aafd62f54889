"""Who speaks on which identifier or logical address, for the panel's words. Pure look-up, learns nothing by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.vocabulary import UDS, Addressing, CanAddress, DoipAddress, EcuAddress

EXTENDED_FLAG = 1 << 31  # 0x123 as an 11 bit and as a 29 bit identifier are two rows
ALL_UNITS = "all units"

_LEGISLATED_REQUEST = 0x7DF  # ISO 15765-4, clause 6.3.2.2: legislated OBD identifiers
_LEGISLATED_PAIRS = tuple((0x7E0 + n, 0x7E8 + n) for n in range(8))


@dataclass(frozen=True, slots=True)
class Speaker:
    """One use of an identifier. `extension` is the N_TA/N_AE byte it must begin with, None for normal addressing.

    `protocol` is whose words its messages are.
    """

    unit: str
    is_request: bool
    extension: int | None = None
    protocol: str = UDS


class AddressBook:
    """The units of a vehicle by identifier. Without units: the legislated identifiers 7DF, 7E0 to 7EF."""

    def __init__(self, units: Iterable[tuple[str, EcuAddress]] = ()) -> None:
        self._can: dict[int, list[Speaker]] = {}
        self._doip: dict[int, str] = {}
        units = tuple(units)
        for name, address in units:
            if isinstance(address, DoipAddress):
                self._doip[address.logical] = name
            else:
                self._add_can(name, address)
        if not self._can:
            self._add(_LEGISLATED_REQUEST, Speaker(ALL_UNITS, True))
            for request, answer in _LEGISLATED_PAIRS:
                self._add(request, Speaker(f"{request:03X}", True))
                self._add(answer, Speaker(f"{answer:03X}", False))

    def _add(self, key: int, speaker: Speaker) -> None:
        speakers = self._can.setdefault(key, [])
        known = [(each.unit, each.is_request, each.extension) for each in speakers]
        if (speaker.unit, speaker.is_request, speaker.extension) not in known:  # what is said to all is told once
            speakers.append(speaker)

    def _add_can(self, name: str, address: CanAddress) -> None:
        flag = EXTENDED_FLAG if address.is_extended_id else 0
        spoken = address.protocol
        normal = address.addressing is Addressing.NORMAL
        self._add(address.tx | flag, Speaker(name, True, None if normal else address.tx_extension, spoken))
        self._add(address.rx | flag, Speaker(name, False, None if normal else address.rx_extension, spoken))
        if address.functional is not None:
            own = address.functional_extension
            extension = own if own is not None else address.tx_extension
            self._add(address.functional | flag, Speaker(ALL_UNITS, True, None if normal else extension, spoken))

    def can(self, key: int) -> tuple[Speaker, ...]:
        """Who speaks on this identifier (29 bit ones with EXTENDED_FLAG)."""
        return tuple(self._can.get(key, ()))

    def doip(self, source: int, target: int) -> tuple[str, bool]:
        """(unit, is a request) of a diagnostic message; testers are 0E00 to 0FFF (ISO 13400-2, table 13)."""
        if 0x0E00 <= source <= 0x0FFF:
            if 0xE000 <= target <= 0xEFFF:
                return ALL_UNITS, True
            return self._doip.get(target, f"{target:04X}"), True
        return self._doip.get(source, f"{source:04X}"), False
