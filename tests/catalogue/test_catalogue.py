"""What the catalogue says: foreign files as odxtools lists them, and a small vehicle with flashware of every format."""

from __future__ import annotations

import warnings
import zlib
from pathlib import Path

import odxtools
import pytest

from core.catalogue import Catalogue, decode_items, identifying_dids, load
from core.catalogue.check import report
from core.catalogue.model import FlashPolicy, Segment
from core.errors import DataMissing
from core.vocabulary import CanAddress, DoipAddress, EuroClass
from tests.catalogue.exotic import write_exotic
from tests.catalogue.garage_text import IMAGE, write_vehicle
from tests.catalogue.test_codec_against_odxtools import FILES


@pytest.fixture(scope="module")
def foreign(shared_data: Path, compiled_cache: Path) -> Catalogue:
    catalogue = load([shared_data / "pdx" / f"{name}.pdx" for name in FILES], compiled_cache)
    assert catalogue.problems == ()
    return catalogue


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder = tmp_path_factory.mktemp("small")
    catalogue = load([write_vehicle(folder / "small.pdx")], folder / "cache")
    assert catalogue.problems == ()
    return catalogue


@pytest.mark.parametrize("name", FILES)
def test_foreign_files_are_listed_as_odxtools_lists_them(
    name: str, foreign: Catalogue, shared_data: Path, compiled_cache: Path
) -> None:
    path = shared_data / "pdx" / f"{name}.pdx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        database = odxtools.load_file(str(path), use_weakrefs=False)
    file = next(file for file in foreign.files if file.source == path)
    assert [unit.name for unit in file.units] == [layer.short_name for layer in database.base_variants]
    assert [v.name for unit in file.units for v in unit.variants] == [v.short_name for v in database.ecu_variants]
    for unit, layer in zip(file.units, database.base_variants, strict=True):
        codes = {d.trouble_code for dop in layer.diag_data_dictionary_spec.dtc_dops for d in dop.dtcs}
        assert {dtc.code for dtc in unit.dtcs} == codes
        assert all(dtc.text for dtc in unit.dtcs)
    shown = report(path, compiled_cache)
    assert shown.ok and shown.version == "2.2.0" and shown.problems == ()
    layers = [*database.base_variants, *database.functional_groups]
    assert [unit["name"] for unit in shown.units] == [layer.short_name for layer in layers]
    for unit_row, layer in zip(shown.units, layers, strict=True):
        assert unit_row["services"] == [service.short_name for service in layer.services]
    by_name = {v.short_name: [s.short_name for s in v.services] for v in database.ecu_variants}
    assert {k: v for unit_row in shown.units for k, v in unit_row.get("variant_services", {}).items()} == by_name


def test_addresses_of_foreign_files(foreign: Catalogue) -> None:
    assert foreign.unit("somersault_base_variant").addresses == (CanAddress(0x7B, 0x1C8),)
    assert foreign.unit("FLXC1000").addresses == (DoipAddress(0x1000),)
    assert foreign.unit("HOVR4000").address == DoipAddress(0x4000)
    assert all(2.5 >= unit.timing.s3_client > 0 and unit.timing.p2_star >= 5 for unit in foreign.units)


def test_variants_of_a_foreign_file_are_recognised(foreign: Catalogue) -> None:
    unit = foreign.unit("FLXC1000")
    assert identifying_dids(unit) == (0xF100,)
    boot = foreign.match_variant(unit, {0xF100: bytes.fromhex("FF0000")})
    application = foreign.match_variant(unit, {0xF100: bytes.fromhex("000101")})
    assert boot is not None and boot.name == "FLXC1000_Boot_Variant" and boot.is_boot
    assert application is not None and application.name == "FLXC1000_App_0101" and not application.is_boot
    assert foreign.match_variant(unit, {0xF100: bytes.fromhex("777777")}) is None
    assert foreign.match_variant(unit, {0xF100: b""}) is None
    assert foreign.match_variant(unit, {}) is None


def test_describe_in_words(foreign: Catalogue) -> None:
    variant = foreign.variant("somersault_base_variant", "somersault_lazy")
    flips = variant.service("do_forward_flips")
    request = flips.encode(forward_soberness_check=0x12, num_flips=3)
    assert variant.describe(request) == f"{flips.title}: forward_soberness_check=18, num_flips=3"
    assert variant.decode_request(request)["num_flips"] == 3
    assert variant.describe(b"") == "" and variant.describe(b"\xff\xff") == ""


def test_names_are_found_without_regard_to_case(foreign: Catalogue, small: Catalogue) -> None:
    assert foreign.unit("flxc1000").name == "FLXC1000"
    assert small.unit("unit", "first").name == "UNIT"
    with pytest.raises(DataMissing) as missing:
        small.unit("ENGINE", "FIRST")
    assert "UNIT" in missing.value.advice
    for call in (lambda: small.vehicle("x"), lambda: small.variant("UNIT", "x"), lambda: foreign.variant("x")):
        with pytest.raises(DataMissing):
            call()


def test_vehicles_and_their_vins(small: Catalogue) -> None:
    first, second = small.vehicles
    assert (first.euro_class, first.product_group, first.vin_patterns) == (EuroClass.EURO_5, "vans", ())
    assert (second.euro_class, second.product_group) == (EuroClass.EURO_VI, "vans")
    assert small.vehicle_for("XYZ12345678901234") == second
    assert small.vehicle_for("XYZ34345678901234") == second
    assert small.vehicle_for("XYZ56345678901234") is None and small.vehicle_for("") is None
    assert [unit.name for unit in small.units_of(second)] == ["UNIT"]


