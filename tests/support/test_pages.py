"""Help pages: every code can be looked up, a release's page replaces ours, hostile files are harmless; hours."""

from __future__ import annotations

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core import errors
from core.errors import DataMissing
from core.protocol import nrc
from core.support import reference
from core.support.contacts import DEFAULT, from_back_end, hours
from core.support.meanings import MEANINGS
from core.support.shelf import Shelf
from core.vocabulary.shop.support import Contact


def test_every_code_of_the_message_list_has_a_page_with_meaning_and_advice() -> None:
    shelf = Shelf()
    codes = reference.codes()
    assert {getattr(errors, name).code for name in errors.__all__} <= set(codes)
    assert {"2221-45", "2221-47", "2221-54", "2173-39", "2173-40", "2173-42", "2173-43", "2173-44"} <= set(codes)
    for code in codes:
        page = shelf.page(code)
        assert page.title.startswith(code)
        assert len(page.text.splitlines()) >= 5
    assert set(MEANINGS) == set(codes), "a meaning without a code, or the reverse"


def test_every_negative_response_code_has_a_page() -> None:
    shelf = Shelf()
    for code in nrc.known_codes():
        page = shelf.page(f"nrc-0x{code:02x}")
        assert nrc.lookup(code).name in page.title
        assert "erase" in page.text.casefold()
    assert shelf.page("0x31") == shelf.page("31") == shelf.page("NRC 31") == shelf.page("nrc-0x31")
    assert shelf.page("pb-202").name == "PB-202"


def test_an_unknown_page_names_others() -> None:
    with pytest.raises(DataMissing) as caught:
        Shelf().page("no such thing")
    assert "Pages are" in caught.value.advice


def test_a_release_replaces_and_adds_pages(tmp_path: Path) -> None:
    texts = {
        "new-tool.md": b"# The new tool\n\nIt measures.\n",
        "new-tool.de.md": b"# Das neue Werkzeug\n\nEs misst.\n",
        "configassist.md": b"# ConfigAssist of this release\n",
        "hostile.md": b"# Evil\x1b]0;PWNED\x07 [/x]\n\n\x9b31m \xff\xfe \xe2\x80\xae\n",
        "NOT A NAME.md": b"# no\n",
        "notes.txt": b"# no page\n",
    }
    released = [tmp_path / name for name in texts]
    for path in released:
        path.write_bytes(texts[path.name])
    english, german = Shelf([*released, tmp_path / "gone.md"], "en"), Shelf(released, "de")
    assert english.page("new-tool").title == "The new tool"
    assert german.page("new-tool").title == "Das neue Werkzeug"
    assert [page.name for page in english.search("measures new")] == ["new-tool"]
    assert english.page("configassist").title == "ConfigAssist of this release"
    hostile = english.page("hostile")
    for raw in ("\x1b", "\x07", "\x9b", "\u202e"):
        assert raw not in hostile.title + hostile.text
    for name in ("NOT A NAME", "notes", "gone"):
        with pytest.raises(DataMissing):
            english.page(name)


def test_hours_are_shown_in_the_users_zone() -> None:
    desk = Contact("help", "x", "help@example.org", 8 * 60, 18 * 60, "Europe/Berlin")
    thursday = datetime.datetime(2026, 11, 26, 12, 0, tzinfo=ZoneInfo("America/New_York"))  # 18:00 in Berlin: just shut
    (row,) = hours([desk], thursday)
    assert not row.open_now
    assert row.words == "Mon-Fri 08:00-18:00 CET (02:00-12:00 here)"
    assert hours([desk], thursday - datetime.timedelta(minutes=1))[0].open_now
    saturday = datetime.datetime(2026, 11, 28, 12, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    assert not hours([desk], saturday)[0].open_now
    assert "here" not in hours([desk], saturday)[0].words
    summer = datetime.datetime(2026, 7, 2, 8, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert hours([desk], summer)[0].open_now
    assert "CEST" in hours([desk], summer)[0].words
    odd = Contact("odd", "x", "", 0, 24 * 60 - 1, "Mars/Olympus")
    assert "UTC" in hours([odd], summer)[0].words
    assert len(DEFAULT) == 2


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Monday to Friday 08:00-18:00", ((0, 1, 2, 3, 4), 480, 1080)),
        ("Sat 9:30 - 12:00", ((5,), 570, 720)),
        ("whenever", ((), 0, 0)),
    ],
)
def test_hours_as_a_back_end_tells_them(told: str, expected: tuple[tuple[int, ...], int, int]) -> None:
    contact = from_back_end("technical", "desk@example.org\x1b[31m", told, "CET", ("German",))
    assert (contact.weekdays, contact.opens, contact.closes) == expected
    assert contact.kind == "User help desk"
    assert "\x1b" not in contact.email
    assert hours([contact], datetime.datetime(2026, 11, 26, 12, 0, tzinfo=ZoneInfo("CET")))
