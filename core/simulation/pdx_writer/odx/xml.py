"""Small builders for ODX elements (ISO 22901-1): names, references, lists, special data. Knows no vehicle.

The documents are written element by element and not through odxtools' writer: its templates change between releases
and stamp the day of writing, but these files must come out byte for byte the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from xml.etree import ElementTree

from core.catalogue.sdg import GROUP

Element = ElementTree.Element
Child = Element | str | None


class Doc(NamedTuple):
    """A document fragment that a reference points into: its short name and DOCTYPE."""

    name: str
    kind: str


def element(tag: str, *children: Child, **attributes: str) -> Element:
    """An element with children and text; None is left out. `id_ref` becomes ID-REF, `xsi_type` becomes xsi:type."""
    made = Element(tag)
    for key, value in attributes.items():
        made.set("xsi:type" if key == "xsi_type" else key.upper().replace("_", "-"), value)
    for child in children:
        if isinstance(child, str):
            made.text = child
        elif child is not None:
            made.append(child)
    return made


def group(tag: str, children: Iterable[Child]) -> Element | None:
    """A list element, None when it would be empty: ODX has no empty lists."""
    filled = [child for child in children if child is not None]
    return element(tag, *filled) if filled else None


def named(tag: str, name: str, title: str, *children: Child, **attributes: str) -> Element:
    """An element with SHORT-NAME and, where there is a title, LONG-NAME."""
    long_name = element("LONG-NAME", title) if title else None
    return element(tag, element("SHORT-NAME", name), long_name, *children, **attributes)


def reference(tag: str, target: str, doc: Doc | None = None, *children: Child, **attributes: str) -> Element:
    """An ID-REF, with DOCREF and DOCTYPE where the target stands in another document."""
    if doc is None:
        return element(tag, *children, id_ref=target, **attributes)
    return element(tag, *children, id_ref=target, docref=doc.name, doctype=doc.kind, **attributes)


def by_name(tag: str, name: str) -> Element:
    """A SNREF."""
    return element(tag, short_name=name)


def special_data(values: Iterable[tuple[str, str]]) -> Element | None:
    """SDGS with our one group (core/catalogue/sdg.py), None without values."""
    entries = [element("SD", value, si=name) for name, value in values]
    return element("SDGS", element("SDG", *entries, si=GROUP)) if entries else None


def document(category: Element) -> bytes:
    """The bytes of an ODX 2.2 file with this one category."""
    root = element("ODX", category)
    root.attrib = {
        "MODEL-VERSION": "2.2.0",
        "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "xsi:noNamespaceSchemaLocation": "odx.xsd",
    }
    return serialize(root)


def catalog(name: str, files: Mapping[str, str], created: str) -> bytes:
    """The bytes of index.xml: every file of the PDX with its MIME type (ISO 22901-1, 8)."""
    entries = [element("FILE", path, creation_date=created, mime_type=mime) for path, mime in files.items()]
    block = named("ABLOCK", "ODX_DATA", "", element("FILES", *entries))
    block.set("UPD", "UNCHANGED")
    root = named("CATALOG", name, "", element("ABLOCKS", block))
    root.attrib = {"xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance", "F-DTD-VERSION": "ODX-2.2.0"}
    return serialize(root)


def serialize(root: Element) -> bytes:
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n{text}\n'.encode()
