"""The table of all misbehaviours: name, what happens, at which occasion, on which transports. Does nothing.

An order is `name`, `name@N` (at the N-th occasion instead of the first) or `UNIT:name@N` (at this unit only). A fault
happens once, or from that occasion on as long as it is ordered (`lasting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from core.vocabulary import SimulatedFault, Transport

CAN, DOIP = frozenset({Transport.CAN}), frozenset({Transport.DOIP})
BOTH = CAN | DOIP

_TO_UNIT, _FROM_UNIT = "consecutive frame to the unit", "consecutive frame from the unit"
_FLOW_CONTROL, _ASKED_FLOW = "flow control of the unit", "flow control of the tester"
_BLOCK, _DOWNLOAD, _ERASE = "TransferData", "RequestDownload", "RoutineControl"
_WORK = "request that programs (2E, 31, 34, 36, 37)"
_SEED, _KEY, _BOOT, _CODING = "request for a seed", "key sent", "programming session", "coding written"
_RESET, _ACTIVATION, _ASKED = "reset", "routing activation", "datagram to the gateway"

_TABLE = (
    # name, what happens, occasion, transports, lasting
    ("lost-cf", "A frame of a long request is lost on its way to the unit.", _TO_UNIT, CAN, False),
    ("duplicate-cf", "A frame of a long request arrives twice.", _TO_UNIT, CAN, False),
    ("reordered-cf", "Two frames of a long request arrive in the wrong order.", _TO_UNIT, CAN, False),
    ("lost-answer-cf", "A frame of a long answer is lost.", _FROM_UNIT, CAN, False),
    ("duplicate-answer-cf", "A frame of a long answer is sent twice.", _FROM_UNIT, CAN, False),
    ("reordered-answer-cf", "Two frames of a long answer are sent in the wrong order.", _FROM_UNIT, CAN, False),
    ("lost-fc", "The unit sends no flow control.", _FLOW_CONTROL, CAN, False),
    ("fc-overflow", "The unit says that a request is too long for it (FC.OVFLW).", _FLOW_CONTROL, CAN, False),
    ("fc-wait-3", "The unit lets the tester wait three times before it takes a request.", _FLOW_CONTROL, CAN, False),
    ("fc-wait-100", "The unit lets the tester wait a hundred times.", _FLOW_CONTROL, CAN, False),
    ("stmin-reserved", "The unit asks for a pause between frames that no standard defines.", _FLOW_CONTROL, CAN, False),
    ("stmin-ignored", "The unit sends without the pause that the tester asked for.", _ASKED_FLOW, CAN, True),
    ("stmin-wrong", "The unit pauses 127 ms between frames that may follow at once.", _ASKED_FLOW, CAN, True),
    ("wrong-block-echo", "The unit acknowledges another block than it got.", _BLOCK, BOTH, False),
    ("lost-76", "The acknowledgement of a block is lost.", _BLOCK, BOTH, False),
    ("lost-76-73", "The acknowledgement is lost, and the unit refuses the repeat (0x73).", _BLOCK, BOTH, False),
    ("duplicate-76", "A block is acknowledged twice.", _BLOCK, BOTH, False),
    ("short-last-block", "The block length leaves a last block that is as short as possible.", _DOWNLOAD, BOTH, True),
    ("max-block-3", "maxNumberOfBlockLength is 3: one byte a block.", _DOWNLOAD, BOTH, True),
    ("max-block-4095", "maxNumberOfBlockLength is 4095.", _DOWNLOAD, BOTH, True),
    ("max-block-ffffffff", "maxNumberOfBlockLength is 0xFFFFFFFF.", _DOWNLOAD, BOTH, True),
    ("pending-1", "The unit asks for time once (0x78).", _WORK, BOTH, False),
    ("pending-3", "The unit asks for time three times (0x78).", _WORK, BOTH, False),
    ("pending-50", "The unit asks for time fifty times (0x78).", _WORK, BOTH, False),
    ("nrc-21", "The unit is busy once (0x21).", _WORK, BOTH, False),
    ("nrc-21-endless", "The unit is busy for ever (0x21).", _WORK, BOTH, True),
    ("nrc-22", "The unit says that conditions are not correct (0x22).", _ERASE, BOTH, False),
    ("nrc-24", "The unit says that the sequence is wrong (0x24).", _BLOCK, BOTH, False),
    ("nrc-31", "The unit says that address or size are out of range (0x31).", _DOWNLOAD, BOTH, False),
    ("nrc-33", "The unit says that it is locked (0x33).", _DOWNLOAD, BOTH, False),
    ("nrc-35", "The unit does not accept the key (0x35).", _KEY, BOTH, False),
    ("nrc-36", "Too many wrong keys: the delay timer starts (0x36, then 0x37).", _KEY, BOTH, False),
    ("nrc-37", "The delay timer runs when a seed is asked for (0x37).", _SEED, BOTH, False),
    ("nrc-70", "The unit does not accept the download (0x70).", _DOWNLOAD, BOTH, False),
    ("nrc-71", "The unit suspends the transfer (0x71).", _BLOCK, BOTH, False),
    ("nrc-72", "Programming the flash memory fails (0x72).", _BLOCK, BOTH, False),
    ("nrc-73", "The unit refuses a block's counter once (0x73).", _BLOCK, BOTH, False),
    ("nrc-7e", "The unit does not enter the programming session (0x7E).", _BOOT, BOTH, False),
    ("nrc-7f", "The unit has left the programming session (0x7F).", _DOWNLOAD, BOTH, False),
    ("nrc-92", "The unit says that the voltage is too high (0x92).", _DOWNLOAD, BOTH, False),
    ("nrc-93", "The unit says that the voltage is too low (0x93).", _BLOCK, BOTH, False),
    ("s3-expiry", "The session ends in the middle as if no keep-alive had come.", _BLOCK, BOTH, False),
    ("reset-in-transfer", "The unit resets in the middle of the transfer.", _BLOCK, BOTH, False),
    ("slow-boot", "The unit takes 10 s to start.", _RESET, BOTH, True),
    ("silence", "The unit says nothing any more.", _BLOCK, BOTH, True),
    ("bus-off", "The bus is dead for two seconds.", _BLOCK, CAN, False),
    ("second-tester", "A second tester appears in the middle of the transfer.", _BLOCK, BOTH, False),
    ("swallowed-write", "The gateway confirms a coding without passing it on.", _CODING, BOTH, True),
    ("tcp-reset", "The gateway resets the TCP connection.", _BLOCK, DOIP, False),
    ("alive-check", "The gateway asks whether the tester is alive.", _BLOCK, DOIP, False),
    ("activation-00", "The gateway refuses the tester: its address is unknown.", _ACTIVATION, DOIP, False),
    ("activation-01", "The gateway refuses the tester: it has no free socket.", _ACTIVATION, DOIP, False),
    ("activation-02", "The gateway refuses the tester: its address is another one here.", _ACTIVATION, DOIP, False),
    ("activation-03", "The gateway refuses the tester: its address is in use.", _ACTIVATION, DOIP, False),
    ("activation-04", "The gateway refuses the tester: it wants authentication.", _ACTIVATION, DOIP, False),
    ("activation-05", "The gateway refuses the tester: nobody confirmed it.", _ACTIVATION, DOIP, False),
    ("activation-06", "The gateway refuses the tester: this type is not supported.", _ACTIVATION, DOIP, False),
    ("nack-02", "The gateway refuses a message: wrong tester address.", _BLOCK, DOIP, False),
    ("nack-03", "The gateway refuses a message: the unit is unknown to it.", _BLOCK, DOIP, False),
    ("nack-04", "The gateway refuses a message: it is too long.", _BLOCK, DOIP, False),
    ("nack-05", "The gateway refuses a message: it is out of memory.", _BLOCK, DOIP, False),
    ("nack-06", "The gateway refuses a message: the unit cannot be reached.", _BLOCK, DOIP, False),
    ("nack-07", "The gateway refuses a message: its network is unknown.", _BLOCK, DOIP, False),
    ("nack-08", "The gateway refuses a message: the bus behind it failed.", _BLOCK, DOIP, False),
    ("power-mode-0", "The vehicle says that it is not ready (power mode 0).", _ASKED, DOIP, True),
)  # fmt: skip

FAULTS: Mapping[str, SimulatedFault] = MappingProxyType({row[0]: SimulatedFault(*row) for row in _TABLE})
"""All of them by name."""


COUNTERS = frozenset({"wrong-block-echo", "lost-76-73", "nrc-73"})
"""These are faults of the blockSequenceCounter, which KWP2000 does not have."""


def fault_names() -> tuple[SimulatedFault, ...]:
    """In the order in which lists show them."""
    return tuple(FAULTS.values())
