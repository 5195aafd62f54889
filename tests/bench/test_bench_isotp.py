"""The measurement itself works: a small transfer by both testers, with exactly the frames that are needed."""

from __future__ import annotations

import pytest

from tests.bench import bench_isotp
from tests.bench.paced_bus import frame_bits


def test_frames_and_bits_are_counted_as_the_standard_says() -> None:
    assert [frame_bits(size) for size in (0, 8)] == [48, 114]  # 47 and 111 without stuff bits
    requests = bench_isotp.blocks(bench_isotp.BLOCK + 1)
    assert [len(request) for request in requests] == [4095, 3]
    # FF and 585 CFs, SF; FC and answer, answer; with BS 8 an FC after each of 73 full blocks
    assert bench_isotp.wire_frames(requests, 0)[:2] == (587, 3)
    assert bench_isotp.wire_frames(requests, 8)[:2] == (587, 76)


@pytest.mark.parametrize("block_size", [0, 8])
@pytest.mark.parametrize("transfer", [bench_isotp.transfer_ours, bench_isotp.transfer_theirs])
def test_a_small_transfer_on_both_buses(transfer: bench_isotp.Transfer, block_size: int) -> None:
    share, rate = bench_isotp.paced_share(transfer, 8192, block_size)
    assert 0.05 < share < 1.0 and rate < 35_000
    assert bench_isotp.virtual_cpu(transfer, 8192, block_size) > 0
