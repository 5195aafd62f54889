"""What stands behind a no, a silence or a lost line: classes of causes, and what to put right for each. Pure data.

Codes: ISO 14229-1 Annex A, ISO 14230-3 clause 4.4; routing activation and nacks: ISO 13400-2 tables 49, 26, 19;
timers: ISO 15765-2 table 16, ISO 14229-2, ISO 13400-2 table 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.protocol.dialect import dialect_of
from core.protocol.doip_messages import ACTIVATION_WORDS, DIAGNOSTIC_NACK_WORDS, HEADER_NACK_WORDS
from core.vocabulary import KWP2000, UDS


@dataclass(frozen=True, slots=True)
class Reason:
    """`kind` is a row of the table (table.py), `words` the sentence's core, `label` the code or timer for support.

    `fix` is what to put right first. `silent`: the unit said nothing, so its state is not sure.
    """

    kind: str
    words: str
    label: str
    fix: str = ""
    silent: bool = False


_KINDS: Mapping[str, tuple[int, ...]] = {
    "reject": (0x10,),
    "unknown": (0x11, 0x12),
    "format": (0x13,),
    "long": (0x14,),
    "busy": (0x21, 0x94),
    "condition": (0x22, *range(0x81, 0x92)),
    "order": (0x24,),
    "subnet": (0x25,),
    "fault": (0x26,),
    "range": (0x31,),
    "locked": (0x33, *range(0x38, 0x50)),
    "authenticate": (0x34,),
    "key": (0x35,),
    "tries": (0x36,),
    "delay": (0x37,),
    "certificate": tuple(range(0x50, 0x59)),
    "trust": tuple(range(0x59, 0x5E)),
    "no-transfer": (0x70,),
    "suspended": (0x71,),
    "memory": (0x72,),
    "counter": (0x73,),
    "pending": (0x78,),
    "session": (0x7E, 0x7F),
    "voltage": (0x92, 0x93),
    "maker": tuple(range(0xF0, 0xFF)),
}
_KIND_OF = {code: kind for kind, codes in _KINDS.items() for code in codes}
OTHER = "reserved"

FIXES: Mapping[str, str] = {
    "reject": "Repeat once; if it is refused again, save the trace and ask the vehicle's maker.",
    "unknown": "Load the diagnostic data that belongs to this unit.",
    "format": "Load the diagnostic data that belongs to this unit.",
    "long": "Ask for fewer values at once.",
    "busy": "Wait a minute until the unit has finished its own work.",
    "condition": "Switch the ignition on and the engine off, let the vehicle stand, close its doors.",
    "order": "Switch the ignition off and on, and keep other testers away from the vehicle.",
    "subnet": "Check the unit behind this one, its fuse and its wiring.",
    "fault": "Read the trouble codes of this unit and repair them first.",
    "range": "Load the diagnostic data and the flashware that belong to this unit.",
    "locked": "Check that the diagnostic data names the right security method for this unit.",
    "authenticate": "Check that a certificate for this vehicle is installed.",
    "key": "Check the security method in the diagnostic data; do not try often, the unit counts wrong keys.",
    "tries": "Stop, switch the ignition off and on, and wait ten minutes before the next try.",
    "delay": "Leave the ignition on and wait ten minutes: the unit's delay is running.",
    "certificate": "Renew the tester's certificate for this vehicle and check the clock of the PC.",
    "trust": "Wait a minute and check that the certificate fits this vehicle.",
    "no-transfer": "Check that the flashware fits this unit.",
    "suspended": "Check the supply voltage and that no other tester is connected.",
    "memory": "Check the supply voltage and connect a battery charger; if it fails twice, its memory is worn out.",
    "counter": "Check the wiring and that no other tester is connected.",
    "pending": "Leave the ignition on and wait until the unit has finished.",
    "session": "Keep other testers away from the vehicle: one of them may have changed the session.",
    "voltage": "Connect or adjust the battery charger and wait until the voltage is steady.",
    "maker": "Save the trace and ask the vehicle's maker what this code stands for.",
    OTHER: "Save the trace and ask the vehicle's maker what this code stands for.",
    "silence": "Check ignition, supply voltage and the connection.",
    "line": "Check the plug, the cable and the wiring; disconnect other devices from the bus.",
    "gone": "Check cable, power and network of the device, and connect again.",
    "gateway": "Check the unit's fuse and the wiring behind the gateway.",
    "tester": "Check the tester address in the settings and that no other tester is connected.",
    "rule": "Save the trace; if it happens again, ask the vehicle's maker.",
    "stopped": "",
    "refused-here": "",
    "not-proven": "",
    "ours": "Report this with the bus trace.",
    "pc": "",
    "other": "",
}
"""What to put right, by kind. Empty: the error's own advice says it better."""

