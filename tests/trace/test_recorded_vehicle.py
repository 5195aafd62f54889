"""`sim:trace/FILE`: a recorded quick test, flash or foreign log is a vehicle that answers as it did then."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import DataInvalid, UsageError
from core.simulation.recorded import UnitScript
from core.trace import open_writer
from core.trace.recording import record_vehicle
from core.vci.uri import VciUri
from core.vocabulary import CanAddress, CanFrame, DoipAddress
from core.workbench import Workbench, WorkbenchPaths
from core.workbench.traces.vehicle import absolute
from tests.diagnosis.test_traffic import ENGINE, conversation

PATIENCE = 60.0


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(WorkbenchPaths.below(tmp_path / "home"))


def seen(survey: object) -> list[tuple[object, ...]]:
    return [
        (unit.name, unit.state, unit.hardware, unit.software, unit.variant, unit.dtc_list, unit.idents)
        for unit in survey.units  # type: ignore[attr-defined]
    ]


def test_a_recorded_quick_test_is_a_vehicle(bench: Workbench, tmp_path: Path) -> None:
    """Mixed car: units on CAN and on DoIP, VIN, trouble codes, and the frames that the units send by themselves."""
    file = tmp_path / "drive one.pcapng"
    with bench, bench.connect("sim:car-mixed", hosted=False) as car:
        first = car.survey().wait(PATIENCE)
        codes = car.faults("ENGINE").wait(PATIENCE)
        figures = car.save_trace(file)
        car.close()
        assert figures.messages and figures.frames
        with bench.connect(f"sim:trace/{file}", hosted=False) as recorded:
            again = recorded.survey().wait(PATIENCE)
            assert recorded.vin == first.vin and seen(again) == seen(first)
            assert recorded.faults("ENGINE").wait(PATIENCE).dtcs == codes.dtcs
            assert len(recorded.traffic_view().look(1.0, _rows()).lines) > 12


def _rows() -> object:
    from core.vocabulary import PanelWish

    return PanelWish("rows", 500)


def test_a_trace_without_answers_is_no_vehicle(bench: Workbench, tmp_path: Path) -> None:
    file = tmp_path / "quiet.log"
    with open_writer(file) as writer:
        writer.write(CanFrame(1e9, 0x123, b"\x01"))
    with bench, pytest.raises(DataInvalid, match="no answer"):
        bench.connect(f"sim:trace/{file}", hosted=False)
    with bench, pytest.raises(DataInvalid, match="cannot be read"):
        bench.connect(f"sim:trace/{tmp_path / 'none.asc'}", hosted=False)


def test_a_foreign_conversation_is_played(bench: Workbench, tmp_path: Path) -> None:
    """Legislated identifiers, no VIN, from a candump log."""
    file, at = tmp_path / "log.log", 1e9
    with open_writer(file) as writer:
        for request, answer in (("22F187", "62F18701"), ("22F187", "62F18702"), ("2711", "671101020304")):
            for identifier, data in conversation(ENGINE, bytes.fromhex(request), bytes.fromhex(answer)):
                at += 0.002
                writer.write(CanFrame(at, identifier, data))
            for n in range(3):
                writer.write(CanFrame(at + n / 1000, 0x0C9, bytes([n])))
    with bench, bench.connect(f"sim:trace/{file}", hosted=False) as car:
        asked = [bytes.fromhex(text) for text in ("22F187", "22F187", "22F187", "2711", "220001", "3101FF00", "3E00")]
        result = car.uds(ENGINE, asked).wait(PATIENCE)
        answers = [exchange.answer.hex().upper() for exchange in result.exchanges]
    assert answers == ["62F18701", "62F18702", "62F18702", "671101020304", "7F2231", "7F3111", "7E00"]


def test_the_script_keeps_order_delays_and_silence() -> None:
    script = UnitScript()
    script.add(b"\x31\x01", False).extend([(0.01, b"\x7f\x31\x78"), (99.0, b"\x71\x01")])
    script.add(b"\x22\xf1\x90", True)
    assert script.answers(b"\x31\x01", False) == [(0.01, b"\x7f\x31\x78"), (5.0, b"\x71\x01")]
    assert script.answers(b"\x22\xf1\x90", True) == [] and script.answers(b"\x19\x02", True) == ()
    assert script.answers(b"\x3e\x80", False) == () and script.answers(b"\x10\x03", False)[0][1] == b"\x7f\x10\x11"


def test_what_is_unknown_of_doip_is_called_by_its_address() -> None:
    from core.vocabulary import DoipMessage

    records = [
        DoipMessage(1.0, 0x0006, bytes.fromhex("0E00 1000 10 00000000")),
        DoipMessage(2.0, 0x8001, bytes.fromhex("0E00 1234 22F190")),
        DoipMessage(2.1, 0x8001, bytes.fromhex("1234 0E00 62F19001")),
    ]
    recording = record_vehicle("x", records, (), "")
    assert list(recording.scripts) == [("1234", DoipAddress(0x1234))] and recording.gateway == 0x1000
    assert not record_vehicle("x", [CanFrame(1.0, 0x7E8, b"\x03\x62\xf1\x90")], (), "").scripts
    assert CanAddress(0x7E0, 0x7E8) == ENGINE


def test_uris_of_recorded_vehicles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("sim:trace/a b.log?fault=silence") == f"sim:trace/{tmp_path}/a b.log?fault=silence"
    assert absolute("sim:car-mixed") == "sim:car-mixed"
    assert VciUri.parse("sim:trace//tmp/ü x.log").vehicle == "trace//tmp/ü x.log"
    for wrong in ("sim:trace/", "sim:trace/\x1b", "sim:other/x"):
        with pytest.raises(UsageError):
            VciUri.parse(wrong)
