"""The bench of a remote helper: every public name of the workbench is named here or refused, and it works for real."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import JobError, ProductError, RightMissing, SettingsInvalid, VciNotFound
from core.host.vehicle import HostedVehicle
from core.settings import Settings
from core.vocabulary import Visitor
from core.workbench import Workbench, WorkbenchPaths, open_workbench
from core.workbench.assistance.helper import HelperBench
from core.workbench.assistance.visitor import VISITOR_VARIABLE, visitor_of
from tests.host.fake import until

LONG = 90.0
ANNA = {"visit": "v1", "name": "Anna Berg", "organisation": "Works South", "kind": "helper"}
ALLOWED = frozenset({
    "attach", "close", "explain", "help_page", "help_pages", "hosts", "keep_crash", "last_device", "problems",
    "settings", "stream", "visitor",
})  # fmt: skip
"""All that a helper may ask the workbench for. Whoever adds a name here must know why it does no harm."""


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv(VISITOR_VARIABLE, json.dumps(ANNA))
    with open_workbench() as workbench:
        yield workbench


def _public(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_deny_by_default(guest: Any) -> None:
    assert isinstance(guest, HelperBench) and not isinstance(guest, Workbench)
    assert _public(guest) == ALLOWED
    with Workbench(WorkbenchPaths.default()) as whole:
        for name in sorted(_public(whole) - ALLOWED):
            with pytest.raises(RightMissing, match=name.replace("_", " ")):
                getattr(guest, name)
    with pytest.raises(RightMissing):
        _ = guest.whatever_comes_next


def test_what_it_has_is_asked_as_the_workbench_is() -> None:
    """Else a screen that is right for the technician fails for the helper."""
    for name in sorted(ALLOWED - {"settings", "stream"}):
        theirs, ours = getattr(HelperBench, name, None), getattr(Workbench, name, None)
        if callable(theirs):
            asked = [list(inspect.signature(each).parameters.values()) for each in (theirs, ours)]
            assert asked[0] == asked[1], name


def test_the_parts_with_secrets_are_not_even_there(guest: Any) -> None:
    """No paper, library, door or security desk hangs on any private name of it."""
    from core.workbench.assistance import Assistance
    from core.workbench.paper import Paper
    from core.workbench.releases import LibraryDesk
    from core.workbench.security import SecurityDesk

    seen: set[int] = set()
    todo: list[object] = [guest]
    while todo:
        thing = todo.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        assert not isinstance(thing, Workbench | Paper | LibraryDesk | SecurityDesk | Assistance), thing
        todo += [part for part in getattr(thing, "__dict__", {}).values() if hasattr(part, "__dict__")]
    assert len(seen) > 3


def test_settings_are_looks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with Workbench(WorkbenchPaths.default()) as whole:
        whole.change_settings(theme="light", backend__url="https://backend.example", dbc="/secret/names.dbc")
    monkeypatch.setenv(VISITOR_VARIABLE, json.dumps(ANNA))
    with open_workbench() as guest:
        looks = {"theme": "light"}
        assert guest.settings == Settings(**looks)
        assert guest.settings.backend.url == "" == guest.settings.dbc


def test_the_person_of_this_pc_gets_the_whole_workbench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISITOR_VARIABLE, json.dumps({**ANNA, "kind": "own"}))
    with open_workbench() as workbench:
        assert isinstance(workbench, Workbench)
        assert workbench.visitor == Visitor("v1", "Anna Berg", "Works South", "own")
        assert "Anna Berg of Works South (browser, pid" in workbench.hosting._holder()
    monkeypatch.delenv(VISITOR_VARIABLE)
    with open_workbench() as workbench:
        assert workbench.visitor is None and workbench.hosting._holder().startswith("pid ")


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "own", '"own"', "{" * 9000,
        json.dumps({**ANNA, "kind": "admin"}), json.dumps({**ANNA, "kind": "OWN"}), json.dumps({**ANNA, "visit": ""}),
        json.dumps({key: value for key, value in ANNA.items() if key != "kind"}),
    ],
)  # fmt: skip
def test_a_visitor_that_is_not_clear_gets_nothing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv(VISITOR_VARIABLE, text)
    with pytest.raises(RightMissing):
        open_workbench()


def test_names_are_made_harmless() -> None:
    visitor = visitor_of({VISITOR_VARIABLE: json.dumps({**ANNA, "name": "A\x1b[2J\u202e" + "x" * 500})})
    assert visitor is not None and "\x1b" not in visitor.name and "\u202e" not in visitor.name
    assert len(visitor.name) <= 60


def test_what_a_helper_may_read(guest: Any, tmp_path: Path) -> None:
    assert guest.hosts() == [] and guest.problems == () and guest.last_device == ""
    assert guest.explain("0x31")[0] and guest.help_pages("flash") and guest.help_page("configassist").title
    with pytest.raises(VciNotFound):
        guest.attach("sim:car-mixed")
    assert guest.keep_crash(ValueError("secret")).exists()
    with pytest.raises((RightMissing, AttributeError)):
        guest.change_settings(theme="light")
    with pytest.raises((RightMissing, SettingsInvalid)):
        guest.write_text(tmp_path / "x", "y")
    assert not (tmp_path / "x").exists()


def test_the_command_line_of_a_helper_opens_nothing() -> None:
    environment = {**os.environ, VISITOR_VARIABLE: json.dumps(ANNA)}
    for arguments in (["survey", "--vci", "sim:car-mixed"], ["whoami"], ["jobs", "stop", "1"], ["check", "pc"]):
        done = subprocess.run(
            [sys.executable, "-m", "tui.entry", *arguments], env=environment, capture_output=True, text=True,
            timeout=LONG,
        )  # fmt: skip
        assert done.returncode != 0 and "PB-706" in done.stderr, (arguments, done)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_attached_it_is_a_helper_whatever_is_asked(guest: Any) -> None:
    with Workbench(WorkbenchPaths.default()) as bench:
        try:
            technician = bench.connect("sim:car-mixed", hosted=True)
            assert isinstance(technician, HostedVehicle)
            helper = guest.attach("sim:car-mixed", watch=False)
            assert helper.helping and not helper.driving and guest.hosts()[0].helpers == 1
            with pytest.raises(JobError):
                helper.survey()
            for name in ("save_trace", "use_dbc", "report", "uds", "set_faults", "coding_export", "close_it_all"):
                with pytest.raises(RightMissing):
                    getattr(helper, name)("x")
            until(lambda: len(technician.seats) == 2)
            assert technician.seats[1].visit == "v1" and technician.seats[1].name == "Anna Berg"
            technician.hand_over(technician.seats[1].number)
            until(lambda: helper.driving)
            assert helper.survey().wait(LONG).vin
            technician.close()
            until(lambda: not bench.hosts(), "the end of a host in which only helpers are left")
            with pytest.raises(ProductError):
                helper.survey()
        finally:
            for host in bench.hosts():
                os.kill(host.pid, signal.SIGTERM)
