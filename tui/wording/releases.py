"""Words and tones of releases, AddOns and downloads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.locale import _, said, several
from tui.theme import GLYPHS
from tui.widgets.rows import Row
from tui.work import bar, bytes_words, rate_words

if TYPE_CHECKING:
    from core.events import ComponentFetched
    from core.vocabulary import AddOnRow, ReleaseOverview, ReleaseRow
    from tui.releases.desk import Releases

STATES = {
    "available": ("warn", _("new: load with l")),
    "downloading": ("busy", _("downloading")),
    "paused": ("warn", _("paused: go on with l")),
    "downloaded": ("accent", _("downloaded: install with i")),
    "active": ("ok", _("active")),
    "off": ("dim", _("off")),
    "previous": ("dim", _("the one before")),
}
ADDON_STATES = STATES | {
    "available": ("dim", _("not installed")),
    "active": ("ok", _("on")),
    "off": ("warn", _("off")),
    "downloaded": ("accent", _("downloaded")),
}


def release_told(row: ReleaseRow) -> tuple[str, str]:
    """(tone, words) of one release's state."""
    tone, words = STATES[row.state.value]
    if row.state.value == "available" and not row.newest:
        return "dim", _("older, not here")
    if row.state.value == "downloading":
        return tone, f"{words} {row.percent} %"
    return tone, words


def size_told(row: ReleaseRow) -> str:
    """What is still to be fetched, else the whole size."""
    if row.missing and row.missing != row.size:
        return _("{missing} of {size}").format(missing=bytes_words(row.missing), size=bytes_words(row.size))
    return bytes_words(row.size)


def addon_told(row: AddOnRow) -> tuple[str, str]:
    if row.missing_needs:
        return "warn", _("needs {names}").format(names=", ".join(row.missing_needs))
    if row.newer:
        return "warn", _("{newest} is there").format(newest=row.newest)
    return ADDON_STATES[row.state.value]


def data_told(overview: ReleaseOverview | None, files: int) -> tuple[str, str]:
    """The line Data of the start screen: how old the data are (S1)."""
    more = several(" + {files} file", " + {files} files", files).format(files=files) if files else ""
    if overview is None or not overview.active:
        newer = (
            _(", {newest} is there").format(newest=overview.newest) if overview is not None and overview.newest else ""
        )
        return ("warn" if newer else "ok"), f"{_('built in') if more else _('comes with the product')}{more}{newer}"
    age = _(", {age_days} days old").format(age_days=overview.age_days) if overview.age_days is not None else ""
    return ("warn" if overview.out_of_date else "ok"), _("release {version}{age}").format(
        version=overview.active, age=age
    ) + more


def update_step(releases: Releases) -> Row:
    """The step of ConfigAssist that leads to Configure Update Service (C9)."""
    overview = releases.overview
    if overview is None:
        return Row(
            "update",
            ((GLYPHS["dim"], "dim"), _("Updates"), (_("not looked at"), "dim"), (_("enter configures"), "dim")),
        )
    tone = "warn" if overview.out_of_date else "ok" if overview.active else "dim"
    return Row(
        "update", ((GLYPHS[tone], tone), _("Updates"), (said(overview.words), tone), (_("enter configures"), "dim"))
    )


def fetched_cells(fact: ComponentFetched) -> tuple[str, str, str, str]:
    """Bar, share, rate, time left."""
    share = 100 * fact.done // fact.total if fact.total else 0
    left = "" if fact.seconds_left is None else left_told(fact.seconds_left)
    return bar(fact.done, fact.total, 16), f"{share} %", rate_words(fact.rate) if fact.rate else "", left


def left_told(seconds: float) -> str:
    """Rounded up: nobody is angry about a download that ends early."""
    return (
        _("about {value} min").format(value=int(seconds // 60) + 1)
        if seconds >= 60
        else _("about {value} s").format(value=int(seconds // 5 + 1) * 5)
    )
