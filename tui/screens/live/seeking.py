"""What the keys for search and bookmarks do on the live panel. A part of its screen, no widget of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.locale import _
from tui.screens.base import Place
from tui.screens.dialogs import Fill, Pick
from tui.screens.live.places import Bookmarks, marked_row, next_hit

if TYPE_CHECKING:
    from tui.widgets.rows import RowList


class Seeking(Place):
    """What LiveScreen inherits."""

    mode: str
    paused: bool
    bookmarks: Bookmarks
    _needle: str
    _seeking: bool
    _whole: bool

    @property
    def traffic(self) -> RowList:
        raise NotImplementedError

    def paint(self) -> None:
        raise NotImplementedError

    def action_pause(self) -> None:
        raise NotImplementedError

    def action_find(self) -> None:
        def filled(values: dict[str, str] | None) -> None:
            if values is not None and values["find"]:
                self._needle = values["find"]
                self.action_next_hit()

        note = _("What a line holds; h goes on to the next one. A running list is paused.")
        self.app.push_screen(
            Fill(_("Find in the list"), [("find", _("Text"), self._needle)], note, yes=_("Find")), filled
        )

    def action_next_hit(self) -> None:
        if not self._needle:
            self.action_find()
        elif self.mode in ("rows", "buses") or (self.paused and self._whole):
            self._seek()
        else:
            self._seeking = True  # when the paused list is there
            if not self.paused:
                self.action_pause()

    def _seek(self) -> None:
        self._seeking = False
        traffic = self.traffic
        hit = next_hit(traffic.rows, self._needle, traffic.cursor + 1)
        if hit is None:
            self.passbay.toast(_("No line holds {needle}.").format(needle=self._needle), "information")
        else:
            traffic.put_cursor(traffic.rows[hit].key)

    def action_bookmark(self) -> None:
        rows = self.traffic.rows
        if not rows:
            self.passbay.toast(_("There is no line to come back to."), "information")
            return
        at = self.traffic.cursor if self.paused or self.mode in ("rows", "buses") else len(rows) - 1
        around = rows[max(0, at - 200) : at + 200]
        mark = self.bookmarks.add(self.mode, rows[at], around)
        self.passbay.toast(_("Bookmark {number}: {words}").format(number=mark.number, words=mark.words), "information")
        if self.paused:
            self.traffic.set_rows([marked_row(row) if row.key == mark.key else row for row in rows])

    def action_bookmarks(self) -> None:
        if not len(self.bookmarks):
            self.passbay.toast(_("No bookmark yet: z sets one."), "information")
            return
        self.app.push_screen(Pick(_("Bookmarks"), self.bookmarks.choices()), self._go_to)

    def _go_to(self, number: str | None) -> None:
        mark = self.bookmarks.get(number or "")
        if mark is None:
            return
        self.mode, self.paused, self._whole = mark.mode, True, True
        self.traffic.follow = False
        self.paint()
        if all(row.key != mark.key for row in self.traffic.rows):
            self.traffic.set_rows(mark.rows)
        self.traffic.put_cursor(mark.key)
        self.tell_keys()
