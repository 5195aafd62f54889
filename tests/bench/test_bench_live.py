"""The measurement of the live panel works, and those of its goals that no noisy neighbour can spoil hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench import bench_live, live_memory, live_terminal
from tests.vci.test_udp_multicast import multicast

__all__ = ["multicast"]

needs_pty = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a pty")


@pytest.mark.parametrize(("kind", "buses"), [("bare", 1), ("passbay", 1), ("passbay", 4)])
def test_every_frame_of_a_quiet_bus_is_heard(kind: str, buses: int, multicast: None) -> None:
    cpu, lost = bench_live.listen(kind, 500, 0.5, buses)
    assert lost == 0 and cpu > 0


@needs_pty
def test_what_the_panel_writes_to_the_terminal_does_not_grow_with_the_bus() -> None:
    slow, fast = (bench_live.painted(bench_live.PANEL, rate, 2.0, b"Identifiers") for rate in (500, 8000))
    assert 0 < slow <= bench_live.BYTES_GOAL and fast <= bench_live.BYTES_GOAL


@needs_pty
def test_over_ssh_it_writes_less() -> None:
    assert 0 < bench_live.painted(bench_live.PANEL, 4000, 2.0, b"Identifiers", ssh=True) <= bench_live.SSH_GOAL


@needs_pty
def test_a_painted_frame_costs_less_than_a_line_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_terminal, "SHOWN_FRAMES", 4000)
    assert live_terminal.shown(live_terminal.RICHLOG) > 3 * live_terminal.shown(live_terminal.PANEL)


def test_memory_stays_while_frames_pass_and_a_recording_grows(tmp_path: Path) -> None:
    """Short forms of ten million frames and of twelve hours."""
    long = live_memory.measure(300_000, 8000, warm=200_000)
    assert long["end"] - long["first"] < live_memory.GROWTH_GOAL_MIB and long["dropped"] == 0
    day = live_memory.measure(90_000, 100, warm=60_000, target=str(tmp_path / "day.pcapng"))
    assert day["dropped"] == 0 and day["kept"] <= 320 and day["frames"] >= 150_000
    assert day["most"] - day["first"] < 8