def test_idents_kinds_and_variants(small: Catalogue) -> None:
    unit = small.unit("UNIT")
    assert [(ident.name, ident.did, ident.kind) for ident in unit.idents] == [
        ("Vin", 0xF190, "vin"),
        ("Hardware", 0xF191, "hardware"),
        ("Software", 0xF189, "software"),
        ("Own", 0x1234, "serial"),
    ]
    assert unit.title == "The [unit] \x85"  # as it stands in the file: cleaned at the roof
    assert [variant.name for variant in unit.variants if variant.is_boot] == ["LOADER"]
    found = small.match_variant(unit, {0xF100: b"\0\x01"})
    assert found is not None and found.name == "OLDER"


def test_flash_sessions_of_every_format(small: Catalogue) -> None:
    raw, old, new = small.flash_sessions("UNIT")
    assert [session.name for session in (raw, old, new)] == ["Raw", "HexOld", "HexNew"]
    assert (new.own_software, new.hardware) == ("0002", ("HW1", "HW2"))
    assert [(ident.did, ident.values) for ident in new.expected_idents] == [(0xF191, ("HW1", "HW2"))]
    assert new.policy == FlashPolicy(
        security_level=0x21, max_block=258, checksum_routine=None, resend_on_timeout=False, voltage_minimum=12.5
    )
    (block,) = new.blocks
    assert [(c.start, c.end, c.result) for c in block.checksums] == [(0x1000, 0x103F, zlib.crc32(IMAGE))]
    assert block.index == 1 and small.image(new, block).segments[0].data == IMAGE
    assert (old.own_software, old.hardware) == ("0001", ("A", "B"))
    assert old.blocks[0].segments == (Segment(0x1100, 8), Segment(0x1120, 16))
    assert [part.data for part in small.image(old, old.blocks[0]).segments] == [IMAGE[:8], IMAGE[0x20:0x30]]
    images = small.images(raw)
    assert [image.segments[0].data for image in images.values()] == [IMAGE, bytes.fromhex("00FF1020")]
    assert raw.blocks[0].data_format == 0x11 and raw.size == 68
    assert all(small.image(s, b).sha256 == b.sha256 for s in small.sessions for b in s.blocks)


def test_what_cannot_be_used_is_left_out_and_named(small: Catalogue) -> None:
    (file,) = small.files
    assert len(file.notes) == 3
    assert any("WrongChecksum" in note and "CHECKSUM C" in note for note in file.notes)
    assert any("NoFile" in note and "none.bin" in note for note in file.notes)
    assert any("coding Bad" in note and "Outside" in note for note in file.notes)


def test_coding_records(small: Catalogue) -> None:
    (record,) = small.unit("UNIT").coding
    assert (record.did, record.length, record.session, record.security_level) == (0x0100, 3, 0x40, None)
    assert decode_items(record, record.factory) == {"Light": "on", "Level": "half"}


def test_flashware_of_another_file_is_found_only_where_it_does_not_describe_the_unit(
    small: Catalogue, tmp_path: Path
) -> None:
    """Two vehicles may both have an ENGINE: one's flashware is never offered for the other's."""
    one = write_vehicle(tmp_path / "one.pdx")
    two = write_vehicle(tmp_path / "two.pdx", {"other.txt": "another content"})
    both = load([one, two], tmp_path / "cache")
    assert len(both.units) == 2
    for unit in both.units:
        assert {session.file for session in both.flash_sessions(unit)} == {unit.file}


def test_report_of_a_whole_vehicle(tmp_path: Path) -> None:
    path = write_vehicle(tmp_path / "v.pdx")
    shown = report(path, tmp_path / "cache")
    assert shown.ok and [row["name"] for row in shown.vehicles] == ["FIRST", "SECOND"]
    sizes = {row["name"]: row["bytes"] for row in shown.flash_sessions}
    assert sizes == {"HexNew": 64, "HexOld": 24, "Raw": 68}
    assert [(row["name"], row["did"], row["items"]) for row in shown.coding] == [("Good", "0100", ["Light", "Level"])]
    assert len(shown.problems) == 3


def test_report_of_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.pdx").write_bytes(b"no")
    shown = report(tmp_path / "x.pdx", tmp_path / "cache")
    assert not shown.ok and shown.units == () and "x.pdx" in shown.problems[0]


def test_environment_of_a_trouble_code(tmp_path: Path) -> None:
    catalogue = load([write_exotic(tmp_path / "e.pdx")], tmp_path / "cache")
    service = catalogue.variant("EXOTIC").service("DtcAndFrame")
    pdu = service.encode(Dtc=0x030100, Frame={"Speed": 99, "Rail": 1600})
    decoded = service.decode(pdu)
    assert [(leaf.name, leaf.value) for leaf in decoded.environment] == [("Speed", "99"), ("Rail", "1600")]
    assert decoded.leaves[0].value.startswith("P0301-00 Fault")
    unknown = pdu[:3] + bytes.fromhex("C00300") + b"\x05"
    assert [leaf.value for leaf in service.decode(unknown).leaves] == ["U0003-00", "5"]


def test_the_same_file_twice_counts_once(tmp_path: Path) -> None:
    path = write_exotic(tmp_path / "e.pdx")
    assert len(load([path, path], tmp_path / "cache").files) == 1
    assert load([], tmp_path / "cache").files == ()
