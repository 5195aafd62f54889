"""ODX-F of a unit: sessions with expected and own idents, data blocks, checksums and where the bytes are (7.4)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from core.simulation.pdx_writer import images
from core.simulation.pdx_writer.odx.layers import base_variant_id, container_of
from core.simulation.pdx_writer.odx.xml import Element, by_name, element, named, reference, special_data
from core.simulation.pdx_writer.tables.model import Block, Unit

HARDWARE_IDENT, SOFTWARE_IDENT = "HardwareNumber", "SoftwareVersion"
_SUFFIX = {"INTEL-HEX": "hex", "MOTOROLA-S": "s19"}


def flash_name(unit: Unit) -> str:
    return f"{unit.name}_FLASH"


def session_name(unit: Unit, software: str) -> str:
    return f"{unit.name}_{software.replace('.', '_')}"


def flash_document(unit: Unit) -> tuple[Element, dict[str, str]]:
    """The FLASH category and the texts of its external image files by name."""
    files: dict[str, str] = {}
    sessions, blocks, datas = [], [], []
    for order, software in enumerate(unit.flashware, start=1):
        contents = {block.name: images.image(unit, software, block) for block in unit.blocks}
        sessions.append(_session(unit, software, order, contents))
        for index, block in enumerate(unit.blocks):
            blocks.append(_data_block(unit, software, index, block))
            datas.append(_flash_data(unit, software, block, contents[block.name], files))
    memory = element(
        "MEM", element("SESSIONS", *sessions), element("DATABLOCKS", *blocks), element("FLASHDATAS", *datas)
    )
    ecu_mem = named("ECU-MEM", f"{unit.name}_MEM", f"Flash memory of {unit.kind.title}", memory, _physical_memory(unit),
                    id=f"{unit.name}.MEM")  # fmt: skip
    flash = named("FLASH", flash_name(unit), f"Flashware for {unit.kind.title}", element("ECU-MEMS", ecu_mem),
                  element("ECU-MEM-CONNECTORS", _connector(unit)), id=f"{unit.name}.FLASH")  # fmt: skip
    return flash, files


def expected_software(unit: Unit) -> tuple[str, ...]:
    """All versions of the unit, and what its boot loader says when an interrupted flash left no application."""
    return (*unit.versions, unit.boot_software)


def _ident_value(tag: str, text: str) -> Element:
    return element(tag, text, type="A_ASCIISTRING")


def _expected(unit: Unit, session: str, ident: str, values: tuple[str, ...]) -> Element:
    listed = element("IDENT-VALUES", *(_ident_value("IDENT-VALUE", text) for text in values))
    return named("EXPECTED-IDENT", ident, "", listed, id=f"{unit.name}.{session}.EI.{ident}")


def _session(unit: Unit, software: str, order: int, contents: Mapping[str, bytes]) -> Element:
    name = session_name(unit, software)
    expected = (
        _expected(unit, name, HARDWARE_IDENT, unit.hardware),
        _expected(unit, name, SOFTWARE_IDENT, expected_software(unit)),
    )
    checksums = [_checksum(unit, name, block, contents[block.name]) for block in unit.blocks]
    refs = [reference("DATABLOCK-REF", f"{unit.name}.{name}.DB.{block.name}") for block in unit.blocks]
    return named(
        "SESSION",
        name,
        f"{unit.kind.title} {software}",
        element("EXPECTED-IDENTS", *expected),
        element("CHECKSUMS", *checksums),
        element("DATABLOCK-REFS", *refs),
        special_data([("ORDER", str(order)), ("OWN-SOFTWARE", software), *unit.policy.items()]),
        id=f"{unit.name}.{name}",
    )


def _checksum(unit: Unit, session: str, block: Block, data: bytes) -> Element:
    return named(
        "CHECKSUM",
        f"CRC_{block.name}",
        f"CRC-32 of {block.title.lower()}",
        element("FILLBYTE", "FF"),
        element("SOURCE-START-ADDRESS", f"{block.start:08X}"),
        element("CHECKSUM-ALG", "CRC32"),
        element("SOURCE-END-ADDRESS", f"{block.start + block.size - 1:08X}"),
        element("CHECKSUM-RESULT", f"{zlib.crc32(data):08X}", type="A_BYTEFIELD"),
        id=f"{unit.name}.{session}.CS.{block.name}",
    )


def _data_block(unit: Unit, software: str, index: int, block: Block) -> Element:
    session = session_name(unit, software)
    key = f"{unit.name}.{session}"
    segment = named(
        "SEGMENT",
        f"SEG_{session}_{block.name}",
        "",
        element("SOURCE-START-ADDRESS", f"{block.start:08X}"),
        element("SOURCE-END-ADDRESS", f"{block.start + block.size - 1:08X}"),
        id=f"{key}.SEG.{block.name}",
    )
    own = named("OWN-IDENT", SOFTWARE_IDENT, "", _ident_value("IDENT-VALUE", software), id=f"{key}.OI.{block.name}")
    return named(
        "DATABLOCK",
        f"{session}_{block.name}",
        block.title,
        element("LOGICAL-BLOCK-INDEX", f"{index + 1:02X}"),
        reference("FLASHDATA-REF", f"{key}.FD.{block.name}"),
        element("SEGMENTS", segment),
        element("OWN-IDENTS", own),
        id=f"{key}.DB.{block.name}",
        type="DATA" if index else "CODE",
    )


def _flash_data(unit: Unit, software: str, block: Block, data: bytes, files: dict[str, str]) -> Element:
    """FLASHDATA; an external file's text is put into `files`."""
    name = f"{session_name(unit, software)}_{block.name}"
    if unit.data_format == "BINARY":
        content, kind = element("DATA", "\n" + images.plain_hex(data) + "\n"), "INTERN-FLASHDATA"
    else:
        path = f"{name}.{_SUFFIX[unit.data_format]}"
        hexed = unit.data_format == "INTEL-HEX"
        files[path] = images.intel_hex(block.start, data) if hexed else images.s_record(block.start, data, name)
        content, kind = element("DATAFILE", path, latebound_datafile="false"), "EXTERN-FLASHDATA"
    return named(
        "FLASHDATA",
        f"FD_{name}",
        "",
        element("SIZE-LENGTH", "4"),
        element("ADDRESS-LENGTH", "4"),
        element("DATAFORMAT", selection=unit.data_format),
        content,
        id=f"{unit.name}.{session_name(unit, software)}.FD.{block.name}",
        xsi_type=kind,
    )


