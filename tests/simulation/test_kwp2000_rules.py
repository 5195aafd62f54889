"""The rules of a simulated unit of KWP2000: sessions and S3, access and its delay, data, codes, flash, its refusals."""

from __future__ import annotations

import random

import pytest

from core.simulation.ecu.rules import DEFAULT, EXTENDED, PROGRAMMING
from tests.simulation.kwp2000_support import BLOCK, DATA_START, SIZE, START, KwpBench
from tests.simulation.support import VIN


def test_sessions() -> None:
    bench = KwpBench()
    assert bench.ask("1085") == ["7f1080"]  # programming from the extended session only
    assert bench.ask("1001") == ["7f1012"] and bench.ask("10") == ["7f1012"] and bench.ask("109200") == ["7f1012"]
    assert bench.ask("1092") == ["5092"] and bench.server.session == EXTENDED
    assert bench.ask("1081") == ["5081"] and bench.server.session == DEFAULT
    bench.ask("1092")
    assert bench.ask("20") == ["60"] and bench.server.session == DEFAULT
    assert bench.ask("8501FF0002") == ["7f8580"] and bench.ask("2802") == ["7f2880"] and bench.ask("2701") == ["7f2780"]
    for unknown in ("19028D", "2EF15A00", "22F190"):
        assert bench.ask(unknown) == [f"7f{unknown[:2].lower()}11"]


def test_s3_ends_a_session_and_tester_present_keeps_it() -> None:
    bench = KwpBench()
    bench.ask("1092")
    bench.ask("2802")
    bench.ask("8502FF0002")
    assert (bench.server.transmit_normal, bench.server.dtc_recording) == (False, False)
    for _ in range(5):
        bench.wait(3.0)
        assert bench.ask("3E02", functional=True) == []
    assert bench.server.session == EXTENDED
    bench.wait(5.1)
    assert bench.server.session == DEFAULT
    assert (bench.server.transmit_normal, bench.server.dtc_recording) == (True, True)


def test_no_answer_is_given_where_none_is_wanted() -> None:
    bench = KwpBench()
    bench.ask("1092")
    assert bench.ask("3E01") == ["7e"] and bench.ask("3E02") == [] and bench.ask("3E00") == ["7f3e12"]
    assert bench.ask("2801") == ["68"] and bench.ask("2901") == ["69"] and bench.ask("2902") == []
    assert bench.ask("8501FF0001") == ["c5"] and bench.ask("8502FF0002") == [] and bench.ask("8501FF0003") == ["7f8531"]


def test_functional_requests_that_nobody_knows_stay_unanswered() -> None:
    bench = KwpBench()
    for request in ("22F190", "1001", "1AFF"):
        assert bench.ask(request, functional=True) == []
    assert bench.ask("1A90", functional=True) == ["5a90" + VIN.encode().hex()]


def test_access_counts_wrong_keys_and_waits() -> None:
    bench = KwpBench()
    bench.ask("1092")
    for expected in ("7f2735", "7f2735", "7f2736"):
        bench.ask("2701")
        assert bench.ask("270200000000") == [expected]
    assert bench.ask("2701") == ["7f2737"]
    bench.wait(2.1)
    bench.ask("3E01")
    bench.ask("1092")
    bench.unlock(0x01)
    assert bench.ask("2711") == ["7f2780"]  # the programming level opens in its session only
    assert bench.ask("2703") == ["7f2712"] and bench.ask("2702") == ["7f2712"]


def test_data() -> None:
    bench = KwpBench()
    assert bench.ask("1A90") == ["5a90" + VIN.encode().hex()]
    assert bench.ask("1A95") == ["5a95" + b"1.0".hex()] and bench.ask("2105") == ["61050c80"]
    assert bench.ask("1A77") == ["7f1a31"] and bench.ask("21") == ["7f2112"] and bench.ask("1A9095") == ["7f1a12"]
    assert bench.ask("3BE00110") == ["7f3b80"]
    bench.ask("1092")
    assert bench.ask("3BE00110") == ["7f3b33"]
    bench.unlock(0x01)
    assert bench.ask("3BE001") == ["7f3b12"] and bench.ask("3BE00310") == ["7f3b31"]
    assert bench.ask("3B5500") == ["7f3b31"]
    assert bench.ask("3BE00210") == ["7be0"] and bench.ask("21E0") == ["61e00210"]
    assert bench.ask("3B9A010203") == ["7b9a"] and bench.ask("1A9A") == ["5a9a010203"]


def test_trouble_codes() -> None:
    bench = KwpBench()
    assert bench.ask("1800FF00") == ["5802" + "9b01e0" + "9b0220"]
    assert bench.ask("179B01") == ["57019b01e0" + "0c80" + "03"] and bench.ask("179B02") == ["57019b0220"]
    assert bench.ask("170000") == ["7f1731"] and bench.ask("1802FF00") == ["7f1812"]
    assert bench.ask("18000000") == ["7f1831"]
    assert bench.ask("149B02") == ["549b02"] and bench.ask("1800FF00") == ["58019b01e0"]
    assert bench.ask("14FF00") == ["54ff00"] and bench.ask("1800FF00") == ["5800"] and bench.ask("140000") == ["7f1431"]
    bench.wait(2.1)
    assert bench.ask("1800FF00") == ["58019b01e0"]  # it recurs


