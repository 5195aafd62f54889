"""What a device can do, what it cannot, how its last test went, in words: for screens and command line. No widget."""

from __future__ import annotations

from core.vocabulary import DeviceInfo, DeviceTrial, DoipEntity, Transport

NOT_WITHOUT_DOIP = "units behind DoIP (head unit, cluster): no diagnosis over IP (G5)"
NOT_WITHOUT_CAN = "vehicles with units on CAN: DoIP vehicles only (G6)"


def cannot(device: DeviceInfo) -> str:
    """What no vehicle can be asked through this device; "" where nothing is known to be out of reach."""
    if Transport.DOIP not in device.transports:
        return NOT_WITHOUT_DOIP
    return "" if Transport.CAN in device.transports else NOT_WITHOUT_CAN


def tested(trial: DeviceTrial, when: str) -> str:
    """One line: when, and what came out."""
    if trial.problem:
        return f"{when} failed: {trial.problem}"
    parts = [_versions(trial, 2), "no volts" if trial.voltage is None else f"{trial.voltage:.1f} V"]
    if trial.latency_ms is not None:
        parts.append(f"{trial.latency_ms:.2f} ms")
    if trial.frames_per_second is not None:
        parts.append(f"{trial.frames_per_second} frames/s")
    return f"{when} works: {', '.join(part for part in parts if part)}"


def verdict(trial: DeviceTrial) -> str:
    """Short, for the list."""
    if trial.problem:
        return "test failed"
    return "answers" if trial.voltage is None else f"answers, {trial.voltage:.1f} V"


def trial_lines(trial: DeviceTrial) -> list[str]:
    """The whole test."""
    if trial.problem:
        return [f"- {trial.problem}", f"  {trial.advice}"]
    volts = "cannot measure" if trial.voltage is None else f"{trial.voltage:.1f} V"
    lines = [f"+ {trial.name}  {volts}  {trial.seconds:.1f} s", f"  {_versions(trial)}"]
    if trial.loopback:
        lines.append(f"  {'loop-back':<29} {trial.loopback}")
    if trial.latency_ms is not None:
        lines.append(f"  {'latency':<29} {trial.latency_ms:.2f} ms")
    if trial.frames_per_second is not None:
        share = f", {trial.wire_share:.0%} of the wire" if trial.wire_share is not None else ""
        lines.append(f"  {'throughput':<29} {trial.frames_per_second} frames/s{share}")
    lines += [f"  ! {limit}" for limit in trial.limits]
    return [*lines, *(f"  {what:<29} {how}" for what, how in trial.abilities)]


def entity_words(entity: DoipEntity) -> str:
    """What an entity told of itself when it was asked, or that it only announced itself."""
    node = {0: "gateway", 1: "node"}.get(entity.node_type if entity.node_type is not None else -1, "")
    testers = f"{entity.open_sockets} of {entity.max_sockets} testers" if entity.max_sockets is not None else ""
    power = {0: "not ready", 1: "ready"}.get(entity.power_mode if entity.power_mode is not None else -1, "")
    heard = "announced itself" if entity.unasked else "answers"
    return ", ".join(word for word in (heard, node, testers, power) if word)


def _versions(trial: DeviceTrial, most: int = 6) -> str:
    told = (
        ("firmware", trial.firmware), ("library", trial.library_version), ("API", trial.api), ("ABI", trial.abi),
        ("serial", trial.serial), ("VIN", trial.vin),
    )  # fmt: skip
    return ", ".join(f"{title} {text}" for title, text in told[:most] if text)
