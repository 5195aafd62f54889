"""Plans, images and orders of several units on the garage: every format, unknown units, side by side, the twin."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import bincopy
import pytest

from core.catalogue import load
from core.errors import DataInvalid, DataMissing, JobCancelled, JobInterrupted, OrderIncomplete, PreconditionNotMet
from core.events import Event, Noted, ProgressMade, StepStarted
from core.simulation.garage import Garage
from core.simulation.vehicle_files import pdx_path
from core.vocabulary import CanAddress, FlashWish
from core.workbench import Workbench
from core.workbench.data import DataShelf
from tests.diagnosis.garage_help import PATIENCE, garage_of, restored, wait_until, when

Files = dict[str, Path]


def image_of(car: str, unit: str, cache: Path) -> bincopy.BinFile:
    """The newest flashware of a unit, as somebody else's tool would write it."""
    catalogue = load([pdx_path(car)], cache)
    session = catalogue.flash_sessions(unit, car)[-1]
    file = bincopy.BinFile()
    for image in catalogue.images(session).values():
        for segment in image.segments:
            file.add_binary(segment.data, address=segment.start)
    return file


@pytest.fixture
def free_bus() -> str:
    """A multicast bus of its own: every group hears every other on the same port (page 5)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("", 0))
        return f"udp_multicast/239.74.163.79?port={probe.getsockname()[1]}"


@pytest.fixture
def body(workbench: Workbench, tmp_path: Path, compiled_cache: Path) -> Files:
    """The body controller's plan and its image in three formats."""
    image, files = image_of("car-mixed", "BODY", compiled_cache), {}
    for name, content in (
        ("body.hex", image.as_ihex().encode()),
        ("body.s19", image.as_srec().encode()),
        ("body.bin", bytes(image.as_binary())),
        ("body.toml", workbench.plan_of([pdx_path("car-mixed")], "body").encode()),
    ):
        files[name.partition(".")[2]] = tmp_path / name
        files[name.partition(".")[2]].write_bytes(content)
    return files


def flash_memory(garage: Garage) -> list[Any]:
    """Every byte of flash, coding and trouble codes of the car."""
    kept = []
    for unit in garage.units:
        state = unit.state
        regions = [(region.start, bytes(region.data), region.valid) for region in state.memory.regions]
        kept.append((unit.name, regions, dict(state.coding), state.fingerprint, dict(state.wrong_keys)))
    return kept


# -- images with a plan


@pytest.mark.parametrize("kind", ["hex", "s19", "bin"])
def test_an_image_and_a_plan_without_a_pdx(workbench: Workbench, body: Files, kind: str) -> None:
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        known = vehicle.flash_preview("BODY").wait(PATIENCE)
        result = vehicle.flash(flashware=f"{body['toml']}#{body[kind]}").wait(PATIENCE)
        assert (result.unit, result.result, result.sha256) == ("BODY", "flashed", known.sha256)
        assert result.software_after == known.software_after
        wait_until(lambda: restored(garage_of(vehicle)))
        assert vehicle.flash("BODY").wait(PATIENCE).result == "up-to-date"


@pytest.mark.usefixtures("papers")
def test_a_unit_that_no_data_know_on_a_served_car(
    workbench: Workbench, body: Files, monkeypatch: pytest.MonkeyPatch, free_bus: str
) -> None:
    """Neither the vehicle nor the unit is in the catalogue: all comes from the plan, the address from the command."""
    text = body["toml"].read_text(encoding="utf-8").replace('name = "BODY"', 'name = "MYSTERY"')
    text = re.sub(r"^(tx|rx) = .*\n", "", text, flags=re.MULTILINE)
    body["toml"].write_text(text, encoding="utf-8")
    with workbench.serve_garage("car-mixed", can=free_bus) as running:
        monkeypatch.setattr(DataShelf, "files", lambda self: [])
        with workbench.connect(f"can:{free_bus}", hosted=False) as vehicle:
            flashware, place = f"{body['toml']}#{body['hex']}", CanAddress(0x7E4, 0x7EC)
            with pytest.raises(DataMissing):
                vehicle.flash("BODY").wait(PATIENCE)
            with pytest.raises(DataMissing, match="does not say where it is"):
                vehicle.flash("", flashware).wait(PATIENCE)
            preview = vehicle.flash_preview(place, flashware, twin=True).wait(PATIENCE)
            assert preview.twin is not None and not preview.twin.there
            result = vehicle.flash(place, flashware).wait(PATIENCE)
            assert (result.unit, result.result) == ("MYSTERY", "flashed")
            assert vehicle.flash(place, flashware).wait(PATIENCE).result == "up-to-date"
            unclassed = text.replace('euro_class = "EURO 6"', 'euro_class = "unknown"')
            body["toml"].write_text(unclassed, encoding="utf-8")
            with pytest.raises(DataMissing) as caught:
                vehicle.flash(place, flashware, force=True).wait(PATIENCE)
            assert "euro_class" in caught.value.advice
        assert running.garage.unit("BODY").state.memory.regions[0].valid


