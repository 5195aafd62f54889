"""The garage's files as the product itself sees them: compiled by the catalogue, alive in the garage's units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.catalogue import Catalogue, load
from core.catalogue.catalogue import identifying_dids
from core.catalogue.coding import decode_items, factory_meanings
from core.catalogue.model import FlashPolicy, usual_policy
from core.simulation import vehicle_files
from core.simulation.ecu.memory import read_header
from core.simulation.garage import Garage
from core.simulation.pdx_writer.odx.coding import factory_text
from core.simulation.pdx_writer.odx.services import all_services
from core.simulation.pdx_writer.tables.kinds_drive import SUPPLY
from core.simulation.pdx_writer.tables.model import UDS, Can, Unit, Vehicle
from core.simulation.pdx_writer.tables.vehicles import CAR_MIXED, VAN, VEHICLES
from core.vocabulary import Addressing, CanAddress, DoipAddress, EuroClass

EURO = {member.value.upper(): member for member in EuroClass}

each_vehicle = pytest.mark.parametrize("vehicle", VEHICLES, ids=lambda vehicle: vehicle.name)
each_unit = pytest.mark.parametrize(
    ("vehicle", "unit"), [pytest.param(v, u, id=f"{v.name}-{u.name}") for v in VEHICLES for u in v.units]
)

each_uds_vehicle = pytest.mark.parametrize("vehicle", [v for v in VEHICLES if v.units[0].protocol == UDS],
                                           ids=lambda vehicle: vehicle.name)  # fmt: skip
each_uds_unit = pytest.mark.parametrize(
    ("vehicle", "unit"),
    [pytest.param(v, u, id=f"{v.name}-{u.name}") for v in VEHICLES for u in v.units if u.protocol == UDS],
)

Ask = Callable[[str, str], bytes]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="module")
def catalogue(cache: Path) -> Catalogue:
    loaded = load([vehicle_files.pdx_path(vehicle.name) for vehicle in VEHICLES], cache)
    assert loaded.problems == ()
    assert [note for file in loaded.files for note in file.notes] == []
    return loaded


def _garage(name: str, cache: Path) -> tuple[Garage, Ask]:
    """A garage that stands on the bench, and a way to ask its units: seconds pass only while a unit works."""
    now = [0.0]
    data, initial = vehicle_files.garage_data(name, cache), vehicle_files.initial_state(name)
    garage = Garage(name, data, initial, clock=lambda: now[0])

    def ask(unit: str, request: str) -> bytes:
        server = garage.unit(unit).server
        server.receive(bytes.fromhex(request), now[0])
        for _ in range(1000):
            for _, answer in server.answers(now[0]):
                if answer[0] != 0x7F or answer[2] != 0x78:
                    return answer
            deadline = server.next_deadline()
            assert deadline is not None, f"{unit} never answered {request}"
            now[0] = max(now[0], deadline)
            server.handle_timeout(now[0])
        raise AssertionError(f"{unit} only ever asked for time")

    return garage, ask


def _can_address(can: Can) -> CanAddress:
    functional = 0x18DB33F1 if can.is_29_bit else 0x7DF
    if can.extension is None:
        return CanAddress(can.tx, can.rx, can.is_29_bit, functional=functional, is_fd=can.fd)
    return CanAddress(
        can.tx, can.rx, can.is_29_bit, Addressing.EXTENDED, *can.extension, functional, functional_extension=0xFE
    )


class TestCompiled:
    @each_vehicle
    def test_vehicle(self, vehicle: Vehicle, catalogue: Catalogue) -> None:
        found = catalogue.vehicle_for(vehicle.vin)
        assert found is not None
        assert (found.name, found.title) == (vehicle.name, vehicle.title)
        assert found.euro_class is EURO[vehicle.euro_class]
        assert found.product_group == vehicle.product_group
        assert found.units == tuple(unit.name for unit in vehicle.units)
        assert (found.doip_only, found.doip_gateway) == (vehicle.doip_only, vehicle.gateway)

    @each_unit
    def test_unit(self, vehicle: Vehicle, unit: Unit, catalogue: Catalogue) -> None:
        info = catalogue.unit(unit.name, vehicle.name)
        assert (info.title, info.protocol) == (unit.kind.title, unit.protocol)
        if isinstance(unit.address, Can):
            assert info.addresses == (replace(_can_address(unit.address), protocol=unit.protocol),)
        else:
            assert info.addresses == (DoipAddress(unit.address.logical, 0xE400),)
        assert (info.timing.p2, info.timing.s3_client) == (pytest.approx(1.0, abs=1.0), 2.0)
        applications = 3 if unit.newer_series else 2
        assert [v.is_boot for v in info.variants] == [False] * applications + [True]
        kinds = [(ident.did, ident.kind) for ident in info.idents]
        assert kinds == [
            (unit.identifier(did), kind) for did, kind in (
                (0xF190, "vin"), (0xF191, "hardware"), (0xF189, "software"),
                (0xF187, "part"), (0xF18C, "serial"), (0xF180, "boot"),
            )
        ]  # fmt: skip
        if unit.protocol == UDS:
            assert {(d.code, d.display, d.text) for d in info.dtcs} == {
                (row.code, row.display, row.text) for row in unit.kind.troubles
            }

    @each_unit
    def test_coding(self, vehicle: Vehicle, unit: Unit, catalogue: Catalogue) -> None:
        records = catalogue.unit(unit.name, vehicle.name).coding
        rows = [(row.name, unit.identifier(row.did), row.length) for row in unit.kind.records]
        assert [(r.name, r.did, r.length) for r in records] == rows
        for record, row in zip(records, unit.kind.records, strict=True):
            assert (record.factory, record.session, record.security_level) == (
                row.factory_bytes(), usual_policy(unit.protocol).extended_session, 0x01)  # fmt: skip
            for item, option in zip(record.items, row.options, strict=True):
                assert (item.name, item.byte, item.bit, item.bit_length) == (
                    option.name, option.byte, option.bit, option.bits)  # fmt: skip
                assert tuple(choice.meaning for choice in item.choices) == option.choices
                assert item.factory == option.factory
                if not option.choices:
                    limits = (option.low * option.factor + option.offset, option.high * option.factor + option.offset)
                    assert (item.minimum, item.maximum) == pytest.approx(limits)
                    assert item.unit == option.unit
            shown = {option.name: factory_text(option) for option in row.options}
            assert {name: text.split(" ")[0] for name, text in factory_meanings(record).items()} == {
                name: text.split(" ")[0] for name, text in shown.items()
            }
            assert decode_items(record, row.car_bytes()).keys() == shown.keys()

    @each_unit
    def test_flash_sessions(self, vehicle: Vehicle, unit: Unit, catalogue: Catalogue) -> None:
        sessions = catalogue.flash_sessions(unit.name, vehicle.name)
        assert [session.own_software for session in sessions] == [unit.installed, unit.newest]
        for session in sessions:
            assert session.hardware == unit.hardware
            assert {ident.did: ident.values for ident in session.expected_idents} == {
                unit.identifier(0xF191): unit.hardware,
                unit.identifier(0xF189): (*unit.versions, unit.boot_software),
            }
            spans = [(block.segments[0].start, block.size) for block in session.blocks]
            assert spans == [(block.start, block.size) for block in unit.blocks]
            for block in session.blocks:
                image = catalogue.image(session, block)
                assert len(image.segments) == 1 and image.sha256 == block.sha256
                (checksum,) = block.checksums
                assert (checksum.algorithm, checksum.result) == ("CRC32", image.crc32)
            first = read_header(catalogue.image(session, session.blocks[0]).segments[0].data)
            assert first is not None and first.software == session.own_software

    @each_unit
    def test_policy_says_only_what_differs(self, vehicle: Vehicle, unit: Unit, catalogue: Catalogue) -> None:
        policy = catalogue.flash_sessions(unit.name, vehicle.name)[-1].policy
        default = usual_policy(unit.protocol)
        differing = {
            name.upper().replace("_", "-")
            for name in FlashPolicy.__dataclass_fields__
            if getattr(policy, name) != getattr(default, name)
        }
        assert differing == set(unit.policy)

    @each_uds_unit
    def test_services_encode_and_are_described(self, vehicle: Vehicle, unit: Unit, catalogue: Catalogue) -> None:
        info = catalogue.unit(unit.name, vehicle.name)
        known = {name for variant in info.variants for name in variant.services}
        assert known == {service.name for service in all_services(unit)}
        variant = catalogue.variant(info, f"APPL_{unit.series}")
        for row in unit.kind.measurements:
            assert variant.service(f"{row.name}_Read").encode() == b"\x22" + row.did.to_bytes(2, "big")


class TestAlive:
    """The garage answers with what the TOML says, and the catalogue understands it."""

    @each_uds_vehicle
    def test_every_unit_is_recognised_and_identified(self, vehicle: Vehicle, catalogue: Catalogue, cache: Path) -> None:
        _, ask = _garage(vehicle.name, cache)
        for unit in vehicle.units:
            info = catalogue.unit(unit.name, vehicle.name)
            answers = {did: ask(unit.name, f"22{did:04X}")[3:] for did in identifying_dids(info)}
            variant = catalogue.match_variant(info, answers)
            assert variant is not None and variant.name == f"APPL_{unit.series}"
            idents = {ident.kind: ask(unit.name, f"22{ident.did:04X}")[3:].decode() for ident in info.idents}
            assert idents == {
                "vin": vehicle.vin,
                "hardware": unit.hardware[-1],
                "software": unit.installed,
                "part": unit.part,
                "serial": unit.serial,
                "boot": unit.boot_software,
            }

    @each_uds_vehicle
    def test_values_coding_and_faults_decode(self, vehicle: Vehicle, catalogue: Catalogue, cache: Path) -> None:
        _, ask = _garage(vehicle.name, cache)
        for unit in vehicle.units:
            info = catalogue.unit(unit.name, vehicle.name)
            codec = catalogue.variant(info, f"APPL_{unit.series}")
            for row in unit.kind.measurements:
                decoded = codec.decode(ask(unit.name, f"22{row.did:04X}"), requests=False).values
                raw = row.raw - (1 << row.bits) if row.signed and row.raw >> (row.bits - 1) else row.raw
                raw *= 2 if row is SUPPLY and vehicle.is_24_volt else 1
                assert decoded[row.name] == pytest.approx(raw * row.factor + row.offset)
            for record, table in zip(info.coding, unit.kind.records, strict=True):
                assert ask(unit.name, f"22{record.did:04X}")[3:] == table.car_bytes()
            listed = codec.decode(ask(unit.name, "1902FF"), requests=False).values["DTCs"]
            present = {row.display for row in unit.present}
            assert {entry["DTC"].display for entry in listed} == present
            for row in unit.kind.troubles:
                if row.display in present:
                    _frames_are_read(codec, ask, unit, row.code, row.display)

    @each_uds_vehicle
    def test_the_fingerprint_of_an_unprogrammed_unit_decodes(
        self, vehicle: Vehicle, catalogue: Catalogue, cache: Path
    ) -> None:
        _, ask = _garage(vehicle.name, cache)
        for unit in vehicle.units:
            codec = catalogue.variant(catalogue.unit(unit.name, vehicle.name), f"APPL_{unit.series}")
            answer = ask(unit.name, "22F15A")
            assert answer == b"\x62\xf1\x5a" + b"\xff" * 9
            assert {"Year", "Month", "Day", "WorkshopCode"} <= set(codec.decode(answer, requests=False).values)

    def test_a_new_series_is_another_variant(self, catalogue: Catalogue, cache: Path) -> None:
        """The van's newest engine software belongs to another ECU variant: the unit says so when it runs."""
        garage, ask = _garage("van", cache)
        info = catalogue.unit("ENGINE", VAN.name)
        newest = catalogue.flash_sessions("ENGINE", VAN.name)[-1]
        memory = garage.unit("ENGINE").state.memory
        for block, region in zip(newest.blocks, memory.regions, strict=True):
            (segment,) = catalogue.image(newest, block).segments
            region.restore(segment.data, True, (region.start, region.end))
        assert ask("ENGINE", "22F189")[3:] == b"2810.00" and ask("ENGINE", "22F100") == bytes.fromhex("62F1002810")
        answers = {did: ask("ENGINE", f"22{did:04X}")[3:] for did in identifying_dids(info)}
        variant = catalogue.match_variant(info, answers)
        assert variant is not None and variant.name == "APPL_2810"

    def test_boot_loader_is_recognised(self, catalogue: Catalogue, cache: Path) -> None:
        garage, ask = _garage("car-mixed", cache)
        ask("ENGINE", "1003")
        ask("ENGINE", "1002")
        info = catalogue.unit("ENGINE", CAR_MIXED.name)
        answers = {did: ask("ENGINE", f"22{did:04X}")[3:] for did in identifying_dids(info)}
        variant = catalogue.match_variant(info, answers)
        assert garage.unit("ENGINE").server.in_boot
        assert variant is not None and variant.name == "BOOT_ENGINE" and variant.is_boot


def _frames_are_read(codec: Any, ask: Ask, unit: Unit, code: int, display: str) -> None:
    frame = codec.decode_dtc_environment(ask(unit.name, f"1904{code:06X}FF"))
    assert [(value.name, value.unit) for value in frame] == [
        ("Mileage", "km"), ("Supply voltage", "V"), ("Vehicle speed", "km/h")]  # fmt: skip
    counters = codec.decode_dtc_environment(ask(unit.name, f"1906{code:06X}FF"))
    occurrences = next(row.occurrences for row in unit.present if row.display == display)
    assert [(value.name, value.value) for value in counters] == [("Times seen", str(occurrences))]
