"""What the panel adds to rows: filter language, conversation, errors, buses, pausing, names of the vehicle data."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from core.diagnosis.traffic.filter import FIELDS, Facts, complete, parse
from core.errors import UsageError
from core.vocabulary import CanFrame, PanelWish
from tests.diagnosis.test_traffic import ENGINE, Panel, conversation

FACTS = Facts("7e8", "engine", "transferdata", "! negative: transferdata 0x72", "can1", "037f3672")


# -- filter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True), ("engine", True), ("ENGINE", True), ("brakes", False), ("unit:eng", True), ("unit:7e8", False),
        ("id:7E8", True), ("id:7E", False), ("id:7E*", True), ("id:7?8", True), ("id:700-7FF", True),
        ("id:000-6FF", False), ("service:TransferData", True), ("service:36", True), ("service:0x36", True),
        ("service:34", False), ("service:transfer", True), ("bus:can1", True), ("bus:can2", False),
        ("data:7F36", True), ('data:"7F 36"', True), ("data:7F37", False), ('text:"negative: transfer"', True),
        ("engine and negative", True), ("engine negative", True), ("engine brakes", False), ("brakes or engine", True),
        ("not brakes", True), ("not engine", False), ("not not engine", True), ("engine and not pending", True),
        ("brakes or engine and pending", False), ("(brakes or engine) and negative", True),
        ("not (brakes or engine)", False), ("brakes AND x OR engine", True), ('"transferdata 0x72"', True),
    ],
)  # fmt: skip
def test_what_a_filter_lets_through(text: str, expected: bool) -> None:
    assert parse(text).matches(FACTS) is expected


def test_a_doip_pair_is_found_by_either_end() -> None:
    pair = Facts("0e00>1010")
    assert all(parse(f"id:{text}").matches(pair) for text in ("0E00", "1010", "0E00>1010", "1000-10FF", "*>1010"))
    assert not parse("id:0E01").matches(pair) and not parse("id:0-1").matches(Facts("others"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour:red", "no field 'colour'"), ("unit:", "lacks a value"), ("and", "lacks a word before 'and'"),
        ("engine and", "lacks a word at its end"), ("not", "lacks a word at its end"), ("(engine", "not closed"),
        ("engine)", "')' too much"), ("()", "lacks a word"), ("data:xyz", "hex digits"), ("x" * 501, "500 characters"),
        ("(" * 60 + "x", "nested too deeply"), ("not " * 60 + "x", "nested too deeply"), ("or x", "lacks a word"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert words in caught.value.message and caught.value.advice


def test_any_text_is_a_filter_or_refused() -> None:
    chance = random.Random(7)
    pieces = ['"', "(", ")", ":", "*", "and", "or", "not", "id:", "unit:", "7E8", " ", "\x1b", "\u202e", "é", "[/x]"]
    for _ in range(20_000):
        text = "".join(chance.choice(pieces) for _ in range(chance.randint(0, 14)))
        try:
            parse(text).matches(FACTS)
        except UsageError:
            pass
        assert all(isinstance(each, str) for each in complete(text))


NAMES = (("0C9", "7E0", "7E8"), ("BODY", "ENGINE", "Left door"), ("can0", "can1"))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("", "id:"), ("u", "unit:"), ("unit:", "unit:BODY"), ("unit:e", "unit:ENGINE"),
        ("unit:door", 'unit:"Left door"'),
        ("id:7", "id:7E0"), ("bus:", "bus:can0"), ("service:tr", "service:TransferData"), ("7E8 a", "7E8 and "),
        ("7E8 and n", "7E8 and not "), ("(u", "(unit:"), ("not s", "not service:"), ("unit:BODY or bus:c",
        "unit:BODY or bus:can0"), ('unit:"Le', 'unit:"Left door"'),
    ],
)  # fmt: skip
def test_what_may_come_next(text: str, first: str) -> None:
    assert complete(text, NAMES)[0] == first


def test_every_completion_is_the_begin_of_a_filter() -> None:
    for text in ("", *(f"{field}:" for field in FIELDS), "7E8 ", "not "):
        for made in complete(text, NAMES):
            parse(made if made.endswith((":", " ")) is False else f"{made}22")


# -- conversation


def talk(panel: Panel, request: bytes, answer: bytes, at: float = 1.0, step: float = 0.001) -> float:
    for identifier, data in conversation(ENGINE, request, answer):
        panel.can(identifier, data, at)
        at += step
    panel.poll()
    return at


def lines(panel: Panel, mode: str, **more: Any) -> Any:
    panel.now += 0.25
    return panel.view.look(panel.now, PanelWish(mode, 1000, **more)).lines


def test_a_request_and_its_answer_are_one_line() -> None:
    panel = Panel()
    end = talk(panel, bytes.fromhex("22F190"), bytes.fromhex("62F190") + b"XPBMX00000A000001")
    (line,) = lines(panel, "talk")
    assert (line.unit, line.identifier, line.state) == ("ENGINE", "7E0", "ok")
    assert line.words == "ReadDataByIdentifier F190" and line.answer_words.startswith("ok: ReadDataByIdentifier F190")
    assert line.request == bytes.fromhex("22F190") and line.answer_length == 20
    assert line.delta_ms == pytest.approx((end - 0.001 - 1.0) * 1000, abs=0.01)


def test_pending_counts_and_the_last_answer_stays() -> None:
    panel = Panel()
    panel.can(0x7E0, bytes.fromhex("04 31 01 FF 00"), 1.0)
    for n in range(3):
        panel.can(0x7E8, bytes.fromhex("03 7F 31 78"), 1.1 + n)
    panel.poll()
    assert (lines(panel, "talk")[0].state, lines(panel, "talk")[0].pending) == ("pending", 3)
    panel.can(0x7E8, bytes.fromhex("05 71 01 FF 00 00"), 5.0)
    (line,) = lines(panel, "talk")
    assert (line.state, line.pending, line.delta_ms) == ("ok", 3, pytest.approx(4000))
    assert lines(panel, "errors") == ()


def test_silence_quiet_requests_strays_and_functional_ones() -> None:
    panel = Panel((("ENGINE", ENGINE), ("BODY", type(ENGINE)(0x7E4, 0x7EC))))
    panel.can(0x7E0, bytes.fromhex("02 10 03"), 1.0)
    panel.can(0x7E0, bytes.fromhex("02 3E 80"), 2.0)
    panel.can(0x7EC, bytes.fromhex("02 7E 00"), 2.5)
    panel.can(0x7DF, bytes.fromhex("03 22 F1 90"), 3.0)
    panel.can(0x7E8, bytes.fromhex("04 62 F1 90 01"), 3.1)
    panel.can(0x7EC, bytes.fromhex("04 62 F1 90 02"), 3.2)
    shown = [(line.unit, line.state, line.answers) for line in lines(panel, "talk")]
    assert shown == [("ENGINE", "silent", 0), ("ENGINE", "quiet", 0), ("BODY", "heard", 1), ("all units", "ok", 2)]
    assert lines(panel, "talk")[-1].answer_words.startswith("2 answers, the last: ok")


# -- errors


def test_negative_responses_and_changes_of_trouble_codes() -> None:
    texts = {0x030100: "Cylinder 1 misfire"}
    panel = Panel(dtc_text=lambda unit, code: texts.get(code, ""))
    talk(panel, bytes.fromhex("3400"), bytes.fromhex("7F3433"))
    ask = bytes.fromhex("1902FF")
    talk(panel, ask, bytes.fromhex("5902FF 030100 2F 9A0113 28"))
    talk(panel, ask, bytes.fromhex("5902FF 030100 2F 9A0113 28"))  # nothing new
    talk(panel, ask, bytes.fromhex("5902FF 030100 28"))
    talk(panel, bytes.fromhex("14FFFFFF"), bytes.fromhex("54"))
    talk(panel, ask, bytes.fromhex("5902FF 030100 2F"))
    shown = [(line.severity, line.code, line.words) for line in lines(panel, "errors")]
    assert shown == [
        ("warning", "NRC 33", "! negative: RequestDownload 0x33 securityAccessDenied"),
        ("warning", "P0301-00", "0x2F active, pending: Cylinder 1 misfire"),
        ("info", "B1A01-13", "0x28 stored"),
        ("info", "P0301-00", "0x2F became 0x28 stored: Cylinder 1 misfire"),
        ("info", "B1A01-13", "is gone"),
        ("info", "", "trouble codes cleared"),
        ("warning", "P0301-00", "0x2F active, pending: Cylinder 1 misfire"),
    ]
    assert [line.code for line in lines(panel, "errors", filter="service:34 or text:gone")] == ["B1A01-13"]


def test_doip_refusals_and_error_frames_are_errors() -> None:
    panel = Panel()
    panel.doip(0x8003, bytes.fromhex("1010 0E00 03"), 1.0)
    for n in range(2000):
        panel.can(0, b"", 2.0 + n / 1000, is_error_frame=True)
    first, *more = lines(panel, "errors")
    assert (first.unit, first.code) == ("HEADUNIT", "NACK 03")
    assert len(more) == 2 and all(line.words == "error frames on the bus" for line in more)


# -- pausing


def test_a_paused_panel_stands_still_and_counts_on() -> None:
    panel = Panel()
    for n in range(300):
        panel.can(0x100, bytes([n & 0xFF]), n / 100)
    before = lines(panel, "frames", frozen=True)
    rows = lines(panel, "rows", frozen=True)
    for n in range(15_000):
        panel.can(0x200, b"\x02", 10 + n / 1000)
        if n % 5000 == 0:
            panel.poll()
    assert lines(panel, "frames", frozen=True) == before and lines(panel, "rows", frozen=True) == rows
    shot = panel.view.look(99.0, PanelWish("frames", 10, back=5, frozen=True))
    assert shot.lines == before[-15:-5] or [x.number for x in shot.lines] == [x.number for x in before[-15:-5]]
    assert shot.figures.frames == 15_300 and shot.figures.dropped == 0
    assert lines(panel, "frames")[-1].identifier == "200"


# -- several buses, statistics, signals


def test_the_same_identifier_on_two_buses_is_two_rows() -> None:
    panel = Panel()
    for n in range(100):
        panel.can(0x100, b"\x01", n / 100, channel="can0")
        panel.can(0x100, b"\x02", n / 100, channel="can1")
    rows = lines(panel, "rows")
    assert [(row.identifier, row.bus, row.count, row.data) for row in rows] == [
        ("100", "can0", 100, b"\x01"), ("100", "can1", 100, b"\x02"),
    ]  # fmt: skip
    assert [row.bus for row in lines(panel, "rows", filter="bus:can1")] == ["can1"]
    assert {line.bus for line in lines(panel, "frames", filter="bus:can0")} == {"can0"}


def test_each_bus_has_its_figures_and_its_last_minute() -> None:
    panel = Panel()
    panel.view._bitrate = {"can0": 500_000, "can1": 250_000}
    for second in range(70):
        for n in range(10 * (second + 1)):
            panel.ring.append(CanFrame(second, 0x100 + n % 7, bytes(8), channel="can0"))
            if n % 2:
                panel.ring.append(CanFrame(second, 0x300, bytes(8), channel="can1"))
        panel.now += 1.0
        panel.view.poll(panel.now)
    one, two = panel.view.buses()
    assert (one.name, one.identifiers, two.name, two.identifiers) == ("can0", 7, "can1", 1)
    assert len(one.history) == 60 and all(a < b for a, b in pairwise(one.history))
    assert one.peak == pytest.approx(700, rel=0.02) and one.frames_per_second == pytest.approx(695, rel=0.02)
    assert one.load is not None and two.load == pytest.approx(one.load, rel=0.05)


def test_signals_are_asked_for_what_is_shown() -> None:
    asked: list[int] = []

    def signals(bus: str, identifier: int, extended: bool, data: bytes) -> str:
        asked.append(identifier)
        return f"rpm {data[0]}" if identifier == 0x100 else ""

    panel = Panel(signals=lambda: signals)
    for n in range(5000):
        panel.can(0x100 + n % 3, bytes([n & 0xFF]), n / 1000)
    panel.poll()
    assert not asked
    assert lines(panel, "rows")[0].meaning.startswith("rpm ")
    assert len(asked) == 3
    assert panel.view.look(9.0, PanelWish("frames", 5)).lines[-1].delta_ms == pytest.approx(1.0)
    assert len(asked) == 8


def test_names_for_the_filter_are_bounded() -> None:
    panel = Panel()
    for n in range(1500):
        panel.can(n, b"")
    names = panel.view.look(1.0, PanelWish("rows", 10)).names
    assert len(names[0]) == 300 and names[2] == ("",)
