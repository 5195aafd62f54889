"""`passbay plan` and `passbay flash` with plans, images and several units: the real command line, its JSON lines."""

from __future__ import annotations

import json
from pathlib import Path

import bincopy
import pytest
from click.testing import CliRunner

from core.errors import UsageError
from core.vocabulary import CanAddress, DoipAddress, FlashWish
from tests.cli.support import passbay
from tui.cli.flashing.units import address_of, wishes_of
from tui.cli.main import cli

MIXED = Path(__file__).parents[2] / "core/simulation/vehicles/car-mixed.pdx"


def invoke(*arguments: str) -> tuple[int, list[str]]:
    """In this process: for what needs no vehicle."""
    result = CliRunner().invoke(cli, arguments)
    return result.exit_code, result.stdout.splitlines()


# -- which units are meant


def test_one_unit_or_several() -> None:
    assert wishes_of(["A"], None, "F.pdx#S", [], []) == [FlashWish("A", "F.pdx#S")]
    assert wishes_of(["A", "B"], None, None, [], []) == [FlashWish("A"), FlashWish("B")]
    plan = str(Path("p.toml").absolute())
    image = str(Path("i#1.hex").absolute())
    assert wishes_of(["A"], None, None, ["p.toml"], ["i#1.hex"]) == [FlashWish("A", f"{plan}#{image}")]
    assert wishes_of([], None, None, ["p.toml"], []) == [FlashWish("", plan)]
    assert wishes_of([], CanAddress(1, 2), None, ["p.toml"], ["i#1.hex"]) == [
        FlashWish(CanAddress(1, 2), f"{plan}#{image}")
    ]
    several = wishes_of(["A"], None, None, ["p.toml", "p.toml"], [])
    assert [wish.ecu for wish in several] == ["A", "", ""]


def test_addresses() -> None:
    assert address_of(None, None, None) is None
    assert address_of(None, None, 0x1010) == DoipAddress(0x1010)
    assert address_of(0x18DA10F1, 0x18DAF110, None) == CanAddress(0x18DA10F1, 0x18DAF110, is_extended_id=True)
    for wrong in ((1, None, None), (None, 1, None), (1, 2, 3)):
        with pytest.raises(UsageError):
            address_of(*wrong)


@pytest.mark.parametrize(
    "options",
    [
        ([], None, None, [], []),
        ([], None, None, [], ["i.hex"]),
        (["A"], None, None, ["p.toml"], ["i.hex", "j.hex"]),
        (["A", "B"], None, "F", [], []),
        (["A"], None, "F", ["p.toml"], []),
        (["A"], DoipAddress(1), None, ["p.toml"], []),
        ([], DoipAddress(1), None, ["p.toml", "q.toml"], []),
        (["A"], None, None, ["p.yaml"], []),
    ],
)
def test_options_that_cannot_be_meant_together(
    options: tuple[list[str], None, str | None, list[str], list[str]],
) -> None:
    with pytest.raises(UsageError) as caught:
        wishes_of(*options)
    assert caught.value.advice


