"""Start: the checklist (hardware, data, vehicle) and the jobs. The first paint needs nothing of the core."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal

from tui.locale import _
from tui.screens.base import Place
from tui.theme import GLYPHS
from tui.widgets.lines import Key, Lines
from tui.widgets.plain import Cell
from tui.widgets.rows import Column, Row, RowList, choose_focused

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import HostInfo, Interrupted
    from tui.desk import Desk
    from tui.work import MessageItem

JOBS = (
    ("1", "vehicle", _("Vehicle quick test")),
    ("2", "flash", _("Flash a control unit")),
    ("3", "coding", _("Code a control unit")),
    ("4", "live", _("Live panel")),
    ("5", "devices", _("Choose the device")),
    ("6", "assist", _("ConfigAssist")),
    ("7", "login", _("Log-in")),
    ("8", "update", _("Update Service")),
    ("9", "addons", _("AddOn Center")),
    ("0", "support", _("Support Tool")),
)
SHORT = {"vehicle": _("Quick test"), "flash": _("Flash"), "coding": _("Coding")}
CHECKS = {
    "hardware": "devices", "data": "data", "vehicle": "vehicle", "startkey": "assist", "login": "login",
    "credit": "credit", "server": "assist",
}  # fmt: skip


def check_row(key: str, number: int, name: str, tone: str, words: str) -> Row:
    return Row(key, ((GLYPHS[tone], tone), f"{number} {name}", (words, "dim" if tone == "dim" else "")))


def news_row(item: MessageItem) -> Row:
    tone = {"error": "bad", "warning": "warn", "ok": "ok"}.get(item.severity, "dim")
    head = ((f"{item.unit} " if item.unit else "", "bold"), (f"{item.code} " if item.code else "", tone))
    return Row(str(item.number), ((GLYPHS[tone], tone), (*head, (f"{item.text} {item.advice}", ""))))


def alarm_rows(unfinished: Iterable[Interrupted], hosts: Iterable[HostInfo]) -> list[Row]:
    """What cannot wait: units left in programming, vehicles that are worked on elsewhere on this PC."""
    rows = []
    for number, entry in enumerate(unfinished):
        words = _("{unit} of VIN {value} was left in programming").format(
            unit=entry.unit, value=entry.vin or _("(not told)")
        )
        rows.append(Row(f"unit {number}", ((GLYPHS["bad"], "bad"), ((words, "bad"), (_("  enter recovers"), "dim")))))
    for number, host in enumerate(hosts):
        from tui.wishes.hosts import host_words

        words = f"{host.uri}: {host_words(host)}"
        rows.append(
            Row(f"host {number}", ((GLYPHS["warn"], "warn"), ((words, "warn"), (_("  enter shows it"), "dim"))))
        )
    return rows


class StartScreen(Place):
    PLACE = _("Start")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("enter", _("Open"), "open"),
        ("1-9", _("Job"), "job('vehicle')"),
        ("f9", _("Live"), "app.live"),
        ("^q", _("Quit"), "app.quit"),
    )
    HELP = _(
        "Passbay tests, flashes and codes control units. Everything starts here.\n"
        "At first the simulated car is chosen: press 1 and its quick test runs.\n"
        "For a real vehicle choose the device (5), ignition on, then press 1.\n"
        "StartKey, log-in and credit are for real vehicles: ConfigAssist (6) helps.\n"
        "A grey job says what it lacks; it may be tried all the same.\n"
        "A red line on top names a unit left in programming: enter brings it back.\n"
        "A yellow line names a vehicle that another screen works on: enter shows it.\n"
        "Only vehicles certified EURO 5, 6 or VI are flashed and coded."
    )
    BINDINGS: ClassVar = [
        Binding("1", "job('vehicle')", _("Vehicle quick test"), show=False),
        Binding("2", "job('flash')", _("Flash a control unit"), show=False),
        Binding("3", "job('coding')", _("Code a control unit"), show=False),
        Binding("4", "job('live')", _("Live panel"), show=False),
        Binding("5", "job('devices')", _("Choose the device"), show=False),
        Binding("6", "job('assist')", _("ConfigAssist"), show=False),
        Binding("7", "job('login')", _("Log-in"), show=False),
        Binding("8", "job('update')", _("Update Service"), show=False),
        Binding("9", "job('addons')", _("AddOn Center"), show=False),
        Binding("0", "job('support')", _("Support Tool"), show=False),
        Binding("tab", "other_box", _("Other box"), show=False),
    ]

    def body(self) -> list[Widget]:
        checks = RowList((Column("", 1), Column("", 11), Column("")), heading=False, id="checks", classes="box")
        jobs = RowList((Column("", 1), Column("")), heading=False, id="jobs", classes="box")
        checks.border_title, jobs.border_title = _("Get ready"), _("Jobs")
        jobs.set_rows(self.job_rows())
        checks.set_rows(self.check_rows())
        items = RowList((Column("", 1), Column("")), heading=False, follow=True, id="news", classes="box")
        items.border_title = _("Messages")
        items.empty = _("No messages yet. They are kept here and in the live panel (f9).")
        alarms = RowList((Column("", 1), Column("")), heading=False, id="alarms", classes="box")
        alarms.border_title = _("Needs you")
        alarms.display = False
        return [alarms, Horizontal(checks, jobs, id="boxes"), Lines(("", self.hint(), ""), id="hint"), items]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#jobs").focus()

    def job_rows(self) -> list[Row]:
        """What the papers do not allow is grey and says why; it may be tried all the same: the core decides."""
        desk = self.desk
        if desk is None or not desk.papers.needed:
            return [Row(place, (number, words)) for number, place, words in JOBS]
        from tui.paper.greying import lacking

        rows = []
        for number, place, words in JOBS:
            why = lacking(desk.papers, place)[0]
            grey = ((number, "dim"), (f"{SHORT.get(place, words)}: {why}", "dim"))
            rows.append(Row(place, grey if why else (number, words)))
        return rows

    def check_rows(self) -> list[Row]:
        desk = self.desk
        if desk is None:
            return [
                check_row("hardware", 1, _("Hardware"), "ok", _("Simulation - no VCI")),
                check_row("data", 2, _("Data"), "ok", _("comes with the product")),
                check_row("vehicle", 3, _("Vehicle"), "dim", _("not connected")),
                check_row("startkey", 4, _("StartKey"), "dim", "..."),
                check_row("login", 5, _("Log-in"), "dim", "..."),
                check_row("credit", 6, _("Credit"), "dim", "..."),
                check_row("server", 7, _("Server"), "dim", "..."),
            ]
        from tui.wording.releases import data_told

        data_tone, data = data_told(desk.releases.overview, len(desk.data_files))
        name = desk.uri if desk.uri.startswith("sim:") else desk.device_name
        hardware = _("Simulation - no VCI, {value}").format(value=name[4:]) if name.startswith("sim:") else name
        return [
            check_row("hardware", 1, _("Hardware"), "ok", hardware),
            check_row("data", 2, _("Data"), data_tone, data),
            check_row("vehicle", 3, _("Vehicle"), *self.vehicle_words()),
            *self._paper_rows(desk),
        ]

    def _paper_rows(self, desk: Desk) -> list[Row]:
        """C10: what ConfigAssist tells in full."""
        from tui.wording import paper as wording

        papers, day = desk.papers, desk.day_words
        return [
            check_row("startkey", 4, _("StartKey"), *wording.start_key_told(papers, day)),
            check_row("login", 5, _("Log-in"), *wording.login_told(papers)),
            check_row("credit", 6, _("Credit"), *wording.credit_told(papers, day)),
            check_row("server", 7, _("Server"), *wording.server_told(papers)),
        ]

    def vehicle_words(self) -> tuple[str, str]:
        desk = self.desk
        if desk is None or desk.vehicle is None:
            return (
                ("busy", _("connecting ...")) if desk is not None and desk.connecting else ("dim", _("not connected"))
            )
        if not desk.vehicle.vin:
            return "ok", _("connected, not identified yet")
        tone = "ok" if desk.vehicle.euro_class.covered else "warn"
        return tone, f"{desk.vehicle.vin}  {desk.vehicle.title}"

    def hint(self) -> Cell:
        desk = self.desk
        if desk is not None and desk.papers.needed:
            from tui.paper.greying import lacking

            for place in ("vehicle", "flash"):
                if lacking(desk.papers, place)[1]:
                    return ((f" {lacking(desk.papers, place)[1]} ", "warn"), ("6", "key"), (_(" helps."), "dim"))
        if desk is not None and desk.vehicle is not None:
            return (
                (_(" Next: "), "dim"),
                ("1", "key"),
                (_(" tests all control units, "), "dim"),
                ("2", "key"),
                (_(" flashes, "), "dim"),
                ("3", "key"),
                (_(" codes."), "dim"),
            )
        where = _("the simulated car") if desk is None or desk.uri.startswith("sim:") else _("the vehicle")
        return (
            (_(" Next: press "), "dim"),
            ("1", "key"),
            (_(" to test {where}. ").format(where=where), "dim"),
            ("5", "key"),
            (_(" chooses another device."), "dim"),
        )

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self.is_mounted and self.desk is not None:
            self.desk.look_around(self.refresh_desk)

    def _show_alarms(self) -> None:
        desk, alarms = self.desk, self.query_one("#alarms", RowList)
        rows = alarm_rows(desk.unfinished, desk.hosts) if desk is not None else []
        if desk is not None and desk.visitors.waiting:
            from tui.visits.words import waiting_words

            words = ((waiting_words(desk.visitors.waiting), "warn"), (_("  enter shows it"), "dim"))
            rows.append(Row("visits", ((GLYPHS["warn"], "warn"), words)))
        first = bool(rows) and not alarms.display
        alarms.display = bool(rows)
        alarms.set_rows(rows)
        if first and self.focused is self.query_one("#jobs"):
            alarms.focus()
        elif not rows and self.focused in (None, alarms):
            self.query_one("#jobs").focus()

    def show_desk(self) -> None:
        self._show_alarms()
        self.query_one("#checks", RowList).set_rows(self.check_rows())
        self.query_one("#jobs", RowList).set_rows(self.job_rows())
        self.query_one("#hint", Lines).show("", self.hint(), "")
        if self.desk is not None and self.desk.messages:
            self.query_one("#news", RowList).set_rows([news_row(item) for item in list(self.desk.messages)[-100:]])

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        if event.rows.id == "news":
            self.passbay.show_message(event.key)
        elif event.rows.id == "alarms" and event.key != "visits":
            self._heed(event.key)
        else:
            self.passbay.go(CHECKS.get(event.key, event.key))

    def _heed(self, key: str) -> None:
        kind, _blank, number = key.partition(" ")
        if self.desk is None:
            return
        if kind == "unit":
            from tui.wishes import recovery

            recovery.offer(self.passbay, self.desk.unfinished[int(number)])
        else:
            from tui.wishes import hosts

            hosts.offer(self.passbay, self.desk.hosts[int(number)])

    def action_open(self) -> None:
        choose_focused(self)

    def action_other_box(self) -> None:
        self.focus_next()

    def action_job(self, place: str) -> None:
        self.passbay.go(place)

    def action_back(self) -> None:
        """Start is the bottom: nothing lies behind it."""
