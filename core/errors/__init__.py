"""Every error that Passbay raises, split by who must act.

    ProductError
    ├─ UsageError      the command line
    ├─ SetupError      the PC or the settings   DriverMissing · SettingsInvalid · StorageFailed
    ├─ VciError        the box on the desk      VciNotFound · VciBusy(.holder) · VciLost(.code)
    ├─ ProtocolError   the rules                LocalProtocolError (our bug) · RemoteProtocolError(.standard, .clause)
    ├─ EcuError        a clear no               NegativeResponse(.sid, .nrc) · NoResponse(.timer) · WrongVariant ·
    │                                           RoutingDenied(.denial_code)
    ├─ JobError        the work                 PreconditionNotMet · JobCancelled · VerificationFailed ·
    │                                           JobInterrupted(.step, .safe_to_repeat) · OrderIncomplete(.result)
    ├─ CatalogueError  the diagnostic data      DataInvalid(.file, .place) · DataMissing · ValueRefused
    ├─ LicenceError    the paper                StartKeyMissing · StartKeyInvalid · StartKeyOtherPc · StartKeyExpired ·
    │                                           ReadOnlyNow · ClockSetBack · CreditMissing · CreditUsedUp ·
    │                                           RightMissing · NotSignedIn · LicenceCheckFailed
    ├─ ReleaseError    the releases             NotTrusted · RolledBack · MetadataExpired · MixedRelease ·
    │                                           HashMismatch · DownloadTooSlow · DownloadEndless · ReleaseIncomplete ·
    │                                           StorageFull
    └─ BackendError    the server               BackendUnreachable · StartKeyServerUnreachable · LocalNetworkFault ·
                                                BackendRefused(.status, .problem) · DatabaseFailed · DatabaseFull ·
                                                KeyReused · ReservationUnknown · ReservationClosed

Each has a `message` (one sentence: what), an `advice` (one sentence: what to do), and a `code` for support.
A third-party exception is translated once, in the file that calls that library. Pure: no I/O.
"""

from core.errors.base import ProductError
from core.errors.online import (
    BackendError,
    BackendRefused,
    BackendUnreachable,
    ClockSetBack,
    CreditMissing,
    CreditUsedUp,
    DatabaseFailed,
    DatabaseFull,
    DownloadEndless,
    DownloadTooSlow,
    HashMismatch,
    KeyReused,
    LicenceCheckFailed,
    LicenceError,
    LocalNetworkFault,
    MetadataExpired,
    MixedRelease,
    NotSignedIn,
    NotTrusted,
    ReadOnlyNow,
    ReleaseError,
    ReleaseIncomplete,
    ReservationClosed,
    ReservationUnknown,
    RightMissing,
    RolledBack,
    StartKeyExpired,
    StartKeyInvalid,
    StartKeyMissing,
    StartKeyOtherPc,
    StartKeyServerUnreachable,
    StorageFull,
)
from core.errors.vehicle import (
    CatalogueError,
    DataInvalid,
    DataMissing,
    DriverMissing,
    EcuError,
    JobCancelled,
    JobError,
    JobInterrupted,
    LocalProtocolError,
    NegativeResponse,
    NoResponse,
    OrderIncomplete,
    PreconditionNotMet,
    ProtocolError,
    RemoteProtocolError,
    RoutingDenied,
    SettingsInvalid,
    SetupError,
    StorageFailed,
    UsageError,
    ValueRefused,
    VciBusy,
    VciError,
    VciLost,
    VciNotFound,
    VerificationFailed,
    WrongVariant,
)

__all__ = [
    "BackendError",
    "BackendRefused",
    "BackendUnreachable",
    "CatalogueError",
    "ClockSetBack",
    "CreditMissing",
    "CreditUsedUp",
    "DataInvalid",
    "DataMissing",
    "DatabaseFailed",
    "DatabaseFull",
    "DownloadEndless",
    "DownloadTooSlow",
    "DriverMissing",
    "EcuError",
    "HashMismatch",
    "JobCancelled",
    "JobError",
    "JobInterrupted",
    "KeyReused",
    "LicenceCheckFailed",
    "LicenceError",
    "LocalNetworkFault",
    "LocalProtocolError",
    "MetadataExpired",
    "MixedRelease",
    "NegativeResponse",
    "NoResponse",
    "NotSignedIn",
    "NotTrusted",
    "OrderIncomplete",
    "PreconditionNotMet",
    "ProductError",
    "ProtocolError",
    "ReadOnlyNow",
    "ReleaseError",
    "ReleaseIncomplete",
    "RemoteProtocolError",
    "ReservationClosed",
    "ReservationUnknown",
    "RightMissing",
    "RolledBack",
    "RoutingDenied",
    "SettingsInvalid",
    "SetupError",
    "StartKeyExpired",
    "StartKeyInvalid",
    "StartKeyMissing",
    "StartKeyOtherPc",
    "StartKeyServerUnreachable",
    "StorageFailed",
    "StorageFull",
    "UsageError",
    "ValueRefused",
    "VciBusy",
    "VciError",
    "VciLost",
    "VciNotFound",
    "VerificationFailed",
    "WrongVariant",
]
