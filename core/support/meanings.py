"""What each code of the message list means: when it comes, why, and what to do. Data, no rules; the only place of it.

The numbers 2221-xx and 2173-xx are those that technicians know; the words are ours. A test holds that every error
class has its entry.
"""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """`steps`: the most likely help first; none where the advice of the error itself says it all."""

    when: str
    meaning: str
    steps: tuple[str, ...] = ()


_ANY = "At any time."
_STARTKEY = "At the start, and when the StartKey is checked."
_CHECKED = "When the StartKey is checked."
_OPENED = "When a vehicle of a product group is opened, and when a job starts."
_JOB = "When a job starts."
_SETTINGS = "When the settings are read, and when a command starts."
_CONNECT = "When a device is opened, and while it is in use."
_TALK = "In any conversation with a control unit or gateway."
_WORK = "While a job runs."
_DATA = "When diagnostic data is loaded or used."
_SEARCH = "When releases are searched for or downloaded."
_DOWNLOAD = "During a download."
_BACKEND = "When a back end stores or books something."
_BUY = (
    "Log in, open Credit, choose a package for this vehicle group and buy it.",
    "If you may not buy: ask whoever orders for your organisation in the shop.",
    "A vehicle of another group needs credit of that group.",
)
_REFUSED = (
    "Open the page of the code: the message names it, e.g. 0x31 or routing 0x03.",
    "Put right what that page says for the step where it happened, then repeat.",
)
_SILENT = (
    "Switch the ignition on; check plug, supply voltage and the unit's fuse.",
    "Run the quick test: if other units answer, it is this unit or its wiring.",
    "Wait two minutes after an erase or a reset before the next try.",
)
_CUT = (
    "Keep the ignition on and connect a battery charger.",
    "Open the unit in Flash: the line in red brings it back.",
    "If it happens again, save the last minutes of the bus (f9, e) and ask the technical help desk.",
)
_DATA_STEPS = (
    "Search for the newest release in the Update Service and install it.",
    "If the file came in another way, get it again from its source.",
)
_UPDATE = (
    "Nothing is to be done for the work of today: the release of now stays active.",
    "Search once more; if it stays, name this code to whoever publishes the releases.",
)

