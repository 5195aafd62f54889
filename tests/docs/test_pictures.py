"""Every picture that a page shows is there, and every picture of the folder has both of its forms."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PICTURES = REPOSITORY / "screenshots"


def test_every_picture_of_a_page_is_there() -> None:
    shown = 0
    for page in (REPOSITORY / "README.md", *(REPOSITORY / "tui").rglob("*.md"), *(REPOSITORY / "core").rglob("*.md")):
        for place in re.findall(r"!\[[^\]]*\]\(([^)]+\.png)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / place).is_file(), (page, place)
            shown += 1
    assert shown > 20


def test_a_picture_is_there_as_png_and_svg_and_asks_no_outside_host() -> None:
    assert {path.stem for path in PICTURES.glob("*.png")} == {path.stem for path in PICTURES.glob("*.svg")}
    for path in PICTURES.glob("*.svg"):
        assert not re.search(r"url\(|@import|href=", path.read_text(encoding="utf-8").replace("url(#", "")), path
