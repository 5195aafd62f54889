"""Flash programming of a simulated unit: erase, download, checksum, dependencies, and every way to get it wrong."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest

from tests.simulation.support import (
    DATA_SIZE,
    DATA_START,
    PROGRAMMING,
    SIZE,
    START,
    Bench,
    image,
    with_timing,
)

SPAN = START.to_bytes(4, "big") + SIZE.to_bytes(4, "big")
ERASE_1 = "3101ff000101"


def test_a_whole_flash_brings_the_new_software() -> None:
    bench = Bench()
    bench.ready_to_erase()
    for address, data in bench.new.items():
        bench.flash_block(address, data)
    assert bench.ask("3101ff01") == ["7101ff0100"]
    assert bench.ask("1101") == ["5101"]
    bench.wait(0.2)
    assert bench.ask("22f100") == ["62f10001"]
    assert bench.ask("22f189") == ["62f189" + b"2.0".hex()]
    for address, data in bench.new.items():
        region = bench.memory.holding(address, len(data))
        assert region is not None and bytes(region.data) == data
    assert bench.state.fingerprint == bytes.fromhex("01020304") and bench.ask("22f15a") == ["62f15a01020304"]


def test_nothing_goes_without_session_security_and_fingerprint() -> None:
    bench = Bench()
    bench.ask("1003")
    assert bench.ask(ERASE_1) == ["7f3131"]  # the routine is unknown outside the programming session
    bench.enter_boot()
    assert bench.ask(ERASE_1) == ["7f3133"] and bench.ask(b"\x34\x00\x44" + SPAN) == ["7f3433"]
    assert bench.ask("2ef15a01") == ["7f2e33"] and bench.ask("360100") == ["7f3633"] and bench.ask("37") == ["7f3733"]
    bench.unlock(PROGRAMMING)
    assert bench.ask(ERASE_1) == ["7f3122"]
    assert bench.ask(b"\x34\x00\x44" + SPAN) == ["7f3470"]  # not erased
    assert bench.ask(b"\x2e\xf1\x5a" + bytes(33)) == ["7f2e13"]
    assert bench.memory.valid


def test_a_unit_may_do_without_a_fingerprint() -> None:
    bench = Bench(lambda unit: replace(unit, fingerprint_did=None))
    bench.enter_boot()
    bench.unlock(PROGRAMMING)
    assert bench.ask(ERASE_1) == [] and bench.wait(1.0)[-1] == "7101ff0000"


def test_erase_says_pending_and_refuses_others_meanwhile() -> None:
    bench = Bench(with_timing(erase_minimum=0.2, pending_interval=0.05))
    bench.ready_to_erase()
    assert bench.ask(ERASE_1) == []
    bench.now += 0.02
    assert bench.ask("22f190") == ["7f2221"] and bench.ask("3e80", functional=True) == []
    said = bench.wait(0.5)
    assert said == ["7f3178"] * 4 + ["7101ff0000"]
    region = bench.memory.number(1)
    assert region is not None and region.data == b"\xff" * SIZE and not region.valid


def test_s3_does_not_run_while_the_unit_works() -> None:
    bench = Bench(with_timing(erase_minimum=12.0, pending_interval=2.0))
    bench.ready_to_erase()
    bench.ask(ERASE_1)
    assert bench.wait(12.1)[-1] == "7101ff0000"
    assert bench.ask("22f186") == ["62f18602"]


@pytest.mark.parametrize(
    ("record", "nrc"),
    [("", "13"), ("01", "13"), ("0103", "31"), ("010100", "13"), ("4400000000000000ff", "31"), ("44080040", "13"),
     ("00", "13"), ("0000", "31"), ("f10000", "31")],
)  # fmt: skip
def test_erase_refuses_what_it_does_not_know(record: str, nrc: str) -> None:
    bench = Bench()
    bench.ready_to_erase()
    assert bench.ask("3101ff00" + record) == [f"7f31{nrc}"]
    assert bench.ask("3102ff00") == ["7f3112"] and bench.ask("31011234") == ["7f3131"]


def _downloading() -> Bench:
    bench = Bench()
    bench.ready_to_erase()
    bench.ask(ERASE_1)
    bench.wait(0.3)
    assert bench.ask(b"\x34\x00\x44" + SPAN) == ["74200102"]
    return bench


def test_block_sequence_counter() -> None:
    bench = _downloading()
    assert bench.ask(b"\x36\x00" + bytes(16)) == ["7f3673"] and bench.ask(b"\x36\x02" + bytes(16)) == ["7f3673"]
    assert bench.ask(b"\x36\x01" + b"A" * 256) == ["7601"]
    assert bench.ask(b"\x36\x01" + b"A" * 256) == ["7601"]  # the answer was lost: not programmed twice
    assert bench.ask(b"\x36\x03" + b"C" * 256) == ["7f3673"]
    assert bench.ask(b"\x36\x02" + b"B" * 256) == ["7602"]
    region = bench.memory.number(1)
    assert region is not None and region.data[:768] == b"A" * 256 + b"B" * 256 + b"\xff" * 256


def test_the_counter_wraps_to_zero() -> None:
    bench = _downloading()
    for number in range(1, 600):
        assert bench.ask(bytes((0x36, number & 0xFF)) + b"\x00\x01") == [bytes((0x76, number & 0xFF)).hex()]
    assert bench.ask(b"\x36\x57\x00\x01") == ["7657"]  # 599 again


def test_download_refuses() -> None:
    bench = _downloading()
    assert bench.ask("37") == ["7f3724"]  # bytes are missing
    assert bench.ask(b"\x36\x01" + bytes(257)) == ["7f3613"]  # longer than maxNumberOfBlockLength
    assert bench.ask("3601") == ["7f3613"]
    assert bench.ask(b"\x34\x11\x44" + SPAN) == ["7f3431"]  # compressed and encrypted
    assert bench.ask("34004400000000000000ff") == ["7f3431"] and bench.ask("340044000000") == ["7f3413"]
    assert bench.ask(b"\x34\x00\x44" + SPAN + b"\0") == ["7f3413"] and bench.ask("3400000000") == ["7f3431"]


def test_more_than_announced_is_suspended() -> None:
    bench = Bench()
    bench.ready_to_erase()
    bench.ask(ERASE_1)
    bench.wait(0.3)
    bench.ask(b"\x34\x00\x44" + START.to_bytes(4, "big") + (16).to_bytes(4, "big"))
    assert bench.ask(b"\x36\x01" + bytes(17)) == ["7f3671"]
    assert bench.ask(b"\x36\x01" + bytes(16)) == ["7601"] and bench.ask(b"\x36\x02\x00") == ["7f3671"]
    assert bench.ask("3700") == ["7f3713"] and bench.ask("37") == ["77"] and bench.ask("37") == ["7f3724"]
    assert bench.ask("360100") == ["7f3624"]
    bench.ask(b"\x34\x00\x44" + START.to_bytes(4, "big") + (16).to_bytes(4, "big"))
    assert bench.ask(b"\x36\x01" + bytes(16)) == ["7f3672"]  # those cells are programmed


def test_voltage_dips_while_downloading() -> None:
    bench = _downloading()
    bench.conditions.voltage = 11.0
    assert bench.ask(b"\x36\x01" + b"A" * 16) == ["7f3693"]
    bench.conditions.voltage = 12.5
    assert bench.ask(b"\x36\x01" + b"A" * 16) == ["7601"]


def test_a_wrong_checksum_leaves_the_block_invalid() -> None:
    bench = Bench()
    bench.ready_to_erase()
    bench.ask(ERASE_1)
    bench.wait(0.3)
    bench.download(START, bench.new[START])
    good = zlib.crc32(bench.new[START])
    for record in (b"\x01\x01\x00\x04", b"\x44" + SPAN):
        start = b"\x31\x01\x02\x02" + record
        assert (bench.ask(start + (good ^ 1).to_bytes(4, "big")) + bench.wait(0.1))[-1] == "7101020201"
        assert not bench.memory.valid
    assert bench.ask("31010202010100030a0b0c") == ["7f3131"] and bench.ask("310102020101000400") == ["7f3113"]
    part = b"\x31\x01\x02\x02\x44" + START.to_bytes(4, "big") + (256).to_bytes(4, "big")
    right = zlib.crc32(bench.new[START][:256]).to_bytes(4, "big")
    assert (bench.ask(part + right) + bench.wait(0.1))[-1] == "7101020200"
    assert not bench.memory.valid  # right, but it covers a part only
    bench.ask(b"\x31\x01\x02\x02\x01\x01\x00\x04" + good.to_bytes(4, "big"))
    bench.wait(0.1)
    assert bench.memory.valid


def test_dependencies_tell_what_is_missing() -> None:
    bench = Bench()
    bench.ready_to_erase()
    assert bench.ask("3101ff01") == ["7101ff0100"]
    bench.ask(ERASE_1)
    bench.wait(0.3)
    assert bench.ask("3101ff01") == ["7101ff0104"]
    bench.download(START, image("BODY", "2.0", hardware="HW-9"))
    crc = zlib.crc32(image("BODY", "2.0", hardware="HW-9")).to_bytes(4, "big")
    bench.ask(b"\x31\x01\x02\x02\x44" + SPAN + crc)
    bench.wait(0.1)
    assert bench.memory.valid
    assert bench.ask("3101ff01") == ["7101ff0101"]  # for another hardware
    bench.ask("1101")
    bench.wait(0.2)
    assert bench.ask("22f100") == ["62f10002"]  # and it does not start


def test_interrupted_it_stays_in_boot_and_can_be_flashed_again() -> None:
    bench = Bench()
    bench.ready_to_erase()
    bench.ask("3101ff000102")
    bench.wait(0.3)
    bench.wait(6.0)  # the tester has gone
    assert bench.ask("22f186") == ["62f18601"] and bench.ask("22f100") == ["62f10002"]
    assert bench.ask("22f189") == ["62f189" + b"B-01".hex()]
    bench.ask("1101")
    bench.wait(0.2)
    assert bench.ask("22f100") == ["62f10002"]
    assert bench.ask("1002") == ["5002003201f4"]  # the boot loader needs neither reset nor extended session
    bench.unlock(PROGRAMMING)
    bench.ask("2ef15a02")
    bench.flash_block(DATA_START, bench.new[DATA_START][:DATA_SIZE])
    assert bench.ask("3101ff01") == ["7101ff0100"]
    bench.ask("1101")
    bench.wait(0.2)
    assert bench.ask("22f100") == ["62f10001"] and bench.ask("22f189") == ["62f189" + b"1.0".hex()]


def test_large_memory_is_quick_to_erase_and_check() -> None:
    from core.simulation.ecu.memory import Region

    region = Region("SYSTEM", 0x9000_0000, 4 << 20, lambda: bytes(4 << 20))
    region.erase()
    block = bytes(range(256)) * 256
    for at in range(0, 4 << 20, len(block)):
        assert region.program(0x9000_0000 + at, block)
    assert region.crc32() == zlib.crc32(block * 64)
    assert not region.program(0x9000_0000, b"\0")
