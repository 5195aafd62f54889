"""The reference pages, made from the code: one for each message, each negative response and DoIP refusal. Pure.

Names: the code itself ("2221-47", "PB-202"), "nrc-0x31" (UDS), "kwp-0x40" (KWP2000), "routing-0x03", "nack-0x06",
"header-0x02". An error knows the name of its page (`ProductError.page`). `say` puts each text into the language of the
reader; the standards' names and numbers stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from core import errors
from core.diagnosis.explain.offline import explained
from core.diagnosis.explain.reasons import DENIED_CODES
from core.errors import ProductError
from core.messages import NOTICES, UNEXPECTED, UNEXPECTED_ADVICE, headline
from core.protocol import nrc
from core.protocol.kwp2000 import nrc as kwp_nrc
from core.support.meanings import MEANINGS
from core.vocabulary.saying import Say, english
from core.vocabulary.shop.support import HelpPage, NumberedMessage

SOURCE = "reference"
PREFIXES = {"activation": "routing", "message": "nack", "header": "header"}
_NAME = re.compile(r"(nrc|kwp|routing|nack|header)-0x([0-9a-f]{2})")
HEADINGS = ("When it comes", "What to do", "In the steps of a job")


@cache
def codes() -> tuple[str, ...]:
    """Every code of the message list, in order: those of the manual first."""
    return tuple(sorted({cls.code for cls in error_classes()} | set(NOTICES) | {UNEXPECTED}))


def names() -> Iterator[str]:
    """Of all pages. Codes that no table names have one as well, when it is asked for."""
    yield from codes()
    yield from (f"nrc-0x{code:02x}" for code in nrc.known_codes())
    yield from (f"kwp-0x{code:02x}" for code in kwp_nrc.known_codes())
    for denied, numbers in DENIED_CODES.items():
        yield from (f"{PREFIXES[denied]}-0x{number:02x}" for number in sorted(numbers))


def pages(say: Say = english) -> Iterator[HelpPage]:
    for name in names():
        found = page(name, say)
        assert found is not None
        yield found


def page(name: str, say: Say = english) -> HelpPage | None:
    """One page; None for what is no name of one."""
    if name in MEANINGS:
        return _message_page(name, say)
    found = _NAME.fullmatch(name)
    return _explained_page(name, found[1], int(found[2], 16), say) if found is not None else None


def numbered(say: Say = english) -> tuple[NumberedMessage, ...]:
    """Every code with its headline and when it comes."""
    return tuple(NumberedMessage(code, say(headline(code)), say(MEANINGS[code].when)) for code in codes())


def steps(code: str) -> tuple[str, ...]:
    """What to do, the most likely help first."""
    return MEANINGS[code].steps or (_advice()[code],)


@cache
def _advice() -> dict[str, str]:
    return {cls.code: cls.default_advice for cls in error_classes()} | {UNEXPECTED: UNEXPECTED_ADVICE}


def _message_page(code: str, say: Say) -> HelpPage:
    told, title = MEANINGS[code], f"{code} {say(headline(code))}"
    when, to_do, _ = map(say, HEADINGS)
    lines = [f"# {title}", "", say(told.meaning), "", f"## {when}", "", say(told.when), "", f"## {to_do}", ""]
    wanted = [say(step) for step in steps(code)]
    lines += wanted if len(wanted) == 1 else [f"{number}. {step}" for number, step in enumerate(wanted, 1)]
    return HelpPage(code, title, "\n".join(lines), SOURCE)


def _explained_page(name: str, kind: str, number: int, say: Say) -> HelpPage:
    """What it means, then what it means in each step of a job: the same words as beside a job that failed."""
    what = f"0x{number:02x}" if kind == "nrc" else f"{kind}:{number:02x}"
    title, told = explained(what, say=say)
    _, to_do, in_steps = map(say, HEADINGS)
    lines = [f"# {title}", ""]
    if kind in ("nrc", "kwp"):
        table = nrc if kind == "nrc" else kwp_nrc
        lines += [f"## {to_do}", "", say(table.lookup(number).advice), ""]
    lines += [f"## {in_steps}", ""]
    for step in told:
        words = step.explanation
        lines += [f"**{step.title}**", "", f"- {words.meaning}", f"- {words.state_now}", f"- {words.what_to_do}", ""]
    return HelpPage(name, title, "\n".join(lines).rstrip(), SOURCE)


def error_classes() -> list[type[ProductError]]:
    found = [getattr(errors, name) for name in errors.__all__]
    return [cls for cls in found if issubclass(cls, ProductError)]
