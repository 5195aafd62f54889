"""Several units in one order on scripted units: dependencies, refusals, failures, what is said afterwards. No bus."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from core.catalogue.model import FlashPolicy
from core.diagnosis.commands import Branch, Command, Request, SideBySide, Step, Tell
from core.diagnosis.flash import FlashTask, flash, flash_order, flash_order_preview
from core.diagnosis.flash.order.sequence import Turn, groups, in_order
from core.diagnosis.runner import CancelToken, run
from core.diagnosis.tester import Tester
from core.errors import JobCancelled, NoResponse, OrderIncomplete, PreconditionNotMet, ProductError, UsageError, VciLost
from core.events import StepStarted
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, FlashOrderResult, Transport
from tests.diagnosis.scripted_vci import ScriptedVci
from tests.diagnosis.world import IMAGE, Drive, Unit, known_vehicle, no_file, session, unit

NAMES = ("GATEWAY", "DRIVE", "BRAKES")
PLACES: dict[str, EcuAddress] = {name: CanAddress(0x7E0 + n, 0x7E8 + n) for n, name in enumerate(NAMES)}


# -- the order itself, pure


def test_every_unit_comes_after_those_it_depends_on_then_by_position_then_as_named() -> None:
    turns = [Turn("A", ("c",)), Turn("B", position=2), Turn("C", ("D",)), Turn("D"), Turn("E", position=-1)]
    assert [turn.unit for turn in in_order(turns)] == ["E", "D", "C", "A", "B"]


def test_a_circle_is_refused_with_its_members() -> None:
    with pytest.raises(PreconditionNotMet, match="A and B each need") as caught:
        in_order([Turn("X"), Turn("A", ("B",)), Turn("B", ("A",)), Turn("C", ("A",))])
    assert "Nothing was changed" in caught.value.advice
    with pytest.raises(PreconditionNotMet, match="A and B and C"):
        in_order([Turn("C", ("A",)), Turn("A", ("B",)), Turn("B", ("C",))])


def test_only_units_that_may_go_side_by_side_do() -> None:
    turns = in_order([Turn("A"), Turn("B", parallel=True), Turn("C", ("A",), parallel=True), Turn("D", parallel=True)])
    assert groups(turns) == (("A",), ("B", "C", "D"))
    turns = in_order([Turn("B", parallel=True), Turn("C", ("B",), parallel=True), Turn("D", parallel=True)])
    assert groups(turns) == (("B", "D"), ("C",))
    assert max(len(group) for group in groups([Turn(f"U{n}", parallel=True) for n in range(20)])) == 8


# -- the job


class Order:
    """Three units of one car; `policies` are fields of their FlashPolicy."""

    def __init__(self, **policies: dict[str, Any]) -> None:
        self.units = {name: Unit() for name in NAMES}
        self.drive = Drive({PLACES[name]: self.units[name] for name in NAMES})
        ways = {
            name: replace(session(f"{name}_2"), unit=name, policy=FlashPolicy(reset_time=1.0, **policies.get(name, {})))
            for name in NAMES
        }
        self.vehicle = known_vehicle(
            units=tuple(unit(name, PLACES[name]) for name in NAMES), sessions=tuple(ways.values())
        )

    def tasks(self, *names: str) -> list[FlashTask]:
        return [FlashTask(self.vehicle, name, None, no_file) for name in names or NAMES]

    def run(self, *names: str, force: bool = False) -> FlashOrderResult:
        result: FlashOrderResult = self.drive.run(flash_order(self.tasks(*names), force))
        return result

    def incomplete(self, *names: str) -> FlashOrderResult:
        """The result of an order that must not end well; its error says the same in words."""
        with pytest.raises(OrderIncomplete) as caught:
            self.run(*names)
        result = caught.value.result
        assert result is not None and caught.value.advice
        for one in result.units:
            assert one.flash is not None or f"{one.unit}: {one.reason}" in caught.value.message
        return result

    def programmed(self) -> list[str]:
        """The units in the order in which they went into the programming session."""
        places = {place: name for name, place in PLACES.items()}
        return [
            places[command.address]
            for command in self.drive.commands
            if isinstance(command, Request) and command.pdu == b"\x10\x02"
        ]

    def told(self) -> list[str]:
        return [command.event.text for command in self.drive.commands if isinstance(command, Tell)]  # type: ignore[attr-defined]


CHAIN: dict[str, dict[str, Any]] = {"BRAKES": {"depends_on": ("DRIVE",)}, "DRIVE": {"depends_on": ("gateway",)}}


def test_all_units_are_flashed_in_the_order_of_their_dependencies_within_one_frame() -> None:
    order = Order(**CHAIN)
    result = order.run("BRAKES", "DRIVE", "GATEWAY")
    assert order.programmed() == ["GATEWAY", "DRIVE", "BRAKES"]
    assert result.result == "flashed" and result.not_drivable == ()
    assert [unit.unit for unit in result.units] == ["GATEWAY", "DRIVE", "BRAKES"]
    assert all(one.written == IMAGE for one in order.units.values())
    assert order.drive.functional == ["1083", "8582", "288101", "288001", "8581", "1081"]
    assert not order.drive.keeps_alive
    assert all(b"\x14\xff\xff\xff" in one.seen for one in order.units.values())


def test_a_unit_that_was_reset_is_quieted_again_while_others_are_flashed() -> None:
    order = Order(**CHAIN)
    order.run()
    after = {name: [pdu.hex() for pdu in one.seen[one.seen.index(b"\x11\x01") :]] for name, one in order.units.items()}
    assert {"1003", "8502", "280101"} <= set(after["GATEWAY"]) and {"8502"} <= set(after["DRIVE"])
    assert "8502" not in after["BRAKES"]


def test_units_that_are_up_to_date_are_left_alone_and_count_as_done() -> None:
    order = Order(**CHAIN)
    order.units["GATEWAY"].dids[0xF195] = b"02.00"
    result = order.run()
    assert [unit.result for unit in result.units] == ["up-to-date", "flashed", "flashed"]
    assert {pdu[0] for pdu in order.units["GATEWAY"].seen} == {0x22}
    assert order.run().result == "up-to-date"
    assert order.run(force=True).result == "flashed"


def test_one_red_line_refuses_the_whole_order_with_every_reason() -> None:
    order = Order()
    order.units["DRIVE"].dids[0xF191] = b"HW-7"
    order.units["BRAKES"].dids[0xF195] = b"00.01"
    with pytest.raises(PreconditionNotMet) as caught:
        order.run()
    assert "HW-7" in caught.value.message and "00.01" in caught.value.message
    assert all({pdu[0] for pdu in one.seen} <= {0x22} for one in order.units.values())
    assert order.drive.functional == []


def test_red_lines_of_an_order_are_passed_by_the_typed_names_of_their_units() -> None:
    order = Order(DRIVE={"allow_override": True}, BRAKES={"allow_override": True})
    order.drive.volts = 11.0
    with pytest.raises(PreconditionNotMet, match="BRAKES cannot be flashed"):
        order.drive.run(flash_order(order.tasks("DRIVE", "BRAKES"), False, ("drive",)))
    with pytest.raises(PreconditionNotMet, match="'GATEWAY', which is not flashed here"):
        order.drive.run(flash_order(order.tasks("DRIVE", "BRAKES"), False, ("drive", "GATEWAY")))
    assert order.programmed() == []
    both = order.drive.run(flash_order(order.tasks("DRIVE", "BRAKES"), False, ("drive", "Brakes")))
    assert both.result == "flashed"


def test_a_failing_unit_stops_those_that_need_it_and_no_others() -> None:
    order = Order(BRAKES={"depends_on": ("DRIVE",)})
    order.units["DRIVE"].intercept = lambda pdu: b"\x7f\x36\x72" if pdu[0] == 0x36 else None
    result = order.incomplete("DRIVE", "BRAKES", "GATEWAY")
    kinds = {unit.unit: unit.result for unit in result.units}
    assert kinds == {"DRIVE": "failed", "BRAKES": "not-done", "GATEWAY": "flashed"}
    failed = next(unit for unit in result.units if unit.unit == "DRIVE")
    assert (failed.error, failed.erased) == ("JobInterrupted", True) and failed.code and failed.advice
    assert "DRIVE refused transferring the software" in failed.explanation
    assert "no valid software" in failed.state_now
    assert "needs the new software of DRIVE" in next(unit for unit in result.units if unit.unit == "BRAKES").reason
    assert result.result == "failed" and not order.units["BRAKES"].flash
    assert result.not_drivable == ("Not drivable: DRIVE has no valid software. Flash it again before anything else.",)
    assert result.not_drivable[0] in order.told()
    assert order.drive.functional[-3:] == ["288001", "8581", "1081"]


def test_a_half_done_group_is_not_drivable() -> None:
    order = Order(DRIVE={"depends_on": ("GATEWAY",)})
    order.units["DRIVE"].intercept = lambda pdu: b"\x7f\x27\x22" if pdu[0] == 0x27 else None
    result = order.incomplete("DRIVE", "GATEWAY")
    assert [unit.result for unit in result.units] == ["flashed", "failed"]
    assert not result.units[1].erased
    assert result.not_drivable == (
        "Not drivable: GATEWAY has its new software, DRIVE has not, and they belong together. "
        "Flash DRIVE before the vehicle is moved.",
    )


def test_after_a_lost_connection_nobody_else_is_begun() -> None:
    order = Order()
    order.units["GATEWAY"].intercept = lambda pdu: VciLost("The adapter is gone.") if pdu[0] == 0x36 else None
    result = order.incomplete()
    assert [unit.result for unit in result.units] == ["failed", "not-done", "not-done"]
    assert "connection" in result.units[1].reason
    assert all(b"\x10\x02" not in order.units[name].seen for name in ("DRIVE", "BRAKES"))


def test_a_unit_that_is_not_ready_stops_the_order_before_anything_is_changed() -> None:
    order = Order()
    order.units["BRAKES"].intercept = lambda pdu: b"\x71\x01\x02\x03\x05" if pdu[:4] == b"\x31\x01\x02\x03" else None
    with pytest.raises(PreconditionNotMet, match="BRAKES is not ready"):
        order.run()
    assert order.programmed() == []
    assert order.drive.functional == ["1083", "288001", "8581", "1081"]


def test_a_cancel_says_what_is_done_and_what_is_not() -> None:
    order = Order()

    def stop(command: Command) -> ProductError | None:
        if isinstance(command, SideBySide) and command.branches[0].unit == "DRIVE":
            return JobCancelled("Stopped by the technician.")
        return None

    order.drive.before = stop
    with pytest.raises(JobCancelled) as caught:
        order.run()
    assert caught.value.message == "Stopped: GATEWAY flashed, DRIVE, BRAKES not done."
    assert order.drive.functional[-3:] == ["288001", "8581", "1081"] and not order.drive.keeps_alive


def test_wrong_orders() -> None:
    order = Order(DRIVE={"depends_on": ("BRAKES",)}, BRAKES={"depends_on": ("DRIVE",)})
    with pytest.raises(UsageError, match="named twice"):
        order.run("DRIVE", "drive")
    with pytest.raises(UsageError, match="no unit"):
        order.drive.run(flash_order([]))
    with pytest.raises(PreconditionNotMet, match="BRAKES and DRIVE each need"):
        order.run()
    assert order.programmed() == []


def test_the_preview_shows_order_and_groups_and_what_is_missing() -> None:
    order = Order(**CHAIN)
    order.units["DRIVE"].dids[0xF195] = b"02.00"
    preview = order.drive.run(flash_order_preview(order.tasks("BRAKES", "DRIVE")))
    assert [unit.unit for unit in preview.units] == ["DRIVE", "BRAKES"]
    assert preview.groups == (("BRAKES",),)
    assert preview.warnings == ()  # DRIVE has it already: what it needed does not matter any more
    order.units["DRIVE"].dids[0xF195] = b"01.00"
    preview = order.drive.run(flash_order_preview(order.tasks("BRAKES", "DRIVE")))
    assert preview.groups == (("DRIVE",), ("BRAKES",))
    assert preview.warnings == ("DRIVE needs the new software of gateway (02.00), which has 01.00.",)
    order.units["GATEWAY"].dids[0xF195] = b"02.00"
    assert order.drive.run(flash_order_preview(order.tasks("DRIVE"))).warnings == ()
    assert order.programmed() == []


def test_one_unit_alone_is_told_what_it_needs() -> None:
    order = Order(**CHAIN)
    (task,) = order.tasks("DRIVE")
    assert order.drive.run(flash(task)).result == "flashed"
    assert any("DRIVE needs the new software of gateway" in text for text in order.told())


def test_units_on_doip_go_side_by_side_but_never_the_gateway_and_nobody_on_can() -> None:
    places: dict[str, EcuAddress] = {name: DoipAddress(0x1000 + n) for n, name in enumerate(NAMES)}
    ways = tuple(replace(session(f"{n}_2"), unit=n, policy=FlashPolicy(parallel=True)) for n in NAMES)
    vehicle = known_vehicle(
        transports=frozenset({Transport.DOIP}), units=tuple(unit(n, places[n]) for n in NAMES), sessions=ways,
        doip_gateway=0x1000,
    )  # fmt: skip
    drive = Drive({places[name]: Unit() for name in NAMES})
    preview = drive.run(flash_order_preview([FlashTask(vehicle, name, None, no_file) for name in NAMES]))
    assert preview.groups == (("GATEWAY",), ("DRIVE", "BRAKES"))
    on_can = Order(**{name: {"parallel": True} for name in NAMES})
    assert on_can.drive.run(flash_order_preview(on_can.tasks())).groups == tuple((name,) for name in NAMES)


# -- side by side, in the runner


def test_branches_run_at_the_same_time_and_their_steps_carry_the_unit() -> None:
    events: list[Any] = []
    both = threading.Barrier(2, timeout=20)

    def part(name: str) -> Any:
        yield Step("erase", "Erase")
        both.wait()
        if name == "B":
            raise NoResponse("B is silent.", timer="P2")
        return name

    def job() -> Any:
        return (yield SideBySide((Branch("A", part("A")), Branch("B", part("B")))))

    first, second = run(job(), tester=Tester(ScriptedVci()), publish=events.append, kind="flash")
    assert first == "A" and isinstance(second, NoResponse)
    steps = {(event.step, event.title) for event in events if isinstance(event, StepStarted)}
    assert steps == {("A/erase", "A: Erase"), ("B/erase", "B: Erase")}


def test_a_cancel_reaches_every_branch_and_then_the_job() -> None:
    cancel, both = CancelToken(), threading.Barrier(3, timeout=20)
    restored: list[str] = []
    outcomes: list[Any] = []

    def part(name: str) -> Any:
        try:
            yield Step("transfer", "Transfer")
            both.wait()
            both.wait()  # by then the wish is there
            yield Step("next", "Next")
        finally:
            restored.append(name)

    def job() -> Any:
        outcomes.extend((yield SideBySide((Branch("A", part("A")), Branch("B", part("B"))))))
        yield Step("more", "More")

    def stop() -> None:
        both.wait()
        cancel.cancel()
        both.wait()

    watcher = threading.Thread(target=stop)
    watcher.start()
    with pytest.raises(JobCancelled):
        run(job(), tester=Tester(ScriptedVci()), publish=lambda event: None, kind="flash", cancel=cancel)
    watcher.join()
    assert sorted(restored) == ["A", "B"]
    assert [type(outcome) for outcome in outcomes] == [JobCancelled, JobCancelled]
