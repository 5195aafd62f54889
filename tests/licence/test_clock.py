"""L2: setting the clock back never buys time; 26 hours either way are a mistake in time zones, no reason to refuse."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.licence.clock import TOLERANCE, SeenTime, TimeKeeper, keeping, observed, set_by_server
from core.licence.clock.keeping import Clocks
from core.licence.clock.mark import is_set_back
from core.licence.startkey import judge
from core.vocabulary import StartKeyVerdict
from tests.licence.support import DAY, NOW, startkey

HOUR = 3_600_000


@dataclass
class Pc:
    """A PC whose clock can be set; `true` is the time that really passes while it runs."""

    true: int = NOW
    offset: int = 0
    boot: int = 1
    up: int = 0

    def run(self, ms: int) -> None:
        self.true += ms
        self.up += ms

    def off(self, ms: int) -> None:
        self.true += ms
        self.boot, self.up = self.boot + 1, 0

    def clocks(self) -> Clocks:
        return Clocks(self.true + self.offset, self.up, f"boot {self.boot}")


@pytest.fixture
def pc(monkeypatch: pytest.MonkeyPatch) -> Pc:
    made = Pc()
    monkeypatch.setattr(keeping.Clocks, "now", staticmethod(made.clocks))
    return made


def keeper(tmp_path: Path, *witnesses: Path, hardware_id: str = "4FDEB136488F") -> TimeKeeper:
    return TimeKeeper((tmp_path / "data", tmp_path / "state"), hardware_id, witnesses)


# -- the rule


@pytest.mark.parametrize("back", [-HOUR, -DAY, -30 * DAY, -365 * DAY])
def test_time_goes_on_from_the_mark_while_the_pc_runs(back: int) -> None:
    seen = observed(SeenTime(), NOW, "b", 0)
    for hours in range(1, 200):
        seen = observed(seen, NOW + back + hours * HOUR, "b", hours * HOUR)
        assert seen.mark >= NOW + hours * HOUR


@pytest.mark.parametrize(
    ("back", "refused"), [(0, False), (26 * HOUR, False), (26 * HOUR + 1, True), (365 * DAY, True)]
)
def test_twenty_six_hours_are_tolerated_without_buying_any(back: int, refused: bool) -> None:
    seen = observed(SeenTime(), NOW, "b", 0)
    assert is_set_back(seen, NOW - back) is refused
    assert observed(seen, NOW - back, "c", 0).mark == NOW
    assert TOLERANCE == 26 * HOUR


def test_ten_years_ahead_and_back_gains_nothing_until_a_server_tells_the_time() -> None:
    seen = observed(SeenTime(), NOW, "b", 0)
    ahead = observed(seen, NOW + 3650 * DAY, "b", HOUR)
    back = observed(ahead, NOW + 2 * HOUR, "b", 2 * HOUR)
    assert judge(startkey(), back.mark, 0).verdict is StartKeyVerdict.EXPIRED
    told = set_by_server(back, NOW + 3 * HOUR, NOW + 3 * HOUR, "b", 3 * HOUR)
    assert judge(startkey(), told.mark, told.checked).verdict is StartKeyVerdict.VALID


def test_no_game_gains_an_hour_of_use() -> None:
    """Random clock setting over 60 days without a network: usable hours never exceed the grace."""
    for seed in range(200):
        dice = random.Random(seed)
        seen, true, up, boot, clock = observed(SeenTime(), NOW, "0", 0), NOW, 0, 0, 0
        usable = 0
        for _ in range(60 * 24):
            true, up = true + HOUR, up + HOUR  # this hour is worked through
            if dice.random() < 0.05:
                clock = dice.choice([0, -HOUR, -25 * HOUR, -DAY * 3, -DAY * 365, DAY, DAY * 3650, -(true - NOW)])
            seen = observed(seen, true + clock, str(boot), up)
            usable += judge(startkey(), seen.mark, 0).green
            if dice.random() < 0.1:
                boot, up = boot + 1, 0
                seen = observed(seen, true + clock, str(boot), up)  # a look at the start
        assert usable <= 30 * 24, f"seed {seed}"


# -- kept on disk


def test_it_is_kept_over_starts_in_two_places(tmp_path: Path, pc: Pc) -> None:
    keeper(tmp_path).look()
    for lost in ("data", "state"):
        shutil.rmtree(tmp_path / lost)
        pc.offset, pc.boot = -30 * DAY, pc.boot + 1
        assert keeper(tmp_path).look().mark == NOW
        assert (tmp_path / lost / "time.sealed").is_file()  # mended
        pc.offset = 0


@pytest.mark.parametrize("change", ["flip", "cut", "other pc", "older copy of one"])
def test_an_edited_or_copied_record_does_not_count(tmp_path: Path, pc: Pc, change: str) -> None:
    keeper(tmp_path).look()
    files = [tmp_path / "data" / "time.sealed", tmp_path / "state" / "time.sealed"]
    older = files[0].read_bytes()
    pc.run(DAY)
    keeper(tmp_path).look()
    if change == "other pc":
        assert keeper(tmp_path / "elsewhere", hardware_id="000000000000").look().mark == pc.true
        shutil.copy(tmp_path / "elsewhere" / "data" / "time.sealed", files[0])
    elif change == "older copy of one":
        files[0].write_bytes(older)
    else:
        raw = bytearray(files[0].read_bytes())
        raw[len(raw) // 2] ^= 1
        files[0].write_bytes(bytes(raw) if change == "flip" else bytes(raw[:20]))
    pc.boot, pc.up, pc.offset = 9, 0, -20 * DAY
    assert keeper(tmp_path).look().mark == NOW + DAY


def test_files_of_ours_are_witnesses_when_both_records_are_gone(tmp_path: Path, pc: Pc) -> None:
    witness = tmp_path / "startkey.dsse"
    witness.write_text("paper")
    os.utime(witness, ((NOW + 5 * DAY) / 1000,) * 2)
    pc.offset = -DAY
    assert keeper(tmp_path, witness).look().mark == NOW + 5 * DAY
    assert keeper(tmp_path).look(at_least=NOW + 6 * DAY).mark == NOW + 6 * DAY  # the issue date of a StartKey


def test_a_server_calms_files_from_the_future(tmp_path: Path, pc: Pc) -> None:
    witness = tmp_path / "startkey.dsse"
    witness.write_text("paper")
    os.utime(witness, ((NOW + 3650 * DAY) / 1000,) * 2)
    time = keeper(tmp_path, witness)
    assert time.look().mark == NOW + 3650 * DAY and time.behind(time.look())
    assert time.heard(pc.true).mark == pc.true
    assert keeper(tmp_path, witness).look().mark == pc.true


def test_a_check_that_this_pc_answered_itself_never_takes_time_back(tmp_path: Path, pc: Pc) -> None:
    time = keeper(tmp_path)
    time.look()
    pc.offset = -10 * DAY
    agreed = time.agreed()
    assert agreed.mark == NOW and agreed.checked == NOW


# -- a real clock that a real program is lied to about

PROGRAM = """
    import sys
    from pathlib import Path
    from core.licence.clock import TimeKeeper
    from core.licence.startkey import judge
    from tests.licence.support import startkey, DAY
    time = TimeKeeper((Path(sys.argv[1]) / "data", Path(sys.argv[1]) / "state"), "4FDEB136488F")
    seen = time.look()
    if sys.argv[2] == "heard":
        seen = time.heard(int(sys.argv[3]))
    issued = int(sys.argv[3])
    state = judge(startkey(issued=issued, expires=issued + 365 * DAY), seen.mark, seen.checked)
    print(seen.mark, state.verdict.name, int(time.behind(seen)))
