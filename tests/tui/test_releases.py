"""Update Service and AddOn Center by keyboard: download, wizard, roll-back, source, AddOns; once for real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from core.vocabulary import ReleaseState
from core.workbench import WorkbenchPaths, open_workbench
from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.fake_library import PREVIEW, FakeLibrary
from tests.tui.states_releases import addons, downloaded, library, update
from tests.tui.support import make_app, quiet, screen_text, until
from tui.shell import PassbayApp

SIZE = (80, 24)


def app() -> PassbayApp:
    return make_app(FakeWorkbench(FakeVehicle()))


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await quiet(pilot)


async def test_download_install_and_roll_back() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await downloaded(pilot)
        fake = library(pilot)
        assert "download 2026.09" in fake.calls
        assert "downloaded: install with i" in screen_text(made)
        await press(pilot, "i")
        text = screen_text(made)
        assert "ENGINE: 2063.12 -> 2063.15" in text
        assert "1 of 2 files change" in text
        await press(pilot, "right", "enter")
        assert "install 2026.09" in fake.calls
        assert "Release 2026.09 is active" in screen_text(made)
        await press(pilot, "b")
        assert "back to release 2026.06" in screen_text(made)
        await press(pilot, "enter")  # Cancel is preselected
        assert "rollback" not in fake.calls
        await press(pilot, "b")
        await press(pilot, "right", "enter")
        assert "rollback" in fake.calls


async def test_a_downgrade_is_said_aloud() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await downloaded(pilot)
        fake = library(pilot)
        from dataclasses import replace

        fake.preview_of_now = replace(PREVIEW, downgrade=True, before="2026.12")
        await press(pilot, "i")
        assert "Go BACK to release 2026.09?" in screen_text(made)
        assert "OLDER than the active release 2026.12" in screen_text(made)
        await press(pilot, "right", "enter")
        assert "install 2026.09 downgrade" in fake.calls


async def test_a_full_disk_is_told_before_the_download() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await quiet(pilot)
        library(pilot).free = 1000
        await update(pilot)
        await press(pilot, "l")
        assert not [call for call in library(pilot).calls if call.startswith("download")]
        assert any("The disk has" in note.message for note in made._notifications)


async def test_source_with_and_without_retail_data_storage() -> None:
    """C9: choose, verify, Apply & Next."""
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await update(pilot)
        await press(pilot, "3", "down", "enter")
        await pilot.press(*"http://shop-pc:8480")
        await press(pilot, "enter")
        assert "http://shop-pc:8480" in screen_text(made)
        assert library(pilot).source.rds == ""
        await press(pilot, "t")
        assert "answers (12 ms)" in screen_text(made)
        await press(pilot, "w")
        assert library(pilot).source.rds == "http://shop-pc:8480"
        assert "search" in library(pilot).calls


async def test_addons_are_installed_and_switched() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await addons(pilot)
        await press(pilot, "i")
        await press(pilot, "space")
        assert library(pilot).calls[-2:] == ["addon cluster-update", "switch cluster-update False"]
        await press(pilot, "x", "right", "enter")
        assert library(pilot).calls[-1] == "remove cluster-update"


@pytest.mark.parametrize("text", ["[/oops]", "[@click=app.quit]x[/]", "\x1b]0;PWNED\x07\x1b[31m\u202e", "C:\\[x]"])
async def test_notes_and_names_of_a_release_are_harmless(text: str) -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        from dataclasses import replace

        await quiet(pilot)
        fake: FakeLibrary = library(pilot)
        fake.rows = tuple(replace(row, title=text, product_groups=(text,)) for row in fake.rows)
        fake.addon_rows = tuple(replace(row, title=text, needs=(text,)) for row in fake.addon_rows)
        fake.told_notes, fake.words, fake.warning = f"# {text}\n\n{text}\n", text, text
        await update(pilot)
        await press(pilot, "enter")
        shown = screen_text(made)
        assert not any(raw in shown for raw in ("\x1b", "\x07", "\u202e"))
        await press(pilot, "escape", "escape")
        await addons(pilot)
        assert "AddOn Center" in screen_text(made)


@pytest.mark.timeout(300)
async def test_the_real_demo_from_search_to_roll_back(tmp_path: Path) -> None:
    """Real repository, real signatures, real files: what the start screen says follows."""
    made = PassbayApp(lambda: open_workbench(WorkbenchPaths.below(tmp_path)))
    async with made.run_test(size=SIZE) as pilot:
        desk: Any = None

        def ready() -> bool:
            nonlocal desk
            desk = made.desk
            return desk is not None and desk.workbench is not None

        await until(pilot, ready)
        made.go("update")

        def states() -> dict[str, ReleaseState]:
            overview = desk.releases.overview
            return {row.version: row.state for row in overview.rows} if overview is not None else {}

        await until(pilot, lambda: states().get("2026.09") is ReleaseState.DOWNLOADED, 100)  # by itself (C11)
        await pilot.press("i")
        await until(pilot, lambda: "Install release 2026.09?" in screen_text(made))
        await pilot.press("right", "enter")
        await until(pilot, lambda: states().get("2026.09") is ReleaseState.ACTIVE)
        assert desk.workbench.library.verify().ok
        await pilot.press("b")
        await pilot.pause()
        await pilot.press("right", "enter")
        await until(pilot, lambda: desk.releases.overview.active == "" and not desk.releases.busy)
