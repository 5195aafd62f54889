"""Contrast, code page, too-small sentence, modal sizes: what the eye needs, measured."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.tui.fake import FakeVehicle, FakeWorkbench
from tests.tui.support import make_app, quiet, screen_text
from tests.tui.test_snapshots import STATES
from tui.theme import GLYPHS, PALETTES, TONES, textual_theme
from tui.work import bar, bytes_words, left_words, rate_words, span_words

CONTRAST = 4.5  # WCAG AA for text


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG 2.1: relative luminance of sRGB."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


WALKS = (
    "vehicle-faults", "flash-running", "coding-changed", "live-talk", "clear-asks", "help-live", "devices",
    "first-run", "assist-green", "assist-expired", "assist-qr", "login-code", "credit", "code-page", "start-grey",
)  # fmt: skip


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("ground", ["background", "bar", "cursor", "cursor_idle"])
def test_every_tone_can_be_read_on_every_ground(theme: str, tone: str, ground: str) -> None:
    palette = PALETTES[theme]
    assert contrast(getattr(palette, tone or "text"), getattr(palette, ground)) >= CONTRAST


@pytest.mark.parametrize("theme", PALETTES)
def test_buttons_and_theme_colours_can_be_read(theme: str) -> None:
    palette = PALETTES[theme]
    assert contrast(palette.background, palette.accent) >= CONTRAST
    made = textual_theme(theme)
    for name in ("primary", "warning", "error", "success", "foreground"):
        assert contrast(getattr(made, name), made.background or "") >= CONTRAST


def test_each_state_has_a_glyph_of_its_own() -> None:
    told = [GLYPHS[tone] for tone in ("ok", "warn", "bad", "busy", "dim", "accent")]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("state", WALKS)
async def test_only_code_page_437_is_drawn(state: str) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await STATES[state](pilot)
        for character in screen_text(app).replace("\n", ""):
            character.encode("cp437")


async def test_below_the_design_size_stands_one_sentence() -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await STATES["vehicle"](pilot)
        for size in ((79, 24), (80, 23), (40, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert screen_text(app).strip() == "too small, need 80x24"
        await pilot.resize_terminal(80, 24)
        await quiet(pilot)
        assert "ENGINE" in screen_text(app)
        await pilot.resize_terminal(1, 1)
        await pilot.pause()


@pytest.mark.parametrize(
    "state",
    ["clear-asks", "flash-asks", "flash-stop-asks", "coding-asks", "doip-by-hand", "coding-pick", "credit-asks",
     "assist-offer"],
)  # fmt: skip
async def test_dialogs_are_small_and_show_their_buttons(state: str) -> None:
    app = make_app(FakeWorkbench(FakeVehicle()))
    async with app.run_test(size=(80, 24)) as pilot:
        await STATES[state](pilot)
        box: Any = app.screen.query_one("#dialog")
        assert box.outer_size.width <= 60
        assert box.outer_size.height <= 16
        assert "[ Cancel ]" in screen_text(app)


@pytest.mark.parametrize(
    "text",
    [
        bar(0, 0, 10) == "░" * 10,
        bar(5, 10, 10) == "█████░░░░░",
        bar(20, 10, 4) == "████",
        bytes_words(98) == "98 bytes",
        bytes_words(524288) == "512 KiB",
        bytes_words(4 * 1024 * 1024) == "4.0 MiB",
        rate_words(41_000) == "41.0 kB/s",
        rate_words(1_208_448) == "1208 kB/s",
        left_words(0, 100, 0) == "",
        left_words(0, 360_000, 1000) == "about 6 min",
        left_words(0, 361_000, 1000) == "about 7 min",
        left_words(0, 42_000, 1000) == "about 45 s",
        span_words(None) == "",
        span_words(81.27) == "1:21.2",
    ],
)
def test_numbers_in_words(text: bool) -> None:
    assert text


def test_times_of_day_have_no_zone_in_snapshots() -> None:
    from tests.tui.fake import NOON, clock_words

    assert re.fullmatch(r"12:00:00", clock_words(NOON))
