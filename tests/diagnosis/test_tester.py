"""The tester: pumping, events, locks, reconnecting and the keep-alive on its own path."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import pytest

from core.diagnosis.commands import Collect, Functional, KeepAlive, Reconnect, Request
from core.diagnosis.tester import Tester, functional_targets
from core.errors import NegativeResponse, NoResponse, VciError, VciLost, VciNotFound
from core.events import Event, ForeignAnswerSkipped, NegativeResponseReceived, Noted, ResponsePendingReceived
from core.vocabulary import CanAddress, DoipAddress
from tests.diagnosis.scripted_vci import BRAKES, ENGINE, GATEWAY, Record, ScriptedVci

READ_VIN = b"\x22\xf1\x90"
VIN = b"\x62\xf1\x90XPBMX"


@pytest.fixture
def vci() -> ScriptedVci:
    vci = ScriptedVci()
    vci.scripts[ENGINE] = lambda pdu: VIN
    return vci


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def tester(vci: ScriptedVci, record: Record) -> Tester:
    return Tester(vci, vci.clock, lambda: 1_700_000_000.0, record, vci.clock.pass_by)


def test_a_request_brings_its_answer_over_one_link(vci: ScriptedVci, tester: Tester, record: Record) -> None:
    for _ in range(3):
        assert tester.request(Request("ENGINE", ENGINE, READ_VIN)) == VIN
    assert tester.request(Request("ENGINE", CanAddress(0x7E0, 0x7E8), READ_VIN)) == VIN  # equal, not the same object
    assert len(vci.links) == 1
    assert record.events == []
    tester.close()
    tester.close()
    assert vci.links[0].closed
    with pytest.raises(VciError):
        tester.request(Request("ENGINE", ENGINE, READ_VIN))


def test_a_refusal_is_told_and_raised_with_words(vci: ScriptedVci, tester: Tester, record: Record) -> None:
    vci.scripts[ENGINE] = lambda pdu: b"\x7f\x22\x33"
    with pytest.raises(NegativeResponse, match=r"ENGINE: ReadDataByIdentifier was refused.*securityAccessDenied") as no:
        tester.request(Request("ENGINE", ENGINE, READ_VIN))
    assert (no.value.sid, no.value.nrc) == (0x22, 0x33) and no.value.advice
    assert tester.request(Request("ENGINE", ENGINE, READ_VIN, raise_negative=False)) == b"\x7f\x22\x33"
    told = NegativeResponseReceived(1_700_000_000.0, "ENGINE", 0x22, 0x33, "0x33 securityAccessDenied")
    assert record.events == [told, told]


def test_pending_stale_and_busy_are_told_as_they_come(vci: ScriptedVci, tester: Tester, record: Record) -> None:
    pending, stale = b"\x7f\x22\x78", b"\x7e\x00"
    first = iter([b"\x7f\x22\x21", [(0.01, stale), (0.02, pending), (5.0, pending), (10.0, VIN)]])
    vci.scripts[ENGINE] = lambda pdu: next(first)  # type: ignore[return-value]
    assert tester.request(Request("ENGINE", ENGINE, READ_VIN)) == VIN
    assert record.events == [
        ForeignAnswerSkipped(1_700_000_000.0, "ENGINE", stale),
        ResponsePendingReceived(1_700_000_000.0, "ENGINE", 0x22, 1),
        ResponsePendingReceived(1_700_000_000.0, "ENGINE", 0x22, 2),
    ]
    assert vci.sent[1][0] - vci.sent[0][0] == pytest.approx(0.21)


def test_silence_names_unit_request_and_timer(vci: ScriptedVci, tester: Tester) -> None:
    vci.scripts[ENGINE] = lambda pdu: None
    with pytest.raises(NoResponse, match="ENGINE did not answer ReadDataByIdentifier F190: P2 ran out") as silence:
        tester.request(Request("ENGINE", ENGINE, READ_VIN))
    assert silence.value.timer == "P2"
    assert vci.clock.now == pytest.approx(101.0)
    with pytest.raises(NoResponse, match="3 tries"):
        tester.request(Request("ENGINE", ENGINE, READ_VIN, attempts=3, p2=0.2))
    assert len(vci.sent) == 4


def test_an_erase_of_20_seconds_is_waited_for_and_the_total_limit_may_be_given(
    vci: ScriptedVci, tester: Tester, record: Record
) -> None:
    pendings = [(float(second), b"\x7f\x31\x78") for second in range(1, 40, 4)]
    vci.scripts[ENGINE] = lambda pdu: [*pendings, (40.0, b"\x71\x01\xff\x00\x00")]
    erase = b"\x31\x01\xff\x00"
    assert tester.request(Request("ENGINE", ENGINE, erase, timeout=120.0)) == b"\x71\x01\xff\x00\x00"
    assert len(record.of(ResponsePendingReceived)) == 10
    with pytest.raises(NoResponse) as silence:
        tester.request(Request("ENGINE", ENGINE, erase))
    assert silence.value.timer == "total"


def test_a_late_answer_is_read_away_before_the_next_request(vci: ScriptedVci, tester: Tester, record: Record) -> None:
    vci.scripts[ENGINE] = lambda pdu: [(1.5, b"\x62\xf1\x90OLD")]
    with pytest.raises(NoResponse):
        tester.request(Request("ENGINE", ENGINE, READ_VIN))
    vci.clock.pass_by(1.0)
    vci.scripts[ENGINE] = lambda pdu: VIN
    assert tester.request(Request("ENGINE", ENGINE, READ_VIN)) == VIN
    assert [event.pdu for event in record.of(ForeignAnswerSkipped)] == [b"\x62\xf1\x90OLD"]


def test_a_begun_answer_stops_p2(vci: ScriptedVci, tester: Tester) -> None:
    def begin(pdu: bytes) -> list[tuple[float, bytes]]:
        vci.links[0].begun_at = vci.clock.now + 0.9
        return [(4.0, VIN)]

    vci.scripts[ENGINE] = begin  # type: ignore[assignment]
    assert tester.request(Request("ENGINE", ENGINE, READ_VIN)) == VIN


def test_suppressed_silence_is_an_empty_answer(vci: ScriptedVci, tester: Tester) -> None:
    vci.scripts[ENGINE] = lambda pdu: None
    assert tester.request(Request("ENGINE", ENGINE, b"\x85\x82", suppressed=True)) == b""


def test_a_transport_timer_uses_the_attempts(vci: ScriptedVci, tester: Tester) -> None:
    reactions = iter([NoResponse("no flow control", timer="N_Bs"), VIN, [(0.1, NoResponse("gap", timer="N_Cr"))]])
    vci.scripts[ENGINE] = lambda pdu: next(reactions)  # type: ignore[return-value]
    assert tester.request(Request("ENGINE", ENGINE, READ_VIN, attempts=2)) == VIN
    with pytest.raises(NoResponse) as silence:
        tester.request(Request("ENGINE", ENGINE, READ_VIN))
    assert silence.value.timer == "N_Cr"


def test_a_lost_way_is_never_resent_and_opened_anew_by_the_next_request(vci: ScriptedVci, tester: Tester) -> None:
    reactions = iter([VciLost("cable"), VIN])
    vci.scripts[ENGINE] = lambda pdu: next(reactions)
    with pytest.raises(VciLost):
        tester.request(Request("ENGINE", ENGINE, b"\x36\x01DATA", attempts=2))
    assert len(vci.sent) == 1
    assert vci.links[0].closed
    assert tester.request(Request("ENGINE", ENGINE, READ_VIN)) == VIN
    assert len(vci.links) == 2


def test_two_addresses_with_the_same_ends_share_the_way(vci: ScriptedVci, tester: Tester) -> None:
    padded = CanAddress(0x7E0, 0x7E8, padding=0xAA)
    vci.scripts[padded] = vci.scripts[ENGINE]
    for address in (ENGINE, padded, ENGINE):
        assert tester.request(Request("ENGINE", address, READ_VIN)) == VIN
    assert [link.closed for link in vci.links] == [True, True, False]


def test_a_unit_that_the_device_cannot_reach(tester: Tester) -> None:
    with pytest.raises(VciNotFound):
        tester.request(Request("BRAKES", BRAKES, READ_VIN))


def test_units_are_served_in_parallel_and_one_unit_in_turn() -> None:
    vci = ScriptedVci()
    both_inside = threading.Barrier(2, timeout=20)
    inside = {"ENGINE": 0}
    most = []

    def engine(pdu: bytes) -> bytes:
        inside["ENGINE"] += 1
        most.append(inside["ENGINE"])
        if pdu[0] == 0x22:
            both_inside.wait()
        inside["ENGINE"] -= 1
        return VIN if pdu[0] == 0x22 else b"\x7e\x00"

    def brakes(pdu: bytes) -> bytes:
        both_inside.wait()
        return VIN

    vci.scripts = {ENGINE: engine, BRAKES: brakes}
    tester = Tester(vci, vci.clock)
    requests = [
        Request("ENGINE", ENGINE, READ_VIN),
        Request("BRAKES", BRAKES, READ_VIN),
        *[Request("ENGINE", ENGINE, b"\x3e\x00")] * 4,
    ]
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda r=r: answers.append(tester.request(r))) for r in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(answers) == sorted([VIN, VIN, *[b"\x7e\x00"] * 4])
    assert max(most) == 1


def test_functional_goes_once_to_each_group(vci: ScriptedVci, tester: Tester) -> None:
    other_group = CanAddress(0x18DA10F1, 0x18DAF110, is_extended_id=True, functional=0x18DB33F1)
    deaf = CanAddress(0x700, 0x708, functional=None)
    everyone = (ENGINE, BRAKES, GATEWAY, DoipAddress(0x1001), other_group, deaf)
    assert functional_targets(everyone) == (ENGINE, GATEWAY, other_group)
    tester.functional(Functional(everyone, b"\x85\x82"))
    assert [address for _, address, _ in vci.functional] == [ENGINE, GATEWAY, other_group]


def test_collect_gathers_until_its_time_is_over(vci: ScriptedVci, tester: Tester) -> None:
    vci.scripts[BRAKES] = lambda pdu: None
    assert tester.collect(Collect((ENGINE, BRAKES), READ_VIN, 0.5)) == [(ENGINE, VIN)]
    assert vci.clock.now == pytest.approx(100.5)


def test_limit_and_voltage_come_from_the_way(vci: ScriptedVci, tester: Tester) -> None:
    assert tester.link_limit(ENGINE) == 4095
    assert tester.voltage() == 12.6


def test_timing_of_the_data_is_used(vci: ScriptedVci, tester: Tester) -> None:
    tester.set_timing(ENGINE, p2=0.3, p2_star=2.0)
    vci.scripts[ENGINE] = lambda pdu: None
    with pytest.raises(NoResponse):
        tester.request(Request("ENGINE", ENGINE, READ_VIN))
    assert vci.clock.now == pytest.approx(100.3)


# --- reconnect


def test_reconnect_drops_the_link_and_probes_until_the_unit_answers(vci: ScriptedVci, tester: Tester) -> None:
    tester.request(Request("ENGINE", ENGINE, READ_VIN))
    back_at = vci.clock.now + 2.0
    vci.open_errors = [VciLost("connection refused"), VciLost("connection refused")]
    vci.scripts[ENGINE] = lambda pdu: b"\x7e\x00" if vci.clock.now >= back_at else None
    answer = tester.reconnect(Reconnect("ENGINE", ENGINE, b"\x3e\x00", 10.0))
    assert answer == b"\x7e\x00"
    assert vci.links[0].closed and len(vci.links) == 2
    assert back_at <= vci.clock.now < back_at + 1.0


def test_a_refusal_is_a_sign_of_life_too(vci: ScriptedVci, tester: Tester) -> None:
    vci.scripts[ENGINE] = lambda pdu: b"\x7f\x22\x31"
    assert tester.reconnect(Reconnect("ENGINE", ENGINE, READ_VIN, 10.0)) == b"\x7f\x22\x31"


def test_a_unit_that_stays_away_is_reported_with_the_last_reason(vci: ScriptedVci, tester: Tester) -> None:
    vci.open_errors = [VciLost(f"refused {n}") for n in range(1000)]
    with pytest.raises(NoResponse, match=r"ENGINE did not come back within 3 s.*refused") as silence:
        tester.reconnect(Reconnect("ENGINE", ENGINE, READ_VIN, 3.0))
    assert silence.value.timer == "reconnect"
    assert isinstance(silence.value.__cause__, VciLost)
    assert vci.clock.now == pytest.approx(103.0)


def test_reconnect_forgets_the_session_times(vci: ScriptedVci, tester: Tester) -> None:
    vci.scripts[ENGINE] = lambda pdu: bytes.fromhex("500207D00BB8") if pdu[0] == 0x10 else b"\x7e\x00"
    tester.request(Request("ENGINE", ENGINE, b"\x10\x02"))
    tester.reconnect(Reconnect("ENGINE", ENGINE, b"\x3e\x00", 5.0))
    vci.scripts[ENGINE] = lambda pdu: None
    began = vci.clock.now
    with pytest.raises(NoResponse):
        tester.request(Request("ENGINE", ENGINE, READ_VIN))
    assert vci.clock.now - began == pytest.approx(1.0)


# --- keep-alive, in real time


class RealTimeVci(ScriptedVci):
    """Records the true time of what goes out functionally; requests hang until `let_go`."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.inside = threading.Event()
        self.times: list[float] = []
        self.scripts[ENGINE] = self._hang

    def _hang(self, pdu: bytes) -> bytes:
        self.inside.set()
        assert self.let_go.wait(30)
        return VIN

    def send_functional(self, address: object, pdu: bytes) -> None:
        with self.functional_sent:
            self.times.append(time.monotonic())
        super().send_functional(address, pdu)  # type: ignore[arg-type]

    def wait_for(self, count: int) -> None:
        with self.functional_sent:
            assert self.functional_sent.wait_for(lambda: len(self.functional) >= count, timeout=30)


