"""The live panel: the bus as fixed rows, scrolling frames or UDS messages in words; below it the message list."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from tui.app import SLOW_LINE
from tui.screens.base import Place
from tui.screens.dialogs import Fill
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell, plain
from tui.widgets.rows import Row, RowList
from tui.wording.live import COLUMNS, MESSAGE_COLUMNS, frame_line_row, frame_row, item_row, message_row
from tui.work import left_words, rate_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.workbench import TrafficView

POLLS_A_SECOND = 10
TICKS_A_PAINT = 5 if SLOW_LINE in os.environ else 3  # 2 paints a second over a slow line, else 3.3
TITLES = {"rows": "Identifiers", "frames": "Frames", "messages": "UDS messages"}
SCROLL_BACK = 2000  # lines that a paused list keeps for scrolling


class LiveScreen(Place):
    """Pulls ten times a second while it is on top, once a second below another screen; paints at most 4 Hz."""

    PLACE = "Live panel"
    HELP = (
        "What travels on the bus, while any job runs. f9 opens it over every screen and closes it again.\n"
        "m changes between CAN frames (DoIP messages too) and UDS messages in words.\n"
        "s changes between one fixed row per identifier and a scrolling list. Changed bytes are marked.\n"
        "space pauses; a paused list can be scrolled. / filters by identifier, unit or words; x empties the panel.\n"
        "dropped counts what came too fast to be looked at. Below are the messages: tab, then enter reads one."
    )
    BINDINGS: ClassVar = [
        Binding("space", "pause", "Pause or go on", show=False),
        Binding("m", "mode", "Frames or UDS messages", show=False),
        Binding("s", "scroll", "Fixed rows or scrolling list", show=False),
        Binding("slash", "filter", "Filter", show=False, key_display="/"),
        Binding("x", "empty", "Empty the panel", show=False),
        Binding("tab", "app.focus_next", "Other box", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.view: TrafficView | None = None
        self.mode = "rows"
        self.fixed = "rows"
        self.paused = False
        self.filter = ""
        self._vehicle: object = None
        self._tick = 0
        self._titled = ""

    def keys(self) -> tuple[Key, ...]:
        return (
            ("space", "Go on" if self.paused else "Pause", "pause"),
            ("m", "Frames" if self.mode == "messages" else "Messages", "mode"),
            ("s", "Fixed" if self.mode == "frames" else "Scroll", "scroll"),
            ("/", "Filter", "filter"),
        )

    def body(self) -> list[Widget]:
        traffic = RowList(COLUMNS["rows"], id="traffic", classes="box")
        items = RowList(MESSAGE_COLUMNS, heading=False, follow=True, id="items", classes="box")
        items.border_title = "Messages"
        items.empty = "No messages yet."
        return [Lines(("",), id="figures"), traffic, items]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#traffic").focus()
        self.set_interval(1 / POLLS_A_SECOND, self.tick)
        self.paint()

    # -- pulling

    def tick(self) -> None:
        self._tick += 1
        if self.paused or (not self.is_current and self._tick % POLLS_A_SECOND):
            return
        view = self._current_view()
        if view is not None:
            view.poll(time.monotonic())
        if self.is_current and self._tick % TICKS_A_PAINT == 0:
            self.paint()

    def _current_view(self) -> TrafficView | None:
        vehicle = self.desk.vehicle if self.desk is not None else None
        if vehicle is not self._vehicle:
            self._vehicle = vehicle
            self.view = vehicle.traffic_view() if vehicle is not None else None
            if self.view is not None:
                self.view.filter = self.filter
        return self.view

    # -- painting

    def paint(self) -> None:
        view = self._current_view()
        traffic = self.query_one("#traffic", RowList)
        if self._titled != self.mode:  # setting it repaints the whole box
            self._titled = self.mode
            traffic.border_title = plain(TITLES[self.mode])
        traffic.empty = (
            "No vehicle is connected: esc, then 1 on Start." if view is None
            else "Nothing matches the filter: / changes it." if self.filter
            else "Nothing on the bus yet."
        )  # fmt: skip
        traffic.set_rows(self._rows(view, traffic.visible_rows))
        self.query_one("#figures", Lines).show(self._figures(view))

    def _rows(self, view: TrafficView | None, visible: int) -> list[Row]:
        if view is None:
            return []
        many = SCROLL_BACK if self.paused else max(visible, 1)
        if self.mode == "messages":
            return [message_row(line, self.desk.clock_words if self.desk else str) for line in view.message_lines(many)]
        if self.mode == "frames":
            return [
                frame_line_row(line, self.desk.clock_words if self.desk else str) for line in view.frame_lines(many)
            ]
        return [frame_row(row) for row in view.rows()]

    def _figures(self, view: TrafficView | None) -> Cell:
        run = ("   [PAUSE]", "warn") if self.paused else ("   [RUN]", "ok")
        wanted = (f"  filter {self.filter}", "accent") if self.filter else ("", "")
        if view is None:
            return ((" no vehicle", "dim"), wanted, run)
        f = view.figures
        load = "load  - " if f.load is None else f"load {100 * f.load:3.0f} %" if f.load <= 1 else "load >99 %"
        dropped = (f"  dropped {f.dropped}", "warn" if f.dropped else "dim")
        errors = (f"  errors {f.errors}", "bad") if f.errors else ("", "")
        counted = f" {load}  {f.frames_per_second:6.0f} fr/s  {f.frames} frames"
        return ((counted, ""), dropped, errors, wanted, run, *self._job_words())

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
        items.set_rows([item_row(item, desk.clock_words) for item in list(desk.messages)[-300:]])
        self.query_one("#figures", Lines).show(self._figures(self.view))

    # -- wishes

    def _to(self, mode: str) -> None:
        self.mode = mode
        traffic = self.query_one("#traffic", RowList)
        traffic.set_columns(COLUMNS[mode])
        traffic.follow = mode != "rows"
        traffic.set_rows([])
        self.paint()
        if mode != "rows":
            traffic.action_edge(1)
        self.tell_keys()

    def action_mode(self) -> None:
        if self.mode == "messages":
            self._to(self.fixed)
        else:
            self.fixed = self.mode
            self._to("messages")

    def action_scroll(self) -> None:
        self._to("frames" if self.mode == "rows" else "rows")

    def action_pause(self) -> None:
        self.paused = not self.paused
        self.paint()
        self.query_one("#traffic", RowList).action_edge(1 if self.mode != "rows" else -1)
        self.tell_keys()

    def action_empty(self) -> None:
        if self.view is not None:
            self.view.clear()
        self.paint()

    def action_filter(self) -> None:
        def filled(values: dict[str, str] | None) -> None:
            if values is not None:
                self.filter = values["filter"]
                if self.view is not None:
                    self.view.filter = self.filter
                self.paint()

        note = "Identifier, unit or words; empty shows all."
        self.app.push_screen(Fill("Filter the live panel", [("filter", "Contains", self.filter)], note), filled)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "items":
            self.passbay.show_message(event.key)
