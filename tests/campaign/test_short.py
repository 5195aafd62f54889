"""The campaigns in short: some cuts of every kind on CAN, DoIP and KWP2000; all of it: `python -m tests.campaign`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaign.flash import CUTS, SMALL, Campaign, slow
from tests.campaign.hosts import Tally, flash_and_kill
from tests.campaign.rig import QUICK, WAYS, Rig, Subject

REPOSITORY = Path(__file__).resolve().parents[2]
AT_ONCE = replace(QUICK, reset_time=0.0)  # each reset that takes its time costs a probe of half a second
SUBJECTS = {transport: replace(subject, timing=AT_ONCE) for transport, subject in SMALL.items()}


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory, compiled_cache: Path) -> Iterator[Campaign]:
    with Campaign(tmp_path_factory.mktemp("campaign"), compiled_cache, workers=5) as running:
        yield running


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("way", WAYS)
def test_every_unit_comes_back_over_every_way(campaign: Campaign, way: str, cut: str) -> None:
    """Through a pass-thru library, over multicast, over TLS: in the first block, and at the reset."""
    messages = campaign.measure(SUBJECTS[way])
    tally = campaign.run(way, SUBJECTS[way], cut, [45, messages - 9], messages)
    assert tally.faults == []
    assert (tally.runs, tally.left >= 1) == (2, True)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("transport", ["can", "doip", "kwp"])
def test_every_unit_comes_back(campaign: Campaign, transport: str, cut: str) -> None:
    """Places before the erase, in and between both blocks, at the reset, while the software is read back."""
    messages = campaign.measure(SUBJECTS[transport])
    places = [12, 40, 60, 86, messages - 8]
    tally = campaign.run(transport, SUBJECTS[transport], cut, places, messages)
    assert tally.faults == []
    assert tally.runs == len(places)
    assert tally.left >= 2, "most of these places are after the erase"
    assert tally.before_erase >= 1
    assert tally.repeated + tally.read_back + tally.resumed == tally.left


def test_a_large_image_is_gone_on_with(campaign: Campaign) -> None:
    subject = Subject("car-mixed", "HEADUNIT", 65535, AT_ONCE)
    messages = campaign.measure(subject)
    tally = campaign.run("doip", subject, "tester killed", [messages * 8 // 10, messages * 9 // 10], messages)
    assert tally.faults == []
    assert tally.resumed == 2


def test_keep_alives_are_never_far_apart(campaign: Campaign) -> None:
    """While the unit erases two blocks for more than two seconds each."""
    tally = campaign.run("slow", slow(SMALL["doip"], 2.2), "tester killed", [10**9], 0)
    assert (tally.done, tally.faults) == (1, [])
    assert 1.0 < tally.spacing <= 2.5


def test_the_rig_sees_a_unit_without_software(campaign: Campaign) -> None:
    """The campaign's own judgement: an erased unit, a wrong byte and a boot loader are not right."""
    campaign.measure(SUBJECTS["can"])
    rig = campaign.borrow(SUBJECTS["can"])
    try:
        assert rig.right() is True
        region = rig.unit.state.memory.regions[0]
        region.data[100] ^= 1
        assert (rig.right(), rig.alive()) == (False, True)
        region.erase()
        assert (rig.right(), rig.alive()) == (False, False)
        rig.factory()
        assert (rig.right(), rig.alive()) == (False, True), "the old software is whole, but not the new one"
    finally:
        campaign.give_back(rig)


def test_a_host_that_is_killed_loses_no_unit(tmp_path: Path, home: Path) -> None:
    """A real process, a real SIGKILL, in the middle of the second block."""
    tally = Tally()
    with Rig(Subject("car-mixed", "HEADUNIT", 65535, AT_ONCE), home / "cache", tmp_path, outside=True) as rig:
        flash_and_kill(rig, 65, tally)
    assert (tally.kills, tally.left, tally.lost, tally.wrong, tally.untold) == (1, 1, 0, 0, 0)
    assert tally.notes == []


def test_the_command_lists_its_campaigns() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.campaign"], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 2
    assert "flash" in result.stderr and "hosts" in result.stderr
