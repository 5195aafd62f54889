"""The lines that the unit itself answers: hardware and expected identifications (ODX-F EXPECTED-IDENT, 0x22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.diagnosis.commands import Job
from core.diagnosis.idents import UnitReader, items_of_kind, says
from core.diagnosis.preflight import names
from core.vocabulary import FlashCheck

if TYPE_CHECKING:
    from core.catalogue.model import FlashSession

_OTHER = "Choose flashware that fits this unit; `passbay survey` names what it holds."


def ident_checks(session: FlashSession, reader: UnitReader, in_boot: bool) -> Job[list[FlashCheck]]:
    """Hardware, then every expected identification. A boot loader cannot tell its software: a warning."""
    checks = []
    if session.hardware:
        hardware = yield from reader.of_kind("hardware")
        ok = hardware in session.hardware
        wanted = " or ".join(session.hardware)
        reason = "" if ok else f"The hardware is {hardware or 'not told'}, the flashware is for {wanted}."
        checks.append(FlashCheck(names.HARDWARE, ok, hardware, wanted, reason, advice="" if ok else _OTHER))
    software_dids = {item.did for item in items_of_kind(reader.unit, "software")}
    hardware_dids = {item.did for item in items_of_kind(reader.unit, "hardware")}
    for ident in session.expected_idents:
        if session.hardware and ident.did in hardware_dids:
            continue
        data = yield from reader.read(ident.did)
        measured = yield from reader.text(ident.did)
        wanted = " or ".join(ident.values)
        is_software = ident.did in software_dids
        if is_software and in_boot:
            reason = "The unit is in its boot loader and cannot tell its software: it was left in programming."
            checks.append(FlashCheck(ident.name, None, measured, wanted, reason))
            continue
        allowed = (*ident.values, session.own_software) if is_software else ident.values  # the same again: --force
        ok = data is not None and any(says(data, value) for value in allowed if value)
        reason = "" if ok else f"{ident.name} is {measured or 'not told'}, the flashware needs {wanted}."
        checks.append(FlashCheck(ident.name, ok, measured, wanted, reason, advice="" if ok else _OTHER))
    return checks
