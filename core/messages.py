"""Numbered messages for the message list: which code, headline and advice an error has. Texts of errors stay theirs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from core import errors
from core.events import JobFailed


class Severity(Enum):
    """How the list marks a message: a word, never colour alone."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the list: code, headline (two to five words), text (what), advice (what to do); "" where unknown."""

    code: str
    headline: str
    text: str
    advice: str
    severity: Severity = Severity.ERROR
    explanation: str = ""  # what it means in the step where it happened
    state_now: str = ""  # how the control unit is left
    page: str = ""  # the help page that says most about it


UNEXPECTED = "PB-900"
UNEXPECTED_ADVICE = "This is a fault of Passbay: please report it with the code and what you did."

_HEADLINES: dict[type[errors.ProductError], str] = {
    errors.ProductError: "Something is wrong",
    errors.UsageError: "Not understood",
    errors.SetupError: "PC or settings",
    errors.DriverMissing: "Driver missing",
    errors.SettingsInvalid: "Settings file not valid",
    errors.StorageFailed: "File not readable or writable",
    errors.VciError: "Device",
    errors.VciNotFound: "Device not found",
    errors.VciBusy: "Device in use",
    errors.VciLost: "Device lost",
    errors.ProtocolError: "Communication rule broken",
    errors.LocalProtocolError: "Fault of Passbay",
    errors.RemoteProtocolError: "Unit broke a communication rule",
    errors.EcuError: "Control unit",
    errors.NegativeResponse: "Control unit refused",
    errors.NoResponse: "Control unit silent",
    errors.WrongVariant: "Variant not known",
    errors.RoutingDenied: "Gateway refused",
    errors.JobError: "Job",
    errors.PreconditionNotMet: "Refused before any change",
    errors.JobCancelled: "Stopped by the technician",
    errors.JobInterrupted: "Job interrupted",
    errors.VerificationFailed: "Verification failed",
    errors.OrderIncomplete: "Not all units flashed",
    errors.CatalogueError: "Diagnostic data",
    errors.DataInvalid: "Data file not valid",
    errors.DataMissing: "Diagnostic data missing",
    errors.ValueRefused: "Value not allowed",
    errors.LicenceError: "StartKey, log-in or credit",
    errors.StartKeyMissing: "No StartKey for this system",
    errors.StartKeyInvalid: "StartKey not valid",
    errors.StartKeyOtherPc: "StartKey of another PC",
    errors.StartKeyExpired: "StartKey expired",
    errors.ReadOnlyNow: "Read-only until checked online",
    errors.ClockSetBack: "Clock set back",
    errors.CreditMissing: "No credit for this group",
    errors.CreditUsedUp: "Credit used up or expired",
    errors.RightMissing: "Right missing",
    errors.NotSignedIn: "Not logged in",
    errors.LicenceCheckFailed: "StartKey or credit not checked",
    errors.ReleaseError: "Release",
    errors.NotTrusted: "Release not trusted",
    errors.RolledBack: "Older release data offered",
    errors.MetadataExpired: "Release data expired",
    errors.MixedRelease: "Release put together wrongly",
    errors.HashMismatch: "Component damaged or changed",
    errors.DownloadTooSlow: "Download too slow",
    errors.DownloadEndless: "Download longer than declared",
    errors.ReleaseIncomplete: "Release incomplete",
    errors.StorageFull: "Disk full",
    errors.BackendError: "Back end",
    errors.BackendUnreachable: "Back end not reachable",
    errors.StartKeyServerUnreachable: "StartKey server not reachable",
    errors.LocalNetworkFault: "Local network fault",
    errors.BackendRefused: "Back end refused",
    errors.DatabaseFailed: "Database of the back end",
    errors.DatabaseFull: "Database full",
    errors.KeyReused: "Request sent twice with a change",
    errors.ReservationUnknown: "Reservation not known",
    errors.ReservationClosed: "Reservation closed",
}

STARTKEY_RENEWED = "2221-54"
CREDIT_AVAILABLE = "2173-43"
NOTICES = {STARTKEY_RENEWED: "New StartKey downloaded", CREDIT_AVAILABLE: "Credit available"}
_BY_CODE = {cls.code: headline for cls, headline in _HEADLINES.items()} | NOTICES
_WARNINGS = frozenset({errors.JobCancelled.code, errors.PreconditionNotMet.code})


def message_for(error: BaseException) -> Message:
    """The message of any error; what is no ProductError is a fault of ours (PB-900)."""
    if isinstance(error, errors.ProductError):
        return _message(error.code, error.message, error.advice, error.explanation, error.state_now, error.page)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return Message(UNEXPECTED, "Unexpected fault", text, UNEXPECTED_ADVICE, page=UNEXPECTED)


def message_for_failure(event: JobFailed) -> Message:
    """The same for the event that a badly ended job leaves behind."""
    return _message(event.code, event.message, event.advice, event.explanation, event.state_now, event.page)


def headline(code: str) -> str:
    """The headline of a code, e.g. "Device in use" for PB-202."""
    return _BY_CODE.get(code, "Unexpected fault")


def _message(code: str, text: str, advice: str, explanation: str, state_now: str, page: str) -> Message:
    severity = Severity.WARNING if code in _WARNINGS else Severity.ERROR
    return Message(code, headline(code), text, advice, severity, explanation, state_now, page or code)
