"""`passbay support` in a process of its own: pages by code, search, contacts, and a bundle made during a flash."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.cli.support import passbay


def test_pages_and_search() -> None:
    page = passbay("support", "page", "2221-47", "--json")
    assert page.code == 0, page.stderr
    assert page.last["title"].startswith("2221-47")
    assert "nrc-0x31" in passbay("support", "search", "requestOutOfRange").stdout
    assert passbay("support", "search", "nosuchwordanywhere").code == 1
    assert passbay("support", "page", "nothing-of-this-name").code == 1


def test_contacts_say_what_is_not_supported() -> None:
    found = passbay("support", "contacts", "--json")
    assert found.code == 0, found.stderr
    assert len(found.last["contacts"]) == 2
    assert all(row["hours"] for row in found.last["contacts"])
    assert len(found.last["not_supported"]) == 2


def test_a_bundle_made_during_a_flash_holds_no_vin_and_no_name(tmp_path: Path) -> None:
    """The VIN is looked for as text, as hex and in the frames of the bus, whole and in parts of four bytes."""
    vin = "XPBMX2A0XR1000001"
    flash = subprocess.Popen(
        [sys.executable, "-m", "tui.entry", "flash", "--vci", "sim:car-mixed", "--ecu", "ENGINE", "--force", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "USER": "canarina", "LOGNAME": "canarina"},
    )  # fmt: skip
    try:
        assert flash.stdout is not None
        for line in flash.stdout:
            if '"transfer' in line:
                break
        target = tmp_path / "bundle.zip"
        made = passbay("support", "bundle", "--vci", "sim:car-mixed", "--out", str(target), "--json")
        assert made.code == 0, made.stderr
        assert made.last["left_out"] == []
    finally:
        flash.communicate(timeout=100)
    assert flash.returncode == 0
    with zipfile.ZipFile(target) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    assert {"about.json", "pc.json", "devices.json", "bus.pcapng"} <= set(contents)
    assert any(name.startswith("journal/") for name in contents)
    assert len(contents["bus.pcapng"]) > 10_000
    raw = vin.encode()
    for name, content in contents.items():
        lowered = content.lower()
        for canary in (raw.lower(), raw.hex().encode(), raw.hex(" ").encode(), b"canarina"):
            assert canary not in lowered, name
    bus = contents["bus.pcapng"]
    assert not any(raw[n : n + 4] in bus for n in range(1, 14))
