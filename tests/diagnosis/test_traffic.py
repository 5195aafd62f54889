"""The panel's view: rows, reassembly against the real ISO-TP machine, DoIP, names, load, drops, filter."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from core.diagnosis.traffic import TrafficView
from core.diagnosis.traffic.load import frame_bits
from core.diagnosis.traffic.reassembly import LONGEST_MESSAGE, PassiveIsoTp
from core.diagnosis.traffic.view import MAX_ROWS
from core.protocol.isotp import IsoTpMachine, mirrored
from core.stream import TrafficRing
from core.vocabulary import Addressing, CanAddress, CanFrame, DoipAddress, DoipMessage, EcuAddress, Transport

ENGINE = CanAddress(0x7E0, 0x7E8)
UNITS: tuple[tuple[str, EcuAddress], ...] = (("ENGINE", ENGINE), ("HEADUNIT", DoipAddress(0x1010)))


class Panel:
    """A ring, a view on it, and a clock to poll with."""

    def __init__(self, units: Sequence[tuple[str, EcuAddress]] = UNITS, capacity: int = 20_000, **more: Any) -> None:
        self.ring = TrafficRing(capacity)
        self.units = units
        self.view = TrafficView(self.ring.read_since, lambda: self.units, bitrate=500_000, **more)
        self.now = 0.0

    def can(self, identifier: int, data: bytes, at: float = 0.0, **more: Any) -> None:
        self.ring.append(CanFrame(at, identifier, data, **more))

    def doip(self, kind: int, payload: bytes, at: float = 0.0) -> None:
        self.ring.append(DoipMessage(at, kind, payload))

    def poll(self) -> int:
        self.now += 0.25
        return self.view.poll(self.now)

    def row(self, identifier: str) -> Any:
        return next(row for row in self.view.rows() if row.identifier == identifier)

    def words(self) -> list[tuple[str, str]]:
        return [(line.unit, line.words) for line in self.view.message_lines(1000)]


def conversation(address: CanAddress, request: bytes, answer: bytes) -> list[tuple[int, bytes]]:
    """Every frame of a request and its answer, flow control included, as the real machines send them."""
    tester, unit = IsoTpMachine(address), IsoTpMachine(mirrored(address))
    frames: list[tuple[int, bytes]] = []
    tester.send(request, 0.0)
    answered = False
    for turn in range(100_000):
        now = turn * 0.001
        out = tester.frames_to_send(now)
        frames += [(address.tx, frame) for frame in out]
        for frame in out:
            unit.receive(frame, now)
        if not answered and unit.next_pdu() is not None:
            unit.send(answer, now)
            answered = True
        back = unit.frames_to_send(now)
        frames += [(address.rx, frame) for frame in back]
        for frame in back:
            tester.receive(frame, now)
        if tester.next_pdu() is not None:
            return frames
    raise AssertionError("the machines did not finish")


@pytest.mark.parametrize(
    "address",
    [
        ENGINE,
        CanAddress(0x18DA10F1, 0x18DAF110, is_extended_id=True),
        CanAddress(0x600, 0x601, addressing=Addressing.EXTENDED, tx_extension=0x10, rx_extension=0xF1),
        CanAddress(0x7E0, 0x7E8, addressing=Addressing.MIXED, tx_extension=0x55, rx_extension=0x55),
        CanAddress(0x7E0, 0x7E8, is_fd=True),
        CanAddress(0x7E0, 0x7E8, padding=None),
    ],
    ids=["normal", "29 bit", "extended", "mixed", "fd", "no padding"],
)
@pytest.mark.parametrize("length", [1, 6, 7, 8, 62, 63, 300, 4095, 5000])
def test_messages_are_put_together_in_both_directions(address: CanAddress, length: int) -> None:
    panel = Panel((("ENGINE", address),))
    request, answer = b"\x36" + bytes(range(256)) * 20, b"\x76" + bytes(range(255, -1, -1)) * 20
    request, answer = request[:length], answer[:length]
    for identifier, data in conversation(address, request, answer):
        panel.can(identifier, data, is_extended_id=address.is_extended_id, is_fd=address.is_fd)
    panel.poll()
    lines = panel.view.message_lines(10)
    assert [(m.unit, m.is_request, m.data, m.length) for m in lines] == [
        ("ENGINE", True, request[:32], length), ("ENGINE", False, answer[:32], length),
    ]  # fmt: skip


def test_a_row_keeps_its_place_and_shows_what_changed() -> None:
    panel = Panel()
    panel.can(0x0C9, b"\x01\x02", 10.0)
    panel.can(0x100, b"\x00", 10.001)
    panel.can(0x0C9, b"\x01\x03\x04", 10.0105)
    panel.poll()
    assert [row.identifier for row in panel.view.rows()] == ["0C9", "100"]
    row = panel.row("0C9")
    assert (row.count, row.data, row.changed) == (2, b"\x01\x03\x04", (False, True, True))
    assert row.delta_ms == pytest.approx(10.5)
    assert panel.row("100").delta_ms is None
    panel.can(0x001, b"", 11.0)
    panel.can(0x001, b"", 11.0, is_extended_id=True)
    panel.poll()
    assert [row.identifier for row in panel.view.rows()] == ["001", "0C9", "100", "00000001"]


def test_meanings_are_in_words() -> None:
    panel = Panel()
    panel.can(0x7DF, b"\x02\x3e\x80\xcc\xcc\xcc\xcc\xcc")
    panel.can(0x7E8, b"\x03\x7f\x36\x78\xcc\xcc\xcc\xcc")
    panel.can(0x7E0, b"\x10\x64\x36\x01\x00\x00\x00\x00")
    panel.can(0x7E0, b"\x21" + bytes(7))
    panel.poll()
    assert "TesterPresent" in panel.row("7DF").meaning
    assert panel.row("7DF").meaning.startswith("all units: ")
    assert panel.row("7E8").meaning.startswith("ENGINE: ! pending: TransferData")
    assert panel.row("7E0").meaning == "ENGINE: TransferData, 13 of 100 bytes"
    panel.can(0x7E8, b"\x30\x08\x14")
    panel.poll()
    assert panel.row("7E8").meaning == "ENGINE: flow control, continue"
    assert [line.is_negative for line in panel.view.message_lines(10)] == [False, True]


def test_doip_messages_have_names_and_rows() -> None:
    panel = Panel()
    panel.doip(0x8001, b"\x0e\x00\x10\x10\x22\xf1\x90")
    panel.doip(0x8002, b"\x10\x10\x0e\x00\x00")
    panel.doip(0x8001, b"\x10\x10\x0e\x00\x7f\x22\x31")
    panel.doip(0x8001, b"\x0e\x00\xe4\x00\x3e\x80")
    panel.poll()
    assert panel.words()[0] == ("HEADUNIT", "ReadDataByIdentifier F190")
    assert panel.words()[1][1].startswith("! negative: ReadDataByIdentifier")
    assert panel.words()[2][0] == "all units"
    assert [row.identifier for row in panel.view.rows()] == ["0E00>1010", "0E00>E400", "1010>0E00", "DoIP 8002"]
    assert "acknowledged" in panel.row("DoIP 8002").meaning
    assert panel.view.transports == {Transport.DOIP}


def test_before_the_vehicle_is_known_the_legislated_identifiers_are_read() -> None:
    panel = Panel(())
    panel.can(0x7E3, b"\x02\x10\x03")
    panel.doip(0x8001, b"\x0e\x00\x12\x34\x10\x03")
    panel.poll()
    assert panel.words() == [(unit, "DiagnosticSessionControl extended") for unit in ("7E3", "1234")]
    panel.units = (("DOORS", CanAddress(0x7E3, 0x7EB)),)
    panel.can(0x7E3, b"\x02\x10\x01")
    panel.poll()
    assert panel.words()[-1] == ("DOORS", "DiagnosticSessionControl default")


def test_a_missing_frame_costs_one_message() -> None:
    panel = Panel()
    frames = conversation(ENGINE, b"\x2e" + bytes(40), b"\x6e\x01\x02")
    for number, (identifier, data) in enumerate(frames):
        if number != 4:
            panel.can(identifier, data)
    panel.poll()
    assert [line.is_request for line in panel.view.message_lines(10)] == [False]


def test_what_the_ring_overwrote_is_counted_and_breaks_no_message() -> None:
    panel = Panel(capacity=10)
    panel.can(0x7E0, b"\x10\x14\x2e\x01\x00\x00\x00\x00")
    panel.poll()
    for _ in range(25):
        panel.can(0x7E0, b"\x21" + bytes(7))
    panel.poll()
    assert panel.view.figures.dropped == 15
    assert panel.view.message_lines(10) == []


def test_load_and_rate_over_the_last_seconds() -> None:
    panel = Panel()
    panel.poll()
    for _ in range(8):
        for _ in range(250):
            panel.can(0x123, bytes(8))
        panel.poll()
    figures = panel.view.figures
    assert figures.frames_per_second == pytest.approx(1000.0)
    assert figures.load == pytest.approx(1000 * frame_bits(8, False, False) / 500_000)
    for _ in range(12):
        panel.poll()
    assert panel.view.figures.frames_per_second == 0.0
    assert 111 <= frame_bits(8, False, False) <= 135  # the bounds of stuffing, ISO 11898-1
    assert frame_bits(0, True, False) > frame_bits(0, False, False)


def test_without_can_there_is_no_load() -> None:
    ring = TrafficRing()
    assert TrafficView(ring.read_since, lambda: ()).figures.load is None


def test_lists_scroll_and_filter() -> None:
    panel = Panel()
    for number in range(50):
        panel.can(0x100 + number % 5, bytes((number,)), float(number))
    panel.can(0x7E0, b"\x02\x10\x03")
    panel.can(0x7E8, b"\x03\x7f\x10\x22")
    panel.poll()
    lines = panel.view.frame_lines(5, back=2)
    assert [line.number for line in lines] == [45, 46, 47, 48, 49]
    assert [line.data[0] for line in lines] == [45, 46, 47, 48, 49]
    assert panel.view.frame_lines(3, back=1000) == []
    panel.view.filter = "103"
    assert {line.identifier for line in panel.view.frame_lines(100)} == {"103"}
    assert [row.identifier for row in panel.view.rows()] == ["103"]
    panel.view.filter = "conditionsnot"
    assert len(panel.view.message_lines(100)) == 1
    assert len(panel.view.message_lines(1, back=1)) == 0
    panel.view.clear()
    panel.view.filter = ""
    assert (panel.view.rows(), panel.view.frame_lines(10), panel.view.figures.frames) == ([], [], 0)


def test_lists_keep_a_bounded_number_and_go_on_counting() -> None:
    panel = Panel(capacity=1000)
    for _ in range(30):
        for _ in range(500):
            panel.can(0x100, b"")
        panel.poll()
    assert panel.view.frame_lines(1)[0].number == 14_999
    assert len(panel.view.frame_lines(100_000)) == 5000


def test_a_flood_of_identifiers_ends_in_one_row() -> None:
    panel = Panel()
    for identifier in range(MAX_ROWS + 50):
        panel.can(identifier, b"", is_extended_id=True)
    panel.poll()
    assert len(panel.view.rows()) == MAX_ROWS + 1
    assert panel.row("others").count == 50


def test_error_frames_are_counted_and_listed() -> None:
    panel = Panel()
    panel.can(0, b"", is_error_frame=True)
    panel.poll()
    assert panel.view.figures.errors == 1
    assert panel.view.frame_lines(1)[0].is_error
    assert panel.view.rows() == []


def test_a_hostile_length_costs_no_memory() -> None:
    listener = PassiveIsoTp()
    assert listener.feed(b"\x10\x00" + (LONGEST_MESSAGE + 1).to_bytes(4, "big") + b"\x36\x01") is None
    assert listener.progress == (0, 0)


def test_a_hundred_thousand_random_records_do_no_harm() -> None:
    chance = random.Random(20261123)
    panel = Panel(capacity=5000)
    identifiers = [0x7DF, 0x7E0, 0x7E8, 0x100]
    for number in range(100_000):
        if number % 4:
            data = chance.randbytes(chance.choice((0, 1, 2, 3, 8, 8, 8, 12, 64)))
            if data and chance.random() < 0.7:  # mostly valid PCI, or nothing would be put together
                data = bytes((chance.choice((0x02, 0x07, 0x10, 0x21, 0x22, 0x30, 0x00)),)) + data[1:]
            panel.can(chance.choice(identifiers), data, float(number), is_fd=len(data) > 8)
        else:
            kind = chance.choice((0x8001, 0x8002, 0x0004, chance.randrange(65536)))
            panel.doip(kind, chance.randbytes(chance.randrange(40)))
        if number % 4000 == 0:
            panel.poll()
            panel.view.rows()
            panel.view.message_lines(50)
            panel.view.frame_lines(50)
    panel.poll()
    assert panel.view.figures.frames == 100_000
    assert panel.view.message_count > 1000
    assert len(panel.view.rows()) <= MAX_ROWS + 2  # each bus has a row for the others
