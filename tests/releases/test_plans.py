"""Flash plans that travel with a release: offered for their unit, found by their name, gone with the release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.events import Noted
from core.simulation.vehicle_files import pdx_path
from core.vocabulary import FlashWish, UpdateSource
from core.workbench import Vehicle, Workbench, open_workbench
from tests.cli.support import passbay
from tests.releases.shop import Shop
from tui.cli.flashing.units import or_released
from tui.wording.flash import ware_row


def _plans(whole: str) -> dict[str, str]:
    """For the cluster, for that of another vehicle, for no unit, one that no program can read."""
    assert all(text in whole for text in ('title = "Instrument', 'vin_prefix = ["XPBVN"]', "max_block = 0 "))
    small = whole.replace('title = "Instrument cluster 4610.09"', 'title = "Small blocks"')
    return {
        "cluster.toml": small.replace("max_block = 0 ", "max_block = 66 "),
        "other.toml": whole.replace('["XPBVN"]', '["WDB"]'),
        "nobody.toml": whole.replace('name = "CLUSTER"', 'name = "NOBODY"'),
        "broken.toml": "format = 7\n",
    }


@pytest.fixture
def installed(home: Path, tmp_path: Path) -> Iterator[Workbench]:
    """A release of the van's data and four plans is active."""
    with open_workbench() as workbench:
        plans = _plans(workbench.plan_of([pdx_path("van")], "CLUSTER"))
        shop = Shop(tmp_path / "shop")
        shop.release("2027.01", {"van.pdx": pdx_path("van").read_bytes()} | {n: t.encode() for n, t in plans.items()})
        anchor = str(shop.root / "metadata" / "1.root.json")
        workbench.library.configure(UpdateSource(str(shop.root), trust=anchor))
        workbench.library.search()
        workbench.library.download()
        workbench.library.install()
        yield workbench


@pytest.fixture
def vehicle(installed: Workbench) -> Iterator[Vehicle]:
    with installed.connect("sim:van", hosted=False) as connected:
        assert isinstance(connected, Vehicle)
        connected.identify().wait(60)
        yield connected


def test_a_plan_of_the_release_is_offered_for_its_unit(installed: Workbench, vehicle: Vehicle) -> None:
    *sessions, offered = vehicle.flashware("cluster")
    assert sessions and not any(choice.plan for choice in sessions) and sessions[0].newest
    assert offered.plan and Path(offered.name).name == "cluster.toml" and offered.title == "Small blocks"
    assert (offered.software, offered.size) == (sessions[0].software, sessions[0].size)
    assert str(ware_row(offered).cells[1]) == "Small blocks (plan of the release)"
    told = [event.text for event in installed.stream.drain() if isinstance(event, Noted)]
    assert any("plan of the release cannot be used" in text for text in told)
    assert not any(choice.plan for unit in vehicle.units for choice in vehicle.flashware(unit.name)
                   if unit.name != "CLUSTER")  # fmt: skip


def test_what_is_offered_flashes(installed: Workbench, vehicle: Vehicle) -> None:
    plan = vehicle.flashware("CLUSTER")[-1]
    preview = vehicle.flash_preview("CLUSTER", plan.name).wait(60)
    assert all(check.ok is not False for check in preview.checks)
    result = vehicle.flash("CLUSTER", plan.name).wait(60)
    assert (result.result, result.software_after) == ("flashed", plan.software)
    records, _, _ = installed.stream.traffic.read_since(0)
    sent = [getattr(record, "payload", b"") for record in records if not record.is_rx]
    blocks = [pdu[4:] for pdu in sent if pdu[4:5] == b"\x36"]  # after the two addresses of DoIP
    assert blocks and max(map(len, blocks)) == 66  # the plan's, not what unit and device allow
    order = vehicle.flash_order([FlashWish("CLUSTER", plan.name)], force=True).wait(60)
    assert order.result == "flashed"


def test_they_go_with_the_release(installed: Workbench, vehicle: Vehicle) -> None:
    assert [row.name for row in installed.library.flash_plans()] == ["cluster.toml", "nobody.toml", "other.toml"]
    installed.library.rollback()
    assert installed.library.flash_plans() == () and not any(c.plan for c in vehicle.flashware("CLUSTER"))


def test_the_command_line_takes_them_by_name(installed: Workbench, tmp_path: Path) -> None:
    rows = passbay("plan", "list", "--json").last["plans"]
    assert [(row["name"], row["unit"]) for row in rows] == [
        ("cluster.toml", "CLUSTER"), ("nobody.toml", "NOBODY"), ("other.toml", "CLUSTER"),
    ]  # fmt: skip
    tried = passbay("flash", "--vci", "sim:van", "--plan", "cluster.toml", "--dry-run", "--no-twin", "--json")
    assert tried.code == 0 and tried.last["unit"] == "CLUSTER"
    missing = passbay("flash", "--vci", "sim:van", "--plan", "nothing.toml", "--dry-run", "--json")
    assert missing.code == 1 and "nothing.toml" in missing.last["message"]


def test_a_file_goes_before_a_plan_of_the_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here.toml").write_text("")

    def never() -> tuple[()]:
        raise AssertionError("the release is not asked for a file that is here")

    assert or_released(("here.toml", "./there.toml"), never) == ("here.toml", "./there.toml")
    assert or_released(("there.toml",), tuple) == ("there.toml",)
