"""The short form of `python -m tests.campaign requests`: 400 fuzzed requests in process, none of them a fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.backend.identity import passwords
from tests.backend.fuzz.furnished import fuzzer_and_judge
from tests.backend.fuzz.judging import run
from tests.backend.rig import open_rig, sqlite_url


# starlette leaves an upload whose part never ends to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_no_request_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_LOG_N", 7)
    rig = open_rig(sqlite_url(tmp_path))
    fuzzer, judge = fuzzer_and_judge(rig, seed=4)
    tally = run(rig.client, judge, fuzzer.requests(400))
    assert tally.faults == [] and tally.hangs == 0
    assert tally.sent > 300 and tally.statuses[200] > 30 and len(tally.reached) > 12
    assert rig.backend.ledger.verify() == []
    rig.close()
