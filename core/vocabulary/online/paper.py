"""The nouns of the paper side: device data, StartKey, roles, log-in, time credit (manual, chapters 1, 3 and 5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

PRODUCT_GROUPS = ("passenger cars", "vans", "trucks", "buses")
"""The groups that credit is sold for (G3). A back end may know more; vehicle data names its own."""


class Role(Enum):
    """What a user may do (L2). The organisation's administrator grants the first two."""

    STANDARD_DIAGNOSIS = "standard-diagnosis"
    FLASH = "flash"
    ORGANISATION_ADMIN = "organisation-admin"


class CreditDuration(Enum):
    """How long a package lasts (K4). Hours are metered by use, the others run by the clock from first use."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class DeviceData:
    """What a StartKey is ordered with (C5): `hardware_id` 12 hex digits, `app_id` a number.

    `traits`: one keyed digest (hex) for each machine trait, in a fixed order, "" where there is none; never raw values.
    """

    hardware_id: str
    app_id: int
    traits: tuple[str, ...]
    version: str = ""


class StartKeyVerdict(Enum):
    """Green tick or not, and why not (C7, C8)."""

    VALID = "valid"
    GRACE_WARNING = "not checked online for long"
    READ_ONLY = "read-only"
    MISSING = "missing"
    INVALID = "not valid"
    OTHER_PC = "of another PC"
    EXPIRED = "expired"
    CLOCK = "clock set back"


@dataclass(frozen=True, slots=True)
class StartKeyState:
    """What is known of this system's StartKey. Times are seconds since the epoch, None where there are none."""

    verdict: StartKeyVerdict
    words: str
    key_id: str = ""
    organisation: str = ""
    contract: str = ""
    issued: float | None = None
    expires: float | None = None
    checked_online: float | None = None
    product_groups: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()
    restart_needed: bool = False  # a newer one was downloaded (2221-54)

    @property
    def green(self) -> bool:
        return self.verdict in (StartKeyVerdict.VALID, StartKeyVerdict.GRACE_WARNING)


class Activation(Enum):
    """State of a granted right on its first log-in (L4, L5): the device stays usable while it is PENDING."""

    NONE = "none"
    PENDING = "pending"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class AccountState:
    """Who is logged in here; `user` is "" when nobody is. `roles` as the back end granted them at the last refresh."""

    user: str = ""
    name: str = ""
    organisation: str = ""
    roles: tuple[Role, ...] = ()
    activation: Activation = Activation.NONE
    activation_until: float | None = None
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class LoginPrompt:
    """A device grant that waits for its approval (RFC 8628, section 3.2). The device code stays inside."""

    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires: float
    interval: float


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """Credit of one product group. `minutes` are metered ones that are left; `until`: when a package by the clock ends.

    `ever`: there was credit once (2173-44 and not 2173-42 when it is gone). `reserved` minutes belong to running jobs.
    """

    group: str
    minutes: int
    until: float | None = None
    reserved: int = 0
    ever: bool = False
    unused: tuple[tuple[CreditDuration, int], ...] = ()  # packages by the clock that were not begun
    owed: int = 0  # minutes that a running job used beyond the credit; the next purchase pays them first


@dataclass(frozen=True, slots=True)
class BackendState:
    """How the back end is reached: globe icon, time difference. `maintenance` is what 2221-47 names, "" where none."""

    url: str
    embedded: bool
    reachable: bool
    words: str
    milliseconds: float | None = None
    tls: bool = False
    clock_difference: float | None = None
    maintenance: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer to one job's wish: allowed. `ticket` is the back end's signed job ticket (DSSE), "" offline.

    A job that holds one is never stopped because paper ran out meanwhile.
    """

    job: str
    kind: str
    group: str
    granted_by: str  # "back end", "offline grace", "simulation"
    ticket: str = ""
    minutes_left: int | None = None
