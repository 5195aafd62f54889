"""`passbay garage faults` and `garage serve --fault`: what may be ordered, and what the one who serves is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.workbench import open_workbench
from tests.cli.support import passbay, serving
from tui.cli.garage import _show


def test_the_names_are_listed() -> None:
    told = passbay("garage", "faults", "--json").last["faults"]
    by_name = {fault["name"]: fault for fault in told}
    assert by_name["lost-76"]["transports"] == ["CAN", "DoIP"] and by_name["tcp-reset"]["transports"] == ["DoIP"]
    assert by_name["silence"]["lasting"] is True and by_name["lost-76"]["title"].endswith(".")
    plain = passbay("garage", "faults")
    assert plain.code == 0 and "lost-76" in plain.stdout and "at the N-th TransferData" in plain.stdout


@pytest.mark.usefixtures("papers")
def test_a_served_vehicle_misbehaves(home: Path) -> None:
    with serving("van", "--doip", "127.0.0.1:0", "--fault", "CLUSTER:nrc-22", "--fault", "GATEWAY:nrc-7e@2") as told:
        vci = f"doip://{told['doip']}"
        done = passbay("flash", "--vci", vci, "--ecu", "CLUSTER", "--no-host", "--json")
        assert (done.code, done.last["error"], done.last["nrc"]) == (1, "NegativeResponse", 0x22)


def test_an_unknown_fault_is_a_usage_error() -> None:
    refused = passbay("garage", "serve", "van", "--doip", "127.0.0.1:0", "--fault", "lost", "--json")
    assert (refused.code, refused.last["error"]) == (2, "UsageError") and "lost-76" in refused.last["advice"]


def test_notices_are_shown_once_and_beside_the_result(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    with open_workbench() as workbench:
        folder = workbench.paths.garage / "van"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text("no json")
        running = workbench.serve_garage("van", doip="127.0.0.1:0", keep=True)
        shown = _show(running.notices, 0)
        assert shown == 1 and _show(running.notices, shown) == 1
        running.notices.append("a \x1b[31m thing")
        assert _show(running.notices, shown) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("damaged") >= 1 and "\\x1b" in captured.err
    assert len(captured.err.splitlines()) == 2
