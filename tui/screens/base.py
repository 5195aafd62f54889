"""What every screen has: header row, key bar, the too-small sentence, and the hook that shows the desk anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.screen import Screen

from tui.locale import _
from tui.looks.keymap import identified, place_name, shown_key
from tui.widgets.lines import Header, Key, KeyBar, Lines, tab_line
from tui.widgets.plain import Cell

if TYPE_CHECKING:
    from textual.widget import Widget

    from tui.desk import Desk
    from tui.shell import PassbayApp

ResultT = TypeVar("ResultT")
TOO_SMALL = _("too small, need 80x24")
CHANGING_KEYS = {"flash": "flash", "write": "coding"}
TAKE_BACK_KEY: Key = ("u", _("Take back"), "app.undo")
HELP_KEY: Key = ("f1", _("Help"), "app.help")


class Fitting(Screen[ResultT]):
    """A screen that says one clear sentence where the terminal is below 80x24. The app's CSS hides the rest."""

    @property
    def passbay(self) -> PassbayApp:
        return cast("PassbayApp", self.app)

    def render(self) -> Any:
        if self.has_class("-narrow") or self.has_class("-low"):
            return Text(TOO_SMALL)
        return super().render()


def helper_lines(desk: Desk) -> tuple[Cell, ...]:
    """In place of what could be done next: why a helper cannot do it now; () where he can."""
    if not desk.helping or desk.vehicle is None or not desk.watching:
        return ()
    from tui.helper.allowed import watching_words

    return ((f" {watching_words(desk)}", "warn"),)


