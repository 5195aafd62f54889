"""What a device can do, what it cannot, how its last test went, in words: for screens and command line. No widget."""

from __future__ import annotations

from core.vocabulary import DeviceInfo, DeviceTrial, DoipEntity, Transport
from tui.locale import _, said

NOT_WITHOUT_DOIP = _("units behind DoIP (head unit, cluster): no diagnosis over IP (G5)")
NOT_WITHOUT_CAN = _("vehicles with units on CAN: DoIP vehicles only (G6)")


def cannot(device: DeviceInfo) -> str:
    """What no vehicle can be asked through this device; "" where nothing is known to be out of reach."""
    if Transport.DOIP not in device.transports:
        return NOT_WITHOUT_DOIP
    return "" if Transport.CAN in device.transports else NOT_WITHOUT_CAN


def tested(trial: DeviceTrial, when: str) -> str:
    """One line: when, and what came out."""
    if trial.problem:
        return _("{when} failed: {problem}").format(when=when, problem=said(trial.problem))
    parts = [_versions(trial, 2), _("no volts") if trial.voltage is None else f"{trial.voltage:.1f} V"]
    if trial.latency_ms is not None:
        parts.append(f"{trial.latency_ms:.2f} ms")
    if trial.frames_per_second is not None:
        parts.append(_("{frames_per_second} frames/s").format(frames_per_second=trial.frames_per_second))
    return _("{when} works: {join}").format(when=when, join=", ".join(part for part in parts if part))


def verdict(trial: DeviceTrial) -> str:
    """Short, for the list."""
    if trial.problem:
        return _("test failed")
    return _("answers") if trial.voltage is None else _("answers, {voltage:.1f} V").format(voltage=trial.voltage)


def trial_lines(trial: DeviceTrial) -> list[str]:
    """The whole test."""
    if trial.problem:
        return [f"- {said(trial.problem)}", f"  {said(trial.advice)}"]
    volts = _("cannot measure") if trial.voltage is None else f"{trial.voltage:.1f} V"
    lines = [f"+ {trial.name}  {volts}  {trial.seconds:.1f} s", f"  {_versions(trial)}"]
    if trial.loopback:
        lines.append(f"  {'loop-back':<29} {trial.loopback}")
    if trial.latency_ms is not None:
        lines.append(f"  {'latency':<29} {trial.latency_ms:.2f} ms")
    if trial.frames_per_second is not None:
        share = (
            _(", {wire_share:.0%} of the wire").format(wire_share=trial.wire_share)
            if trial.wire_share is not None
            else ""
        )
        lines.append(
            _("  {value:<29} {frames_per_second} frames/s{share}").format(
                value=_("throughput"), frames_per_second=trial.frames_per_second, share=share
            )
        )
    lines += [f"  ! {said(limit)}" for limit in trial.limits]
    return [*lines, *(f"  {said(what):<29} {said(how)}" for what, how in trial.abilities)]


def entity_words(entity: DoipEntity) -> str:
    """What an entity told of itself when it was asked, or that it only announced itself."""
    node = {0: "gateway", 1: "node"}.get(entity.node_type if entity.node_type is not None else -1, "")
    testers = (
        _("{open_sockets} of {max_sockets} testers").format(
            open_sockets=entity.open_sockets, max_sockets=entity.max_sockets
        )
        if entity.max_sockets is not None
        else ""
    )
    power = {0: _("not ready"), 1: _("ready")}.get(entity.power_mode if entity.power_mode is not None else -1, "")
    heard = _("announced itself") if entity.unasked else _("answers")
    return ", ".join(word for word in (heard, node, testers, power) if word)


def _versions(trial: DeviceTrial, most: int = 6) -> str:
    told = (
        ("firmware", trial.firmware), ("library", trial.library_version), ("API", trial.api), ("ABI", trial.abi),
        ("serial", trial.serial), ("VIN", trial.vin),
    )  # fmt: skip
    return ", ".join(f"{title} {text}" for title, text in told[:most] if text)
