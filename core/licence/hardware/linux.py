"""Machine traits on Linux: machine-id, the board by what everybody may read of it, first permanent MAC, system disk.

The SMBIOS UUID is the administrator's alone to read, so it would be another machine for every other user: not used.
"""

from __future__ import annotations

from pathlib import Path

_DMI = ("sys_vendor", "product_name", "product_family", "product_sku", "board_vendor", "board_name")
_PERMANENT = "0"  # addr_assign_type NET_ADDR_PERM
_LARGEST = 4096


def traits(root: Path = Path("/")) -> tuple[str, str, str, str]:
    return _installation(root), _board(root), _network(root), _disk(root)


def _text(path: Path) -> str:
    """The file's text without blanks around it, "" where it cannot be read."""
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST).decode("utf-8", "replace").replace("\0", "").strip()
    except OSError:
        return ""


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []


def _installation(root: Path) -> str:
    return _text(root / "etc/machine-id") or _text(root / "var/lib/dbus/machine-id")


def _board(root: Path) -> str:
    """A single-board computer tells its serial number; a PC its names, to which the processor's is added."""
    serial = _text(root / "proc/device-tree/serial-number")
    if serial:
        return serial
    names = [_text(root / "sys/class/dmi/id" / name) for name in _DMI]
    return " ".join(filter(None, [*names, _processor(root)]))


def _processor(root: Path) -> str:
    wanted = ("vendor_id", "cpu family", "model", "model name", "stepping", "cpu implementer", "cpu part")
    found: dict[str, str] = {}
    for line in _text(root / "proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in wanted:
            found.setdefault(name.strip(), value.strip())
    return " ".join(found[name] for name in wanted if name in found)


def _network(root: Path) -> str:
    """The first card, by its place in the machine, whose address came with it; not those plugged in by USB."""
    places = []
    for name in _names(root / "sys/class/net"):
        card = root / "sys/class/net" / name
        if _text(card / "addr_assign_type") != _PERMANENT or not (card / "device").exists():
            continue
        place = str((card / "device").resolve())
        if "/usb" not in place:
            places.append((place, _text(card / "address")))
    return min(places)[1] if places else ""


def _disk(root: Path) -> str:
    """Serial number or WWID of the first disk that tells one; not those plugged in by USB."""
    places = []
    for name in _names(root / "sys/block"):
        disk = root / "sys/block" / name
        place = str(disk.resolve())
        removable = _text(disk / "removable") == "1"
        if removable or "/usb" in place or "/virtual/" in place:
            continue
        known = (disk / part for part in ("device/wwid", "wwid", "device/serial", "serial", "device/cid"))
        value = next((text for text in map(_text, known) if text), "")
        if value:
            places.append((place, value))
    return min(places)[1] if places else ""
