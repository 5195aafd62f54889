"""Negative response codes by ISO 14229-1 (2020) Annex A: name, plain words, what to do. Pure; decides no repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from core.vocabulary.services import service_name

BUSY_REPEAT_REQUEST = 0x21
CONDITIONS_NOT_CORRECT = 0x22
REQUEST_OUT_OF_RANGE = 0x31
SECURITY_ACCESS_DENIED = 0x33
INVALID_KEY = 0x35
EXCEEDED_NUMBER_OF_ATTEMPTS = 0x36
REQUIRED_TIME_DELAY_NOT_EXPIRED = 0x37
TRANSFER_DATA_SUSPENDED = 0x71
GENERAL_PROGRAMMING_FAILURE = 0x72
WRONG_BLOCK_SEQUENCE_COUNTER = 0x73
RESPONSE_PENDING = 0x78
RESOURCE_TEMPORARILY_NOT_AVAILABLE = 0x94

REPEATED = frozenset({BUSY_REPEAT_REQUEST, RESOURCE_TEMPORARILY_NOT_AVAILABLE})
"""The client sends the same request again (Annex A.1; 0x94 since the 2020 edition)."""

ENDS_TRANSFER = frozenset({0x70, TRANSFER_DATA_SUSPENDED, GENERAL_PROGRAMMING_FAILURE, WRONG_BLOCK_SEQUENCE_COUNTER})
"""A block transfer is over after one of these: never send the block again."""

SILENT_WHEN_FUNCTIONAL = frozenset({0x11, 0x12, 0x31, 0x7E, 0x7F})
"""Servers do not send these when the request was functional (clause 7.5.4)."""


class Nrc(NamedTuple):
    """One code: `name` as Annex A spells it, `words` for a technician, `advice` one sentence."""

    code: int
    name: str
    words: str
    advice: str


class NrcTable:
    """The codes of one standard. `unnamed` gives the entry of one that it does not name, `service` a service's name."""

    def __init__(self, entries: Iterable[Nrc], unnamed: Callable[[int], Nrc], service: Callable[[int], str]) -> None:
        self._by_code = {entry.code: entry for entry in entries}
        self._unnamed, self._service = unnamed, service

    def lookup(self, code: int) -> Nrc:
        """The entry for any code 0..255."""
        return self._by_code.get(code) or self._unnamed(code)

    def known_codes(self) -> tuple[int, ...]:
        """Every code that the table names, ascending."""
        return tuple(self._by_code)

    def label(self, code: int) -> str:
        """E.g. "0x73 wrongBlockSequenceCounter"."""
        return f"0x{code:02X} {self.lookup(code).name}"

    def explain(self, sid: int, code: int) -> tuple[str, str]:
        """(message, advice) for a refused service, e.g. "TransferData was refused: ... (0x73 wrongBlock...)"."""
        entry = self.lookup(code)
        return f"{self._service(sid)} was refused: {entry.words} ({self.label(code)}).", entry.advice


_DATA = "Check that the diagnostic data fits this unit's software, then repeat."
_SESSION = "Repeat the quick test and start the job again, so that the unit is in the right session."
_UNLOCK = "Start the job again so that the unit is unlocked first; if it is refused again, check the access rights."
_CERTIFICATE = "Renew the tester's certificate for this vehicle and check the clock of the PC."
_ENGINE = "Bring engine and vehicle into the named condition, then repeat."
_VOLTAGE = "Connect or adjust the battery charger, watch the voltage, then repeat."
_FLASH_AGAIN = "Keep the ignition on and start the flash of this unit again from the beginning."
_LATER = "Wait a moment, then repeat."
_MAKER = "Repeat once; if it is refused again, save the trace and ask the vehicle's maker."

