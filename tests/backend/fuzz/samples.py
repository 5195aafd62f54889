"""Values for a schema of the OpenAPI document: valid ones, and ones that are not. All from one seeded generator."""

from __future__ import annotations

import random
import re
from re import _constants as c  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

NASTY_TEXT = (
    "", " ", "\x00", "a\x00b", "\ud800", "\u202egnp.exe", "\ufeff", "' OR 1=1 --", "'; DROP TABLE users; --",
    "<script>alert(1)</script>", "../../../../etc/passwd", "%00", "%s%s%n", "{{7*7}}", "${jndi:ldap://x}", "\r\nX: y",
    "\x1b]0;PWNED\x07", "A" * 201, "A" * 5_000, "\u0660\u0661", "İ" * 12, "-1", "1e999", "NaN", "null", "true", "[]",
)  # fmt: skip
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, [], {}, [[]], [{}],
    {"a": 1}, [None] * 2000, {"$ref": "#"}, *NASTY_TEXT,
)  # fmt: skip


def matching(pattern: str, rng: random.Random) -> str:
    """A text that the pattern (of ours: literals, classes, groups, choices, repeats) matches."""
    return "".join(_part(op, value, rng) for op, value in parser.parse(pattern))


def _part(op: Any, value: Any, rng: random.Random) -> str:
    if op is c.LITERAL:
        return chr(value)
    if op is c.IN:
        return _member(value, rng)
    if op in (c.MAX_REPEAT, c.MIN_REPEAT):
        least, most, inner = value
        count = rng.randint(least, min(most, least + 12))
        return "".join(_part(*item, rng) for _ in range(count) for item in inner)
    if op is c.SUBPATTERN:
        return "".join(_part(*item, rng) for item in value[-1])
    if op is c.BRANCH:
        return "".join(_part(*item, rng) for item in rng.choice(value[1]))
    if op is c.AT:
        return ""
    raise NotImplementedError(op)


def _member(members: list[Any], rng: random.Random) -> str:
    op, value = rng.choice(members)
    return chr(value) if op is c.LITERAL else chr(rng.randint(*value))


class Samples:
    """`known`: names of fields with values that exist on the server, so that requests get past the first check."""

    def __init__(self, document: dict[str, Any], known: dict[str, list[Any]], rng: random.Random) -> None:
        self._schemas = document["components"]["schemas"]
        self.known = known
        self.rng = rng

    def valid(self, schema: dict[str, Any], name: str = "") -> Any:
        if "$ref" in schema:
            return self.valid(self._schemas[schema["$ref"].rsplit("/", 1)[1]], name)
        if name in self.known and self.rng.random() < 0.7:
            return self.rng.choice(self.known[name])
        if "anyOf" in schema:
            return self.valid(self.rng.choice(schema["anyOf"]), name)
        if "enum" in schema:
            return self.rng.choice(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            count = self.rng.randint(0, min(4, schema.get("maxItems", 4)))
            return [self.valid(schema["items"]) for _ in range(count)]
        if kind == "integer":
            least, most = schema["minimum"], schema["maximum"]
            return self.rng.choice([least, most, self.rng.randint(least, min(most, least + 100))])
        if kind == "boolean":
            return self.rng.random() < 0.5
        return None if kind == "null" else self._text(schema)

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        required = set(schema["required"])
        return {
            name: self.valid(inner, name)
            for name, inner in schema["properties"].items()
            if name in required or self.rng.random() < 0.7
        }

    def _text(self, schema: dict[str, Any]) -> str:
        if "pattern" in schema:
            found = matching(schema["pattern"], self.rng)
            assert re.fullmatch(schema["pattern"], found), (schema["pattern"], found)
            return found[: schema.get("maxLength", 200)]
        length = self.rng.choice([schema["minLength"], min(schema["maxLength"], 40), schema["maxLength"]])
        return "".join(self.rng.choice("abc ÄÖ-09") for _ in range(length))

    def spoilt(self, value: Any) -> Any:
        """`value` with one thing wrong somewhere in it."""
        if isinstance(value, dict) and value and self.rng.random() < 0.8:
            name = self.rng.choice(list(value))
            way = self.rng.randrange(4)
            changed = dict(value)
            if way == 0:
                del changed[name]
            elif way == 1:
                changed[self.rng.choice(["extra", "__proto__", name + "s", "\x00"])] = self.rng.choice(NASTY)
            else:
                changed[name] = self.spoilt(value[name])
            return changed
        if isinstance(value, list) and value and self.rng.random() < 0.5:
            return [*value[1:], self.spoilt(value[0])]
        return self.rng.choice(NASTY)
