"""0x27 of a simulated unit: seeds, keys, attempts, the delay timer."""

from __future__ import annotations

from core.protocol.authentication.seed_key import key_for
from tests.simulation.support import PROGRAMMING, Bench


def _wrong(bench: Bench) -> list[str]:
    assert bench.ask("2701")[0].startswith("6701")
    return bench.ask("2702" + "00" * 8)


def test_every_seed_is_new_and_its_key_opens() -> None:
    bench = Bench()
    assert bench.ask("2701") == ["7f277f"]
    bench.ask("1003")
    first, second = bench.ask("2701"), bench.ask("2701")
    assert first != second
    key = key_for("passbay-garage", bytes.fromhex(first[0])[2:], 1)
    assert bench.ask(b"\x27\x02" + key) == ["7f2735"]  # the key of an older seed
    assert bench.ask(b"\x27\x02" + key) == ["7f2724"]  # and its seed is used up
    bench.unlock(1)


def test_sequence_length_and_levels() -> None:
    bench = Bench()
    bench.ask("1003")
    assert bench.ask("270200") == ["7f2724"]
    assert bench.ask("2702") == ["7f2713"] and bench.ask("270100") == ["7f2713"]
    assert bench.ask("2711") == ["7f277e"]  # the programming level belongs to the programming session
    assert bench.ask("2705") == ["7f2712"]
    bench.enter_boot()
    assert bench.ask("2701")[0].startswith("6701")
    assert bench.ask("2712" + "00" * 8) == ["7f2724"]
    bench.unlock(PROGRAMMING)


def test_three_wrong_keys_start_the_delay() -> None:
    bench = Bench()
    bench.ask("1003")
    assert [_wrong(bench) for _ in range(3)] == [["7f2735"], ["7f2735"], ["7f2736"]]
    assert bench.ask("2701") == ["7f2737"]
    bench.wait(1.9)
    assert bench.ask("2701") == ["7f2737"]
    bench.wait(0.1)
    assert _wrong(bench) == ["7f2736"]  # one try, then the delay again
    bench.wait(2.0)
    bench.unlock(1)
    bench.ask("1003")
    assert _wrong(bench) == ["7f2735"]  # a right key clears the counter


def test_a_reset_does_not_shorten_the_delay() -> None:
    bench = Bench()
    bench.ask("1003")
    for _ in range(3):
        _wrong(bench)
    bench.wait(1.5)
    bench.ask("1101")
    bench.wait(0.1)
    bench.ask("1003")
    assert bench.ask("2701") == ["7f2737"]
    bench.wait(1.0)
    assert bench.ask("2701") == ["7f2737"]
    bench.wait(1.1)
    bench.unlock(1)
