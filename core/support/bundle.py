"""The support bundle: what a helper needs, masked, looked at before it is saved as one zip file. Sends nothing.

    draft = Draft(masker)
    draft.text("about.txt", ...); draft.folder("journal", folder, "*.jsonl"); draft.traffic("bus.pcapng", records)
    draft.preview(); draft.save(path)
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import ProductError
from core.pc.files import write_file
from core.support.masking import Masker
from core.support.traffic import Record, TrafficMasker
from core.vocabulary.shop.support import BundleItem, BundlePreview

LARGEST_FILE = 2 << 20  # of a log or journal: its end is taken
NEWEST_FILES = 20
_BEGINNING = 400


class Draft:
    """`masker` None: nothing is masked, because its user said so."""

    def __init__(self, masker: Masker | None) -> None:
        self._masker = masker
        self._files: dict[str, bytes] = {}
        self._masked: dict[str, int] = {}
        self._left_out: list[str] = []

    def text(self, name: str, text: str) -> None:
        masked, count = self._masker.text(text) if self._masker is not None else (text, 0)
        safe_name = self._masker.text(name)[0] if self._masker is not None else name
        self._files[safe_name] = masked.encode("utf-8", "backslashreplace")
        self._masked[safe_name] = count

    def data(self, name: str, value: Any) -> None:
        self.text(name, json.dumps(value, indent=2, ensure_ascii=True, default=str) + "\n")

    def file(self, name: str, path: Path) -> None:
        """The end of a text file; one that cannot be read is named."""
        try:
            with path.open("rb") as stream:
                stream.seek(0, 2)
                size = stream.tell()
                stream.seek(max(0, size - LARGEST_FILE))
                content = stream.read(LARGEST_FILE)
        except OSError as problem:
            self.left_out(f"{name}: {problem.strerror or problem}")
            return
        self.text(name, content.decode("utf-8", "backslashreplace"))

    def folder(self, name: str, folder: Path, pattern: str) -> None:
        """Its newest files."""
        try:
            found = sorted((path for path in folder.glob(pattern) if path.is_file()), key=lambda p: p.stat().st_mtime)
        except OSError as problem:
            self.left_out(f"{name}: {problem.strerror or problem}")
            return
        for path in found[-NEWEST_FILES:]:
            self.file(f"{name}/{path.name}", path)

    def traffic(self, name: str, records: Iterable[Record]) -> None:
        """A trace file (pcapng), VINs overwritten also where ISO-TP cuts them."""
        from core.trace import open_writer

        masker = TrafficMasker(self._masker) if self._masker is not None else None
        try:
            with tempfile.TemporaryDirectory() as place:
                path = Path(place) / "bus.pcapng"
                with open_writer(path) as writer:
                    for record in masker.records(records) if masker is not None else records:
                        writer.write(record)
                self._files[name] = path.read_bytes()
        except (OSError, ProductError) as problem:
            self.left_out(f"{name}: {problem}")
            return
        self._masked[name] = masker.masked if masker is not None else 0

    def left_out(self, sentence: str) -> None:
        self._left_out.append(self._masker.text(sentence)[0] if self._masker is not None else sentence)

    def preview(self) -> BundlePreview:
        items = tuple(
            BundleItem(name, len(content), self._masked.get(name, 0), content[:_BEGINNING].decode("utf-8", "replace"))
            for name, content in sorted(self._files.items())
        )
        return BundlePreview(items, self._masker is not None, tuple(self._left_out))

    def content(self, name: str) -> str:
        """One file of the draft in full, to be looked at before it is saved; of a trace only its size."""
        content = self._files[name]
        return f"{len(content)} bytes" if name.endswith(".pcapng") else content.decode("utf-8", "replace")

    def remove(self, name: str) -> None:
        """Its user does not want to give this away."""
        self._files.pop(name, None)
        self._masked.pop(name, None)

    def save(self, path: Path) -> Path:
        """Whole or not at all. StorageFailed."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in sorted(self._files.items()):
                archive.writestr(name, content)
            if self._left_out:
                archive.writestr("left-out.txt", "\n".join(self._left_out) + "\n")
        write_file(path, stream.getvalue())
        return path
