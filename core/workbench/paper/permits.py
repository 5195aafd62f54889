"""The permit of a connected vehicle's jobs: which job needs which right, and when none is needed at all.

A simulated vehicle on an installation that was never commissioned needs no set-up: then nothing of the paper side is
even loaded. Everything else asks core/licence/permits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from core.vocabulary import Permit

if TYPE_CHECKING:
    from core.workbench.paper.paper import Paper

_CHANGES = {"clear": False, "uds-change": False, "flash": True, "coding": True, "uds-write": True}
"""Kinds that alter a vehicle -> whether they need the role flash, too (L2: flash and first parametrisation)."""
_READING_SERVICES = frozenset(
    (0x10, 0x12, 0x13, 0x17, 0x18, 0x19, 0x1A, 0x21, 0x22, 0x23, 0x24, 0x27, 0x29, 0x2A, 0x2C, 0x3E, 0x83, 0x86)
)
_PASSING_SERVICES = frozenset((0x11, 0x14, 0x28, 0x2F, 0x30, 0x85))
"""Reset, clear, actuators, communication: gone with the next start, no commissioning of a unit. All others are."""


class PaperOfJob(Protocol):
    """core.licence.permits.JobPaper, or nothing to be asked."""

    def vehicle_known(
        self, group: str, vin: str, *, announce: bool = False, images: Mapping[str, str] | None = None
    ) -> Permit: ...
    def confirm(self, unit: str, image: str) -> None: ...
    def ended(self) -> None: ...


class NoPaperNeeded:
    """Simulation needs no set-up."""

    def vehicle_known(
        self, group: str, vin: str, *, announce: bool = False, images: Mapping[str, str] | None = None
    ) -> Permit:
        return Permit("", "", group, "simulation")

    def confirm(self, unit: str, image: str) -> None:
        pass

    def ended(self) -> None:
        pass


class JobPermits:
    """Of one vehicle, by the URI that it was connected with."""

    def __init__(self, paper: Paper, uri: str) -> None:
        self._paper = paper
        self._simulated = uri.startswith("sim:")
        self._announced: set[str] = set()

    def admit(self, kind: str, unit: str) -> PaperOfJob:
        """Before the first byte is sent. LicenceError."""
        if self._simulated and not self._paper.commissioned:
            return NoPaperNeeded()
        from core.licence.permits import Need

        need = Need(kind, change=kind in _CHANGES, flash=_CHANGES.get(kind, False), free=kind == "identify")
        return self._paper.licence.admit(need, unit)

    def opens(self, group: str) -> bool:
        """True at the first time that this product group is met here (2173-43)."""
        if group in self._announced:
            return False
        self._announced.add(group)
        return True


def kind_of_requests(pdus: Sequence[bytes]) -> str:
    """uds (reading), uds-change (passes away), uds-write (commissioning) of raw requests."""
    services = {pdu[0] for pdu in pdus if pdu}
    if services <= _READING_SERVICES:
        return "uds"
    return "uds-change" if services <= _READING_SERVICES | _PASSING_SERVICES else "uds-write"
