"""The pre-flight of one unit: every line that is looked at before the first erase, in one order. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, LinkLimit, ReadClock, ReadVoltage
from core.diagnosis.idents import UnitReader
from core.diagnosis.preflight import names
from core.diagnosis.preflight.estimate import UNKNOWN_WIRE, Wire, estimate
from core.diagnosis.preflight.image import load_images, older_check, size_check, unit_check
from core.diagnosis.preflight.override import marked
from core.diagnosis.preflight.pc import pc_checks, time_check
from core.diagnosis.preflight.rules import device_check, link_check, ready_check, vehicle_check, voltage_check
from core.diagnosis.preflight.signature import signature_check
from core.diagnosis.preflight.unit import ident_checks
from core.diagnosis.security import AccessRules, SecurityMethods, access_problem, method_of
from core.pc.laptop import UNKNOWN_PC, PcState
from core.vocabulary import EcuAddress, FlashCheck, Transport

if TYPE_CHECKING:
    from core.catalogue.images import FlashImage
    from core.catalogue.model import FlashSession, UnitInfo
    from core.diagnosis.identify import KnownVehicle
    from core.diagnosis.preflight.image import ImageSource

USUAL_BLOCK = {Transport.CAN: 4095, Transport.DOIP: 16384}
"""Bytes of a TransferData message that units usually offer, for the estimate: the unit tells it after the erase."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is outside of the vehicle. `pc` reads the laptop's state (nothing known: no lines), `wire` is the device's.

    A `simulated` vehicle cannot be lost with the laptop's battery: that line is a warning there.
    """

    pc: Callable[[], PcState] = lambda: UNKNOWN_PC
    wire: Wire = UNKNOWN_WIRE
    simulated: bool = False


NO_BENCH = Bench()


@dataclass(frozen=True)
class Subject:
    """Who is flashed with what. `known` is the unit's flashware in the vehicle data, newest last."""

    vehicle: KnownVehicle
    unit: UnitInfo
    address: EcuAddress | None
    session: FlashSession
    source: ImageSource
    known: tuple[FlashSession, ...] = ()
    bench: Bench = NO_BENCH
    cover: tuple[FlashCheck, ...] = ()
    """Lines of rule G2 and of a flash plan's own, where the caller has made them: in place of the vehicle's."""

    @property
    def memory(self) -> tuple[tuple[int, int], ...]:
        """As the session describes it, else as the vehicle data do: an image with a plan brings no description."""
        return self.session.memory or next((session.memory for session in self.known if session.memory), ())


@dataclass(frozen=True)
class Findings:
    """The lines, and the image that they speak of: empty where it is damaged."""

    checks: tuple[FlashCheck, ...]
    images: tuple[FlashImage, ...]


def run_checks(subject: Subject, reader: UnitReader | None, software: str = "", in_boot: bool = False) -> Job[Findings]:
    """All lines. `reader` asks the unit; None where the device cannot reach it: then its own lines are left out.

    A failed check is no error here; silence of a unit that should answer is (NoResponse).
    """
    session, policy = subject.session, subject.session.policy
    checks = list(subject.cover) or [vehicle_check(subject.vehicle)]
    checks.append(device_check(subject.vehicle, subject.unit))
    images, image_line = load_images(session, subject.source)
    limit = 0
    if reader is not None:
        checks.append(unit_check(session, subject.unit.name))
        checks += yield from ident_checks(session, reader, in_boot)
        order = [one.own_software for one in subject.known]
        older = None if in_boot else older_check(subject.unit.name, session, software, order)
        checks += [older] if older is not None else []
        checks.append(voltage_check((yield ReadVoltage()), policy.voltage_minimum, policy.voltage_maximum))
        if subject.address is not None and subject.address.transport is Transport.DOIP:
            checks += ready_check(subject.vehicle.surroundings.power_mode())
        limit = yield LinkLimit(reader.address)
        _, now = yield ReadClock()
        methods = subject.vehicle.surroundings.security
        checks += [link_check(session, limit), access_check(methods, subject.unit.name, policy, now)]
    checks += [image_line, size_check(session, subject.memory), signature_check(session, _sha256(images))]
    expected = None
    if subject.address is not None and limit:
        length = min(limit, policy.max_block or USUAL_BLOCK[subject.address.transport])
        expected = estimate(session.size, length, subject.address, subject.bench.wire, policy.reset_time)
    checks += pc_checks(subject.bench.pc(), expected, strict=not subject.bench.simulated)
    checks += [time_check(expected)] if expected is not None else []
    return Findings(marked(checks, policy.allow_override), images)


def access_check(methods: SecurityMethods, unit: str, rules: AccessRules, now: float) -> FlashCheck:
    """The method that opens the unit is installed here, and the certificate that it needs is valid `now`."""
    method, wanted = method_of(rules), "valid certificate" if rules.authentication else "installed"
    problem, advice = access_problem(methods, rules, now)
    reason = f"{problem} {unit} could not be opened." if problem else ""
    return FlashCheck(names.ACCESS, not problem, method, wanted, reason, advice=advice)


def _sha256(images: tuple[FlashImage, ...]) -> str:
    """Over the bytes in the order in which they are sent, "" for none."""
    digest = hashlib.sha256()
    for image in images:
        for segment in image.segments:
            digest.update(segment.data)
    return digest.hexdigest() if images else ""
