"""Sessions, S3, communication control and the ISO order of refusals of a simulated unit."""

from __future__ import annotations

import pytest

from tests.simulation.support import CODING, PROGRAMMING, Bench


def test_the_order_of_refusals() -> None:
    bench = Bench()
    assert bench.ask("ba00") == ["7fba11"]  # unknown service
    assert bench.ask("2e0100") == ["7f2e7f"]  # service not in the default session, before its length
    assert bench.ask("3e") == ["7f3e13"]  # too short for a sub-function
    assert bench.ask("3e01") == ["7f3e12"]  # no such sub-function
    assert bench.ask("3e0000") == ["7f3e13"]  # too long
    assert bench.ask("1002") == ["7f107e"]  # sub-function not in the default session
    assert bench.ask("2800") == ["7f287f"]
    bench.ask("1003")
    assert bench.ask("2e0100") == ["7f2e13"]
    assert bench.ask("2e01000105") == ["7f2e33"]  # security before length and range
    assert bench.ask("280000") == ["7f2831"]
    assert bench.ask("280400") == ["7f2812"]
    assert bench.ask("3400440000000000000000") == ["7f3411"]  # the application has no download


@pytest.mark.parametrize("request_", ["ba00", "3e01", "1002", "2800", "22dead"])
def test_functional_requests_are_not_refused_aloud(request_: str) -> None:
    bench = Bench()
    assert bench.ask(request_, functional=True) == []
    assert bench.ask(request_) != []


def test_functional_requests_are_answered_and_other_refusals_said() -> None:
    bench = Bench()
    assert bench.ask("3e00", functional=True) == ["7e00"]
    assert bench.ask("3e", functional=True) == ["7f3e13"]
    assert bench.ask("22f190", functional=True) == ["62f190" + b"XPBTESTAXR1000001".hex()]


def test_suppressed_positive_responses() -> None:
    bench = Bench()
    assert bench.ask("3e80") == []
    assert bench.ask("1083") == []
    assert bench.ask("22f186") == ["62f18603"]
    assert bench.ask("8582") == []
    assert not bench.server.dtc_recording
    assert bench.ask("be80") == ["7fbe11"]  # negative ones are never suppressed


def test_s3_ends_the_session_locks_and_restores() -> None:
    bench = Bench()
    bench.ask("1003")
    bench.unlock(CODING)
    assert bench.ask("8502") == ["c502"] and bench.ask("280301") == ["6803"]
    assert not bench.server.broadcasts
    bench.wait(4.9)
    assert bench.ask("3e80", functional=True) == []
    bench.wait(4.9)
    assert bench.ask("22f186") == ["62f18603"]
    bench.wait(5.0)
    assert bench.server.broadcasts and bench.server.dtc_recording
    assert bench.ask("22f186") == ["62f18601"]
    bench.ask("1003")
    assert bench.ask("2e01000105") == ["7f2e33"]


def test_a_session_change_locks() -> None:
    bench = Bench()
    bench.ask("1003")
    bench.unlock(CODING)
    assert bench.ask("2701") == ["6701" + "00" * 8]  # open already: a seed of zeros
    bench.ask("1003")
    assert bench.ask("2e01000105") == ["7f2e33"]


def test_communication_control_and_dtc_setting() -> None:
    bench = Bench()
    bench.ask("1003")
    assert bench.ask("280101") == ["6801"] and not bench.server.broadcasts
    assert bench.ask("280001") == ["6800"] and bench.server.broadcasts
    assert bench.ask("280302") == ["6803"] and bench.server.broadcasts  # network management only
    assert bench.ask("28010100") == ["7f2813"]
    assert bench.ask("850200") == ["7f8531"]
    assert bench.ask("8501") == ["c501"]
    assert bench.ask("1001") == ["5001003201f4"]
    assert bench.server.transmit_network


def test_programming_session_resets_into_the_boot_loader() -> None:
    bench = Bench()
    assert bench.ask("22f100") == ["62f10001"]
    bench.ask("1003")
    assert bench.ask("1002") == []
    bench.now += 0.01
    assert bench.ask("22f190") == ["7f2221"]  # at work
    bench.now += 0.045
    assert bench.ask("22f190") == []  # resetting: silent
    assert bench.server.silent and not bench.server.broadcasts
    assert bench.wait(1.0) == ["5002003201f4"]
    assert bench.ask("22f100") == ["62f10002"]
    assert bench.ask("22f40c") == ["7f2231"] and bench.ask("1902ff") == ["7f1911"]
    assert bench.ask("22f189") == ["62f189" + b"1.0".hex()]  # the boot loader reads the valid application's version
    assert not bench.server.broadcasts


def test_a_gateway_answers_before_it_resets() -> None:
    bench = Bench(boot_first=False)
    bench.ask("1003")
    assert bench.ask("1002") == ["5002003201f4"]
    assert bench.server.silent
    bench.wait(0.1)
    assert bench.ask("22f186") == ["62f18602"]


@pytest.mark.parametrize("way_back", ["1001", "1101", "S3"])
def test_back_into_the_application(way_back: str) -> None:
    bench = Bench()
    bench.enter_boot()
    if way_back == "S3":
        bench.wait(5.1)
    else:
        assert len(bench.ask(way_back)) == 1
    assert bench.ask("22f100") == [] or way_back == "S3"
    bench.wait(0.2)
    assert bench.ask("22f100") == ["62f10001"] and bench.ask("22f186") == ["62f18601"]


def test_reset_is_answered_and_then_silent() -> None:
    bench = Bench()
    resets = bench.server.resets
    assert bench.ask("1101") == ["5101"]
    assert bench.ask("22f190") == [] and bench.server.resets == resets + 1
    bench.wait(0.06)
    assert len(bench.ask("22f190")) == 1
    assert bench.ask("1181") == []
    assert bench.server.silent
    bench.wait(0.06)
    assert bench.ask("1102") == ["7f1112"]


@pytest.mark.parametrize(("volts", "nrc"), [(11.4, "93"), (16.1, "92")])
def test_no_programming_outside_the_voltage_window(volts: float, nrc: str) -> None:
    bench = Bench()
    bench.ask("1003")
    bench.conditions.voltage = volts
    assert bench.ask("1002") == [f"7f10{nrc}"] and bench.ask("31010203") == [f"7f31{nrc}"]
    bench.conditions.voltage = 12.0
    assert bench.ask("31010203") == ["7101020300"]
    bench.ready_to_erase()
    bench.conditions.voltage = volts
    assert bench.ask("3101ff000101") == [f"7f31{nrc}"]
    assert bench.memory.valid
    assert bench.server.security.unlocked == PROGRAMMING
