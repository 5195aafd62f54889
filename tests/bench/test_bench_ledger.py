"""The bench of the charge measures: a short run gives a ratio for each database and number of workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import bench_ledger


@pytest.mark.timeout(120)
def test_it_measures_both_contenders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_ledger, "SECONDS", 0.1)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    bench_ledger._prepare(url)
    charges, bare = bench_ledger.measure(url, workers=1, rounds=1)
    assert charges > 0
    assert bare > 0
