"""The live panel: identifiers, frames, conversation, errors, buses; below them the message list."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding

from tui.app import SLOW_LINE
from tui.locale import _
from tui.screens.base import Place
from tui.screens.dialogs import Tell
from tui.screens.live.places import Bookmarks, marked_row, row_text
from tui.screens.live.seeking import Seeking
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, plain
from tui.widgets.rows import WIDE, Row, RowList
from tui.wording import live as wording
from tui.work import left_words, rate_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import PanelShot, PanelWish

TICKS_A_SECOND = 10
SLOW_RATE = 2  # looks a second over a slow line at most
MODES = ("rows", "frames", "talk", "errors", "buses")
TITLES = {
    "rows": _("Identifiers"), "frames": _("Frames"), "talk": _("Conversation"), "errors": _("Errors and trouble codes"),
    "buses": _("Buses"),
}  # fmt: skip
WORDS = {
    "rows": _("Identifiers"), "frames": _("Frames"), "talk": _("Talk"), "errors": _("Errors"), "buses": _("Buses"),
}  # fmt: skip
SCROLL_BACK = 5000  # lines that a paused list keeps for scrolling
MOST_ROWS = 1000


class LiveScreen(Seeking, Place):
    """Asks for what it shows beside the screens, some times a second while it is on top, else once a second."""

    PLACE = _("Live panel")
    HELP = _(
        "m goes on to frames, conversation (requests with answers), errors and trouble codes, buses.\n"
        "space pauses: lists can be scrolled, counting goes on. enter opens a line.\n"
        "/ filters, e.g. unit:ENGINE and not service:TransferData. dropped: too fast to be looked at.\n"
        "Below are the messages: tab, then enter reads one."
    )
    BINDINGS: ClassVar = [
        Binding("space", "pause", _("Pause or go on"), show=False),
        Binding("m", "mode", _("Next view"), show=False),
        Binding("s", "scroll", _("Fixed rows or scrolling list"), show=False),
        Binding("slash", "filter", _("Filter"), show=False, key_display="/"),
        Binding("j", "find", _("Find a text"), show=False),
        Binding("h", "next_hit", _("Next hit"), show=False),
        Binding("z", "bookmark", _("Set a bookmark"), show=False),
        Binding("0", "bookmarks", _("Go to a bookmark"), show=False),
        Binding("e", "export", _("Save the last minutes"), show=False),
        Binding("x", "empty", _("Empty the panel"), show=False),
        Binding("tab", "app.focus_next", _("Other box"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view: Any = None  # the core's TrafficView, or the host's
        self.shot: PanelShot | None = None
        self.mode = "rows"
        self.paused = False
        self.filter = ""
        self.bookmarks = Bookmarks()
        self._needle = ""
        self._seeking = False
        self._whole = False  # the paused list is there
        self._vehicle: object = None
        self._tick = 0
        self._titled: tuple[str, bool] = ("", False)
        self._ticks_a_look = TICKS_A_SECOND // SLOW_RATE

    def keys(self) -> tuple[Key, ...]:
        return (
            ("space", _("Go on") if self.paused else _("Pause"), "pause"),
            ("m", WORDS[self._next_mode()], "mode"),
            ("/", _("Filter"), "filter"),
            ("e", _("Save"), "export"),
        )

    def body(self) -> list[Widget]:
        traffic = RowList(wording.columns("rows", False), id="traffic", classes="box")
        items = RowList(wording.MESSAGE_COLUMNS, heading=False, follow=True, id="items", classes="box")
        items.border_title = _("Messages")
        items.empty = _("No messages yet.")
        return [Lines(("",), id="figures"), traffic, items]

    def on_mount(self) -> None:
        super().on_mount()
        self.traffic.focus()
        self._ticks_a_look = max(1, round(TICKS_A_SECOND / self._looks_a_second()))
        self.set_interval(1 / TICKS_A_SECOND, self.tick)
        self.ask()
        self.paint()

    def _looks_a_second(self) -> int:
        workbench = self.desk.workbench if self.desk is not None else None
        rate = workbench.settings.frame_rate if workbench is not None else TICKS_A_SECOND
        return min(rate, SLOW_RATE) if SLOW_LINE in os.environ else rate

    @property
    def traffic(self) -> RowList:
        return self.query_one("#traffic", RowList)

    # -- asking: beside the screens, so that a host that hangs costs no time here

    def tick(self) -> None:
        self._tick += 1
        if self._tick % (self._ticks_a_look if self.is_current and not self.paused else TICKS_A_SECOND) == 0:
            self.ask()

    def ask(self) -> None:
        """One look at a time; what it brings comes with the desk's next pull."""
        desk, view = self.desk, self._current_view()
        if desk is None or view is None or desk.bridge.runs("live"):
            return
        wish = self._wish()
        desk.bridge.send(lambda: view.look(time.monotonic(), wish), self._taken, desk.tell_error, "live")

    def _wish(self) -> PanelWish:
        from core.vocabulary import PanelWish

        if not self.is_current or (self.paused and self._whole):
            count = 0  # the counting only
        elif self.paused:
            count = SCROLL_BACK
        else:
            count = MOST_ROWS if self.mode == "rows" else max(self.traffic.visible_rows, 1)
        return PanelWish(self.mode, count, 0, self.filter, self.paused)

    def _taken(self, shot: PanelShot) -> None:
        wish = shot.wish
        stale = (wish.mode, wish.filter, wish.frozen) != (self.mode, self.filter, self.paused)
        if stale and wish.count:
            self.ask()
            return
        if self.shot is None or wish.count or self.shot.wish.mode != self.mode:
            self.shot = shot
        else:
            from dataclasses import replace

            self.shot = replace(shot, lines=self.shot.lines)
        arrived = self.paused and bool(wish.count) and not self._whole
        self._whole = self.paused and (self._whole or bool(wish.count))
        if self.query("#traffic") and self.is_current:
            self.paint()
            if arrived and self.mode != "rows":
                self.traffic.action_edge(1)
            if self._seeking:
                self._seek()

    def _current_view(self) -> Any:
        vehicle = self.desk.vehicle if self.desk is not None else None
        if vehicle is not self._vehicle:
            self._vehicle = vehicle
            self.shot = None
            self.view = vehicle.traffic_view() if vehicle is not None else None
        return self.view

    # -- painting

    def paint(self) -> None:
        several = self.shot is not None and any(getattr(line, "bus", "") for line in self.shot.lines)
        traffic = self.traffic
        if self._titled != (self.mode, several):  # setting it repaints the whole box
            self._titled = (self.mode, several)
            traffic.border_title = plain(TITLES[self.mode])
            traffic.set_columns(wording.columns(self.mode, several))
        traffic.empty = self._empty_words()
        if not (self.paused and self._whole and traffic.rows):
            traffic.set_rows(self._rows())
        self.query_one("#figures", Lines).show(self._figures())

    def _empty_words(self) -> str:
        if self._vehicle is None:
            return _("No vehicle is connected: esc, then 1 on Start.")
        if self.filter:
            return _("Nothing matches the filter: / changes it.")
        if self.mode == "errors":
            return _("Nothing went wrong yet.")
        return _("Nothing on the bus yet.")

    def _rows(self) -> list[Row]:
        shot, clock = self.shot, self.desk.clock_words if self.desk is not None else str
        if shot is None or (shot.wish.mode != self.mode and self.mode != "buses"):
            return []
        lines: Any = shot.lines
        if self.mode == "rows":
            return [wording.frame_row(row) for row in lines]
        if self.mode == "buses":
            return [wording.bus_row(bus, 60 if self.size.width >= WIDE else 26) for bus in shot.buses]
        if self.mode == "errors":
            return self._error_rows(lines)
        make = wording.exchange_row if self.mode == "talk" else wording.frame_line_row
        marked = self.bookmarks.marked(self.mode)
        rows = [make(line, clock) for line in lines]
        return [marked_row(row) if row.key in marked else row for row in rows] if marked else rows

    def _error_rows(self, lines: Any) -> list[Row]:
        """What the bus shows and what the product itself told, by time."""
        desk = self.desk
        if desk is None:
            return []
        clock, wanted = desk.clock_words, self.filter.casefold()
        said = [item for item in wording.troubles(desk.messages) if not wanted]
        timed = [(line.timestamp, wording.error_row(line, clock)) for line in lines]
        timed += [(item.at, wording.trouble_row(item, clock)) for item in said[-SCROLL_BACK:]]
        return [row for _at, row in sorted(timed, key=lambda pair: pair[0])]

    def _figures(self) -> Cell:
        run = (_("   [PAUSE]"), "warn") if self.paused else (_("   [RUN]"), "ok")
        wanted = (_("  filter {filter}").format(filter=self.filter), "accent") if self.filter else ("", "")
        if self.shot is None:
            return ((_(" no vehicle") if self._vehicle is None else " ...", "dim"), wanted, run)
        return (*wording.figures_cell(self.shot.figures, self.shot.kept), run, wanted, *self._job_words())

    def _job_words(self) -> tuple[tuple[str, str], ...]:
        job = self.desk.job if self.desk is not None else None
        step = job.step if job is not None and job.running else None
        if job is None or not job.running:
            return ()
        words = f"  ░ {job.title}"
        if step is not None and step.total > 0:
            words += f" {100 * step.done // step.total} % {left_words(step.done, step.total, step.rate)}"
            words += f" {rate_words(step.rate)}" if self.size.width > 110 and step.rate else ""
        return ((words, "busy"),)

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        items = self.query_one("#items", RowList)
        items.set_rows([wording.item_row(item, desk.clock_words) for item in list(desk.messages)[-300:]])
        self.query_one("#figures", Lines).show(self._figures())

    # -- wishes

    def _next_mode(self) -> str:
        return MODES[(MODES.index(self.mode) + 1) % len(MODES)]

    def _to(self, mode: str) -> None:
        self.mode, self._whole = mode, False
        self.traffic.follow = mode not in ("rows", "buses")
        self.traffic.set_rows([])
        self.paint()
        self.ask()
        self.tell_keys()

    def action_mode(self) -> None:
        self._to(self._next_mode())

    def action_scroll(self) -> None:
        self._to("frames" if self.mode == "rows" else "rows")

    def action_pause(self) -> None:
        self.paused, self._whole = not self.paused, False
        self.paint()
        self.ask()
        self.tell_keys()

    def action_empty(self) -> None:
        desk, view = self.desk, self.view
        if desk is None or view is None:
            return

        def emptied(_none: object) -> None:
            self.shot = None
            self._whole = False
            if self.query("#traffic"):
                self.traffic.set_rows([])
            self.ask()

        desk.bridge.send(view.clear, emptied, desk.tell_error, "live")

    def action_filter(self) -> None:
        from tui.screens.live.filtering import FilterDialog

        def filled(text: str | None) -> None:
            if text is not None:
                self.filter, self._whole = text, False
                self.traffic.set_rows([])
                self.paint()
                self.ask()

        names = self.shot.names if self.shot is not None else ((), (), ())
        self.app.push_screen(FilterDialog(self.filter, names), filled)

    def action_export(self) -> None:
        from tui.wishes.live import save_last_minutes

        save_last_minutes(self.passbay)

    # -- opening a line

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "items":
            self.passbay.show_message(event.key)
        elif self.mode == "rows":
            self.filter = f"id:{event.key.rpartition('/')[2]}"
            self._to("frames")
        elif self.mode == "talk" and self.shot is not None and self.desk is not None:
            lines: Any = self.shot.lines
            line = next((each for each in lines if str(each.number) == event.key), None)
            if line is not None:
                self.app.push_screen(Tell(_("Exchange"), wording.exchange_in_full(line, self.desk.clock_words)))
        elif self.mode == "errors":
            if event.key.startswith("m"):
                self.passbay.show_message(event.key[1:])
            else:
                row = next(row for row in event.rows.rows if row.key == event.key)
                self.app.push_screen(Tell(_("Error on the bus"), [row_text(row)]))
