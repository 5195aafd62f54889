"""Installed devices: `~/.passthru` with bad files, a fake winreg with the layouts of real drivers, PE headers."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from core.errors import DriverMissing, UsageError, VciNotFound
from core.vci.j2534.discovery import find, installed, loading_problem
from core.vci.uri import VciUri
from core.vocabulary import DeviceKind, Transport
from tests.vci.j2534.support import Compiler


def pe(path: Path, machine: int) -> Path:
    path.write_bytes(
        b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80) + bytes(0x40) + b"PE\0\0" + struct.pack("<H", machine)
    )
    return path


def elf32(path: Path) -> Path:
    path.write_bytes(b"\x7fELF\x01\x01\x01".ljust(18, b"\0") + b"\x03".ljust(46, b"\0"))
    return path


class FakeRegistry:
    """winreg's functions over a table {(view, path): {value: data}}; a parent key exists where a child does."""

    HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, KEY_WOW64_32KEY = 0x80000002, 0x20019, 0x100, 0x200

    class Key:
        def __init__(self, view: int, path: str) -> None:
            self.view, self.path = view, path

        def __enter__(self) -> FakeRegistry.Key:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    def __init__(self, table: dict[tuple[int, str], dict[str, Any]]) -> None:
        self.table = table

    def OpenKey(self, root: int, path: str, reserved: int, access: int) -> Key:  # noqa: N802 - winreg's name
        assert (root, reserved, access & self.KEY_READ) == (self.HKEY_LOCAL_MACHINE, 0, self.KEY_READ)
        view = access & (self.KEY_WOW64_64KEY | self.KEY_WOW64_32KEY)
        if not any(v == view and (p == path or p.startswith(path + "\\")) for v, p in self.table):
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return self.Key(view, path)

    def EnumKey(self, key: Key, index: int) -> str:  # noqa: N802
        start = key.path + "\\"
        names = [p[len(start) :] for v, p in self.table if v == key.view and p.startswith(start)]
        return self._at(names, index)

    def EnumValue(self, key: Key, index: int) -> tuple[str, Any, int]:  # noqa: N802
        values = [(n, v, 1 if isinstance(v, str) else 4) for n, v in self.table.get((key.view, key.path), {}).items()]
        return self._at(values, index)

    @staticmethod
    def _at(values: list[Any], index: int) -> Any:
        if index >= len(values):
            raise OSError(259, "No more data is available")
        return values[index]


def values(name: str, library: object, **more: object) -> dict[str, Any]:
    return {"Name": name, "Vendor": "Maker", "FunctionLibrary": str(library), "CAN": 1, "ISO15765": 1, **more}


def test_the_registry_in_both_views_with_all_version_keys(tmp_path: Path) -> None:
    x64, x86 = pe(tmp_path / "x64.dll", 0x8664), pe(tmp_path / "x86.dll", 0x014C)
    wide, narrow = FakeRegistry.KEY_WOW64_64KEY, FakeRegistry.KEY_WOW64_32KEY
    root = "SOFTWARE\\PassThruSupport"
    registry = FakeRegistry(
        {
            (wide, f"{root}.04.04\\Maker - Both"): values("Both", x64),
            (narrow, f"{root}.04.04\\Maker - Both"): values("Both", x86, ConfigApplication="setup.exe"),
            (narrow, f"{root}.04.04\\Maker - Narrow"): values("Narrow", x86),
            (narrow, f"{root}.04.04\\Maker - Half"): {"Name": "Half", "Vendor": "Maker"},
            (narrow, f"{root}.04.04\\Maker - Gone"): values("Gone", tmp_path / "gone.dll"),
            (wide, f"{root}.05.00\\Maker - New"): values("New", x64),
            (narrow, f"{root}\\Maker - Old"): values("Old", x86),
            (wide, f"{root}.05.00\\Maker - Twice"): values("Twice", x64),
            (wide, f"{root}.04.04\\Maker - Twice"): values("Twice", x64),
            (wide, f"{root}\\Maker - Twice"): values("Twice", x64),
            (wide, f"{root}.04.04\\Maker - Truck"): values("Truck", x64, CAN=0, ISO15765=0, J1850VPW=1),
            (wide, f"{root}.04.04\\Maker - Quoted"): {"NAME": "Quoted", "functionlibrary": f' "{x64}" '},
        }
    )
    found = installed(registry=registry, platform="win32")
    by_name: dict[str, list[Any]] = {}
    for each in found:
        by_name.setdefault(each.name, []).append(each)
    assert sorted(by_name) == ["Both", "Gone", "Half", "Narrow", "New", "Old", "Quoted", "Truck", "Twice"]
    assert [Path(each.library).name for each in by_name["Both"]] == ["x64.dll", "x86.dll"]
    assert "32 bit (x86)" in by_name["Narrow"][0].problem and "python32" in by_name["Narrow"][0].advice
    assert "names no library" in by_name["Half"][0].problem and "(32 bit view)" in by_name["Half"][0].problem
    assert "is not there" in by_name["Gone"][0].problem
    assert "API 05.00 only" in by_name["New"][0].problem
    assert by_name["Old"][0].api == "02.02" and "32 bit" in by_name["Old"][0].problem
    assert [(each.api, each.problem) for each in by_name["Twice"]] == [("04.04", "")]
    assert by_name["Quoted"][0].library == str(x64)
    assert by_name["Both"][0].protocols == {"CAN", "ISO15765"}
    assert by_name["Both"][1].settings["ConfigApplication"] == "setup.exe"
    for each in found:
        info = each.info()
        assert info.kind is DeviceKind.J2534 and info.usable == (not each.problem) and info.verdict
    assert find("narrow", registry=registry, platform="win32").name == "Narrow"
    with pytest.raises(DriverMissing, match="Narrow: the library is 32 bit"):
        find("Narrow", registry=registry, platform="win32").usable_library()
    assert installed(registry=FakeRegistry({}), platform="win32") == []


