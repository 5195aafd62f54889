"""`python -m core.support.reference_page` writes REFERENCE.md beside it: every code of the program, from the code.

A test fails while the file is not what this module would write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from core.diagnosis.explain.offline import explained
from core.diagnosis.explain.reasons import DENIED_CODES
from core.messages import headline
from core.protocol import nrc
from core.protocol.kwp2000 import nrc as kwp_nrc
from core.support import reference
from core.support.meanings import MEANINGS

FILE = Path(__file__).with_name("REFERENCE.md")
_OPENING = """# Messages and errors

Written from the code by `python -m core.support.reference_page`: not to be edited by hand. The same pages stand in the
app behind each message, and `passbay support page CODE` prints one: `2221-47`, `PB-202`, `nrc-0x31`, `kwp-0x40`,
`routing-0x03`, in English, German or Italian (`--language`).
What a refusal means in one step of a job is told by `passbay explain CODE --step STEP`."""


def page() -> str:
    """The whole file."""
    parts = [_OPENING, "## Messages", *_table(("code", "message", "when and why", "what to do", "class"), _messages())]
    for standard, table in (("ISO 14229-1 (UDS)", nrc), ("ISO 14230-3 (KWP2000)", kwp_nrc)):
        rows = ((f"0x{e.code:02X}", e.name, e.words, e.advice) for e in map(table.lookup, table.known_codes()))
        parts += [f"## Negative responses, {standard}", *_table(("code", "name", "words", "what to do"), rows)]
    return "\n\n".join([*parts, "## Refusals of a DoIP gateway", *_table(("page", "words"), _denied())]) + "\n"


def _messages() -> Iterator[tuple[str, ...]]:
    for code in reference.codes():
        classes = sorted(cls.__name__ for cls in reference.error_classes() if cls.code == code)
        told = MEANINGS[code]
        names = ", ".join(f"`{name}`" for name in classes)
        yield code, headline(code), f"{told.when} {told.meaning}", " ".join(reference.steps(code)), names


def _denied() -> Iterator[tuple[str, ...]]:
    for kind, numbers in DENIED_CODES.items():
        prefix = reference.PREFIXES[kind]
        for number in sorted(numbers):
            yield f"{prefix}-0x{number:02x}", explained(f"{prefix}:{number:02x}")[0]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [_row(head), _row(("---",) * len(head)), *map(_row, rows)]
    return ["\n".join(lines)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
