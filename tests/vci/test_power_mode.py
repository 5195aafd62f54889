"""The vehicle's own word whether it is ready (ISO 13400-2, diagnostic power mode), asked over UDP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from core.simulation.doip.side import DoipSide
from core.simulation.garage import Garage
from core.vci.combined import CombinedVci
from core.vci.doip.tcp import DoipVci
from core.vocabulary import DoipMessage
from tests.simulation.support import car


@pytest.fixture
def connect() -> Iterator[Callable[..., tuple[Garage, DoipVci]]]:
    with ExitStack() as stack:

        def open_one(discovery: bool) -> tuple[Garage, DoipVci]:
            data, initial, _ = car(doip=True)
            garage = Garage("test-car", data, initial, clock=time.monotonic)
            side = DoipSide(garage, discovery=discovery)
            stack.callback(side.close)
            vci = DoipVci(side.host, side.port, tap=seen.append)
            stack.callback(vci.close)
            return garage, vci

        seen: list[DoipMessage] = []
        yield open_one


def test_it_is_asked_anew_each_time(connect: Callable[..., tuple[Garage, DoipVci]]) -> None:
    garage, vci = connect(discovery=True)
    both = CombinedVci(None, vci, uri="x", name="x")
    assert vci.power_mode() == both.power_mode() == 1
    garage.misbehaviour.order(["power-mode-0"])
    assert vci.power_mode() == both.power_mode() == 0
    garage.misbehaviour.order([])
    assert vci.power_mode() == 1


def test_a_way_without_udp_tells_nothing(connect: Callable[..., tuple[Garage, DoipVci]]) -> None:
    _, vci = connect(discovery=False)
    assert vci.power_mode() is None and CombinedVci(None, None, uri="x", name="x").power_mode() is None
