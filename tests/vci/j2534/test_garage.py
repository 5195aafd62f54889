"""The main job through compiled J2534 libraries: survey, flash and coding of a garage vehicle on the other end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import JobInterrupted, VciLost
from core.events import Noted
from core.simulation.serve import serve
from core.vci.uri import VciUri
from core.workbench import open_workbench
from core.workbench.hosts import device_names
from tests.campaign.rig import MULTICAST, free_port
from tests.diagnosis.garage_help import in_transfer, when
from tests.vci.j2534.support import Compiler, Wire, narrow_compiler
from tests.vci.j2534.test_device import wait_until

PATIENCE = 120.0
BITS32 = "32 bit"
UNITS = ["ENGINE", "TRANSMISSION", "BRAKES", "BODY", "HEADUNIT", "CLUSTER"]


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize(
    ("names", "query"),
    [
        ((), ""),
        (("U32",), ""),
        (("NO_ISO15765", "NO_IOCTL"), ""),
        (("ONE_CHANNEL", "QUIET", "NO_PERIODIC"), ""),
        (("V0202",), ""),
        ((), "&helper=yes"),
        (("U32", "QUIET"), "&helper=yes"),
        (("V0202", "NO_ISO15765"), "&helper=yes"),
        ((BITS32,), ""),
    ],
)
def test_survey_flash_and_coding(
    compiler: Compiler,
    wire: Wire,
    compiled_cache: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    query: str,
) -> None:
    """BITS32 is made for 32 bit and meets a real 32 bit Python, chosen by itself."""
    if BITS32 in names:
        compiler, names = narrow_compiler(compiler.folder, monkeypatch), ()
    folder = home / ".passthru"
    folder.mkdir()
    entry = {"NAME": "Test device", "FUNCTION_LIB": str(compiler.library(*names)), "CAN": True, "ISO15765": True}
    (folder / "test.json").write_text(json.dumps(entry))
    monkeypatch.setenv("HOME", str(home))
    with (
        serve("car-mixed", _channel(wire), ("127.0.0.1", 0), cache_directory=compiled_cache) as garage,
        open_workbench() as workbench,
    ):
        device = next(each for each in workbench.devices() if each.name == "Test device")
        assert (device.uri, device.usable) == ("j2534:Test%20device", True)
        with workbench.connect(f"{device.uri}?doip={garage.describe()['doip']}{query}", hosted=False) as vehicle:
            result = vehicle.survey().wait(PATIENCE)
            assert [unit.name for unit in result.units] == UNITS
            assert all(unit.software for unit in result.units)
            assert result.vin == garage.garage.vin
            assert result.voltage == (None if "NO_IOCTL" in names else 12.6)
            flashed = vehicle.flash("BODY").wait(PATIENCE)
            assert (flashed.result, flashed.software_after) == ("flashed", vehicle.flashware("BODY")[0].software)
            item = next(each for each in vehicle.coding_read("BODY").wait(PATIENCE).items if len(each.choices) > 1)
            wanted = next(choice for choice in item.choices if choice != item.now)
            vehicle.coding_write("BODY", {item.name: wanted}).wait(PATIENCE)
            now = {each.name: each.now for each in vehicle.coding_read("BODY").wait(PATIENCE).items}
            assert now[item.name] == wanted
            wait_until(lambda: all(unit.server.dtc_recording for unit in garage.garage.units))
        notices = [event.text for event in workbench.stream.drain() if isinstance(event, Noted)]
    assert notices


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize("mode", ["iso15765", "can"])
def test_a_plug_pulled_in_transfer_is_told_and_the_unit_is_flashed_again(
    compiler: Compiler, wire: Wire, compiled_cache: Path, mode: str
) -> None:
    uri = f"j2534:Test?library={compiler.library('U32')}&mode={mode}"
    with (
        serve("car-mixed", _channel(wire), cache_directory=compiled_cache),
        open_workbench() as workbench,
    ):
        with (
            workbench.connect(uri, hosted=False) as vehicle,
            when(workbench, in_transfer, wire.pull) as pulled,
            pytest.raises((VciLost, JobInterrupted)) as caught,
        ):
            vehicle.flash("BODY").wait(PATIENCE)
        assert pulled.is_set() and caught.value.advice
        with workbench.connect(uri, hosted=False) as vehicle:
            again = vehicle.flash("BODY").wait(PATIENCE)
            assert (again.result, again.software_after) == ("flashed", vehicle.flashware("BODY")[0].software)


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize("way", ["j2534", "j2534 helper", "udp_multicast"])
def test_an_older_series_over_every_way(compiler: Compiler, wire: Wire, compiled_cache: Path, way: str) -> None:
    """KWP2000 on CAN (car-das): survey, faults, flash and coding."""
    helper = "&helper=yes" if "helper" in way else ""
    uri, bus = f"j2534:Test?library={compiler.library()}{helper}", _channel(wire)
    if way == "udp_multicast":
        uri = f"can:udp_multicast/{MULTICAST}?port={free_port()}"
        bus = VciUri.parse(uri)
    with (
        serve("car-das", bus, cache_directory=compiled_cache),
        open_workbench() as workbench,
        workbench.connect(uri, hosted=False) as vehicle,
    ):
        result = vehicle.survey().wait(PATIENCE)
        assert len(result.units) >= 3 and all(unit.software for unit in result.units)
        unit = next(each.name for each in reversed(vehicle.units) if each.flashable and each.codable)
        assert vehicle.faults(unit).wait(PATIENCE) is not None
        flashed = vehicle.flash(unit).wait(PATIENCE)
        assert (flashed.result, flashed.software_after) == ("flashed", vehicle.flashware(unit)[0].software)
        item = next(each for each in vehicle.coding_read(unit).wait(PATIENCE).items if len(each.choices) > 1)
        wanted = next(choice for choice in item.choices if choice != item.now)
        vehicle.coding_write(unit, {item.name: wanted}).wait(PATIENCE)
        now = {each.name: each.now for each in vehicle.coding_read(unit).wait(PATIENCE).items}
        assert now[item.name] == wanted


def _channel(wire: Wire) -> VciUri:
    return VciUri.parse(f"can:virtual/{wire.channel}")


def test_a_host_knows_the_device_whatever_the_parameters() -> None:
    both = device_names("j2534:Box%20A?mode=can"), device_names("j2534:box%20a?bitrate=250000")
    assert both[0] == both[1] != device_names("j2534:Box%20B")
