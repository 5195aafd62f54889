"""The lines about this PC: mains and battery, disk, journal, and how long it will take. Reads nothing itself."""

from __future__ import annotations

from dataclasses import replace

from core.diagnosis.preflight import names
from core.diagnosis.preflight.estimate import Estimate, about, in_words
from core.pc.laptop import PcState
from core.vocabulary import FlashCheck

BATTERY_MINIMUM = 50.0  # percent, without mains
BATTERY_RESERVE = 2.0  # times the estimate that the battery must last
FREE_MINIMUM = 50 << 20  # bytes for journal, backups and reports
_MAINS = "Connect the laptop to the mains."


def pc_checks(pc: PcState, expected: Estimate | None, *, strict: bool = True) -> list[FlashCheck]:
    """One line each; none where nobody has looked at the PC. Not `strict`: the battery only warns."""
    if not pc.known:
        return []
    laptop = laptop_check(pc, expected.seconds if expected else 0.0)
    if laptop.ok is False and not strict:
        laptop = replace(laptop, ok=None, overridable=False)
    return [laptop, disk_check(pc), journal_check(pc)]


def laptop_check(pc: PcState, seconds: float) -> FlashCheck:
    """On mains, or a battery that lasts. What the PC does not tell is a warning."""
    wanted = f"mains, or {BATTERY_MINIMUM:.0f} % battery"
    percent = "" if pc.battery is None else f"battery {pc.battery:.0f} %"
    if pc.mains:
        return FlashCheck(names.LAPTOP, True, f"mains, {percent}" if percent else "mains", wanted)
    if pc.battery is None or pc.mains is None:
        reason = "This PC does not tell whether it is on mains: look at its plug."
        return FlashCheck(names.LAPTOP, None, percent or "not told", wanted, reason, advice=_MAINS)
    if pc.seconds_left is not None and pc.seconds_left < BATTERY_RESERVE * seconds:
        left = in_words(pc.seconds_left)
        reason = f"The laptop's battery lasts {left} more, the flash takes {about(seconds)}: too little reserve."
        return FlashCheck(names.LAPTOP, False, f"{percent}, {left}", wanted, reason, overridable=True, advice=_MAINS)
    if pc.battery < BATTERY_MINIMUM:
        reason = f"The laptop runs on its battery with {pc.battery:.0f} % (at least {BATTERY_MINIMUM:.0f} %)."
        return FlashCheck(names.LAPTOP, False, percent, wanted, reason, overridable=True, advice=_MAINS)
    reason = f"The laptop runs on its battery ({pc.battery:.0f} %): connect the mains."
    return FlashCheck(names.LAPTOP, None, percent, wanted, reason, advice=_MAINS)


def disk_check(pc: PcState) -> FlashCheck:
    """Room for the journal and the backups."""
    wanted = f"{FREE_MINIMUM >> 20} MiB"
    if pc.free_bytes is None:
        reason = "The free disk space cannot be read."
        return FlashCheck(names.DISK, None, "not told", wanted, reason, advice="Look at the disk by hand.")
    measured = f"{pc.free_bytes >> 20} MiB free"
    if pc.free_bytes >= FREE_MINIMUM:
        return FlashCheck(names.DISK, True, measured, wanted)
    reason = f"Only {pc.free_bytes >> 20} MiB are free for journal and backups ({pc.folder})."
    return FlashCheck(names.DISK, False, measured, wanted, reason, overridable=True, advice="Free disk space.")


def journal_check(pc: PcState) -> FlashCheck:
    """Journal and backups take a file: without them an interrupted flash would be forgotten."""
    if not pc.unwritable:
        return FlashCheck(names.JOURNAL, True, "writable", "writable")
    reason = f"The journal cannot be written ({pc.unwritable})."
    advice = "Correct the rights of the folder, or free disk space."
    return FlashCheck(names.JOURNAL, False, "not writable", "writable", reason, advice=advice)


def time_check(expected: Estimate) -> FlashCheck:
    """For information: never red."""
    measured = f"{about(expected.seconds)} at {expected.line}"
    return FlashCheck(names.TIME, True, measured, f"wire limit {in_words(expected.wire_limit)}")
