"""A PDX text of our own with every kind of coded type, compu method, field and parameter, and how to zip ODX texts."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

INDEX = (
    '<?xml version="1.0" encoding="UTF-8"?><CATALOG F-DTD-VERSION="ODX-2.2.0">'
    "<SHORT-NAME>{name}</SHORT-NAME><ABLOCKS/></CATALOG>"
)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<ODX MODEL-VERSION="2.2.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)


def write_pdx(path: Path, entries: Mapping[str, str | bytes], *, index: bool = True) -> Path:
    """A zip of these entries, with an index.xml unless it is not wanted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        if index and "index.xml" not in entries:
            archive.writestr("index.xml", INDEX.format(name=path.stem))
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def standard(base: str, bits: int, *, mask: str = "", more: str = "") -> str:
    inner = f"<BIT-LENGTH>{bits}</BIT-LENGTH>" + (f"<BIT-MASK>{mask}</BIT-MASK>" if mask else "")
    return f'<DIAG-CODED-TYPE BASE-DATA-TYPE="{base}" {more} xsi:type="STANDARD-LENGTH-TYPE">{inner}</DIAG-CODED-TYPE>'


def leading(base: str, bits: int, more: str = "") -> str:
    return (
        f'<DIAG-CODED-TYPE BASE-DATA-TYPE="{base}" {more} xsi:type="LEADING-LENGTH-INFO-TYPE">'
        f"<BIT-LENGTH>{bits}</BIT-LENGTH></DIAG-CODED-TYPE>"
    )


def minmax(base: str, low: int, high: int | None, end: str, more: str = "") -> str:
    most = f"<MAX-LENGTH>{high}</MAX-LENGTH>" if high is not None else ""
    return (
        f'<DIAG-CODED-TYPE BASE-DATA-TYPE="{base}" {more} TERMINATION="{end}" xsi:type="MIN-MAX-LENGTH-TYPE">'
        f"{most}<MIN-LENGTH>{low}</MIN-LENGTH></DIAG-CODED-TYPE>"
    )


def by_key(base: str, key: str) -> str:
    return (
        f'<DIAG-CODED-TYPE BASE-DATA-TYPE="{base}" xsi:type="PARAM-LENGTH-INFO-TYPE">'
        f'<LENGTH-KEY-REF ID-REF="{key}"/></DIAG-CODED-TYPE>'
    )


IDENTICAL = "<COMPU-METHOD><CATEGORY>IDENTICAL</CATEGORY></COMPU-METHOD>"


def scale(inner: str, low: object = None, high: object = None, low_type: str = "") -> str:
    limits = "" if low is None else f"<LOWER-LIMIT {low_type}>{low}</LOWER-LIMIT>"
    limits += "" if high is None else f"<UPPER-LIMIT>{high}</UPPER-LIMIT>"
    return f"<COMPU-SCALE>{limits}{inner}</COMPU-SCALE>"


def coefficients(upper: list[float], lower: list[float]) -> str:
    top = "".join(f"<V>{value}</V>" for value in upper)
    bottom = "".join(f"<V>{value}</V>" for value in lower)
    return (
        f"<COMPU-RATIONAL-COEFFS><COMPU-NUMERATOR>{top}</COMPU-NUMERATOR>"
        f"<COMPU-DENOMINATOR>{bottom}</COMPU-DENOMINATOR></COMPU-RATIONAL-COEFFS>"
    )


def compu(category: str, scales: str, *, back: str = "", default: str = "") -> str:
    there = f"<COMPU-INTERNAL-TO-PHYS><COMPU-SCALES>{scales}</COMPU-SCALES>{default}</COMPU-INTERNAL-TO-PHYS>"
    return f"<COMPU-METHOD><CATEGORY>{category}</CATEGORY>{there}{back}</COMPU-METHOD>"


def text_row(text: str, low: int, high: int | None = None, inverse: int | None = None) -> str:
    value = f"<COMPU-INVERSE-VALUE><V>{inverse}</V></COMPU-INVERSE-VALUE>" if inverse is not None else ""
    return scale(f"{value}<COMPU-CONST><VT>{text}</VT></COMPU-CONST>", low, high)


