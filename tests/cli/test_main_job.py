"""The main job from the command line, each command in a process of its own: survey, faults, flash, code."""

from __future__ import annotations

import re
import secrets
import socket

import pytest

from tests.cli.support import passbay, serving

SIMULATIONS = ["sim:car-mixed", "sim:car-doip", "sim:car-das"]
SMALL = {"sim:car-mixed": "BODY", "sim:car-doip": "BODY", "sim:car-das": "BODY"}


def _unit(survey: dict, name: str) -> dict:
    return next(u for u in survey["units"] if u["name"] == name)


@pytest.mark.parametrize("vci", SIMULATIONS)
def test_survey_flash_and_survey_again(vci: str) -> None:
    ecu = SMALL[vci]
    before = passbay("survey", "--vci", vci, "--json")
    assert before.code == 0, before.stdout + before.stderr
    survey = before.last
    assert re.fullmatch(r"[A-HJ-NPR-Z0-9]{17}", survey["vin"])
    assert survey["vehicle"] == vci.removeprefix("sim:")
    assert len(survey["units"]) >= 4
    for unit in survey["units"]:
        assert {"name", "hardware", "software", "variant", "state", "dtcs"} <= unit.keys()
        assert ("tx" in unit and "rx" in unit) or "address" in unit
        assert unit["hardware"] and unit["software"] and unit["variant"], unit
    assert [line["event"] for line in before.lines[:-1] if line["event"] == "unit"] == ["unit"] * len(survey["units"])

    dry = passbay("flash", "--vci", vci, "--ecu", ecu, "--dry-run", "--json")
    assert dry.code == 0 and dry.last["result"] == "ready", dry.stdout + dry.stderr
    flashed = passbay("flash", "--vci", vci, "--ecu", ecu, "--json")
    assert flashed.code == 0, flashed.stdout + flashed.stderr
    result = flashed.last
    assert result["result"] == "flashed"
    assert result["software_before"] == _unit(survey, ecu)["software"] != result["software_after"]
    assert result["bytes"] >= 8 * 1024 and result["seconds"] > 0 and result["bytes_per_second"] > 0
    assert result["sha256"] == dry.last["sha256"] and len(result["sha256"]) == 64
    assert {"step", "progress"} <= {line.get("event") for line in flashed.lines}

    after = passbay("survey", "--vci", vci, "--json").last
    assert _unit(after, ecu)["software"] == result["software_after"]
    again = passbay("flash", "--vci", vci, "--ecu", ecu, "--json")
    assert (again.code, again.last["result"]) == (0, "up-to-date")
    forced = passbay("flash", "--vci", vci, "--ecu", ecu, "--force", "--json")
    assert (forced.code, forced.last["result"]) == (0, "flashed")


