"""The PC check (R1-R5): each line right on a good and on a bad PC, both profiles, and what Windows tells."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.errors import UsageError
from core.pc.laptop import PcState
from core.pc.requirements import PcFacts, Terminal, judge, profile, profile_names, read_facts
from core.pc.requirements.drives import _told_by, solid_state
from core.pc.requirements.facts import GIB, read_terminal
from core.pc.requirements.windows import dotnet_version, edge_version
from core.vocabulary.shop.check import Verdict
from core.workbench import open_workbench

GOOD = PcFacts(
    system="Windows", release="11", version="Windows 11 10.0.22631", bits=64, administrator=True,
    processor="Intel i5", cores=8, frequency=2600.0, memory=16 * GIB, power=PcState(90.0, True, None, 200 * GIB),
    solid_state=True, python=(3, 12, 1), python_bits=64, terminal=Terminal(120, 40, 256, True, "xterm-256color"),
    browser="128.0.1", dotnet=(4, 8), clock_difference=0.4, devices=2,
)  # fmt: skip
NOTHING = PcFacts(
    system="Linux", release="6.1", version="Linux", bits=64, administrator=None, processor="?", cores=None,
    frequency=None, memory=None, power=PcState(None, None, None, None), solid_state=None, python=(3, 11, 0),
    python_bits=64, terminal=Terminal(),
)  # fmt: skip


def verdicts(facts: PcFacts, name: str) -> dict[str, Verdict]:
    return {row.key: row.verdict for row in judge(facts, profile(name))}


@pytest.mark.parametrize("name", ["light", "manual"])
def test_a_good_pc_is_green_everywhere(name: str) -> None:
    assert set(verdicts(GOOD, name).values()) == {Verdict.OK}
    assert all(row.advice == "" for row in judge(GOOD, profile(name)))


@pytest.mark.parametrize(
    ("change", "key", "light", "manual"),
    [
        ({"administrator": False}, "administrator", None, Verdict.FAILED),
        ({"system": "Linux", "release": "6.1"}, "system", Verdict.OK, Verdict.FAILED),
        ({"release": "8.1"}, "system", Verdict.OK, Verdict.FAILED),
        ({"bits": 32}, "system", Verdict.OK, Verdict.FAILED),
        ({"cores": 1}, "processor", Verdict.WARNING, Verdict.FAILED),
        ({"memory": GIB // 2}, "memory", Verdict.FAILED, Verdict.FAILED),
        ({"memory": int(7.7 * GIB)}, "memory", Verdict.OK, Verdict.WARNING),
        ({"power": PcState(90.0, True, None, GIB // 2)}, "disk", Verdict.FAILED, Verdict.FAILED),
        ({"power": PcState(90.0, True, None, 20 * GIB)}, "disk", Verdict.OK, Verdict.FAILED),
        ({"power": PcState(90.0, False, 600.0, 200 * GIB)}, "power", Verdict.WARNING, Verdict.WARNING),
        ({"power": PcState(30.0, True, None, 200 * GIB)}, "power", Verdict.WARNING, Verdict.WARNING),
        ({"power": PcState(None, True, None, 200 * GIB)}, "power", Verdict.OK, Verdict.OK),
        ({"solid_state": False}, "drive", Verdict.WARNING, Verdict.WARNING),
        ({"python": (3, 10, 9)}, "python", Verdict.FAILED, None),
        ({"terminal": Terminal(79, 24, 256, True)}, "terminal", Verdict.FAILED, None),
        ({"terminal": Terminal(80, 24, 8, True)}, "colours", Verdict.WARNING, None),
        ({"terminal": Terminal(80, 24, 16, False)}, "characters", Verdict.WARNING, None),
        ({"clock_difference": -300.0}, "clock", Verdict.FAILED, Verdict.FAILED),
        ({"devices": 0}, "devices", Verdict.WARNING, Verdict.FAILED),
        ({"browser": ""}, "browser", None, Verdict.WARNING),
        ({"dotnet": (0, 0)}, "dotnet", None, Verdict.WARNING),
        ({"dotnet": None, "browser": None}, "dotnet", None, Verdict.NOT_NEEDED),
    ],
)
def test_one_thing_wrong(change: dict[str, Any], key: str, light: Verdict | None, manual: Verdict | None) -> None:
    facts = replace(GOOD, **change)
    for name, expected in (("light", light), ("manual", manual)):
        found = verdicts(facts, name)
        assert found.get(key) is expected
        others = {other: verdict for other, verdict in found.items() if other != key}
        assert set(others.values()) <= {Verdict.OK, Verdict.NOT_NEEDED}
    for row in judge(facts, profile("manual")):
        assert bool(row.advice) == (row.verdict is not Verdict.OK)


@pytest.mark.parametrize("name", ["light", "manual"])
def test_what_the_system_does_not_tell_is_never_taken_for_good(name: str) -> None:
    found = verdicts(NOTHING, name)
    for key in ("processor", "memory", "disk", "drive", "clock", "power", "devices"):
        assert found[key] is Verdict.UNKNOWN, key


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(UsageError) as caught:
        profile("gaming")
    assert all(name in caught.value.advice for name in profile_names())


def test_this_pc_tells_something(tmp_path: Path) -> None:
    facts = read_facts(tmp_path / "not" / "there")
    assert facts.memory is not None
    assert facts.memory > GIB // 4
    assert facts.power.free_bytes is not None
    rows = judge(facts, profile("light"))
    assert len(rows) == len(profile("light").demands)


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"TERM": "xterm"}, 16),
        ({"TERM": "xterm-256color"}, 256),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, 1 << 24),
        ({"TERM": "dumb"}, 0),
        ({"TERM": "xterm", "NO_COLOR": "1"}, 0),
    ],
)
def test_colours(environment: dict[str, str], colours: int) -> None:
    assert read_terminal(environment).colours == colours


@pytest.mark.parametrize(("encoding", "utf8"), [("utf-8", True), ("UTF8", True), ("iso8859-1", False), (None, False)])
def test_the_terminal_below_an_app_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, encoding: str | None, utf8: bool
) -> None:
    """Textual puts an object without an encoding in the place of stdout."""
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(encoding="utf-8" if not utf8 else None))
    monkeypatch.setattr(sys, "__stdout__", SimpleNamespace(encoding=encoding, fileno=lambda: -1))
    assert read_terminal({}).utf8 is utf8


class FakeRegistry:
    """winreg's calls over a table; keys exist in one view only, as 32-bit programs leave them."""

    KEY_WOW64_64KEY, KEY_WOW64_32KEY, KEY_READ, HKEY_LOCAL_MACHINE = 0x100, 0x200, 1, 2

    def __init__(self, table: dict[tuple[int, str], dict[str, str]]) -> None:
        self._table = table

    @contextmanager
    def OpenKey(self, _root: int, path: str, _reserved: int, access: int) -> Iterator[dict[str, str]]:  # noqa: N802
        view = access & 0x300
        for (kept, tail), values in self._table.items():
            if kept == view and path.endswith(tail):
                yield values
                return
        raise FileNotFoundError(path)

    def QueryValueEx(self, key: dict[str, str], name: str) -> tuple[str, int]:  # noqa: N802
        if name not in key:
            raise FileNotFoundError(name)
        return key[name], 1