def dop(name: str, coded: str, physical: str, method: str = IDENTICAL) -> str:
    return (
        f'<DATA-OBJECT-PROP ID="DOP.{name}"><SHORT-NAME>{name}</SHORT-NAME>{method}{coded}'
        f'<PHYSICAL-TYPE BASE-DATA-TYPE="{physical}"/></DATA-OBJECT-PROP>'
    )


def value(name: str, dop_id: str, *, byte: int | None = None, bit: int | None = None, default: str = "") -> str:
    given = f"<PHYSICAL-DEFAULT-VALUE>{default}</PHYSICAL-DEFAULT-VALUE>" if default else ""
    return _param("VALUE", name, byte, bit, f'{given}<DOP-REF ID-REF="{dop_id}"/>')


def const(name: str, number: int, bits: int = 8, *, byte: int | None = None) -> str:
    coded = standard("A_UINT32", bits)
    return _param("CODED-CONST", name, byte, None, f"<CODED-VALUE>{number}</CODED-VALUE>{coded}")


def _param(kind: str, name: str, byte: int | None, bit: int | None, inner: str, more: str = "") -> str:
    place = "" if byte is None else f"<BYTE-POSITION>{byte}</BYTE-POSITION>"
    place += "" if bit is None else f"<BIT-POSITION>{bit}</BIT-POSITION>"
    return f'<PARAM {more} xsi:type="{kind}"><SHORT-NAME>{name}</SHORT-NAME>{place}{inner}</PARAM>'


def structure(name: str, params: str, size: int | None = None) -> str:
    fixed = f"<BYTE-SIZE>{size}</BYTE-SIZE>" if size is not None else ""
    return f'<STRUCTURE ID="ST.{name}"><SHORT-NAME>{name}</SHORT-NAME>{fixed}<PARAMS>{params}</PARAMS></STRUCTURE>'


LINEAR = compu("LINEAR", scale(coefficients([-40, 0.5], [1]), 0, 250))
SCALED = compu("SCALE-LINEAR", scale(coefficients([0, 2], [1]), 0, 100) + scale(coefficients([100, 1], [1]), 100, 255))
TABLE = compu(
    "TEXTTABLE",
    text_row("red", 0) + text_row("green", 1, 3) + text_row("blue", 4, 9, inverse=7),
    default="<COMPU-DEFAULT-VALUE><VT>other</VT></COMPU-DEFAULT-VALUE>",
)
POINTS = compu("TAB-INTP", "".join(
    scale(f"<COMPU-CONST><V>{y}</V></COMPU-CONST>", x) for x, y in ((0, -10), (100, 40), (255, 350))))  # fmt: skip
RATIO = compu(
    "RAT-FUNC",
    scale(coefficients([0, 3], [1]), 0, 255),
    back=(
        "<COMPU-PHYS-TO-INTERNAL><COMPU-SCALES>"
        + scale(coefficients([0, 1], [3]))
        + "</COMPU-SCALES></COMPU-PHYS-TO-INTERNAL>"
    ),
)
LITTLE = 'IS-HIGHLOW-BYTE-ORDER="false"'

