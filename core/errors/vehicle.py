"""Errors of the PC, the device, the protocols, the units, the jobs and the diagnostic data. Pure: no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors.base import ProductError
from core.vocabulary.bus import UDS

if TYPE_CHECKING:
    from core.vocabulary import FlashOrderResult


def refusal_page(nrc: int, protocol: str = UDS) -> str:
    """The help page of a negative response code: UDS and KWP2000 mean different things by some numbers."""
    return f"{'nrc' if protocol == UDS else 'kwp'}-0x{nrc & 0xFF:02x}"


class UsageError(ProductError):
    """A wish that cannot be understood: the command line ends with 2."""

    code = "PB-002"
    default_advice = "See --help."


class SetupError(ProductError):
    """The PC or the settings."""

    code = "PB-100"


class DriverMissing(SetupError):
    code = "PB-101"
    default_advice = "Install the driver that is named here, then try again."


class SettingsInvalid(SetupError):
    code = "PB-102"
    default_advice = "Correct the named line of the settings file; the defaults are used until then."


class StorageFailed(SetupError):
    """A file of ours cannot be read or written (full disk, no rights)."""

    code = "PB-103"
    default_advice = "Free disk space or correct the rights of the named folder, then repeat."


class VciError(ProductError):
    """The box on the desk."""

    code = "PB-200"


class VciNotFound(VciError):
    code = "PB-201"
    default_advice = "Check the cable and the name; `passbay devices` lists what is there."


class VciBusy(VciError):
    """Another process uses the device (G7). `holder` says which, e.g. "pid 4711 (passbay flash)"."""

    code = "PB-202"
    default_advice = "Close the other program that uses the vehicle, then try again."

    def __init__(self, message: str, advice: str = "", *, holder: str = "") -> None:
        super().__init__(message, advice)
        self.holder = holder


class VciLost(VciError):
    """The device or the connection went away while in use. `lost_code` is the driver's own code or errno."""

    code = "PB-203"
    default_advice = "Check cable, power and network, reconnect, and run the quick test before anything else."

    def __init__(self, message: str, advice: str = "", *, lost_code: str = "") -> None:
        super().__init__(message, advice)
        self.lost_code = lost_code


class ProtocolError(ProductError):
    """The rules of a standard were broken."""

    code = "PB-300"


class LocalProtocolError(ProtocolError):
    """We broke them: a bug of ours."""

    code = "PB-301"
    default_advice = "This is a fault of Passbay: please report it with the bus trace."


class RemoteProtocolError(ProtocolError):
    """The other side broke them. `standard` and `clause` name the rule, e.g. "ISO 15765-2", "9.6.5.3"."""

    code = "PB-302"
    default_advice = "Repeat once; if it happens again, save the trace and ask the vehicle's maker."

    def __init__(self, message: str, advice: str = "", *, standard: str = "", clause: str = "") -> None:
        super().__init__(message, advice)
        self.standard = standard
        self.clause = clause


class EcuError(ProductError):
    """A clear no from a control unit or gateway."""

    code = "PB-400"


class NegativeResponse(EcuError):
    """0x7F (ISO 14229-1, Annex A). `sid` is the refused service, `nrc` the negative response code.

    `protocol` says whose codes they are: UDS, or KWP2000 (ISO 14230-3), where some numbers mean something else.
    """

    code = "PB-401"

    def __init__(self, message: str, advice: str = "", *, sid: int, nrc: int, protocol: str = UDS) -> None:
        super().__init__(message, advice)
        self.sid = sid
        self.nrc = nrc
        self.protocol = protocol

    @property
    def page(self) -> str:
        return refusal_page(self.nrc, self.protocol)


class NoResponse(EcuError):
    """Silence. `timer` names the one that ran out: P2, P2*, total, N_Bs, N_Cr, A_DoIP_Diagnostic_Message, ..."""

    code = "PB-402"
    default_advice = "Check ignition, supply voltage and the connection, then repeat."

    def __init__(self, message: str, advice: str = "", *, timer: str = "") -> None:
        super().__init__(message, advice)
        self.timer = timer


class WrongVariant(EcuError):
    code = "PB-403"
    default_advice = "Load the diagnostic data that belongs to this unit, then repeat the quick test."


class RoutingDenied(EcuError):
    """A DoIP entity refused activation (0x0006) or a message (0x8003). `denial_code` as in ISO 13400-2.

    `denied` says what: "activation", "message" (diagnostic nack) or "header" (header nack); the codes overlap.
    """

    code = "PB-404"
    default_advice = "Check the tester address and that no other tester is connected, then try again."

    def __init__(self, message: str, advice: str = "", *, denial_code: int = 0, denied: str = "activation") -> None:
        super().__init__(message, advice)
        self.denial_code = denial_code
        self.denied = denied

    @property
    def page(self) -> str:
        kind = {"message": "nack", "header": "header"}.get(self.denied, "routing")
        return f"{kind}-0x{self.denial_code & 0xFF:02x}"


class JobError(ProductError):
    """The work."""

    code = "PB-500"


class PreconditionNotMet(JobError):
    """Refused before anything was changed."""

    code = "PB-501"
    default_advice = "Put right what is named here, then start again. Nothing was changed."


class JobCancelled(JobError):
    """The technician stopped it; the safe ending has run."""

    code = "PB-502"
    default_advice = "Start the job again when ready."


class JobInterrupted(JobError):
    """It ended in the middle. `step` names where; `safe_to_repeat` says whether starting over is right."""

    code = "PB-503"
    default_advice = "Keep the ignition on and start the flash of this unit again from the beginning."

    def __init__(self, message: str, advice: str = "", *, step: str = "", safe_to_repeat: bool = True) -> None:
        super().__init__(message, advice)
        self.step = step
        self.safe_to_repeat = safe_to_repeat


class VerificationFailed(JobError):
    """What was read back is not what was written."""

    code = "PB-504"
    default_advice = "Do not hand the vehicle over: repeat, or restore the stored coding."


class OrderIncomplete(JobError):
    """Of several units at least one was not flashed. `result` says what has come of each of them where it is known."""

    code = "PB-505"
    default_advice = "Keep the ignition on and give the same order again: what is done is left alone."

    def __init__(self, message: str, advice: str = "", *, result: FlashOrderResult | None = None) -> None:
        super().__init__(message, advice)
        self.result = result


class CatalogueError(ProductError):
    """The diagnostic data."""

    code = "PB-600"


class DataInvalid(CatalogueError):
    """A data or image file is damaged, hostile or not what it says. `place` is the line, entry or element."""

    code = "PB-601"
    default_advice = "Get the file again from its source; everything else stays usable."

    def __init__(self, message: str, advice: str = "", *, file: str = "", place: str = "") -> None:
        super().__init__(message, advice)
        self.file = file
        self.place = place


class DataMissing(CatalogueError):
    code = "PB-602"
    default_advice = "Load the diagnostic data (PDX) that describes this vehicle and unit."


class ValueRefused(CatalogueError):
    """A value that the data does not allow: out of range, or no such choice."""

    code = "PB-603"
    default_advice = "Choose one of the values that are listed."
