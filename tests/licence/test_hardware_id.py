"""L3: a changed part does not lock a paying shop out, another PC and a cloned disk image are refused."""

from __future__ import annotations

import json
import plistlib
import struct
from itertools import combinations
from pathlib import Path

import pytest

from core.errors import LicenceCheckFailed
from core.licence.hardware import APP_ID, Traits, digests, hardware_id_of, same_machine, traits
from core.licence.hardware.device import export, this_device
from core.licence.hardware.identity import TRAITS, usable
from core.licence.hardware.linux import traits as linux_traits
from core.licence.hardware.macos import values_of
from core.licence.hardware.windows import board_of, serial_of

SHOP = ("3d1219c7c4c5404aaa1f6d2a48adfda4", "ACME Board 7 Ryzen", "00:1b:44:11:3a:b7", "wd-wx11d6412345")
OTHER = ("77aa19c7c4c5404aaa1f6d2a48adf000", "Other Board 9 Core", "00:1b:44:99:99:99", "s3z9nb0k123456")


def changed(parts: tuple[int, ...], of: tuple[str, ...] = SHOP) -> tuple[str, ...]:
    return tuple(OTHER[i] if i in parts else value for i, value in enumerate(of))


def without(parts: tuple[int, ...], of: tuple[str, ...] = SHOP) -> tuple[str, ...]:
    return tuple("" if i in parts else value for i, value in enumerate(of))


@pytest.mark.parametrize("part", range(4), ids=TRAITS)
@pytest.mark.parametrize("missing", [(), (0,), (1,), (2,), (3,)])
def test_every_single_component_change_is_accepted(part: int, missing: tuple[int, ...]) -> None:
    known = without(missing)
    assert same_machine(digests(known), digests(changed((part,), known) if part not in missing else known))


@pytest.mark.parametrize("missing", range(4), ids=TRAITS)
def test_every_change_of_two_of_three_is_refused(missing: int) -> None:
    known = without((missing,))
    for parts in combinations(sorted({0, 1, 2, 3} - {missing}), 2):
        assert not same_machine(digests(known), digests(changed(parts, known)))


def test_every_change_of_two_of_four_is_refused() -> None:
    for parts in combinations(range(4), 2):
        assert not same_machine(digests(SHOP), digests(changed(parts)))


@pytest.mark.parametrize("kept", [(0,), (0, 1)], ids=["other model", "same model"])
def test_a_cloned_disk_image_is_another_pc(kept: tuple[int, ...]) -> None:
    """The machine-id is the same; board, card and disk are not. On the same model the board reads alike."""
    clone = changed(tuple({0, 1, 2, 3} - set(kept)))
    assert not same_machine(digests(SHOP), digests(clone))


@pytest.mark.parametrize("missing", [(0, 1), (1, 3), (2, 3), (0, 2)])
def test_with_two_traits_both_must_match(missing: tuple[int, ...]) -> None:
    known = without(missing)
    assert same_machine(digests(known), digests(known))
    for part in {0, 1, 2, 3} - set(missing):
        assert not same_machine(digests(known), digests(changed((part,), known)))


def test_traits_that_come_do_not_help_and_those_that_go_count() -> None:
    known = without((3,))
    assert same_machine(digests(known), digests(SHOP))
    assert same_machine(digests(SHOP), digests(known)) and not same_machine(digests(SHOP), digests(without((2, 3))))
    assert not same_machine((), ()) and not same_machine(("", "", "", ""), ("", "", "", ""))
    assert not same_machine(digests(SHOP), digests(SHOP)[:3])


def test_the_id_is_twelve_hex_digits_and_shows_nothing_of_the_machine() -> None:
    told = digests(SHOP)
    shown = hardware_id_of(told)
    assert len(shown) == 12 and set(shown) <= set("0123456789ABCDEF")
    assert digests(SHOP) == told and hardware_id_of(told) == shown
    assert digests(SHOP, 7) != told and hardware_id_of(told, 7) != shown  # another product's are others
    assert len(set(digests(("same value",) * 4))) == 4  # a digest of one trait is none of another
    assert not any(value in "".join(told) + repr(Traits(SHOP)) for value in SHOP)


@pytest.mark.parametrize(
    "nothing", ["", "0", "00000000-0000-0000-0000-000000000000".replace("-", ""), "To be filled by O.E.M.", "None",
                "FFFFFFFF", "00:00:00:00:00:00", "Default string", "System Serial Number", "\0\0\0"],
)  # fmt: skip
def test_what_vendors_write_where_they_know_nothing_is_no_trait(nothing: str) -> None:
    assert usable(nothing) == ""


def test_case_and_blanks_of_a_value_do_not_matter() -> None:
    assert usable(" WD-WX11  D6\n") == usable("wd-wx11 d6") != ""


# -- kept on disk (C5)


def pretend(monkeypatch: pytest.MonkeyPatch, values: tuple[str, ...]) -> None:
    monkeypatch.setattr(traits, "read_traits", lambda: Traits(values))  # type: ignore[arg-type]


def test_the_hardware_id_stays_when_one_part_changes_and_not_when_two_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, SHOP)
    first = this_device(tmp_path)
    pretend(monkeypatch, changed((2,)))
    second = this_device(tmp_path)
    assert second.hardware_id == first.hardware_id and second.traits != first.traits
    pretend(monkeypatch, changed((1, 2)))
    assert this_device(tmp_path).hardware_id != first.hardware_id


