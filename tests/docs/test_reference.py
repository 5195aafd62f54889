"""REFERENCE.md is what the code would write now, and holds every code."""

from __future__ import annotations

from core.support import reference, reference_page


def test_the_reference_is_up_to_date() -> None:
    written = reference_page.FILE.read_text(encoding="utf-8")
    assert written == reference_page.page(), "python -m core.support.reference_page writes it anew"


def test_the_reference_holds_every_page() -> None:
    written = reference_page.page()
    for page in reference.pages():
        number = page.name.removeprefix("nrc-").removeprefix("kwp-")
        cell = f"| 0x{number[2:].upper()} |" if number.startswith("0x") else f"| {page.name} |"
        assert cell in written, page.name
