"""Our vocabulary of special data groups (ODX SDG, ISO 22901-1): what plain ODX has no element for. No odxtools.

Every group is `<SDG SI="PASSBAY">` with `<SD SI="NAME">value</SD>` inside, in the SDGS of the named element. Foreign
files have none of them and get the defaults. Numbers are decimal or 0x...; times are seconds, voltages volts;
`NONE` empties an optional number; booleans are TRUE or FALSE. A name that is not in this table is reported by
`data check` and ignored; a value that cannot be read is a problem of the file and the default holds.

    element              SD SI               gives                              default when absent
    VEHICLE-INFO-SPEC    VEHICLE             short name of the VEHICLE-         the group holds for every vehicle of
                                             INFORMATION this group is for      the spec
                         NAME                VehicleInfo.name                   SHORT-NAME (which knows no hyphen)
                         VIN-PREFIX *        VehicleInfo.vin_patterns           none: found by name only
                         EURO-CLASS          .euro_class: BEFORE EURO 5,        UNKNOWN
                                             EURO 5, EURO 6, EURO VI
                         PRODUCT-GROUP       .product_group                     ""
                         DOIP-ONLY           .doip_only (G6)                    all units have DoIP addresses only
                         DOIP-GATEWAY        .doip_gateway, logical address     CP_DoIPLogicalGatewayAddress
    BASE-VARIANT         PROTOCOL            UnitInfo.protocol: UDS, KWP2000    KWP2000 where the protocol layer or its
                                                                                comparam spec names ISO 14230, else UDS
                         P2, P2-STAR,        .timing                            CP_P6Max, CP_P6Star, else CP_P2Max,
                         S3-CLIENT                                              CP_P2Star; CP_TesterPresentTime
    ECU-VARIANT          VARIANT-KIND        VariantInfo.is_boot: BOOT, APPL    BOOT where the name has "boot" in it
    DIAG-SERVICE         IDENT-KIND          IdentItem.kind: vin, hardware,     by DID: F190 vin; F191..F193 hardware;
                                             software, part, serial, boot,      F187 part; F188 F189 F194 F195 software;
                                             other, or IGNORE: no ident         F18C serial; F180 boot; else other
    SESSION (first),     PROGRAMMING-SESSION FlashPolicy.programming_session    0x02 (KWP2000: the
                                                                                defaults of KWP2000_POLICY)
    then ECU-MEM, then   SECURITY-LEVEL      .security_level (requestSeed)      0x11
    ECU-MEM-CONNECTOR    SECURITY-METHOD     .security_method                   passbay-garage
                         FINGERPRINT-DID     .fingerprint_did or NONE           0xF15A
                         PRECONDITION-ROUTINE .precondition_routine or NONE     0x0203
                         ERASE-ROUTINE       .erase_routine                     0xFF00
                         CHECKSUM-ROUTINE    .checksum_routine or NONE          0x0202
                         DEPENDENCY-ROUTINE  .dependency_routine or NONE        0xFF01
                         VOLTAGE-MINIMUM     .voltage_minimum                   12.0
                         VOLTAGE-MAXIMUM     .voltage_maximum                   15.5
                         RESEND-ON-TIMEOUT   .resend_on_timeout                 TRUE
                         MAX-BLOCK           .max_block                         0
                         RESET-TIME          .reset_time                        10.0
                         RESUME              .resume                            FALSE
                         ERASE-SCOPE         .erase_scope: block, whole, none   block
                         ERASE-FORM          .erase_form: number, address,      number
                                             empty
                         CHECKSUM-FORM       .checksum_form: number, address,   number
                                             value
                         CHECKSUM-ALGORITHM  .checksum_algorithm: CRC32, CRC16, CRC32
                                             SUM32, SHA256
                         ADDRESS-FORMAT      .address_format, one byte          0x44
                         EXTENDED-SESSION    .extended_session                  0x03
                         DTC-SETTING         .dtc_setting                       TRUE
                         COMMUNICATION-CONTROL .communication_control           TRUE
                         CLEAR-DTCS          .clear_dtcs                        TRUE
                         KEEP-ALIVE-INTERVAL .keep_alive_interval, up to 2.5    2.0
                         PARALLEL            .parallel                          FALSE
                         UNIT-ORDER          .unit_order                        0
                         DEPENDS-ON *        .depends_on, short names of units  none
                         ALLOW-OVERRIDE      .allow_override                    FALSE
                         AUTHENTICATION      .authentication or NONE            NONE
    SESSION only         ORDER               FlashSession.order, newest largest position in the file
                         OWN-SOFTWARE        .own_software                      OWN-IDENT with a DID of kind software
                         HARDWARE *          .hardware                          EXPECTED-IDENT values of kind hardware
                         PUBLIC-KEY          .public_key, Ed25519, 64 hex       none: a signature is not checked
    DATABLOCK            DATA-FORMAT         DataBlock.data_format, one byte    0x00
    CONFIG-RECORD        SESSION             CodingRecord.session               0x03
    (first), then        SECURITY-LEVEL      .security_level or NONE            0x01
    CONFIG-DATA          SECURITY-METHOD     .security_method                   passbay-garage
                         AUTHENTICATION      .authentication or NONE            NONE
                         DID                 .did                               from the READ-DIAG-COMM of the connector

`*` may stand several times. What plain ODX says is taken from plain ODX:

* DID of an ident: a 0x22 service whose request is SID, then coded constants of 16 bits in all, and nothing else.
* DID of an EXPECTED-IDENT or OWN-IDENT: the IDENT-DESC of the ECU-MEM-CONNECTOR whose IDENT-IF-SNREF has its short
  name leads by DIAG-COMM-SNREF to a 0x22 service of the layer (else a service or ident of the same short name).
* Unit of a session: LAYER-REFS and ALL-VARIANT-REFS of the ECU-MEM-CONNECTOR. Unit of coding: VALID-BASE-VARIANT.
* Bytes: FLASHDATA as INTEL-HEX, MOTOROLA-S or BINARY, intern (hex digits) or extern. An extern BINARY file is raw
  bytes; its first byte lies at the lowest SOURCE-START-ADDRESS of the DATABLOCK's SEGMENTS. TARGET-ADDR-OFFSET is
  added. PHYS-SEGMENTs of the ECU-MEM's PHYS-MEM are the unit's memory. SECURITY of the SESSION: FW-SIGNATURE, with the
  SECURITY-METHOD ED25519 over the SHA-256 of all bytes in the order of its blocks. CHECKSUMs of the SESSION go to the
  block that holds their range.
* Coding: DIAG-COMM-DATA-CONNECTOR (UNCOMPRESSED-SIZE is the length), OPTION-ITEMs with their DOP (TEXTTABLE or
  ITEM-VALUEs give choices, LINEAR a number), DEFAULT-DATA-RECORD-SNREF or the first DATA-RECORD the factory bytes,
  PHYSICAL-DEFAULT-VALUE the factory value of one item where there are no bytes.
* Vehicle: VEHICLE-INFORMATION; its units are the BASE-VARIANTs of its LOGICAL-LINKs, in order.
* Addresses: comparams per PROTOCOL parent in PARENT-REF order: CP_UniqueRespIdTable with CP_CanPhysReqId and
  CP_CanRespUSDTId, or with CP_DoIPLogicalEcuAddress; CP_CanFuncReqId; CP_DoIPLogicalFunctionalAddress.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TypeVar

from core.catalogue.model import LONGEST_KEEP_ALIVE, POLICY_CHOICES, FlashPolicy
from core.vocabulary import EuroClass

Value = TypeVar("Value")

GROUP = "PASSBAY"

POLICY_NAMES: Mapping[str, str] = {f.name.replace("_", "-").upper(): f.name for f in fields(FlashPolicy)}

KNOWN_NAMES = frozenset(
    {
        *POLICY_NAMES,
        *("VEHICLE", "NAME", "VIN-PREFIX", "EURO-CLASS", "PRODUCT-GROUP", "DOIP-ONLY", "DOIP-GATEWAY"),
        *("PROTOCOL", "P2", "P2-STAR", "S3-CLIENT", "VARIANT-KIND", "IDENT-KIND"),
        *("ORDER", "OWN-SOFTWARE", "HARDWARE", "PUBLIC-KEY", "DATA-FORMAT", "SESSION", "DID"),
    }
)

IDENT_KINDS = ("vin", "hardware", "software", "part", "serial", "boot", "other")

# ISO 14230-3, clause 7.1: identificationOption behind 1A
KIND_OF_KWP_IDENTIFIER: Mapping[int, str] = {
    0x1A90: "vin",
    0x1A91: "hardware",
    0x1A92: "hardware",
    0x1A93: "hardware",
    0x1A94: "software",
    0x1A95: "software",
}

# ISO 14229-1, table C.1: what these identifiers hold
KIND_OF_DID: Mapping[int, str] = {
    0xF180: "boot",
    0xF187: "part",
    0xF188: "software",
    0xF189: "software",
    0xF18C: "serial",
    0xF190: "vin",
    0xF191: "hardware",
    0xF192: "hardware",
    0xF193: "hardware",
    0xF194: "software",
    0xF195: "software",
}


@dataclass
class SpecialData:
    """The SDs of one element's PASSBAY group(s), and what was wrong when they were asked for.

    `values` maps SI to all texts that stand under it. Every getter returns its default for a missing or unreadable
    value; the latter also leaves a line in `problems`.
    """

    values: Mapping[str, list[str]]
    place: str = ""
    problems: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        found = self.values.get(name)
        return found[0] if found else default

    def optional_text(self, name: str) -> str | None:
        """None for nothing and for NONE."""
        text = self.text(name).strip()
        return None if text.upper() in ("", "NONE") else text

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(self.values.get(name, ()))

    def integer(self, name: str, default: int) -> int:
        value = self.optional_integer(name, default)
        return default if value is None else value

    def optional_integer(self, name: str, default: int | None) -> int | None:
        text = self.text(name).strip()
        if not text:
            return default
        if text.upper() == "NONE":
            return None
        try:
            return int(text, 0)
        except ValueError:
            return self._unreadable(name, text, default)

    def number(self, name: str, default: float) -> float:
        text = self.text(name).strip()
        if not text:
            return default
        try:
            return float(text)
        except ValueError:
            return self._unreadable(name, text, default)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        wanted = self.text(name).strip().casefold()
        known = {choice.casefold(): choice for choice in choices}
        if wanted in known:
            return known[wanted]
        return self._unreadable(name, wanted, default) if wanted else default

    def boolean(self, name: str, default: bool) -> bool:
        text = self.text(name).strip().upper()
        if text in ("TRUE", "FALSE"):
            return text == "TRUE"
        return self._unreadable(name, text, default) if text else default

    def euro_class(self) -> EuroClass:
        wanted = self.text("EURO-CLASS").strip().upper()
        for member in EuroClass:
            if wanted == member.value.upper():
                return member
        return self._unreadable("EURO-CLASS", wanted, EuroClass.UNKNOWN) if wanted else EuroClass.UNKNOWN

    def unknown_names(self) -> Iterable[str]:
        return (name for name in self.values if name not in KNOWN_NAMES)

    def _unreadable(self, name: str, text: str, default: Value) -> Value:
        self.problems.append(f"{self.place}: special data {name} cannot be read as {text!r}; {default!r} is used")
        return default


def flash_policy(data: SpecialData, usual: FlashPolicy = FlashPolicy()) -> FlashPolicy:  # noqa: B008 - it is frozen
    """A FlashPolicy from the special data of SESSION, ECU-MEM and ECU-MEM-CONNECTOR, nearest first in `data`.

    `usual` holds where they say nothing: what units of that protocol want.
    """
    chosen: dict[str, object] = {}
    for name, attribute in POLICY_NAMES.items():
        default = getattr(usual, attribute)
        if isinstance(default, bool):
            chosen[attribute] = data.boolean(name, default)
        elif isinstance(default, float):
            chosen[attribute] = data.number(name, default)
        elif attribute in POLICY_CHOICES:
            chosen[attribute] = data.choice(name, str(default), POLICY_CHOICES[attribute])
        elif isinstance(default, str):
            chosen[attribute] = data.text(name, default)
        elif isinstance(default, tuple):
            chosen[attribute] = data.texts(name)
        elif default is None:
            chosen[attribute] = data.optional_text(name)
        elif attribute in _MAY_BE_NONE:
            chosen[attribute] = data.optional_integer(name, int(str(default)))
        else:
            chosen[attribute] = data.integer(name, int(str(default)))
    if not 0 < float(str(chosen["keep_alive_interval"])) <= LONGEST_KEEP_ALIVE:
        interval = chosen.pop("keep_alive_interval")
        data.problems.append(f"{data.place}: a keep-alive every {interval} s is too slow; the default is used")
    return FlashPolicy(**chosen)  # type: ignore[arg-type]


_MAY_BE_NONE = ("fingerprint_did", "precondition_routine", "checksum_routine", "dependency_routine")

