"""The Passbay app: theme, keys that hold everywhere, the places, the pull of the desk. Shows nothing itself."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import Binding
from textual.screen import Screen

from tui.app import SLOW_LINE
from tui.helper.app import HelperApp
from tui.locale import _
from tui.looks import Looks
from tui.looks.keymap import identified, place_name
from tui.screens.base import Place
from tui.screens.start import StartScreen
from tui.style import CSS
from tui.theme import DARK, PALETTES, SIXTEEN, textual_theme

if TYPE_CHECKING:
    from core.vocabulary import Interrupted
    from core.workbench import Workbench
    from tui.desk import Desk

MANUALS = ("2221-", "2173-")  # the numbers that technicians know; a toast names them
BESIDE = ("live", "visits")  # who looks at the bus or hands the vehicle over does not leave a flash by it
PULLS_A_SECOND = 4 if SLOW_LINE in os.environ else 10


def _screen(module: str, name: str) -> Callable[[], Screen[Any]]:
    """A screen that is imported when it is opened first."""

    def load() -> Screen[Any]:
        from importlib import import_module

        screen: Screen[Any] = getattr(import_module(f"tui.screens.{module}"), name)()
        return screen

    return load


class PassbayApp(HelperApp):
    TITLE = "Passbay"
    CSS = CSS
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-narrow"),
        (80, "-fit"),
        (120, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-low"),
        (24, "-enough"),
        (36, "-tall"),
    ]
    SCREENS: ClassVar = {
        "devices": _screen("devices", "DevicesScreen"),
        "vehicle": _screen("vehicle", "VehicleScreen"),
        "flash": _screen("flash", "FlashScreen"),
        "coding": _screen("coding", "CodingScreen"),
        "live": _screen("live", "LiveScreen"),
        "training": _screen("training", "TrainingScreen"),
        "firstrun": _screen("paper.first", "FirstRunScreen"),
        "assist": _screen("paper.assist", "AssistScreen"),
        "login": _screen("paper.login", "LoginScreen"),
        "credit": _screen("paper.credit", "CreditScreen"),
        "update": _screen("releases.update", "UpdateScreen"),
        "addons": _screen("releases.addons", "AddOnScreen"),
        "check": _screen("shop.check", "CheckScreen"),
        "support": _screen("shop.support", "SupportScreen"),
        "visits": _screen("shop.visits", "VisitsScreen"),
        "codes": _screen("paper.codes", "CodesScreen"),
    }
    BINDINGS: ClassVar = identified("passbay", [
        Binding("f1", "help", _("Help"), show=False, priority=True),
        Binding("f9", "live", _("Live panel"), show=False, priority=True),
        Binding("u", "undo", _("Take the vehicle back"), show=False),
        Binding("a", "stop_job", _("Stop the job safely"), show=False),
        Binding("ctrl+q", "quit", _("Quit"), show=False, priority=True),
    ])  # fmt: skip

    def __init__(
        self, open_workbench: Callable[[], Workbench] | None = None, desk: Desk | None = None,
        looks: Looks | None = None, helping: bool = False,
    ) -> None:  # fmt: skip
        """`open_workbench` is called in a thread after the first paint. `desk`: a desk that is ready (tests).

        `helping`: for somebody in a browser who helps from afar; the bench that is opened is a helper's, too."""
        super().__init__()
        self.helping = helping
        self.looks = looks = looks or Looks()
        self.desk: Desk | None = None
        self._ready_desk = desk
        self._open_workbench = open_workbench
        self.wanted_unit = ""  # what Vehicle hands over to Flash and Coding
        self.wanted_recovery: Interrupted | None = None  # what Start hands over to Flash
        self._wish: Callable[[], None] | None = None
        for name in PALETTES:
            self.register_theme(textual_theme(name))
        self.theme = SIXTEEN if looks.colours == "16" else looks.theme if looks.theme in PALETTES else DARK
        self._filter_lines(looks)

    def _filter_lines(self, looks: Looks) -> None:
        """Modes for small terminals act on every line that is painted."""
        if not (looks.ascii or looks.colours == "none"):
            return
        from tui.looks.filters import GROUNDS, AsciiOnly, Colourless

        if looks.colours == "none":
            for palette in PALETTES.values():
                GROUNDS.add(palette.background)
            self._filters.append(Colourless())
        if looks.ascii:
            self._filters.append(AsciiOnly())

    def get_default_screen(self) -> Screen[Any]:
        return self.helper_screen() if self.helping else StartScreen()

    # -- after the first paint

    def on_ready(self) -> None:
        self._end_on_signals()
        if self._ready_desk is not None:
            self._take_desk(self._ready_desk)
        else:
            self.run_worker(self._make_desk, thread=True, exit_on_error=True)

    def _end_on_signals(self) -> None:
        """A closed terminal or a polite kill ends the app through its normal end, so that the vehicle is let go."""
        if not self.is_headless:
            self.set_interval(1.0, self._watch_terminal)
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and threading.current_thread() is threading.main_thread():
                try:
                    loop.add_signal_handler(number, self.exit)
                except NotImplementedError:
                    pass  # Windows loops have no signal handlers

    def _watch_terminal(self) -> None:
        from tui.looks.hangup import watch

        watch(self)

    def _make_desk(self) -> None:
        """In a thread: the core's modules cost more than the whole first paint."""
        from tui.desk import Desk

        open_workbench = self._open_workbench
        if open_workbench is None:
            from core.workbench import open_workbench as open_default

            open_workbench = open_default
        self.call_from_thread(self._take_desk, Desk(open_workbench))

    def _take_desk(self, desk: Desk) -> None:
        self.desk = desk
        if desk.workbench is None:
            desk.open(self._workbench_open)
        else:
            self._workbench_open()
        self.set_interval(1 / PULLS_A_SECOND, self.pull)
        self.set_interval(1.0, desk.read_voltage)
        self.set_interval(1.0, desk.papers.tick_minutes)
        self.refresh_places()

    def _workbench_open(self) -> None:
        from tui.looks.applied import apply_settings
        from tui.wishes.start import begin

        apply_settings(self)
        wish, self._wish = self._wish, None
        if not self.begin_helping():
            begin(self, wish)

    # -- pulling

    def pull(self) -> None:
        desk = self.desk
        if desk is None:
            return
        if desk.pull():
            self.refresh_places()
        self.heed_the_wheel()
        if desk.rings():
            self.bell()
        alerts, desk.alerts = desk.alerts, []
        for item in alerts[-2:]:  # the message list has them all
            number = f"{item.code} " if item.code.startswith(MANUALS) else ""
            self.toast(f"{number}{item.text}", item.severity)

    def toast(self, text: str, severity: str) -> None:
        from tui.widgets.plain import clean

        kind: Any = severity if severity in ("warning", "error") else "information"
        self.notify(clean(text, 300), severity=kind, markup=False)

    def show_message(self, key: str) -> None:
        """One line of the message list in full, to read and to copy."""
        from tui.wishes.messages import show_message

        show_message(self, key)

    def refresh_places(self) -> None:
        """The screen on top, and the ones that shine through below it."""
        for screen in self.screen_stack:
            if isinstance(screen, Place) and screen.is_mounted and (screen.is_current or screen is self.place):
                screen.refresh_desk()

    @property
    def place(self) -> Place | None:
        """The place on top, dialogs not counted."""
        return next((s for s in reversed(self.screen_stack) if isinstance(s, Place)), None)

    @property
    def _at_live(self) -> bool:
        """By the place's name of its own: its title is in the language of the user."""
        return self._place_name == "live"

    @property
    def _place_name(self) -> str:
        return place_name(type(self.place)) if self.place is not None else ""

    # -- going

    def go(self, place: str) -> None:
        """To a place: down the stack where it lies there, else on top."""
        if self.not_for_helpers(place):
            return
        if self.desk is None or self.desk.workbench is None:
            self._wish = lambda: self.go(place)
            return
        if place == "data":
            from tui.wishes.data import add_data

            add_data(self)
        elif self._refuses_leaving(place):
            return
        elif self.is_screen_installed(place) and self.get_screen(place) in self.screen_stack:
            while self.screen is not self.get_screen(place):
                self.pop_screen()
        else:
            self.push_screen(place)

    def _refuses_leaving(self, place: str) -> bool:
        why = self.desk.locked if self.desk is not None else ""
        if why and place not in (*BESIDE, "flash"):
            self.toast(_("{why} Stop safely with a.").format(why=why), "warning")
            return True
        return False

    def back(self) -> None:
        beside = self.place is None or self._place_name in BESIDE
        if len(self.screen_stack) > 1 and (beside or not self._refuses_leaving("")):
            self.pop_screen()

    def action_live(self) -> None:
        if self._at_live:
            self.pop_screen()
        else:
            self.go("live")

    def action_help(self) -> None:
        from tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen) and self.place is not None:
            self.push_screen(HelpScreen(self.place))

    def action_stop_job(self) -> None:
        desk = self.desk
        if desk is None or not desk.busy:
            self.toast(_("Nothing runs that could be stopped."), "information")
        elif desk.watching and not desk.lent_to:
            self.toast(_("This screen only watches: {watching} can stop it.").format(watching=desk.watching), "warning")
        elif desk.locked:
            self._ask_stop(desk)
        else:
            self._stop()

    def _ask_stop(self, desk: Desk) -> None:
        from tui.screens.dialogs import Ask

        unit = desk.job.unit if desk.job is not None else ""
        lines = [
            _("The block on its way is ended, then {unit} waits in its boot loader without complete software.").format(
                unit=unit
            ),
            _("To recover: keep the ignition on. Start names the unit in red; enter there brings it back."),
        ]
        self.push_screen(
            Ask(_("Stop the flash of {unit}?").format(unit=unit), lines, yes=_("Stop")),
            lambda yes: self._stop() if yes else None,
        )

    def _stop(self) -> None:
        if self.desk is not None and self.desk.stop_job():
            self.toast(_("Stopping after what must not be cut ..."), "warning")
            self.refresh_places()

    async def action_quit(self) -> None:
        desk = self.desk
        if desk is None or desk.job is None or not desk.busy or (desk.watching and not desk.lent_to):
            self.exit()
        elif desk.locked and not desk.hosted:
            self.toast(_("Quit is locked: {locked} Stop safely with a.").format(locked=desk.locked), "warning")
        else:
            from tui.wishes.hosts import ask_quit

            ask_quit(self, desk)

    # -- palette

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        from tui.commands import commands

        return commands(self, screen)

    def action_theme(self) -> None:
        from tui.looks.applied import other_theme

        other_theme(self)

    # -- crash

    def _fatal_error(self) -> None:
        from tui.looks.crash import show_crash

        show_crash(self)
