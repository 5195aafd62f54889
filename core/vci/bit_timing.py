"""Bit timing in a `can:` URI: sample points and a clock become python-can's BitTiming (CAN FD: BitTimingFd).

    can:pcan/PCAN_USBBUS1?bitrate=500000&sample_point=80&f_clock=80000000
    can:kvaser/0?fd=1&bitrate=500000&data_bitrate=2000000&data_sample_point=75&f_clock=80000000

Without `f_clock` everything goes to the driver as it is written (data_bitrate, tseg1, ...): each knows its own words.
"""

from __future__ import annotations

from typing import Any

from core.errors import UsageError
from core.vci.uri import Option, VciUri

SAMPLE_POINT = 80.0  # per cent, as CiA 301 and most car makers have it
DATA_SAMPLE_POINT = 75.0
_KEYS = ("f_clock", "sample_point", "data_sample_point", "data_bitrate")


def with_timing(uri: VciUri) -> dict[str, Any]:
    """The settings for can.Bus: options and bit rate, or a `timing` in place of what it is made of. UsageError."""
    settings: dict[str, Any] = {**uri.options, "bitrate": uri.bitrate}
    if "f_clock" not in settings:
        return settings
    parts = {key: settings.pop(key) for key in _KEYS if key in settings}
    clock = _number(uri, parts, "f_clock", 0)
    sample = _number(uri, parts, "sample_point", SAMPLE_POINT)
    del settings["bitrate"]
    from can import BitTiming, BitTimingFd

    try:
        if not uri.fd:
            if "data_bitrate" in parts:
                raise UsageError(f"{uri} has a data_bitrate and no fd=1.", "Add fd=1, or leave data_bitrate out.")
            settings["timing"] = BitTiming.from_sample_point(int(clock), uri.bitrate, sample)
        else:
            settings["timing"] = BitTimingFd.from_sample_point(
                f_clock=int(clock),
                nom_bitrate=uri.bitrate,
                nom_sample_point=sample,
                data_bitrate=int(_number(uri, parts, "data_bitrate", uri.bitrate)),
                data_sample_point=_number(uri, parts, "data_sample_point", DATA_SAMPLE_POINT),
            )
    except ValueError as error:
        words = f"{uri} has a bit timing that cannot be: {error}."
        raise UsageError(words, "Check f_clock and the bit rates.") from error
    return settings


def _number(uri: VciUri, parts: dict[str, Option], key: str, default: float) -> float:
    value = parts.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise UsageError(f"{uri}: {key} is a number above 0.")
    return float(value)