def test_a_kept_file_of_another_pc_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, SHOP)
    copied = this_device(tmp_path).hardware_id
    pretend(monkeypatch, OTHER)
    assert this_device(tmp_path).hardware_id != copied
    (tmp_path / "device.json").write_bytes(b"{broken")
    assert this_device(tmp_path).hardware_id == hardware_id_of(digests(OTHER))


def test_a_machine_that_tells_too_little_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, (SHOP[0], "", "", ""))
    with pytest.raises(LicenceCheckFailed, match="too little"):
        this_device(tmp_path)


def test_the_export_names_the_device_and_no_raw_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, SHOP)
    device = this_device(tmp_path / "own")
    path = export(device, tmp_path)
    assert path == tmp_path / f"passbay-device-{device.hardware_id}.json"
    told = json.loads(path.read_text())
    assert told["device"] == {
        "hardware_id": device.hardware_id, "app_id": APP_ID, "traits": list(device.traits), "version": device.version
    }  # fmt: skip
    assert not any(value in path.read_text() for value in SHOP)
    assert export(device, tmp_path / "named.json").read_bytes() == path.read_bytes()


# -- where the raw values come from


def test_linux_reads_what_everybody_may(tmp_path: Path) -> None:
    def put(name: str, text: str) -> None:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    put("etc/machine-id", "3d1219c7\n")
    put("sys/class/dmi/id/board_name", "Board 7\n")
    put("sys/class/dmi/id/product_uuid", "an administrator's alone")
    put("proc/cpuinfo", "processor: 0\nmodel name\t: Ryzen\nflags: a\nprocessor: 1\nmodel name: Ryzen\n")
    for name, place, kind, address in [
        ("docker0", "virtual", "3", "02:42:00:00:00:01"),
        ("enp9", "pci/0000:09", "0", "00:1b:44:99:99:99"),
        ("enp3", "pci/0000:03", "0", "00:1b:44:11:3a:b7"),
        ("enx0", "pci/0000:01/usb1", "0", "00:50:b6:00:00:01"),
    ]:
        put(f"sys/class/net/{name}/address", address + "\n")
        put(f"sys/class/net/{name}/addr_assign_type", kind + "\n")
        (tmp_path / "sys/devices" / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys/class/net" / name / "device").symlink_to(tmp_path / "sys/devices" / place)
    put("sys/block/sda/device/wwid", "naa.5000\n")
    put("sys/block/sda/removable", "0")
    put("sys/block/mmc/device/cid", "stick")
    put("sys/block/mmc/removable", "1")
    assert linux_traits(tmp_path) == ("3d1219c7", "Board 7 Ryzen", "00:1b:44:11:3a:b7", "naa.5000")
    assert linux_traits(tmp_path / "nothing") == ("", "", "", "")


def test_this_machine_tells_enough_and_always_the_same() -> None:
    found = traits.read_traits().values
    assert len(found) == 4 and found == traits.read_traits().values


def smbios(kind: int, body: bytes, *strings: bytes) -> bytes:
    return struct.pack("<BBH", kind, 4 + len(body), 1) + body + (b"\0".join(strings) or b"\0") + b"\0\0"


def test_windows_board_from_a_firmware_table() -> None:
    identifier = bytes(range(16))
    system = smbios(1, bytes(4) + identifier + bytes(3), b"Vendor")
    board = smbios(2, bytes([1, 2, 3, 4, 0]), b"Maker", b"Model", b"Rev", b"SERIAL-9")
    table = bytes(8) + smbios(0, bytes(20), b"Firmware") + system + board + smbios(127, b"")
    assert board_of(table) == f"{identifier.hex()} SERIAL-9"
    assert board_of(bytes(8) + smbios(1, bytes(4) + b"\xff" * 16 + bytes(3))) == ""
    for cut in range(len(table)):
        board_of(table[:cut])  # a torn table is read as far as it goes


def test_windows_serial_of_a_disk() -> None:
    head = bytearray(40)
    head[24:28] = (40).to_bytes(4, "little")
    assert serial_of(bytes(head) + b"  WD-1234  \0rest") == "WD-1234"
    assert serial_of(bytes(head)) == "" and serial_of(b"") == ""


def test_macos_values_from_property_lists() -> None:
    platform = {"IOPlatformUUID": "UUID-1", "IOPlatformSerialNumber": "C02"}
    cards = plistlib.loads(
        plistlib.dumps(
            [
                {"BSD Name": "en5", "IOBuiltin": True, "IOMACAddress": b"\0\x1b\x44\0\0\x05"},
                {"BSD Name": "en0", "IOBuiltin": True, "IOMACAddress": b"\0\x1b\x44\x11\x3a\xb7"},
                {"BSD Name": "en1", "IOBuiltin": False, "IOMACAddress": b"\0\0\0\0\0\x01"},
            ]
        )
    )
    volume = {"APFSVolumeGroupID": "GROUP", "DiskUUID": "DISK"}
    assert values_of(platform, cards, volume) == ("GROUP", "UUID-1 C02", "00:1b:44:11:3a:b7", "DISK")
    assert values_of({}, None, None) == ("", "", "", "")
