"""Words and tones of releases, AddOns and downloads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.theme import GLYPHS
from tui.widgets.rows import Row
from tui.work import bar, bytes_words, rate_words

if TYPE_CHECKING:
    from core.events import ComponentFetched
    from core.vocabulary import AddOnRow, ReleaseOverview, ReleaseRow
    from tui.releases.desk import Releases

STATES = {
    "available": ("warn", "new: load with l"),
    "downloading": ("busy", "downloading"),
    "paused": ("warn", "paused: go on with l"),
    "downloaded": ("accent", "downloaded: install with i"),
    "active": ("ok", "active"),
    "off": ("dim", "off"),
    "previous": ("dim", "the one before"),
}
ADDON_STATES = STATES | {
    "available": ("dim", "not installed"),
    "active": ("ok", "on"),
    "off": ("warn", "off"),
    "downloaded": ("accent", "downloaded"),
}


def release_told(row: ReleaseRow) -> tuple[str, str]:
    """(tone, words) of one release's state."""
    tone, words = STATES[row.state.value]
    if row.state.value == "available" and not row.newest:
        return "dim", "older, not here"
    if row.state.value == "downloading":
        return tone, f"{words} {row.percent} %"
    return tone, words


def size_told(row: ReleaseRow) -> str:
    """What is still to be fetched, else the whole size."""
    if row.missing and row.missing != row.size:
        return f"{bytes_words(row.missing)} of {bytes_words(row.size)}"
    return bytes_words(row.size)


def addon_told(row: AddOnRow) -> tuple[str, str]:
    if row.missing_needs:
        return "warn", f"needs {', '.join(row.missing_needs)}"
    if row.newer:
        return "warn", f"{row.newest} is there"
    return ADDON_STATES[row.state.value]


def data_told(overview: ReleaseOverview | None, files: int) -> tuple[str, str]:
    """The line Data of the start screen: how old the data are (S1)."""
    more = f" + {files} file(s)" if files else ""
    if overview is None or not overview.active:
        newer = f", {overview.newest} is there" if overview is not None and overview.newest else ""
        return ("warn" if newer else "ok"), f"{'built in' if more else 'comes with the product'}{more}{newer}"
    age = f", {overview.age_days} days old" if overview.age_days is not None else ""
    return ("warn" if overview.out_of_date else "ok"), f"release {overview.active}{age}{more}"


def update_step(releases: Releases) -> Row:
    """The step of ConfigAssist that leads to Configure Update Service (C9)."""
    overview = releases.overview
    if overview is None:
        return Row("update", ((GLYPHS["dim"], "dim"), "Updates", ("not looked at", "dim"), ("enter configures", "dim")))
    tone = "warn" if overview.out_of_date else "ok" if overview.active else "dim"
    return Row("update", ((GLYPHS[tone], tone), "Updates", (overview.words, tone), ("enter configures", "dim")))


def fetched_cells(fact: ComponentFetched) -> tuple[str, str, str, str]:
    """Bar, share, rate, time left."""
    share = 100 * fact.done // fact.total if fact.total else 0
    left = "" if fact.seconds_left is None else left_told(fact.seconds_left)
    return bar(fact.done, fact.total, 16), f"{share} %", rate_words(fact.rate) if fact.rate else "", left


def left_told(seconds: float) -> str:
    """Rounded up: nobody is angry about a download that ends early."""
    return f"about {int(seconds // 60) + 1} min" if seconds >= 60 else f"about {int(seconds // 5 + 1) * 5} s"
