"""What the jobs bring home: quick test, faults, flash, coding. Text is as the unit sent it: clean it at the roof."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from core.vocabulary.bus import EcuAddress
from core.vocabulary.vehicle import EuroClass


class UnitState(Enum):
    """One word per unit in the quick test; `UnitSurvey.reason` says more."""

    OK = "ok"
    FAULT = "fault"  # at least one DTC is active (status bit 0)
    STORED = "stored"  # DTCs confirmed, none active
    NO_ANSWER = "no-answer"
    NOT_REACHABLE = "not-reachable"  # the device does not speak this unit's transport (G5, G6)
    UNKNOWN_VARIANT = "unknown-variant"
    ERROR = "error"
    IN_BOOT = "boot"  # the boot loader answers: no valid application, or left in programming


@dataclass(frozen=True, slots=True)
class DtcReading:
    """One trouble code. `code` is the 3 byte number, `text` its name in the data, `status` ISO 14229-1 D.2."""

    code: int
    display: str  # e.g. "P0301-00" (ISO 15031-6 / SAE J2012)
    text: str
    status: int
    words: tuple[str, ...] = ()  # e.g. ("active", "stored")
    environment: tuple[EnvironmentValue, ...] = ()


@dataclass(frozen=True, slots=True)
class EnvironmentValue:
    """One value of a snapshot or extended data record of a DTC."""

    name: str
    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class UnitSurvey:
    """One unit's line in the quick test. `dtcs` counts all read; `newer_software` names flashware."""

    name: str
    title: str
    address: EcuAddress | None  # None where the diagnostic data names none
    state: UnitState
    reason: str = ""
    hardware: str = ""
    software: str = ""
    variant: str = ""
    dtcs: int = 0
    dtcs_active: int = 0
    dtcs_pending: int = 0
    newer_software: str = ""
    dtc_list: tuple[DtcReading, ...] = ()
    idents: tuple[tuple[str, str], ...] = ()  # (name, value), in reading order


@dataclass(frozen=True, slots=True)
class SurveyResult:
    vin: str
    vehicle: str  # short name in the vehicle data, "" where the VIN is unknown
    vehicle_title: str
    euro_class: EuroClass
    units: tuple[UnitSurvey, ...]
    voltage: float | None = None  # volts


@dataclass(frozen=True, slots=True)
class FaultsResult:
    unit: str
    dtcs: tuple[DtcReading, ...]
    cleared: bool = False


@dataclass(frozen=True, slots=True)
class FlashCheck:
    """One line before the first erase. `ok` None means not measurable (a warning, never assumed good)."""

    name: str
    ok: bool | None
    measured: str
    wanted: str
    reason: str = ""
    overridable: bool = False  # a red line that a technician may pass by typing the unit's name
    advice: str = ""  # what to do about it, "" where it is green


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a refusal, a silence or a lost connection means where it happened; three texts of whole sentences."""

    meaning: str
    state_now: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One line of `passbay explain`: what something means in one step of the work."""

    step: str
    title: str
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class TwinReport:
    """How the same flash went on the simulated twin. `there` False: this vehicle has none, `words` say so."""

    there: bool
    ok: bool
    words: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FlashPreview:
    """What a flash would do: the choice, its checks and its steps in words (`--dry-run`, and the Flash screen)."""

    unit: str
    flashware: str
    file: str
    software_before: str
    software_after: str
    bytes: int
    sha256: str
    checks: tuple[FlashCheck, ...]
    steps: tuple[str, ...]
    up_to_date: bool = False
    plan: tuple[str, ...] = ()  # the flash plan in words
    twin: TwinReport | None = None  # where it was asked for


@dataclass(frozen=True, slots=True)
class FlashResult:
    unit: str
    result: str  # "flashed" or "up-to-date"
    flashware: str
    bytes: int
    seconds: float
    bytes_per_second: float
    sha256: str
    software_before: str
    software_after: str
    retries: int = 0
    pending_responses: int = 0


@dataclass(frozen=True, slots=True)
class CodingItemState:
    """One option item: its meaning in the car now, from the factory, and what may be chosen."""

    name: str
    title: str
    record: str
    now: str
    factory: str
    choices: tuple[str, ...] = ()  # empty: a free number, see minimum/maximum
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class CodingState:
    """The coding of one unit as read. `records` holds (record name, DID, bytes)."""

    unit: str
    vin: str
    items: tuple[CodingItemState, ...]
    records: tuple[tuple[str, int, bytes], ...]
    backup: str = ""  # path of the newest before-image on disk, "" where there is none


@dataclass(frozen=True, slots=True)
class CodingChange:
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class CodingResult:
    unit: str
    changes: tuple[CodingChange, ...]
    records: tuple[tuple[str, int, bytes, bytes], ...]  # (record, DID, before, after as read back)
    backup: str
    verified: bool


@dataclass(frozen=True, slots=True)
class DataReport:
    """`passbay data check`: what a PDX holds, and what is wrong with it."""

    file: str
    ok: bool
    version: str
    units: tuple[dict[str, Any], ...] = ()
    vehicles: tuple[dict[str, Any], ...] = ()
    flash_sessions: tuple[dict[str, Any], ...] = ()
    coding: tuple[dict[str, Any], ...] = ()
    problems: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class FlashChoice:
    """One flashware that fits a unit, for the list of the Flash screen. `file` holds it; `newest` marks the default.

    `plan`: a plan of the active release, for the newest flashware; its name is its file.
    """

    name: str
    title: str
    file: str
    software: str
    size: int
    newest: bool = False
    plan: bool = False


@dataclass(frozen=True, slots=True)
class ReleasedPlan:
    """A flash plan that came with the active release or an AddOn."""

    name: str
    unit: str
    title: str
    file: str


@dataclass(frozen=True, slots=True)
class UdsExchange:
    """One raw request and its answer (`passbay uds`). `answer` is b"" after silence where that was asked for.

    `words` say the answer in one line; `decoded` holds (name, value) where the vehicle data knows the service.
    """

    request: bytes
    answer: bytes
    request_words: str
    words: str
    negative: bool
    seconds: float
    decoded: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UdsResult:
    unit: str
    address: EcuAddress
    exchanges: tuple[UdsExchange, ...]


@dataclass(frozen=True, slots=True)
class VehicleUnit:
    """One unit of an identified vehicle. `reachable` is False where the device lacks its transport (G5, G6)."""

    name: str
    title: str
    address: EcuAddress | None
    reachable: bool = True
    reason: str = ""
    flashable: bool = False  # there is flashware for it
    codable: bool = False  # there are coding records for it


@dataclass(frozen=True, slots=True)
class VehicleIdentity:
    """Which vehicle is connected. `vehicle` and `title` are "" where no vehicle data covers the VIN."""

    vin: str
    vehicle: str
    title: str
    euro_class: EuroClass
    units: tuple[VehicleUnit, ...]
    product_group: str = ""
