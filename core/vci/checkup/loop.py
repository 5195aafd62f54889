"""Loop-back of a CAN device: latency and throughput of frames that come back as our own. Knows no driver.

The frame is a functional TesterPresent that asks for no answer (ISO 14229-1, 9.6): a vehicle hears nothing that means
anything, and whether somebody acknowledges frames is what tells a plug in a vehicle from one in the air.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from core.errors import NoResponse, ProductError

IDENTIFIER = 0x7DF
SINGLE, BURST = 20, 200
FRAME_LIMIT = 0.5  # seconds for one frame to come back
BURST_LIMIT = 3.0
WIRE_BITS = 111 + 3  # a classic 11 bit frame of 8 bytes, interframe space included, and a little stuffing
UNPLUGGED = "Nobody on the bus acknowledges frames: plug the device into the vehicle, ignition on, then test again."

Send = Callable[[bytes], None]
Echoes = Callable[[float], int]
"""How many of our frames came back, waiting for the first at most so many seconds."""


def payload(number: int) -> bytes:
    return bytes((0x02, 0x3E, 0x80)) + number.to_bytes(2, "big") + b"\xcc\xcc\xcc"


def measure(send: Send, echoes: Echoes, bitrate: int) -> dict[str, Any]:
    """loopback ("yes" or why not), latency_ms, frames_per_second, wire_share."""
    try:
        times = []
        for number in range(SINGLE):
            began = time.perf_counter()
            send(payload(number))
            if not _await(echoes, 1, FRAME_LIMIT):
                return {"loopback": "no frame came back"}
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        for number in range(BURST):
            send(payload(number))
        if not _await(echoes, BURST, BURST_LIMIT):
            return {"loopback": "frames were lost", "latency_ms": _milliseconds(times)}
        rate = BURST / (time.perf_counter() - began)
    except NoResponse:
        return {"loopback": UNPLUGGED}
    except ProductError as error:
        return {"loopback": error.message}
    share = round(rate * WIRE_BITS / bitrate, 2)
    told = {"loopback": "yes", "latency_ms": _milliseconds(times), "frames_per_second": round(rate)}
    return told | ({"wire_share": share} if share <= 1.0 else {})  # more: no wire of this bit rate is behind it


def _await(echoes: Echoes, count: int, seconds: float) -> bool:
    until = time.perf_counter() + seconds
    while count > 0:
        left = until - time.perf_counter()
        if left <= 0:
            return False
        count -= echoes(min(left, 0.1))
    return True


def _milliseconds(times: list[float]) -> float:
    return round(statistics.median(times) * 1000, 3)
