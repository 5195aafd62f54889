"""The words that the rules of a simulated unit share: refusals, long work, what a service demands (ISO 14229-1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.simulation.ecu.server import UdsServer

DEFAULT, PROGRAMMING, EXTENDED = 0x01, 0x02, 0x03
ALL_SESSIONS = frozenset({DEFAULT, PROGRAMMING, EXTENDED})
NON_DEFAULT = frozenset({PROGRAMMING, EXTENDED})
PROGRAMMING_ONLY = frozenset({PROGRAMMING})

# ISO 14229-1, Annex A: the negative response codes that a unit of the garage gives
SERVICE_NOT_SUPPORTED = 0x11
SUB_FUNCTION_NOT_SUPPORTED = 0x12
INCORRECT_LENGTH = 0x13
BUSY_REPEAT_REQUEST = 0x21
CONDITIONS_NOT_CORRECT = 0x22
REQUEST_SEQUENCE_ERROR = 0x24
REQUEST_OUT_OF_RANGE = 0x31
SECURITY_ACCESS_DENIED = 0x33
AUTHENTICATION_REQUIRED = 0x34
INVALID_KEY = 0x35
EXCEEDED_ATTEMPTS = 0x36
TIME_DELAY_NOT_EXPIRED = 0x37
OWNERSHIP_FAILED = 0x58
CONFIGURATION_DATA_FAILED = 0x5C
UPLOAD_DOWNLOAD_NOT_ACCEPTED = 0x70
TRANSFER_DATA_SUSPENDED = 0x71
GENERAL_PROGRAMMING_FAILURE = 0x72
WRONG_BLOCK_SEQUENCE_COUNTER = 0x73
RESPONSE_PENDING = 0x78
SUB_FUNCTION_NOT_IN_SESSION = 0x7E
SERVICE_NOT_IN_SESSION = 0x7F
VOLTAGE_TOO_HIGH = 0x92
VOLTAGE_TOO_LOW = 0x93


class Refusal(Exception):
    """A negative response: raised by a rule, sent by the server."""

    def __init__(self, nrc: int) -> None:
        super().__init__(f"NRC 0x{nrc:02X}")
        self.nrc = nrc


@dataclass(frozen=True, slots=True)
class LongWork:
    """A request that takes `seconds`: 0x78 goes out meanwhile, `finish(now)` gives the answer or refuses."""

    seconds: float
    finish: Callable[[float], bytes]


Reply = bytes | LongWork
Handler = Callable[["UdsServer", bytes, float], Reply]
SubFunctions = Callable[["UdsServer"], Mapping[int, frozenset[int]]]


@dataclass(frozen=True, slots=True)
class Service:
    """What must hold before a service's own rule runs, in the order of ISO 14229-1, figure 5 and 6.

    `min_length` counts the SID. `sub_functions(server)` maps each supported one to the sessions that allow it; None
    for services without. `programming_security`: only with access to programming (0x27 or 0x29).
    """

    handler: Handler
    min_length: int
    sessions: frozenset[int] = ALL_SESSIONS
    sub_functions: SubFunctions | None = None
    in_boot: bool = True
    in_application: bool = True
    programming_security: bool = False


def check_voltage(server: UdsServer) -> None:
    """Refuse programming outside the voltage window (0x92, 0x93)."""
    if server.conditions.voltage < server.model.initial.voltage_minimum:
        raise Refusal(VOLTAGE_TOO_LOW)
    if server.conditions.voltage > server.model.initial.voltage_maximum:
        raise Refusal(VOLTAGE_TOO_HIGH)
