"""Flash sessions and their bytes from ODX-F (ISO 22901-1, 7.4). Child process only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.catalogue.images import FlashImage, ImageSegment, joined, segments_of_text
from core.catalogue.model import Checksum, DataBlock, ExpectedIdent, FlashSession, Segment, UnitInfo, usual_policy
from core.catalogue.odx.special import special_data
from core.catalogue.odx.units import did_of, service_named
from core.catalogue.sdg import SpecialData, flash_policy
from core.errors import DataInvalid

Images = dict[str, bytes]
SIGNATURE_METHOD = "ED25519"
"""SECURITY-METHOD of a SESSION: FW-SIGNATURE is Ed25519 over the SHA-256 of all bytes in the order of its blocks."""


def sessions_of(
    database: Any, units: list[UnitInfo], files: Mapping[str, bytes], problems: list[str]
) -> tuple[list[FlashSession], Images]:
    """Every session of every unit that an ECU-MEM-CONNECTOR names, and the image sections of the compiled file.

    A session whose bytes cannot be read is left out and reported; the others stay.
    """
    sessions: list[FlashSession] = []
    images: Images = {}
    for flash in database.flashs:
        for connector in flash.ecu_mem_connectors:
            for unit in _units_of(connector, units):
                for session in connector.ecu_mem.mem.sessions:
                    try:
                        made, bytes_of = _Session(connector, session, unit, files, len(sessions), problems).build()
                    except DataInvalid as error:
                        problems.append(f"flash session {session.short_name} of {unit.name}: {error.message}")
                        continue
                    sessions.append(made)
                    images |= {f"image/{unit.name}/{made.name}/{block}": data for block, data in bytes_of.items()}
    return sessions, images


def _units_of(connector: Any, units: list[UnitInfo]) -> list[UnitInfo]:
    names = [layer.short_name for layer in (*connector.layers, *connector.all_variants)]
    return [unit for unit in units if unit.name in names or any(variant.name in names for variant in unit.variants)]


class _Session:
    """One SESSION on its way from odxtools to the model."""

    def __init__(
        self,
        connector: Any,
        session: Any,
        unit: UnitInfo,
        files: Mapping[str, bytes],
        position: int,
        problems: list[str],
    ) -> None:
        self._connector, self._session, self._unit = connector, session, unit
        self._files, self._position, self._problems = files, position, problems
        self._kinds = {ident.did: ident.kind for ident in unit.idents}
        descriptions = [one for one in connector.session_descs if one.session_snref == session.short_name]
        self._description = descriptions[0] if descriptions else None

    def build(self) -> tuple[FlashSession, dict[str, bytes]]:
        session = self._session
        place = f"{self._unit.name}/{session.short_name}"
        own = special_data(session, place=place)
        policy = special_data(session, self._connector.ecu_mem, self._connector, place=place)
        expected = self._expected_idents()
        images = {block.short_name: self._image(block) for block in session.datablocks}
        if not images:
            raise DataInvalid("it has no data block", place=place)
        blocks = tuple(self._block(block, images[block.short_name]) for block in session.datablocks)
        hardware = [value for item in expected if self._kinds.get(item.did) == "hardware" for value in item.values]
        made = FlashSession(
            name=session.short_name,
            title=session.long_name or session.short_name,
            unit=self._unit.name,
            file="",
            expected_idents=expected,
            own_software=own.text("OWN-SOFTWARE") or self._own_software(),
            blocks=blocks,
            policy=flash_policy(policy, usual_policy(self._unit.protocol)),
            hardware=own.texts("HARDWARE") or tuple(hardware),
            order=own.integer("ORDER", self._position),
            part_number=(self._description.partnumber or "") if self._description is not None else "",
            memory=_memory_of(self._connector.ecu_mem.phys_mem),
            signature=self._signature(),
            public_key=self._public_key(policy),
        )
        self._problems += own.problems + policy.problems
        self._problems += [f"{place}: special data {name} is not known" for name in own.unknown_names()]
        return made, {name: b"".join(part.data for part in image.segments) for name, image in images.items()}

    def _expected_idents(self) -> tuple[ExpectedIdent, ...]:
        result = []
        for ident in self._session.expected_idents:
            did = self._did_of_ident(ident.short_name)
            values = tuple(_ident_text(value) for value in ident.ident_values)
            if did is None:
                raise DataInvalid(f"the DID of EXPECTED-IDENT {ident.short_name} is not described")
            result.append(ExpectedIdent(ident.short_name, did, values))
        return tuple(result)

    def _did_of_ident(self, name: str) -> int | None:
        """By IDENT-DESC, else by a service or identification of the same name."""
        described = [item.diag_comm_snref for item in self._connector.ident_descs if item.ident_if_snref == name]
        layers = [*self._connector.layers, *self._connector.all_variants]
        for service in (*described, name):
            did = did_of(service_named(service, *layers))
            if did is not None:
                return did
        return next((ident.did for ident in self._unit.idents if ident.name == name), None)

    def _signature(self) -> str:
        """Hex of the FW-SIGNATURE, "" where there is none."""
        for security in self._session.securities:
            if security.fw_signature is not None:
                return re.sub(r"\s", "", security.fw_signature.value_raw).lower()
        return ""

    def _public_key(self, special: SpecialData) -> str:
        """Hex, "" where none is given, or for a signature of a method that nobody here can check."""
        key = special.text("PUBLIC-KEY").strip().lower()
        for security in self._session.securities:
            if security.fw_signature is None:
                continue
            method = security.security_method.value_raw.strip() if security.security_method is not None else ""
            if method.upper().replace("-", "") not in ("", SIGNATURE_METHOD) or len(self._signature()) != 128:
                self._problems.append(f"{self._session.short_name}: signature method {method!r} is not known")
                return ""
        if key and not re.fullmatch("[0-9a-f]{64}", key):
            self._problems.append(f"{self._session.short_name}: PUBLIC-KEY is not 64 hexadecimal digits")
            return ""
        return key

    def _own_software(self) -> str:
        owns = [own for block in self._session.datablocks for own in block.own_idents]
        if self._description is not None and self._description.own_ident is not None:
            owns.append(self._description.own_ident)
        for own in owns:
            did = self._did_of_ident(own.short_name)
            if did is not None and self._kinds.get(did) == "software":
                return _ident_text(own.ident_value)
        return ""

    def _block(self, block: Any, image: FlashImage) -> DataBlock:
        special = special_data(block, place=f"{self._unit.name}/{self._session.short_name}/{block.short_name}")
        made = DataBlock(
            name=block.short_name,
            segments=tuple(Segment(part.start, len(part.data)) for part in image.segments),
            checksums=tuple(self._checksums(image)),
            data_format=special.integer("DATA-FORMAT", _format_of(block)) & 0xFF,
            sha256=image.sha256,
            index=block.logical_block_index,
        )
        self._problems += special.problems
        return made

    def _checksums(self, image: FlashImage) -> list[Checksum]:
        """The session's checksums whose range lies in this block, each tried here: wrong data is found before a car."""
        result = []
        for checksum in self._session.checksums:
            start = checksum.source_start_address
            end = checksum.source_end_address
            if end is None:
                end = start + (checksum.uncompressed_size or 0) - 1
            if not any(part.start <= start <= end <= part.end for part in image.segments):
                continue
            value = _ident_number(checksum.checksum_result)
            made = Checksum(checksum.checksum_alg or "", start, end, value)
            if "32" in made.algorithm and not image.checksum_holds(made):
                raise DataInvalid(f"the bytes do not give CHECKSUM {checksum.short_name}", place=checksum.short_name)
            result.append(made)
        return result

    def _image(self, block: Any) -> FlashImage:
        place = f"{self._session.short_name}/{block.short_name}"
        source = self._source_of(block, place)
        offset = _target_offset(block)
        if not block.segments:
            return joined([ImageSegment(part.start + offset, part.data) for part in source.segments], place)
        parts = []
        for segment in block.segments:
            start, end = segment.source_start_address, segment.source_end_address
            if end is None:
                end = start + (segment.uncompressed_size or segment.compressed_size or 0) - 1
            if end < start:
                raise DataInvalid(f"segment {segment.short_name} has no length", place=place)
            parts.append(ImageSegment(start + offset, source.read(start, end)))
        return joined(parts, place)

    def _source_of(self, block: Any, place: str) -> FlashImage:
        """The FLASHDATA with its own addresses, before segments are taken from it."""
        flashdata = block.flashdata
        if flashdata is None:
            raise DataInvalid(f"data block {block.short_name} has no flash data", place=place)
        kind = flashdata.dataformat.selection.value
        content = self._content_of(flashdata, place)
        if kind in ("INTEL-HEX", "MOTOROLA-S"):
            text = content.decode("ascii", errors="replace")
            lines = "\n".join(line.strip() for line in text.strip().splitlines())
            return joined(segments_of_text(lines, "hex" if kind == "INTEL-HEX" else "srec", file=place), place)
        if kind != "BINARY":
            raise DataInvalid(f"the data format {kind} is not supported", place=place)
        first = min((segment.source_start_address for segment in block.segments), default=0)
        return FlashImage(place, (ImageSegment(first, content),))

    def _content_of(self, flashdata: Any, place: str) -> bytes:
        if hasattr(flashdata, "datafile"):
            name = flashdata.datafile.value
            if name not in self._files:
                raise DataInvalid(f"the file {name!r} is not in the archive", place=place)
            return self._files[name]
        if flashdata.dataformat.selection.value != "BINARY":
            return str(flashdata.data).encode("ascii", errors="replace")
        try:
            return bytes.fromhex(re.sub(r"\s", "", flashdata.data))
        except ValueError:
            raise DataInvalid("the flash data is not hexadecimal", place=place) from None


