"""What the data of a unit asks for before it is changed: certificates (0x29) where it names them, else seed and key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.diagnosis.commands import Job
from core.diagnosis.security.authenticate import authenticate
from core.diagnosis.security.methods import SecurityMethods
from core.diagnosis.security.process import ProcessSigner
from core.diagnosis.security.unlock import unlock
from core.errors import ProductError
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.diagnosis.identify import KnownVehicle


class AccessRules(Protocol):
    """FlashPolicy and CodingRecord are such."""

    @property
    def security_level(self) -> int | None: ...

    @property
    def security_method(self) -> str: ...

    @property
    def authentication(self) -> str | None: ...


def open_access(vehicle: KnownVehicle, unit: str, address: EcuAddress, rules: AccessRules) -> Job[None]:
    """Opens the unit in its session. PreconditionNotMet with the reason where it stays closed: nothing was changed."""
    methods = vehicle.surroundings.security
    if rules.authentication:
        yield from authenticate(unit, address, methods.identity(rules.authentication), vin=vehicle.vin)
    elif rules.security_level is not None:
        yield from unlock(
            unit, address, rules.security_level, rules.security_method, methods=methods, vin=vehicle.vin
        )


def authenticate_early(vehicle: KnownVehicle, unit: str, address: EcuAddress, rules: AccessRules) -> Job[None]:
    """0x29 already in the extended session, where the data names it: a refused tester is told before the unit leaves
    its application, and units that switch their messages off for known testers only do so."""
    if rules.authentication:
        yield from open_access(vehicle, unit, address, rules)


def access_problem(methods: SecurityMethods, rules: AccessRules, now: float) -> tuple[str, str]:
    """(reason, advice) why `open_access` could not even begin at `now` (seconds since the epoch); ("", "") if it can.

    Nothing is sent for this: method, program, certificate, its dates.
    """
    try:
        if rules.authentication:
            identity = methods.identity(rules.authentication)
            problem = identity.problem(now)
            return problem, f"Renew it in {identity.place}." if problem and identity.place else ""
        signer = methods.signer(rules.security_method) if rules.security_level is not None else None
    except ProductError as missing:
        return missing.message, missing.advice
    if isinstance(signer, ProcessSigner) and signer.problem:
        return signer.problem, f"Correct [security.{signer.method}] in the settings file."
    return "", ""


def method_of(rules: AccessRules) -> str:
    """Its name, for a line of the pre-flight."""
    return rules.authentication or rules.security_method
