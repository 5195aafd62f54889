"""The last minutes of a vehicle are saved in this process, through the host, and by a command that only watches."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from core.errors import UsageError
from core.trace import decode, read_trace
from core.vocabulary import CanFrame, DoipMessage
from core.workbench import Workbench
from tests.cli.support import passbay
from tests.host.test_process import MIXED, bench, hosted

__all__ = ["bench"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def test_a_survey_is_found_in_the_saved_trace(bench: Workbench, tmp_path: Path) -> None:
    with bench.connect(MIXED, hosted=False) as vehicle:
        vehicle.survey().wait()
        figures = vehicle.save_trace(tmp_path / "survey.pcapng")
        narrow = vehicle.save_trace(tmp_path / "survey.log")
        with pytest.raises(UsageError):
            vehicle.save_trace(tmp_path / "survey.pcapng", minutes=0)
    read = list(read_trace(tmp_path / "survey.pcapng"))
    assert len(read) == figures.frames + figures.messages and figures.dropped == figures.left_out == 0
    assert {type(record) for record in read} == {CanFrame, DoipMessage}
    assert narrow.left_out >= figures.messages and narrow.frames >= figures.frames
    said = list(decode(read, [(unit.name, unit.address) for unit in vehicle.units]))
    assert {unit.name for unit in vehicle.units} <= {line.unit for line in said}


def test_a_watcher_saves_while_another_drives(bench: Workbench, tmp_path: Path) -> None:
    with hosted(bench) as vehicle:
        vehicle.survey().wait()
        here = vehicle.save_trace(tmp_path / "driver.asc")
        done = passbay("trace", "save", str(tmp_path / "watcher.pcapng"), "--minutes", "2", "--json")
        kept = passbay("trace", "save", "--host", MIXED, "--json")
        assert vehicle.driving
    assert done.code == 0 and done.last["frames"] >= here.frames > 100, done.stdout
    assert len(list(read_trace(tmp_path / "watcher.pcapng"))) == done.last["frames"] + done.last["messages"]
    place = Path(kept.last["path"])
    assert place.parent == bench.paths.traces and place.name.startswith(vehicle.vin) and place.is_file()


def test_without_a_host_there_is_nothing_to_save(bench: Workbench) -> None:
    done = passbay("trace", "save", "x.log", "--json")
    assert (done.code, done.last["error"]) == (1, "VciNotFound")
