"""The archive corpus of R2: every way in which a zip may try something. Each is built around a real export."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

Builder = Callable[[Path, Path], None]
"""(a good export, where to write the hostile one)."""


def _with(good: Path, place: Path, *members: tuple[zipfile.ZipInfo | str, bytes], flags: int = 0) -> None:
    shutil.copy(good, place)
    with zipfile.ZipFile(place, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)


def slip(good: Path, place: Path) -> None:
    _with(good, place, ("../../escaped.txt", b"x"))


def absolute(good: Path, place: Path) -> None:
    _with(good, place, ("/tmp/passbay-escaped.txt", b"x"))


def drive(good: Path, place: Path) -> None:
    _with(good, place, ("C:\\escaped.txt", b"x"))


def symlink(good: Path, place: Path) -> None:
    link = zipfile.ZipInfo("targets/link")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    _with(good, place, (link, b"/etc/passwd"))


def duplicate(good: Path, place: Path) -> None:
    """The timestamp twice: one for whoever looks at the first, one for whoever looks at the last."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _with(good, place, ("metadata/timestamp.json", b"{}"))


def case_clash(good: Path, place: Path) -> None:
    _with(good, place, ("Metadata/TimeStamp.json", b"{}"))


def reserved_name(good: Path, place: Path) -> None:
    _with(good, place, ("targets/CON.txt", b"x"))


def control_characters(good: Path, place: Path) -> None:
    _with(good, place, ("targets/\x1b]0;PWNED\x07\u202etxt.exe", b"x"))


def _patched(good: Path, place: Path, member: str, change: Callable[[bytearray, int], None]) -> None:
    """Changes the central directory's record of `member`."""
    content = bytearray(good.read_bytes())
    name = member.encode()
    at = content.rfind(name) - 46
    assert content[at : at + 4] == b"PK\1\2"
    change(content, at)
    place.write_bytes(content)


def _says_length(length: int) -> Callable[[bytearray, int], None]:
    return lambda content, at: content.__setitem__(slice(at + 24, at + 28), length.to_bytes(4, "little"))


def lying_size(good: Path, place: Path) -> None:
    """Says that the timestamp is ten bytes long."""
    _patched(good, place, "metadata/timestamp.json", _says_length(10))


def bomb(good: Path, place: Path) -> None:
    """The timestamp unpacks to a gigabyte, a thousand to one."""
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != "metadata/timestamp.json":
                new.writestr(info, old.read(info))
        with new.open("metadata/timestamp.json", "w") as member:
            for _ in range(1024):
                member.write(b"\0" * (1 << 20))


def lying_bomb(good: Path, place: Path) -> None:
    """The same, and says that it is small."""
    middle = place.with_suffix(".bomb")
    bomb(good, middle)
    _patched(middle, place, "metadata/timestamp.json", _says_length(1024))
    middle.unlink()


def many_entries(good: Path, place: Path) -> None:
    """A hundred thousand members."""
    shutil.copy(good, place)
    with zipfile.ZipFile(place, "a") as archive:
        for number in range(100_000):
            archive.writestr(zipfile.ZipInfo(f"targets/{number}"), b"")


def hidden_entries(good: Path, place: Path) -> None:
    """A hundred thousand members, and the end says that there are ten."""
    many_entries(good, place)
    content = bytearray(place.read_bytes())
    at = content.rfind(b"PK\5\6")
    content[at + 8 : at + 12] = b"\x0a\0\x0a\0"
    record = content.rfind(b"PK\6\6", 0, at)
    content[record + 24 : record + 40] = (10).to_bytes(8, "little") * 2
    place.write_bytes(content)


def nested(good: Path, place: Path) -> None:
    """A zip of zips instead of the pieces."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.zip", b"\0" * 1_000_000)
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(place, "w") as new:
        for info in old.infolist():
            new.writestr(info, inner.getvalue() if "pieces/" in info.filename else old.read(info))


def encrypted(good: Path, place: Path) -> None:
    _patched(good, place, "metadata/timestamp.json", lambda c, at: c.__setitem__(at + 8, c[at + 8] | 1))


def zip64_overflow(good: Path, place: Path) -> None:
    """An end record that sends readers to a zip64 record with 2^63 members."""
    content = good.read_bytes()
    at = content.rfind(b"PK\5\6")
    huge = ((1 << 63) - 1).to_bytes(8, "little")
    record = b"PK\6\6" + (44).to_bytes(8, "little") + b"\x2d\0\x2d\0" + b"\0" * 8 + huge * 3 + b"\0" * 8
    locator = b"PK\6\7" + b"\0" * 4 + at.to_bytes(8, "little") + b"\1\0\0\0"
    end = b"PK\5\6" + b"\0" * 4 + b"\xff" * 12 + b"\0\0"
    place.write_bytes(content[:at] + record + locator + end)


def truncated(good: Path, place: Path) -> None:
    content = good.read_bytes()
    place.write_bytes(content[: len(content) * 2 // 3])


CORPUS: tuple[Builder, ...] = (
    slip, absolute, drive, symlink, duplicate, case_clash, reserved_name, control_characters, lying_size, bomb,
    lying_bomb, many_entries, hidden_entries, nested, encrypted, zip64_overflow, truncated,
)  # fmt: skip
