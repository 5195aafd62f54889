"""The services that the garage's units speak, derived from a unit's row (ISO 14229-1). Data only, no XML."""

from __future__ import annotations

from core.simulation.pdx_writer.odx.service import Param, Service, Where, const, did, sid, sub_function, value
from core.simulation.pdx_writer.tables.model import Measurement, Record, Unit

FAMILIES = (
    ("session", "Sessions and access"),
    ("ident", "Identification"),
    ("measurement", "Measured values"),
    ("fault", "Fault memory"),
    ("coding", "Coding"),
    ("programming", "Programming"),
)

VARIANT_DID, ACTIVE_SESSION_DID, FINGERPRINT_DID = 0xF100, 0xF186, 0xF15A
VARIANT_SERVICE, VARIANT_PARAM = "VariantNumber_Read", "VariantNumber"

# name, title, DID, IDENT-KIND of what every unit can tell about itself as text
IDENTS = (
    ("VIN", "Vehicle identification number", 0xF190, "vin"),
    ("HardwareNumber", "Hardware number", 0xF191, "hardware"),
    ("SoftwareVersion", "Software version", 0xF189, "software"),
    ("PartNumber", "Spare part number", 0xF187, "part"),
    ("SerialNumber", "Serial number", 0xF18C, "serial"),
    ("BootSoftware", "Boot loader version", 0xF180, "boot"),
)

_SECURITY = ((0x01, "Coding"), (0x11, "Programming"))
_SESSIONS = ((1, "Default"), (2, "Programming"), (3, "Extended"))


def all_services(unit: Unit) -> list[Service]:
    """In the order of the file: access, idents, values, faults, coding, programming."""
    return [
        *_sessions(),
        *_access(),
        *_switches(),
        *_idents(),
        *(_measurement(row) for row in unit.kind.measurements),
        *_faults(),
        *(service for record in unit.kind.records for service in _coding(record)),
        *_routines(),
        *_transfer(),
    ]


def _sessions() -> list[Service]:
    timing = (value("P2", "p2", 16, "TIMING"), value("P2Star", "p2_star", 16, "TIMING"))
    return [
        Service(
            f"{name}Session_Start",
            f"Start the {name.lower()} session",
            "SESSION",
            "session",
            (sid(0x10), sub_function(number)),
            (sid(0x50), sub_function(number), *timing),
            suppressible=True,
        )
        for number, name in _SESSIONS
    ]


def _access() -> list[Service]:
    services = []
    for level, purpose in _SECURITY:
        where = Where.APPLICATION if purpose == "Coding" else Where.BOTH
        seed, key = sub_function(level), sub_function(level + 1)
        asking = (sid(0x67), seed, value("Seed", "bytes", None, "SEED"))
        sending = (sid(0x27), key, value("Key", "bytes", None, "ACCESSKEY"))
        title = f"Security access for {purpose.lower()}"
        services += [
            Service(f"{purpose}Access_RequestSeed", f"{title}: seed", "SECURITY", "session", (sid(0x27), seed), asking,
                    where=where),
            Service(f"{purpose}Access_SendKey", f"{title}: key", "SECURITY", "session", sending, (sid(0x67), key),
                    where=where),
        ]  # fmt: skip
    return services


def _echo(name: str, title: str, semantic: str, number: int, sub: int, *more: Param,
          where: Where = Where.BOTH) -> Service:  # fmt: skip
    """A service with a sub-function whose positive answer only repeats it."""
    return Service(name, title, semantic, "session", (sid(number), sub_function(sub), *more),
                   (sid(number + 0x40), sub_function(sub)), suppressible=True, where=where)  # fmt: skip


def _switches() -> list[Service]:
    kind = value("CommunicationType", "uint8", 8, default="1")
    application = Where.APPLICATION
    return [
        _echo("HardReset", "Reset the unit", "RESET", 0x11, 1),
        _echo("TesterPresent", "Tester present", "TESTERPRESENT", 0x3E, 0),
        _echo("Communication_Enable", "Normal messages on", "COMMUNICATION", 0x28, 0, kind, where=application),
        _echo("Communication_EnableRxDisableTx", "Do not send normal messages", "COMMUNICATION", 0x28, 1, kind,
              where=application),
        _echo("Communication_Disable", "Normal messages off", "COMMUNICATION", 0x28, 3, kind, where=application),
        _echo("DTCSetting_On", "Trouble codes are stored", "DTCSETTING", 0x85, 1, where=application),
        _echo("DTCSetting_Off", "Trouble codes are not stored", "DTCSETTING", 0x85, 2, where=application),
    ]  # fmt: skip


def _read(name: str, title: str, semantic: str, family: str, number: int, data: tuple[Param, ...], ident: str,
          where: Where = Where.BOTH) -> Service:  # fmt: skip
    return Service(f"{name}_Read", title, semantic, family, (sid(0x22), did(number)), (sid(0x62), did(number), *data),
                   ident, where=where)  # fmt: skip


