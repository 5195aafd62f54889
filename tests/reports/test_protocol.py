"""The protocol of an order: what it says, in which order, and that no outside text acts in text, HTML or JSON."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from core.errors import UsageError
from core.reports.order import OrderProtocol, protocol
from core.reports.plain import plain, result_of
from core.reports.render import render
from core.vocabulary import (
    CanAddress,
    CodingChange,
    CodingResult,
    DtcReading,
    EuroClass,
    FlashResult,
    HistoryCheck,
    HistoryEntry,
    SurveyResult,
    UnitState,
    UnitSurvey,
    VehicleCodingResult,
)

VIN = "XPBTS000000000001"
CORPUS = (
    "\x1b]0;PWNED\x07\x1b[31m\x1b[2J\x9b31m\x00\u202e\r",
    "[/nope]", "[b", "[@click=app.quit]x[/]", "C:\\[x]",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</td></table><h1>x", "&lt;b&gt;", "'\"`=",
    "javascript:alert(1)", "</style><style>*{display:none}", "]]>", "<!--", "\ud800", "\u2028", "http://evil.example/x",
)  # fmt: skip
GOOD = HistoryCheck(VIN, 9, "f" * 64, ())


def entry(number: int, kind: str, result: Any = None, **more: Any) -> HistoryEntry:
    values: dict[str, Any] = {
        "number": number, "at": 1_700_000_000.0 + number, "seconds": 2.0, "vin": VIN, "vehicle": "test-car",
        "title": "Test car", "order": "A-1", "kind": kind, "unit": "", "by": "meister", "device": "test:",
        "program": "passbay", "outcome": "done", "summary": "ok", "error": {}, "result": result_of(result),
        "steps": (), "files": (), "previous": "0" * 64, "hash": f"{number:064x}",
    }  # fmt: skip
    return HistoryEntry(**(values | more))


def dtc(display: str) -> DtcReading:
    return DtcReading(0x030100, display, "Cylinder 1 misfire", 0x2F, ("active",))


def survey(number: int, software: str, *codes: str, **more: Any) -> HistoryEntry:
    unit = UnitSurvey(
        "ENGINE", "Engine", CanAddress(0x7E0, 0x7E8), UnitState.OK, hardware="HW-1", software=software,
        dtcs=len(codes), dtc_list=tuple(map(dtc, codes)),
    )  # fmt: skip
    return entry(number, "survey", SurveyResult(VIN, "test-car", "Test car", EuroClass.EURO_6, (unit,), 12.6), **more)


FLASH = FlashResult("ENGINE", "flashed", "ENGINE_2", 4096, 2.0, 2048.0, "ab" * 32, "01.00", "02.00")
CODING = CodingResult(
    "BODY", (CodingChange("Daylight", "off", "on"),), (("Lights", 0x100, b"\x00", b"\x01"),), "b.json", True
)


def a_whole_order() -> list[HistoryEntry]:
    return [
        survey(1, "01.00", "P0301-00", "P0401-00"),
        entry(2, "flash", FLASH, unit="ENGINE", files=(("image", "ENGINE ENGINE_2", "ab" * 32),)),
        entry(3, "coding", CODING, unit="BODY"),
        entry(4, "clear", unit="ENGINE"),
        survey(5, "02.00", "P0401-00", "U0100-00"),
    ]


def test_a_whole_order_says_what_was_done_and_what_changed() -> None:
    report = protocol("A-1", a_whole_order(), GOOD)
    assert report.complete
    assert (report.before, report.after) == (report.entries[0], report.entries[4])
    assert [measure.kind for measure in report.measures] == ["flash", "coding", "clear"]
    (change,) = report.changes
    assert change.software == ("01.00", "02.00")
    assert (change.gone, change.new, change.still) == (("P0301-00",), ("U0100-00",), ("P0401-00",))
    text = render(report, "text")
    order = [
        "Protocol of order A-1", "Quick test before", "1. Flash ENGINE", "2. Coding BODY", "3. Trouble codes cleared",
        "Quick test after", "What changed", "Proof", "f" * 64,
    ]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    for words in ("Every measure was done", "01.00 -> 02.00", "Daylight  off     on", "ab" * 32, "meister", "12.6 V"):
        assert words in text


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([entry(2, "flash", FLASH)], "No quick test was made before the first measure."),
        ([survey(1, "1"), entry(2, "flash", FLASH)], "No quick test was made after the last measure."),
        ([survey(1, "1"), entry(2, "flash", unit="ENGINE", outcome="failed", summary="cut."), survey(3, "1")],
         "Flash ENGINE failed: cut."),
        ([survey(1, "1", outcome="cancelled", summary="stop.")], "The quick test was stopped: stop."),
        ([survey(1, "1"), entry(2, "coding", VehicleCodingResult("f", (CODING,), (("ENGINE", "silent."),), ("BODY",))),
          survey(3, "1")], "Coding: ENGINE was not done: silent."),
    ],
)  # fmt: skip
def test_what_is_missing_or_failed_is_a_remark(entries: list[HistoryEntry], words: str) -> None:
    report = protocol("A-1", entries, GOOD)
    assert words in report.remarks and not report.complete
    assert f"! {words}" in render(report, "text")


def test_a_flash_of_several_units_says_which_are_not_drivable() -> None:
    result = {
        "type": "FlashOrderResult", "result": "failed", "not_drivable": ["ENGINE has no valid software."],
        "units": [{"unit": "BODY", "result": "flashed", "flash": {"software_before": "1", "software_after": "2"}},
                  {"unit": "ENGINE", "result": "failed", "reason": "cut.", "flash": None}],
    }  # fmt: skip
    report = protocol("A-1", [survey(1, "1"), replace(entry(2, "flash"), result=result), survey(3, "1")], GOOD)
    assert report.remarks == ("Flash: ENGINE has no valid software.", "Flash: ENGINE failed: cut.")
    assert "BODY  software  1       2" in render(report, "text")


def test_a_history_that_is_not_whole_comes_first() -> None:
    report = protocol("A-1", a_whole_order(), HistoryCheck(VIN, 9, "f" * 64, ("Entry 2 was edited.",)))
    assert report.remarks[0] == "The history is not whole: Entry 2 was edited."


def test_surveys_alone_are_an_order_too() -> None:
    assert protocol("A-1", [survey(1, "1")], GOOD).complete
    both = protocol("A-1", [survey(1, "1"), survey(2, "1")], GOOD)
    assert (both.before, both.after) == both.entries and both.changes == ()


def test_json_names_each_entry_once() -> None:
    report = json.loads(render(protocol("A-1", a_whole_order(), GOOD), "json"))
    assert (report["before"], report["measures"], report["after"]) == (1, [2, 3, 4], 5)
    assert [entry["number"] for entry in report["entries"]] == [1, 2, 3, 4, 5]
    assert (report["complete"], report["check"]["ok"]) == (True, True)


def test_another_form_is_refused() -> None:
    with pytest.raises(UsageError, match="'pdf'"):
        render(protocol("A-1", a_whole_order(), GOOD), "pdf")


def test_plain_values() -> None:
    assert plain({1: float("nan"), "b": b"\x01", "s": frozenset({"b", "a"}), "e": EuroClass.EURO_6}) == {
        "1": None, "b": "01", "s": ["a", "b"], "e": EuroClass.EURO_6.value,
    }  # fmt: skip
    json.dumps(plain(FLASH), allow_nan=False)


# -- outside text


def strange(text: str) -> OrderProtocol:
    """The text wherever a unit, a file or a person can put it."""
    unit = UnitSurvey(text, text, None, UnitState.OK, text, text, text, text, 1, dtc_list=(
        DtcReading(1, text, text, 1, (text,)),))  # fmt: skip
    seen = SurveyResult(text, text, text, EuroClass.EURO_6, (unit,))
    coded = CodingResult(text, (CodingChange(text, text, text),), (), text, True)
    error = {"message": text, "advice": text, "code": text}
    entries = [
        entry(1, "survey", seen, vin=text, title=text, vehicle=text, by=text, device=text, program=text),
        entry(2, "coding", coded, unit=text, summary=text, files=((text, text, text),)),
        entry(3, text, FLASH, unit=text, summary=text, outcome=text, error=error),
        entry(4, "survey", seen, vin=text, title=text, hash=text, order=text),
    ]
    return protocol(text, entries, HistoryCheck(text, 4, text, (text,)))


@pytest.mark.parametrize("text", CORPUS, ids=ascii)
def test_outside_text_does_not_act_on_a_terminal(text: str) -> None:
    shown = render(strange(text), "text")
    acting = [c for c in shown if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2028\ud800"]
    assert acting == []
    shown.encode("utf-8")
    if text.isprintable():
        assert text in shown


class Reader(HTMLParser):
    """Which elements and attributes are there, and the text between."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[tuple[str, str, str | None]] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {(tag, name, value) for name, value in attrs}

    def handle_comment(self, data: str) -> None:
        self.seen.add("comment")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


@pytest.mark.parametrize("text", CORPUS, ids=ascii)
def test_outside_text_becomes_no_element(text: str) -> None:
    page = render(strange(text), "html")
    plain_page = read(render(protocol("A-1", a_whole_order(), GOOD), "html"))
    reader = read(page)
    assert reader.seen <= plain_page.seen
    assert reader.attributes <= plain_page.attributes | {("p", "class", "bad"), ("p", "class", "good")}
    assert not [c for c in page if (ord(c) < 0x20 and c != "\n") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2028\ud800"]
    if text.isprintable():
        assert any(text in part for part in reader.text), "it is shown as it is"


def test_the_page_asks_for_nothing() -> None:
    page = render(protocol("A-1", a_whole_order(), GOOD), "html")
    reader = read(page)
    assert not reader.seen & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "a", "svg", "video"}
    assert not {name for _, name, _ in reader.attributes} & {"src", "href", "style", "srcset", "background", "action"}
    assert "default-src 'none'" in page
    assert not re.search(r"url\s*\(|@import|https?:", page)
