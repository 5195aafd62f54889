"""The command line of coding files, history and report, as real processes."""

from __future__ import annotations

from pathlib import Path

from tests.cli.support import passbay

CAR = ("--vci", "sim:car-mixed")
BODY = (*CAR, "--ecu", "BODY")


def test_coding_on_files_and_the_order_it_belongs_to(home: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "body.json")
    exported = passbay("coding", "export", *BODY, "--out", file, "--json")
    assert (exported.code, exported.last["units"]) == (0, ["BODY"]), exported.stderr
    vin = exported.last["vin"]
    done = passbay("coding", "set", *BODY, "ComingHome=on", "--order", "A-1", "--json")
    assert done.last["verified"]
    found = passbay("coding", "diff", *BODY, "car", file, "--json").last
    assert [(d["item"], d["left"], d["right"]) for d in found["differences"]] == [("ComingHome", "on", "off")]
    asked = passbay("coding", "load", *BODY, file, "--json")
    assert (asked.code, asked.last["error"]) == (2, "UsageError")
    loaded = passbay("coding", "load", *BODY, file, "--yes", "--order", "A-1")
    assert loaded.code == 0
    shown, written = "BODY ComingHome: car on   body.json off", "Write Lights and locks"
    assert loaded.stdout.index(shown) < loaded.stdout.index(written)
    states = passbay("coding", "history", "--vin", vin, "--json").last["states"]
    assert [(s["unit"], s["reason"], s["order"], s["outcome"]) for s in states] == [
        ("BODY", "set", "A-1", "verified"), ("BODY", "load", "A-1", "verified"),
    ]  # fmt: skip
    same = passbay("coding", "diff", file, states[0]["file"], "--json")
    assert same.last["same"] and same.code == 0
    for arguments in (("coding", "diff", file, "car"), ("coding", "history"), ("coding", "restore", *CAR)):
        assert passbay(*arguments).code == 2

    told = passbay("history", vin, "--json").last["entries"]
    assert [(e["number"], e["kind"], e["order"]) for e in told] == [(1, "coding", "A-1"), (2, "coding", "A-1")]
    assert passbay("history", "verify", vin).code == 0
    page = tmp_path / "order.html"
    report = passbay("report", "A-1", "--format", "html", "--out", str(page), "--json")
    assert report.code == 0 and page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert "ComingHome" in passbay("report", vin).stdout

    path = home / "data" / "history" / vin / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"ComingHome", b"ComingHere"))
    broken = passbay("history", "verify", "--json")
    assert (broken.code, broken.last["whole"]) == (1, False)
    assert "Entry 1 was edited." in broken.last["vehicles"][0]["problems"]
    assert "The history is not whole" in passbay("report", "A-1").stdout


def test_a_whole_vehicle_is_kept_and_brought_back(tmp_path: Path) -> None:
    file = str(tmp_path / "car.json")
    kept = passbay("coding", "backup", *CAR, "--out", file, "--json")
    assert kept.code == 0 and {"ENGINE", "BODY", "HEADUNIT"} <= set(kept.last["units"])
    passbay("coding", "set", *BODY, "ComingHome=on", "SpeedWarning=90")
    restored = passbay("coding", "restore", *CAR, "--backup", file, "--json")
    assert (restored.code, restored.last["result"]) == (0, "restored"), restored.stdout
    changed = {u["unit"]: [c["name"] for c in u["changes"]] for u in restored.last["units"] if u["changes"]}
    assert changed == {"BODY": ["ComingHome", "SpeedWarning"]}


def test_nothing_known_is_said_so() -> None:
    empty = passbay("history", "--json")
    assert (empty.code, empty.last["vehicles"]) == (0, [])
    for arguments in (("history", "XPBMX2A0XR1000001"), ("report", "A-1"), ("history", "verify", "XPBMX2A0XR1000001")):
        unknown = passbay(*arguments, "--json")
        assert (unknown.code, unknown.last["error"]) == (1, "DataMissing")
