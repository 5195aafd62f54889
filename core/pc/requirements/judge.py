"""Holds facts against a profile: one row a requirement, with value, limit, verdict and advice. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.pc.requirements.facts import GIB, PcFacts
from core.pc.requirements.profiles import Profile
from core.vocabulary.shop.check import RequirementRow, Verdict

Demand = dict[str, Any]
Finding = tuple[str, str, Verdict, str]  # value, limit, verdict, advice
_SYSTEM_NAMES = {"Linux": "Linux", "Windows": "Windows", "Darwin": "macOS"}


def judge(facts: PcFacts, profile: Profile) -> tuple[RequirementRow, ...]:
    """In the profile's order."""
    rows = []
    for key, demand in profile.demands.items():
        title, look = _LOOKS[key]
        value, limit, verdict, advice = look(facts, demand)
        rows.append(RequirementRow(key, title, value, limit, verdict, "" if verdict is Verdict.OK else advice))
    return tuple(rows)


def _short(demand: Demand) -> Verdict:
    """What falling short of the minimum means."""
    return Verdict.FAILED if demand["need"] == "required" else Verdict.WARNING


def _administrator(facts: PcFacts, demand: Demand) -> Finding:
    limit = "for installation and updates"
    if facts.administrator is None:
        return "the system does not tell", limit, Verdict.UNKNOWN, "Start the program as administrator once."
    if facts.administrator:
        return "yes", limit, Verdict.OK, ""
    return "no", limit, _short(demand), "Start the program as administrator for installation and updates."


def _system(facts: PcFacts, demand: Demand) -> Finding:
    names = " or ".join(_SYSTEM_NAMES[name] for name in demand["systems"])
    release, bits = demand.get("release"), demand.get("bits")
    limit = " ".join(part for part in (names, str(release or ""), f"{bits}-bit" if bits else "") if part)
    value = f"{facts.version}, {facts.bits}-bit"
    fits = facts.system in demand["systems"] and (not bits or facts.bits >= bits)
    if fits and release:
        told = facts.release.partition(".")[0]
        fits = told.isdigit() and int(told) >= release
    verdict = Verdict.OK if fits else _short(demand)
    return value, limit, verdict, f"Use a PC with {limit} where this profile is asked for."


def _processor(facts: PcFacts, demand: Demand) -> Finding:
    limit = f"{demand['minimum']} cores or more"
    if facts.cores is None:
        return facts.processor, limit, Verdict.UNKNOWN, "Look up how many cores the processor has."
    speed = f" at {facts.frequency / 1000:.1f} GHz" if facts.frequency else ""
    verdict = Verdict.OK if facts.cores >= demand["minimum"] else _short(demand)
    return f"{facts.cores} cores{speed}, {facts.processor}", limit, verdict, "Use a PC with a faster processor."


def _memory(facts: PcFacts, demand: Demand) -> Finding:
    return _size(facts.memory, demand, "Fit more memory, or close other programs while flashing.")


def _disk(facts: PcFacts, demand: Demand) -> Finding:
    return _size(facts.power.free_bytes, demand, "Free disk space: releases, traces and journals need it.", "free")


def _size(told: int | None, demand: Demand, advice: str, word: str = "") -> Finding:
    minimum, wanted = demand["minimum"], demand.get("recommended")
    limit = f"{minimum} GiB" + (f", {wanted} recommended" if wanted else "")
    if told is None:
        return "the system does not tell", limit, Verdict.UNKNOWN, advice
    value = f"{told / GIB:.1f} GiB {word}".strip()
    if told / GIB < minimum * 0.94:  # 8 GiB are sold where firmware and graphics take some of it
        return value, limit, _short(demand), advice
    if wanted and told / GIB < wanted * 0.94:
        return value, limit, Verdict.WARNING, advice
    return value, limit, Verdict.OK, ""


def _drive(facts: PcFacts, demand: Demand) -> Finding:
    advice = "A solid-state drive makes starts and updates quicker."
    if facts.solid_state is None:
        return "the system does not tell", "SSD", Verdict.UNKNOWN, advice
    return ("SSD", "SSD", Verdict.OK, "") if facts.solid_state else ("hard disk", "SSD", _short(demand), advice)


def _python(facts: PcFacts, demand: Demand) -> Finding:
    wanted = tuple(demand["version"])
    value = f"{'.'.join(map(str, facts.python))}, {facts.python_bits}-bit"
    limit = f"{'.'.join(map(str, wanted))} or newer"
    verdict = Verdict.OK if facts.python[:2] >= wanted else _short(demand)
    return value, limit, verdict, f"Install Python {limit}."