def test_what_windows_tells_of_edge_and_dotnet() -> None:
    both = FakeRegistry(
        {
            (0x200, "{56EB18F8-B008-4CBD-B6D2-8C97FE7E9062}"): {"pv": "128.0.2739.42"},
            (0x100, r"NDP\v4\Full"): {"Version": "4.8.09037"},
        }
    )
    assert edge_version(both) == "128.0.2739.42"
    assert dotnet_version(both) == (4, 8)
    assert edge_version(FakeRegistry({})) == ""
    assert dotnet_version(FakeRegistry({})) == (0, 0)


def test_a_folder_on_no_disk_is_unknown() -> None:
    proc = Path("/proc/self")
    if not proc.is_dir():
        pytest.skip("no /proc here")
    assert solid_state(proc) is None


def test_a_virtual_disk_does_not_tell_what_lies_below(tmp_path: Path) -> None:
    for name, rotational, expected in (
        ("sda", "1", False), ("nvme0n1", "0", True), ("vda", "1", None), ("vdb", "0", True), ("xvda", "1", None),
    ):  # fmt: skip
        disk = tmp_path / name
        (disk / "queue").mkdir(parents=True)
        (disk / "queue" / "rotational").write_text(f"{rotational}\n", encoding="ascii")
        (disk / f"{name}1").mkdir()
        assert _told_by(disk) is expected and _told_by(disk / f"{name}1") is expected, name


def test_can_over_the_network_is_no_way_to_a_vehicle() -> None:
    with open_workbench() as workbench:
        real = [d for d in workbench.devices() if d.usable and d.uri.startswith(("can:", "j2534:"))]
        row = next(row for row in workbench.check_pc() if row.key == "devices")
    assert any(d.uri.startswith("can:udp_multicast/") for d in real)  # it is ready here, and not counted
    assert row.value == str(sum(not d.uri.startswith("can:udp_multicast/") for d in real))
