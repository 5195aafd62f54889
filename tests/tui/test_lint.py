"""No outside text reaches Textual as a string that it would parse: held by reading our own source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOF = Path(__file__).resolve().parents[2] / "tui"
WIDGETLESS = {"cli", "browser"}  # a terminal's lines and web pages: neither gives a widget anything to parse
SOURCES = sorted(path for path in ROOF.rglob("*.py") if not WIDGETLESS & set(path.parts))
MARKUP_CALLS = {
    "Static",
    "Label",
    "Button",
    "Checkbox",
    "Option",
    "update",
    "add_row",
    "add_option",
    "notify",
    "RichLog",
}
MARKUP_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "title", "sub_title"}
HARMLESS = {"plain", "Text", "drawn"}  # drawn: cleaned Markdown, which Rich draws without console markup


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _harmless(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.IfExp):
        return _harmless(value.body) and _harmless(value.orelse)
    if not isinstance(value, ast.Call):
        return False
    translated = _name(value) == "_" and all(isinstance(argument, ast.Constant) for argument in value.args)
    return translated or _name(value) in HARMLESS


def _without_markup(call: ast.Call) -> bool:
    return any(
        k.arg == "markup" and isinstance(k.value, ast.Constant) and k.value.value is False for k in call.keywords
    )


def dangers(source: str) -> list[int]:
    """Lines where something else than a constant or `plain(...)` goes to a call or attribute that parses markup."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node) in MARKUP_CALLS and not _without_markup(node):
            found += [node.lineno for value in node.args if not _harmless(value)]
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                targets = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if several else [node.value] * len(targets)  # type: ignore[attr-defined]
                for one, value in zip(targets, values, strict=True):
                    if isinstance(one, ast.Attribute) and one.attr in MARKUP_ATTRIBUTES and not _harmless(value):
                        found.append(node.lineno)
        elif isinstance(node, ast.Attribute) and node.attr == "from_markup":
            found.append(node.lineno)
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOF)))
def test_no_data_reaches_markup(path: Path) -> None:
    assert dangers(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    [
        "Static(f'{unit}')",
        "Static(unit.name)",
        "self.notify(text)",
        "box.border_title = name",
        "a.border_title, b.border_title = 'x', name",
        "box.border_title = _(name)",
        "box.border_title = _('x') if known else name",
        "box.border_title = _('{name}').format(name=name)",
        "table.add_row(ident)",
        "label.update(words + more)",
        "Text.from_markup(words)",
        "self.notify(text, markup=True)",
    ],
)
def test_the_lint_sees_them(line: str) -> None:
    assert dangers(line) == [1]


def test_the_lint_lets_harmless_ones_pass() -> None:
    assert (
        dangers("Static('fixed'); Static(plain(x)); self.notify(clean(x), markup=False); b.border_title = _('Jobs')")
        == []
    )
