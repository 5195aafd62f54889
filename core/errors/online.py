"""Errors of the paper, the releases and the back end. Pure: no I/O."""

from __future__ import annotations

from core.errors.base import ProductError


class LicenceError(ProductError):
    """The paper: StartKey, log-in, roles, time credit. The numbers 2221-xx and 2173-xx are the manual's (chapter 6)."""

    code = "PB-700"


class StartKeyMissing(LicenceError):
    """The server runs but has no StartKey for this system."""

    code = "2221-45"
    default_advice = "Open ConfigAssist, export the device data and order a StartKey; else ask customer support."


class StartKeyInvalid(LicenceError):
    """A signature, a field or the kind of paper is wrong."""

    code = "PB-701"
    default_advice = "Download the StartKey again in ConfigAssist; a changed or foreign file is never accepted."


class StartKeyOtherPc(LicenceError):
    """Made for another hardware ID (C6)."""

    code = "PB-702"
    default_advice = "Order a StartKey with the hardware ID of this PC; ConfigAssist shows and exports it."


class StartKeyExpired(LicenceError):
    code = "PB-703"
    default_advice = "Order its renewal in the shop, then activate it in ConfigAssist."


class ReadOnlyNow(LicenceError):
    """The StartKey was not checked online for longer than the grace allows: reading goes on, changing does not."""

    code = "PB-704"
    default_advice = "Connect to the network and press Activate StartKey in ConfigAssist; reading works meanwhile."


class ClockSetBack(LicenceError):
    """The clock of this PC is behind a time that was seen before."""

    code = "PB-705"
    default_advice = "Set date and time of this PC right, then try again."


class CreditMissing(LicenceError):
    """There was never time credit for this product group."""

    code = "2173-42"
    default_advice = "Buy time credit for this product group in the shop first: ConfigAssist, Time credit."


class CreditUsedUp(LicenceError):
    """There was time credit for this product group; it was used up or has expired."""

    code = "2173-44"
    default_advice = "Buy new time credit for this product group in the shop: ConfigAssist, Time credit."


class RightMissing(LicenceError):
    """The user has not the role that this job needs (L2)."""

    code = "PB-706"
    default_advice = "Ask the administrator of your organisation for this right, then log in once more."


class NotSignedIn(LicenceError):
    """Anonymous access is not possible (L1)."""

    code = "PB-707"
    default_advice = "Log in first: main menu, Log-in."


class LicenceCheckFailed(LicenceError):
    """StartKey or credit could not be checked for a reason that is not known."""

    code = "2173-40"
    default_advice = "Restart the PC and be its administrator; if that does not help, ask the technical help desk."


class ReleaseError(ProductError):
    """The releases: one class for each attack of Uptane's list, because what to do differs."""

    code = "PB-800"


class NotTrusted(ReleaseError):
    """Unsigned, under the threshold, or signed by somebody else (arbitrary software)."""

    code = "PB-801"
    default_advice = "Nothing was installed. Check the source in Settings; if it is right, tell whoever publishes it."


class RolledBack(ReleaseError):
    """Older metadata than was seen before (rollback)."""

    code = "PB-802"
    default_advice = "Nothing was installed. The source offers an older state: try again later, or use another source."


class MetadataExpired(ReleaseError):
    """The metadata is not kept up to date (freeze)."""

    code = "PB-803"
    default_advice = "Check date and time of this PC; if they are right, the source is stuck: try again later."


class MixedRelease(ReleaseError):
    """Parts of different states were put together (mix-and-match, partial bundle)."""

    code = "PB-804"
    default_advice = "Nothing was installed. Search again; if it stays, tell whoever publishes the releases."


class HashMismatch(ReleaseError):
    """A component is not what was signed."""

    code = "PB-805"
    default_advice = "The damaged part was thrown away: download it again."


class DownloadTooSlow(ReleaseError):
    """Bytes came below the minimum rate (slow retrieval)."""

    code = "PB-806"
    default_advice = "What has arrived is kept: go on when the network is better, or use another source."


class DownloadEndless(ReleaseError):
    """More bytes came than were declared (endless data)."""

    code = "PB-807"
    default_advice = "Nothing of it was kept. Use another source, and tell whoever publishes the releases."


class ReleaseIncomplete(ReleaseError):
    """A component or dependency is missing."""

    code = "PB-808"
    default_advice = "Download the release once more; the release of now stays active."


class StorageFull(ReleaseError):
    code = "PB-809"
    default_advice = "Free disk space, then go on: what has arrived is kept."


class BackendError(ProductError):
    """The server."""

    code = "PB-850"


class BackendUnreachable(BackendError):
    """It does not answer, or is in no state to: `status` is then what it said (429, 500, ...), `retry_after` the
    seconds for which it wants to be left alone."""

    code = "PB-851"
    default_advice = "Check the address of the back end in the settings, and try again later."

    def __init__(self, message: str, advice: str = "", *, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(message, advice)
        self.status = status
        self.retry_after = retry_after


class StartKeyServerUnreachable(BackendUnreachable):
    """The StartKey server does not answer, or planned maintenance was announced."""

    code = "2221-47"
    default_advice = "Start again later; if it lasts, ask the technical help desk."


class LocalNetworkFault(BackendUnreachable):
    """No name resolution, no route: the fault is on this side."""

    code = "2173-39"
    default_advice = "Ask the local IT administrator, not the help desk: this PC's network or connection is at fault."


class BackendRefused(BackendError):
    """The server said no. `status` is the HTTP status, `problem` its machine-readable reason (RFC 9457 `type`)."""

    code = "PB-852"
    default_advice = "Read the reason; if it makes no sense, ask the administrator of the back end."

    def __init__(self, message: str, advice: str = "", *, status: int = 0, problem: str = "") -> None:
        super().__init__(message, advice)
        self.status = status
        self.problem = problem


class DatabaseFailed(BackendError):
    """The back end's database does not answer, or refuses."""

    code = "PB-853"
    default_advice = "Repeat it later; if it lasts, the administrator of the back end finds the cause in its log."


class DatabaseFull(DatabaseFailed):
    """No room on the disk of the database: nothing was changed."""

    code = "PB-854"
    default_advice = "Free disk space on the machine of the back end, then repeat it."


class KeyReused(BackendError):
    """An idempotency key came once more with another request."""

    code = "PB-855"
    default_advice = "Nothing was booked. Do it once more; if it comes back, report it with the code."


class ReservationUnknown(BackendError):
    """No reservation of this organisation has this ID."""

    code = "PB-856"
    default_advice = "Nothing was booked. Start the job once more."


class ReservationClosed(BackendError):
    """The reservation was posted or voided before."""

    code = "PB-857"
    default_advice = "Nothing was booked. Start the job once more."
