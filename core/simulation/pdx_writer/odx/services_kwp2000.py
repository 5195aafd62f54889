"""The services that the garage's units of KWP2000 speak, derived from a unit's row (ISO 14230-3). Data only, no XML."""

from __future__ import annotations

from core.simulation.pdx_writer.odx.service import Param, Service, Where, const, sid, sub_function, value
from core.simulation.pdx_writer.odx.services import FINGERPRINT_DID, IDENTS, VARIANT_DID, VARIANT_PARAM
from core.simulation.pdx_writer.tables.model import Measurement, Record, Unit

SESSIONS = ((0x81, "Default"), (0x85, "Programming"), (0x92, "Extended"))
_SECURITY = ((0x01, "Coding"), (0x11, "Programming"))
_PRECONDITIONS, _ERASE, _CHECK, _DEPENDENCIES = 0xE0, 0xE1, 0xE2, 0xE3


def all_services(unit: Unit) -> list[Service]:
    """In the order of the file: access, idents, values, faults, coding, programming."""
    return [
        *_sessions(),
        *_access(),
        *_switches(),
        *_idents(unit),
        *(_measurement(unit, row) for row in unit.kind.measurements),
        *_faults(),
        *(service for record in unit.kind.records for service in _coding(unit, record)),
        *_routines(),
        *_transfer(),
    ]


def _local(number: int) -> Param:
    return const("LocalIdentifier", "ID", number & 0xFF)


def _sessions() -> list[Service]:
    return [
        Service(f"{name}Session_Start", f"Start the {name.lower()} session", "SESSION", "session",
                (sid(0x10), sub_function(number)), (sid(0x50), sub_function(number)))
        for number, name in SESSIONS
    ]  # fmt: skip


def _access() -> list[Service]:
    services = []
    for level, purpose in _SECURITY:
        where = Where.APPLICATION if purpose == "Coding" else Where.BOTH
        seed, key = sub_function(level), sub_function(level + 1)
        title = f"Security access for {purpose.lower()}"
        accepted = (sid(0x67), key, value("SecurityAccessStatus", "uint8", 8))
        services += [
            Service(f"{purpose}Access_RequestSeed", f"{title}: seed", "SECURITY", "session", (sid(0x27), seed),
                    (sid(0x67), seed, value("Seed", "bytes", None, "SEED")), where=where),
            Service(f"{purpose}Access_SendKey", f"{title}: key", "SECURITY", "session",
                    (sid(0x27), key, value("Key", "bytes", None, "ACCESSKEY")), accepted, where=where),
        ]  # fmt: skip
    return services


def _plain(name: str, title: str, semantic: str, number: int, *more: Param, where: Where = Where.BOTH) -> Service:
    """A service whose positive answer is its SID alone."""
    return Service(name, title, semantic, "session", (sid(number), *more), (sid(number + 0x40),), where=where)


def _switches() -> list[Service]:
    answer = value("ResponseRequired", "uint8", 8, default="1")
    group = const("GroupOfDTC", "DATA", 0xFF00, 16)
    application = Where.APPLICATION
    return [
        _plain("PowerOnReset", "Reset the unit", "RESET", 0x11, sub_function(1)),
        _plain("StopDiagnosticSession", "Back to the default session", "SESSION", 0x20),
        _plain("TesterPresent", "Tester present", "TESTERPRESENT", 0x3E, answer),
        _plain("NormalMessages_Disable", "Normal messages off", "COMMUNICATION", 0x28, answer, where=application),
        _plain("NormalMessages_Enable", "Normal messages on", "COMMUNICATION", 0x29, answer, where=application),
        _plain("DTCSetting_On", "Trouble codes are stored", "DTCSETTING", 0x85, answer, group,
               const("DTCSettingMode", "DATA", 1), where=application),
        _plain("DTCSetting_Off", "Trouble codes are not stored", "DTCSETTING", 0x85, answer, group,
               const("DTCSettingMode", "DATA", 2), where=application),
    ]  # fmt: skip


def _read(name: str, title: str, semantic: str, family: str, number: int, data: tuple[Param, ...], ident: str,
          where: Where = Where.BOTH) -> Service:  # fmt: skip
    """`number` is the service and its identifier: 0x1A90, 0x2105."""
    service = number >> 8
    return Service(f"{name}_Read", title, semantic, family, (sid(service), _local(number)),
                   (sid(service + 0x40), _local(number), *data), ident, where=where)  # fmt: skip


