"""A flash plan in words, one sentence a line, for people who will not read TOML. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from core.catalogue.model import FlashPolicy
from core.catalogue.plans.model import FlashPlanFile
from core.vocabulary import KWP2000, UDS, EuroClass

_SCOPES = {
    "block": "each block is erased before it is sent",
    "whole": "all is erased at once before the first block",
    "none": "the boot loader erases by itself",
}
_FORMS = {"number": "with the block's number", "address": "with address and length", "empty": "with nothing else"}


def describe(plan: FlashPlanFile) -> tuple[str, ...]:
    """What would be done to which unit, and when it would be refused."""
    lines = (*_head(plan), *_sequence(plan.policy, plan.protocol), *_blocks(plan))
    return tuple(line[0].upper() + line[1:] for line in lines)


def _head(plan: FlashPlanFile) -> Iterator[str]:
    where = f" at {plan.address}" if plan.address is not None else ""
    title = f": {plan.title}" if plan.title else ""
    yield f"unit {plan.unit}{where}{title}"
    if plan.protocol != UDS:
        yield f"it speaks {plan.protocol}"
    if plan.euro_class is EuroClass.UNKNOWN:
        yield "for any vehicle that the vehicle data cover: the plan itself names no emission class"
    elif plan.euro_class.covered:
        yield f"for vehicles certified {plan.euro_class.value}"
    else:
        yield f"! the plan is for {plan.euro_class.value}, which is not covered: it will be refused"
    if plan.vin_prefixes:
        yield f"the VIN begins with {' or '.join(plan.vin_prefixes)}"
    if plan.hardware:
        yield f"the hardware is {' or '.join(plan.hardware)}"
    for ident in plan.expected_idents:
        yield f"the identification {ident.name} ({ident.did:04X}) is {' or '.join(ident.values)}"
    yield f"software afterwards: {plan.software_after}" if plan.software_after else "the new software is not named"
    if plan.image_sha256:
        yield f"only the image with SHA-256 {plan.image_sha256}"
    if plan.signature:
        yield f"signed by the key {plan.public_key}" if plan.public_key else "! signed, but no key is named to check it"
    if not plan.is_proven:
        yield "! nothing proves the result: name a checksum routine or the software afterwards"


def _sequence(policy: FlashPolicy, protocol: str) -> Iterator[str]:
    yield f"supply voltage {policy.voltage_minimum:g} to {policy.voltage_maximum:g} V"
    off = [word for on, word in ((policy.dtc_setting, "trouble code storage"),
                                 (policy.communication_control, "normal messages")) if on]  # fmt: skip
    quiet = f", {' and '.join(off)} off" if off else ""
    alive = f"keep-alive every {policy.keep_alive_interval:g} s"
    yield f"session {policy.extended_session:02X} for all units{quiet}, {alive}"
    if policy.precondition_routine is not None:
        yield f"routine {policy.precondition_routine:04X} says whether the unit is ready"
    entry = f"authentication by {policy.authentication} and " if policy.authentication else ""
    level = f"security access level {policy.security_level:02X} by {policy.security_method}"
    yield f"programming session {policy.programming_session:02X}, {entry}{level}"
    if policy.fingerprint_did is not None:
        yield f"fingerprint into {policy.fingerprint_did:04X}"
    if policy.erase_scope == "none":
        yield _SCOPES[policy.erase_scope]
    else:
        form = _FORMS[policy.erase_form]
        yield f"{_SCOPES[policy.erase_scope]} (routine {policy.erase_routine:04X}, {form})"
    limit = f"blocks of up to {policy.max_block} bytes" if policy.max_block else "as long as unit and device allow"
    again = "sent once more after silence" if policy.resend_on_timeout else "never sent twice"
    if protocol == KWP2000:
        again = "sent once more only where the unit cannot have taken all of it"
    yield f"data {limit}, {again}"
    if policy.checksum_routine is not None:
        yield f"{policy.checksum_algorithm} of each block compared by routine {policy.checksum_routine:04X}"
    if policy.dependency_routine is not None:
        yield f"routine {policy.dependency_routine:04X} checks that all blocks belong together"
    yield f"reset within {policy.reset_time:g} s" + (", trouble codes cleared" if policy.clear_dtcs else "")
    yield from _rules(policy)


def _rules(policy: FlashPolicy) -> Iterator[str]:
    if policy.resume:
        yield "an interrupted download is gone on with"
    if policy.depends_on:
        yield f"after {', '.join(policy.depends_on)}"
    if policy.parallel:
        yield "beside other units where the vehicle speaks DoIP"
    if policy.allow_override:
        yield "a red check may be passed by typing the unit's name"


def _blocks(plan: FlashPlanFile) -> Iterator[str]:
    for number, block in enumerate(plan.blocks, 1):
        spans = ", ".join(f"0x{first:08X} to 0x{last:08X}" for first, last in block.ranges)
        yield f"block {number} {block.name}: {spans}"
    if not plan.blocks:
        yield "the whole image is one block"
