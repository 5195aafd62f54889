"""Vehicle hosts at the start and at the end: going on with a job that nobody looks after, watching, leaving one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.vocabulary import HostInfo
from tui.hosting import GOES_ON, is_orphan, short_holder

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
        app.toast("A job is running here: wait for its end first.", "warning")
        return

    def attached() -> None:
        job = desk.job
        who = f"{desk.watching} drives, this screen watches." if desk.watching else "This screen drives now."
        what = f"{job.title} goes on in the vehicle host. " if job is not None else ""
        desk.tell("info", f"{what}{who}")
        app.go(PLACES.get(job.kind if job is not None else "", "vehicle"))

    desk.attach(host, attached)


def offer(app: PassbayApp, host: HostInfo) -> None:
    """A line of the checklist: what runs there, who drives, whether to look."""
    from tui.screens.dialogs import Ask

    lines = [f"{host.uri}{f', VIN {host.vin}' if host.vin else ''}: {host_words(host)}"]
    if not host.answers:
        lines.append(f"It does not answer. Its process is {host.pid}.")
    elif host.driver:
        lines.append("This screen would only watch: nothing can be started or stopped from here while it is driven.")
    app.push_screen(Ask("Show this vehicle here?", lines, yes="Show"), lambda yes: attach(app, host) if yes else None)


def host_words(host: HostInfo) -> str:
    """ "Flash ENGINE 62 %, pid 4711 drives"."""
    from tui.work import JobView

    job = host.job
    if not host.answers:
        return "does not answer"
    percent = f" {100 * job.done // job.total} %" if job is not None and job.total > 0 else ""
    what = f"{JobView.words_of(job.kind, job.unit)}{percent}" if job is not None else "connected"
    return f"{what}, {short_holder(host.driver)} drives" if host.driver else what


def ask_quit(app: PassbayApp, desk: Desk) -> None:
    """A flash in a host goes on; everything else gets its safe ending before the app is gone."""
    from tui.screens.dialogs import Ask

    job = desk.job
    if job is None:
        return
    if job.kind == "flash" and desk.hosted:
        lines = [
            f"{job.title} is still running. {GOES_ON}",
            "Keep the ignition on and the charger connected. Do not switch this PC off, do not close its lid.",
        ]
    else:
        lines = [f"{job.title} is still running. It gets its safe ending first."]
    app.push_screen(Ask("Quit Passbay?", lines, yes="Quit"), lambda yes: app.exit() if yes else None)
