"""Vehicle hosts at the start and at the end: going on with a job that nobody looks after, watching, leaving one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.vocabulary import HostInfo
from tui.hosting import GOES_ON, is_orphan, short_holder
from tui.locale import _

if TYPE_CHECKING:
    from tui.desk import Desk
    from tui.shell import PassbayApp

PLACES = {"flash": "flash", "survey": "vehicle", "faults": "vehicle", "coding": "coding", "coding-read": "coding"}


def go_on(app: PassbayApp) -> None:
    """At the start: a job whose screen is gone is shown at once. What another screen drives is only offered."""
    desk = app.desk
    if desk is None:
        return
    orphan = next((host for host in desk.hosts if is_orphan(host)), None)
    if orphan is not None and desk.vehicle is None and not desk.connecting:
        attach(app, orphan)
    app.refresh_places()


def look(app: PassbayApp) -> None:
    """Again, from the palette."""
    if app.desk is not None:
        app.desk.look_around(app.refresh_places)


def attach(app: PassbayApp, host: HostInfo) -> None:
    """To a host, and to the place that shows its job."""
    desk = app.desk
    if desk is None or (desk.busy and not desk.watching):
        app.toast(_("A job is running here: wait for its end first."), "warning")
        return

    def attached() -> None:
        job = desk.job
        who = (
            _("{watching} drives, this screen watches.").format(watching=desk.watching)
            if desk.watching
            else _("This screen drives now.")
        )
        what = _("{title} goes on in the vehicle host. ").format(title=job.title) if job is not None else ""
        desk.tell("info", f"{what}{who}")
        app.go(PLACES.get(job.kind if job is not None else "", "vehicle"))

    desk.attach(host, attached)


def offer(app: PassbayApp, host: HostInfo) -> None:
    """A line of the checklist: what runs there, who drives, whether to look."""
    from tui.screens.dialogs import Ask

    lines = [f"{host.uri}{f', VIN {host.vin}' if host.vin else ''}: {host_words(host)}"]
    if not host.answers:
        lines.append(_("It does not answer. Its process is {pid}.").format(pid=host.pid))
    elif host.driver:
        lines.append(_("This screen would only watch: nothing can be started or stopped from here while it is driven."))
    app.push_screen(
        Ask(_("Show this vehicle here?"), lines, yes=_("Show")), lambda yes: attach(app, host) if yes else None
    )


def host_words(host: HostInfo) -> str:
    """ "Flash ENGINE 62 %, pid 4711 drives"."""
    from tui.work import JobView

    job = host.job
    if not host.answers:
        return _("does not answer")
    percent = f" {100 * job.done // job.total} %" if job is not None and job.total > 0 else ""
    what = f"{JobView.words_of(job.kind, job.unit)}{percent}" if job is not None else "connected"
    return (
        _("{what}, {short_holder} drives").format(what=what, short_holder=short_holder(host.driver))
        if host.driver
        else what
    )


def ask_quit(app: PassbayApp, desk: Desk) -> None:
    """A flash in a host goes on; everything else gets its safe ending before the app is gone."""
    from tui.screens.dialogs import Ask

    job = desk.job
    if job is None:
        return
    if job.kind == "flash" and desk.hosted:
        lines = [
            _("{title} is still running. {GOES_ON}").format(title=job.title, GOES_ON=GOES_ON),
            _("Keep the ignition on and the charger connected. Do not switch this PC off, do not close its lid."),
        ]
    else:
        lines = [_("{title} is still running. It gets its safe ending first.").format(title=job.title)]
    app.push_screen(Ask(_("Quit Passbay?"), lines, yes=_("Quit")), lambda yes: app.exit() if yes else None)
