"""`passbay trace`: files converted and decoded, a bus recorded and replayed, in processes of their own."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import can
import pytest

from core.errors import VciLost
from core.trace import open_writer, read_trace
from core.vocabulary import CanFrame
from core.workbench import open_workbench
from tests.cli.support import passbay, serving
from tests.trace.records import BEGIN, bus, rare, talk
from tests.vci.test_udp_multicast import GROUP, multicast, port

__all__ = ["multicast", "port"]


def written(path: Path, frames: list[CanFrame]) -> Path:
    with open_writer(path) as writer:
        for frame in frames:
            writer.write(frame)
    return path


def test_a_trace_is_converted_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    source = written(tmp_path / "a.blf", [*bus(100), *rare()])
    done = passbay("trace", "convert", str(source), str(tmp_path / "a.trc"))
    assert done.code == 0 and "103 frames" in done.stdout and "3 left out" in done.stdout
    told = passbay("trace", "convert", str(source), str(tmp_path / "a.pcapng"), "--json").last
    assert (told["frames"], told["errors"], told["left_out"]) == (103, 1, 0)
    assert len(list(read_trace(tmp_path / "a.pcapng"))) == 103


def test_wrong_endings_and_damage_have_exit_codes(tmp_path: Path) -> None:
    source = written(tmp_path / "a.log", bus(10))
    assert passbay("trace", "convert", str(source), str(tmp_path / "a.doc")).code == 2
    source.write_text(source.read_text() + "garbage\n")
    done = passbay("trace", "convert", str(source), str(tmp_path / "a.asc"), "--json")
    assert (done.code, done.last["error"], done.last["place"]) == (1, "DataInvalid", "line 11")
    assert not (tmp_path / "a.asc").exists()


def test_units_are_named_by_the_vin_of_the_trace_or_by_the_data(tmp_path: Path) -> None:
    with open_workbench() as workbench:
        vehicle = next(each for each in workbench.garage_vehicles() if each.name == "car-mixed")
    frames = talk([(b"\x22\xf1\x90", b"\x62\xf1\x90" + vehicle.vin.encode()), (b"\x22\x01\x02", b"\x7f\x22\x31")])
    source = written(tmp_path / "talk.asc", frames)
    done = passbay("trace", "decode", str(source), "--json")
    assert done.code == 0 and (done.last["vin"], done.last["uds_messages"]) == (vehicle.vin, 4)
    messages = [line for line in done.lines if line.get("event") == "message"]
    assert [(m["unit"], m["request"], m["negative"]) for m in messages] == [
        ("ENGINE", True, False), ("ENGINE", False, False), ("ENGINE", True, False), ("ENGINE", False, True)
    ]  # fmt: skip
    assert messages[1]["data"].startswith("62f190") and messages[1]["length"] == 20
    nameless = written(tmp_path / "nameless.asc", talk([(b"\x3e\x00", b"\x7e\x00")]))
    assert "7E0" in passbay("trace", "decode", str(nameless)).stdout
    with open_workbench() as workbench:
        data = str(workbench._data.files()[0])
    assert "ENGINE" in passbay("trace", "decode", str(nameless), "--data", data).stdout


def test_pairs_speak_uds_too(tmp_path: Path) -> None:
    from core.vocabulary import CanAddress

    source = written(tmp_path / "pair.log", talk([(b"\x3e\x00", b"\x7e\x00")], CanAddress(0x7C0, 0x7C8)))
    assert passbay("trace", "decode", str(source), "--json").last["uds_messages"] == 0
    assert passbay("trace", "decode", str(source), "--pair", "7C0:7C8", "--json").last["uds_messages"] == 2
    assert passbay("trace", "decode", str(source), "--pair", "7C0").code == 2


def test_a_served_bus_is_recorded_to_the_last_second(port: int, tmp_path: Path) -> None:
    place = f"udp_multicast/{GROUP}?port={port}"
    with serving("car-old", "--can", place, "--json"):
        target = tmp_path / "drive.log"
        done = passbay("trace", "record", "--vci", f"can:{place}", "--out", str(target), "--seconds", "1.5", "--json")
    assert done.code == 0, done.stderr
    frames = list(read_trace(target))
    assert len(frames) == done.last["frames"] > 50 and done.last["dropped"] == 0
    assert 0.8 < done.last["seconds"] < 3


def test_a_replay_keeps_order_and_time(port: int, tmp_path: Path) -> None:
    frames = [CanFrame(BEGIN + n * 0.01, 0x100 + n % 7, bytes((n,))) for n in range(100)]
    source = written(tmp_path / "drive.blf", [*frames, *rare()[2:]])
    with can.Bus(interface="udp_multicast", channel=GROUP, port=port, fd=False, ignore_config=True) as listener:
        heard: list[tuple[int, bytes, float]] = []
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                message = listener.recv(0.1)
                if message is not None:
                    heard.append((message.arbitration_id, bytes(message.data), time.monotonic()))

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            uri = f"can:udp_multicast/{GROUP}?port={port}"
            told = passbay("trace", "replay", str(source), "--vci", uri, "--speed", "2", "--json")
            give_up = time.monotonic() + 20
            while len(heard) < len(frames) and time.monotonic() < give_up:
                threading.Event().wait(0.01)
        finally:
            done.set()
            thread.join()
    assert told.code == 0 and told.last["left_out"] == 1
    assert [each[:2] for each in heard] == [(frame.arbitration_id, frame.data) for frame in frames]
    assert 0.45 < heard[-1][2] - heard[0][2] < 5  # 0.99 s recorded, twice as fast


def test_only_a_can_bus_is_replayed_onto(tmp_path: Path) -> None:
    source = written(tmp_path / "a.log", bus(3))
    assert passbay("trace", "replay", str(source), "--vci", "sim:car-old").code == 2
    assert passbay("trace", "replay", str(source), "--vci", "can:virtual/x", "--speed", "0").code == 2


def test_a_device_that_goes_while_recording_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded until then is kept."""
    from core.vci import opening
    from core.vci.uri import VciUri

    def dying(uri: VciUri) -> can.BusABC:
        bus = can.Bus(interface="virtual", channel="dying", receive_own_messages=True, ignore_config=True)
        for n in range(5):
            bus.send(can.Message(arbitration_id=n, data=b"\x01", is_extended_id=False))
        receive, left = bus.recv, [5]

        def recv(timeout: float | None = None) -> can.Message | None:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(19, "No such device")
            return receive(timeout)

        bus.recv = recv
        return bus

    monkeypatch.setattr(opening, "open_bus", dying)
    with open_workbench() as workbench, pytest.raises(VciLost, match="No such device"):
        workbench.record_trace("can:virtual/dying", tmp_path / "kept.log")
    assert [frame[1] for frame in read_trace(tmp_path / "kept.log")] == list(range(5))
