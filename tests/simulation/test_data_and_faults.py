"""0x22, 0x2E, 0x14 and 0x19 of a simulated unit."""

from __future__ import annotations

from core.simulation.ecu.rules_faults import record_fault
from tests.simulation.support import CODING, VIN, Bench


def test_idents_come_from_vin_toml_and_flash() -> None:
    bench = Bench()
    answers = {did: bench.ask("22" + did) for did in ("f190", "f191", "f189", "f18c", "f180", "f40c", "0100")}
    assert answers == {
        "f190": ["62f190" + VIN.encode().hex()],
        "f191": ["62f191" + b"HW-1".hex()],
        "f189": ["62f189" + b"1.0".hex()],
        "f18c": ["62f18c" + b"SN-BODY".hex()],
        "f180": ["62f180" + b"B-01".hex()],
        "f40c": ["62f40c0c80"],
        "0100": ["6201000105"],
    }


def test_several_dids_at_once() -> None:
    bench = Bench()
    assert bench.ask("22f100f186") == ["62f10001f18601"]
    assert bench.ask("22f100dead") == ["62f10001"]
    assert bench.ask("22dead") == ["7f2231"]
    assert bench.ask("22f1") == ["7f2213"] and bench.ask("22f100f1") == ["7f2213"]
    assert bench.ask("22" + "f100" * 17) == ["7f2213"]


def test_the_fingerprint_is_kept_for_a_coding_too_and_opens_no_erase() -> None:
    bench = Bench()
    assert bench.ask("2ef15a0102") == ["7f2e7f"]
    bench.ask("1003")
    assert bench.ask("2ef15a0102") == ["7f2e33"]
    bench.unlock(CODING)
    assert bench.ask("2ef15a0102") == ["6ef15a"] and bench.ask("22f15a") == ["62f15a0102"]
    assert not bench.server.fingerprint_written


def test_coding_is_checked_and_kept() -> None:
    bench = Bench()
    bench.ask("1003")
    bench.unlock(CODING)
    assert bench.ask("2e010001") == ["7f2e13"] and bench.ask("2e0100010500") == ["7f2e13"]
    assert bench.ask("2e01000305") == ["7f2e31"]  # choice 3 means nothing
    assert bench.ask("2e0100013d") == ["7f2e31"]  # 61 s is beyond 60
    assert bench.ask("2ef40c0c81") == ["7f2e31"]
    assert not bench.state.changed
    assert bench.ask("2e0100023c") == ["6e0100"]
    assert bench.state.changed
    bench.ask("1101")
    bench.wait(0.2)
    assert bench.ask("220100") == ["620100023c"]


def test_reports_of_trouble_codes() -> None:
    bench = Bench()
    assert bench.ask("1901ff") == ["5901af010002"] and bench.ask("190101") == ["5901af010001"]
    assert bench.ask("1902ff") == ["5902af9b01002f9b020028"] and bench.ask("190250") == ["5902af"]
    assert bench.ask("190a") == ["590aaf9b01002f9b0200289b030000"]
    assert bench.ask("19049b010001") == ["59049b01002f0101f40c0c80"]
    assert bench.ask("19069b0100ff") == ["59069b01002f01030207"]
    assert bench.ask("19069b010002") == ["59069b01002f0207"]
    assert bench.ask("19049b0200ff") == ["59049b020028"]


def test_reports_refuse() -> None:
    bench = Bench()
    assert bench.ask("1903") == ["7f1912"] and bench.ask("1902") == ["7f1913"] and bench.ask("190aff") == ["7f1913"]
    assert bench.ask("19049b010009") == ["7f1931"] and bench.ask("1904111111ff") == ["7f1931"]
    assert bench.ask("19049b0100") == ["7f1913"]
    assert bench.ask("14ffff") == ["7f1413"] and bench.ask("14123456") == ["7f1431"]


def test_clear_all_and_one() -> None:
    bench = Bench()
    assert bench.ask("149b0200") == ["54"]
    assert bench.ask("1902ff") == ["5902af9b01002f"]
    assert bench.ask("14ffffff") == ["54"]
    assert bench.ask("1902ff") == ["5902af"] and bench.ask("19049b0100ff") == ["59049b010000"]


def test_a_recurring_fault_comes_back_unless_recording_is_off() -> None:
    bench = Bench()
    bench.ask("14ffffff")
    bench.wait(1.9)
    assert bench.ask("1902ff") == ["5902af"]
    bench.wait(0.2)
    assert bench.ask("1902ff") == ["5902af9b01002f"] and bench.ask("19049b0100ff") == ["59049b01002f0101f40c0c80"]
    bench.ask("1003")
    bench.ask("8502")
    bench.ask("14ffffff")
    for _ in range(4):
        bench.wait(2.0)
        bench.ask("3e80")
    assert bench.ask("1902ff") == ["5902af"]
    bench.ask("8501")
    bench.wait(2.1)
    assert bench.ask("1902ff") == ["5902af9b01002f"]


def test_dtc_setting_off_stops_recording_and_a_new_cycle_clears_its_bit() -> None:
    bench = Bench()
    bench.ask("1003")
    bench.ask("8502")
    assert not record_fault(bench.server, 0x9B0300)
    bench.ask("8501")
    assert record_fault(bench.server, 0x9B0300)
    assert bench.ask("19029b")[0].endswith("9b03002f")
    bench.state.dtcs[0x9B0300].status &= ~0x01  # the test passes now
    bench.ask("1101")
    bench.wait(0.2)
    assert bench.ask("1902ff") == ["5902af9b01002f9b0200289b03002c"]