@pytest.mark.parametrize(
    "arguments",
    [
        ("--all", "--ecu", "BODY"),
        ("--ecu", "BODY", "--ecu", "CLUSTER", "--override", "BODY"),
        ("--all", "--show-plan"),
        ("--tx", "0x7e0"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    code, lines = invoke("flash", "--vci", "sim:car-mixed", *arguments, "--json")
    assert code == 2 and json.loads(lines[-1])["error"] == "UsageError"


# -- plan show, plan check


def test_a_plan_is_shown_and_checked(tmp_path: Path) -> None:
    code, lines = invoke("plan", "show", "--data", str(MIXED), "--ecu", "body")
    assert code == 0 and lines[1] == "format = 1"
    plan = tmp_path / "body.toml"
    plan.write_text("\n".join(lines), encoding="utf-8")
    code, lines = invoke("plan", "check", str(plan), "--json")
    checked = json.loads(lines[-1])
    assert (code, checked["result"], checked["unit"]) == (0, "ok", "BODY")
    assert "For vehicles certified EURO 6" in checked["lines"]
    assert invoke("plan", "show", "--data", str(MIXED), "--ecu", "nobody")[0] == 1
    assert invoke("plan", "show", "--ecu", "body")[0] == 2

    plan.write_text(plan.read_text(encoding="utf-8").replace("scope =", "scape ="), encoding="utf-8")
    code, lines = invoke("plan", "check", str(plan), "--json")
    refused = json.loads(lines[-1])
    assert (code, refused["error"], refused["file"]) == (1, "DataInvalid", str(plan))
    assert refused["place"].endswith("erase.scape") and refused["place"].startswith("line ")


def test_an_image_is_compared_with_its_plan(tmp_path: Path) -> None:
    plan, image = tmp_path / "p.toml", tmp_path / "i.hex"
    plan.write_text('format = 1\n[unit]\nname = "X"\n[[blocks]]\nname = "A"\nranges = [[0x100, 0x10F]]\n')
    file = bincopy.BinFile()
    file.add_binary(bytes(16), address=0x100)
    image.write_text(file.as_ihex())
    code, lines = invoke("plan", "check", str(plan), "--image", str(image), "--json")
    assert code == 0 and json.loads(lines[-1])["segments"] == [{"block": "A", "start": 0x100, "size": 16}]
    file.add_binary(b"more", address=0x200)
    image.write_text(file.as_ihex())
    code, lines = invoke("plan", "check", str(plan), "--image", str(image), "--json")
    assert code == 1 and "0x200" in json.loads(lines[-1])["message"]


# -- flash, in processes of their own


def test_the_plan_of_a_connected_vehicle_goes_into_a_file_and_back(tmp_path: Path) -> None:
    shown = passbay("flash", "--vci", "sim:car-mixed", "--ecu", "BODY", "--show-plan")
    assert shown.code == 0 and shown.stdout.startswith("# A flash plan"), shown.stderr
    plan = tmp_path / "body.toml"
    plan.write_text(shown.stdout, encoding="utf-8")
    dry = passbay("flash", "--vci", "sim:car-mixed", "--plan", str(plan), "--dry-run", "--json")
    assert (dry.code, dry.last["result"]) == (0, "ready"), dry.stdout
    assert dry.last["twin"]["ok"] and dry.last["twin"]["there"] and dry.last["plan"]
    done = passbay("flash", "--vci", "sim:car-mixed", "--plan", str(plan), "--json")
    assert (done.code, done.last["result"], done.last["unit"]) == (0, "flashed", "BODY"), done.stdout


def test_several_units_end_in_one_summary() -> None:
    order = ("flash", "--vci", "sim:car-doip", "--ecu", "BRAKES", "--ecu", "body")
    dry = passbay(*order, "--dry-run", "--no-twin", "--json")
    assert (dry.code, dry.last["result"], dry.last["twin"]) == (0, "ready", None)
    assert dry.last["groups"] == [["BRAKES", "BODY"]]
    done = passbay(*order, "--json")
    assert done.code == 0, done.stdout + done.stderr
    assert done.last["result"] == "flashed" and done.last["not_drivable"] == []
    assert [unit["unit"] for unit in done.last["units"]] == ["BRAKES", "BODY"]
    wanted = {
        "result",
        "flashware",
        "bytes",
        "seconds",
        "bytes_per_second",
        "sha256",
        "software_before",
        "software_after",
    }
    assert all(wanted <= unit.keys() for unit in done.last["units"])
    again = passbay(*order)
    assert again.code == 0 and again.stdout.count("nothing was done") == 2
    broken = ("flash", "--vci", "sim:car-doip?fault=BODY:nrc-72@2", *order[3:])
    failed = passbay(*broken, "--force", "--json")
    assert (failed.code, failed.last["result"], failed.last["error"]) == (1, "failed", "OrderIncomplete")
    body = next(unit for unit in failed.last["units"] if unit["unit"] == "BODY")
    assert body["result"] == "failed" and body["error"] and body["code"] and body["erased"]
    assert any("BODY has no valid software" in text for text in failed.last["not_drivable"])