def test_keep_alive_goes_on_while_a_request_hangs() -> None:
    vci = RealTimeVci()
    tester = Tester(vci)
    tester.keep_alive(KeepAlive((ENGINE, BRAKES), interval=0.05))
    hanging = threading.Thread(target=lambda: tester.request(Request("ENGINE", ENGINE, READ_VIN)))
    hanging.start()
    assert vci.inside.wait(20)
    already = len(vci.functional)
    vci.wait_for(already + 10)
    vci.let_go.set()
    hanging.join(timeout=20)
    tester.close()
    assert {(address, pdu) for _, address, pdu in vci.functional} == {(ENGINE, b"\x3e\x80")}
    assert max(later - earlier for earlier, later in pairwise(vci.times)) <= 2.5


def test_a_stalled_transport_does_not_hold_up_the_other() -> None:
    class HalfDead(RealTimeVci):
        def send_functional(self, address: object, pdu: bytes) -> None:
            if address is GATEWAY:
                self.inside.set()
                assert self.let_go.wait(30)
                return
            super().send_functional(address, pdu)

    vci = HalfDead()
    tester = Tester(vci)
    tester.keep_alive(KeepAlive((GATEWAY, ENGINE), interval=0.05))
    assert vci.inside.wait(20)
    vci.wait_for(5)
    vci.let_go.set()
    tester.close()
    assert {address for _, address, _ in vci.functional} == {ENGINE}


def test_keep_alive_stops_on_wish_and_starts_again() -> None:
    vci = RealTimeVci()
    tester = Tester(vci)
    tester.keep_alive(KeepAlive((ENGINE,), interval=0.05))
    vci.wait_for(2)
    tester.keep_alive(KeepAlive(()))
    thread = next(iter(tester._keep_alive.values()))
    assert not thread.running
    with vci.functional_sent:
        before = len(vci.functional)
    tester.keep_alive(KeepAlive((ENGINE,), interval=0.05))
    vci.wait_for(before + 3)
    tester.close()
    assert not thread._thread.is_alive()


def test_a_failing_keep_alive_is_told_once_and_goes_on() -> None:
    vci = RealTimeVci()
    vci.functional_errors = [VciLost("gone"), VciLost("gone")]
    events: list[Event] = []
    tester = Tester(vci, publish=events.append)
    tester.keep_alive(KeepAlive((ENGINE,), interval=0.05))
    vci.wait_for(4)
    tester.close()
    assert len(events) == 1 and isinstance(events[0], Noted) and "gone" in events[0].text