@pytest.mark.parametrize("change", ["bit", "cut", "other"])
def test_a_damaged_or_foreign_image_is_refused_before_the_erase(
    workbench: Workbench, body: Files, change: str, compiled_cache: Path
) -> None:
    content = bytearray(body["bin"].read_bytes())
    if change == "bit":
        content[len(content) // 2] ^= 0x10
    elif change == "cut":
        del content[-7:]
    else:
        content = bytearray(bytes(image_of("car-doip", "BODY", compiled_cache).as_binary())[: len(content)])
    body["bin"].write_bytes(content)
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        before = flash_memory(garage_of(vehicle))
        with pytest.raises((PreconditionNotMet, DataInvalid)):
            vehicle.flash(flashware=f"{body['toml']}#{body['bin']}").wait(PATIENCE)
        assert flash_memory(garage_of(vehicle)) == before


def test_an_interrupted_flash_by_plan_is_recovered_with_its_plan(workbench: Workbench, body: Files) -> None:
    flashware = f"{body['toml']}#{body['hex']}"
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        vehicle.set_faults(["BODY:nrc-72@2"])
        with pytest.raises(JobInterrupted):
            vehicle.flash("", flashware).wait(PATIENCE)
        assert [left.unit for left in workbench.unfinished()] == ["BODY"]
        vehicle.set_faults([])
        assert vehicle.recover("BODY").wait(PATIENCE).result == "flashed"
        assert not workbench.unfinished()


def test_an_interrupted_flash_with_a_plan_for_the_data_is_recovered_with_it(workbench: Workbench, body: Files) -> None:
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        vehicle.set_faults(["BODY:nrc-72@2"])
        with pytest.raises(JobInterrupted):
            vehicle.flash("", str(body["toml"])).wait(PATIENCE)
        (left,) = workbench.unfinished()
        assert left.file == str(body["toml"]) and left.flashware == "BODY_3004_21"
        vehicle.set_faults([])
        assert vehicle.recover("BODY").wait(PATIENCE).result == "flashed"


# -- the twin


def test_a_dry_run_flashes_the_twin_and_nothing_else(workbench: Workbench) -> None:
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        garage = garage_of(vehicle)
        before = flash_memory(garage)
        preview = vehicle.flash_preview("BODY", twin=True).wait(PATIENCE)
        assert preview.twin is not None and preview.twin.there and preview.twin.ok
        assert f"{preview.software_before} -> {preview.software_after}" in preview.twin.words
        assert any("Each block is erased" in line for line in preview.plan)
        assert flash_memory(garage) == before
        told = [event for event in workbench.stream.drain() if isinstance(event, StepStarted)]
        assert any(event.step == "twin/BODY/transfer-1" for event in told)
        assert vehicle.flash("BODY").wait(PATIENCE).result == "flashed"
        assert vehicle.flash_preview("BODY", twin=True).wait(PATIENCE).twin is not None


def test_a_plan_that_its_unit_does_not_take_fails_on_the_twin_first(workbench: Workbench, body: Files) -> None:
    text = body["toml"].read_text(encoding="utf-8")
    body["toml"].write_text(text.replace('form = "number"', 'form = "empty"', 1), encoding="utf-8")
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        before = flash_memory(garage_of(vehicle))
        preview = vehicle.flash_preview("", f"{body['toml']}#{body['hex']}", twin=True).wait(PATIENCE)
        assert not any(check.ok is False for check in preview.checks)
        assert preview.twin is not None and not preview.twin.ok and "BODY" in preview.twin.words
        assert flash_memory(garage_of(vehicle)) == before


def test_a_red_line_is_not_tried_on_the_twin(workbench: Workbench) -> None:
    with workbench.connect("sim:car-old", hosted=False) as vehicle:
        preview = vehicle.flash_preview("BODY", twin=True).wait(PATIENCE)
        assert preview.twin is not None and not preview.twin.ok and "red line" in preview.twin.words


# -- several units


def overlaps(events: list[Event], one: str, other: str) -> bool:
    """Whether `other` began while `one` was still at it."""
    names = [event.step.partition("/")[0] for event in events if isinstance(event, StepStarted)]
    first, last = names.index(one), len(names) - 1 - names[::-1].index(one)
    return first < names.index(other) < last or names.index(other) < first < len(names) - 1 - names[::-1].index(other)


def test_units_on_doip_are_flashed_side_by_side_over_one_socket(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip", hosted=False) as vehicle:
        preview = vehicle.flash_order_preview([FlashWish("BODY"), FlashWish("brakes")]).wait(PATIENCE)
        assert preview.groups == (("BODY", "BRAKES"),)
        workbench.stream.drain()
        result = vehicle.flash_order([FlashWish("BODY"), FlashWish("brakes")]).wait(PATIENCE)
        assert [(unit.unit, unit.result) for unit in result.units] == [("BODY", "flashed"), ("BRAKES", "flashed")]
        assert all(unit.flash is not None and unit.flash.pending_responses > 0 for unit in result.units)
        assert overlaps(workbench.stream.drain(), "BODY", "BRAKES")
        wait_until(lambda: restored(garage_of(vehicle)))
        after = vehicle.flash_order([FlashWish("BODY"), FlashWish("BRAKES")]).wait(PATIENCE)
        assert after.result == "up-to-date"


def test_units_on_can_are_flashed_one_after_another(workbench: Workbench, body: Files) -> None:
    wishes = [FlashWish("BRAKES"), FlashWish("", f"{body['toml']}#{body['s19']}")]
    with workbench.connect("sim:car-mixed", hosted=False) as vehicle:
        preview = vehicle.flash_order_preview(wishes, twin=True).wait(PATIENCE)
        assert preview.groups == (("BRAKES",), ("BODY",))
        assert preview.twin is not None and preview.twin.ok, preview.twin
        workbench.stream.drain()
        result = vehicle.flash_order(wishes).wait(PATIENCE)
        assert result.result == "flashed" and not overlaps(workbench.stream.drain(), "BRAKES", "BODY")
        wait_until(lambda: restored(garage_of(vehicle)))


def test_a_failing_unit_stops_its_dependents_and_is_recovered(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip", hosted=False) as vehicle:
        vehicle.set_faults(["BRAKES:nrc-72@5"])
        wishes = [FlashWish(name) for name in ("DRIVERASSIST", "BRAKES", "BODY")]
        with pytest.raises(OrderIncomplete) as caught:
            vehicle.flash_order(wishes).wait(PATIENCE)
        result = caught.value.result
        assert result is not None
        kinds = {unit.unit: unit.result for unit in result.units}
        assert kinds == {"BRAKES": "failed", "BODY": "flashed", "DRIVERASSIST": "not-done"}
        assert any("BRAKES has no valid software" in text for text in result.not_drivable)
        said = [event.text for event in workbench.stream.drain() if isinstance(event, Noted)]
        assert any("DRIVERASSIST was not flashed" in text for text in said)
        assert [left.unit for left in workbench.unfinished()] == ["BRAKES"]
        wait_until(lambda: restored(garage_of(vehicle)))
        vehicle.set_faults([])
        assert vehicle.recover("BRAKES").wait(PATIENCE).result == "flashed"
        assert not workbench.unfinished()


def test_a_cancelled_order_ends_every_unit_safely(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip", hosted=False) as vehicle:
        vehicle.identify().wait(PATIENCE)
        jobs: list[Any] = []

        def sending(event: Event) -> bool:
            return isinstance(event, ProgressMade) and event.step.startswith("DRIVE/transfer") and event.done > 0

        with when(workbench, sending, lambda: jobs[0].cancel()):
            jobs.append(vehicle.flash_order([FlashWish("DRIVE"), FlashWish("BODY"), FlashWish("GATEWAY")]))
            with pytest.raises(JobCancelled, match="not done") as caught:
                jobs[0].wait(PATIENCE)
        assert "DRIVE" in caught.value.message
        wait_until(lambda: restored(garage_of(vehicle)))
        left = {entry.unit for entry in workbench.unfinished()}
        assert "DRIVE" in left
        again = vehicle.flash_order([FlashWish("DRIVE"), FlashWish("BODY")], force=True).wait(PATIENCE)
        assert again.result == "flashed" and not workbench.unfinished()


def test_no_names_mean_all_units(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip", hosted=False) as vehicle:
        preview = vehicle.flash_order_preview().wait(PATIENCE)
        assert preview.groups == (("GATEWAY",), ("DRIVE", "BRAKES", "BODY", "HEADUNIT"), ("DRIVERASSIST",))


def test_the_plan_of_a_session_as_text(workbench: Workbench) -> None:
    with workbench.connect("sim:car-doip", hosted=False) as vehicle:
        text = vehicle.flash_plan("driverassist").wait(PATIENCE)
        assert 'depends_on = ["BRAKES"]' in text and "parallel = true" in text
    assert text == workbench.plan_of([pdx_path("car-doip")], "DRIVERASSIST")
    with pytest.raises(DataMissing, match="hold no flashware"):
        workbench.plan_of([pdx_path("car-doip")], "ENGINE")
