"""One device with up to two ways to the vehicle, CAN and DoIP: routes by the address (rules G5, G6). Opens nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from core.errors import VciLost, VciNotFound
from core.vci.channel import Link, Vci
from core.vocabulary import EcuAddress, Transport

_WHY_NOT = {
    Transport.DOIP: "it does not support diagnosis over IP (rule G5)",
    Transport.CAN: "a DoIP adapter serves DoIP vehicles only (rule G6)",
}
_ADVICE = {
    Transport.DOIP: "Connect a device that supports diagnosis over IP, or choose DoIP.",
    Transport.CAN: "Connect a device with a CAN channel.",
}


class CombinedVci:
    """`core.vci.channel.Vci` over a CAN way, a DoIP way, or both.

    `voltage` measures the supply where neither way can (the simulation does), `vin_hint` likewise. `on_close` runs
    last, even where a way fails to close: it frees the device lock. `notices` are sentences on what the device lacks.
    """

    def __init__(
        self,
        can: Vci | None,
        doip: Vci | None,
        *,
        uri: str,
        name: str,
        voltage: Callable[[], float | None] | None = None,
        vin_hint: str = "",
        on_close: Callable[[], None] | None = None,
        notices: Sequence[str] = (),
    ) -> None:
        self.uri, self.name = uri, name
        self.notices: Sequence[str] = notices
        self._ways: dict[Transport, Vci] = {}
        if can is not None:
            self._ways[Transport.CAN] = can
        if doip is not None:
            self._ways[Transport.DOIP] = doip
        self.transports = frozenset(self._ways)
        self.can_fd = can is not None and can.can_fd
        self._voltage, self._vin_hint, self._on_close = voltage, vin_hint, on_close

    def open_link(self, address: EcuAddress) -> Link:
        return self._way(address).open_link(address)

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        self._way(address).send_functional(address, pdu)

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """Both ways at the same time; units on a way that is not there are left out. The first error is raised."""
        shares = [
            (way, tuple(address for address in addresses if address.transport is transport))
            for transport, way in self._ways.items()
        ]
        shares = [(way, some) for way, some in shares if some]
        if not shares:
            return []
        with ThreadPoolExecutor(len(shares), "collect") as pool:
            heard = [pool.submit(way.collect_functional, some, pdu, deadline) for way, some in shares]
        return [answer for each in heard for answer in each.result()]

    @property
    def lost(self) -> VciLost | None:
        """Why the CAN way hears nothing any more (a DoIP way tells it by its requests)."""
        return getattr(self._ways.get(Transport.CAN), "lost", None)

    def voltage(self) -> float | None:
        if self._voltage is not None:
            return self._voltage()
        return next((volts for way in self._ways.values() if (volts := way.voltage()) is not None), None)

    def vin_hint(self) -> str:
        return self._vin_hint or next((hint for way in self._ways.values() if (hint := way.vin_hint())), "")

    def power_mode(self) -> int | None:
        return next((mode for way in self._ways.values() if (mode := way.power_mode()) is not None), None)

    def close(self) -> None:
        on_close, self._on_close = self._on_close, None
        try:
            for way in self._ways.values():
                way.close()
        finally:
            if on_close is not None:
                on_close()

    def _way(self, address: EcuAddress) -> Vci:
        way = self._ways.get(address.transport)
        if way is None:
            raise VciNotFound(
                f"{self.name} cannot reach unit {address} over {address.transport.value}: "
                f"{_WHY_NOT[address.transport]}.",
                _ADVICE[address.transport],
            )
        return way
