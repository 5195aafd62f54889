"""The fault matrix in short (the whole of it: `python -m tests.campaign faults`), and orders while a vehicle runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.errors import JobInterrupted, NegativeResponse, UsageError
from core.vocabulary import Transport
from core.workbench import Workbench
from tests.campaign.faults import KWP, PLACES, Matrix, cells, kwp_orders, order_of, random_orders
from tests.diagnosis.garage_help import PATIENCE, garage_of, restored, wait_until

CAN, DOIP = Transport.CAN, Transport.DOIP

EXPECTED = [
    ("lost-76@4", CAN, "success"),
    ("nrc-73@4", CAN, "JobInterrupted"),
    ("fc-overflow@6", CAN, "JobInterrupted"),
    ("nrc-35", CAN, "PreconditionNotMet"),
    ("swallowed-write", CAN, "VerificationFailed"),
    ("tcp-reset@4", DOIP, "JobInterrupted"),
    ("s3-expiry@4", DOIP, "JobInterrupted"),
    ("second-tester@4", DOIP, "success"),
    ("nack-03@4", DOIP, "JobInterrupted"),
    ("nack-08@4", DOIP, "success"),
    ("activation-03", DOIP, "RoutingDenied"),
    ("power-mode-0", DOIP, "PreconditionNotMet"),
]


@pytest.fixture(scope="module")
def matrix(compiled_cache: Path) -> Iterator[Matrix]:
    with Matrix(compiled_cache) as matrix:
        yield matrix


@pytest.mark.parametrize(("order", "transport", "outcome"), EXPECTED)
def test_each_ends_as_it_should_and_the_unit_comes_back(
    matrix: Matrix, order: str, transport: Transport, outcome: str
) -> None:
    cell = matrix.run(order, transport)
    assert (cell.outcome, cell.again, cell.wrong) == (outcome, "right image", ""), cell.line()


@pytest.mark.parametrize(
    ("order", "way", "outcome"),
    [
        ("lost-76@4", "j2534", "success"),
        ("nrc-73@4", "j2534", "JobInterrupted"),
        ("fc-overflow@6", "j2534", "success"),  # the library says timeout: the block is sent again
        ("lost-76@4", "multicast", "success"),
        ("fc-overflow@6", "multicast", "JobInterrupted"),
        ("tcp-reset@4", "tls", "JobInterrupted"),
        ("nack-08@4", "tls", "success"),
        ("alive-check@4", "tls", "success"),
        ("power-mode-0", "tls", "PreconditionNotMet"),
    ],
)
def test_over_every_way_as_well(matrix: Matrix, order: str, way: str, outcome: str) -> None:
    cell = matrix.run(order, DOIP if way == "tls" else CAN, way=way)
    assert (cell.outcome, cell.again, cell.wrong) == (outcome, "right image", ""), cell.line()


@pytest.mark.parametrize(
    ("order", "outcome"),
    [
        ("lost-76@4", "JobInterrupted"),  # without a counter a block must not be sent again
        ("duplicate-76@4", "success"),
        ("lost-fc@6", "success"),  # a block that the unit cannot have taken whole may be
        ("nrc-21", "success"),
        ("nrc-70", "JobInterrupted"),
        ("nrc-37", "success"),
        ("s3-expiry@4", "JobInterrupted"),
        ("nrc-7e", "NegativeResponse 80"),
        ("swallowed-write", "VerificationFailed"),
    ],
)
def test_a_unit_of_kwp2000_comes_back_from_the_same_faults(matrix: Matrix, order: str, outcome: str) -> None:
    cell = matrix.run(order, CAN, KWP)
    assert (cell.outcome, cell.again, cell.wrong) == (outcome, "right image", ""), cell.line()


def test_faults_of_block_counters_do_not_exist_in_kwp2000(matrix: Matrix) -> None:
    names = {order.partition("@")[0] for order in kwp_orders()}
    assert len(names) == 45 and not names & {"nrc-73", "lost-76-73", "wrong-block-echo"}
    cell = matrix.run("nrc-73@4", CAN, KWP)
    assert (cell.outcome, cell.again) == ("UsageError", "right image") and "no counter" in cell.words


def test_a_unit_on_can_fd_takes_the_same_faults(matrix: Matrix) -> None:
    cell = matrix.run("fc-wait-3@4", CAN, ("truck", "COORDINATOR"))
    assert (cell.outcome, cell.wrong) == ("success", ""), cell.line()


def test_the_matrix_knows_every_fault() -> None:
    table = list(cells())
    assert {(order.partition("@")[0], way) for order, way in table} >= {("lost-cf", CAN), ("nack-08", DOIP)}
    assert len(table) == len(set(table)) > 90
    assert order_of("lost-76") == "lost-76@4" and order_of("nrc-31") == "nrc-31"
    assert random_orders(3, 2) == random_orders(3, 2) != random_orders(4, 2)
    assert set(PLACES) == {CAN, DOIP}


def test_faults_are_switched_while_the_vehicle_is_connected(workbench: Workbench) -> None:
    names = {fault.name for fault in workbench.fault_names()}
    assert {"lost-76", "silence", "tcp-reset"} <= names
    with workbench.connect("sim:van?fault=BODY:nrc-31&fault=CLUSTER:nrc-70") as vehicle:
        assert vehicle.uri == "sim:van" and vehicle.ordered_faults() == ("BODY:nrc-31", "CLUSTER:nrc-70")
        with pytest.raises(JobInterrupted, match="RequestDownload was refused"):
            vehicle.flash("BODY").wait(PATIENCE)
        assert vehicle.struck_faults() == ("BODY:nrc-31",)
        vehicle.set_faults(["CLUSTER:nrc-22"])
        assert vehicle.struck_faults() == ()
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"
        with pytest.raises(NegativeResponse, match="conditions"):
            vehicle.flash("CLUSTER").wait(PATIENCE)
        vehicle.set_faults([])
        assert vehicle.flash("CLUSTER").wait(PATIENCE).result == "flashed"
        wait_until(lambda: restored(garage_of(vehicle)))


def test_a_silent_unit_speaks_again_when_it_is_called_off(workbench: Workbench) -> None:
    with workbench.connect("sim:van?fault=silence@2") as vehicle:
        job = vehicle.flash("BODY")
        wait_until(lambda: vehicle.struck_faults() == ("silence@2",))
        timer = threading.Timer(0.5, vehicle.set_faults, ([],))
        timer.start()
        try:
            assert job.wait(PATIENCE).result == "flashed"  # the block is sent again, and this time it is heard
        finally:
            timer.join()


@pytest.mark.parametrize("uri", ["sim:van?fault=none", "sim:van?fault=WING:silence", "sim:truck?fault=tcp-reset"])
def test_orders_that_cannot_be_carried_out(workbench: Workbench, uri: str) -> None:
    with pytest.raises(UsageError):
        workbench.connect(uri)
    workbench.connect(uri.partition("?")[0]).close()  # the lock was not kept


@pytest.mark.usefixtures("papers")
def test_a_real_vehicle_takes_no_orders(workbench: Workbench) -> None:
    with (
        workbench.serve_garage("van", can="virtual/no-orders", faults=["nrc-31"]) as running,
        workbench.connect("can:virtual/no-orders") as vehicle,
    ):
        assert running.garage.misbehaviour.ordered == ("nrc-31",)
        assert vehicle.ordered_faults() == vehicle.struck_faults() == ()
        with pytest.raises(UsageError, match="simulated"):
            vehicle.set_faults(["nrc-31"])
        with pytest.raises(JobInterrupted):
            vehicle.flash("BODY").wait(PATIENCE)
        assert running.garage.misbehaviour.struck == ("nrc-31",)


def test_the_same_for_who_attaches(new_workbench: Callable[[], Workbench]) -> None:
    """Through a vehicle host the methods are the same."""
    workbench = new_workbench()
    with workbench.connect("sim:van?fault=BODY:nrc-7e", hosted=True) as vehicle:
        assert vehicle.ordered_faults() == ("BODY:nrc-7e",)
        with pytest.raises(NegativeResponse):
            vehicle.flash("BODY").wait(PATIENCE)
        assert vehicle.struck_faults() == ("BODY:nrc-7e",)
        vehicle.set_faults(["BODY:nrc-31@9"])
        assert vehicle.ordered_faults() == ("BODY:nrc-31@9",)
