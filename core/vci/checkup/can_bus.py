"""One python-can interface under examination: it is opened, and its own frames are measured where they come back."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import can

from core.errors import NoResponse, ProductError, VciLost
from core.vci.checkup.loop import IDENTIFIER, measure
from core.vci.opening import open_bus
from core.vci.uri import VciUri
from core.vocabulary.cleaning import clean


def examine_can(uri: VciUri) -> dict[str, Any]:
    """ProductError where it cannot be opened."""
    bus, returns = _open(uri)
    try:
        return {
            "problem": "", "advice": "", "firmware": "", "library_version": f"python-can {can.__version__}",
            "api": uri.interface, "serial": _serial(bus), "voltage": None,
            "abilities": {"CAN FD": "yes" if uri.fd else "not asked for", "returns own frames": _word(returns)},
            "limits": [], **_loop(bus, uri),
        }  # fmt: skip
    finally:
        bus.shutdown()


def _open(uri: VciUri) -> tuple[can.BusABC, bool]:
    """With our own frames where the interface takes that option."""
    if "receive_own_messages" not in uri.options:
        try:
            return open_bus(replace(uri, options={**uri.options, "receive_own_messages": True})), True
        except ProductError:
            pass
    return open_bus(uri), False


def _loop(bus: can.BusABC, uri: VciUri) -> dict[str, Any]:
    sent: set[bytes] = set()

    def send(data: bytes) -> None:
        sent.add(data)
        try:
            bus.send(can.Message(arbitration_id=IDENTIFIER, data=data, is_extended_id=False), 0.2)
        except can.CanTimeoutError as error:
            raise NoResponse(str(error)) from error
        except (can.CanError, OSError) as error:
            raise VciLost(f"{uri} sends nothing: {error}.") from error

    def echoes(seconds: float) -> int:
        until, count = time.monotonic() + seconds, 0
        while (left := until - time.monotonic()) > 0:
            try:
                message = bus.recv(0 if count else left)
            except (can.CanError, OSError) as error:
                raise VciLost(f"{uri} receives nothing: {error}.") from error
            if message is None:
                return count
            count += message.arbitration_id == IDENTIFIER and bytes(message.data) in sent
        return count

    return measure(send, echoes, uri.bitrate)


def _serial(bus: can.BusABC) -> str:
    """Some drivers tell it; most do not."""
    tell = getattr(bus, "get_serial_number", None)
    try:
        return clean(str(tell(0) if tell is not None else getattr(bus, "serial", "") or ""), 40)
    except (can.CanError, OSError, TypeError, ValueError):
        return ""


def _word(yes: bool) -> str:
    return "yes" if yes else "no"