_CONDITION_FIXES: Mapping[int, str] = {
    0x81: "Bring the engine speed down.",
    0x82: "Bring the engine speed up.",
    0x83: "Stop the engine and leave the ignition on.",
    0x84: "Start the engine.",
    0x85: "Let the engine run longer.",
    0x86: "Let it cool down.",
    0x87: "Let it warm up.",
    0x88: "Stop the vehicle.",
    0x89: "Bring the vehicle to the speed that is asked for.",
    0x8A: "Release the accelerator pedal.",
    0x8B: "Press the accelerator pedal down as far as asked for.",
    0x8C: "Put the gear in neutral.",
    0x8D: "Engage the gear that is asked for.",
    0x8E: "Save the trace and ask the vehicle's maker what this code stands for.",
    0x8F: "Press the brake pedal.",
    0x90: "Put the selector lever in park.",
    0x91: "Open the torque converter clutch as the maker says.",
}
_VOLTAGE_FIXES: Mapping[int, str] = {
    0x92: "Turn the battery charger down and watch the voltage.",
    0x93: "Connect a battery charger and watch the voltage.",
}


# ISO 14230-3 where its codes mean something else; what is not here is the same, or the maker's own from 0x80 on
_KWP_KINDS: Mapping[int, str] = {
    0x23: "busy", 0x40: "no-transfer", 0x41: "no-transfer", 0x42: "no-transfer", 0x43: "no-transfer",
    0x50: "no-transfer", 0x51: "no-transfer", 0x52: "no-transfer", 0x53: "no-transfer", 0x72: "memory",
    0x74: "counter", 0x75: "counter", 0x76: "counter", 0x77: "counter", 0x79: "counter", 0x80: "session",
    0x9A: "no-transfer", 0x9B: "no-transfer", 0xA0: "subnet", 0xA1: "subnet",
}  # fmt: skip
_SAME_IN_KWP = frozenset({0x10, 0x11, 0x12, 0x21, 0x22, 0x31, 0x33, 0x35, 0x36, 0x37, 0x71, 0x78})


def of_nrc(code: int, protocol: str = UDS) -> Reason:
    """Any code 0..255."""
    dialect = dialect_of(protocol)
    words, label = dialect.refusal(code).words, dialect.label(code)
    if dialect.name == KWP2000:
        kind = _KWP_KINDS.get(code) or (_KIND_OF[code] if code in _SAME_IN_KWP else "maker" if code > 0x7F else OTHER)
        return Reason(kind, words, label, FIXES[kind])
    kind = _KIND_OF.get(code, OTHER)
    fix = _CONDITION_FIXES.get(code) or _VOLTAGE_FIXES.get(code) or FIXES[kind]
    return Reason(kind, words, label, fix)


_TIMERS: Mapping[str, tuple[str, str]] = {
    "P2": ("silence", "{unit} did not answer in time"),
    "P2*": ("silence", "{unit} asked for more time and then said nothing more"),
    "total": ("pending", "{unit} asked for more time again and again, longer than it may take altogether"),
    "reconnect": ("silence", "{unit} did not come back after its reset"),
    "N_As": ("line", "a frame could not be sent on the bus"),
    "N_Ar": ("line", "a flow control could not be sent on the bus"),
    "N_Bs": ("line", "{unit} did not allow a long message to go on: no flow control came"),
    "N_Cs": ("line", "a long message could not be sent on in time"),
    "N_Cr": ("line", "{unit} stopped in the middle of a long answer"),
    "A_DoIP_Ctrl": ("gateway", "the gateway did not answer the routing activation"),
    "A_DoIP_Diagnostic_Message": ("gateway", "the gateway did not confirm a message to {unit}"),
}
TIMERS = tuple(_TIMERS)


