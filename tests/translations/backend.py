"""The back end's sentences: what it refuses reaches the app as a problem on the wire, and the portal's pages.

Unlike other modules those of the back end hold descriptions, queries and headers, too; what is said to people ends with
a full stop, but for the few words that are put into such a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

CORE = Path(__file__).resolve().parents[2] / "core"
ON_THE_WIRE = ("backend",)
SHOWN = (
    "errors/base.py", "errors/online.py", "backend/api/account.py", "backend/identity", "backend/issuer",
    "backend/ledger", "backend/portal", "backend/store/faults.py", "backend/store/idempotency.py",
)  # fmt: skip
"""Whose sentences a page can show."""
WORDS = {
    "contract number", "name of the system", "name of the user", "name of the organisation", "changing a vehicle",
    "diagnosing a vehicle", "anything else",
}  # fmt: skip

Reader = Callable[[str], Iterator[str]]


def on_the_wire(read: Reader) -> set[str]:
    return _found(read, ON_THE_WIRE, without="backend/portal") | WORDS


def shown(read: Reader) -> set[str]:
    return _found(read, SHOWN, without="backend/portal/language.py") | WORDS


def _found(read: Reader, places: tuple[str, ...], without: str) -> set[str]:
    return {
        text
        for path in sorted(CORE.rglob("*.py"))
        if (name := path.relative_to(CORE).as_posix()).startswith(places) and not name.startswith(without)
        for text in read(path.read_text(encoding="utf-8"))
        if text.endswith(".")
    }
