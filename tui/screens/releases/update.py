"""Update Service Control Center (T3, C9 to C12): release overview, downloads, settings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding

from core.vocabulary import ReleaseState, UpdateSource
from tui.locale import _, said
from tui.screens.base import TabbedPlace
from tui.theme import GLYPHS
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, Row, RowList, choose_focused
from tui.wishes import releases as wishes
from tui.wording import releases as wording
from tui.work import bytes_words

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import ReleaseRow

DEMO = _("demo of this PC")


class UpdateScreen(TabbedPlace):
    PLACE = _("Update Service")
    TABS = (_("1 Release overview"), _("2 Downloads"), _("3 Settings"))
    LISTS = ("#releases", "#downloads", "#source")
    HELP = _(
        "Releases bring diagnosis data and flashware, four a year. It searches and loads by itself.\n"
        "Install says first which units get new software; enter shows the signed notes.\n"
        "In Settings enter changes a line. Nothing is installed that is not signed."
    )
    BINDINGS: ClassVar = [
        Binding("1", "tab(0)", _("Release overview"), show=False),
        Binding("2", "tab(1)", _("Downloads"), show=False),
        Binding("3", "tab(2)", _("Settings"), show=False),
        Binding("f5", "again", _("Search for releases"), show=False),
        Binding("l", "load", _("Load the marked release, or go on"), show=False),
        Binding("space", "pause", _("Pause the download"), show=False),
        Binding("i", "install", _("Install the marked release"), show=False),
        Binding("b", "restore", _("Back to the release before"), show=False),
        Binding("e", "export", _("Export the marked release as zip"), show=False),
        Binding("o", "file", _("Open a zip, folder or stick"), show=False),
        Binding("x", "empty", _("Throw the marked release away"), show=False),
        Binding("t", "test", _("Verify the connection"), show=False),
        Binding("w", "write", _("Apply & Next"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.draft: UpdateSource | None = None  # settings that are not saved yet

    def body(self) -> list[Widget]:
        releases = RowList(
            (Column("", 1), Column(_("Release"), 9), Column(_("What it is")),
             Column(_("Size"), 14, right=True, wide=20), Column(_("State"), 27)),
            id="releases", classes="box",
        )  # fmt: skip
        downloads = RowList(
            (Column(_("Release"), 9, wide=16), Column(_("Part")), Column("", 16), Column("", 5, right=True),
             Column("", 10, right=True), Column(_("Time left"), 12)),
            id="downloads", classes="box",
        )  # fmt: skip
        source = RowList((Column("", 1), Column("", 26), Column("")), heading=False, id="source", classes="box")
        releases.border_title, downloads.border_title = _("Release overview"), _("Downloads")
        source.border_title = _("Configure Update Service")
        downloads.empty = _("Nothing is being downloaded. l in the release overview begins.")
        return [Lines(("",), id="tabs"), releases, downloads, source, Lines(("", ""), id="told")]

    def on_mount(self) -> None:
        super().on_mount()
        if self.desk is not None:
            self.desk.releases.open()
        self.action_tab(0)

    def keys(self) -> tuple[Key, ...]:
        if self.tab == 2:
            return (("enter", _("Change"), "do"), ("t", _("Verify"), "test"), ("w", _("Apply & Next"), "write"))
        if self.tab == 1:
            return (("space", _("Pause"), "pause"), ("l", _("Go on"), "load"), ("1", _("Overview"), "tab(0)"))
        return (
            ("l", _("Load"), "load"),
            ("i", _("Install"), "install"),
            ("b", _("Back"), "restore"),
            ("f5", _("Search"), "again"),
        )

    # -- showing

    def show_desk(self) -> None:
        desk = self.desk
        if desk is None:
            return
        self.show_tabs()
        releases = self.query_one("#releases", RowList)
        overview = desk.releases.overview
        releases.empty = _("Reading ...") if overview is None else _("No release is known. f5 searches.")
        releases.set_rows([self._release(row) for row in (overview.rows if overview is not None else ())])
        self.query_one("#downloads", RowList).set_rows(self._downloads())
        self.query_one("#source", RowList).set_rows(self._source())
        self.query_one("#told", Lines).show(*self._told())

    def _release(self, row: ReleaseRow) -> Row:
        tone, words = wording.release_told(row)
        mark = "busy" if row.state is ReleaseState.DOWNLOADING else tone
        title = (
            f"{row.title} ({', '.join(row.product_groups)})"
            if row.product_groups and self.size.width > 110
            else row.title
        )
        return Row(row.version, ((GLYPHS[mark], mark), (row.version, "bold" if row.newest else ""), title,
                                 wording.size_told(row), (words, tone)))  # fmt: skip

    def _downloads(self) -> list[Row]:
        desk = self.desk
        facts = sorted(desk.releases.fetched.values(), key=lambda f: (f.version, f.component)) if desk else []
        return [
            Row(
                f"{fact.version}/{fact.component}",
                (fact.version, fact.component or _("all of it"), *wording.fetched_cells(fact)),
            )
            for fact in facts
        ]

    def _source(self) -> list[Row]:
        desk = self.desk
        source = self.draft or (desk.releases.source if desk is not None else None)
        if desk is None or source is None:
            return []
        saved = desk.releases.source
        lines = (
            ("url", "Source", source.url or DEMO),
            ("rds", _("Retail Data Storage"), source.rds or _("without")),
            ("trust", _("Trusted root metadata"), source.trust or _("of the demo")),
            ("automatic", _("Search and load by itself"), _("yes") if source.automatic else _("no")),
        )
        rows = []
        for key, name, value in lines:
            fresh = saved is not None and getattr(source, key) != getattr(saved, key)
            rows.append(Row(key, ((GLYPHS["warn" if fresh else "ok"], "warn" if fresh else "ok"), name, value)))
        for number, check in enumerate(desk.releases.checks or ()):
            tone = "ok" if check.ok else "bad"
            spent = f" ({check.milliseconds:.0f} ms)" if check.milliseconds is not None else ""
            words = f"{said(check.words)}{spent}{f'  {said(check.advice)}' if check.advice else ''}"
            rows.append(
                Row(f"check {number}", ((GLYPHS[tone], tone), said(check.name), (words, tone)), selectable=False)
            )
        return rows

    def _told(self) -> tuple[Cell, Cell]:
        desk = self.desk
        overview = desk.releases.overview if desk is not None else None
        if desk is None or overview is None:
            return ("", "")
        busy: Cell = (f" {desk.releases.busy} ...", "busy") if desk.releases.busy else ""
        age: Cell = (f" {said(overview.words)}", "warn" if overview.out_of_date else "dim")
        room = (_(" Free disk {bytes_words}.").format(bytes_words=bytes_words(overview.free_bytes)), "dim")
        warning = (f" {said(overview.warning)}", "warn") if overview.warning else ("", "")
        return (age, busy or (room, warning))

    # -- doing

    @property
    def marked(self) -> str:
        """The release under the cursor."""
        return self.query_one("#releases", RowList).key

    def action_again(self) -> None:
        if self.desk is not None:
            self.desk.releases.search()

    def action_load(self) -> None:
        wishes.download(self.passbay, self._marked_download())

    def action_pause(self) -> None:
        if self.desk is not None:
            self.desk.releases.pause(self._marked_download())

    def _marked_download(self) -> str:
        if self.tab == 1:
            return self.query_one("#downloads", RowList).key.partition("/")[0] or self.marked
        return self.marked

    def action_install(self) -> None:
        wishes.install(self.passbay, self.marked)

    def action_restore(self) -> None:
        wishes.rollback(self.passbay)

    def action_export(self) -> None:
        wishes.export(self.passbay, self.marked)

    def action_file(self) -> None:
        wishes.take_in(self.passbay)

    def action_empty(self) -> None:
        wishes.forget(self.passbay, self.marked)

    def action_do(self) -> None:
        choose_focused(self)

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "releases":
            wishes.notes(self.passbay, event.key)
        elif event.rows.id == "source":
            self._change(event.key)

    def _change(self, key: str) -> None:
        desk = self.desk
        source = self.draft or (desk.releases.source if desk is not None else None)
        if source is None:
            return
        if key == "automatic":
            self._draft(replace(source, automatic=not source.automatic))
        else:
            wishes.ask_source(self.passbay, source, key, self._draft)

    def _draft(self, source: UpdateSource) -> None:
        self.draft = source
        self.show_desk()

    def action_test(self) -> None:
        desk = self.desk
        if desk is not None and desk.releases.source is not None:
            self.action_tab(2)
            desk.releases.check(self.draft or desk.releases.source)

    def action_write(self) -> None:
        """C9: Apply & Next goes on to what the source offers."""
        desk, draft = self.desk, self.draft
        if desk is None:
            return
        if draft is None or draft == desk.releases.source:
            self.action_tab(0)
            return

        def saved() -> None:
            self.draft = None
            self.action_tab(0)
            desk.releases.search()

        desk.releases.configure(draft, saved)