_SIMPLE: dict[str, tuple[str, str, str]] = {
    "Unsigned": (standard("A_UINT32", 16), "A_UINT32", IDENTICAL),
    "LittleEndian": (standard("A_UINT32", 24, more=LITTLE), "A_UINT32", IDENTICAL),
    "Masked": (standard("A_UINT32", 16, mask="0FF0"), "A_UINT32", IDENTICAL),
    "Signed": (standard("A_INT32", 12), "A_INT32", IDENTICAL),
    "OnesComplement": (standard("A_INT32", 16, more='BASE-TYPE-ENCODING="1C"'), "A_INT32", IDENTICAL),
    "SignMagnitude": (standard("A_INT32", 16, more='BASE-TYPE-ENCODING="SM"'), "A_INT32", IDENTICAL),
    "PackedBcd": (standard("A_UINT32", 32, more='BASE-TYPE-ENCODING="BCD-P"'), "A_UINT32", IDENTICAL),
    "UnpackedBcd": (standard("A_UINT32", 32, more='BASE-TYPE-ENCODING="BCD-UP"'), "A_UINT32", IDENTICAL),
    "Float32": (standard("A_FLOAT32", 32), "A_FLOAT32", IDENTICAL),
    "Float64": (standard("A_FLOAT64", 64, more=LITTLE), "A_FLOAT64", IDENTICAL),
    "Ascii": (standard("A_ASCIISTRING", 64), "A_UNICODE2STRING", IDENTICAL),
    "LeadingText": (leading("A_UTF8STRING", 8), "A_UNICODE2STRING", IDENTICAL),
    "LeadingWide": (leading("A_UNICODE2STRING", 8, LITTLE), "A_UNICODE2STRING", IDENTICAL),
    "Bytes": (minmax("A_BYTEFIELD", 1, 40, "END-OF-PDU"), "A_BYTEFIELD", IDENTICAL),
    "Linear": (standard("A_UINT32", 8), "A_FLOAT64", LINEAR),
    "ScaleLinear": (standard("A_UINT32", 8), "A_UINT32", SCALED),
    "TextTable": (standard("A_UINT32", 8), "A_UNICODE2STRING", TABLE),
    "Points": (standard("A_UINT32", 8), "A_FLOAT64", POINTS),
    "Rational": (standard("A_UINT32", 8), "A_UINT32", RATIO),
}

_EXTRA_DOPS = (
    dop("Nibble", standard("A_UINT32", 4), "A_UINT32")
    + dop("ZeroText", minmax("A_ASCIISTRING", 0, 12, "ZERO"), "A_UNICODE2STRING")
    + dop("ZeroWide", minmax("A_UNICODE2STRING", 0, 16, "ZERO"), "A_UNICODE2STRING")
    + dop("UntilFF", minmax("A_BYTEFIELD", 2, None, "HEX-FF"), "A_BYTEFIELD")
    + dop("Byte", standard("A_UINT32", 8), "A_UINT32")
    + dop("ByKey", by_key("A_BYTEFIELD", "LK.Length"), "A_BYTEFIELD")
)
_DTC_DOP = (
    '<DTC-DOP ID="DTC.Codes"><SHORT-NAME>Codes</SHORT-NAME>'
    + standard("A_UINT32", 24)
    + '<PHYSICAL-TYPE BASE-DATA-TYPE="A_UINT32"/>'
    + IDENTICAL
    + "<DTCS>"
    + "".join(
        f'<DTC ID="D.{code}"><SHORT-NAME>D{code}</SHORT-NAME><TROUBLE-CODE>{code}</TROUBLE-CODE>'
        f"<TEXT>Fault {code}</TEXT></DTC>"
        for code in (0x030100, 0x030200, 0xC10087)
    )
    + "</DTCS></DTC-DOP>"
)
_PAIR = structure("Pair", value("A", "DOP.Nibble", byte=0, bit=4) + value("B", "DOP.Nibble", byte=0, bit=0))
_PADDED = structure("Padded", value("A", "DOP.Byte"), size=3)
_STRUCTURES = _PAIR + _PADDED + structure("Three", "".join(value(n, "DOP.Byte") for n in "XYZ"))
_PAIR_REF = '<BASIC-STRUCTURE-REF ID-REF="ST.Pair"/>'
_ENVIRONMENT = (
    '<ENV-DATA-DESCS><ENV-DATA-DESC ID="ED.Frame"><SHORT-NAME>Frame</SHORT-NAME><PARAM-SNREF SHORT-NAME="Dtc"/>'
    '<ENV-DATA-REFS><ENV-DATA-REF ID-REF="EN.All"/><ENV-DATA-REF ID-REF="EN.One"/></ENV-DATA-REFS>'
    "</ENV-DATA-DESC></ENV-DATA-DESCS>"
)
_ENV_DATAS = (
    '<ENV-DATAS><ENV-DATA ID="EN.All"><SHORT-NAME>All</SHORT-NAME><PARAMS>'
    + value("Speed", "DOP.Byte")
    + '</PARAMS><ALL-VALUE/></ENV-DATA><ENV-DATA ID="EN.One"><SHORT-NAME>One</SHORT-NAME><PARAMS>'
    + value("Rail", "DOP.Unsigned")
    + f"</PARAMS><DTC-VALUES><DTC-VALUE>{0x030100}</DTC-VALUE></DTC-VALUES></ENV-DATA></ENV-DATAS>"
)
_FIELDS = (
    '<STATIC-FIELDS><STATIC-FIELD ID="F.Static"><SHORT-NAME>Static</SHORT-NAME><BASIC-STRUCTURE-REF ID-REF="ST.Pair"/>'
    "<FIXED-NUMBER-OF-ITEMS>3</FIXED-NUMBER-OF-ITEMS><ITEM-BYTE-SIZE>2</ITEM-BYTE-SIZE></STATIC-FIELD></STATIC-FIELDS>"
    '<DYNAMIC-LENGTH-FIELDS><DYNAMIC-LENGTH-FIELD ID="F.Dyn"><SHORT-NAME>Dyn</SHORT-NAME>'
    f"{_PAIR_REF}<OFFSET>1</OFFSET><DETERMINE-NUMBER-OF-ITEMS><BYTE-POSITION>0</BYTE-POSITION>"
    '<DATA-OBJECT-PROP-REF ID-REF="DOP.Byte"/></DETERMINE-NUMBER-OF-ITEMS></DYNAMIC-LENGTH-FIELD>'
    "</DYNAMIC-LENGTH-FIELDS>"
    '<DYNAMIC-ENDMARKER-FIELDS><DYNAMIC-ENDMARKER-FIELD ID="F.End"><SHORT-NAME>End</SHORT-NAME>'
    '<BASIC-STRUCTURE-REF ID-REF="ST.Three"/>'
    '<DYN-END-DOP-REF ID-REF="DOP.Byte"><TERMINATION-VALUE>255</TERMINATION-VALUE></DYN-END-DOP-REF>'
    "</DYNAMIC-ENDMARKER-FIELD></DYNAMIC-ENDMARKER-FIELDS>"
    '<END-OF-PDU-FIELDS><END-OF-PDU-FIELD ID="F.Eop"><SHORT-NAME>Eop</SHORT-NAME>'
    f"{_PAIR_REF}</END-OF-PDU-FIELD></END-OF-PDU-FIELDS>"
)


