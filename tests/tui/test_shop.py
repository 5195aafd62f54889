"""PC check, hosts and ports, Support Tool by keyboard: lines in full, pages from messages and refusals, the bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from core.errors import StorageFailed, VciBusy
from core.events import NegativeResponseReceived
from core.pc.crash import keep_crash
from tests.tui.fake import NOON, FakeVehicle, FakeWorkbench
from tests.tui.fake_shop import BAD, PAGES
from tests.tui.states_shop import check_network, check_pc, support
from tests.tui.support import fake_of, make_app, quiet, screen_text
from tui.looks.crash import keep
from tui.shell import PassbayApp

SIZE = (80, 24)


def app() -> PassbayApp:
    return make_app(FakeWorkbench(FakeVehicle()))


async def press(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await quiet(pilot)


async def test_each_line_of_the_pc_is_told_in_full_and_the_profile_changes() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await check_pc(pilot)
        await press(pilot, "down", "enter")
        assert "A solid-state drive makes starts quicker." in screen_text(made)
        await press(pilot, "escape", "m")
        assert fake_of(made).profiles[-1] == "manual"
        assert "workshop manual" in screen_text(made)


async def test_hosts_and_ports_step_by_step_and_the_page() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await check_network(pilot)
        assert "connection: no answer" in screen_text(made)
        await press(pilot, "down", "enter")
        text = screen_text(made)
        assert "x connection: no answer in time" in text
        assert "· TLS: not reached" in text
        await press(pilot, "escape", "e")
        assert "page for the administrator" in screen_text(made)
        assert any("network-" in str(path) for path in fake_of(made).written)


async def test_every_message_and_every_refusal_leads_to_its_page() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await quiet(pilot)
        fake = fake_of(made)
        fake.help = (*PAGES, replace(PAGES[1], name="PB-202", title="PB-202 Device in use"))
        fake.stream.publish(NegativeResponseReceived(NOON, "ENGINE", 0x34, 0x31, "requestOutOfRange"))
        await quiet(pilot)
        made.desk.tell_error(VciBusy("can0 is in use by pid 4711."))  # type: ignore[union-attr]
        for item, title in ((made.desk.messages[-1], "PB-202"), (made.desk.messages[-2], "requestOutOfRange")):  # type: ignore[union-attr]
            made.show_message(str(item.number))
            await pilot.pause()
            await press(pilot, "right", "right", "enter")
            assert title in screen_text(made)
            await press(pilot, "escape")


async def test_pages_are_searched_and_read() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await support(pilot)
        await press(pilot, "slash")
        await pilot.press(*"hardware")
        await press(pilot, "enter")
        assert "2221-47" not in screen_text(made)
        await press(pilot, "enter")
        assert "It shows the hardware ID." in screen_text(made)
        await press(pilot, "escape", "2")
        assert "open now" in screen_text(made)
        assert "ask its maker" in screen_text(made)


async def test_the_bundle_is_looked_at_thinned_out_and_saved() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await support(pilot)
        await press(pilot, "e")
        assert "masked" in screen_text(made)
        await press(pilot, "down", "down", "enter")  # the second file: the messages
        assert "<name>" in screen_text(made)
        assert "Anna Berg" not in screen_text(made)
        await press(pilot, "right", "right", "enter")  # Leave out
        await press(pilot, "right", "enter")
        await press(pilot, "enter")  # Save it
        await press(pilot, "enter")
        ((names, path),) = fake_of(made).saved
        assert "messages.txt" not in names
        assert "about.json" in names
        assert path.endswith(".zip")


async def test_a_bundle_that_cannot_be_saved_is_not_lost() -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await support(pilot)
        fake_of(made).refuse_save = StorageFailed("The disk is full.")
        await press(pilot, "e")
        await press(pilot, "enter")
        await press(pilot, "enter")
        assert "Save it" in screen_text(made)


@pytest.mark.parametrize("text", ["[/oops]", "[@click=app.quit]x[/]", "\x1b]0;PWNED\x07\x1b[31m\u202e", "C:\\[x]"])
async def test_pages_rows_and_contacts_are_harmless(text: str) -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await quiet(pilot)
        fake = fake_of(made)
        fake.help = tuple(replace(page, title=text, text=f"# {text}\n\n{text}\n") for page in PAGES)
        fake.pc_rows = tuple(replace(row, value=text, advice=text) for row in fake.pc_rows)
        fake.network_rows = (replace(BAD, advice=text, steps=tuple(replace(step, words=text) for step in BAD.steps)),)
        await check_pc(pilot)
        await press(pilot, "enter", "escape", "2")
        await press(pilot, "enter", "escape", "escape")
        await support(pilot)
        await press(pilot, "enter")
        shown = screen_text(made)
        assert not any(raw in shown for raw in ("\x1b", "\x07", "\u202e"))


async def test_a_crash_is_kept_for_support_and_its_place_is_told(tmp_path: Path) -> None:
    made = app()
    async with made.run_test(size=SIZE) as pilot:
        await quiet(pilot)
        fake: Any = fake_of(made)
        fake.keep_crash = lambda error: keep_crash(tmp_path / "crash", error, "0.1.0")
        try:
            raise ValueError("SECRET-4711")
        except ValueError:
            keep(made)
        (path,) = (tmp_path / "crash").iterdir()
        assert "SECRET-4711" not in path.read_text(encoding="utf-8")
        assert any(str(path) in str(line) for line in made._exit_renderables)
        made._exit_renderables.clear()
