"""`python -m core.support.reference_page` writes REFERENCE.md beside it: every code of the program, from the code.

A test fails while the file is not what this module would write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core import errors
from core.diagnosis.explain.offline import explained
from core.diagnosis.explain.reasons import DENIED_CODES
from core.errors import ProductError
from core.messages import headline
from core.protocol import nrc
from core.protocol.kwp2000 import nrc as kwp_nrc
from core.support import reference
from core.support.meanings import MEANINGS

FILE = Path(__file__).with_name("REFERENCE.md")
_OPENING = """# Messages and errors

Written from the code by `python -m core.support.reference_page`: not to be edited by hand. The same pages stand in the
app behind each message, and `passbay support page CODE` prints one: `2221-47`, `PB-202`, `nrc-0x31`, `routing-0x03`.
What a refusal means in one step of a job is told by `passbay explain CODE --step STEP`."""
_PREFIXES = {"activation": "routing", "message": "nack", "header": "header"}


def page() -> str:
    """The whole file."""
    parts = [_OPENING, "## Messages", *_table(("code", "message", "when and why", "what to do", "class"), _messages())]
    for standard, table in (("ISO 14229-1 (UDS)", nrc), ("ISO 14230-3 (KWP2000)", kwp_nrc)):
        rows = ((f"0x{e.code:02X}", e.name, e.words, e.advice) for e in map(table.lookup, table.known_codes()))
        parts += [f"## Negative responses, {standard}", *_table(("code", "name", "words", "what to do"), rows)]
    return "\n\n".join([*parts, "## Refusals of a DoIP gateway", *_table(("page", "words"), _denied())]) + "\n"


def _messages() -> Iterator[tuple[str, ...]]:
    for code in reference.codes():
        classes = [cls for cls in _error_classes() if cls.code == code]
        advice = classes[0].default_advice if classes else reference.NOTICE_ADVICE[code]
        advice = reference.NOTICE_ADVICE.get(code, advice)
        names = ", ".join(f"`{cls.__name__}`" for cls in classes)
        yield code, headline(code), MEANINGS[code], advice, names


def _denied() -> Iterator[tuple[str, ...]]:
    for kind, numbers in DENIED_CODES.items():
        prefix = _PREFIXES[kind]
        for number in sorted(numbers):
            yield f"{prefix}-0x{number:02x}", explained(f"{prefix}:{number:02x}")[0]


def _error_classes() -> list[type[ProductError]]:
    found = [getattr(errors, name) for name in errors.__all__]
    return sorted((cls for cls in found if issubclass(cls, ProductError)), key=lambda cls: (cls.code, cls.__name__))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [_row(head), _row(("---",) * len(head)), *map(_row, rows)]
    return ["\n".join(lines)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
