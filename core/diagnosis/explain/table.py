"""The table of meanings: kind of cause x step of the work -> why it happens just there, and what to put right there.

A row's "*" holds for every step that has no cell of its own. A cell is a sentence, or (sentence, what to put right).
The sentence follows "ENGINE refused erasing the memory: ... (0x31 requestOutOfRange)." Pure data.
"""

from __future__ import annotations

from collections.abc import Mapping

Cell = str | tuple[str, str]

_WARE = "Check that the flashware is made for this unit and hardware."
_ALONE = "Disconnect other testers and switch the ignition off and on."
_NO_SENSE = (
    "This answer belongs to a download; here it has no sense.",
    "Save the trace and ask the vehicle's maker why it comes here.",
)
_SUPPLY = "Check the supply voltage and connect a battery charger."

TABLE: Mapping[str, Mapping[str, Cell]] = {
    "reject": {
        "*": "It gives no reason.",
        "erase": "It gives no reason; boot loaders do so when something before the erase is missing.",
        "dependencies": "It gives no reason; mostly the blocks are not of one version.",
    },
    "unknown": {
        "*": "The diagnostic data and this unit do not belong together.",
        "prepare": "A unit that does not know this may be flashed without it: the flash plan must say so.",
        "session": "It is a unit that cannot be programmed this way, or its boot loader is another one.",
        "security": "Its boot loader unlocks in another way or at another level than the data says.",
        "authentication": "It has no authentication: the flash plan asks for one that this unit does not need.",
        "fingerprint": "Its boot loader keeps no fingerprint: the flash plan asks for one.",
        "erase": "Its boot loader erases in another way than the flash plan says.",
        "transfer": "This is not the boot loader that the flash plan was made for.",
        "checksum": "Its boot loader compares checksums in another way than the flash plan says.",
        "dependencies": "Its boot loader has no such check: the flash plan asks for one.",
        "reset": "It takes another kind of reset than the flash plan says.",
        "clear": "It clears its trouble codes in another way than the standard says.",
        "coding-write": "This record cannot be written in this unit, or only by its maker.",
    },
    "format": {
        "*": "Its software expects this message in another length than the data says.",
        "security": "The key has another length than it expects: the security method is not its own.",
        "fingerprint": "Its fingerprint has another length than the flash plan says.",
        "erase": "It wants the range in another form (erase form, address format) than the flash plan says.",
        "transfer": "It wants addresses in another width, or shorter blocks, than the flash plan says.",
        "checksum": "It wants the checksum in another form than the flash plan says.",
        "coding-write": "Its record has another length than the data says: it is another software.",
    },
    "long": {"*": "The answer is longer than the way to the unit carries."},
    "busy": {
        "*": "It was asked again and again for 25 s and was busy all the time.",
        "erase": "It was asked for 25 s and was busy all the time: an earlier erase may still be running.",
        "transfer": "It was asked for 25 s: it is still writing the block before.",
        "identify": "It was asked for 25 s: it may be starting up or talking to another tester.",
        "survey": "It was asked for 25 s: it may be starting up or talking to another tester.",
    },
    "condition": {
        "*": "Something in the vehicle is not as it has to be for this.",
        "prepare": "Programming is allowed with the ignition on, the engine off and the vehicle standing.",
        "session": "Before programming it looks at engine, speed, gear and voltage.",
        "erase": "It looks once more at engine, speed and voltage before it erases.",
        "transfer": (
            "Engine, speed or voltage have changed during the transfer.",
            "Switch the engine off, let the vehicle stand and connect a battery charger.",
        ),
        "checksum": "It has not all bytes yet, or the conditions have changed meanwhile.",
        "dependencies": "A block is missing, or another unit that belongs to it has no matching software.",
        "reset": "It does not reset as things are: an engine that runs or a vehicle that moves prevents it.",
        "clear": "Some units clear trouble codes only with the engine off.",
        "coding-write": "Some units take coding only with the engine off and the vehicle standing.",
    },
    "order": {
        "*": "It misses a request that comes before this one: it was reset meanwhile, or another tester asks too.",
        "security": ("The seed is gone: it was reset between seed and key, or another tester asked.", _ALONE),
        "erase": ("It expects another step before the erase: a fingerprint, or an unlock that was lost.", _ALONE),
        "transfer": (
            "It has forgotten the download: it was reset meanwhile, or its session has run out.",
            "Check the supply voltage and the connection; disconnect other testers.",
        ),
        "checksum": ("It expects the end of the download first: it has lost count of it.", _SUPPLY),
        "dependencies": ("It expects the checksums of all blocks first.", _WARE),
        "coding-write": ("It expects to be unlocked in this session first: it was reset meanwhile.", _ALONE),
    },
    "subnet": {"*": "It passes the request on to a unit behind it, and that one is silent."},
    "fault": {
        "*": "It has a fault of its own that prevents this.",
        "erase": ("Its memory or its supply has a fault.", _SUPPLY),
        "transfer": ("Its memory or its supply has a fault.", _SUPPLY),
    },
    "range": {
        "*": "It knows no such identifier or value.",
        "prepare": "It knows no such readiness check: the flash plan asks for one.",
        "fingerprint": "It keeps no fingerprint under this identifier.",
        "security": "It knows no such level: the data is made for another software.",
        "erase": ("It has no such block or address range: the flashware is not made for this memory.", _WARE),
        "transfer": ("Address or size do not lie in its memory, or it wants the data packed otherwise.", _WARE),
        "checksum": ("It has no such block, or compares another kind of checksum.", _WARE),
        "dependencies": ("It knows no such check: the flash plan was made for another boot loader.", _WARE),
        "coding-read": "It has no such coding record: the data is made for another software.",
        "coding-write": (
            "It does not accept this value for its variant or equipment.",
            "Choose a value that fits the vehicle's equipment.",
        ),
        "clear": "It knows no such group of trouble codes.",
    },
    "locked": {
        "*": "It asks to be unlocked first.",
        "session": "It asks to be unlocked before it goes into programming.",
        "erase": ("It has locked itself again: it was reset, or its session has run out.", _ALONE),
        "transfer": ("It has locked itself again: it was reset, or its session has run out.", _SUPPLY),
        "coding-write": "It has locked itself again, or this record needs another level.",
        "clear": "Its trouble codes are protected: they can be cleared with the maker's own tester.",
    },
    "authenticate": {
        "*": "It takes this from testers with a certificate only.",
        "security": "It wants a certificate in place of a key.",
        "coding-write": "This record is taken from testers with a certificate only.",
    },
    "key": {
        "*": "The key is not the one that it has calculated, and it counts the tries.",
        "security": "The key is not the one that it has calculated: the method is not its own. It counts the tries.",
    },
    "tries": {
        "*": "Too many wrong keys were sent, today or earlier: it takes none for a while.",
        "security": "Too many wrong keys were sent, today or earlier: it takes none until its delay has passed.",
    },
    "delay": {
        "*": "Its delay after a wrong key, or after switching on, is still running.",
        "security": "Its delay after a wrong key, or after its last reset, is still running.",
    },
    "certificate": {
        "*": "Whoever checks certificates in this unit does not accept ours.",
        "authentication": "It does not accept the certificate of this tester.",
    },
    "trust": {
        "*": "The certificate was accepted, the rest of the authentication was not.",
        "authentication": "The certificate was read, but the proof or the rights after it failed.",
    },
    "no-transfer": {
        "*": _NO_SENSE,
        "transfer": ("It takes no download of this address and size now: not erased, or not its own.", _WARE),
        "erase": "Boot loaders say so when they do not expect this flashware at all.",
    },
    "suspended": {
        "*": _NO_SENSE,
        "transfer": "It has stopped the download by itself: too many bytes, a fault, or a supply that failed.",
        "checksum": "It has given the download up before its end.",
    },
    "memory": {
        "*": "Writing to its memory has failed.",
        "erase": "The memory could not be erased: low voltage, or a worn-out memory.",
        "transfer": "A part of the memory could not be written: low voltage, or a worn-out memory.",
        "fingerprint": "The fingerprint could not be stored: low voltage, or no room for another one.",
        "checksum": "What stands in the memory is not what was sent.",
        "coding-write": "The new coding could not be stored in its memory.",
        "clear": "The memory of the trouble codes could not be cleared.",
    },
    "counter": {
        "*": _NO_SENSE,
        "transfer": "A block was lost or came twice on the bus; the download cannot go on.",
    },
    "pending": {
        "*": "It is still working on it.",
        "erase": "It is still erasing.",
        "transfer": "It is still writing.",
    },
    "session": {
        "*": "It is not in the session that this needs: it has left it by itself, or another tester has changed it.",
        "session": "It goes into programming only from another session, or only while the engine is off.",
        "security": "It unlocks only in another session than the data says.",
        "erase": "It has left its programming session: no keep-alive arrived for five seconds, or it was reset.",
        "transfer": "It has left its programming session: no keep-alive arrived for five seconds, or it was reset.",
        "checksum": "It has left its programming session: it was reset meanwhile.",
        "clear": "It clears trouble codes only in another session.",
        "coding-write": "It takes coding in another session than the data says, or has left it.",
    },
    "voltage": {
        "*": "The supply is outside of what it needs for this.",
        "session": "It does not go into programming with this supply.",
        "erase": "It does not erase with this supply: a half-erased memory could be lost.",
        "transfer": "It does not write with this supply: wrong bytes could be stored.",
    },
    "maker": {
        "*": "The maker of this unit has given the code a meaning of its own.",
        "prepare": "The maker of this unit has a condition of its own for programming.",
        "session": "The maker of this unit has a condition of its own for programming.",
        "erase": "The maker of this unit has a condition of its own for erasing.",
        "coding-write": "The maker of this unit has a condition of its own for coding.",
    },
    "reserved": {"*": "The standard keeps this code free."},
    "silence": {
        "*": "Nothing came back: no power, a bad connection, or the unit has switched itself off.",
        "prepare": "One unit is silent: nobody goes on without it.",
        "session": "Units restart when they go into programming; this one did not come back in time.",
        "security": "It fell silent while it was being unlocked.",
        "erase": (
            "It may still be erasing: large memories take minutes.",
            "Leave the ignition on for two minutes, check supply voltage and connection.",
        ),
        "transfer": "It fell silent in the middle of the data: a reset, a bad connection, or no power.",
        "checksum": "It may still be calculating, or it was reset.",
        "dependencies": "It may still be calculating, or it was reset.",
        "reset": "New software may start slowly the first time; this one took longer than the flash plan allows.",
        "verify": "The new software may still be starting.",
        "coding-write": "The unit may have restarted while it stored the coding.",
        "clear": "The unit may have restarted while it cleared the codes.",
    },
    "line": {
        "*": "The message was cut in the middle: frames are lost on the way.",
        "transfer": "A block was cut in the middle: frames are lost on the way.",
    },
    "gone": {
        "*": "The device or its cable is away: nothing was heard after that.",
        "erase": "The device or its cable is away; the unit goes on erasing by itself.",
        "transfer": "The device or its cable is away; the data stops in the middle.",
    },
    "gateway": {"*": "The way to the unit leads over this gateway."},
    "tester": {"*": "It knows testers by their address and admits only so many."},
    "rule": {
        "*": "What came back is not what the standard allows.",
        "erase": "It says that the erase did not succeed.",
        "transfer": "It has confirmed something else than was sent.",
        "checksum": ("Its checksum is another one: the bytes in its memory are not those of the image.", _WARE),
        "dependencies": ("It says that its blocks do not belong together.", _WARE),
    },
    "stopped": {"*": "The technician has stopped the job."},
    "refused-here": {
        "*": "Passbay has stopped the work itself: what it needs for this step is not there.",
        "check": "Passbay looks before it changes anything, and something did not pass.",
        "prepare": "Passbay looks before it changes anything, and something did not pass.",
    },
    "not-proven": {"*": "What was read back is not what was written."},
    "ours": {"*": "Passbay has made a mistake."},
    "pc": {"*": "The cause lies in this PC, not in the vehicle."},
    "other": {"*": "The job could not go on."},
}


def cell(kind: str, step: str) -> tuple[str, str]:
    """(why it happens there, what to put right there or "" for what the cause itself says)."""
    row = TABLE[kind]
    found = row.get(step, row["*"])
    return (found, "") if isinstance(found, str) else found
