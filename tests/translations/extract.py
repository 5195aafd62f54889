"""Which texts there are to translate: those in `_()` and `several()` of the roof, sentences of the core by their shape.

A sentence of the core is a text with a blank and letters that is no docstring and stands in a module whose words reach
a technician. Its places get numbers: f"{name} is in use by {holder}." is "{0} is in use by {1}.".
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.translations.backend import on_the_wire

REPOSITORY = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": 1, "several": 2}
"""How many of the first arguments are texts."""
SPEAKING = (
    "core/errors", "core/messages.py", "core/settings.py", "core/pc", "core/diagnosis", "core/workbench", "core/vci",
    "core/protocol/nrc.py", "core/protocol/dtc.py", "core/catalogue/images.py", "core/catalogue/catalogue.py",
    "core/catalogue/coding.py", "core/catalogue/compile_process.py", "core/catalogue/plans", "core/trace",
    "core/reports", "core/host", "core/licence", "core/releases", "core/online",
    "core/simulation/misbehaviour", "core/vocabulary",
)  # fmt: skip
SILENT = ("core/host/codec.py", "core/host/wire.py", "core/workbench/host_process.py")
_PLACE = re.compile(r"\{[^{}]*\}")
_LETTERS = re.compile(r"[A-Za-z]{2,}")


def catalogue() -> Catalog:
    """Everything, without places in the code: they would change with every line."""
    found = Catalog(domain="passbay", project="Passbay", charset="utf-8", fuzzy=False)
    for path in sorted((REPOSITORY / "tui").rglob("*.py")):
        if "locale" in path.parts:
            continue
        for message in roof_texts(path.read_text(encoding="utf-8")):
            found.add(message)
    for text in sorted(core_sentences()):
        found.add(text, context="core")
    return found


def roof_texts(source: str) -> Iterator[str | tuple[str, ...]]:
    """Also those inside of f-strings, which Babel's own reading sees in Python 3.12 and later only."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
            texts = [getattr(text, "value", None) for text in node.args[: KEYWORDS[node.func.id]]]
            found = tuple(text for text in texts if isinstance(text, str))
            if len(found) != KEYWORDS[node.func.id]:
                raise ValueError(f"line {node.lineno}: {ast.unparse(node)} has no text that could be looked up")
            yield found if len(found) > 1 else found[0]


def core_sentences() -> set[str]:
    return on_the_wire(sentences) | {
        text
        for path in sorted((REPOSITORY / "core").rglob("*.py"))
        if _speaks(path.relative_to(REPOSITORY).as_posix())
        for text in sentences(path.read_text(encoding="utf-8"))
    }


def _speaks(name: str) -> bool:
    return name.startswith(SPEAKING) and name not in SILENT


def sentences(source: str) -> Iterator[str]:
    """Templates of the texts in one module."""
    tree = ast.parse(source)
    skipped = set(_silent_nodes(tree))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            skipped.update(id(part) for part in node.values)
            text = _template(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = _numbered(node.value)
        else:
            continue
        if is_sentence(text):
            yield text


def is_sentence(text: str) -> bool:
    """Words, not code: a blank between letters; no format of a log, no pattern, no name of a file or function."""
    bare = _PLACE.sub("", text)
    words = _LETTERS.findall(bare)
    if len(words) < 2 or " " not in text.strip():
        return False
    return not re.search(r"%[sdr]|\\[a-z]|^[a-z_]+\(|\(\?|[\x00-\x1f]|^[A-Z_ ,*()]+$|^\W*-", text)


def _template(node: ast.JoinedStr) -> str:
    parts, number = [], 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            parts.append(f"{{{number}}}")
            number += 1
    return "".join(parts)


def _numbered(text: str) -> str:
    numbers = iter(range(100))
    return _PLACE.sub(lambda _: f"{{{next(numbers)}}}", text)


def _silent_nodes(tree: ast.AST) -> Iterator[int]:
    """Docstrings, arguments of the log, annotations, dictionary keys."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in ("log", "logging", "re", "struct"):
                yield from (id(each) for argument in node.args for each in ast.walk(argument))
        elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield from (id(each) for each in ast.walk(node.annotation))
