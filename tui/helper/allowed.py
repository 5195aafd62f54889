"""What a helper may wish for on the screens: places, actions that only look, and those that need the vehicle.

Deny by default: an action of a place that is not named here is refused with a sentence. That saves wishes which the
bench and the vehicle host would refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.locale import _

if TYPE_CHECKING:
    from tui.desk import Desk

PLACES = frozenset({"vehicle", "flash", "coding", "live"})
_LOOKING = frozenset(
    (
        "back", "help", "live", "quit", "job", "other_box", "focus_next", "focus_previous", "open", "command_palette",
        "theme", "look_up", "start", "choose", "faults",  # the last three only begin what the desk refuses
        "flash", "coding", "mark", "mark_all", "undo", "factory",
        "pause", "mode", "scroll", "filter", "find", "next_hit", "bookmark", "bookmarks", "empty", "copy", "complete",
    )
)  # fmt: skip
_DRIVING = frozenset({"again", "clear", "dry_run", "write", "restore", "stop_job"})
_BEGINNING = frozenset({"start", "faults"})  # grey while watching; a key that also leads on is not refused


def name_of(action: str) -> str:
    """stop_job of app.stop_job, job of job('flash')."""
    return action.partition("(")[0].rpartition(".")[2]


def offered(action: str) -> bool:
    return name_of(action) in _LOOKING | _DRIVING


def refusal(desk: Desk, action: str) -> str:
    """Why this action of a place or of the app is not done, "" where it is."""
    name = name_of(action)
    if name in _LOOKING:
        return ""
    if name not in _DRIVING:
        return NOT_FOR_HELPERS
    if desk.vehicle is None:
        return NO_VEHICLE
    return watching_words(desk) if desk.watching else ""


def greyed(desk: Desk, actions: list[str]) -> frozenset[str]:
    """Those that would be refused now."""
    waits = desk.vehicle is None or bool(desk.watching)
    return frozenset(a for a in actions if refusal(desk, a) or (waits and name_of(a) in _BEGINNING))


def watching_words(desk: Desk) -> str:
    return _("You watch; {who} drives. Ask the technician to hand over.").format(who=desk.watching)


NOT_FOR_HELPERS = _("This is not for helpers: the technician at the PC can do it.")
NO_VEHICLE = _("No vehicle is connected on this PC yet: it appears here by itself.")
