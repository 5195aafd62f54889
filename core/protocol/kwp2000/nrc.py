"""Negative response codes by ISO 14230-3 (clause 4.4): name, plain words, what to do. Pure; decides no repeats.

0x80 and 0x9A to 0xA1 are of the makers' common supplement for CAN; the rest from 0x80 on is the maker's own.
"""

from __future__ import annotations

from core.protocol import nrc
from core.protocol.kwp2000.services import service_name
from core.protocol.nrc import Nrc, NrcTable

ROUTINE_NOT_COMPLETE = 0x23
NOT_IN_SESSION = 0x80

_DATA = "Check that the diagnostic data fits this unit's software, then repeat."
_FLASH_AGAIN = "Keep the ignition on and start the flash of this unit again from the beginning."
_FITS = "Check that the flashware fits this unit, then start the flash again from the beginning."
_MAKER = "Repeat once; if it is refused again, save the trace and ask the vehicle's maker."
_SESSION = "Repeat the quick test and start the job again, so that the unit is in the right session."

_TABLE = (
    Nrc(0x10, "generalReject", "rejected without a reason", _MAKER),
    Nrc(0x11, "serviceNotSupported", "the unit does not know this service", _DATA),
    Nrc(0x12, "subFunctionNotSupported-invalidFormat", "wrong sub-function, length or format", _DATA),
    Nrc(0x21, "busy-RepeatRequest", "busy, asked to repeat later", "Wait a moment, then repeat."),
    Nrc(0x22, "conditionsNotCorrectOrRequestSequenceError", "the conditions are not met, or the order is wrong",
        "Check ignition on, engine off, vehicle standing and the supply voltage, then start the job again."),
    Nrc(0x23, "routineNotCompleteOrServiceInProgress", "the work that was started before is not done yet",
        "Wait a moment, then repeat."),
    Nrc(0x31, "requestOutOfRange", "identifier or value not allowed", _DATA),
    Nrc(0x33, "securityAccessDenied-securityAccessRequested", "the unit is locked",
        "Start the job again so that the unit is unlocked first; if it is refused again, check the access rights."),
    Nrc(0x35, "invalidKey", "the key was wrong", "Check the security method in the diagnostic data; do not try often."),
    Nrc(0x36, "exceedNumberOfAttempts", "too many wrong keys",
        "Stop, switch the ignition off and on, and wait out the unit's delay before the next try."),
    Nrc(0x37, "requiredTimeDelayNotExpired", "the delay after a wrong key is still running",
        "Leave the ignition on and wait out the delay, up to ten minutes, then repeat."),
    Nrc(0x40, "downloadNotAccepted", "the unit accepts no download now", _FITS),
    Nrc(0x41, "improperDownloadType", "the unit does not take data of this format", _FITS),
    Nrc(0x42, "canNotDownloadToSpecifiedAddress", "nothing can be written to this address", _FITS),
    Nrc(0x43, "canNotDownloadNumberOfBytesRequested", "so many bytes cannot be written there", _FITS),
    Nrc(0x50, "uploadNotAccepted", "the unit accepts no upload now", _DATA),
    Nrc(0x51, "improperUploadType", "the unit does not send data of this format", _DATA),
    Nrc(0x52, "canNotUploadFromSpecifiedAddress", "nothing can be read from this address", _DATA),
    Nrc(0x53, "canNotUploadNumberOfBytesRequested", "so many bytes cannot be read there", _DATA),
    Nrc(0x71, "transferSuspended", "the unit stopped the transfer", _FLASH_AGAIN),
    Nrc(0x72, "transferAborted", "the transfer was given up: erasing or writing failed", _FLASH_AGAIN),
    Nrc(0x74, "illegalAddressInBlockTransfer", "a block does not belong to its place", _FLASH_AGAIN),
    Nrc(0x75, "illegalByteCountInBlockTransfer", "a block has a wrong length", _FLASH_AGAIN),
    Nrc(0x76, "illegalBlockTransferType", "a block is of a wrong kind", _FLASH_AGAIN),
    Nrc(0x77, "blockTransferDataChecksumError", "the checksum of a block is wrong", _FLASH_AGAIN),
    Nrc(0x78, "requestCorrectlyReceived-ResponsePending", "the unit needs more time", "Wait a moment, then repeat."),
    Nrc(0x79, "incorrectByteCountDuringBlockTransfer", "another number of bytes came than was announced", _FLASH_AGAIN),
    Nrc(0x80, "serviceNotSupportedInActiveDiagnosticSession", "service not allowed in this session", _SESSION),
    Nrc(0x9A, "dataDecompressionFailed", "the data could not be unpacked", _FITS),
    Nrc(0x9B, "dataDecryptionFailed", "the data could not be decrypted", _FITS),
    Nrc(0xA0, "ecuNotResponding", "a unit behind this one did not answer",
        "Check the unit behind it, its fuse and wiring, then repeat."),
    Nrc(0xA1, "ecuAddressUnknown", "this unit knows no such unit behind it", _DATA),
)  # fmt: skip


def _unnamed(code: int) -> Nrc:
    if code >= 0x80:
        return Nrc(code, "vehicleManufacturerSpecific", "a reason of the maker's own", _MAKER)
    return Nrc(code, "reservedByDocument", "a reason that the standard does not name", _MAKER)


_CODES = NrcTable(_TABLE, _unnamed, service_name)
lookup, known_codes, label, explain = _CODES.lookup, _CODES.known_codes, _CODES.label, _CODES.explain

# what units that share their rules with UDS ones say in place of the codes that ISO 14230-3 does not have
FROM_UDS = {
    nrc.CONDITIONS_NOT_CORRECT: 0x22, 0x13: 0x12, 0x14: 0x12, 0x24: 0x22, 0x70: 0x40,
    0x7E: NOT_IN_SESSION, 0x7F: NOT_IN_SESSION, 0x92: 0x22, 0x93: 0x22,
}  # fmt: skip
