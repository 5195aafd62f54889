"""Which texts there are to translate: in `_()` and `several()` of the roof, helps of commands, sentences of the core.

A sentence of the core is a text with a blank and letters that is no docstring and stands in a module whose words reach
a technician. Its places get numbers: f"{name} is in use by {holder}." is "{0} is in use by {1}.".

Single words have no shape: core_words.txt names those that reach a technician. What click says by itself stands in
click_texts.txt.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.translations.asked import asked_for
from tests.translations.backend import on_the_wire
from tui.cli.speech import paragraphs

REPOSITORY = Path(__file__).resolve().parents[2]
KEYWORDS = {"_": 1, "several": 2}
"""How many of the first arguments are texts."""
SPEAKING = (
    "core/errors", "core/messages.py", "core/settings.py", "core/pc", "core/diagnosis", "core/workbench", "core/vci",
    "core/protocol/nrc.py", "core/protocol/kwp2000/nrc.py", "core/protocol/doip_messages.py",
    "core/protocol/doip.py", "core/protocol/isotp.py",
    "core/support/meanings.py", "core/support/reference.py", "core/support/contacts.py", "core/support/shelf.py",
    "core/protocol/dtc.py", "core/catalogue/images.py", "core/catalogue/catalogue.py",
    "core/catalogue/coding.py", "core/catalogue/compile_process.py", "core/catalogue/plans", "core/trace",
    "core/reports", "core/host", "core/licence", "core/releases", "core/online",
    "core/simulation/misbehaviour", "core/simulation/vehicle_files.py", "core/vocabulary",
)  # fmt: skip
SILENT = ("core/host/codec.py", "core/host/wire.py", "core/workbench/host_process.py")
NOT_FOR_PEOPLE = ("tuf_client",)
"""Commands whose help nobody reads: a test suite calls them."""
_PLACE = re.compile(r"\{[^{}]*\}")
_LETTERS = re.compile(r"[A-Za-z]{2,}")


def catalogue() -> Catalog:
    """Everything, without places in the code: they would change with every line."""
    found = Catalog(domain="passbay", project="Passbay", charset="utf-8", fuzzy=False)
    for path in sorted((REPOSITORY / "tui").rglob("*.py")):
        if "locale" in path.parts:
            continue
        source = path.read_text(encoding="utf-8")
        for message in roof_texts(source):
            found.add(message)
        for text in command_helps(source) if "cli" in path.parts and path.stem not in NOT_FOR_PEOPLE else ():
            found.add(text)
    for message in click_texts():
        found.add(message)
    for text in sorted(core_sentences() | set(core_words())):
        found.add(text, context="core")
    return found


def command_helps(source: str) -> Iterator[str]:
    """`help=` of options and the docstrings of click's commands, by paragraphs as speech.py looks them up."""
    for node in ast.walk(ast.parse(source)):
        texts: list[str] = []
        if isinstance(node, ast.Call):
            texts = [
                word.value.value for word in node.keywords
                if word.arg == "help" and isinstance(word.value, ast.Constant) and isinstance(word.value.value, str)
            ]  # fmt: skip
        elif isinstance(node, ast.FunctionDef) and any(_is_command(each) for each in node.decorator_list):
            texts = [ast.get_docstring(node, clean=False) or ""]
        for text in texts:
            yield from (words for _mark, words in paragraphs(text) if words)


def _is_command(decorator: ast.expr) -> bool:
    """@click.command(), @group.command("name"), @click.group(); not our own @command beside it."""
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in ("command", "group")
    )


def core_words() -> list[str]:
    return _lines("core_words.txt")


def click_texts() -> Iterator[str | tuple[str, ...]]:
    for line in _lines("click_texts.txt"):
        forms = tuple(line.replace("\\n", "\n").replace("\\t", "\t").split(" ## "))
        yield forms if len(forms) > 1 else forms[0]


def _lines(name: str) -> list[str]:
    return [line for line in Path(__file__).with_name(name).read_text(encoding="utf-8").split("\n") if line]


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
    found = on_the_wire(sentences) | {
        text
        for path in sorted((REPOSITORY / "core").rglob("*.py"))
        if _speaks(path.relative_to(REPOSITORY).as_posix())
        for text in sentences(path.read_text(encoding="utf-8"))
    }
    return found | asked_for(found)


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
