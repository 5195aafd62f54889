"""Reads a flash plan (TOML). Every problem is DataInvalid with the file, the line and the key. Touches no vehicle."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from core.catalogue.model import Checksum, ExpectedIdent, usual_policy
from core.catalogue.plans import schema
from core.catalogue.plans.lines import Place, line_numbers, line_of
from core.catalogue.plans.model import FlashPlanFile, PlanBlock
from core.catalogue.plans.schema import Key
from core.errors import DataInvalid
from core.pc.files import open_file
from core.vocabulary import KWP2000, UDS, CanAddress, DoipAddress, EcuAddress

LARGEST_FILE = 1 << 20
SHOWN_PROBLEMS = 5
ADVICE = "`passbay plan show` prints a plan that is right; compare the named line with it."
_SECTIONS = tuple(dict.fromkeys((*schema.PLAN, *schema.POLICY)))[1:]


def plan_from_toml(path: Path) -> FlashPlanFile:
    """The plan in a file. DataInvalid names the line and the key of what is wrong (`place`), up to five of them."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DataInvalid(f"{path.name} is larger than {LARGEST_FILE >> 20} MiB.", file=str(path), place="size")
        with open_file(path) as stream:
            data = stream.read(LARGEST_FILE)
    except OSError as error:
        raise DataInvalid(
            f"{path.name} cannot be read: {error.strerror or error}.", "Check the path and its rights.", file=str(path)
        ) from error
    return plan_from_text(data, str(path))


def plan_from_text(data: bytes, file: str) -> FlashPlanFile:
    """The same for the content of a file."""
    try:
        text = data.decode("utf-8")
        table = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _invalid(file, [(line, "", "it is not UTF-8 text")]) from error
    except RecursionError as error:
        raise _invalid(file, [(1, "", "it is nested too deeply")]) from error
    except ValueError as error:  # TOMLDecodeError, and what int() says of a number with thousands of digits
        raise DataInvalid(f"{Path(file).name} is not TOML: {error}.", ADVICE, file=file, place=str(error)) from error
    reader = _Reader(table, line_numbers(text))
    plan = reader.plan(file)
    if reader.problems:
        raise _invalid(file, reader.problems)
    assert plan is not None  # a problem was told otherwise
    return plan


def _invalid(file: str, problems: list[tuple[int, str, str]]) -> DataInvalid:
    problems = sorted(problems, key=lambda problem: problem[0])
    said = "; ".join(f"line {line}: {key} {words}".replace("  ", " ") for line, key, words in problems[:SHOWN_PROBLEMS])
    more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
    line, key, _ = problems[0]
    return DataInvalid(f"{Path(file).name}, {said}{more}.", ADVICE, file=file, place=f"line {line} {key}".strip())


