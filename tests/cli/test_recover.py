"""`passbay recover`: what was left in programming is listed, brought back, dismissed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import passbay

VIN = "XPBMX2A0XR1000001"  # of the simulated car-mixed


@pytest.fixture
def leave(home: Path) -> Any:
    """Writes the journal of a flash that was cut in its first block."""

    def left(unit: str = "BODY", vin: str = VIN, flashware: str = "BODY_3004_21") -> None:
        folder = home / "state" / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.iterdir())) + 1
        lines = [
            {"event": "started", "kind": "flash", "unit": unit, "vin": vin, "vci": "sim:car-mixed"},
            {"event": "plan", "unit": unit, "flashware": flashware, "file": "car-mixed.pdx", "sha256": "00"},
            {"event": "step", "step": "transfer-1", "title": "Transfer block 1 of 2"},
            {"event": "erasing", "unit": unit, "block": 1},
            {"event": "acknowledged", "unit": unit, "block": 1, "offset": 4096, "size": 6144},
        ]
        text = "".join(json.dumps({"t": 1.7e9, "job": "flash-1", **line}) + "\n" for line in lines)
        (folder / f"journal-{number:06}.jsonl").write_text(text)

    return left


def test_nothing_was_left() -> None:
    assert passbay("recover", "--list", "--json").last == {"unfinished": []}
    assert "No unit was left" in passbay("recover").stdout
    done = passbay("recover", "--dismiss", "--ecu", "BODY", "--json")
    assert (done.code, done.last["error"]) == (1, "DataMissing")


def test_it_is_told_brought_back_and_told_no_more(leave: Any) -> None:
    leave()
    (entry,) = passbay("recover", "--list", "--json").last["unfinished"]
    assert (entry["vin"], entry["unit"], entry["block"], entry["offset"]) == (VIN, "BODY", 1, 4096)
    assert entry["sentence"].startswith(f"BODY of VIN {VIN} was left in programming")
    shown = passbay("recover", "--list").stdout
    assert entry["advice"] in shown and "passbay recover --vci sim:car-mixed --ecu BODY" in shown

    survey = passbay("survey", "--vci", "sim:car-mixed", "--json")
    reasons = {unit["name"]: unit["reason"] for unit in survey.last["units"]}
    assert "was left in programming" in reasons["BODY"] and "left in programming" not in reasons["ENGINE"]

    done = passbay("recover", "--vci", "sim:car-mixed", "--ecu", "body", "--no-host", "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert (done.last["result"], done.last["software_after"], done.last["bytes"]) == ("flashed", "3004.21", 8192)
    assert any(line.get("severity") == "warning" and entry["sentence"] in line["text"] for line in done.lines)
    assert passbay("recover", "--list", "--json").last == {"unfinished": []}


def test_dismissed_by_name_and_vin(leave: Any) -> None:
    leave()
    leave(vin="XPBMX2A0XR1000002")
    done = passbay("recover", "--dismiss", "--ecu", "body", "--json")
    assert (done.code, done.last["error"]) == (2, "UsageError")
    done = passbay("recover", "--dismiss", "--ecu", "body", "--vin", VIN, "--json")
    assert (done.code, done.last) == (0, {"dismissed": "BODY", "vin": VIN})
    (entry,) = passbay("recover", "--json").last["unfinished"]
    assert entry["vin"] == "XPBMX2A0XR1000002"


def test_outside_text_from_the_journal_is_shown_with_escapes(leave: Any) -> None:
    leave(unit="BO\x1b[2JDY", vin="VIN\u202e\x9b31m")
    shown = passbay("recover", "--list").stdout
    assert "\x1b" not in shown and "\u202e" not in shown and "\x9b" not in shown
    assert "BO\\x1b" in shown


def test_recovering_needs_a_way_to_the_vehicle(leave: Any) -> None:
    leave()
    done = passbay("recover", "--ecu", "BODY", "--json")
    assert (done.code, done.last["error"]) == (2, "UsageError")
