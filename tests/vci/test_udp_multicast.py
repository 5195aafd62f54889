"""The CAN way over python-can's udp_multicast, the bus that `passbay garage serve` shares with other processes."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import can
import pytest

from core.vci.channel import Vci
from core.vci.opening import open_vci
from core.vci.uri import VciUri
from core.vocabulary import CanAddress, CanFrame, DoipMessage
from tests.vci.can_unit import CanUnit

GROUP = "239.74.163.2"
ENGINE = CanAddress(0x7E0, 0x7E8)


def free_port() -> int:
    """One port per test bus: udp_multicast binds ("", port), so every group on one port hears every other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def multicast() -> None:
    """Skips where the machine carries no multicast."""
    buses: list[can.BusABC] = []
    try:
        port = free_port()
        for _ in range(2):
            buses.append(can.Bus(interface="udp_multicast", channel=GROUP, port=port, ignore_config=True))
        buses[0].send(can.Message(arbitration_id=1, data=b"\x01"))
        heard = buses[1].recv(2.0)
    except (can.CanError, OSError) as error:
        pytest.skip(f"no multicast here: {error}")
    finally:
        for bus in buses:
            bus.shutdown()
    if heard is None:
        pytest.skip("no multicast here: nothing was heard")


@pytest.fixture
def port(multicast: None) -> int:
    return free_port()


@pytest.fixture
def opened(port: int, tmp_path: Path) -> Iterator[tuple[Vci, list[CanFrame | DoipMessage]]]:
    seen: list[CanFrame | DoipMessage] = []
    vci = open_vci(
        VciUri.parse(f"can:udp_multicast/{GROUP}?port={port}"), tap=seen.append, lock_directory=tmp_path / "locks"
    )
    yield vci, seen
    vci.close()


def test_long_requests_and_answers_and_each_frame_seen_once(
    opened: tuple[Vci, list[CanFrame | DoipMessage]], port: int
) -> None:
    vci, seen = opened
    bus = can.Bus(interface="udp_multicast", channel=GROUP, port=port, ignore_config=True)
    link = vci.open_link(ENGINE)
    with CanUnit(bus, ENGINE, lambda pdu: [bytes((pdu[0] + 0x40,)) + pdu[1:]], block_size=8):
        for size in (2, 300, 4095):
            pdu = b"\x22" + random.Random(size).randbytes(size - 1)
            link.send(pdu)
            assert link.receive(time.monotonic() + 20) == b"\x62" + pdu[1:]
        assert vci.collect_functional((ENGINE,), b"\x3e\x00", time.monotonic() + 0.5) == [(ENGINE, b"\x7e\x00")]
    frames = [frame for frame in seen if isinstance(frame, CanFrame)]
    requests = [frame for frame in frames if frame.arbitration_id == 0x7E0]
    # 2 bytes SF; 300: FF and 42 CFs; 4095: FF and 585 CFs; and our FCs, BS 16: 3 and 37
    assert len(requests) == 1 + 43 + 586 + 3 + 37
    assert not any(frame.is_rx for frame in requests)
    assert sum(frame.arbitration_id == 0x7DF for frame in frames) == 1


def test_stray_datagrams_do_not_stop_it(opened: tuple[Vci, list[CanFrame | DoipMessage]], port: int) -> None:
    vci, seen = opened
    link = vci.open_link(ENGINE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        source = random.Random(7)
        for _ in range(50):
            stranger.sendto(source.randbytes(source.randrange(1, 60)), (GROUP, port))
    bus = can.Bus(interface="udp_multicast", channel=GROUP, port=port, ignore_config=True)
    with CanUnit(bus, ENGINE, lambda pdu: [b"\x7e\x00"]) as unit:
        link.send(b"\x3e\x00")
        assert link.receive(time.monotonic() + 20) == b"\x7e\x00"
        assert unit.heard == [b"\x3e\x00"]
    assert sum(isinstance(frame, CanFrame) and frame.is_error_frame for frame in seen) >= 1
