"""What each numbered message means and what to do: 2221-xx and 2173-xx (manual, chapter 6) and ours of the paper.

In our own words. Headlines are core.messages'; the Support Tool and the message list open these pages.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodePage:
    """`when` it comes, what it means, and the steps of what to do, most likely help first."""

    code: str
    when: str
    meaning: str
    steps: tuple[str, ...]


_BUY = (
    "Log in, open Credit, choose a package for this vehicle group and buy it.",
    "If you may not buy: ask whoever orders for your organisation in the shop.",
    "A vehicle of another group needs credit of that group.",
)
_PAGES = (
    CodePage(
        "2221-45", "At the start, and when the StartKey is checked.",
        "The StartKey server answers, but it has no StartKey for the hardware ID of this PC.",
        (
            "Open ConfigAssist, log in, and order a StartKey in the line StartKey.",
            "Or export the device data there and upload the file in the shop.",
            "Start Passbay as administrator of this PC: without it parts of the hardware ID cannot be read.",
            "If a StartKey was ordered and does not come: ask customer support, with the contract number.",
        ),
    ),
    CodePage(
        "2221-47", "At the start, and when the StartKey is checked.",
        "The StartKey server cannot be reached. Planned maintenance is named in the message where there is any.",
        (
            "Start again later. What was checked before goes on to hold for 30 days.",
            "Look at the line Server in ConfigAssist; f5 asks again.",
            "If other addresses cannot be reached either, it is this PC's network: see 2173-39.",
            "If it lasts: ask the technical help desk.",
        ),
    ),
    CodePage(
        "2221-54", "At the start.",
        "A new StartKey was downloaded by itself, because the old one runs out or was replaced. This is rare.",
        (
            "Close Passbay and start it again. The PC need not be restarted.",
            "If it comes at every start: check the free disk space and the rights on the data folder.",
        ),
    ),
    CodePage(
        "2173-43", "When a vehicle of a product group is opened.",
        "For information: so many minutes of credit are left for this group.",
        ("Nothing has to be done. Buy more in Credit before it runs out.",),
    ),
    CodePage(
        "2173-42", "When a vehicle of a product group is opened, and when a job starts.",
        "There was never time credit for this product group. Jobs on real vehicles need it.",
        _BUY,
    ),
    CodePage(
        "2173-44", "When a vehicle of a product group is opened, and when a job starts.",
        "There was time credit for this product group, but it is used up or has expired.",
        (*_BUY, "What was running when it ended is finished, and booked afterwards."),
    ),
    CodePage(
        "2173-39", "At any time.",
        "The fault is on this side: this PC has no network, no name resolution or no way out.",
        (
            "Check cable or WLAN, then open any web page on this PC.",
            "Ask your local IT administrator: firewall, proxy, name server. Not the help desk.",
            "Work goes on meanwhile as long as the last online check allows: 30 days, then reading only.",
        ),
    ),
    CodePage(
        "2173-40", "At any time.",
        "StartKey or credit could not be checked, and the reason is not known.",
        (
            "Restart the PC and start Passbay as its administrator.",
            "Open ConfigAssist: a line with x or ! names what does not answer.",
            "If it stays: ask the technical help desk, with this number and the time.",
        ),
    ),
    CodePage(
        "PB-701", "When a StartKey is read or installed.",
        "The StartKey is damaged, was changed, or is another kind of paper. Such a file is never accepted.",
        ("Download it again: ConfigAssist, k.", "If it came by mail or stick: get it again from the shop."),
    ),
    CodePage(
        "PB-702", "When a StartKey is read or installed.",
        "The StartKey was made for another PC, or so much of this PC was exchanged that it counts as another one.",
        (
            "Order a StartKey with the hardware ID of this PC: ConfigAssist shows and exports it.",
            "After a repair of this PC: ask customer support to move the StartKey.",
        ),
    ),
    CodePage(
        "PB-703", "When the StartKey is checked.",
        "The StartKey has expired. Without a valid one, work on real vehicles is not possible.",
        (
            "Press k in ConfigAssist: a renewed one may be there already.",
            "Else order the renewal in the shop, and check date and time of this PC.",
        ),
    ),
    CodePage(
        "PB-704", "When a job would change the vehicle.",
        "The StartKey was not checked online for more than 30 days. Reading goes on, changing does not.",
        ("Connect this PC to the network and press k in ConfigAssist. One check is enough.",),
    ),
    CodePage(
        "PB-705", "When the StartKey is checked.",
        "The clock of this PC stands before a time that was seen here already. That buys no time.",
        (
            "Set date, time and time zone of this PC right; let it be set over the network.",
            "If the clock is right now but was ahead once: press k in ConfigAssist while online.",
        ),
    ),
    CodePage(
        "PB-706", "When a job starts.",
        "You are logged in, but have not the right that this job needs: standard diagnosis for every job, flash for "
        "everything that writes software or coding.",
        (
            "Request the right on your organisation's pages; its administrator grants it.",
            "Then log in once more on this PC. The activation can take up to 4 hours.",
        ),
    ),
    CodePage(
        "PB-707", "When a job starts.",
        "Nobody is logged in. Anonymous work on vehicles is not possible.",
        ("Main menu, Log-in (7).", "Without a user ID: register on the pages of the server, as the Log-in shows."),
    ),
    CodePage(
        "PB-851", "At any time.",
        "The back end does not answer at its address.",
        ("Check the address in the settings.", "See 2173-39 if nothing else can be reached either."),
    ),
    CodePage(
        "PB-852", "At any time.",
        "The back end answered, and said no. Its reason stands in the message.",
        ("Read the reason. If it makes no sense, ask the administrator of the back end.",),
    ),
)  # fmt: skip
PAGES = {page.code: page for page in _PAGES}
"""Page by code, the manual's numbers first."""
