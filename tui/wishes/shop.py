"""Help pages by name or code, the page for the network administrator, the bundle that is looked at before saving."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tui.locale import _
from tui.screens.dialogs import Ask, Fill, Pick, Tell
from tui.work import bytes_words

if TYPE_CHECKING:
    from pathlib import Path

    from core.errors import ProductError
    from core.vocabulary.shop.support import HelpPage
    from tui.shell import PassbayApp
    from tui.shop.desk import Shop


def _shop(app: PassbayApp) -> Shop | None:
    desk = app.desk
    return desk.shop if desk is not None and desk.workbench is not None else None


def open_page(app: PassbayApp, name: str) -> None:
    """By its name or a code in any spelling; from every message and every refusal."""
    shop = _shop(app)

    def shown(page: HelpPage) -> None:
        from tui.screens.reading import ReadingScreen

        app.push_screen(ReadingScreen(page.title, page.text))

    if shop is not None:
        shop.open_page(name, shown)


def search(app: PassbayApp) -> None:
    shop = _shop(app)

    def filled(values: dict[str, str] | None) -> None:
        if shop is not None and values is not None:
            shop.search(values["words"])

    if shop is not None:
        note = _("Words that the page must hold, or a code such as 0x31 or 2221-47; empty: all pages.")
        app.push_screen(Fill(_("Search the pages"), [("words", _("Words"), shop.words)], note, yes=_("Search")), filled)


def write_network_page(app: PassbayApp) -> None:
    """Plain text, to print."""
    shop = _shop(app)
    if shop is None or not shop.network:
        app.toast(_("Check the hosts first: 2."), "information")
        return
    desk, workbench = shop.desk, shop.workbench
    path = workbench.paths.data / "support" / f"network-{time.strftime('%Y%m%d-%H%M%S')}.txt"

    def written(place: Path) -> None:
        app.push_screen(Tell(_("Page for the network administrator"), [place, "", shop.network_page()]))

    text = shop.network_page()
    desk.errand(lambda: workbench.write_text(path, text), written, lane="files")


def make_bundle(app: PassbayApp) -> None:
    """Drafted, shown, then saved; one file can be looked at or left out."""
    shop = _shop(app)
    if shop is None:
        return
    app.toast(_("Putting the bundle together ..."), "information")
    shop.draft(_screens(app), True, lambda draft: show_draft(app, draft))


def _screens(app: PassbayApp) -> dict[str, str]:
    """What stands on each screen of the stack now, as text."""
    texts = {}
    for number, screen in enumerate(app.screen_stack):
        lines = [strip.text.rstrip() for strip in screen._compositor.render_strips()] if screen.size.width else []
        texts[f"{number}-{type(screen).__name__}"] = "\n".join(lines)
    return texts


def show_draft(app: PassbayApp, draft: Any) -> None:
    """The list of what would be saved; enter on a file shows it."""
    preview = draft.preview()
    items = preview.items
    choices = [("save", (_("Save it"), "key"))]
    choices += [
        (item.name, _("{size:>9}  {name}  {masked} masked").format(
            size=bytes_words(item.size), name=item.name, masked=item.masked))
        for item in items
    ]  # fmt: skip
    lines = [_("VINs, names and keys are masked. Look at it before you give it away.")]
    lines += [_("Left out: {what}").format(what=sentence) for sentence in preview.left_out]

    def chosen(key: str | None) -> None:
        if key == "save":
            _save(app, draft)
        elif key is not None:
            _look_at(app, draft, key)

    app.push_screen(Pick(_("Support bundle"), choices, "save", lines), chosen)


def _look_at(app: PassbayApp, draft: Any, name: str) -> None:
    """One file; closing it leads back to the list, also by way of the question whether to leave it out."""
    asked: list[bool] = []

    def leave_out() -> None:
        asked.append(True)

        def answered(yes: bool | None) -> None:
            if yes:
                draft.remove(name)
            show_draft(app, draft)

        app.call_later(app.push_screen, Ask(_("Leave this file out?"), [name], yes=_("Leave out")), answered)

    def closed(_result: object) -> None:
        if not asked:
            app.call_later(show_draft, app, draft)

    def shut(result: object) -> None:
        app.call_later(closed, result)  # the third button tells its wish behind the dismissal

    app.push_screen(Tell(name, [draft.content(name)[:20000]], (_("Leave out"), leave_out)), shut)


def _save(app: PassbayApp, draft: Any) -> None:
    shop = _shop(app)
    if shop is None:
        return
    name = time.strftime("passbay-support-%Y%m%d-%H%M%S.zip")

    def saved(place: Path) -> None:
        shop.desk.note("ok", _("Support bundle saved: {place}").format(place=place))
        app.push_screen(Tell(_("Support bundle saved"), [place, _("Give this file to whoever helps.")]))

    def failed(_error: ProductError) -> None:
        show_draft(app, draft)  # nothing is lost: another place may have room

    def filled(values: dict[str, str] | None) -> None:
        path = (values or {}).get("path", "")
        if path:
            shop.save(draft, path, saved, failed)

    fields = [("path", _("File"), str(shop.workbench.paths.data / "support" / name))]
    app.push_screen(Fill(_("Save the support bundle"), fields, "", yes=_("Save")), filled)
