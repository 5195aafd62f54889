"""What diagnostic data says after compiling: vehicles, units, variants, flash sessions, coding. ODX terms, no odxtools.

Plain frozen data, the face between the compiler (odx_compiler), the cache, the simulation and the jobs. The
encode/decode of services lives in codec.py. Clauses: ISO 22901-1 (ODX).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.vocabulary import KWP2000, EcuAddress, EuroClass


@dataclass(frozen=True, slots=True)
class UnitTiming:
    """Timing of a unit from its comparams, seconds (ISO 14229-2). `p2` is as the tester waits, network included."""

    p2: float = 1.0
    p2_star: float = 6.0
    s3_client: float = 2.0


@dataclass(frozen=True, slots=True)
class DtcText:
    code: int  # 3 bytes
    display: str
    text: str
    level: int | None = None


@dataclass(frozen=True, slots=True)
class IdentItem:
    """A readable identification: its DID (KWP2000: service and identifier) and what it is.

    `kind`: vin, hardware, software, part, serial, boot, other.
    """

    name: str
    title: str
    did: int
    kind: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Addressed bytes. Compiled files keep only the length; `FlashImage` (images.py) brings the bytes."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Checksum:
    """ODX-F CHECKSUM: algorithm name (CRC32), the address range it covers (end inclusive), expected result."""

    algorithm: str
    start: int
    end: int
    result: int


@dataclass(frozen=True, slots=True)
class ExpectedIdent:
    """ODX-F EXPECTED-IDENT: the DID that is read before the erase and the values that allow this session."""

    name: str
    did: int
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DataBlock:
    """ODX-F DATABLOCK: one logical block to erase, transfer and check. `data_format` is byte 2 of 0x34."""

    name: str
    segments: tuple[Segment, ...]
    checksums: tuple[Checksum, ...] = ()
    data_format: int = 0x00
    sha256: str = ""  # over the segments' bytes in address order
    index: int | None = None  # LOGICAL-BLOCK-INDEX

    @property
    def size(self) -> int:
        return sum(s.length for s in self.segments)


@dataclass(frozen=True, slots=True)
class FlashPolicy:
    """How a unit wants to be flashed, from the session's SDGs; the defaults are page 3's sequence.

    Routine ids and DIDs per ISO 14229-1 and HIS convention. `max_block` limits TransferData beside what the unit
    offers; 0 leaves it to the unit. Voltages in volts.

    `erase_scope`: "block" before each block, "whole" once before the first (one range over all blocks), "none" for a
    boot loader that erases by itself. What follows the routine identifier: `erase_form` "number" (01, block number),
    "address" (address_format, address, size) or "empty"; `checksum_form` "number" (01, block number, 2 bytes length
    of the value, value), "address" (address_format, address, size, value) or "value". Block numbers count from 1 in
    the order of sending. The fields with a choice of texts are in POLICY_CHOICES.
    """

    programming_session: int = 0x02
    security_level: int = 0x11  # requestSeed sub-function; sendKey is one more
    security_method: str = "passbay-garage"
    fingerprint_did: int | None = 0xF15A
    precondition_routine: int | None = 0x0203
    erase_routine: int = 0xFF00
    checksum_routine: int | None = 0x0202
    dependency_routine: int | None = 0xFF01
    voltage_minimum: float = 12.0
    voltage_maximum: float = 15.5
    resend_on_timeout: bool = True
    max_block: int = 0
    reset_time: float = 10.0  # seconds that the unit may take to answer after a reset
    resume: bool = False  # the boot loader goes on with an interrupted download instead of asking for a new erase
    erase_scope: str = "block"
    erase_form: str = "number"
    checksum_form: str = "number"
    checksum_algorithm: str = "CRC32"
    address_format: int = 0x44  # ALFID: bytes of the size (high nibble), of the address (low)
    extended_session: int = 0x03
    dtc_setting: bool = True  # 85 02 before, 85 01 after
    communication_control: bool = True  # 28 01 01 before, 28 00 01 after
    clear_dtcs: bool = True  # 14 FFFFFF after: the silence of the unit has left codes that are no faults
    keep_alive_interval: float = 2.0  # seconds, S3client
    parallel: bool = False  # may be flashed beside other units of its vehicle (DoIP)
    unit_order: int = 0  # within one order of several units, where dependencies leave it open: small ones first
    depends_on: tuple[str, ...] = ()  # units that must have their new software before
    allow_override: bool = False  # a technician who types the unit's name may go on past a red check
    authentication: str | None = None  # method of service 0x29, which then takes the place of securityAccess


POLICY_CHOICES: Mapping[str, tuple[str, ...]] = {
    "erase_scope": ("block", "whole", "none"),
    "erase_form": ("number", "address", "empty"),
    "checksum_form": ("number", "address", "value"),
    "checksum_algorithm": ("CRC32", "CRC16", "SUM32", "SHA256"),
}
"""What these fields of FlashPolicy may say. The checksums: ISO 3309, CCITT-FALSE, sum of bytes, FIPS 180-4."""

KWP2000_POLICY = FlashPolicy(
    programming_session=0x85, fingerprint_did=0x1A9A, precondition_routine=0xE0, erase_routine=0xE1,
    checksum_routine=0xE2, dependency_routine=0xE3, resend_on_timeout=False, address_format=0x33, extended_session=0x92,
)  # fmt: skip
"""What holds for a unit of KWP2000 whose data say nothing else. Routines: the garage's convention, of local identifiers
for the maker's own use; ISO 14230-3 names none. A block is never sent again: it has no counter."""