def _physical_memory(unit: Unit) -> Element:
    segments = [
        named(
            "PHYS-SEGMENT",
            f"MEM_{block.name}",
            block.title,
            element("FILLBYTE", "FF"),
            element("START-ADDRESS", f"{block.start:08X}"),
            element("END-ADDRESS", f"{block.start + block.size - 1:08X}"),
            id=f"{unit.name}.PM.{block.name}",
            xsi_type="ADDRDEF-PHYS-SEGMENT",
        )
        for block in unit.blocks
    ]
    return named("PHYS-MEM", f"{unit.name}_FLASH_MEMORY", "", element("PHYS-SEGMENTS", *segments), id=f"{unit.name}.PM")


def _session_desc(unit: Unit, software: str, priority: int) -> Element:
    session = session_name(unit, software)
    own = named("OWN-IDENT", SOFTWARE_IDENT, "", _ident_value("IDENT-VALUE", software), id=f"{unit.name}.SD.{session}")
    return named(
        "SESSION-DESC",
        f"SD_{session}",
        f"Program {unit.kind.title} {software}",
        element("PARTNUMBER", unit.part),
        element("PRIORITY", str(priority)),
        by_name("SESSION-SNREF", session),
        own,
        direction="DOWNLOAD",
    )


def _connector(unit: Unit) -> Element:
    """ECU-MEM-CONNECTOR: which layer the memory belongs to, and which services read the idents."""
    idents = [
        element(
            "IDENT-DESC",
            by_name("DIAG-COMM-SNREF", f"{ident}_Read"),
            by_name("IDENT-IF-SNREF", ident),
            by_name("OUT-PARAM-IF-SNREF", ident),
        )
        for ident in (HARDWARE_IDENT, SOFTWARE_IDENT)
    ]
    descriptions = [_session_desc(unit, software, rank) for rank, software in enumerate(reversed(unit.flashware))]
    return named(
        "ECU-MEM-CONNECTOR",
        f"{unit.name}_CONNECTOR",
        "",
        element("SESSION-DESCS", *descriptions),
        element("IDENT-DESCS", *idents),
        reference("ECU-MEM-REF", f"{unit.name}.MEM"),
        element("ALL-VARIANT-REFS", reference("ALL-VARIANT-REF", base_variant_id(unit), container_of(unit))),
        id=f"{unit.name}.CONNECTOR",
    )
