"""The reference pages, made from the code: one for each message, each negative response, timer and DoIP code. Pure.

Names: the code itself ("2221-47", "PB-202"), "nrc-0x31", "routing-0x03", "nack-0x06", "header-0x02".
"""

from __future__ import annotations

from collections.abc import Iterator

from core import errors
from core.diagnosis.explain.offline import explained
from core.diagnosis.explain.reasons import DENIED_CODES
from core.errors import ProductError
from core.messages import NOTICES, UNEXPECTED, UNEXPECTED_ADVICE, headline
from core.protocol import nrc
from core.support.meanings import MEANINGS
from core.vocabulary.shop.support import HelpPage

SOURCE = "reference"
_PREFIXES = {"activation": "routing", "message": "nack", "header": "header"}


def codes() -> tuple[str, ...]:
    """Every code of the message list, in order."""
    return tuple(sorted({cls.code for cls in _error_classes()} | set(NOTICES) | {UNEXPECTED}))


def pages() -> Iterator[HelpPage]:
    for code in codes():
        yield message_page(code)
    for number in nrc.known_codes():
        yield nrc_page(number)
    for denied, numbers in DENIED_CODES.items():
        for number in sorted(numbers):
            yield _explained_page(f"{_PREFIXES[denied]}-0x{number:02x}", f"{_PREFIXES[denied]}:{number:02x}")


def message_page(code: str) -> HelpPage:
    advice = {cls.code: cls.default_advice for cls in _error_classes()} | NOTICE_ADVICE
    title = f"{code} {headline(code)}"
    lines = [f"# {title}", "", MEANINGS.get(code, title), "", "## What to do", "", advice[code]]
    return HelpPage(code, title, "\n".join(lines), SOURCE)


NOTICE_ADVICE = {
    "2221-54": "Close the program and start it again. The PC need not restart.",
    "2173-43": "Nothing is to be done.",
    UNEXPECTED: UNEXPECTED_ADVICE,
}


def nrc_page(number: int) -> HelpPage:
    return _explained_page(f"nrc-0x{number:02x}", f"0x{number:02x}")


def _explained_page(name: str, what: str) -> HelpPage:
    """What it means, then what it means in each step of a job: the same words as beside a job that failed."""
    title, steps = explained(what)
    lines = [f"# {title}", ""]
    advice = nrc.lookup(int(what, 16)).advice if what.startswith("0x") else ""
    if advice:
        lines += ["## What to do", "", advice, ""]
    lines += ["## In the steps of a job", ""]
    for step in steps:
        told = step.explanation
        lines += [f"**{step.title}**", "", f"- {told.meaning}", f"- {told.state_now}", f"- {told.what_to_do}", ""]
    return HelpPage(name, title, "\n".join(lines).rstrip(), SOURCE)


def _error_classes() -> list[type[ProductError]]:
    found = [getattr(errors, name) for name in errors.__all__]
    return [cls for cls in found if issubclass(cls, ProductError)]