class _Reader:
    """One table on its way to a plan; `problems` gathers (line, key, words)."""

    def __init__(self, table: Mapping[str, Any], lines: dict[Place, int]) -> None:
        self._table, self._lines = table, lines
        self.problems: list[tuple[int, str, str]] = []

    def plan(self, file: str) -> FlashPlanFile | None:
        known = ("format", "title", "blocks", *_SECTIONS)
        self._refuse_unknown((), self._table, known)
        if self._table.get("format") != schema.FORMAT or isinstance(self._table.get("format"), bool):
            self._say(("format",), f"must be {schema.FORMAT}")
        fields = self._keys((), schema.PLAN[""], {k: v for k, v in self._table.items() if k == "title"})
        sections = {name: self._section(name) for name in _SECTIONS}
        address = self._address(sections["unit"])
        for name in _SECTIONS:
            if name in schema.PLAN:
                allowed = _extra_of(name)
                content = {k: v for k, v in sections[name].items() if k not in allowed}
                fields |= self._keys((name,), schema.PLAN[name], content)
        if "unit" not in fields and not self.problems:
            self._say(("unit",), "name is missing")
        protocol = fields.get("protocol", UDS)
        if isinstance(address, CanAddress):
            address = replace(address, protocol=protocol)
        policy = self._policy(sections)
        idents = tuple(self._idents(sections["expected"].get("idents", [])))
        blocks = tuple(self._blocks(self._table.get("blocks", [])))
        if self.problems:
            return None
        plan = FlashPlanFile(
            **fields, policy=replace(usual_policy(protocol), **policy), file=file, address=address,
            expected_idents=idents, blocks=blocks,
        )  # fmt: skip
        self._contradictions(plan)
        return plan

    # -- parts

    def _section(self, name: str) -> Mapping[str, Any]:
        content = self._table.get(name, {})
        if isinstance(content, dict):
            return content
        self._say((name,), "must be a table")
        return {}

    def _policy(self, sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        policy: dict[str, Any] = {}
        for name, keys in schema.POLICY.items():
            policy |= self._keys((name,), keys, sections[name])
        return policy

    def _keys(self, place: Place, keys: Iterable[Key], content: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that `content` gives; unknown keys and wrong values are problems."""
        by_name = {key.name: key for key in keys}
        self._refuse_unknown(place, content, by_name)
        fields = {}
        for name, key in by_name.items():
            if name not in content:
                continue
            try:
                fields[key.field] = key.kind.read(content[name])
            except ValueError:
                self._say((*place, name), f"is {_shown(content[name])}; it must be {key.kind.words}")
        return fields

    def _address(self, unit: Mapping[str, Any]) -> EcuAddress | None:
        can = {k: v for k, v in unit.items() if k in {key.name for key in schema.CAN}}
        doip = {k: v for k, v in unit.items() if k in {key.name for key in schema.DOIP}}
        if can and doip:
            self._say(("unit", next(iter(doip))), "stands beside CAN identifiers: a unit has one address")
            return None
        before = len(self.problems)
        if doip:
            fields = self._keys(("unit",), schema.DOIP, doip)
            return DoipAddress(**fields) if self._complete("unit", fields, ("logical",), "address", before) else None
        if can:
            fields = self._keys(("unit",), schema.CAN, can)
            complete = self._complete("unit", fields, ("tx", "rx"), "tx and rx", before)
            return CanAddress(**fields) if complete else None
        return None

    def _complete(
        self, section: str, fields: Mapping[str, Any], wanted: tuple[str, ...], words: str, before: int
    ) -> bool:
        if len(self.problems) > before:
            return False
        if any(name not in fields for name in wanted):
            self._say((section,), f"{words} must be there")
            return False
        return True

    def _tables(self, place: Place, content: Any) -> Iterable[tuple[Place, Mapping[str, Any]]]:
        if not isinstance(content, list):
            self._say(place, "must be an array of tables")
            return
        for number, entry in enumerate(content):
            if isinstance(entry, dict):
                yield (*place, number), entry
            else:
                self._say((*place, number), "must be a table")

    def _idents(self, content: Any) -> Iterable[ExpectedIdent]:
        for place, entry in self._tables(("expected", "idents"), content):
            fields = self._keys(place, schema.IDENT, entry)
            if len(fields) == 3 and fields["values"]:
                yield ExpectedIdent(**fields)
            else:
                self._say(place, "needs name, did and at least one of values")

    def _blocks(self, content: Any) -> Iterable[PlanBlock]:
        for place, entry in self._tables(("blocks",), content):
            plain = {k: v for k, v in entry.items() if k not in ("ranges", "checksums")}
            fields = self._keys(place, schema.BLOCK, plain)
            ranges = self._ranges((*place, "ranges"), entry.get("ranges"))
            checksums = tuple(self._checksums((*place, "checksums"), entry.get("checksums", [])))
            if "name" in fields and ranges:
                yield PlanBlock(ranges=ranges, checksums=checksums, **fields)
            else:
                self._say(place, "needs name and ranges, like [[0x1000, 0x1FFF]]")

    def _ranges(self, place: Place, content: Any) -> tuple[tuple[int, int], ...]:
        pairs = content if isinstance(content, list) else []
        ranges = []
        for pair in pairs:
            numbers = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
            try:
                first, last = (schema.ADDRESS.read(number) for number in numbers)
            except ValueError:
                self._say(place, f"holds {_shown(pair)}; it must be a list of [first, last] addresses")
                continue
            if first > last:
                self._say(place, f"holds 0x{first:X} to 0x{last:X}: the first address comes first")
            ranges.append((first, last))
        return tuple(ranges)

    def _checksums(self, place: Place, content: Any) -> Iterable[Checksum]:
        for at, entry in self._tables(place, content):
            fields = self._keys(at, schema.CHECKSUM, entry)
            if len(fields) == len(schema.CHECKSUM):
                yield Checksum(**fields)
            else:
                self._say(at, "needs algorithm, start, end and result")

    # -- rules

    def _contradictions(self, plan: FlashPlanFile) -> None:
        policy = plan.policy
        self._protocol(plan)
        if policy.voltage_minimum >= policy.voltage_maximum:
            self._say(("voltage",), "minimum must be below maximum")
        if policy.erase_scope == "whole" and policy.erase_form == "number":
            self._say(("erase", "form"), 'must be "address" or "empty" where all is erased at once')
        if plan.unit.casefold() in (name.casefold() for name in policy.depends_on):
            self._say(("order", "depends_on"), "names the unit itself")
        names = [block.name.casefold() for block in plan.blocks]
        for at, name in enumerate(names):
            if name in names[:at]:
                self._say(("blocks", at, "name"), f"{plan.blocks[at].name!r} stands twice")
        spans = sorted((*span, at) for at, block in enumerate(plan.blocks) for span in block.ranges)
        for before, after in pairwise(spans):
            if after[0] <= before[1]:
                self._say(("blocks", after[2], "ranges"), f"0x{after[0]:X} belongs to two blocks")
        highest = (1 << 8 * (policy.address_format & 0x0F)) - 1
        for _, last, at in spans:
            if last > highest:
                self._say(("blocks", at, "ranges"), f"0x{last:X} does not fit the address format")

    def _protocol(self, plan: FlashPlanFile) -> None:
        """Sessions of UDS have 7 bits, of KWP2000 the eighth too; local identifiers of KWP2000 are one byte."""
        is_kwp, policy = plan.protocol == KWP2000, plan.policy
        for name, number in (("extended", policy.extended_session), ("programming", policy.programming_session)):
            if (number > 0x7F) != is_kwp:
                self._say(("session", name), f"is {number:#04x}, which is no session of {plan.protocol}")
        if is_kwp and isinstance(plan.address, DoipAddress):
            self._say(("unit", "protocol"), "is KWP2000, which is not spoken on DoIP")
        if is_kwp and policy.resend_on_timeout:
            self._say(("transfer", "resend_on_timeout"), "must be false: a block of KWP2000 has no counter")
        places = {"prepare": policy.precondition_routine, "erase": policy.erase_routine,
                  "checksum": policy.checksum_routine, "finish": policy.dependency_routine}  # fmt: skip
        for section, routine in places.items():
            if is_kwp and routine is not None and routine > 0xFF:
                key = "dependency_routine" if section == "finish" else "routine"
                self._say((section, key), f"is {routine:#06x}, but KWP2000 has one byte for it")

    # -- problems

    def _refuse_unknown(self, place: Place, content: Mapping[str, Any], known: Iterable[str]) -> None:
        names = list(known)
        for name in content:
            if name not in names:
                self._say((*place, name), f"is not known here; known: {', '.join(names)}")

    def _say(self, place: Place, words: str) -> None:
        self.problems.append((line_of(self._lines, place), _dotted(place), words))


def _extra_of(section: str) -> set[str]:
    """Keys of a section that have a reader of their own."""
    if section == "unit":
        return {key.name for key in (*schema.CAN, *schema.DOIP)}
    return {"idents"} if section == "expected" else set()


def _dotted(place: Place) -> str:
    """("blocks", 0, "ranges") as blocks[1].ranges."""
    text = ""
    for part in place:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