def _terminal(facts: PcFacts, demand: Demand) -> Finding:
    limit = f"{demand['columns']}x{demand['lines']}"
    screen = facts.terminal
    if screen.columns is None or screen.lines is None:
        return "no terminal", limit, Verdict.UNKNOWN, "Commands work without one; the screens need a terminal."
    fits = screen.columns >= demand["columns"] and screen.lines >= demand["lines"]
    return f"{screen.columns}x{screen.lines}", limit, Verdict.OK if fits else _short(demand), "Make the window larger."


def _colours(facts: PcFacts, demand: Demand) -> Finding:
    told, limit = facts.terminal.colours, f"{demand['minimum']} or more"
    value = {0: "none", 1 << 24: "all (24 bit)"}.get(told, str(told))
    verdict = Verdict.OK if told >= demand["minimum"] else _short(demand)
    return value, limit, verdict, "Every status is a word, too; set TERM to the terminal's real name to have colours."


def _characters(facts: PcFacts, demand: Demand) -> Finding:
    advice = "Set a UTF-8 locale, or start with --ascii."
    return ("UTF-8", "UTF-8", Verdict.OK, "") if facts.terminal.utf8 else ("not UTF-8", "UTF-8", _short(demand), advice)


def _clock(facts: PcFacts, demand: Demand) -> Finding:
    limit = f"within {demand['difference'] // 60} min of the server"
    if facts.clock_difference is None:
        return "not compared", limit, Verdict.UNKNOWN, "Connect to the back end once; look at date and time yourself."
    value = f"{facts.clock_difference:+.1f} s"
    fits = abs(facts.clock_difference) <= demand["difference"]
    return value, limit, Verdict.OK if fits else _short(demand), "Set date, time and time zone of this PC right."


def _power(facts: PcFacts, demand: Demand) -> Finding:
    power, limit = facts.power, f"mains, battery above {demand['battery']} %"
    if power.mains is None:
        return "the system does not tell", limit, Verdict.UNKNOWN, "Connect the charger before a flash."
    if power.battery is None:
        return "mains, no battery", limit, Verdict.OK, ""
    value = f"{'mains' if power.mains else 'on battery'}, {power.battery:.0f} %"
    fits = power.mains and power.battery >= demand["battery"]
    return value, limit, Verdict.OK if fits else _short(demand), "Connect the charger before a flash."


def _devices(facts: PcFacts, demand: Demand) -> Finding:
    limit = "one or more"
    if facts.devices is None:
        return "not looked for", limit, Verdict.UNKNOWN, "`passbay devices` lists what this PC offers."
    advice = "Install the driver of the device; `passbay devices` names what is missing. The simulation works."
    return str(facts.devices), limit, Verdict.OK if facts.devices else _short(demand), advice


def _browser(facts: PcFacts, _demand: Demand) -> Finding:
    if facts.browser is None:
        return "no Windows", "Edge", Verdict.NOT_NEEDED, "Passbay itself needs no browser."
    if facts.browser:
        return f"Edge {facts.browser}", "Edge", Verdict.OK, ""
    return "none found", "Edge", Verdict.WARNING, "Shop and portal open in any browser; Passbay itself needs none."


def _dotnet(facts: PcFacts, demand: Demand) -> Finding:
    wanted = tuple(demand["version"])
    limit = f"{wanted[0]}.{wanted[1]} or newer"
    if facts.dotnet is None:
        return "no Windows", limit, Verdict.NOT_NEEDED, "Passbay itself needs no .NET."
    value = f"{facts.dotnet[0]}.{facts.dotnet[1]}" if any(facts.dotnet) else "none found"
    verdict = Verdict.OK if facts.dotnet >= wanted else Verdict.WARNING
    return value, limit, verdict, "Some device drivers need it: Windows Update installs it. Passbay itself does not."


_LOOKS: dict[str, tuple[str, Callable[[PcFacts, Demand], Finding]]] = {
    "administrator": ("Administrator rights", _administrator),
    "system": ("Operating system", _system),
    "processor": ("Processor", _processor),
    "memory": ("Memory", _memory),
    "disk": ("Free disk space", _disk),
    "drive": ("Drive", _drive),
    "python": ("Python", _python),
    "terminal": ("Terminal size", _terminal),
    "colours": ("Colours", _colours),
    "characters": ("Characters", _characters),
    "clock": ("Clock", _clock),
    "power": ("Power supply", _power),
    "devices": ("Ways to a vehicle", _devices),
    "browser": ("Browser", _browser),
    "dotnet": (".NET", _dotnet),
}
