"""What each code of the message list means, in one or two sentences: when it comes, and why. Data, no rules.

The numbers 2221-xx and 2173-xx are those that technicians know; the words are ours. A test holds that every error
class has its entry.
"""

from __future__ import annotations

MEANINGS: dict[str, str] = {
    # the manual's numbers
    "2221-45": "Seen at the start: the StartKey server runs, but it has no StartKey for this system.",
    "2221-47": "Seen at the start: the StartKey server cannot be reached. Planned maintenance is named.",
    "2221-54": "Seen at the start: a newer StartKey was downloaded and waits for the next start.",
    "2173-39": "Seen any time: this PC's network or its connection is at fault. The help desk cannot see into it.",
    "2173-40": "Seen any time: the check of StartKey or credit failed, and the reason is not known.",
    "2173-42": "Seen when a product group is opened or a job starts: there was never credit for this group.",
    "2173-43": "Seen when a product group is opened: so many minutes of credit are left for it.",
    "2173-44": "Seen when a product group is opened or a job starts: its time credit was used up or has expired.",
    # usage, PC, device
    "PB-000": "Something went wrong that has no code of its own.",
    "PB-002": "A command or its options could not be understood.",
    "PB-100": "Something on this PC or in its settings keeps the program from going on.",
    "PB-101": "The driver or library of a device is not installed, or is made for another kind of program.",
    "PB-102": "A key or value of the settings file is not allowed. The line is named; the default is used.",
    "PB-103": "A file of the program cannot be read or written: the disk is full, or rights are missing.",
    "PB-200": "The device between PC and vehicle has a problem.",
    "PB-201": "No device of this name answers.",
    "PB-202": "Another program uses the device. Only one may talk to a vehicle at a time.",
    "PB-203": "The device or the network went away while it was in use.",
    # protocol, unit, job, data
    "PB-300": "A rule of a standard was broken on the way to the unit.",
    "PB-301": "The program itself broke a rule: a fault of ours.",
    "PB-302": "The other side broke a rule of the standard that is named.",
    "PB-400": "A control unit or the gateway said no.",
    "PB-401": "A control unit refused a request with a negative response code. The code says why.",
    "PB-402": "A control unit did not answer within the time that the standard allows. The timer is named.",
    "PB-403": "The unit is none of the variants that the diagnostic data describes.",
    "PB-404": "The DoIP gateway refused the tester or a message. Its code says why.",
    "PB-500": "The job could not be done.",
    "PB-501": "A check before the job is red. Nothing was changed in the vehicle.",
    "PB-502": "The technician stopped the job; its safe ending has run.",
    "PB-503": "The job ended in the middle. The step is named; the unit may have no complete software now.",
    "PB-504": "What was read back is not what was written.",
    "PB-505": "Of several units at least one was not flashed. The list says which.",
    "PB-600": "The diagnostic data has a problem.",
    "PB-601": "A data file or image is damaged, or is not what it says. The place is named.",
    "PB-602": "There is no diagnostic data for this vehicle or unit.",
    "PB-603": "The diagnostic data does not allow this value.",
    # paper
    "PB-700": "StartKey, log-in or time credit have a problem.",
    "PB-701": "The StartKey is no valid one: its signature, a field or the kind of paper is wrong.",
    "PB-702": "The StartKey was made for another PC.",
    "PB-703": "The StartKey has expired.",
    "PB-704": "The StartKey was not checked online for more than 30 days. Reading works, changing does not.",
    "PB-705": "The clock of this PC is behind a time that was seen before. Setting it back never gains time.",
    "PB-706": "The user who is logged in has not the right that this job needs.",
    "PB-707": "Nobody is logged in. Anonymous access to vehicles and services is not possible.",
    # releases
    "PB-800": "A release or AddOn has a problem. The release of now stays active.",
    "PB-801": "What the source offers is not signed by those who may publish. It was not installed.",
    "PB-802": "The source offers an older state than was seen before. Somebody may be holding updates back.",
    "PB-803": "What the source says about its releases has expired: it is stuck, or somebody holds updates back.",
    "PB-804": "Parts of different states were offered together. They were not installed.",
    "PB-805": "A part is not what was signed: damaged on the way, or changed.",
    "PB-806": "The download came so slowly that it was ended. Somebody may be holding it back.",
    "PB-807": "More came than was announced. The download was ended.",
    "PB-808": "A part that the release or AddOn needs is missing.",
    "PB-809": "There is not enough free disk space for the release.",
    # back end
    "PB-850": "The back end has a problem.",
    "PB-851": "The back end cannot be reached.",
    "PB-852": "The back end refused. Its reason is named.",
    "PB-853": "The database of the back end could not do what was asked.",
    "PB-854": "The disk or database of the back end is full. What was promised before is kept.",
    "PB-855": "Two different bookings came with the same key. None of them was booked twice.",
    "PB-856": "The reserved time credit that a job names is not known, or belongs to somebody else.",
    "PB-857": "The reserved time credit was booked or given back before.",
    "PB-900": "Something went wrong that nobody foresaw: a fault of ours.",
}
