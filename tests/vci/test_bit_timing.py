"""Bit timing of a URI as python-can gets it: sample points with a clock, or the driver's own words."""

from __future__ import annotations

from typing import Any

import can
import pytest

from core.errors import UsageError
from core.vci.bit_timing import with_timing
from core.vci.opening import open_bus
from core.vci.uri import VciUri


def of(text: str) -> dict[str, Any]:
    return with_timing(VciUri.parse(text))


def test_without_a_clock_the_driver_gets_its_own_words() -> None:
    assert of("can:vector/0?fd=1&data_bitrate=2000000&tseg1_abr=31") == {
        "bitrate": 500_000, "data_bitrate": 2_000_000, "tseg1_abr": 31,
    }  # fmt: skip


def test_a_clock_makes_a_timing_of_sample_points() -> None:
    classic = of("can:pcan/PCAN_USBBUS1?bitrate=250000&sample_point=87.5&f_clock=8000000")
    assert classic.keys() == {"timing"}
    timing = classic["timing"]
    assert isinstance(timing, can.BitTiming) and (timing.bitrate, timing.sample_point) == (250_000, 87.5)
    fd = of("can:kvaser/0?fd=1&data_bitrate=2000000&f_clock=80000000&app_name=x")
    timing = fd["timing"]
    assert isinstance(timing, can.BitTimingFd) and fd["app_name"] == "x"
    assert (timing.nom_bitrate, timing.data_bitrate, timing.nom_sample_point) == (500_000, 2_000_000, 80.0)
    assert timing.data_sample_point == 75.0


@pytest.mark.parametrize(
    "query",
    ["f_clock=7", "f_clock=-1", "f_clock=x", "f_clock=80000000&data_bitrate=2000000", "f_clock=80000000&bitrate=3"],
)
def test_a_timing_that_cannot_be(query: str) -> None:
    with pytest.raises(UsageError):
        of(f"can:pcan/PCAN_USBBUS1?{query}")


def test_it_reaches_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def bus(**settings: Any) -> object:
        asked.update(settings)
        return object()

    monkeypatch.setattr(can, "Bus", bus)
    open_bus(VciUri.parse("can:kvaser/0?fd=1&data_bitrate=2000000&f_clock=80000000"))
    assert (asked["channel"], asked["fd"], asked["timing"].data_bitrate) == (0, True, 2_000_000)
    assert "bitrate" not in asked and "f_clock" not in asked
