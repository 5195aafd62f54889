"""What is asked and answered over HTTP (/api/v1 and /oauth), one frozen dataclass each. Times are milliseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.online.wire.codec import Many, Number, Text
from core.vocabulary.online.paper import Activation, CreditDuration, DeviceData, Role

HARDWARE_ID = "[0-9A-F]{12}"
DIGEST = "([0-9a-f]{16,64})?"
IDENTIFIER = "[0-9a-f]{32}"
IDENTIFIER_OR_NONE = "([0-9a-f]{32})?"
NONCE = "[0-9a-f]{32,64}"
WORD = "[a-z][a-z0-9 _-]*"
IDEMPOTENCY_KEY = "[0-9A-Za-z_-]{8,64}"


@dataclass(frozen=True, slots=True)
class Device:
    """Device data (C5) as it travels: for the order, and for the check."""

    hardware_id: Annotated[str, Text(pattern=HARDWARE_ID)]
    app_id: Annotated[int, Number(least=1, most=2**31 - 1)]
    traits: Annotated[tuple[str, ...], Many(most=8, pattern=DIGEST)]
    version: Annotated[str, Text(most=40)] = ""

    @classmethod
    def of(cls, data: DeviceData) -> Device:
        return cls(data.hardware_id, data.app_id, data.traits, data.version)

    def data(self) -> DeviceData:
        return DeviceData(self.hardware_id, self.app_id, self.traits, self.version)


DEVICE_FILE = "passbay device data 1"


@dataclass(frozen=True, slots=True)
class DeviceFile:
    """The file that Export writes and the shop's order takes."""

    format: Annotated[str, Text(pattern=DEVICE_FILE)]
    device: Device


@dataclass(frozen=True, slots=True)
class Problem:
    """A no (RFC 9457). `code` and `advice` are the product's: BackendRefused, 2221-45, 2173-42, ..."""

    type: Annotated[str, Text(most=200)] = "about:blank"
    title: str = ""
    status: Annotated[int, Number(least=100, most=599)] = 500
    detail: Annotated[str, Text(most=2000, lines=True)] = ""
    code: Annotated[str, Text(most=20)] = ""
    advice: Annotated[str, Text(most=2000, lines=True)] = ""


@dataclass(frozen=True, slots=True)
class Health:
    status: Annotated[str, Text(pattern="ok")]
    version: Annotated[str, Text(most=40)]
    embedded: bool


@dataclass(frozen=True, slots=True)
class ServerTime:
    server_time: int


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    starts: int
    ends: int
    words: Annotated[str, Text(most=1000, lines=True)]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Windows that are announced or running; 2221-47 names them."""

    windows: tuple[MaintenanceWindow, ...]


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One row of R6. `required`: without it the product does not work."""

    purpose: str
    host: Annotated[str, Text(most=253)]
    port: Annotated[int, Number(least=1, most=65535)]
    required: bool


@dataclass(frozen=True, slots=True)
class Network:
    rows: tuple[NetworkRow, ...]