def _case(name: str, low: int, high: int, target: str) -> str:
    reference = f'<STRUCTURE-REF ID-REF="{target}"/>' if target else ""
    limits = f"<LOWER-LIMIT>{low}</LOWER-LIMIT><UPPER-LIMIT>{high}</UPPER-LIMIT>"
    return f"<CASE><SHORT-NAME>{name}</SHORT-NAME>{reference}{limits}</CASE>"


_MUX = (
    '<MUXS><MUX ID="M.Mux"><SHORT-NAME>Mux</SHORT-NAME><BYTE-POSITION>1</BYTE-POSITION><SWITCH-KEY>'
    '<BYTE-POSITION>0</BYTE-POSITION><DATA-OBJECT-PROP-REF ID-REF="DOP.Byte"/></SWITCH-KEY>'
    '<DEFAULT-CASE><SHORT-NAME>Else</SHORT-NAME><STRUCTURE-REF ID-REF="ST.Padded"/></DEFAULT-CASE>'
    f"<CASES>{_case('Small', 1, 3, 'ST.Pair')}{_case('Large', 4, 9, 'ST.Three')}{_case('Empty', 10, 10, '')}</CASES>"
    "</MUX></MUXS>"
)
_TABLES = (
    '<TABLES><TABLE ID="T.Table"><SHORT-NAME>Table</SHORT-NAME><KEY-DOP-REF ID-REF="DOP.Byte"/>'
    '<TABLE-ROW ID="TR.One"><SHORT-NAME>One</SHORT-NAME><KEY>1</KEY><STRUCTURE-REF ID-REF="ST.Pair"/></TABLE-ROW>'
    '<TABLE-ROW ID="TR.Two"><SHORT-NAME>Two</SHORT-NAME><KEY>2</KEY><DATA-OBJECT-PROP-REF ID-REF="DOP.Unsigned"/>'
    "</TABLE-ROW></TABLE></TABLES>"
)

