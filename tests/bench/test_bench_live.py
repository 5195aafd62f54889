"""The measurement of the live panel works, and the two of its goals that no noisy neighbour can spoil hold."""

from __future__ import annotations

import os

import pytest

from tests.bench import bench_live
from tests.vci.test_udp_multicast import multicast

__all__ = ["multicast"]


@pytest.mark.parametrize("kind", ["bare", "passbay"])
def test_every_frame_of_a_quiet_bus_is_heard(kind: str, multicast: None) -> None:
    cpu, lost = bench_live.listen(kind, 500, 0.5)
    assert lost == 0 and cpu > 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pty")
def test_what_the_panel_writes_to_the_terminal_does_not_grow_with_the_bus() -> None:
    slow, fast = (bench_live.painted(bench_live.PANEL, rate, 2.0, b"Identifiers") for rate in (500, 8000))
    assert 0 < slow <= bench_live.BYTES_GOAL and fast <= bench_live.BYTES_GOAL