@dataclass(frozen=True, slots=True)
class Contact:
    """S2, S3: whom to ask. `kind`: commercial or technical."""

    kind: str
    email: str
    hours: str
    zone: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contacts:
    rows: tuple[Contact, ...]


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """An Ed25519 key of the issuer, 64 hex digits. `rotation`: DSSE envelope by the key before, "" for the first.

    `distrusted`: since when it is known to be stolen. It still leads to the key after it, and vouches for nothing else.
    """

    keyid: Annotated[str, Text(pattern="[0-9a-f]{16}")]
    public: Annotated[str, Text(pattern="[0-9a-f]{64}")]
    created: int
    retired: int | None
    rotation: Annotated[str, Text(most=4000, lines=True)]
    distrusted: int | None = None


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """Oldest first; the last one signs."""

    keys: tuple[IssuerKey, ...]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    device: Device
    name: Annotated[str, Text(most=80)] = ""


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """`state`: issued (then `startkey` is the envelope) or waiting for the administrator."""

    order: Annotated[str, Text(pattern=IDENTIFIER)]
    state: Annotated[str, Text(pattern="issued|waiting|refused")]
    words: Annotated[str, Text(most=1000)]
    startkey: Annotated[str | None, Text(most=20000, lines=True)] = None


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The online check (C7). `key_id`: the StartKey that is there, "" when there is none."""

    hardware_id: Annotated[str, Text(pattern=HARDWARE_ID)]
    app_id: Annotated[int, Number(least=1, most=2**31 - 1)]
    traits: Annotated[tuple[str, ...], Many(most=8, pattern=DIGEST)]
    key_id: Annotated[str, Text(pattern=IDENTIFIER_OR_NONE)]
    nonce: Annotated[str, Text(pattern=NONCE)]


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """A DSSE envelope as text (core.online.dsse)."""

    envelope: Annotated[str, Text(most=40000, lines=True)]


@dataclass(frozen=True, slots=True)
class Account:
    """Who the token belongs to. `activation_until`: when a PENDING activation ends."""

    login: str
    name: str
    organisation: str
    contract: str
    contract_end: int | None  # None: it has no end
    roles: tuple[Role, ...]
    activation: Activation
    activation_until: int | None = None


@dataclass(frozen=True, slots=True)
class SystemRow:
    """My systems (S5)."""

    hardware_id: str
    app_id: int
    name: str
    contract: str
    key_id: str
    expires: int | None
    state: str  # valid, expired, revoked, waiting, none


@dataclass(frozen=True, slots=True)
class Systems:
    systems: tuple[SystemRow, ...]


@dataclass(frozen=True, slots=True)
class UnusedPackages:
    duration: CreditDuration
    count: int


@dataclass(frozen=True, slots=True)
class Balance:
    """CreditBalance of the vocabulary, as it travels."""

    group: str
    minutes: Annotated[int, Number(least=-(2**53))]
    until: int | None = None
    reserved: int = 0
    ever: bool = False
    unused: tuple[UnusedPackages, ...] = ()
    owed: int = 0


@dataclass(frozen=True, slots=True)
class Credit:
    balances: tuple[Balance, ...]
    head_number: int  # of the ledger's hash chain: who keeps it notices a restored old database
    head_hash: str


@dataclass(frozen=True, slots=True)
class Package:
    id: str
    group: str
    duration: CreditDuration
    minutes: int
    price_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class Packages:
    packages: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class BuyRequest:
    package: Annotated[str, Text(least=1, most=64, pattern="[0-9A-Za-z._-]+")]
    count: Annotated[int, Number(least=1, most=1000)]


@dataclass(frozen=True, slots=True)
class ReserveRequest:
    """`late`: for work that was done without network; made with the minutes that are there, and never refused."""

    group: Annotated[str, Text(most=64, pattern=WORD)]
    minutes: Annotated[int, Number(least=1, most=1440)]
    hardware_id: Annotated[str, Text(pattern=HARDWARE_ID)]
    late: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """A receipt of the ledger; `number` and `hash` are its head there: who keeps them notices an old database.

    `minutes_left`: None while a package by the clock runs, until `until`. `owed`: used beyond the credit by a running
    job. A repeated request gets the same receipt, byte for byte.
    """

    number: int
    hash: str
    group: str
    minutes: int
    minutes_left: int | None
    until: int | None
    owed: int
    reservation: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """`minutes` is 0 while a package by the clock runs; the reservation is posted all the same."""

    reservation: str
    minutes: int
    expires: int
    receipt: Booked


@dataclass(frozen=True, slots=True)
class PostRequest:
    """Book what was used; more than reserved is allowed: a flash is never stopped."""

    reservation: Annotated[str, Text(pattern=IDENTIFIER)]
    minutes: Annotated[int, Number(least=0, most=100_000)]


@dataclass(frozen=True, slots=True)
class VoidRequest:
    reservation: Annotated[str, Text(pattern=IDENTIFIER)]


@dataclass(frozen=True, slots=True)
class PermitRequest:
    """One job asks for its right. `image`: SHA-256 of what is to be flashed, "" where nothing is."""

    job: Annotated[str, Text(pattern="[0-9A-Za-z_-]{1,64}")]
    kind: Annotated[str, Text(most=40, pattern=WORD)]
    group: Annotated[str, Text(most=64, pattern=WORD)]
    vin: Annotated[str, Text(most=20, pattern="[0-9A-Z]*")]
    unit: Annotated[str, Text(most=80)]
    image: Annotated[str, Text(pattern="([0-9a-f]{64})?")]
    hardware_id: Annotated[str, Text(pattern=HARDWARE_ID)]
    key_id: Annotated[str, Text(pattern=IDENTIFIER)]
    change: bool  # it writes into the vehicle: needs the role flash
    minutes: Annotated[int, Number(least=0, most=1440)] = 1  # to reserve now; 0 asks for the right alone


@dataclass(frozen=True, slots=True)
class PermitAnswer:
    """`reservation`: "" where a package by the clock is running; `minutes_left`: None there."""

    ticket: Annotated[str, Text(most=8000, lines=True)]
    reservation: str
    minutes_left: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """RFC 8628, section 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """RFC 6749, section 5.1."""

    access_token: Annotated[str, Text(most=4000)]
    token_type: str
    expires_in: int
    refresh_token: Annotated[str, Text(most=400)]
    scope: str


@dataclass(frozen=True, slots=True)
class OAuthProblem:
    """RFC 6749, section 5.2, and RFC 8628, section 3.5: authorization_pending, slow_down, access_denied, ..."""

    error: str
    error_description: Annotated[str, Text(most=1000)] = ""
