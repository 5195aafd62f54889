"""The panel's filter language: words, fields and their combinations; and what may come next while one is written. Pure.

    7E8                         in identifier, unit, service or words
    unit:ENGINE and not pending
    id:700-7FF or service:TransferData
    bus:can1 (id:0C9 or data:1A40) text:"not active"

Fields are id (exact, with * or a range), unit, service (name or number), text, bus, data (hex digits in a row). Two
terms side by side mean "and"; "and" binds closer than "or". Letters count the same in both cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from core.errors import UsageError
from core.protocol.uds import SERVICE_NAMES

FIELDS = ("id", "unit", "service", "text", "bus", "data")
WORDS = ("and", "or", "not")
LONGEST = 500
_DEEPEST = 20
_TOKEN = re.compile(r'\s*(?:(\()|(\))|((?:\w+:)?"[^"]*"?|[^\s()"]+))')
_RANGE = re.compile(r"([0-9a-f]{1,8})-([0-9a-f]{1,8})")
_NOT_NEEDED = re.compile(r"[\s.:-]")
EXAMPLE = "Write it like this: unit:ENGINE and not service:TransferData"


class Facts(NamedTuple):
    """What a filter asks of one row or line, in small letters. `data` as hex digits."""

    id: str = ""
    unit: str = ""
    service: str = ""
    text: str = ""
    bus: str = ""
    data: str = ""


Test = Callable[[Facts], bool]


class Filter:
    """A filter that was understood. `fields` are those it looks at; "" among them is a bare word."""

    def __init__(self, test: Test | None, fields: frozenset[str]) -> None:
        self._test = test
        self.fields = fields

    def __bool__(self) -> bool:
        return self._test is not None

    def matches(self, facts: Facts) -> bool:
        return self._test is None or self._test(facts)


EVERYTHING = Filter(None, frozenset())


def parse(text: str) -> Filter:
    """UsageError that names the place where `text` cannot be understood."""
    if not text.strip():
        return EVERYTHING
    if len(text) > LONGEST:
        raise UsageError(f"A filter has {LONGEST} characters at most.", EXAMPLE)
    parser = _Parser(_tokens(text))
    test = parser.either(0)
    if parser.token:
        raise UsageError(f"The filter has {parser.token!r} too much.", EXAMPLE)
    return Filter(test, frozenset(parser.fields))


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            raise UsageError(f"The filter cannot be understood at {text[position:][:20]!r}.", EXAMPLE)
        found.append(match[1] or match[2] or match[3])
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = [*tokens, ""]
        self._at = 0
        self.fields: set[str] = set()

    @property
    def token(self) -> str:
        return self._tokens[self._at]

    def _is(self, word: str) -> bool:
        if self.token.casefold() != word:
            return False
        self._at += 1
        return True

    def either(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise UsageError("The filter is nested too deeply.", EXAMPLE)
        tests = [self._both(depth)]
        while self._is("or"):
            tests.append(self._both(depth))
        return tests[0] if len(tests) == 1 else lambda facts: any(test(facts) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._maybe_not(depth)]
        while self._is("and") or (self.token and self.token != ")" and self.token.casefold() != "or"):
            tests.append(self._maybe_not(depth))
        return tests[0] if len(tests) == 1 else lambda facts: all(test(facts) for test in tests)

    def _maybe_not(self, depth: int) -> Test:
        if depth > _DEEPEST:
            raise UsageError("The filter is nested too deeply.", EXAMPLE)
        if self._is("not"):
            test = self._maybe_not(depth + 1)
            return lambda facts: not test(facts)
        if self._is("("):
            test = self.either(depth + 1)
            if not self._is(")"):
                raise UsageError("A bracket of the filter is not closed.", EXAMPLE)
            return test
        return self._term()

    def _term(self) -> Test:
        token = self.token
        if not token or token == ")" or token.casefold() in WORDS:
            raise UsageError(f"The filter lacks a word {f'before {token!r}' if token else 'at its end'}.", EXAMPLE)
        self._at += 1
        name, colon, value = token.partition(":")
        if token.startswith('"') or not colon:
            name, value = "", token
        elif name.casefold() not in FIELDS:
            raise UsageError(f"The filter knows no field {name!r}.", f"It knows {', '.join(FIELDS)}.")
        name, value = name.casefold(), value.strip('"').casefold()
        if not value:
            raise UsageError(f"The filter lacks a value behind {token!r}.", EXAMPLE)
        self.fields.add(name)
        return _TESTS[name](value)


def _bare(value: str) -> Test:
    return lambda f: value in f.id or value in f.unit or value in f.service or value in f.text


def _id(value: str) -> Test:
    limits = _RANGE.fullmatch(value)
    if limits:
        low, high = int(limits[1], 16), int(limits[2], 16)
        return lambda facts: _within(facts.id, low, high)
    if "*" in value or "?" in value:
        return lambda facts: fnmatchcase(facts.id, value)
    return lambda facts: facts.id == value or (">" in facts.id and value in facts.id.split(">"))


def _within(identifier: str, low: int, high: int) -> bool:
    try:
        return any(low <= int(part, 16) <= high for part in identifier.split(">"))
    except ValueError:
        return False


def _service(value: str) -> Test:
    name = value.replace(" ", "")
    try:
        number = int(value.removeprefix("0x"), 16)
    except ValueError:
        number = -1
    named = SERVICE_NAMES.get(number, "").casefold()
    return lambda facts: bool(facts.service) and (facts.service == named or name in facts.service)


def _data(value: str) -> Test:
    digits = _NOT_NEEDED.sub("", value)
    if not digits or any(digit not in "0123456789abcdef" for digit in digits):
        raise UsageError(f"data: takes hex digits, not {value!r}.", "Write it like this: data:22F190")
    return lambda facts: digits in facts.data


_TESTS: dict[str, Callable[[str], Test]] = {
    "": _bare,
    "id": _id,
    "unit": lambda value: lambda facts: value in facts.unit,
    "service": _service,
    "text": lambda value: lambda facts: value in facts.text,
    "bus": lambda value: lambda facts: value in facts.bus,
    "data": _data,
}


# -- completion


def complete(text: str, names: Sequence[Sequence[str]] = ((), (), ())) -> list[str]:
    """What `text` may go on as, best first: its last word made longer. `names`: identifiers, units, buses seen."""
    word = re.search(r'(?:\w+:)?"[^"]*$|[^\s()"]*$', text)
    last = word[0] if word else ""
    head = text[: len(text) - len(last)]
    field, colon, begun = last.partition(":")
    if colon:
        begun = begun.lstrip('"').casefold()
        values = _values(field.casefold(), names)
        starting = [v for v in values if v.casefold().startswith(begun)]
        inside = [v for v in values if begun and begun in v.casefold() and v not in starting]
        found = [f"{field}:{_quoted(value)}" for value in (*starting, *inside)]
    else:
        wanted = last.casefold()
        offered = [f"{name}:" for name in FIELDS]
        if head.strip() and not _wants_term(head):
            offered = [*("and ", "or "), "not ", *offered]
        elif not last:
            offered = [*offered, "not "]
        else:
            offered = [*offered, *(f"{each} " for each in WORDS)]
        found = [each for each in offered if each.startswith(wanted)]
    return [head + each for each in found if head + each != text][:50]


def _wants_term(head: str) -> bool:
    """Whether what stands before the last word is incomplete without another term."""
    before = head.split()[-1].casefold() if head.split() else ""
    return before in WORDS or before.endswith("(")


def _values(field: str, names: Sequence[Sequence[str]]) -> Sequence[str]:
    identifiers, units, buses = names
    return {"id": identifiers, "unit": units, "bus": buses, "service": sorted(SERVICE_NAMES.values())}.get(field, ())


def _quoted(value: str) -> str:
    return f'"{value}"' if re.search(r'[\s()"]', value) else value
