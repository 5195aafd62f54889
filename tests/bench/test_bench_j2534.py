"""The measurement itself: a short run gives every row; what it reaches is said by `python -m tests.bench j2534`."""

from __future__ import annotations

import shutil

import pytest

from tests.bench.bench_j2534 import run


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc) here: J2534 libraries cannot be made")
def test_a_short_run_gives_every_row() -> None:
    rows = run(3 * 4093)
    assert len(rows) == 7
    shares = [float(value) for what, value, _ in rows if "share of the wire" in what]
    assert len(shares) == 4 and all(0.05 < share <= 1.001 for share in shares), "nobody is quicker than the wire"