_COMPLEX: dict[str, str] = {
    "Bits": value("A", "DOP.Nibble", byte=3, bit=4)
    + value("B", "DOP.Nibble", byte=3, bit=0, default="5")
    + value("C", "DOP.Byte"),
    "Terminated": value("Text", "DOP.ZeroText") + value("Wide", "DOP.ZeroWide") + value("Last", "DOP.Byte"),
    "UntilFF": value("Raw", "DOP.UntilFF") + value("Last", "DOP.Byte"),
    "Reserved": _param("RESERVED", "Gap", None, None, "<BIT-LENGTH>12</BIT-LENGTH>") + value("A", "DOP.Byte"),
    "LengthKey": _param("LENGTH-KEY", "Length", None, None, '<DOP-REF ID-REF="DOP.Byte"/>', 'ID="LK.Length"')
    + value("Raw", "DOP.ByKey")
    + value("Last", "DOP.Byte"),
    "PhysConst": _param(
        "PHYS-CONST",
        "Colour",
        None,
        None,
        '<PHYS-CONSTANT-VALUE>green</PHYS-CONSTANT-VALUE><DOP-REF ID-REF="DOP.TextTable"/>',
    )
    + value("A", "DOP.Byte"),
    "Padded": value("Inner", "ST.Padded") + value("Last", "DOP.Byte", byte=6),
    "StaticField": value("Items", "F.Static") + value("Last", "DOP.Byte"),
    "DynamicField": value("Items", "F.Dyn") + value("Last", "DOP.Byte"),
    "EndMarker": value("Items", "F.End"),
    "EndOfPdu": value("Items", "F.Eop"),
    "Mux": value("Choice", "M.Mux"),
    "TableStruct": _param("TABLE-KEY", "Key", None, None, '<TABLE-REF ID-REF="T.Table"/>', 'ID="TK.Key"')
    + _param("TABLE-STRUCT", "Row", None, None, '<TABLE-KEY-REF ID-REF="TK.Key"/>'),
    "DtcAndFrame": value("Dtc", "DTC.Codes") + value("Frame", "ED.Frame"),
}
EXOTIC_SERVICES = (*_SIMPLE, *_COMPLEX)


def write_exotic(path: Path) -> Path:
    """One base variant EXOTIC whose services carry one kind of ODX each, behind 2E and a DID."""
    dops = "".join(dop(name, *parts) for name, parts in _SIMPLE.items()) + _EXTRA_DOPS
    dictionary = (
        f"<DIAG-DATA-DICTIONARY-SPEC><DTC-DOPS>{_DTC_DOP}</DTC-DOPS>{_ENVIRONMENT}"
        f"<DATA-OBJECT-PROPS>{dops}</DATA-OBJECT-PROPS><STRUCTURES>{_STRUCTURES}</STRUCTURES>{_FIELDS}{_MUX}"
        f"{_ENV_DATAS}{_TABLES}</DIAG-DATA-DICTIONARY-SPEC>"
    )
    bodies = {name: value("Value", f"DOP.{name}") for name in _SIMPLE} | _COMPLEX
    services, requests = "", ""
    for number, (name, params) in enumerate(bodies.items()):
        services += (
            f'<DIAG-SERVICE ID="S.{name}"><SHORT-NAME>{name}</SHORT-NAME>'
            f'<REQUEST-REF ID-REF="RQ.{name}"/></DIAG-SERVICE>'
        )
        params = const("SID", 0x2E) + const("DID", 0x0100 + number, 16) + params
        requests += f'<REQUEST ID="RQ.{name}"><SHORT-NAME>RQ_{name}</SHORT-NAME><PARAMS>{params}</PARAMS></REQUEST>'
    layer = (
        f'<BASE-VARIANTS><BASE-VARIANT ID="BV.EXOTIC"><SHORT-NAME>EXOTIC</SHORT-NAME>{dictionary}'
        f"<DIAG-COMMS>{services}</DIAG-COMMS><REQUESTS>{requests}</REQUESTS></BASE-VARIANT></BASE-VARIANTS>"
    )
    container = f'<DIAG-LAYER-CONTAINER ID="DLC"><SHORT-NAME>DLC</SHORT-NAME>{layer}</DIAG-LAYER-CONTAINER>'
    return write_pdx(path, {"exotic.odx-d": f"{HEAD}{container}</ODX>"})
