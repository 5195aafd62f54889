"""Several CAN buses in one URI: one is spoken on, all are listened to, each with its own name and bit rate."""

from __future__ import annotations

from pathlib import Path

import can
import pytest

from core.errors import UsageError, VciBusy
from core.vci.opening import bitrates, channel_names, open_vci
from core.vci.uri import VciUri
from core.vocabulary import CanFrame, PanelWish
from core.workbench import Workbench, WorkbenchPaths
from core.workbench.hosts import device_names
from tests.host.fake import until

FOUR = ",".join(f"can:virtual/bus{n}?bitrate={125_000 * (n + 1)}" for n in range(4))


def test_four_buses_are_heard_at_once(tmp_path: Path) -> None:
    with Workbench(WorkbenchPaths.below(tmp_path)) as bench:
        vehicle = bench.connect(FOUR, hosted=False)
        view = vehicle.traffic_view()
        buses = [can.Bus(interface="virtual", channel=f"bus{n}") for n in range(4)]
        try:
            for round_ in range(50):
                for n, bus in enumerate(buses):
                    bus.send(can.Message(arbitration_id=0x100, data=[n, round_], is_extended_id=False))
            now = iter(range(10_000))
            until(lambda: view.look(float(next(now)), PanelWish("rows", 99)).figures.frames == 200, "all frames")
        finally:
            for bus in buses:
                bus.shutdown()
        shot = view.look(10_001.0, PanelWish("rows", 99))
        assert [(row.bus, row.identifier, row.count, row.data[0]) for row in shot.lines] == [
            (f"bus{n}", "100", 50, n) for n in range(4)
        ]
        assert [bus.name for bus in shot.buses] == ["bus0", "bus1", "bus2", "bus3"]
        figures = vehicle.save_trace(tmp_path / "four.pcapng")
        assert figures.frames == 200
        with pytest.raises(VciBusy):
            bench.connect("can:virtual/bus2", hosted=False)
        vehicle.close()
        bench.connect("can:virtual/bus2", hosted=False).close()


def test_names_and_bit_rates_of_the_buses() -> None:
    uri = VciUri.parse(FOUR)
    assert channel_names(uri) == ("bus0", "bus1", "bus2", "bus3")
    assert bitrates(uri) == {"bus0": 125_000, "bus1": 250_000, "bus2": 375_000, "bus3": 500_000}
    group = "can:udp_multicast/239.74.163.2?port=43113,can:udp_multicast/239.74.163.2?port=43114"
    assert channel_names(VciUri.parse(group)) == ("239.74.163.2", "239.74.163.2 port 43114")
    assert bitrates(VciUri.parse("can:virtual/0")) == {} and channel_names(VciUri.parse("can:virtual/0")) == ("0",)
    assert device_names(FOUR) >= device_names("can:virtual/bus3")


@pytest.mark.parametrize(
    "text",
    [
        "sim:car-mixed,can:virtual/0", "can:virtual/0,can:virtual/0",
        "can:virtual/0,can:virtual/1?doip=127.0.0.1:13400",
        ",".join(f"can:virtual/{n}" for n in range(9)), "can:virtual/0,can:",
    ],
)  # fmt: skip
def test_what_is_no_row_of_buses(text: str) -> None:
    with pytest.raises(UsageError):
        VciUri.parse(text)


def test_frames_carry_the_name_of_their_bus(tmp_path: Path) -> None:
    seen: list[CanFrame] = []
    vci = open_vci(VciUri.parse(FOUR), tap=seen.append, lock_directory=tmp_path)  # type: ignore[arg-type]
    try:
        with can.Bus(interface="virtual", channel="bus3") as bus:
            bus.send(can.Message(arbitration_id=1, data=b"x", is_extended_id=False))
            until(lambda: seen, "the frame")
    finally:
        vci.close()
    assert seen[0].channel == "bus3"
