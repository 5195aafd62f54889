"""Orders for misbehaviour, and what the unit's server makes of each: no bus, a clock in the hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import UsageError
from core.simulation.misbehaviour import FAULTS, FaultOrder, Misbehaviour, fault_names
from core.simulation.misbehaviour.server import REFUSALS, FaultyServer, shortest_last
from core.vocabulary import Transport
from tests.simulation.support import DATA_SIZE, DATA_START, SIZE, START, VIN, Bench

CAR = {"BODY": Transport.CAN, "CLUSTER": Transport.DOIP}


class FaultyBench(Bench):
    """The bench with a server that takes orders; in the boot loader, unlocked, with a download under way."""

    def __init__(self) -> None:
        super().__init__(lambda unit: replace(unit, timing=replace(unit.timing, slow_boot=7.0)))
        self.misbehaviour = Misbehaviour("bench", {"BODY": Transport.CAN})
        faults = self.misbehaviour.of("BODY")
        self.server = FaultyServer(self.server.model, self.state, self.conditions, self.now, faults)

    def order(self, *texts: str) -> None:
        self.misbehaviour.order(texts)

    def ready_to_download(self) -> None:
        self.ready_to_erase()
        span = DATA_START.to_bytes(4, "big") + DATA_SIZE.to_bytes(4, "big")
        assert self.ask(b"\x31\x01\xff\x00\x44" + span) == [] and self.wait(1.0)[-1] == "7101ff0000"

    def announce(self) -> list[str]:
        return self.ask(b"\x34\x00\x44" + DATA_START.to_bytes(4, "big") + DATA_SIZE.to_bytes(4, "big"))

    def block(self, counter: int) -> list[str]:
        return self.ask(bytes((0x36, counter)) + bytes(range(256)))


@pytest.fixture
def bench() -> FaultyBench:
    return FaultyBench()


@pytest.fixture
def loading(bench: FaultyBench) -> FaultyBench:
    bench.ready_to_download()
    assert bench.announce() == ["74200102"]
    return bench


# -- orders


def test_every_fault_is_described() -> None:
    names = [fault.name for fault in fault_names()]
    assert len(names) == len(set(names)) == len(FAULTS) > 60
    for fault in fault_names():
        assert fault.title.endswith(".") and fault.occasion and fault.transports
    assert set(REFUSALS) <= set(FAULTS)


@pytest.mark.parametrize("text", ["lost-76", "lost-76@5", "BODY:lost-76@5", "body:nrc-31"])
def test_orders_are_read_and_told(text: str) -> None:
    car = Misbehaviour("van", CAR)
    car.order([f" {text} "])
    assert car.ordered == (text.replace("body", "BODY"),) and car.struck == ()


@pytest.mark.parametrize(
    "text", ["", "lost", "lost-76@0", "lost-76@", "lost-76@x", "A B:lost-76", "lost-76@5@6", "\x1b"]
)
def test_garbled_orders_are_refused_with_the_names(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        FaultOrder.parse(text)
    assert "lost-76" in refusal.value.advice


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("WING:lost-76", "no unit 'WING'"),
        ("CLUSTER:lost-cf", "CLUSTER of van: it is a fault on CAN"),
        ("BODY:tcp-reset", "BODY of van: it is a fault on DoIP"),
    ],
)
def test_orders_that_cannot_happen_are_refused(text: str, words: str) -> None:
    car = Misbehaviour("van", CAR)
    car.order(["lost-76"])
    with pytest.raises(UsageError, match=words):
        car.order(["nrc-31", text])
    assert car.ordered == ("lost-76",)  # nothing was changed


def test_an_order_strikes_once_at_its_occasion() -> None:
    car = Misbehaviour("van", CAR)
    car.order(["lost-76@3", "BODY:nrc-31"])
    body, cluster = car.of("BODY"), car.of("CLUSTER")
    assert body.any and cluster.any
    assert [body.strikes("lost-76"), cluster.strikes("lost-76")] == [False, False]  # an order for all counts at all
    assert body.strikes("lost-76") and not body.strikes("lost-76")
    assert not cluster.strikes("nrc-31") and body.strikes("nrc-31")
    assert car.struck == ("lost-76@3", "BODY:nrc-31") and body.struck("nrc-31") and not cluster.struck("nrc-31")
    car.order([])
    assert not body.any and not body.strikes("lost-76") and car.struck == car.ordered == ()


def test_a_lasting_one_goes_on() -> None:
    car = Misbehaviour("van", CAR)
    car.order(["silence@2"])
    assert [car.of("BODY").strikes("silence") for _ in range(4)] == [False, True, True, True]


# -- refusals: the code, once, and then the plain rule again


@pytest.mark.parametrize(
    ("name", "nrc"), [(n, n[4:]) for n in ("nrc-24", "nrc-71", "nrc-72", "nrc-73", "nrc-93", "nrc-21")]
)
def test_a_block_is_refused(loading: FaultyBench, name: str, nrc: str) -> None:
    assert loading.block(1) == ["7601"]
    loading.order(f"{name}@2")
    assert loading.block(2) == ["7602"]
    assert loading.block(3) == [f"7f36{nrc}"]
    assert loading.block(3) == ["7603"]


@pytest.mark.parametrize("name", ["nrc-31", "nrc-33", "nrc-70", "nrc-7f", "nrc-92"])
def test_a_download_is_refused(bench: FaultyBench, name: str) -> None:
    bench.ready_to_download()
    bench.order(name)
    assert bench.announce() == [f"7f34{name[4:]}"]
    assert bench.announce() == ["74200102"]


def test_a_routine_and_a_session_are_refused(bench: FaultyBench) -> None:
    bench.order("nrc-22", "nrc-7e")
    bench.ask("1003")
    assert bench.ask("31010203") == ["7f3122"] and bench.ask("31010203") == ["7101020300"]
    assert bench.ask("1002") == ["7f107e"]


def test_busy_for_ever_until_it_is_called_off(loading: FaultyBench) -> None:
    loading.order("nrc-21-endless@2")
    assert [loading.block(1), loading.block(2), loading.block(2)] == [["7601"], ["7f3621"], ["7f3621"]]
    loading.order()
    assert loading.block(2) == ["7602"]


def test_keys_and_the_delay_timer(bench: FaultyBench) -> None:
    bench.enter_boot()
    bench.order("nrc-35", "nrc-36@2")
    bench.ask("2711")
    assert bench.ask("271200000000") == ["7f2735"]
    bench.ask("2711")
    assert bench.ask("271200000000") == ["7f2736"]
    assert bench.ask("2711") == ["7f2737"]
    bench.wait(2.1)
    bench.unlock(0x11)


def test_a_delay_timer_that_runs_already(bench: FaultyBench) -> None:
    bench.enter_boot()
    bench.order("nrc-37")
    assert bench.ask("2711") == ["7f2737"]
    bench.wait(2.1)
    bench.unlock(0x11)


# -- acknowledgements


def test_acknowledgements_go_wrong(loading: FaultyBench) -> None:
    loading.order("lost-76", "duplicate-76@2", "wrong-block-echo@3")
    assert loading.block(1) == [] and loading.block(1) == ["7601", "7601"]  # programmed once: the repeat is known
    assert loading.block(2) == ["7603"]
    loading.order("lost-76-73")
    assert loading.block(3) == [] and loading.block(3) == ["7f3673"] and loading.block(4) == ["7604"]


def test_a_second_tester_s_answer_comes_first(loading: FaultyBench) -> None:
    loading.order("second-tester")
    assert loading.block(1) == ["62f190" + VIN.encode().hex(), "7601"]


# -- time


@pytest.mark.parametrize(("name", "times"), [("pending-1", 1), ("pending-3", 3), ("pending-50", 50)])
def test_storms_of_pending(loading: FaultyBench, name: str, times: int) -> None:
    loading.order(name)
    assert loading.block(1) == ["7f3678"]
    assert loading.wait(times * 0.04 + 0.01) == ["7f3678"] * (times - 1) + ["7601"]
    assert loading.block(2) == ["7602"]


def test_a_storm_makes_long_work_longer(bench: FaultyBench) -> None:
    bench.ready_to_erase()
    bench.order("pending-50")
    span = START.to_bytes(4, "big") + SIZE.to_bytes(4, "big")
    assert bench.ask(b"\x31\x01\xff\x00\x44" + span) == []
    said = bench.wait(5.0)
    assert said[-1] == "7101ff0000" and 45 <= said.count("7f3178") <= 60


def test_a_slow_boot_lasts(bench: FaultyBench) -> None:
    bench.order("slow-boot@2")
    bench.ask("1101")
    bench.wait(0.1)
    assert bench.ask("3e00") == ["7e00"]
    bench.ask("1101")
    bench.wait(6.9)
    assert bench.ask("3e00") == []
    bench.wait(0.2)
    assert bench.ask("3e00") == ["7e00"]


# -- the unit leaves


def test_the_session_ends_in_the_middle(loading: FaultyBench) -> None:
    loading.order("s3-expiry@2")
    assert loading.block(1) == ["7601"] and loading.block(2) == ["7f367f"] and loading.server.session == 0x01


def test_a_reset_in_the_middle(loading: FaultyBench) -> None:
    loading.order("reset-in-transfer@2")
    assert loading.block(1) == ["7601"] and loading.block(2) == [] and loading.server.silent
    loading.wait(0.1)
    assert loading.server.in_boot and loading.block(2) == ["7f367f"]


def test_silence_until_it_is_called_off(loading: FaultyBench) -> None:
    loading.order("silence@2")
    assert loading.block(1) == ["7601"] and loading.block(2) == []
    assert loading.ask("3e00") == [] and loading.ask("3e00", functional=True) == [] and not loading.server.broadcasts
    loading.order()
    assert loading.ask("3e00") == ["7e00"]


# -- what the unit offers, what it stores


@pytest.mark.parametrize(
    ("name", "answer"),
    [("max-block-3", "74200003"), ("max-block-4095", "74200fff"), ("max-block-ffffffff", "7440ffffffff")],
)
def test_block_lengths(bench: FaultyBench, name: str, answer: str) -> None:
    bench.ready_to_download()
    bench.order(name)
    assert bench.announce() == [answer]
    longest = 1 if name == "max-block-3" else DATA_SIZE
    assert bench.ask(b"\x36\x01" + bytes(longest)) == ["7601"]
    if name == "max-block-3":
        assert bench.ask(b"\x36\x02" + bytes(2)) == ["7f3613"]


@pytest.mark.parametrize(("size", "longest"), [(2048, 258), (6144, 514), (1, 258), (7, 4), (8192, 4095)])
def test_the_shortest_last_block(size: int, longest: int) -> None:
    payload = shortest_last(size, longest) - 2
    assert 1 <= payload <= longest - 2
    rest = size % payload or payload
    assert all(rest <= (size % other or other) for other in range((longest - 2) // 2 or 1, longest - 1))


def test_a_short_last_block_is_offered(bench: FaultyBench) -> None:
    bench.ready_to_download()
    bench.order("short-last-block")
    (answer,) = bench.announce()
    assert DATA_SIZE % (int(answer[4:], 16) - 2) == 2  # 2047 has no divisor that would leave one byte


def test_a_coding_that_is_confirmed_and_not_stored(bench: FaultyBench) -> None:
    bench.ask("1003")
    bench.unlock(0x01)
    bench.order("swallowed-write@2")
    assert bench.ask("2e01000006") == ["6e0100"] and bench.ask("220100") == ["6201000006"]
    assert bench.ask("2e01000007") == ["6e0100"] and bench.ask("220100") == ["6201000006"]
    assert bench.ask("2e01000009") == ["6e0100"] and bench.ask("220100") == ["6201000006"]


def test_without_orders_it_is_the_plain_server(bench: FaultyBench) -> None:
    bench.ready_to_erase()
    bench.flash_block(START, bench.new[START])
    bench.flash_block(DATA_START, bench.new[DATA_START])
    assert bench.ask("3101ff01") == ["7101ff0100"]