def test_machines_are_read_before_loading(tmp_path: Path, compiler: Compiler) -> None:
    assert loading_problem(compiler.library()) == ("", "")
    assert "32 bit (x86)" in loading_problem(pe(tmp_path / "a.dll", 0x014C), platform="win32")[0]
    assert "but a 32 bit one (x86)" in loading_problem(pe(tmp_path / "a.dll", 0x014C))[0]
    assert "32 bit (x86)" in loading_problem(elf32(tmp_path / "elf32.so"))[0]
    for content in (b"", b"MZ", b"MZ".ljust(64, b"\xff"), b"\x7fELF", b"#!/bin/sh\n"):
        (tmp_path / "x.so").write_bytes(content)
        assert "no library for this system" in loading_problem(tmp_path / "x.so")[0]
    assert "cannot be read" in loading_problem(tmp_path)[0]


def test_the_folder_reports_bad_files(tmp_path: Path, compiler: Compiler, monkeypatch: pytest.MonkeyPatch) -> None:
    library = compiler.library()
    good = {"NAME": "Good", "VENDOR": "Maker", "FUNCTION_LIB": str(library), "COM-PORT": "/dev/tty1", "CAN": True}
    monkeypatch.setenv("HOME", str(library.parent))
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "tilde.json").write_text(json.dumps({**good, "NAME": "Tilde", "FUNCTION_LIB": f"~/{library.name}"}))
    (tmp_path / "lost.json").write_text(json.dumps({**good, "NAME": "Lost", "FUNCTION_LIB": "/nowhere/x.so"}))
    (tmp_path / "nothing.json").write_text(json.dumps({"NAME": "Nothing"}))
    (tmp_path / "torn.json").write_text('{"NAME": "To')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "deep.json").write_text("[" * 60000)
    (tmp_path / "binary.json").write_bytes(bytes(range(256)))
    (tmp_path / "folder.json").mkdir()
    found = {each.name: each for each in installed(tmp_path, platform="linux")}
    assert {name for name, each in found.items() if not each.problem} == {"Good", "Tilde"}
    assert found["Good"].settings["COM-PORT"] == "/dev/tty1"
    assert Path(found["Tilde"].library) == library
    assert "is not there" in found["Lost"].problem and "names no library" in found["Nothing"].problem
    for name in ("torn", "list", "deep", "binary", "folder"):
        assert f"{name}.json cannot be used" in found[name].problem, found[name]
    assert [each.problem == "" for each in installed(tmp_path, platform="linux")][:2] == [True, True]
    assert find("GOOD", tmp_path, platform="linux").usable_library() == library
    with pytest.raises(VciNotFound, match=r"'Other'.*Good"):
        find("Other", tmp_path, platform="linux")
    assert installed(tmp_path / "none", platform="linux") == []


def test_the_uri() -> None:
    uri = VciUri.parse("j2534:Box%20A?bitrate=250000&mode=can&doip=10.0.0.1:13400&library=/a/b.so")
    assert (uri.kind, uri.device, uri.bitrate) == (DeviceKind.J2534, "Box A", 250000)
    assert (uri.options, uri.doip_host) == ({"mode": "can", "library": "/a/b.so"}, "10.0.0.1")
    for text in ("j2534:", "j2534:%20x", "j2534:a?mode=x", "j2534:a?fd=1", "j2534:a?bitrate=0", "j2534:a%0Ab"):
        with pytest.raises(UsageError):
            VciUri.parse(text)
    info = next(iter(installed(Path("/nonexistent"), platform="linux")), None)
    assert info is None and Transport.CAN in Transport