def _idents() -> list[Service]:
    fingerprint = (
        value("Year", "bcd", 8),
        value("Month", "bcd", 8),
        value("Day", "bcd", 8),
        value("WorkshopCode", "workshop_code", 48),
    )
    written = (sid(0x2E), did(FINGERPRINT_DID), *fingerprint)
    return [
        *(_read(name, title, "IDENTIFICATION", "ident", number, (value(name, "text", None, title=title),), kind)
          for name, title, number, kind in IDENTS),
        _read("VariantNumber", "Number of the ECU variant", "IDENTIFICATION", "ident", VARIANT_DID,
              (value(VARIANT_PARAM, "uint16", 16),), "IGNORE"),
        _read("ActiveSession", "Active diagnostic session", "IDENTIFICATION", "ident", ACTIVE_SESSION_DID,
              (value("Session", "session", 8),), "IGNORE"),
        _read("Fingerprint", "Who programmed last", "IDENTIFICATION", "programming", FINGERPRINT_DID, fingerprint,
              "IGNORE"),
        Service("Fingerprint_Write", "Leave a fingerprint before programming", "STOREDDATA", "programming", written,
                (sid(0x6E), did(FINGERPRINT_DID))),
    ]  # fmt: skip


def _measurement(row: Measurement) -> Service:
    return _read(row.name, row.title, "CURRENTDATA", "measurement", row.did,
                 (value(row.name, row.name, row.bits, title=row.title),), "IGNORE", Where.APPLICATION)  # fmt: skip


def _faults() -> list[Service]:
    head = (value("DTC", "dtc", 24), value("StatusOfDTC", "uint8", 8))
    asked = value("DTC", "dtc", 24)
    record = value("RecordNumber", "uint8", 8, default="255")
    mask = value("StatusMask", "uint8", 8, default="255")
    group_of_all = value("GroupOfDTC", "group_of_dtc", 24, default=str(0xFFFFFF))
    return [
        Service("FaultMemory_ReadByStatus", "Read trouble codes", "FAULTREAD", "fault",
                (sid(0x19), sub_function(2), mask),
                (sid(0x59), sub_function(2), value("AvailabilityMask", "uint8", 8), value("DTCs", "dtc_list", None)),
                where=Where.APPLICATION),
        Service("FaultMemory_ReadSnapshot", "Read the freeze frames of a trouble code", "ENVDATA", "fault",
                (sid(0x19), sub_function(4), asked, record),
                (sid(0x59), sub_function(4), *head, value("Snapshots", "snapshot_list", None)),
                where=Where.APPLICATION),
        Service("FaultMemory_ReadExtendedData", "Read the counters of a trouble code", "ENVDATA", "fault",
                (sid(0x19), sub_function(6), asked, record),
                (sid(0x59), sub_function(6), *head, value("ExtendedData", "extended_data_list", None)),
                where=Where.APPLICATION),
        Service("FaultMemory_Clear", "Clear trouble codes", "FAULTCLEAR", "fault",
                (sid(0x14), group_of_all), (sid(0x54),), where=Where.APPLICATION),
    ]  # fmt: skip


def _coding(record: Record) -> list[Service]:
    data = value("Data", record.name, record.length * 8)
    number = did(record.did)
    write = Service(f"{record.name}_Write", f"Write coding: {record.title}", "VARIANTCODING", "coding",
                    (sid(0x2E), number, data), (sid(0x6E), number), where=Where.APPLICATION)  # fmt: skip
    title = f"Read coding: {record.title}"
    read = _read(record.name, title, "VARIANTCODING", "coding", record.did, (data,), "IGNORE", Where.APPLICATION)
    return [read, write]


def _routine(name: str, title: str, number: int, where: Where, *options: Param) -> Service:
    start = (sub_function(1), const("RID", "ID", number, 16))
    result = value("RoutineStatus", "routine_status", 8)
    return Service(f"{name}_Start", title, "ROUTINE", "programming", (sid(0x31), *start, *options),
                   (sid(0x71), *start, result), where=where)  # fmt: skip


def _routines() -> list[Service]:
    block = (const("LengthOfBlock", "DATA", 1), value("Block", "uint8", 8))
    checksum = (const("LengthOfChecksum", "DATA", 4, 16), value("Checksum", "uint32", 32))
    return [
        _routine("CheckProgrammingPreconditions", "May the unit be programmed now?", 0x0203, Where.BOTH),
        _routine("EraseMemory", "Erase a logical block", 0xFF00, Where.BOOT, *block),
        _routine("CheckMemory", "Compare the CRC-32 of a logical block", 0x0202, Where.BOOT, *block, *checksum),
        _routine("CheckProgrammingDependencies", "Do hardware and software fit?", 0xFF01, Where.BOOT),
    ]


def _transfer() -> list[Service]:
    boot = Where.BOOT
    download = (
        sid(0x34),
        value("DataFormat", "uint8", 8, default="0"),
        const("AddressAndLengthFormat", "DATA", 0x44),
        value("Address", "uint32", 32),
        value("Size", "uint32", 32),
    )
    accepted = (sid(0x74), const("LengthFormat", "DATA", 0x20), value("MaxNumberOfBlockLength", "uint16", 16))
    block = (sid(0x36), value("BlockSequenceCounter", "uint8", 8), value("Data", "bytes", None))
    counted = (sid(0x76), Param("BlockSequenceCounter", "DATA", 8, request_byte=1))
    return [
        Service("RequestDownload", "Announce a download", "DOWNLOAD", "programming", download, accepted, where=boot),
        Service("TransferData", "Send one block of data", "DOWNLOAD", "programming", block, counted, where=boot),
        Service("RequestTransferExit", "End the download", "DOWNLOAD", "programming", (sid(0x37),), (sid(0x77),),
                where=boot),
    ]  # fmt: skip
