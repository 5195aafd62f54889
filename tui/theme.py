"""Colours of the screens: one dark and one light theme with contrast >= 4.5, and the tones that status words use.

A tone is a name for a meaning (ok, warn, bad, ...); screens never name a colour. A test measures the contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from textual.theme import Theme

DARK, LIGHT, SIXTEEN = "passbay-dark", "passbay-light", "passbay-16"


@dataclass(frozen=True, slots=True)
class Palette:
    """Hex colours. `cursor` lies under the row that the keyboard acts on, `cursor_idle` where the list has no focus."""

    background: str
    bar: str
    text: str
    dim: str
    accent: str
    ok: str
    warn: str
    bad: str
    busy: str
    cursor: str
    cursor_idle: str
    line: str


PALETTES = {
    DARK: Palette(
        background="#0f141a", bar="#1c2733", text="#dce3ea", dim="#98a5b3", accent="#7cc0ff", ok="#6fdc98",
        warn="#f5cc66", bad="#ff8a80", busy="#84dcec", cursor="#183759", cursor_idle="#1c2733", line="#48586a",
    ),
    LIGHT: Palette(
        background="#fbfbf8", bar="#e4e8ec", text="#14191f", dim="#4d5965", accent="#0b4f94", ok="#0b5d33",
        warn="#6f4700", bad="#a3141f", busy="#0b5563", cursor="#cfe2f7", cursor_idle="#e4e8ec", line="#8794a1",
    ),
    SIXTEEN: Palette(  # the 16 colours of a plain terminal, so that none is guessed
        background="#000000", bar="#0000aa", text="#ffffff", dim="#aaaaaa", accent="#55ffff", ok="#55ff55",
        warn="#ffff55", bad="#ff55ff", busy="#00aaaa", cursor="#0000aa", cursor_idle="#0000aa", line="#aaaaaa",
    ),
}  # fmt: skip

TONES = ("", "dim", "accent", "ok", "warn", "bad", "busy")
GLYPHS = {"ok": "√", "warn": "!", "bad": "x", "busy": "░", "dim": "·", "accent": "■", "": " "}
"""One glyph a tone, all in code page 437: a status is word, glyph and colour, never colour alone."""


def textual_theme(name: str) -> Theme:
    """The Textual theme that carries a palette into the CSS variables."""
    p = PALETTES[name]
    return Theme(
        name=name, primary=p.accent, secondary=p.busy, warning=p.warn, error=p.bad, success=p.ok, accent=p.accent,
        foreground=p.text, background=p.background, surface=p.background, panel=p.bar, dark=name != LIGHT,
        text_alpha=1.0,
        variables={
            "line": p.line, "dim": p.dim, "bar": p.bar, "cursor-row": p.cursor,
            "border": p.line, "border-blurred": p.line,
            "block-cursor-foreground": p.text, "block-cursor-background": p.cursor,
            "input-selection-background": p.cursor, "button-focus-text-style": "bold reverse",
        },
    )  # fmt: skip


class Styles:
    """Rich styles of one palette, made once: tone on the plain, cursor or bar background."""

    def __init__(self, name: str) -> None:
        palette = PALETTES.get(name, PALETTES[DARK])
        grounds = {
            "plain": palette.background, "cursor": palette.cursor, "idle": palette.cursor_idle, "bar": palette.bar,
        }  # fmt: skip
        inks = {"": palette.text} | {tone: getattr(palette, tone) for tone in TONES if tone}
        self._styles = {
            (tone, ground): Style.parse(f"{ink} on {paper}")
            for tone, ink in inks.items()
            for ground, paper in grounds.items()
        }
        for ground, paper in grounds.items():
            self._styles["bold", ground] = Style.parse(f"bold {palette.text} on {paper}")
            self._styles["key", ground] = Style.parse(f"bold {palette.accent} on {paper}")
            self._styles["mark", ground] = Style.parse(f"bold {palette.background} on {palette.accent}")
            self._styles["changed", ground] = Style.parse(f"bold {palette.warn} on {paper}")

    def __call__(self, tone: str, ground: str = "plain") -> Style:
        return self._styles[tone, ground]


_made: dict[str, Styles] = {}


def styles_of(theme: str) -> Styles:
    """The styles of a theme by its name; a theme that is not ours gets the dark ones."""
    if theme not in _made:
        _made[theme] = Styles(theme)
    return _made[theme]
