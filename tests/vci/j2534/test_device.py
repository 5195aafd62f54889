"""J2534 libraries compiled here, opened as a VCI: both ABIs, missing abilities, refusals, loss; a unit answers."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import DriverMissing, NoResponse, ProductError, VciBusy, VciError, VciLost, VciNotFound
from core.vci.combined import CombinedVci
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.errors import MEANINGS, J2534Error, translated
from core.vci.j2534.driver.library import NATIVE, U32, load
from core.vci.j2534.filters import HUNGER, PeriodicMessages
from core.vci.opening import open_vci
from core.vci.uri import VciUri
from core.vocabulary import Addressing, CanAddress, CanFrame, DoipAddress, DoipMessage
from tests.vci.can_unit import CanUnit
from tests.vci.j2534.support import Compiler, Wire

ENGINE = CanAddress(0x7E0, 0x7E8)
BODY = CanAddress(0x18DA40F1, 0x18DAF140, is_extended_id=True, functional=0x18DB33F1)
SUB = CanAddress(0x6F1, 0x612, addressing=Addressing.EXTENDED, tx_extension=0x12, rx_extension=0xF1, functional=None)
PATIENCE = 10.0


def uri(library: Path, **more: str) -> VciUri:
    options = "".join(f"&{key}={value}" for key, value in more.items())
    return VciUri.parse(f"j2534:Test%20device?library={library}{options}")


@contextmanager
def opened(
    library: Path, tmp_path: Path, seen: list[CanFrame | DoipMessage] | None = None, **more: str
) -> Iterator[CombinedVci]:
    tap = (seen if seen is not None else []).append
    vci = open_vci(uri(library, **more), tap=tap, lock_directory=tmp_path / "locks")
    try:
        yield vci
    finally:
        vci.close()


def echo(pdu: bytes) -> list[bytes]:
    return [] if pdu[1:] == b"\x80" else [bytes((pdu[0] + 0x40,)) + pdu[1:]]


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("the condition did not come true")


@pytest.mark.parametrize(
    "names", [(), ("U32",), ("QUIET",), ("ONE_CHANNEL",), ("NO_ISO15765",), ("NO_IOCTL",), ("SLOW",)]
)
def test_short_and_long_messages_both_ways(
    compiler: Compiler, wire: Wire, tmp_path: Path, names: tuple[str, ...]
) -> None:
    sizes = (2, 7, 8, 300) if "SLOW" in names else (2, 6, 7, 8, 300, 4095)
    with opened(compiler.library(*names), tmp_path) as vci, CanUnit(wire.bus(), ENGINE, echo, block_size=8):
        link = vci.open_link(ENGINE)
        for size in sizes:
            pdu = b"\x22" + random.Random(size).randbytes(size - 1)
            link.send(pdu)
            assert link.receive(time.monotonic() + PATIENCE) == b"\x62" + pdu[1:]
        assert vci.collect_functional((ENGINE,), b"\x3e\x00", time.monotonic() + 1.5) == [(ENGINE, b"\x7e\x00")]


@pytest.mark.parametrize("address", [BODY, SUB])
@pytest.mark.parametrize("mode", ["iso15765", "can"])
def test_29_bit_and_extended_addresses(
    compiler: Compiler, wire: Wire, tmp_path: Path, address: CanAddress, mode: str
) -> None:
    with opened(compiler.library(), tmp_path, mode=mode) as vci, CanUnit(wire.bus(), address, echo):
        link = vci.open_link(address)
        for size in (2, 500):
            link.send(b"\x31" + bytes(size - 1))
            assert link.receive(time.monotonic() + PATIENCE) == b"\x71" + bytes(size - 1)


def test_the_abi_is_found_out(compiler: Compiler, wire: Wire) -> None:
    for names, layouts in (((), NATIVE), (("U32",), U32)):
        library = load(compiler.library(*names), "x")
        number = library.open()
        assert (number, library.layouts) == (7, layouts)
        library.call("PassThruClose", number)
    assert (U32.data_offset, U32.message_size) == (24, 4152)
    assert (NATIVE.data_offset, NATIVE.message_size) == (48, 4176)


def test_what_a_device_lacks_is_said_with_its_consequence(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    with opened(compiler.library(), tmp_path) as vci:
        assert vci.voltage() == 12.6
        assert len(vci.notices) == 1 and "driver echoes" in vci.notices[0]
    for name, words in (
        ("NO_VBATT", "supply voltage: check it with a meter"),
        ("NO_IOCTL", "settings cannot be changed"),
        ("ONE_CHANNEL", "live panel stays without"),
        ("NO_ISO15765", "no ISO-TP of its own"),
    ):
        with opened(compiler.library(name), tmp_path) as vci:
            assert any(words in notice for notice in vci.notices), (name, vci.notices)
            assert (vci.voltage() is None) == (name in ("NO_VBATT", "NO_IOCTL"))


def test_a_device_that_wants_its_name(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    with opened(compiler.library("BY_NAME"), tmp_path) as vci:
        assert vci.voltage() == 12.6
    with (
        pytest.raises(VciNotFound, match=r"ERR_FAILED.*name\?"),
        opened(compiler.library("BY_NAME"), tmp_path, device="other"),
    ):
        pass


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("BUSY", VciBusy, "another program uses the device.*ERR_DEVICE_IN_USE.*taken by a test"),
        ("UNPLUGGED", VciNotFound, "not connected.*ERR_DEVICE_NOT_CONNECTED.*no cable"),
        ("NO_WRITE", DriverMissing, "has no function PassThruWriteMsgs"),
    ],
)
def test_refusals(
    compiler: Compiler, wire: Wire, tmp_path: Path, name: str, kind: type[ProductError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught, opened(compiler.library(name), tmp_path):
        pass
    assert caught.value.advice
    with opened(compiler.library(), tmp_path):  # the lock is free again
        pass


def test_no_library_and_no_library_of_this_system(compiler: Compiler, tmp_path: Path) -> None:
    text = tmp_path / "text.so"
    text.write_text("not a library")
    other = tmp_path / "other.c"
    other.write_text("int PassThruScanForDevices(void) { return 0; }")
    for path, words in (
        (tmp_path / "none.so", "is not there"),
        (text, "no library for this system"),
        (compiler.compile(other, "five"), "05.00, which is not supported"),
    ):
        with pytest.raises(DriverMissing, match=words), opened(path, tmp_path):
            pass


def test_a_pulled_plug_ends_everything_and_it_opens_again(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    for mode in ("iso15765", "can"):
        with opened(compiler.library(), tmp_path, mode=mode) as vci:
            link = vci.open_link(ENGINE)
            timer = threading.Timer(0.1, wire.pull)
            timer.start()
            with pytest.raises(VciLost, match="not connected"):
                link.receive(time.monotonic() + PATIENCE)
            timer.join()
            with pytest.raises(VciLost):
                link.send(b"\x3e\x00")
            with pytest.raises(VciLost):
                vci.send_functional(ENGINE, b"\x3e\x80")


def test_nobody_answers(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    with opened(compiler.library(), tmp_path) as vci:
        link = vci.open_link(ENGINE)
        link.send(b"\x3e\x00")
        assert link.receive(time.monotonic() + 0.05) is None
        with pytest.raises(NoResponse) as caught:
            link.send(bytes(100))
        assert caught.value.timer == "N_Bs"
        with pytest.raises(VciError, match="4095 bytes"):
            link.send(bytes(4096))
        with pytest.raises(VciNotFound, match="DoIP"):
            vci.open_link(DoipAddress(0x1000))


def test_more_units_than_filters(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    addresses = [CanAddress(0x700 + n, 0x780 + n) for n in range(13)]
    with opened(compiler.library(), tmp_path) as vci:
        links = [vci.open_link(address) for address in addresses]
        for _ in range(2):
            for address, link in zip(addresses, links, strict=True):
                with CanUnit(wire.bus(), address, echo):
                    link.send(b"\x22" + bytes(20))
                    assert link.receive(time.monotonic() + PATIENCE) == b"\x62" + bytes(20)


def test_the_panel_sees_the_frames_of_the_bus(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    seen: list[CanFrame | DoipMessage] = []
    with opened(compiler.library(), tmp_path, seen) as vci, CanUnit(wire.bus(), ENGINE, echo):
        link = vci.open_link(ENGINE)
        link.send(b"\x22" + bytes(99))
        assert link.receive(time.monotonic() + PATIENCE) == b"\x62" + bytes(99)
        wait_until(lambda: len(seen) == 2 * (1 + 1 + 14))  # FF, FC and 14 CFs each way
    frames = [frame for frame in seen if isinstance(frame, CanFrame)]
    assert {(frame.arbitration_id, frame.is_rx) for frame in frames} == {(0x7E0, False), (0x7E8, True)}


def test_the_device_itself_keeps_the_session_alive(compiler: Compiler, wire: Wire, tmp_path: Path) -> None:
    with opened(compiler.library(), tmp_path) as vci, CanUnit(wire.bus(), ENGINE, echo) as unit:
        vci.send_functional(ENGINE, b"\x3e\x80")
        wait_until(lambda: len(unit.heard) == 2)  # the second one comes without being asked for
    with opened(compiler.library("NO_PERIODIC"), tmp_path) as vci, CanUnit(wire.bus(), ENGINE, echo) as unit:
        for _ in range(3):
            vci.send_functional(ENGINE, b"\x3e\x80")
        wait_until(lambda: len(unit.heard) == 3)


def test_periodic_messages_end_when_the_tester_does() -> None:
    class Channel:
        def __init__(self) -> None:
            self.calls: list[object] = []

        def start_periodic(self, data: bytes, tx_flags: int, milliseconds: int) -> int:
            self.calls.append((data, milliseconds))
            return 5

        def stop_periodic(self, number: int) -> None:
            self.calls.append(number)

    channel, time_now = Channel(), [0.0]
    periodic = PeriodicMessages(channel, lambda: time_now[0])  # type: ignore[arg-type]
    keep = b"\0\0\x07\xdf\x3e\x80"
    assert not periodic.feed(keep) and periodic.start(keep, 0) and periodic.feed(keep)
    assert periodic.start(b"\0\0\x07\xdf\x10\x03", 0)  # nothing that is repeated
    time_now[0] = HUNGER - 0.1
    assert periodic.feed(keep)
    time_now[0] += HUNGER - 0.1
    periodic.stop_hungry()
    assert channel.calls == [(keep, 2000)]
    time_now[0] += 0.2
    periodic.stop_hungry()
    assert channel.calls == [(keep, 2000), 5]
    assert not periodic.feed(keep)


def test_every_code_has_words_and_an_advice() -> None:
    assert set(MEANINGS) == set(range(1, 0x1B))
    for code, known in MEANINGS.items():
        error = translated(code, "PassThruX", "Box", "driver's own words")
        assert known.name in error.message and "driver's own words" in error.message and error.advice
        assert error.message.startswith("Box: ") and error.message.endswith(".")
    assert isinstance(translated(j.DEVICE_NOT_CONNECTED, "PassThruReadMsgs", "Box"), VciLost)
    unknown = translated(0x77, "PassThruX", "Box")
    assert isinstance(unknown, J2534Error) and unknown.result == 0x77 and "0x77" in unknown.message