def test_a_whole_flash_brings_the_new_software() -> None:
    bench = KwpBench()
    bench.ready_to_erase()
    assert bench.server.session == PROGRAMMING and bench.server.in_boot and bench.ask("1800FF00") == ["7f1811"]
    for number, (address, data) in enumerate(bench.new.items(), start=1):
        bench.erase(number)
        assert not bench.memory.valid
        bench.download(address, data)
        assert bench.check(number, data) == "71e200"
    assert bench.ask("31E3") == ["71e300"] and bench.ask("1101") == ["51"]
    bench.wait(0.2)
    assert bench.ask("1A95") == ["5a95" + b"2.0".hex()] and bench.ask("1AB1") == ["5ab101"]
    for address, data in bench.new.items():
        region = bench.memory.holding(address, len(data))
        assert region is not None and bytes(region.data) == data


def test_nothing_goes_without_session_access_and_fingerprint() -> None:
    bench = KwpBench()
    bench.ask("1092")
    assert bench.ask("31E0") == ["71e000"] and bench.ask("31E10101") == ["7f3131"] and bench.ask("36AA") == ["7f3611"]
    bench.enter_boot()
    download = "34" + f"{START:06x}00{SIZE:06x}"
    assert bench.ask("31E10101") == ["7f3133"] and bench.ask(download) == ["7f3433"] and bench.ask("37") == ["7f3733"]
    bench.unlock(0x11)
    assert bench.ask("31E10101") == ["7f3122"]  # no fingerprint yet
    assert bench.ask(download) == ["7f3440"]  # not erased
    assert bench.ask("36AA") == ["7f3622"] and bench.ask("37") == ["7f3722"]
    assert bench.memory.valid


def test_the_erase_runs_on_and_tells_its_verdict_when_asked() -> None:
    bench = KwpBench()
    bench.ready_to_erase()
    assert bench.ask("33E1") == ["7f3331"]  # none was started
    assert bench.ask("31E10101") == ["71e1"]
    assert bench.ask("33E1") == ["7f3323"] and bench.ask("1A90") == ["7f1a21"] and bench.ask("3E01") == ["7e"]
    assert bench.ask("33E2") == ["7f3331"]
    bench.wait(0.2)
    assert bench.ask("33E1") == ["73e100"] == bench.ask("33E1") and bench.ask("1A90") != ["7f1a21"]


def test_a_power_cut_in_the_erase_leaves_the_boot_loader() -> None:
    bench = KwpBench()
    bench.ready_to_erase()
    bench.ask("31E10101")
    bench.server.begin_reset(bench.now)
    bench.wait(0.2)
    assert bench.server.in_boot and bench.ask("33E1") == ["7f3380"] and bench.ask("1AB1") == ["5ab102"]
    assert bench.ask("1085") == ["5085"]  # from any session where the boot loader runs


def test_blocks_have_no_counter_but_a_place_and_an_end() -> None:
    bench = KwpBench()
    bench.ready_to_erase()
    bench.erase(2)
    data = bench.new[DATA_START]
    assert bench.ask("34" + f"{DATA_START:06x}00{len(data):06x}") == ["740101"]
    assert bench.ask(b"\x36" + bytes(BLOCK)) == ["7f3612"]  # longer than was offered
    for at in range(0, len(data), BLOCK - 1):
        assert bench.ask("37") == ["7f3722"]
        assert bench.ask(b"\x36" + data[at : at + BLOCK - 1]) == ["76"]
    assert bench.ask(b"\x36\x00") == ["7f3671"]  # more than was announced
    assert bench.ask("37") == ["77"]


def test_a_block_that_comes_twice_spoils_the_image_and_the_checksum_finds_it() -> None:
    bench = KwpBench()
    bench.ready_to_erase()
    bench.erase(2)
    data = bench.new[DATA_START]
    bench.ask("34" + f"{DATA_START:06x}00{len(data):06x}")
    pieces = [data[at : at + BLOCK - 1] for at in range(0, len(data), BLOCK - 1)]
    for piece in (pieces[0], pieces[0], *pieces[1:-1]):
        assert bench.ask(b"\x36" + piece) == ["76"]
    assert bench.ask("37") == ["77"] and bench.check(2, data) == "71e201"
    assert not bench.memory.valid


@pytest.mark.parametrize("volts", [11.0, 16.5])
def test_nothing_is_programmed_outside_of_the_voltage_window(volts: float) -> None:
    bench = KwpBench()
    bench.ask("1092")
    bench.conditions.voltage = volts
    assert bench.ask("1085") == ["7f1022"] and bench.ask("31E0") == ["7f3122"]


def test_random_requests_crash_nothing() -> None:
    bench = KwpBench()
    draw = random.Random(14230)
    starts = [bytes((sid,)) for sid in bytes.fromhex("1014171819201A21273133343637 3B3E85")]
    for number in range(4000):
        pdu = (draw.choice(starts) if number % 2 else b"") + draw.randbytes(draw.randrange(9))
        for answer in bench.ask(pdu, functional=draw.random() < 0.1) + bench.wait(draw.random()):
            assert answer[:2] != "7f" or len(answer) == 6
            assert int(answer[:2], 16) & 0x40