@pytest.mark.parametrize("vci", SIMULATIONS)
def test_coding_set_show_and_restore(vci: str) -> None:
    ecu = SMALL[vci]
    shown = passbay("coding", "show", "--vci", vci, "--ecu", ecu, "--json").last
    item = next(i for i in shown["items"] if len(i["choices"]) >= 2)
    wish = next(c for c in item["choices"] if c != item["now"])
    done = passbay("coding", "set", "--vci", vci, "--ecu", ecu.lower(), f"{item['name']}={wish}", "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert done.last["verified"] is True
    assert done.last["changes"] == [{"name": item["name"], "before": item["now"], "after": wish}]
    now = passbay("coding", "show", "--vci", vci, "--ecu", ecu, "--json").last
    assert next(i for i in now["items"] if i["name"] == item["name"])["now"] == wish
    restored = passbay("coding", "restore", "--vci", vci, "--ecu", ecu, "--json")
    assert restored.code == 0, restored.stdout + restored.stderr
    now = passbay("coding", "show", "--vci", vci, "--ecu", ecu, "--json").last
    assert now["items"] == shown["items"]
    refused = passbay("coding", "set", "--vci", vci, "--ecu", ecu, f"{item['name']}=nonsense", "--json")
    assert (refused.code, refused.last["error"]) == (1, "ValueRefused")


def test_faults_are_read_and_cleared() -> None:
    survey = passbay("survey", "--vci", "sim:car-mixed", "--json").last
    faulty = next(u for u in survey["units"] if u["dtcs"])
    read = passbay("faults", "--vci", "sim:car-mixed", "--ecu", faulty["name"], "--json").last
    assert len(read["dtcs"]) == faulty["dtcs"]
    assert all(re.fullmatch(r"[PCBU][0-9A-F]{4}-[0-9A-F]{2}", d["code"]) and d["text"] for d in read["dtcs"])
    assert any(d["environment"] for d in read["dtcs"])
    cleared = passbay("faults", "--vci", "sim:car-mixed", "--ecu", faulty["name"], "--clear", "--json")
    assert cleared.code == 0 and cleared.last["cleared"] is True
    again = passbay("survey", "--vci", "sim:car-mixed", "--json").last
    assert _unit(again, faulty["name"])["dtcs"] <= len(cleared.last["dtcs"]) < faulty["dtcs"]


@pytest.mark.parametrize("arguments", [("flash",), ("coding", "set")], ids=["flash", "coding"])
def test_a_car_before_euro_5_is_refused(arguments: tuple[str, ...]) -> None:
    """G2: refused with the reason, and read all the same."""
    survey = passbay("survey", "--vci", "sim:car-old", "--json").last
    ecu = survey["units"][0]["name"]
    items = ["anything=1"] if "set" in arguments else []
    refused = passbay(*arguments, "--vci", "sim:car-old", "--ecu", ecu, *items, "--json")
    assert refused.code == 1
    assert refused.last["error"] == "PreconditionNotMet"
    assert "EURO" in refused.last["message"] and refused.last["code"] and refused.last["advice"]


def test_raw_requests() -> None:
    done = passbay("uds", "--vci", "sim:car-mixed", "--ecu", "ENGINE", "--json", "1003", "22 F1 90", "0x2EF19000")
    assert done.code == 0, done.stdout + done.stderr
    session, vin, refused = done.last["exchanges"]
    assert session["answer"].startswith("5003") and vin["answer"].startswith("62f190")
    assert refused["negative"] and refused["answer"].startswith("7f2e")
    by_id = passbay("uds", "--vci", "sim:car-mixed", "--tx", "0x7e0", "--rx", "0x7e8", "--json", "22F190").last
    assert by_id["exchanges"][0]["answer"] == vin["answer"]
    by_address = passbay("uds", "--vci", "sim:car-mixed", "--address", "0x1010", "--json", "3E00").last
    assert by_address["exchanges"][0]["answer"] == "7e00"


def _multicast_bus() -> str:
    """A bus of its own: python-can's udp_multicast hears every group on the same port (page 5)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return f"udp_multicast/239.74.163.{2 + secrets.randbelow(200)}?port={probe.getsockname()[1]}"


@pytest.mark.usefixtures("papers")
def test_a_served_vehicle_over_udp_multicast_and_tcp() -> None:
    """The garage in another process, on a real multicast bus and a real TCP port."""
    bus = _multicast_bus()
    with serving("car-mixed", "--can", bus, "--doip", "127.0.0.1:0") as ready:
        assert ready["vehicle"] == "car-mixed" and len(ready["units"]) >= 6
        vci, doip = f"can:{bus}", f"doip://{ready['doip']}"
        survey = passbay("survey", "--vci", vci, "--json")
        assert survey.code == 0, survey.stdout + survey.stderr
        states = {u["name"]: u for u in survey.last["units"]}
        assert states["HEADUNIT"]["state"] == "not-reachable" and states["HEADUNIT"]["reason"]  # G5
        assert states["ENGINE"]["software"]
        for way, ecu in ((vci, "BODY"), (doip, "CLUSTER")):
            flashed = passbay("flash", "--vci", way, "--ecu", ecu, "--json")
            assert (flashed.code, flashed.last.get("result")) == (0, "flashed"), flashed.stdout + flashed.stderr
            again = passbay("flash", "--vci", way, "--ecu", ecu, "--json")
            assert again.last["result"] == "up-to-date"
        both = passbay("survey", "--vci", f"{vci}&doip={ready['doip']}", "--json").last
        assert all(u["state"] != "not-reachable" for u in both["units"])
        refused = passbay("flash", "--vci", vci, "--ecu", "HEADUNIT", "--json")
        assert refused.code == 1 and "DoIP" in refused.last["message"]


@pytest.mark.usefixtures("papers")
def test_a_served_car_of_the_older_protocol() -> None:
    """KWP2000 on a real multicast bus; nobody names the protocol."""
    bus = _multicast_bus()
    with serving("car-das", "--can", bus) as ready:
        assert ready["vehicle"] == "car-das" and len(ready["units"]) == 4
        vci = f"can:{bus}"
        survey = passbay("survey", "--vci", vci, "--json")
        assert survey.code == 0, survey.stdout + survey.stderr
        assert survey.last["vehicle"] == "car-das"
        assert all(unit["software"] and unit["variant"] for unit in survey.last["units"])
        assert {unit["protocol"] for unit in survey.last["units"]} == {"KWP2000"}
        flashed = passbay("flash", "--vci", vci, "--ecu", "BODY", "--json")
        assert (flashed.code, flashed.last.get("result")) == (0, "flashed"), flashed.stdout + flashed.stderr
        again = passbay("flash", "--vci", vci, "--ecu", "BODY", "--json")
        assert again.last["result"] == "up-to-date"
        shown = passbay("coding", "show", "--vci", vci, "--ecu", "BRAKES", "--json").last
        item = next(i for i in shown["items"] if len(i["choices"]) >= 2)
        wish = next(c for c in item["choices"] if c != item["now"])
        done = passbay("coding", "set", "--vci", vci, "--ecu", "BRAKES", f"{item['name']}={wish}", "--json")
        assert done.code == 0 and done.last["verified"], done.stdout + done.stderr
        cleared = passbay("faults", "--vci", vci, "--ecu", "BRAKES", "--clear", "--json")
        assert cleared.code == 0 and cleared.last["dtcs"] == []
        raw = passbay("uds", "--vci", vci, "--ecu", "BODY", "--json", "1A90", "22F190")
        vin, refused = raw.last["exchanges"]
        assert vin["answer"].startswith("5a90") and "VIN" in vin["words"]
        assert refused["answer"] == "7f2211" and "serviceNotSupported" in refused["words"]


@pytest.mark.usefixtures("papers")
def test_a_served_doip_car_is_coded() -> None:
    with serving("car-doip", "--doip", "127.0.0.1:0") as ready:
        vci = f"doip://{ready['doip']}"
        shown = passbay("coding", "show", "--vci", vci, "--ecu", "BODY", "--json").last
        item = next(i for i in shown["items"] if len(i["choices"]) >= 2)
        wish = next(c for c in item["choices"] if c != item["now"])
        done = passbay("coding", "set", "--vci", vci, "--ecu", "BODY", f"{item['name']}={wish}", "--json")
        assert done.code == 0 and done.last["verified"], done.stdout + done.stderr