"""


def _at(folder: Path, offset: str, issued: int, act: str = "look") -> tuple[int, str, bool]:
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM), str(folder), act, str(issued)]
    lied = ["faketime", "-f", offset, *command] if offset else command
    # without it libfaketime moves monotonic clocks, too; no real person can do that
    environment = {**os.environ, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    told = subprocess.run(lied, capture_output=True, text=True, check=True, timeout=60, env=environment).stdout.split()
    return int(told[0]), told[1], told[2] == "1"


@pytest.mark.skipif(shutil.which("faketime") is None, reason="no faketime (apt-get install faketime)")
@pytest.mark.parametrize("back", ["-1d", "-365d", "-40d"])
def test_a_program_started_with_its_clock_back_gains_nothing(tmp_path: Path, back: str) -> None:
    import time

    issued = time.time_ns() // 1_000_000
    assert _at(tmp_path, "", issued, "heard")[1] == "VALID"
    end, verdict, _ = _at(tmp_path, "+31d", issued)
    assert verdict == "READ_ONLY"
    mark, verdict, refused = _at(tmp_path, back, issued)
    assert (verdict, refused) == ("READ_ONLY", True) and mark >= end


@pytest.mark.skipif(shutil.which("faketime") is None, reason="no faketime (apt-get install faketime)")
def test_ten_years_ahead_and_back_with_a_real_program(tmp_path: Path) -> None:
    import time

    issued = time.time_ns() // 1_000_000
    assert _at(tmp_path, "", issued, "heard")[1:] == ("VALID", False)
    assert _at(tmp_path, "-25h", issued)[1:] == ("VALID", False)
    assert _at(tmp_path, "+3650d", issued)[1] == "EXPIRED"
    assert _at(tmp_path, "", issued)[1:] == ("EXPIRED", True)
    assert _at(tmp_path, "", issued, "heard")[1:] == ("VALID", False)