def of_timer(timer: str) -> Reason:
    """Silence, by the timer that ran out; the nacks that say "the unit behind the gateway is silent", too."""
    if timer.startswith("DoIP nack "):
        return of_denial("message", int(timer.rpartition(" ")[2], 16), silent=True)
    kind, words = _TIMERS.get(timer, ("silence", "{unit} did not answer"))
    return Reason(kind, words, f"timer {timer}" if timer else "no answer", FIXES[kind], silent=True)


_DENIALS: Mapping[str, tuple[str, Mapping[int, str], str]] = {
    "activation": ("the gateway does not let this tester in: {why}", ACTIVATION_WORDS, "routing activation"),
    "message": ("the gateway did not take a message to {unit}: {why}", DIAGNOSTIC_NACK_WORDS, "diagnostic nack"),
    "header": ("the gateway did not understand a message: {why}", HEADER_NACK_WORDS, "header nack"),
}
DENIED_CODES: Mapping[str, tuple[int, ...]] = {
    "activation": tuple(range(0x08)),
    "message": tuple(DIAGNOSTIC_NACK_WORDS),
    "header": tuple(HEADER_NACK_WORDS),
}
_DENIAL_FIXES: Mapping[tuple[str, int], tuple[str, str]] = {
    ("activation", 0x00): ("tester", "Set the tester address that this vehicle knows (source=0x0E00 to 0x0FFF)."),
    ("activation", 0x01): ("tester", "Disconnect other testers, or wait five minutes until their sockets are free."),
    ("activation", 0x02): ("tester", "Disconnect and connect again."),
    ("activation", 0x03): ("tester", "Disconnect the other tester, or take another tester address (source=)."),
    ("activation", 0x04): ("authenticate", "Check that a certificate for this vehicle is installed."),
    ("activation", 0x05): ("tester", "Confirm the diagnosis in the vehicle, then connect again."),
    ("activation", 0x06): ("tester", "Ask the vehicle's maker which activation type it wants."),
    ("activation", 0x07): ("tester", "This vehicle wants an encrypted connection (TLS, port 3496)."),
    ("message", 0x02): ("tester", "Connect again with the tester address that was activated."),
    ("message", 0x03): ("gateway", "Check that the data belongs to this vehicle and that the unit is fitted."),
    ("message", 0x04): ("line", "Set a smaller block length in the flash plan (max_block)."),
    ("message", 0x05): ("busy", "Wait a minute: the gateway has no memory left just now."),
    ("message", 0x06): ("gateway", "Check the unit's fuse and the wiring behind the gateway."),
    ("message", 0x07): ("gateway", "Check that the data belongs to this vehicle: the gateway knows no such network."),
    ("message", 0x08): ("line", "Check the wiring between gateway and unit; the bus behind the gateway is disturbed."),
    ("header", 0x00): ("rule", "Check that host and port belong to a DoIP gateway, and of which edition it is."),
    ("header", 0x01): ("rule", "Save the trace and ask the vehicle's maker: it lacks a message of the standard."),
    ("header", 0x02): ("line", "Set a smaller block length in the flash plan (max_block)."),
    ("header", 0x03): ("busy", "Wait a minute: the gateway has no memory left just now."),
    ("header", 0x04): ("rule", "Save the trace and ask the vehicle's maker: the gateway read another length."),
}  # fmt: skip


def of_denial(denied: str, code: int, *, silent: bool = False) -> Reason:
    """What a DoIP gateway said: "activation" (0x0006), "message" (0x8003) or "header" (0x0000), and its code."""
    head, words, name = _DENIALS.get(denied, _DENIALS["activation"])
    kind, fix = _DENIAL_FIXES.get((denied, code), ("tester", FIXES["tester"]))
    why = words.get(code, "a reason of its maker's own")
    return Reason(kind, head.replace("{why}", why), f"{name} 0x{code:02X}", fix, silent)