def usual_policy(protocol: str) -> FlashPolicy:
    """The defaults of a protocol."""
    return KWP2000_POLICY if protocol == KWP2000 else FlashPolicy()


LONGEST_KEEP_ALIVE = 2.5
"""Seconds between two 3E 80 at most; a server's S3 is 5 s (ISO 14229-2)."""


@dataclass(frozen=True, slots=True)
class FlashSession:
    """ODX-F SESSION of one unit: what must be there before, what is sent, what is there after.

    `own_software` is the software version that the unit reports afterwards (from OWN-IDENTs). `file` is the path of
    the PDX, where images.py finds the bytes again. `order`: newer sessions are larger.
    """

    name: str
    title: str
    unit: str
    file: str
    expected_idents: tuple[ExpectedIdent, ...]
    own_software: str
    blocks: tuple[DataBlock, ...]
    policy: FlashPolicy = field(default_factory=FlashPolicy)
    hardware: tuple[str, ...] = ()  # allowed hardware numbers, empty for any
    order: int = 0
    part_number: str = ""
    memory: tuple[tuple[int, int], ...] = ()  # ODX-F PHYS-MEM: first and last addresses, () where not described
    signature: str = ""  # hex, Ed25519 over the SHA-256 of the bytes in the order of sending
    public_key: str = ""  # hex, 32 bytes

    @property
    def size(self) -> int:
        return sum(b.size for b in self.blocks)


@dataclass(frozen=True, slots=True)
class OptionChoice:
    meaning: str
    raw: int


@dataclass(frozen=True, slots=True)
class OptionItem:
    """ODX-E OPTION-ITEM: `bit_length` bits at `byte`.`bit` (bit 0 is least significant; big-endian over bytes).

    Either `choices`, or a number: physical = raw * factor + offset within minimum..maximum.
    """

    name: str
    title: str
    byte: int
    bit: int
    bit_length: int
    choices: tuple[OptionChoice, ...] = ()
    factor: float = 1.0
    offset: float = 0.0
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    factory: int | None = None  # raw


@dataclass(frozen=True, slots=True)
class CodingRecord:
    """ODX-E CONFIG-RECORD of a unit: the DID that carries it, its length in bytes, its items, its factory bytes."""

    name: str
    title: str
    did: int
    length: int
    items: tuple[OptionItem, ...]
    factory: bytes = b""
    session: int = 0x03
    security_level: int | None = 0x01
    security_method: str = "passbay-garage"
    authentication: str | None = None  # method of service 0x29, which then takes the place of securityAccess


@dataclass(frozen=True, slots=True)
class VariantPattern:
    """One way to recognise a variant: all of (DID, expected text or number as text) match (ODX VARIANT-PATTERN)."""

    matches: tuple[tuple[int, str], ...]
    parameters: tuple[str, ...] = ()  # per match: path of the response parameter that is compared, "A.B"


@dataclass(frozen=True, slots=True)
class VariantInfo:
    """An ECU variant. Its services are in the compiled file; codec.Variant opens them on demand."""

    name: str
    title: str
    patterns: tuple[VariantPattern, ...] = ()
    is_boot: bool = False
    services: tuple[str, ...] = ()
    dtcs: tuple[DtcText, ...] = ()  # where they differ from the unit's


@dataclass(frozen=True, slots=True)
class UnitInfo:
    """One unit (ODX BASE-VARIANT, or an ECU-VARIANT that stands alone).

    `address` may be None in data that names no address; `addresses` holds every way, preferred first. `protocol` is
    UDS or KWP2000, also in the addresses on CAN. `flash_transports`/G5 follow from the addresses.
    """

    name: str
    title: str
    file: str
    addresses: tuple[EcuAddress, ...]
    protocol: str
    timing: UnitTiming
    variants: tuple[VariantInfo, ...]
    idents: tuple[IdentItem, ...] = ()
    dtcs: tuple[DtcText, ...] = ()
    coding: tuple[CodingRecord, ...] = ()

    @property
    def address(self) -> EcuAddress | None:
        return self.addresses[0] if self.addresses else None


@dataclass(frozen=True, slots=True)
class VehicleInfo:
    """ODX-V: a vehicle series, how its VIN begins, its emission class, its units in the order of the quick test."""

    name: str
    title: str
    file: str
    vin_patterns: tuple[str, ...]  # prefixes
    euro_class: EuroClass
    product_group: str
    units: tuple[str, ...]
    doip_only: bool = False  # G6
    doip_gateway: int | None = None