def _memory_of(physical: Any) -> tuple[tuple[int, int], ...]:
    """First and last address of every PHYS-SEGMENT, () where the memory is not described."""
    regions = []
    for segment in physical.phys_segments if physical is not None else ():
        end = getattr(segment, "end_address", None)
        if end is None:
            size = getattr(segment, "size", None)
            end = segment.start_address + size - 1 if size else None
        if end is None:
            return ()  # one without an end: the whole cannot be judged
        regions.append((segment.start_address, end))
    return tuple(regions)


def _target_offset(block: Any) -> int:
    offset = block.target_addr_offset
    if offset is None:
        return 0
    positive = getattr(offset, "positive_offset", None)
    return int(positive) if positive is not None else -int(offset.negative_offset)


def _format_of(block: Any) -> int:
    method = block.flashdata.encrypt_compress_method if block.flashdata is not None else None
    return _ident_number(method) if method is not None else 0


def _ident_text(value: Any) -> str:
    raw = value.value
    return raw.hex().upper() if isinstance(raw, bytes | bytearray) else str(raw).strip()


def _ident_number(value: Any) -> int:
    """A_UINT32 as a number, A_BYTEFIELD as big-endian bytes."""
    raw = value.value
    if isinstance(raw, bytes | bytearray):
        return int.from_bytes(raw, "big")
    try:
        return int(raw)
    except (TypeError, ValueError):
        raise DataInvalid(f"{value.value_raw!r} is no number") from None
