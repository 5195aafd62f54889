"""What each numbered message means and what to do: 2221-xx and 2173-xx (manual, chapter 6) and ours of the paper.

In our own words. Headlines are core.messages'; the Support Tool and the message list open these pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui.locale import _


@dataclass(frozen=True, slots=True)
class CodePage:
    """`when` it comes, what it means, and the steps of what to do, most likely help first."""

    code: str
    when: str
    meaning: str
    steps: tuple[str, ...]


_BUY = (
    _("Log in, open Credit, choose a package for this vehicle group and buy it."),
    _("If you may not buy: ask whoever orders for your organisation in the shop."),
    _("A vehicle of another group needs credit of that group."),
)
_PAGES = (
    CodePage(
        "2221-45", _("At the start, and when the StartKey is checked."),
        _("The StartKey server answers, but it has no StartKey for the hardware ID of this PC."),
        (
            _("Open ConfigAssist, log in, and order a StartKey in the line StartKey."),
            _("Or export the device data there and upload the file in the shop."),
            _("Start Passbay as administrator of this PC: without it parts of the hardware ID cannot be read."),
            _("If a StartKey was ordered and does not come: ask customer support, with the contract number."),
        ),
    ),
    CodePage(
        "2221-47", _("At the start, and when the StartKey is checked."),
        _("The StartKey server cannot be reached. Planned maintenance is named in the message where there is any."),
        (
            _("Start again later. What was checked before goes on to hold for 30 days."),
            _("Look at the line Server in ConfigAssist; f5 asks again."),
            _("If other addresses cannot be reached either, it is this PC's network: see 2173-39."),
            _("If it lasts: ask the technical help desk."),
        ),
    ),
    CodePage(
        "2221-54", _("At the start."),
        _("A new StartKey was downloaded by itself, because the old one runs out or was replaced. This is rare."),
        (
            _("Close Passbay and start it again. The PC need not be restarted."),
            _("If it comes at every start: check the free disk space and the rights on the data folder."),
        ),
    ),
    CodePage(
        "2173-43", _("When a vehicle of a product group is opened."),
        _("For information: so many minutes of credit are left for this group."),
        (_("Nothing has to be done. Buy more in Credit before it runs out."),),
    ),
    CodePage(
        "2173-42", _("When a vehicle of a product group is opened, and when a job starts."),
        _("There was never time credit for this product group. Jobs on real vehicles need it."),
        _BUY,
    ),
    CodePage(
        "2173-44", _("When a vehicle of a product group is opened, and when a job starts."),
        _("There was time credit for this product group, but it is used up or has expired."),
        (*_BUY, _("What was running when it ended is finished, and booked afterwards.")),
    ),
    CodePage(
        "2173-39", _("At any time."),
        _("The fault is on this side: this PC has no network, no name resolution or no way out."),
        (
            _("Check cable or WLAN, then open any web page on this PC."),
            _("Ask your local IT administrator: firewall, proxy, name server. Not the help desk."),
            _("Work goes on meanwhile as long as the last online check allows: 30 days, then reading only."),
        ),
    ),
    CodePage(
        "2173-40", _("At any time."),
        _("StartKey or credit could not be checked, and the reason is not known."),
        (
            _("Restart the PC and start Passbay as its administrator."),
            _("Open ConfigAssist: a line with x or ! names what does not answer."),
            _("If it stays: ask the technical help desk, with this number and the time."),
        ),
    ),
    CodePage(
        "PB-701", _("When a StartKey is read or installed."),
        _("The StartKey is damaged, was changed, or is another kind of paper. Such a file is never accepted."),
        (_("Download it again: ConfigAssist, k."), _("If it came by mail or stick: get it again from the shop.")),
    ),
    CodePage(
        "PB-702", _("When a StartKey is read or installed."),
        _("The StartKey was made for another PC, or so much of this PC was exchanged that it counts as another one."),
        (
            _("Order a StartKey with the hardware ID of this PC: ConfigAssist shows and exports it."),
            _("After a repair of this PC: ask customer support to move the StartKey."),
        ),
    ),
    CodePage(
        "PB-703", _("When the StartKey is checked."),
        _("The StartKey has expired. Without a valid one, work on real vehicles is not possible."),
        (
            _("Press k in ConfigAssist: a renewed one may be there already."),
            _("Else order the renewal in the shop, and check date and time of this PC."),
        ),
    ),
    CodePage(
        "PB-704", _("When a job would change the vehicle."),
        _("The StartKey was not checked online for more than 30 days. Reading goes on, changing does not."),
        (_("Connect this PC to the network and press k in ConfigAssist. One check is enough."),),
    ),
    CodePage(
        "PB-705", _("When the StartKey is checked."),
        _("The clock of this PC stands before a time that was seen here already. That buys no time."),
        (
            _("Set date, time and time zone of this PC right; let it be set over the network."),
            _("If the clock is right now but was ahead once: press k in ConfigAssist while online."),
        ),
    ),
    CodePage(
        "PB-706", _("When a job starts."),
        _(
"You are logged in, but have not the right that this job needs: standard diagnosis for every job, flash for "
        "everything that writes software or coding."
),
        (
            _("Request the right on your organisation's pages; its administrator grants it."),
            _("Then log in once more on this PC. The activation can take up to 4 hours."),
        ),
    ),
    CodePage(
        "PB-707", _("When a job starts."),
        _("Nobody is logged in. Anonymous work on vehicles is not possible."),
        (_("Main menu, Log-in (7)."),
         _("Without a user ID: register on the pages of the server, as the Log-in shows.")),
    ),
    CodePage(
        "PB-851", _("At any time."),
        _("The back end does not answer at its address."),
        (_("Check the address in the settings."), _("See 2173-39 if nothing else can be reached either.")),
    ),
    CodePage(
        "PB-852", _("At any time."),
        _("The back end answered, and said no. Its reason stands in the message."),
        (_("Read the reason. If it makes no sense, ask the administrator of the back end."),),
    ),
)  # fmt: skip
PAGES = {page.code: page for page in _PAGES}
"""Page by code, the manual's numbers first."""