def _idents(unit: Unit) -> list[Service]:
    fingerprint = (
        value("Year", "bcd", 8),
        value("Month", "bcd", 8),
        value("Day", "bcd", 8),
        value("WorkshopCode", "workshop_code", 48),
    )
    mark = unit.identifier(FINGERPRINT_DID)
    return [
        *(_read(name, title, "IDENTIFICATION", "ident", unit.identifier(number),
                (value(name, "text", None, title=title),), kind)
          for name, title, number, kind in IDENTS),
        _read("VariantNumber", "Number of the ECU variant", "IDENTIFICATION", "ident", unit.identifier(VARIANT_DID),
              (value(VARIANT_PARAM, "uint16", 16),), "IGNORE"),
        _read("Fingerprint", "Who programmed last", "IDENTIFICATION", "programming", mark, fingerprint, "IGNORE"),
        Service("Fingerprint_Write", "Leave a fingerprint before programming", "STOREDDATA", "programming",
                (sid(0x3B), _local(mark), *fingerprint), (sid(0x7B), _local(mark))),
    ]  # fmt: skip


def _measurement(unit: Unit, row: Measurement) -> Service:
    return _read(row.name, row.title, "CURRENTDATA", "measurement", unit.identifier(row.did),
                 (value(row.name, row.name, row.bits, title=row.title),), "IGNORE", Where.APPLICATION)  # fmt: skip


def _faults() -> list[Service]:
    code, status = value("DTC", "dtc", 16), value("StatusOfDTC", "uint8", 8)
    group = value("GroupOfDTC", "uint16", 16, default=str(0xFF00))
    return [
        Service("FaultMemory_ReadByStatus", "Read trouble codes", "FAULTREAD", "fault",
                (sid(0x18), const("StatusOfDTCRequest", "DATA", 0), group),
                (sid(0x58), value("NumberOfDTC", "uint8", 8), value("DTCs", "dtc_list", None)),
                where=Where.APPLICATION),
        Service("FaultMemory_ReadStatus", "Read what was kept with a trouble code", "ENVDATA", "fault",
                (sid(0x17), code),
                (sid(0x57), value("NumberOfDTC", "uint8", 8), code, status, value("FreezeFrame", "freeze_frame", None)),
                where=Where.APPLICATION),
        Service("FaultMemory_Clear", "Clear trouble codes", "FAULTCLEAR", "fault",
                (sid(0x14), group), (sid(0x54), Param("GroupOfDTC", "DATA", 16, request_byte=1)),
                where=Where.APPLICATION),
    ]  # fmt: skip


def _coding(unit: Unit, record: Record) -> list[Service]:
    data = value("Data", record.name, record.length * 8)
    number = unit.identifier(record.did)
    title = f"Read coding: {record.title}"
    return [
        _read(record.name, title, "VARIANTCODING", "coding", number, (data,), "IGNORE", Where.APPLICATION),
        Service(f"{record.name}_Write", f"Write coding: {record.title}", "VARIANTCODING", "coding",
                (sid(0x3B), _local(number), data), (sid(0x7B), _local(number)), where=Where.APPLICATION),
    ]  # fmt: skip


def _routine(name: str, title: str, number: int, where: Where, *options: Param, results: bool = False) -> list[Service]:
    """Started by 31; `results`: its status comes by 33, else with the start's answer."""
    status = value("RoutineStatus", "routine_status", 8)
    begun = (sid(0x71), _local(number)) if results else (sid(0x71), _local(number), status)
    services = [Service(f"{name}_Start", title, "ROUTINE", "programming", (sid(0x31), _local(number), *options), begun,
                        where=where)]  # fmt: skip
    if results:
        services.append(
            Service(f"{name}_Results", f"{title}: result", "ROUTINE", "programming", (sid(0x33), _local(number)),
                    (sid(0x73), _local(number), status), where=where)
        )  # fmt: skip
    return services


def _routines() -> list[Service]:
    block = (const("LengthOfBlock", "DATA", 1), value("Block", "uint8", 8))
    checksum = (const("LengthOfChecksum", "DATA", 4, 16), value("Checksum", "uint32", 32))
    boot = Where.BOOT
    return [
        *_routine("CheckProgrammingPreconditions", "May the unit be programmed now?", _PRECONDITIONS, Where.BOTH),
        *_routine("EraseMemory", "Erase a logical block", _ERASE, boot, *block, results=True),
        *_routine("CheckMemory", "Compare the CRC-32 of a logical block", _CHECK, boot, *block, *checksum),
        *_routine("CheckProgrammingDependencies", "Do hardware and software fit?", _DEPENDENCIES, boot),
    ]


def _transfer() -> list[Service]:
    download = (
        sid(0x34),
        value("Address", "uint24", 24),
        value("DataFormat", "uint8", 8, default="0"),
        value("Size", "uint24", 24),
    )
    accepted = (sid(0x74), value("MaxNumberOfBlockLength", "uint16", 16))
    block = (sid(0x36), value("Data", "bytes", None))
    boot = Where.BOOT
    return [
        Service("RequestDownload", "Announce a download", "DOWNLOAD", "programming", download, accepted, where=boot),
        Service("TransferData", "Send one block of data", "DOWNLOAD", "programming", block, (sid(0x76),), where=boot),
        Service("RequestTransferExit", "End the download", "DOWNLOAD", "programming", (sid(0x37),), (sid(0x77),),
                where=boot),
    ]  # fmt: skip