class Place(Fitting[None]):
    """A place of the app: header, body, key bar. `KEYS` are the few of the bar, `HELP` the words of its f1 page."""

    PLACE: ClassVar[str] = ""
    KEYS: ClassVar[tuple[Key, ...]] = ()
    HELP: ClassVar[str] = ""
    BINDINGS: ClassVar = [Binding("escape", "back", _("Back"), show=False)]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Each key gets the identifier by which the settings may change it, before Textual merges them."""
        if "BINDINGS" in vars(cls):
            cls.BINDINGS = identified(place_name(cls), cls.BINDINGS)
        super().__init_subclass__(**kwargs)

    def compose(self) -> ComposeResult:
        yield Header(id="header")
        yield from self.body()
        yield KeyBar(id="keys")

    def body(self) -> list[Widget]:
        """The widgets between header and key bar."""
        return []

    def on_mount(self) -> None:
        self.tell_keys()
        self.tell_header()
        self.show_desk()

    def on_screen_resume(self) -> None:
        if self.is_mounted:
            self.show_desk()

    def tell_keys(self) -> None:
        keys = (*self._keys_now(), HELP_KEY)
        shown = [(shown_key(self.passbay, type(self), action, key), label, action) for key, label, action in keys]
        self.query_one(KeyBar).tell(shown, self._grey())

    def _keys_now(self) -> tuple[Key, ...]:
        """While it is handed over the way back stands first, on every place."""
        if self.desk is not None and self.desk.lent_to:
            return (TAKE_BACK_KEY, *(key for key in self.keys() if key[0] != TAKE_BACK_KEY[0]))[:4]
        return self.keys()

    def _grey(self) -> frozenset[str]:
        """Actions that the papers do not allow; the core refuses them with the reason."""
        if self.passbay.helping:
            return self._grey_for_helpers()
        papers = self.desk.papers if self.desk is not None else None
        if papers is None or not papers.needed:
            return frozenset()
        from tui.paper.greying import lacking

        return frozenset(action for action, place in CHANGING_KEYS.items() if lacking(papers, place)[0])

    def _grey_for_helpers(self) -> frozenset[str]:
        from tui.helper.allowed import greyed

        return greyed(self.desk, [action for _key, _label, action in self.keys()]) if self.desk else frozenset()

    def keys(self) -> tuple[Key, ...]:
        """The keys of the bar now; at most four, help and palette follow."""
        return self.KEYS

    def failed_page(self) -> str:
        """The help page of what has failed and stands on this screen now; f1 leads there. "" for nothing."""
        return ""

    @property
    def desk(self) -> Desk | None:
        return self.passbay.desk

    def tell_header(self) -> None:
        papers, visits, right = self.paper_words(), self.visit_words(), self.device_words()
        desk = self.desk
        full = desk is not None and desk.uri.startswith("sim:") and right[0] == (f"{desk.device_name}  ", "")
        if (papers or visits) and full:
            right = ((f"{_('Simulation')}  ", ""), *right[1:])  # type: ignore[assignment]
        self.query_one(Header).tell(f"Passbay  {self.PLACE}", right, papers, visits)

    def paper_words(self) -> Cell:
        """User and role, minutes left for the connected vehicle; nothing where the simulation needs none."""
        desk = self.desk
        if desk is None or not (desk.papers.account.user or desk.papers.needed):
            return ()
        from tui.wording.paper import header_words

        return header_words(desk.papers)

    def visit_words(self) -> tuple[tuple[str, str], ...]:
        """That somebody watches from a browser, or waits; nothing while nobody does."""
        desk = self.desk
        if desk is None or desk.visitors.door is None:
            return ()
        from tui.visits.words import header_words

        return header_words(desk.visitors)

    def device_words(self) -> Cell:
        desk = self.desk
        if self.passbay.helping and (desk is None or desk.vehicle is None):
            return ((_("waiting for a vehicle"), "dim"),)
        if desk is None:
            return ((_("Simulation - no VCI"), ""), ("   --.- V", "dim"))
        vehicle = desk.vehicle
        volts = ("   --.- V", "dim") if desk.volts is None else (f"   {desk.volts:4.1f} V", "")
        if vehicle is None:
            return ((f"{desk.device_name}  ", ""), (_("not connected"), "dim"), volts)
        if desk.helping:
            words = _("You watch; {who} drives").format(who=desk.watching)
            return ((words if desk.watching else _("Handed over to you: you drive"), "warn"), volts)
        if desk.lent_to:
            return ((_("handed over, {name} drives").format(name=desk.lent_to), "warn"), volts)
        if desk.watching:  # what this screen may is more than which way it goes
            return ((_("watching, {watching} drives").format(watching=desk.watching), "warn"), volts)
        ways = (" ".join(sorted(t.value for t in vehicle.transports)), "")
        if desk.ordered_faults:
            ways = ("TRAINING", "warn")
        return ((f"{desk.device_name}  ", ""), ways, volts)

    def refresh_desk(self) -> None:
        """Called by the app after each pull that brought something."""
        if not self.query("#header"):
            return  # on its way in or out
        self.tell_header()
        self.show_desk()
        self.tell_keys()

    def show_desk(self) -> None:
        """Puts what the desk knows onto the widgets. Asks and shows; does no work."""

    def only_watches(self) -> bool:
        """Before a question is put that could only be answered in vain; says who drives."""
        desk = self.desk
        if desk is None or not desk.watching:
            return False
        words = _("This screen only watches: {watching} drives the vehicle.").format(watching=desk.watching)
        self.passbay.toast(words, "warning")
        return True

    def action_back(self) -> None:
        self.passbay.back()


class TabbedPlace(Place):
    """A place of several lists, one of them shown. `TABS` are the words of the line `#tabs`, `LISTS` the lists."""

    TABS: ClassVar[tuple[str, ...]] = ()
    LISTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.tab = 0

    def action_tab(self, number: int) -> None:
        self.tab = number
        for n, name in enumerate(self.LISTS):
            self.query_one(name).display = n == number
        self.query_one(self.LISTS[number]).focus()
        self.show_desk()
        self.tell_keys()

    def show_tabs(self) -> None:
        self.query_one("#tabs", Lines).show(tab_line(self.TABS, self.tab))
