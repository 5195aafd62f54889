"""The house rules that a machine can hold: import contracts, sizes, lint, types, what an import may load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for folder in ("core", "tui") for p in (REPOSITORY / folder).rglob("*.py"))
FILE_LINES, CLASS_LINES, FUNCTION_LINES, FUNCTION_P90 = 400, 300, 60, 30


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=REPOSITORY, capture_output=True, text=True, timeout=110)


def _functions(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_import_contracts_hold() -> None:
    result = _run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "arguments", [["-m", "ruff", "check", "."], ["-m", "mypy", "--no-incremental"]], ids=["ruff", "mypy"]
)
def test_lint_and_types(arguments: list[str]) -> None:
    result = _run(*arguments)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_sizes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES, f"{path} has two subjects"
    tree = ast.parse(text)
    if text.strip():
        assert ast.get_docstring(tree) or path.name == "__init__.py", f"{path} opens without a docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            assert (node.end_lineno or 0) - node.lineno < CLASS_LINES, f"{path}: class {node.name}"
    for name, length in _functions(tree):
        assert length <= FUNCTION_LINES, f"{path}: {name} has {length} lines"


def test_most_functions_are_short() -> None:
    lengths = sorted(n for path in SOURCES for _, n in _functions(ast.parse(path.read_text(encoding="utf-8"))))
    assert lengths[int(len(lengths) * 0.9)] <= FUNCTION_P90


def test_folders_are_small() -> None:
    folders = {p.parent for p in SOURCES}
    for folder in folders:
        files = [p for p in folder.glob("*.py") if p.name != "__init__.py"]
        assert len(files) <= 11, f"{folder} holds {len(files)} files"


def test_no_wing_holds_a_quarter_of_the_lines_alone() -> None:
    lines = {p: p.read_text(encoding="utf-8").count("\n") for p in SOURCES}
    assert max(lines.values()) * 4 < sum(lines.values())


def _loaded_by(module: str) -> set[str]:
    result = _run("-c", f"import {module}, sys; print(' '.join(sorted(sys.modules)))")
    assert result.returncode == 0, result.stderr
    return set(result.stdout.split())


def test_workbench_import_is_light() -> None:
    loaded = _loaded_by("core.workbench")
    assert not loaded & {
        "textual",
        "rich",
        "can",
        "odxtools",
        "udsoncan",
        "doipclient",
        "tuf",
        "sqlalchemy",
        "starlette",
        "cryptography",
    }


def test_command_line_loads_no_screen() -> None:
    loaded = _loaded_by("tui.cli.main")
    assert not loaded & {"textual", "rich", "can", "odxtools"}


def test_outside_code_stays_outside() -> None:
    """No path of a build machine and no unfinished mark in the product."""
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        for mark in ("TODO", "FIXME", "XXX", "not implemented yet"):
            assert mark not in text, f"{path}: {mark}"
