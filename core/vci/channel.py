"""The one port to the vehicle: what every VCI offers, whatever stands behind it. No implementation here.

A `Vci` is one open device with its lock. A `Link` is one conversation with one unit: whole UDS PDUs in and out
(ISO-TP and DoIP are below it). Errors: VciLost when the device or connection goes, NoResponse(timer=...) for a
transport timer (N_Bs, N_Cr, A_DoIP_Diagnostic_Message), RoutingDenied for DoIP nacks, RemoteProtocolError for
broken transport rules. Deadlines are values of the VCI's clock (`time.monotonic` on the product's path), seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from core.vocabulary import CanFrame, DoipMessage, EcuAddress, Transport

Tap = Callable[[CanFrame | DoipMessage], None]
"""Sees every frame and message of a VCI once, both directions, in bus order; called from the reader thread."""

Clock = Callable[[], float]


class Link(Protocol):
    """One conversation with one unit. One thread at a time; closing is idempotent."""

    address: EcuAddress
    max_pdu: int
    """Largest PDU in bytes that device and transport carry (J2534: 4095; ISO-TP: 2**32-1; DoIP: entity's limit)."""

    def send(self, pdu: bytes) -> None:
        """Send one PDU; returns when the transport has handed it over (last frame sent, or DoIP ack received)."""

    def receive(self, deadline: float) -> bytes | None:
        """The next PDU from this unit, None when `deadline` passes. A begun multi-frame answer is waited for."""

    def receiving_since(self) -> float | None:
        """When a multi-frame answer has begun but not ended: the time of its first frame (stops P2), else None."""

    def clear(self) -> None:
        """Forget PDUs that arrived and were not read."""

    def close(self) -> None: ...


class Vci(Protocol):
    """One open device."""

    uri: str
    name: str
    transports: frozenset[Transport]
    can_fd: bool
    """Whether CAN FD frames may be sent; units that speak it are out of reach where not."""

    def open_link(self, address: EcuAddress) -> Link:
        """A link to a unit. VciNotFound(...) with the reason where the device does not speak its transport (G5, G6)."""

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        """Send one short PDU to `address.functional` (single frame only on CAN, page 3 3.4). Never blocks on a link:
        this is the keep-alive's own path."""

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """Send functionally and collect what the units at `addresses` answer until `deadline`."""

    def voltage(self) -> float | None:
        """Supply voltage in volts, None where the device cannot measure it."""

    def vin_hint(self) -> str:
        """The VIN that the way itself told (DoIP identification), "" where it tells none."""

    def power_mode(self) -> int | None:
        """Whether the vehicle says that it is ready: DoIP's diagnostic power mode, None where the way tells none."""

    def close(self) -> None: ...
