"""Writes a flash plan as TOML: every key with its comment, numbers as the standards write them. Reads back the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from core.catalogue.plans import schema
from core.catalogue.plans.model import FlashPlanFile, PlanBlock
from core.catalogue.plans.schema import Key
from core.vocabulary import CanAddress, DoipAddress, EcuAddress

COMMENT_COLUMN = 44
_ALWAYS = ("tx", "rx", "logical")
HEAD = "# A flash plan of Passbay. Keys that are left out take their usual values; `passbay plan check` checks it."


def plan_to_toml(plan: FlashPlanFile) -> str:
    """The whole plan. plan_from_text gives an equal one back (apart from `file`)."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: FlashPlanFile) -> Iterator[str]:
    yield HEAD
    yield f"format = {schema.FORMAT}"
    yield from _section("", schema.PLAN[""], plan)
    yield from _section("unit", schema.PLAN["unit"], plan)
    if plan.address is not None:
        yield from _address(plan.address)
    for name in ("vehicle", "expected", "image"):
        yield from _section(name, schema.PLAN[name], plan)
        if name == "expected":
            for ident in plan.expected_idents:
                yield from _table("[[expected.idents]]", schema.IDENT, ident)
    for name, keys in schema.POLICY.items():
        yield from _section(name, keys, plan.policy)
    for block in plan.blocks:
        yield from _block(block)


def _section(name: str, keys: Iterable[Key], values: Any) -> Iterator[str]:
    yield from _table(f"[{name}]" if name else "", keys, values)


def _table(header: str, keys: Iterable[Key], values: Any) -> Iterator[str]:
    if header:
        yield ""
        yield header
    for key in keys:
        line = f"{key.name} = {key.kind.show(getattr(values, key.field))}"
        yield f"{line:<{COMMENT_COLUMN}}# {key.about}" if key.about else line


def _address(address: EcuAddress) -> Iterator[str]:
    """What must be there, and what is not as usual."""
    usual: EcuAddress = CanAddress(0, 0) if isinstance(address, CanAddress) else DoipAddress(0)
    keys = schema.CAN if isinstance(address, CanAddress) else schema.DOIP
    for key in keys:
        value = getattr(address, key.field)
        if key.field in _ALWAYS or value != getattr(usual, key.field):
            yield f"{key.name} = {key.kind.show(value)}"


def _block(block: PlanBlock) -> Iterator[str]:
    yield from _table("[[blocks]]", schema.BLOCK, block)
    pairs = ", ".join(f"[{schema.ADDRESS.show(first)}, {schema.ADDRESS.show(last)}]" for first, last in block.ranges)
    yield f"{f'ranges = [{pairs}]':<{COMMENT_COLUMN}}# first and last address"
    for checksum in block.checksums:
        yield from _table("[[blocks.checksums]]", schema.CHECKSUM, checksum)
