"""One PDX into one compiled file: read with bounds, parsed by odxtools, written by cache.py. Child process only."""

from __future__ import annotations

import io
import json
import pyexpat
import re
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

from odxtools.database import Database
from odxtools.exceptions import OdxError

from core.catalogue.cache import write_compiled
from core.catalogue.odx.config import with_coding
from core.catalogue.odx.flash import sessions_of
from core.catalogue.odx.pool import Pool
from core.catalogue.odx.units import units_of
from core.catalogue.odx.vehicles import vehicles_of
from core.catalogue.stored import to_row
from core.errors import DataInvalid

SAFE_EXPAT = (2, 4, 1)  # from here on expat stops entity bombs by itself (CVE-2013-0340)
MOST_PROBLEMS = 200

# what odxtools raises for data that breaks the standard: its own errors, and those of values it did not check
_BROKEN_DATA = (OdxError, KeyError, ValueError, TypeError, AttributeError, IndexError, NotImplementedError)


def compile_pdx(source: Path, target: Path, inflated: int) -> None:
    """Raises DataInvalid with the entry (and line) as place, StorageFailed."""
    if pyexpat.version_info < SAFE_EXPAT:
        raise DataInvalid(f"this Python's XML reader (expat {pyexpat.EXPAT_VERSION}) is too old for foreign files")
    problems: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        database, files, title = read_database(source, inflated)
        try:
            index, sections = _compiled(database, files, problems)
        except _BROKEN_DATA as error:
            raise DataInvalid(f"its content contradicts itself ({_words(error)})", place="content") from error
    problems += [str(warning.message) for warning in caught if "odxtools" in str(warning.filename)]
    index |= {"title": title, "version": str(database.model_version or "")}
    index["problems"] = list(dict.fromkeys(problems))[:MOST_PROBLEMS]
    write_compiled(target, index, sections)


def read_database(source: Path, inflated: int) -> tuple[Database, dict[str, bytes], str]:
    """The parsed database, the other entries by name, and the short name of the catalogue."""
    database = Database(use_weakrefs=False)  # proxies hide the class that the compiler chooses by
    files: dict[str, bytes] = {}
    title = ""
    left = inflated
    with zipfile.ZipFile(source) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            content = _read_entry(archive, entry, left)
            left -= len(content)
            name = PurePosixPath(entry.filename)
            if name.name.lower() == "index.xml":
                title = _parse(content, entry.filename).findtext("SHORT-NAME") or ""
            elif name.suffix.lower().startswith(".odx"):
                _add(database, content, entry.filename)
            else:
                files[entry.filename] = content
                files.setdefault(name.name, content)
                database.add_auxiliary_file(entry.filename, io.BytesIO(content))
    if not title:
        raise DataInvalid("its index.xml has no SHORT-NAME", place="index.xml")
    database.short_name = title
    try:
        database.refresh()
    except _BROKEN_DATA as error:
        raise DataInvalid(f"its references do not fit together ({_words(error)})", place="references") from error
    return database, files, title


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """At most `left` bytes: the size in the directory may lie."""
    try:
        with archive.open(entry) as stream:
            content = stream.read(left + 1)
            if not stream.read(1) and len(content) <= left:
                return content
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataInvalid(f"the entry {entry.filename} is damaged ({error})", place=entry.filename) from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise DataInvalid(f"the entry {entry.filename} is damaged ({error})", place=entry.filename) from error
    raise DataInvalid("it inflates to more than is allowed", place=entry.filename)


def _parse(content: bytes, name: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        place = f"{name}, line {error.position[0]}"
        raise DataInvalid(f"{place}: {_words(error).split(': line ')[0]}", place=place) from None
    except (ValueError, LookupError) as error:  # an encoding that does not exist
        raise DataInvalid(f"{name}: {_words(error)}", place=name) from None


def _add(database: Database, content: bytes, name: str) -> None:
    root = _parse(content, name)
    if root.tag != "ODX":
        raise DataInvalid(f"{name} is no ODX document: it begins with {root.tag[:60]!r}", place=name)
    try:
        database.add_odx_xml_tree(root)
    except _BROKEN_DATA as error:
        raise DataInvalid(f"{name} breaks the ODX standard ({_words(error)})", place=name) from error


def _compiled(
    database: Any, files: dict[str, bytes], problems: list[str]
) -> tuple[dict[str, Any], dict[str, bytes]]:
    units = with_coding(database, units_of(database, problems), problems)
    sessions, sections = sessions_of(database, units, files, problems)
    vehicles = vehicles_of(database, units, problems)
    unsupported: set[str] = set()
    groups = []
    for layer in (*database.base_variants, *database.ecu_variants, *database.functional_groups):
        pool = Pool()
        name = f"layer/{layer.short_name}"
        if name in sections:
            problems.append(f"two layers are named {layer.short_name}; the first is used")
            continue
        sections[name] = json.dumps(pool.layer(layer), ensure_ascii=False, separators=(",", ":")).encode()
        unsupported |= pool.unsupported
    for group in database.functional_groups:
        groups.append([group.short_name, group.long_name or group.short_name])
    problems += [f"{what} is not supported: values that use it are refused" for what in sorted(unsupported)]
    index = {
        "units": to_row(units),
        "vehicles": to_row(vehicles),
        "sessions": to_row(sessions),
        "groups": groups,
    }
    return index, sections


def _words(error: Exception) -> str:
    """One line of the reason, short enough for a message; of a dangling reference only which one it is."""
    text = " ".join(str(error.args[0] if error.args else error).split()).rstrip(".") or type(error).__name__
    if dangling := re.search(r"OdxLinkRef\('(.*?)'\).* could not be resolved", text):
        return f"the reference {dangling[1]!r} leads nowhere"
    return text if len(text) <= 300 else text[:297] + "..."
