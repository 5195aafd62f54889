"""car-das as odxtools and as the product read it: KWP2000 is named by protocol layer and comparam spec alone."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from core.catalogue import Catalogue, load
from core.catalogue.catalogue import identifying_dids
from core.catalogue.model import KWP2000_POLICY
from core.simulation import vehicle_files
from core.simulation.garage import Garage
from core.simulation.initial_state import read_initial_state
from core.simulation.pdx_writer.odx.services_kwp2000 import all_services
from core.simulation.pdx_writer.package import pdx_entries
from core.simulation.pdx_writer.tables.model import Unit
from core.simulation.pdx_writer.tables.older import CAR_DAS
from core.vocabulary import KWP2000

each_unit = pytest.mark.parametrize("unit", CAR_DAS.units, ids=lambda unit: unit.name)
PDX = vehicle_files.pdx_path("car-das")


@pytest.fixture(scope="module")
def database() -> Any:
    from odxtools.database import Database

    database = Database(use_weakrefs=False)
    with PDX.open("rb") as file, zipfile.ZipFile(file) as archive:
        database.add_pdx_file(archive)
        for name, opened in list(database.auxiliary_files.items()):
            with opened:
                database.auxiliary_files[name] = io.BytesIO(opened.read())
    database.refresh()
    return database


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    loaded = load([PDX], tmp_path_factory.mktemp("compiled"))
    assert loaded.problems == () and [note for file in loaded.files for note in file.notes] == []
    return loaded


def test_the_protocol_is_named_by_its_layer_and_spec_alone(catalogue: Catalogue, database: Any) -> None:
    text = b"".join(data for name, data in pdx_entries(CAR_DAS).items() if name.endswith((".odx-d", ".odx-c")))
    assert b'SI="PROTOCOL"' not in text
    for unit in CAR_DAS.units:
        (protocol,) = database.base_variants[unit.name].protocols
        assert (protocol.short_name, protocol.comparam_spec.short_name) == ("KWP2000_CAN", "ISO_14230_3_on_ISO_15765_2")
        info = catalogue.unit(unit.name)
        assert info.protocol == KWP2000 and {address.protocol for address in info.addresses} == {KWP2000}
        assert all(session.policy == KWP2000_POLICY for session in catalogue.flash_sessions(unit.name))


def _exchanges() -> list[Any]:
    setup = {"StartStop": "on", "IdleSpeed": 800, "SpeedLimit": 250, "FuelGrade": "RON 95"}
    mark = {"Year": 26, "Month": 11, "Day": 23, "WorkshopCode": "PASSBA"}
    return [
        ("APPL_0911", "ExtendedSession_Start", {}, "1092", "5092", {}),
        ("APPL_0911", "VIN_Read", {}, "1A90", "5A90" + b"XPBDS".hex(), {"VIN": "XPBDS"}),
        ("APPL_0911", "EngineSpeed_Read", {}, "210C", "610C0C30", {"EngineSpeed": 780.0}),
        ("APPL_0911", "CodingAccess_SendKey", {"Key": b"\x01\x02"}, "27020102", "670234",
         {"SecurityAccessStatus": 0x34}),
        ("APPL_0911", "NormalMessages_Disable", {"ResponseRequired": 2}, "2802", "68", {}),
        ("APPL_0911", "DTCSetting_Off", {"ResponseRequired": 2}, "8502FF0002", "C5", {}),
        ("APPL_0911", "FaultMemory_Clear", {"GroupOfDTC": 0xFF00}, "14FF00", "54FF00", {}),
        ("APPL_0911", "Fingerprint_Read", {}, "1A9A", "5A9A261123" + b"PASSBA".hex(), mark),
        ("APPL_0911", "Fingerprint_Write", mark, "3B9A261123" + b"PASSBA".hex(), "7B9A", {}),
        ("APPL_0911", "EngineSetup_Write", {"Data": setup}, "3BE00150FA01", "7BE0", {}),
        ("APPL_0911", "EngineSetup_Read", {}, "21E0", "61E00150FA01", {"Data": setup}),
        ("BOOT_ENGINE", "EraseMemory_Start", {"Block": 2}, "31E10102", "71E1", {}),
        ("BOOT_ENGINE", "EraseMemory_Results", {}, "33E1", "73E100", {"RoutineStatus": "passed"}),
        ("BOOT_ENGINE", "CheckMemory_Start", {"Block": 1, "Checksum": 0xDEADBEEF}, "31E201010004DEADBEEF", "71E201",
         {"RoutineStatus": "failed"}),
        ("BOOT_ENGINE", "RequestDownload", {"Address": 0x820000, "Size": 0xA000}, "348200000000A000", "740801",
         {"MaxNumberOfBlockLength": 2049}),
        ("BOOT_ENGINE", "TransferData", {"Data": b"\xaa\xbb"}, "36AABB", "76", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("exchange", _exchanges(), ids=lambda exchange: exchange[1])
def test_encoding_and_decoding_with_odxtools(exchange: Any, database: Any) -> None:
    layer, name, values, request, answer, expected = exchange
    service = database.ecu_variants[layer].services[name]
    assert bytes(service.encode_request(**values)) == bytes.fromhex(request)
    decoded = service.decode_message(bytes.fromhex(answer)).param_dict
    assert {key: decoded[key] for key in expected} == expected


@each_unit
def test_services_and_codes(unit: Unit, catalogue: Catalogue, database: Any) -> None:
    info = catalogue.unit(unit.name)
    known = {name for variant in info.variants for name in variant.services}
    assert known == {service.name for service in all_services(unit)}
    codes = database.base_variants[unit.name].diag_data_dictionary_spec.dtc_dops[0].dtcs
    assert {code.trouble_code << 8 for code in codes} == {dtc.code for dtc in info.dtcs}
    assert {dtc.display for dtc in info.dtcs} == {row.display.partition("-")[0] for row in unit.kind.troubles}
    state = read_initial_state(PDX.with_suffix(".toml")).unit(unit.name)
    assert {row.code for row in state.dtcs} <= {dtc.code for dtc in info.dtcs}
    assert set(state.data) == {unit.identifier(row.did) for row in unit.kind.measurements}
    assert len(set(state.data) | set(state.coding)) == len(state.data) + len(state.coding)


@each_unit
def test_a_unit_on_the_bench_answers_what_its_data_decode(unit: Unit, catalogue: Catalogue, tmp_path: Path) -> None:
    data, initial = vehicle_files.garage_data("car-das", tmp_path), vehicle_files.initial_state("car-das")
    server = Garage("car-das", data, initial, clock=lambda: 0.0).unit(unit.name).server

    def ask(request: int | str) -> bytes:
        server.receive(bytes.fromhex(request if isinstance(request, str) else f"{request:04X}"), 0.0)
        (answer,) = [pdu for _, pdu in server.answers(0.0)]
        return answer

    info = catalogue.unit(unit.name)
    variant = catalogue.match_variant(info, {did: ask(did)[2:] for did in identifying_dids(info)})
    assert variant is not None and variant.name == f"APPL_{unit.series}"
    codec = catalogue.variant(info, variant.name)
    idents = {ident.kind: ask(ident.did)[2:].decode() for ident in info.idents}
    assert idents == {
        "vin": CAR_DAS.vin, "hardware": unit.hardware[-1], "software": unit.installed, "part": unit.part,
        "serial": unit.serial, "boot": unit.boot_software,
    }  # fmt: skip
    for row in unit.kind.measurements:
        raw = row.raw - (1 << row.bits) if row.signed and row.raw >> (row.bits - 1) else row.raw
        decoded = codec.decode(ask(unit.identifier(row.did)), requests=False).values
        assert decoded[row.name] == pytest.approx(raw * row.factor + row.offset)
    listed = codec.decode(ask("1800FF00"), requests=False).values["DTCs"]
    present = {row.display.partition("-")[0]: row for row in unit.present}
    assert {entry["DTC"].display for entry in listed} == set(present)
    for entry in listed:
        kept = codec.decode_dtc_environment(ask(f"17{entry['DTC'].code:04X}"))
        assert [value.name for value in kept] == ["Mileage", "Supply voltage", "Vehicle speed", "Times seen"]
        assert kept[-1].value == str(present[entry["DTC"].display].occurrences)
