"""What is asked before paper is ordered, installed, written or bought. The rest is the desk's and the core's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import StartKeyExpired, StartKeyInvalid, StartKeyMissing, StartKeyOtherPc
from core.vocabulary import StartKeyVerdict
from tui.locale import _, said
from tui.screens.dialogs import Ask, Fill, Pick, Tell
from tui.wording.paper import DURATIONS, package_words, price_words

if TYPE_CHECKING:
    from pathlib import Path

    from core.errors import ProductError
    from core.vocabulary import CreditPackage
    from tui.paper.desk import Papers
    from tui.shell import PassbayApp

NO_REFUND = _("Credit is neither taken back nor refunded, not even when it was bought by mistake.")
"""K1, K2: told before every purchase."""
_NO_KEY = (StartKeyMissing, StartKeyExpired, StartKeyInvalid, StartKeyOtherPc)


def _papers(app: PassbayApp) -> Papers | None:
    desk = app.desk
    return desk.papers if desk is not None and desk.papers.paper is not None else None


# -- StartKey


def get_start_key(app: PassbayApp) -> None:
    """Checks the StartKey online; where there is none, offers the ways to one."""
    papers = _papers(app)
    if papers is None or papers.activating:
        return
    if papers.start_key is not None and papers.start_key.verdict is StartKeyVerdict.MISSING:
        offer_start_key(app)
    else:
        activate(app)


def activate(app: PassbayApp) -> None:
    papers = _papers(app)
    if papers is None:
        return

    def failed(error: ProductError) -> None:
        if isinstance(error, _NO_KEY):
            offer_start_key(app, said(error.message))

    papers.activate(failed=failed)
    app.refresh_places()


def offer_start_key(app: PassbayApp, why: str = _("There is no StartKey for this system yet.")) -> None:
    """Order, look once more, export, or take a file (C5 to C8)."""
    papers = _papers(app)
    if papers is None:
        return
    user = papers.account.user
    order = (
        ("order", _("Order it now as {user}").format(user=user))
        if user
        else ("login", _("Log in first, then order it"))
    )
    choices = [
        order,
        ("check", _("Look online: it may be there already")),
        ("export", _("Export the device data for the shop")),
        ("install", _("Take a StartKey file")),
    ]
    wishes = {
        "order": lambda: papers.order(app.refresh_places),
        "login": lambda: app.go("login"),
        "check": lambda: activate(app),
        "export": lambda: export_device_data(app),
        "install": lambda: install_start_key(app),
    }

    def chosen(choice: str | None) -> None:
        if choice:
            wishes[choice]()
            app.refresh_places()

    app.push_screen(Pick("StartKey", choices, order[0], [why, ""]), chosen)


def install_start_key(app: PassbayApp) -> None:
    papers = _papers(app)
    if papers is None:
        return

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            papers.install(path, app.refresh_places)

    note = _("As the shop has provided it. A changed file, or one of another PC, is never accepted.")
    app.push_screen(Fill(_("StartKey from a file"), [("path", _("File"), "")], note), filled)


def export_device_data(app: PassbayApp) -> None:
    """A file for the order; its place is proposed."""
    from pathlib import Path

    papers, desk = _papers(app), app.desk
    workbench = desk.workbench if desk is not None else None
    if papers is None or workbench is None:
        return
    name = f"device-data-{papers.device.hardware_id}.json" if papers.device is not None else "device-data.json"

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            papers.export(Path(path).expanduser(), written)

    def written(path: Path) -> None:
        if app.desk is not None:
            app.desk.note("ok", _("Device data written: {path}").format(path=path))
        app.push_screen(
            Tell(_("Device data written"), [path, _("The shop takes this file with the order of the StartKey.")])
        )

    note = _("Hardware ID and app ID, for the order in the shop. No raw values of this PC are in it.")
    fields = [("path", _("File"), str(workbench.paths.data / name))]
    app.push_screen(Fill(_("Export device data"), fields, note, yes=_("Write")), filled)


# -- credit


def buy(app: PassbayApp, package: CreditPackage) -> None:
    """How many, then the question with price and K1; Cancel is preselected."""
    papers = _papers(app)
    if papers is None:
        return
    if not papers.account.user:
        app.toast(_("Log in first: credit belongs to the organisation of a user."), "information")
        app.go("login")
        return

    def filled(values: dict[str, str] | None) -> None:
        text = (values or {}).get("count", "")
        if text.isdecimal() and 0 < int(text) <= 999:
            ask(int(text))
        elif text:
            app.toast(_("{text} is no count: 1 to 999.").format(text=text), "warning")

    def ask(count: int) -> None:
        lines = [
            _("{count} x {value} for {group}: {package_words}.").format(
                count=count,
                value=DURATIONS[package.duration],
                group=package.group,
                package_words=package_words(package),
            ),
            _("Price: {price_words}{value}.").format(
                price_words=price_words(package), value=_(" each") if count > 1 and package.price_cents else ""
            ),
            NO_REFUND,
        ]
        app.push_screen(Ask(_("Buy time credit?"), lines, yes=_("Buy")), lambda yes: answered(count) if yes else None)

    def answered(count: int) -> None:
        papers.buy(package, count, app.refresh_places)

    note = f"{package.group}: {package_words(package)}, {price_words(package)}."
    app.push_screen(Fill(_("Buy time credit"), [("count", _("How many"), "1")], note, yes=_("Go on")), filled)