_TABLE = (
    Nrc(0x10, "generalReject", "rejected without a reason", _MAKER),
    Nrc(0x11, "serviceNotSupported", "the unit does not know this service", _DATA),
    Nrc(0x12, "subFunctionNotSupported", "the unit does not know this sub-function", _DATA),
    Nrc(0x13, "incorrectMessageLengthOrInvalidFormat", "wrong length or format", _DATA),
    Nrc(0x14, "responseTooLong", "the answer does not fit the transport", "Read fewer values at once."),
    Nrc(0x21, "busyRepeatRequest", "busy, asked to repeat later", _LATER),
    Nrc(0x22, "conditionsNotCorrect", "the conditions in the vehicle are not met",
        "Check ignition on, engine off, vehicle standing, doors and bonnet as the maker asks, then repeat."),
    Nrc(0x24, "requestSequenceError", "wrong order of requests", "Start the job again from the beginning."),
    Nrc(0x25, "noResponseFromSubnetComponent", "a unit behind this one did not answer",
        "Check the unit behind it, its fuse and wiring, then repeat."),
    Nrc(0x26, "failurePreventsExecutionOfRequestedAction", "a fault in the unit prevents it",
        "Read the trouble codes of this unit and repair them first."),
    Nrc(0x31, "requestOutOfRange", "identifier or value not allowed", _DATA),
    Nrc(0x33, "securityAccessDenied", "the unit is locked", _UNLOCK),
    Nrc(0x34, "authenticationRequired", "the unit asks for authentication", _UNLOCK),
    Nrc(0x35, "invalidKey", "the key was wrong", "Check the security method in the diagnostic data; do not try often."),
    Nrc(0x36, "exceededNumberOfAttempts", "too many wrong keys",
        "Stop, switch the ignition off and on, and wait out the unit's delay before the next try."),
    Nrc(0x37, "requiredTimeDelayNotExpired", "the delay after a wrong key is still running",
        "Leave the ignition on and wait out the delay, up to ten minutes, then repeat."),
    Nrc(0x38, "secureDataTransmissionRequired", "only secured messages are allowed", _UNLOCK),
    Nrc(0x39, "secureDataTransmissionNotAllowed", "secured messages are not allowed here", _DATA),
    Nrc(0x3A, "secureDataVerificationFailed", "the secured message was not accepted", _UNLOCK),
    Nrc(0x50, "certificateVerificationFailedInvalidTimePeriod", "certificate not valid at this time", _CERTIFICATE),
    Nrc(0x51, "certificateVerificationFailedInvalidSignature", "certificate signature wrong", _CERTIFICATE),
    Nrc(0x52, "certificateVerificationFailedInvalidChainOfTrust", "certificate chain not trusted", _CERTIFICATE),
    Nrc(0x53, "certificateVerificationFailedInvalidType", "certificate of the wrong type", _CERTIFICATE),
    Nrc(0x54, "certificateVerificationFailedInvalidFormat", "certificate format not understood", _CERTIFICATE),
    Nrc(0x55, "certificateVerificationFailedInvalidContent", "certificate content wrong", _CERTIFICATE),
    Nrc(0x56, "certificateVerificationFailedInvalidScope", "certificate not for this vehicle or work", _CERTIFICATE),
    Nrc(0x57, "certificateVerificationFailedInvalidCertificate", "certificate revoked or unusable", _CERTIFICATE),
    Nrc(0x58, "ownershipVerificationFailed", "the tester could not prove that the certificate is its own",
        _CERTIFICATE),
    Nrc(0x59, "challengeCalculationFailed", "the unit could not make a challenge", _LATER),
    Nrc(0x5A, "settingAccessRightsFailed", "the unit could not grant the rights", _LATER),
    Nrc(0x5B, "sessionKeyCreationDerivationFailed", "the unit could not make the session key", _LATER),
    Nrc(0x5C, "configurationDataUsageFailed", "the unit could not use its authentication data", _MAKER),
    Nrc(0x5D, "deAuthenticationFailed", "the authentication could not be ended", _LATER),
    Nrc(0x70, "uploadDownloadNotAccepted", "the unit accepts no transfer now",
        "Check that the flashware fits this unit, then start the flash again from the beginning."),
    Nrc(0x71, "transferDataSuspended", "the unit stopped the transfer", _FLASH_AGAIN),
    Nrc(0x72, "generalProgrammingFailure", "erasing or writing the memory failed", _FLASH_AGAIN),
    Nrc(0x73, "wrongBlockSequenceCounter", "a block came out of order", _FLASH_AGAIN),
    Nrc(0x78, "requestCorrectlyReceivedResponsePending", "the unit needs more time", _LATER),
    Nrc(0x7E, "subFunctionNotSupportedInActiveSession", "sub-function not allowed in this session", _SESSION),
    Nrc(0x7F, "serviceNotSupportedInActiveSession", "service not allowed in this session", _SESSION),
    Nrc(0x81, "rpmTooHigh", "engine speed too high", _ENGINE),
    Nrc(0x82, "rpmTooLow", "engine speed too low", _ENGINE),
    Nrc(0x83, "engineIsRunning", "the engine is running", "Stop the engine, leave the ignition on, then repeat."),
    Nrc(0x84, "engineIsNotRunning", "the engine is not running", "Start the engine, then repeat."),
    Nrc(0x85, "engineRunTimeTooLow", "the engine has not run long enough", "Let the engine run longer, then repeat."),
    Nrc(0x86, "temperatureTooHigh", "temperature too high", "Let it cool down, then repeat."),
    Nrc(0x87, "temperatureTooLow", "temperature too low", "Let it warm up, then repeat."),
    Nrc(0x88, "vehicleSpeedTooHigh", "vehicle speed too high", "Stop the vehicle, then repeat."),
    Nrc(0x89, "vehicleSpeedTooLow", "vehicle speed too low", _ENGINE),
    Nrc(0x8A, "throttle/PedalTooHigh", "accelerator pedal too far down", _ENGINE),
    Nrc(0x8B, "throttle/PedalTooLow", "accelerator pedal not down far enough", _ENGINE),
    Nrc(0x8C, "transmissionRangeNotInNeutral", "gear not in neutral", "Put the gear in neutral, then repeat."),
    Nrc(0x8D, "transmissionRangeNotInGear", "no gear engaged", "Engage the gear that is asked for, then repeat."),
    Nrc(0x8F, "brakeSwitch(es)NotClosed", "brake pedal not pressed", "Press the brake pedal, then repeat."),
    Nrc(0x90, "shifterLeverNotInPark", "selector lever not in park", "Put the lever in park, then repeat."),
    Nrc(0x91, "torqueConverterClutchLocked", "torque converter clutch locked", _ENGINE),
    Nrc(0x92, "voltageTooHigh", "supply voltage too high", _VOLTAGE),
    Nrc(0x93, "voltageTooLow", "supply voltage too low", _VOLTAGE),
    Nrc(0x94, "resourceTemporarilyNotAvailable", "a resource of the unit is in use", _LATER),
)  # fmt: skip


def _unnamed(code: int) -> Nrc:
    """Codes that the standard reserves get the name of their range."""
    if 0xF0 <= code <= 0xFE:
        return Nrc(code, "vehicleManufacturerSpecificConditionsNotCorrect", "a condition of the maker's own", _MAKER)
    if 0x38 <= code <= 0x4F:
        return Nrc(code, "reservedByExtendedDataLinkSecurity", "a rule of data link security", _UNLOCK)
    if 0x95 <= code <= 0xEF:
        return Nrc(code, "reservedForSpecificConditionsNotCorrect", "a condition is not met", _MAKER)
    return Nrc(code, "ISOSAEReserved", "a reason that the standard does not name", _MAKER)


_CODES = NrcTable(_TABLE, _unnamed, service_name)
lookup, known_codes, label, explain = _CODES.lookup, _CODES.known_codes, _CODES.label, _CODES.explain
