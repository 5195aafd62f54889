"""The garage's PDX files: written the same each time, and sound in the eyes of odxtools, which had no part in them."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from core.simulation.ecu.memory import read_header
from core.simulation.initial_state import read_initial_state
from core.simulation.pdx_writer import __main__ as writer
from core.simulation.pdx_writer.odx.flash import session_name
from core.simulation.pdx_writer.package import pack, pdx_entries
from core.simulation.pdx_writer.tables.model import UDS, Can, Unit, Vehicle
from core.simulation.pdx_writer.tables.vehicles import CAR_DOIP, CAR_MIXED, CAR_OLD, TRUCK, VEHICLES

BUNDLED = writer.DEFAULT_FOLDER
SIZES = {
    "car-mixed": {"ENGINE": 512, "TRANSMISSION": 256, "BRAKES": 64, "BODY": 8, "HEADUNIT": 4096, "CLUSTER": 1024},
    "car-doip": {"GATEWAY": 128, "DRIVE": 512, "BRAKES": 64, "BODY": 32, "HEADUNIT": 2048, "DRIVERASSIST": 1024},
    "car-old": {"ENGINE": 256, "BRAKES": 64, "BODY": 16},
    "car-das": {"ENGINE": 48, "BRAKES": 16, "BODY": 8, "CLUSTER": 12},
    "van": {"ENGINE": 64, "BRAKES": 32, "BODY": 8, "GATEWAY": 16, "CLUSTER": 16},
    "truck": {"ENGINE": 64, "TRANSMISSION": 32, "BRAKES": 16, "BODY": 8, "COORDINATOR": 128},
}

each_vehicle = pytest.mark.parametrize("vehicle", VEHICLES, ids=lambda vehicle: vehicle.name)


def _path(vehicle: Vehicle) -> Path:
    return BUNDLED / f"{vehicle.name}.pdx"


@pytest.fixture(scope="module")
def databases() -> dict[str, Any]:
    """Every bundled file as odxtools reads it; a warning is an error in this test run."""
    from odxtools.database import Database

    loaded = {}
    for vehicle in VEHICLES:
        database = Database(use_weakrefs=False)
        with _path(vehicle).open("rb") as file, zipfile.ZipFile(file) as archive:
            database.add_pdx_file(archive)
            for name, opened in list(database.auxiliary_files.items()):
                with opened:
                    database.auxiliary_files[name] = io.BytesIO(opened.read())
        database.refresh()
        loaded[vehicle.name] = database
    return loaded


def _every_unit() -> list[Any]:
    return [pytest.param(v, u, id=f"{v.name}-{u.name}") for v in VEHICLES for u in v.units]


each_uds_unit = pytest.mark.parametrize(
    ("vehicle", "unit"), [each for each in _every_unit() if each.values[1].protocol == UDS]
)
each_unit = pytest.mark.parametrize(("vehicle", "unit"), _every_unit())


class TestFiles:
    @each_vehicle
    def test_the_bundled_pdx_is_what_the_script_writes(self, vehicle: Vehicle) -> None:
        """Compared entry by entry: only the deflated bytes may differ where another zlib is at work."""
        entries = pdx_entries(vehicle)
        with zipfile.ZipFile(_path(vehicle)) as archive:
            assert archive.namelist() == list(entries)
            assert {name: archive.read(name) for name in entries} == entries
            assert {info.date_time for info in archive.infolist()} == {(2026, 11, 23, 12, 0, 0)}

    def test_the_same_bytes_on_every_run(self, tmp_path: Path) -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        assert writer.main([str(first)]) == writer.main([str(second)]) == 0
        names = sorted(path.name for path in first.iterdir())
        assert names == sorted(f"{v.name}.{kind}" for v in VEHICLES for kind in ("pdx", "toml"))
        for name in names:
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
        for vehicle in VEHICLES:
            toml = f"{vehicle.name}.toml"
            assert (first / toml).read_bytes() == (BUNDLED / toml).read_bytes()

    def test_the_repository_stays_small(self) -> None:
        assert sum(_path(vehicle).stat().st_size for vehicle in VEHICLES) < 1_950_000

    @each_vehicle
    def test_limits_for_a_pdx_are_kept(self, vehicle: Vehicle) -> None:
        """Page 5 of the plan: a file that inflates more than 100 fold or to 200 MB is refused by the product itself."""
        with zipfile.ZipFile(_path(vehicle)) as archive:
            infos = archive.infolist()
        assert max(info.file_size / info.compress_size for info in infos) < 100
        assert sum(info.file_size for info in infos) < 200_000_000

    @each_vehicle
    def test_the_index_names_every_file(self, vehicle: Vehicle) -> None:
        with zipfile.ZipFile(_path(vehicle)) as archive:
            index = ElementTree.fromstring(archive.read("index.xml"))
            listed = {entry.text for entry in index.iter("FILE")}
            assert listed == set(archive.namelist()) - {"index.xml"}

    @each_vehicle
    def test_every_odx_id_is_unique_in_its_document(self, vehicle: Vehicle) -> None:
        for name, data in pdx_entries(vehicle).items():
            if ".odx-" in name:
                ids = [element.get("ID") for element in ElementTree.fromstring(data).iter() if element.get("ID")]
                assert len(ids) == len(set(ids)), name

    def test_packing_keeps_what_it_was_given(self) -> None:
        entries = {"b.txt": b"second letter", "a.txt": b""}
        with zipfile.ZipFile(io.BytesIO(pack(entries))) as archive:
            assert [(name, archive.read(name)) for name in archive.namelist()] == list(entries.items())


_LIMITED = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))
from odxtools.loadfile import load_pdx_file
started, size = time.monotonic(), 0
database = load_pdx_file(sys.argv[1])
for flash in database.flashs:
    for data in flash.ecu_mems[0].mem.flashdatas:
        image = data.dataset
        size += len(image) if isinstance(image, bytearray) else sum(len(segment.data) for segment in image.segments)
print(size, time.monotonic() - started)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_AS exists on POSIX only")
def test_largest_file_fits_a_child_of_512_mib() -> None:
    result = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(_path(CAR_MIXED))], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 0, result.stderr
    size, seconds = result.stdout.split()
    assert int(size) == 2 * 1024 * sum(SIZES["car-mixed"].values())
    assert float(seconds) < 5.0


class TestUnits:
    @each_vehicle
    def test_units_and_their_variants(self, vehicle: Vehicle, databases: dict[str, Any]) -> None:
        database = databases[vehicle.name]
        assert sorted(layer.short_name for layer in database.base_variants) == sorted(SIZES[vehicle.name])
        for unit in vehicle.units:
            variants = [v.short_name for v in database.ecu_variants if v.base_variant.short_name == unit.name]
            newer = [f"APPL_{unit.newer_series}"] if unit.newer_series else []
            assert variants == [f"APPL_{unit.series}", f"APPL_{unit.older_series}", *newer, f"BOOT_{unit.name}"]
        more = sum(unit.newer_series is not None for unit in vehicle.units)
        assert len({v.short_name for v in database.ecu_variants}) == 3 * len(vehicle.units) + more

    @each_unit
    def test_addresses_by_odxtools_helpers(self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]) -> None:
        layer = databases[vehicle.name].base_variants[unit.name]
        assert layer.get_tester_present_time() == 2.0
        if isinstance(unit.address, Can):
            assert (layer.get_can_receive_id(), layer.get_can_send_id()) == (unit.address.tx, unit.address.rx)
            functional = 0x18DB33F1 if vehicle is TRUCK else 0x7DF
            assert (layer.get_can_func_req_id(), layer.get_can_baudrate()) == (functional, 500000)
            assert layer.uses_can_fd() == unit.address.fd
            assert layer.get_max_can_payload_size() == (64 if unit.address.fd else 8)
            assert layer.get_doip_logical_ecu_address() is None
        else:
            assert layer.get_doip_logical_ecu_address() == unit.address.logical
            assert layer.get_doip_logical_gateway_address() == 0x1000
            assert layer.get_doip_logical_functional_address() == 0xE400
            assert layer.get_doip_logical_tester_address() == 0x0E00
            assert layer.get_can_receive_id() is None

    @each_uds_unit
    def test_services_of_application_and_boot_loader(
        self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]
    ) -> None:
        variants = databases[vehicle.name].ecu_variants
        application = {s.short_name for s in variants[f"APPL_{unit.series}"].services}
        older = {s.short_name for s in variants[f"APPL_{unit.older_series}"].services}
        boot = {s.short_name for s in variants[f"BOOT_{unit.name}"].services}
        both = {"ProgrammingSession_Start", "HardReset", "TesterPresent", "VIN_Read", "ProgrammingAccess_SendKey"}
        faults = {"FaultMemory_ReadByStatus", "FaultMemory_ReadSnapshot", "FaultMemory_Clear", "CodingAccess_SendKey"}
        transfer = {"EraseMemory_Start", "RequestDownload", "TransferData", "RequestTransferExit", "CheckMemory_Start"}
        coding = {f"{record.name}_{way}" for record in unit.kind.records for way in ("Read", "Write")}
        assert both <= application and both <= boot
        assert faults | coding <= application and not (faults | coding) & boot
        assert transfer <= boot and not transfer & application
        assert application - older == {f"{unit.kind.measurements[-1].name}_Read"}

    def test_the_boot_loader_is_told_from_the_application(self, databases: dict[str, Any]) -> None:
        """By odxtools' own matcher, with what the garage's TOML lets the unit answer."""
        from odxtools.variantmatcher import VariantMatcher

        state = read_initial_state(BUNDLED / "car-mixed.toml").unit("ENGINE")
        variants = [v for v in databases["car-mixed"].ecu_variants if v.base_variant.short_name == "ENGINE"]
        for answer, expected in ((state.variant, "APPL_2063"), (state.boot_variant, "BOOT_ENGINE")):
            matcher = VariantMatcher(variants, use_cache=False)  # its cache wants to hash a bytearray
            for _, request in matcher.request_loop():
                matcher.evaluate(b"\x62" + request[1:3] + answer[int.from_bytes(request[1:3], "big")])
            matched = matcher.matching_variant
            assert matched is not None and matched.short_name == expected


def _exchanges() -> Iterator[Any]:
    """Layer, service, values of the request, request, answer, values of the answer that matter."""
    yield "APPL_2063", "ExtendedSession_Start", {}, "1003", "50030032 01F4", {"P2": 50, "P2Star": 5000}
    yield "APPL_2063", "VIN_Read", {}, "22F190", "62F190" + b"XPBMX".hex(), {"VIN": "XPBMX"}
    yield "APPL_2063", "EngineSpeed_Read", {}, "22F40C", "62F40C0C30", {"EngineSpeed": 780.0}
    yield "APPL_2063", "CoolantTemperature_Read", {}, "22F405", "62F4057F", {"CoolantTemperature": 87}
    yield "APPL_2063", "CodingAccess_SendKey", {"Key": b"\x01\x02"}, "27020102", "6702", {}
    yield "APPL_2063", "Communication_Disable", {}, "280301", "6803", {}
    yield "APPL_2063", "DTCSetting_Off", {}, "8502", "C502", {}
    yield "APPL_2063", "FaultMemory_Clear", {}, "14FFFFFF", "54", {}
    yield "APPL_2063", "Fingerprint_Read", {}, "22F15A", "62F15A261123" + b"PASSBA".hex(), {
        "Year": 26, "Month": 11, "Day": 23, "WorkshopCode": "PASSBA"}  # fmt: skip
    setup = {"StartStop": "on", "IdleSpeed": 800, "SpeedLimit": 250, "FuelGrade": "RON 95"}
    yield "APPL_2063", "EngineSetup_Write", {"Data": setup}, "2E01000150FA01", "6E0100", {}
    yield "APPL_2063", "EngineSetup_Read", {}, "220100", "6201000150FA01", {"Data": setup}
    yield "BOOT_ENGINE", "EraseMemory_Start", {"Block": 2}, "3101FF000102", "7101FF0000", {"RoutineStatus": "passed"}
    yield (
        "BOOT_ENGINE",
        "CheckMemory_Start",
        {"Block": 1, "Checksum": 0xDEADBEEF},
        "3101020201010004DEADBEEF",
        ("7101020201"),
        {"RoutineStatus": "failed"},
    )
    yield (
        "BOOT_ENGINE",
        "RequestDownload",
        {"Address": 0x08020000, "Size": 0x70000},
        "3400440802000000070000",
        ("74200FFF"),
        {"MaxNumberOfBlockLength": 4095},
    )
    yield "BOOT_ENGINE", "TransferData", {"BlockSequenceCounter": 1, "Data": b"\xaa\xbb"}, "3601AABB", "7601", {}


class TestServices:
    @pytest.mark.parametrize("exchange", list(_exchanges()), ids=lambda exchange: exchange[1])
    def test_encoding_and_decoding_with_odxtools(self, exchange: Any, databases: dict[str, Any]) -> None:
        layer, name, values, request, answer, expected = exchange
        service = databases["car-mixed"].ecu_variants[layer].services[name]
        assert bytes(service.encode_request(**values)) == bytes.fromhex(request)
        decoded = service.decode_message(bytes.fromhex(answer)).param_dict
        assert {key: decoded[key] for key in expected} == expected

    def test_sub_functions_may_ask_for_silence(self, databases: dict[str, Any]) -> None:
        services = databases["car-mixed"].base_variants["ENGINE"].services
        for name in ("TesterPresent", "ExtendedSession_Start", "DTCSetting_Off", "Communication_Disable"):
            assert services[name].pos_response_suppressible.bit_mask == 0x80

    @each_uds_unit
    def test_trouble_codes_of_today_decode_with_their_freeze_frames(
        self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]
    ) -> None:
        layer = databases[vehicle.name].base_variants[unit.name]
        codes = layer.diag_data_dictionary_spec.dtc_dops[0].dtcs
        assert 5 <= len(codes) <= 15
        assert len({code.trouble_code for code in codes}) == len(codes)
        state = read_initial_state(BUNDLED / f"{vehicle.name}.toml").unit(unit.name)
        assert len(state.dtcs) == len(unit.present)
        for dtc in state.dtcs:
            head = dtc.code.to_bytes(3, "big") + bytes([dtc.status])
            listed = layer.services["FaultMemory_ReadByStatus"].decode_message(b"\x59\x02\xaf" + head)
            assert listed.param_dict["DTCs"][0]["DTC"].trouble_code == dtc.code
            frame = layer.services["FaultMemory_ReadSnapshot"].decode_message(
                b"\x59\x04" + head + b"\x01" + dtc.snapshots[1]
            )
            values = frame.param_dict["Snapshots"][0]["FreezeFrame"]
            assert 0 < values["Mileage"] < vehicle.mileage
            assert 12 < values["SupplyVoltage"] / (2 if vehicle.is_24_volt else 1) < 15
            assert 0 < values["VehicleSpeed"] < 130
            counters = layer.services["FaultMemory_ReadExtendedData"].decode_message(
                b"\x59\x06" + head + b"\x01" + dtc.extended[1]
            )
            assert counters.param_dict["ExtendedData"][0]["Counters"]["Occurrences"] >= 1

    @each_uds_unit
    def test_values_of_the_standing_car_decode(self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]) -> None:
        layer = databases[vehicle.name].base_variants[unit.name]
        state = read_initial_state(BUNDLED / f"{vehicle.name}.toml").unit(unit.name)
        assert {row.did for row in unit.kind.measurements} == set(state.data)
        for row in unit.kind.measurements:
            answer = b"\x62" + row.did.to_bytes(2, "big") + state.data[row.did]
            value = layer.services[f"{row.name}_Read"].decode_message(answer).param_dict[row.name]
            raw = row.raw - (1 << row.bits) if row.signed and row.raw >> (row.bits - 1) else row.raw
            raw *= 2 if vehicle.is_24_volt and row.name == "SupplyVoltage" else 1
            assert value == pytest.approx(raw * row.factor + row.offset)


class TestCoding:
    @each_uds_unit
    def test_records_and_factory_values(self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]) -> None:
        (config,) = databases[vehicle.name].ecu_configs
        data = config.config_datas[f"{unit.name}_CODING"]
        assert data.valid_base_variants[0].base_variant.short_name == unit.name
        items = 0
        for record in data.config_records:
            connector = record.diag_comm_data_connectors[0]
            reader = connector.read_diag_comm_connector.read_diag_comm
            factory = bytes(record.data_records[record.default_data_record_snref].dataset)
            assert len(factory) == connector.uncompressed_size
            answer = b"\x62" + bytes.fromhex(record.config_id.value_raw) + factory
            decoded = reader.decode_message(answer).param_dict["Data"]
            for item in record.option_items:
                shown = decoded[item.short_name]
                default = item.physical_default_value
                assert shown == default if isinstance(shown, str) else shown == pytest.approx(float(default))
                items += 1
            writer_service = connector.write_diag_comm_connector.write_diag_comm
            assert bytes(writer_service.encode_request(Data=decoded))[3:] == factory
        assert items >= (12 if unit.name == "BODY" else 3)

    def test_the_car_differs_from_the_factory(self, databases: dict[str, Any]) -> None:
        """Else a coding screen would have nothing to show in its column of changes."""
        for vehicle in VEHICLES:
            body = next(unit for unit in vehicle.units if unit.name == "BODY")
            state = read_initial_state(BUNDLED / f"{vehicle.name}.toml").unit("BODY")
            for record in body.kind.records:
                assert state.coding[body.identifier(record.did)] == record.car_bytes() != record.factory_bytes()


class TestFlash:
    @each_unit
    def test_sessions_blocks_checksums(self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]) -> None:
        flash = databases[vehicle.name].flashs[f"{unit.name}_FLASH"]
        (memory,) = flash.ecu_mems
        sessions = memory.mem.sessions
        assert [s.short_name for s in sessions] == [session_name(unit, unit.installed), session_name(unit, unit.newest)]
        contents = []
        for session, software in zip(sessions, (unit.installed, unit.newest), strict=True):
            assert {i.short_name: len(i.ident_values) for i in session.expected_idents} == {
                "HardwareNumber": len(unit.hardware),
                "SoftwareVersion": 4,
            }
            image = b""
            for block, checksum in zip(session.datablocks, session.checksums, strict=True):
                data = _bytes_of(block)
                assert zlib.crc32(data) == int(checksum.checksum_result.value_raw, 16)
                assert checksum.source_start_address == block.segments[0].source_start_address
                assert checksum.source_end_address == block.segments[0].source_end_address
                assert len(data) == checksum.source_end_address - checksum.source_start_address + 1
                image += data
            assert len(image) == SIZES[vehicle.name][unit.name] * 1024
            header = read_header(image)
            assert header is not None
            assert (header.unit, header.hardware, header.software) == (unit.name, unit.hardware[-1], software)
            contents.append(image)
        assert contents[0] != contents[1]
        (connector,) = flash.ecu_mem_connectors
        assert [layer.short_name for layer in connector.all_variants] == [unit.name]

    @each_unit
    def test_the_toml_installs_the_older_session(self, vehicle: Vehicle, unit: Unit, databases: dict[str, Any]) -> None:
        state = read_initial_state(BUNDLED / f"{vehicle.name}.toml").unit(unit.name)
        session = databases[vehicle.name].flashs[f"{unit.name}_FLASH"].ecu_mems[0].mem.sessions[0]
        assert state.flashware == session.short_name
        values = {i.short_name: [v.value for v in i.ident_values] for i in session.expected_idents}
        assert state.hardware in values["HardwareNumber"]
        assert state.boot_software in values["SoftwareVersion"]


def _bytes_of(block: Any) -> bytes:
    """The block's bytes by odxtools and bincopy; a hex file must hold exactly the block's range."""
    dataset = block.flashdata.dataset
    if isinstance(dataset, bytearray):
        return bytes(dataset)
    (segment,) = dataset.segments
    assert segment.address == block.segments[0].source_start_address
    return bytes(segment.data)


class TestVehicles:
    @pytest.mark.parametrize(
        ("vehicle", "prefix", "euro"),
        [(CAR_MIXED, "XPBMX", "EURO 6"), (CAR_DOIP, "XPBDP", "EURO 6"), (CAR_OLD, "XPBCL", "BEFORE EURO 5")],
        ids=lambda value: getattr(value, "name", str(value)),
    )
    def test_vehicle_information(self, vehicle: Vehicle, prefix: str, euro: str, databases: dict[str, Any]) -> None:
        (spec,) = databases[vehicle.name].vehicle_info_specs
        (information,) = spec.vehicle_informations
        special = {entry.semantic_info: entry.value for entry in spec.sdgs[0].values}
        assert (special["VIN-PREFIX"], special["EURO-CLASS"]) == (prefix, euro)
        assert special["DOIP-ONLY"] == ("TRUE" if vehicle is CAR_DOIP else "FALSE")
        assert [link.base_variant.short_name for link in information.logical_links] == list(SIZES[vehicle.name])
        assert read_initial_state(BUNDLED / f"{vehicle.name}.toml").vin.startswith(prefix)

    def test_units_behind_a_gateway_say_so(self, databases: dict[str, Any]) -> None:
        links = databases["car-doip"].vehicle_info_specs[0].vehicle_informations[0].logical_links
        assert [[g.short_name for g in link.gateway_logical_links] for link in links] == [[], *[["LL_GATEWAY"]] * 5]

    @each_vehicle
    def test_vin_is_valid(self, vehicle: Vehicle) -> None:
        from core.vocabulary import Vin

        assert Vin(vehicle.vin).valid
