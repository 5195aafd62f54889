"""One device with two ways: the address decides (G5, G6), both are collected at once, the lock goes last."""

from __future__ import annotations

import pytest

from core.errors import VciLost, VciNotFound
from core.vci.combined import CombinedVci
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, Transport

ENGINE, HEAD_UNIT = CanAddress(0x7E0, 0x7E8), DoipAddress(0x1010)


class Way:
    """A VCI that notes what it is asked."""

    uri = "x"
    can_fd = False

    def __init__(self, transport: Transport, volts: float | None = None, vin: str = "", broken: bool = False) -> None:
        self.name = transport.value
        self.transports = frozenset({transport})
        self.calls: list[object] = []
        self._volts, self._vin, self._broken = volts, vin, broken

    def open_link(self, address: EcuAddress) -> EcuAddress:
        return address

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        self.calls.append((address, pdu))

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        if self._broken:
            raise VciLost("gone")
        return [(address, pdu) for address in addresses]

    def voltage(self) -> float | None:
        return self._volts

    def vin_hint(self) -> str:
        return self._vin

    def close(self) -> None:
        self.calls.append("close")
        if self._broken:
            raise VciLost("gone")


def test_the_address_decides() -> None:
    can, doip = Way(Transport.CAN), Way(Transport.DOIP)
    both = CombinedVci(can, doip, uri="can:x", name="x")  # type: ignore[arg-type]
    assert both.transports == {Transport.CAN, Transport.DOIP}
    assert both.open_link(ENGINE) == ENGINE and both.open_link(HEAD_UNIT) == HEAD_UNIT
    both.send_functional(HEAD_UNIT, b"\x3e\x80")
    assert (can.calls, doip.calls) == ([], [(HEAD_UNIT, b"\x3e\x80")])
    assert set(both.collect_functional((ENGINE, HEAD_UNIT), b"\x10\x03", 1.0)) == {
        (ENGINE, b"\x10\x03"),
        (HEAD_UNIT, b"\x10\x03"),
    }


def test_a_way_that_is_not_there_is_refused_with_its_rule() -> None:
    can_only = CombinedVci(Way(Transport.CAN), None, uri="can:x", name="box")  # type: ignore[arg-type]
    with pytest.raises(VciNotFound, match="G5"):
        can_only.open_link(HEAD_UNIT)
    doip_only = CombinedVci(None, Way(Transport.DOIP), uri="doip://x", name="box")  # type: ignore[arg-type]
    with pytest.raises(VciNotFound, match="G6"):
        doip_only.send_functional(ENGINE, b"\x3e\x80")
    assert doip_only.collect_functional((ENGINE,), b"\x3e\x00", 1.0) == []


def test_voltage_and_vin_come_from_whoever_knows() -> None:
    can, doip = Way(Transport.CAN, volts=12.6), Way(Transport.DOIP, vin="XPBMX")
    both = CombinedVci(can, doip, uri="", name="")  # type: ignore[arg-type]
    assert (both.voltage(), both.vin_hint()) == (12.6, "XPBMX")
    told = CombinedVci(can, doip, uri="", name="", voltage=lambda: None, vin_hint="Y")  # type: ignore[arg-type]
    assert (told.voltage(), told.vin_hint()) == (None, "Y")
    assert CombinedVci(None, None, uri="", name="").voltage() is None


def test_one_way_that_is_lost_is_told_when_collecting() -> None:
    both = CombinedVci(Way(Transport.CAN), Way(Transport.DOIP, broken=True), uri="", name="")  # type: ignore[arg-type]
    with pytest.raises(VciLost):
        both.collect_functional((ENGINE, HEAD_UNIT), b"\x3e\x00", 1.0)


def test_the_lock_is_freed_last_once_and_always() -> None:
    can, order = Way(Transport.CAN, broken=True), []
    both = CombinedVci(can, None, uri="", name="", on_close=lambda: order.append(list(can.calls)))  # type: ignore[arg-type]
    with pytest.raises(VciLost):
        both.close()
    assert order == [["close"]]