MEANINGS: dict[str, Meaning] = {
    # the manual's numbers
    "2221-45": Meaning(
        _STARTKEY, "The StartKey server answers, but it has no StartKey for the hardware ID of this PC.",
        ("Open ConfigAssist, log in, and order a StartKey in the line StartKey.",
         "Or export the device data there and upload the file in the shop.",
         "Start Passbay as administrator of this PC: without it parts of the hardware ID cannot be read.",
         "If a StartKey was ordered and does not come: ask customer support, with the contract number."),
    ),
    "2221-47": Meaning(
        _STARTKEY,
        "The StartKey server cannot be reached. Planned maintenance is named in the message where there is any.",
        ("Start again later. What was checked before goes on to hold for 30 days.",
         "Look at the line Server in ConfigAssist; f5 asks again.",
         "If other addresses cannot be reached either, it is this PC's network: see 2173-39.",
         "If it lasts: ask the technical help desk."),
    ),
    "2221-54": Meaning(
        "At the start.",
        "A new StartKey was downloaded by itself, because the old one runs out or was replaced. This is rare.",
        ("Close Passbay and start it again. The PC need not be restarted.",
         "If it comes at every start: check the free disk space and the rights on the data folder."),
    ),
    "2173-39": Meaning(
        _ANY, "The fault is on this side: this PC has no network, no name resolution or no way out.",
        ("Check cable or WLAN, then open any web page on this PC.",
         "Ask your local IT administrator: firewall, proxy, name server. Not the help desk.",
         "Work goes on meanwhile as long as the last online check allows: 30 days, then reading only."),
    ),
    "2173-40": Meaning(
        _ANY, "StartKey or credit could not be checked, and the reason is not known.",
        ("Restart the PC and start Passbay as its administrator.",
         "Open ConfigAssist: a line with x or ! names what does not answer.",
         "If it stays: ask the technical help desk, with this number and the time."),
    ),
    "2173-42": Meaning(
        _OPENED, "There was never time credit for this product group. Jobs on real vehicles need it.", _BUY,
    ),
    "2173-43": Meaning(
        "When a vehicle of a product group is opened.",
        "For information: so many minutes of credit are left for this group.",
        ("Nothing has to be done. Buy more in Credit before it runs out.",),
    ),
    "2173-44": Meaning(
        _OPENED, "There was time credit for this product group, but it is used up or has expired.",
        (*_BUY, "What was running when it ended is finished, and booked afterwards."),
    ),
    # usage, PC, device
    "PB-000": Meaning(_ANY, "Something went wrong that has no code of its own."),
    "PB-002": Meaning("At the command line.", "A command or its options could not be understood."),
    "PB-100": Meaning(_SETTINGS, "Something on this PC or in its settings keeps the program from going on."),
    "PB-101": Meaning(
        _CONNECT, "The driver or library of a device is not installed, or is made for another kind of program.",
        ("Install the driver of the device's maker, the one for this operating system.",
         "Open SelectPTDevice: the verdict beside the device names what is missing.",
         "Until then another device, or the simulation, can be used."),
    ),
    "PB-102": Meaning(
        _SETTINGS, "A key or value of the settings file is not allowed. The line is named; the default is used."
    ),
    "PB-103": Meaning(
        _ANY, "A file of the program cannot be read or written: the disk is full, or rights are missing.",
        ("Free disk space: the PC check says how much there must be.",
         "Check the rights on the folder that is named, and that no other program holds the file."),
    ),
    "PB-200": Meaning(_CONNECT, "The device between PC and vehicle has a problem."),
    "PB-201": Meaning(
        _CONNECT, "No device of this name answers.",
        ("Check the cable, the power of the device and its light.",
         "Search again in SelectPTDevice (f5); take another socket of the PC where it is not listed.",
         "Behind a network: check its address, and that the PC is in the same network."),
    ),
    "PB-202": Meaning(
        _CONNECT, "Another program uses the device. Only one may talk to a vehicle at a time.",
        ("Close the program that is named, or wait for its end.",
         "Where it is Passbay's own vehicle host, its job goes on: the start screen shows it."),
    ),
    "PB-203": Meaning(
        _CONNECT, "The device or the network went away while it was in use.",
        ("Check cable, power and network of the device, and connect again.",
         "Run the quick test before anything else: it shows how each unit was left.",
         "A unit that was being flashed is named in red on the start screen: bring it back there."),
    ),
    # protocol, unit, job, data
    "PB-300": Meaning(_TALK, "A rule of a standard was broken on the way to the unit."),
    "PB-301": Meaning(_TALK, "The program itself broke a rule: a fault of ours."),
    "PB-302": Meaning(_TALK, "The other side broke a rule of the standard that is named."),
    "PB-400": Meaning(_TALK, "A control unit or the gateway said no.", _REFUSED),
    "PB-401": Meaning(
        _TALK, "A control unit refused a request with a negative response code. The code says why.", _REFUSED
    ),
    "PB-402": Meaning(
        _TALK, "A control unit did not answer within the time that the standard allows. The timer is named.", _SILENT
    ),
    "PB-403": Meaning(_TALK, "The unit is none of the variants that the diagnostic data describes."),
    "PB-404": Meaning(_TALK, "The DoIP gateway refused the tester or a message. Its code says why.", _REFUSED),
    "PB-500": Meaning(_WORK, "The job could not be done."),
    "PB-501": Meaning(
        "Before a job changes anything.", "A check before the job is red. Nothing was changed in the vehicle."
    ),
    "PB-502": Meaning(_WORK, "The technician stopped the job; its safe ending has run."),
    "PB-503": Meaning(
        _WORK, "The job ended in the middle. The step is named; the unit may have no complete software now.", _CUT
    ),
    "PB-504": Meaning("After writing.", "What was read back is not what was written."),
    "PB-505": Meaning(
        "At the end of an order of several units.",
        "Of several units at least one was not flashed. The list says which.",
        ("Keep the ignition on and give the same order again: what is done is left alone.",
         "The line of each unit says why; bring back first what is named in red."),
    ),
    "PB-600": Meaning(_DATA, "The diagnostic data has a problem."),
    "PB-601": Meaning(
        _DATA, "A data file or image is damaged, or is not what it says. The place is named.", _DATA_STEPS
    ),
    "PB-602": Meaning(_DATA, "There is no diagnostic data for this vehicle or unit.", _DATA_STEPS),
    "PB-603": Meaning("When a value is chosen or loaded.", "The diagnostic data does not allow this value."),
    # paper
    "PB-700": Meaning(_ANY, "StartKey, log-in or time credit have a problem."),
    "PB-701": Meaning(
        "When a StartKey is read or installed.",
        "The StartKey is damaged, was changed, or is another kind of paper. Such a file is never accepted.",
        ("Download it again: ConfigAssist, k.", "If it came by mail or stick: get it again from the shop."),
    ),
    "PB-702": Meaning(
        "When a StartKey is read or installed.",
        "The StartKey was made for another PC, or so much of this PC was exchanged that it counts as another one.",
        ("Order a StartKey with the hardware ID of this PC: ConfigAssist shows and exports it.",
         "After a repair of this PC: ask customer support to move the StartKey."),
    ),
    "PB-703": Meaning(
        _CHECKED, "The StartKey has expired. Without a valid one, work on real vehicles is not possible.",
        ("Press k in ConfigAssist: a renewed one may be there already.",
         "Else order the renewal in the shop, and check date and time of this PC."),
    ),
    "PB-704": Meaning(
        "When a job would change the vehicle.",
        "The StartKey was not checked online for more than 30 days. Reading goes on, changing does not.",
        ("Connect this PC to the network and press k in ConfigAssist. One check is enough.",),
    ),
    "PB-705": Meaning(
        _CHECKED, "The clock of this PC stands before a time that was seen here already. That buys no time.",
        ("Set date, time and time zone of this PC right; let it be set over the network.",
         "If the clock is right now but was ahead once: press k in ConfigAssist while online."),
    ),
    "PB-706": Meaning(
        _JOB,
        "You are logged in, but have not the right that this job needs: standard diagnosis for every job, flash for "
        "everything that writes software or coding.",
        ("Request the right on your organisation's pages; its administrator grants it.",
         "Then log in once more on this PC. The activation can take up to 4 hours."),
    ),
    "PB-707": Meaning(
        _JOB, "Nobody is logged in. Anonymous work on vehicles is not possible.",
        ("Main menu, Log-in (7).", "Without a user ID: register on the pages of the server, as the Log-in shows."),
    ),
    # releases
    "PB-800": Meaning(_SEARCH, "A release or AddOn has a problem. The release of now stays active.", _UPDATE),
    "PB-801": Meaning(
        _SEARCH, "What the source offers is not signed by those who may publish. It was not installed."
    ),
    "PB-802": Meaning(
        _SEARCH, "The source offers an older state than was seen before. Somebody may be holding updates back."
    ),
    "PB-803": Meaning(
        _SEARCH, "What the source says about its releases has expired: it is stuck, or somebody holds updates back."
    ),
    "PB-804": Meaning(_SEARCH, "Parts of different states were offered together. They were not installed."),
    "PB-805": Meaning(_DOWNLOAD, "A part is not what was signed: damaged on the way, or changed."),
    "PB-806": Meaning(
        _DOWNLOAD, "The download came so slowly that it was ended. Somebody may be holding it back."
    ),
    "PB-807": Meaning(_DOWNLOAD, "More came than was announced. The download was ended."),
    "PB-808": Meaning(_DOWNLOAD, "A part that the release or AddOn needs is missing."),
    "PB-809": Meaning(_DOWNLOAD, "There is not enough free disk space for the release."),
    # back end
    "PB-850": Meaning(_ANY, "The back end has a problem."),
    "PB-851": Meaning(
        _ANY, "The back end does not answer at its address.",
        ("Check the address in the settings.", "See 2173-39 if nothing else can be reached either."),
    ),
    "PB-852": Meaning(
        _ANY, "The back end answered, and said no. Its reason stands in the message.",
        ("Read the reason. If it makes no sense, ask the administrator of the back end.",),
    ),
    "PB-853": Meaning(_BACKEND, "The database of the back end could not do what was asked."),
    "PB-854": Meaning(
        _BACKEND, "The disk or database of the back end is full. What was promised before is kept."
    ),
    "PB-855": Meaning(
        _BACKEND, "Two different bookings came with the same key. None of them was booked twice."
    ),
    "PB-856": Meaning(
        _BACKEND, "The reserved time credit that a job names is not known, or belongs to somebody else."
    ),
    "PB-857": Meaning(_BACKEND, "The reserved time credit was booked or given back before."),
    "PB-900": Meaning(_ANY, "Something went wrong that nobody foresaw: a fault of ours."),
}  # fmt: skip
