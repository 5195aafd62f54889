"""A small vehicle as ODX text: one unit with variants, coding, flashware of every format, and our special data."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path

from tests.catalogue.exotic import HEAD, const, dop, standard, text_row, value, write_pdx
from tests.catalogue.exotic import compu as compu_method

IMAGE = bytes(range(64))


def hex_text() -> str:
    """64 bytes at 0x1000 as Intel HEX."""
    lines = []
    for start in range(0, 64, 16):
        body = bytes([16, (0x1000 + start) >> 8, (0x1000 + start) & 0xFF, 0]) + IMAGE[start : start + 16]
        lines.append(":" + (body + bytes([-sum(body) & 0xFF])).hex().upper())
    return "\n".join([*lines, ":00000001FF"])


def special(**values: str | list[str]) -> str:
    entries = "".join(
        f'<SD SI="{name.replace("_", "-")}">{text}</SD>'
        for name, texts in values.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    )
    return f'<SDGS><SDG SI="PASSBAY">{entries}</SDG></SDGS>'


def _named(tag: str, name: str, inner: str, more: str = "") -> str:
    return f'<{tag} ID="{tag}.{name}"{more}><SHORT-NAME>{name}</SHORT-NAME>{inner}</{tag}>'


def _read(name: str, did: int, dop_id: str, sdgs: str = "") -> tuple[str, str, str]:
    service = (
        f'<DIAG-SERVICE ID="S.{name}"><SHORT-NAME>{name}</SHORT-NAME>{sdgs}<REQUEST-REF ID-REF="RQ.{name}"/>'
        f'<POS-RESPONSE-REFS><POS-RESPONSE-REF ID-REF="PR.{name}"/></POS-RESPONSE-REFS></DIAG-SERVICE>'
    )
    request = (
        f'<REQUEST ID="RQ.{name}"><SHORT-NAME>RQ_{name}</SHORT-NAME><PARAMS>'
        f"{const('SID', 0x22)}{const('DID', did, 16)}</PARAMS></REQUEST>"
    )
    response = (
        f'<POS-RESPONSE ID="PR.{name}"><SHORT-NAME>PR_{name}</SHORT-NAME><PARAMS>'
        f"{const('SID', 0x62)}{const('DID', did, 16)}{value('Value', dop_id)}</PARAMS></POS-RESPONSE>"
    )
    return service, request, response


def _layers() -> str:
    switch = compu_method("TEXTTABLE", text_row("off", 0) + text_row("on", 1))
    dops = (
        dop("Text", standard("A_ASCIISTRING", 64), "A_UNICODE2STRING")
        + dop("Number", standard("A_UINT32", 16), "A_UINT32")
        + dop("Two", standard("A_UINT32", 2), "A_UNICODE2STRING", switch)
    )
    reads = [
        _read("Vin", 0xF190, "DOP.Text"),
        _read("Hardware", 0xF191, "DOP.Text"),
        _read("Software", 0xF189, "DOP.Text"),
        _read("Variant", 0xF100, "DOP.Number", special(IDENT_KIND="IGNORE")),
        _read("Own", 0x1234, "DOP.Text", special(IDENT_KIND="serial")),
        _read("CodingRead", 0x0100, "DOP.Number", special(IDENT_KIND="IGNORE")),
    ]
    services, requests, responses = ("".join(column) for column in zip(*reads, strict=True))
    base = (
        f"<DIAG-DATA-DICTIONARY-SPEC><DATA-OBJECT-PROPS>{dops}</DATA-OBJECT-PROPS></DIAG-DATA-DICTIONARY-SPEC>"
        f"<DIAG-COMMS>{services}</DIAG-COMMS><REQUESTS>{requests}</REQUESTS>"
        f"<POS-RESPONSES>{responses}</POS-RESPONSES>"
    )
    variants = "".join(
        f'<ECU-VARIANT ID="EV.{name}"><SHORT-NAME>{name}</SHORT-NAME>{sdgs}<ECU-VARIANT-PATTERNS><ECU-VARIANT-PATTERN>'
        f"<MATCHING-PARAMETERS><MATCHING-PARAMETER><EXPECTED-VALUE>{number}</EXPECTED-VALUE>"
        '<DIAG-COMM-SNREF SHORT-NAME="Variant"/><OUT-PARAM-IF-SNREF SHORT-NAME="Value"/></MATCHING-PARAMETER>'
        "</MATCHING-PARAMETERS></ECU-VARIANT-PATTERN></ECU-VARIANT-PATTERNS><PARENT-REFS>"
        '<PARENT-REF ID-REF="BASE-VARIANT.UNIT" xsi:type="BASE-VARIANT-REF"/></PARENT-REFS></ECU-VARIANT>'
        for name, number, sdgs in (("NEWER", 2, ""), ("LOADER", 9, special(VARIANT_KIND="BOOT")), ("OLDER", 1, ""))
    )
    unit = _named("BASE-VARIANT", "UNIT", "<LONG-NAME>The [unit] \x85</LONG-NAME>" + base)
    return (
        '<DIAG-LAYER-CONTAINER ID="DLC"><SHORT-NAME>DLC</SHORT-NAME>'
        f"<BASE-VARIANTS>{unit}</BASE-VARIANTS><ECU-VARIANTS>{variants}</ECU-VARIANTS></DIAG-LAYER-CONTAINER>"
    )


def _flashdata(name: str, kind: str, inner: str, extern: bool) -> str:
    how = "EXTERN-FLASHDATA" if extern else "INTERN-FLASHDATA"
    return (
        f'<FLASHDATA ID="FD.{name}" xsi:type="{how}"><SHORT-NAME>{name}</SHORT-NAME>'
        f'<DATAFORMAT SELECTION="{kind}"/>{inner}</FLASHDATA>'
    )


def _segment(number: int, start: int, end: int) -> str:
    return (
        f'<SEGMENT ID="SG.{number}.{start}"><SHORT-NAME>S{start}</SHORT-NAME><SOURCE-START-ADDRESS>{start:X}'
        f"</SOURCE-START-ADDRESS><SOURCE-END-ADDRESS>{end:X}</SOURCE-END-ADDRESS></SEGMENT>"
    )


def _block(number: int, data: str, segments: str = "", more: str = "") -> str:
    return (
        f'<DATABLOCK ID="DB.{number}" TYPE="CODE"><SHORT-NAME>B{number}</SHORT-NAME>'
        f'<LOGICAL-BLOCK-INDEX>{number:02X}</LOGICAL-BLOCK-INDEX><FLASHDATA-REF ID-REF="FD.{data}"/>'
        f"<SEGMENTS>{segments}</SEGMENTS>{more}</DATABLOCK>"
    )


def _session(name: str, blocks: list[int], sdgs: str = "", checksum: int | None = None, expected: str = "") -> str:
    check = ""
    if checksum is not None:
        check = (
            f'<CHECKSUMS><CHECKSUM ID="CS.{name}"><SHORT-NAME>C</SHORT-NAME><CHECKSUM-ALG>CRC32</CHECKSUM-ALG>'
            "<SOURCE-START-ADDRESS>1000</SOURCE-START-ADDRESS><SOURCE-END-ADDRESS>103F</SOURCE-END-ADDRESS>"
            f'<CHECKSUM-RESULT TYPE="A_UINT32">{checksum}</CHECKSUM-RESULT></CHECKSUM></CHECKSUMS>'
        )
    references = "".join(f'<DATABLOCK-REF ID-REF="DB.{number}"/>' for number in blocks)
    return (
        f'<SESSION ID="SE.{name}"><SHORT-NAME>{name}</SHORT-NAME>{expected}{check}'
        f"<DATABLOCK-REFS>{references}</DATABLOCK-REFS>{sdgs}</SESSION>"
    )


_EXPECTED = (
    '<EXPECTED-IDENTS><EXPECTED-IDENT ID="EI.H"><SHORT-NAME>HardwareIdent</SHORT-NAME><IDENT-VALUES>'
    '<IDENT-VALUE TYPE="A_ASCIISTRING">HW1</IDENT-VALUE><IDENT-VALUE TYPE="A_ASCIISTRING">HW2</IDENT-VALUE>'
    "</IDENT-VALUES></EXPECTED-IDENT></EXPECTED-IDENTS>"
)
_OWN = (
    '<OWN-IDENTS><OWN-IDENT ID="OI.S"><SHORT-NAME>SoftwareIdent</SHORT-NAME>'
    '<IDENT-VALUE TYPE="A_ASCIISTRING">0002</IDENT-VALUE></OWN-IDENT></OWN-IDENTS>'
)
_OFFSET = '<TARGET-ADDR-OFFSET xsi:type="{0}-OFFSET"><{1}-OFFSET>100</{1}-OFFSET></TARGET-ADDR-OFFSET>'


def _flash() -> str:
    def _desc(ident: str, service: str) -> str:
        return (
            f'<IDENT-DESC><DIAG-COMM-SNREF SHORT-NAME="{service}"/><IDENT-IF-SNREF SHORT-NAME="{ident}"/>'
            '<OUT-PARAM-IF-SNREF SHORT-NAME="Value"/></IDENT-DESC>'
        )

    sessions = (
        _session("HexNew", [1], special(ORDER="20", MAX_BLOCK="258", CHECKSUM_ROUTINE="NONE", RESEND_ON_TIMEOUT="FALSE",
                                        VOLTAGE_MINIMUM="12.5"), zlib.crc32(IMAGE), _EXPECTED)
        + _session("HexOld", [2], special(ORDER="10", OWN_SOFTWARE="0001", HARDWARE=["A", "B"]))
        + _session("Raw", [3, 4], special(ORDER="0x5"))
        + _session("WrongChecksum", [1], checksum=12345)
        + _session("NoFile", [5])
    )  # fmt: skip
    blocks = (
        _block(1, "Hex", more=_OWN)
        + _block(2, "Hex", _segment(2, 0x1000, 0x1007) + _segment(2, 0x1020, 0x102F), _OFFSET.format("POS", "POSITIVE"))
        + _block(3, "Extern", _segment(3, 0x8000, 0x803F), special(DATA_FORMAT="0x11"))
        + _block(4, "Digits")
        + _block(5, "Missing")
    )
    datas = (
        _flashdata("Hex", "INTEL-HEX", f"<DATA>{hex_text()}</DATA>", False)
        + _flashdata("Digits", "BINARY", "<DATA>00 FF\n10 20</DATA>", False)
        + _flashdata("Extern", "BINARY", '<DATAFILE LATEBOUND-DATAFILE="false">image.bin</DATAFILE>', True)
        + _flashdata("Missing", "BINARY", '<DATAFILE LATEBOUND-DATAFILE="false">none.bin</DATAFILE>', True)
    )
    memory = f"<SESSIONS>{sessions}</SESSIONS><DATABLOCKS>{blocks}</DATABLOCKS><FLASHDATAS>{datas}</FLASHDATAS>"
    connector = (
        f"<IDENT-DESCS>{_desc('HardwareIdent', 'Hardware')}{_desc('SoftwareIdent', 'Software')}</IDENT-DESCS>"
        '<ECU-MEM-REF ID-REF="ECU-MEM.Memory"/><LAYER-REFS><LAYER-REF ID-REF="BASE-VARIANT.UNIT" DOCREF="DLC" '
        'DOCTYPE="CONTAINER"/></LAYER-REFS>'
    )
    mem = _named("ECU-MEM", "Memory", f"<MEM>{memory}</MEM>" + special(SECURITY_LEVEL="0x21"))
    return (
        f'<FLASH ID="FL"><SHORT-NAME>FL</SHORT-NAME><ECU-MEMS>{mem}</ECU-MEMS>'
        f"<ECU-MEM-CONNECTORS>{_named('ECU-MEM-CONNECTOR', 'Connector', connector)}</ECU-MEM-CONNECTORS></FLASH>"
    )


def _config() -> str:
    item = (
        "<OPTION-ITEM><SHORT-NAME>{0}</SHORT-NAME><BYTE-POSITION>{1}</BYTE-POSITION><BIT-POSITION>{2}</BIT-POSITION>"
        '<DATA-OBJECT-PROP-REF ID-REF="DOP.{3}" DOCREF="UNIT" DOCTYPE="LAYER"/>{4}</OPTION-ITEM>'
    )
    values = "<ITEM-VALUES>" + "".join(
        f"<ITEM-VALUE><PHYS-CONSTANT-VALUE>{number}</PHYS-CONSTANT-VALUE><MEANING>{text}</MEANING></ITEM-VALUE>"
        for number, text in ((0, "none"), (500, "half"))
    ) + "</ITEM-VALUES>"  # fmt: skip
    connector = (
        "<DIAG-COMM-DATA-CONNECTORS><DIAG-COMM-DATA-CONNECTOR><UNCOMPRESSED-SIZE>3</UNCOMPRESSED-SIZE>"
        "<SOURCE-START-ADDRESS>0</SOURCE-START-ADDRESS><READ-DIAG-COMM-CONNECTOR>"
        '<READ-DIAG-COMM-SNREF SHORT-NAME="CodingRead"/><READ-DATA-SNREF SHORT-NAME="Value"/>'
        "</READ-DIAG-COMM-CONNECTOR></DIAG-COMM-DATA-CONNECTOR></DIAG-COMM-DATA-CONNECTORS>"
    )
    records = (
        '<DATA-RECORDS><DATA-RECORD DATAFORMAT="BINARY"><SHORT-NAME>Factory</SHORT-NAME><DATA>04 01 F4</DATA>'
        "</DATA-RECORD></DATA-RECORDS>"
    )
    items = item.format("Light", 0, 2, "Two", "") + item.format("Level", 1, 0, "Number", values)
    outside = item.format("Outside", 3, 0, "Two", "")
    record = "<CONFIG-RECORD><SHORT-NAME>{0}</SHORT-NAME>" + connector + records + "<OPTION-ITEMS>{1}</OPTION-ITEMS>{2}"
    return (
        '<ECU-CONFIG ID="EC"><SHORT-NAME>EC</SHORT-NAME><CONFIG-DATAS><CONFIG-DATA><SHORT-NAME>Data</SHORT-NAME>'
        '<VALID-BASE-VARIANTS><VALID-BASE-VARIANT><BASE-VARIANT-SNREF SHORT-NAME="UNIT"/></VALID-BASE-VARIANT>'
        "</VALID-BASE-VARIANTS><CONFIG-RECORDS>"
        + record.format("Good", items, special(SESSION="0x40", SECURITY_LEVEL="NONE"))
        + "</CONFIG-RECORD>"
        + record.format("Bad", outside, "")
        + "</CONFIG-RECORD></CONFIG-RECORDS></CONFIG-DATA></CONFIG-DATAS></ECU-CONFIG>"
    )


def _vehicles() -> str:
    sdgs = special(PRODUCT_GROUP="vans", EURO_CLASS="EURO 5").replace("</SDGS>", "") + special(
        VEHICLE="SECOND", VIN_PREFIX=["XYZ12", "XYZ34"], EURO_CLASS="EURO VI"
    ).replace("<SDGS>", "")
    vehicle = (
        "<VEHICLE-INFORMATION><SHORT-NAME>{0}</SHORT-NAME><INFO-COMPONENT-REFS/><LOGICAL-LINKS>"
        '<LOGICAL-LINK ID="LL.{0}" xsi:type="MEMBER-LOGICAL-LINK"><SHORT-NAME>L</SHORT-NAME>'
        '<PHYSICAL-VEHICLE-LINK-REF ID-REF="PVL.{0}"/><BASE-VARIANT-REF ID-REF="BASE-VARIANT.UNIT" DOCREF="DLC" '
        'DOCTYPE="CONTAINER"/></LOGICAL-LINK></LOGICAL-LINKS><PHYSICAL-VEHICLE-LINKS><PHYSICAL-VEHICLE-LINK '
        'ID="PVL.{0}" TYPE="ISO_11898"><SHORT-NAME>P</SHORT-NAME></PHYSICAL-VEHICLE-LINK></PHYSICAL-VEHICLE-LINKS>'
        "</VEHICLE-INFORMATION>"
    )
    return (
        f'<VEHICLE-INFO-SPEC ID="VI"><SHORT-NAME>VI</SHORT-NAME>{sdgs}<INFO-COMPONENTS/><VEHICLE-INFORMATIONS>'
        f"{vehicle.format('FIRST')}{vehicle.format('SECOND')}</VEHICLE-INFORMATIONS></VEHICLE-INFO-SPEC>"
    )


def write_vehicle(path: Path, more: Mapping[str, str | bytes] | None = None) -> Path:
    parts = {"unit.odx-d": _layers(), "flash.odx-f": _flash(), "coding.odx-e": _config(), "vehicle.odx-v": _vehicles()}
    texts: dict[str, str | bytes] = {name: f"{HEAD}{text}</ODX>" for name, text in parts.items()}
    return write_pdx(path, {**texts, "image.bin": IMAGE, **(more or {})})
