"""The codec on compiled data does what odxtools does on the file: every service, both directions, foreign files."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import odxtools
import pytest
from odxtools.exceptions import DecodeMismatch, EncodeError, OdxError

from core.catalogue import OpenFile
from core.errors import DataInvalid, ValueRefused
from tests.catalogue.exotic import EXOTIC_SERVICES, write_exotic
from tests.catalogue.odx_values import Maker, plain

FILES = ("somersault", "FLXC1000", "FLXCNG1000", "FSNR2000", "HOVR4000", "JGWT5000", "TMCC3000", "functional_groups")
ROUNDS = 12


@pytest.fixture(autouse=True)
def odxtools_may_warn() -> Iterator[None]:
    """odxtools warns about overlapping parameters of these files; what counts here is the bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@cache
def _database(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return odxtools.load_file(str(path), use_weakrefs=False)


def _compare_service(ours: Any, theirs: Any, seed: int) -> int:
    """Encodes and decodes one service with drawn values; the number of comparisons made."""
    maker = Maker(seed)
    request: bytes | None = b""
    compared = 0
    if theirs.request is not None:
        values = maker.for_parameters(theirs.request.parameters)
        request = _encoded_alike(ours.encode, theirs.encode_request, ours.decode_request, values)
        if request is not None:
            assert plain(ours.decode_request(request)) == plain(theirs.request.decode(request))
        compared += 2
    for negative, responses in ((False, theirs.positive_responses), (True, theirs.negative_responses)):
        for index, response in enumerate(responses):
            values = maker.for_parameters(response.parameters)
            answer = _encoded_alike(
                partial(ours.encode_response, request or b"", index, negative=negative),
                partial(response.encode, request or b""),
                ours.decode_response,
                values,
            )
            if answer is not None:
                assert _decoded_by_us(ours, answer) == _decoded_by_them(theirs, answer)
            compared += 2
    return compared


def _encoded_alike(ours: Any, theirs: Any, decode: Any, values: dict[str, Any]) -> bytes | None:
    """The bytes of both, or None where odxtools refuses: then we refuse too, or write what we read back."""
    try:
        expected = bytes(theirs(**values))
    except EncodeError:
        with pytest.raises(ValueRefused):
            ours(**values)
        return None
    except OdxError as error:  # a table row without content: odxtools reads it but does not write it; we do both
        assert "Neither a structure nor a DOP" in str(error)
        assert plain(decode(ours(**values))).items() >= plain(values).items()
        return None
    assert ours(**values) == expected
    return expected


def _decoded_by_us(service: Any, pdu: bytes) -> Any:
    try:
        return plain(service.decode(pdu).values)
    except DataInvalid:
        return "refused"


def _decoded_by_them(service: Any, pdu: bytes) -> Any:
    """odxtools refuses a message that two responses fit; we take the first, positive before negative."""
    prefix = bytes(service.request.coded_const_prefix()) if service.request is not None else b""
    for response in (*service.positive_responses, *service.negative_responses, service.request):
        own = bytes(response.coded_const_prefix(request_prefix=prefix)) if response is not None else None
        if own is None or pdu[: len(own)] != own:
            continue
        try:
            return plain(response.decode(pdu))
        except (OdxError, DecodeMismatch):
            continue
    return "refused"


@pytest.mark.parametrize("name", FILES)
def test_every_service_of_foreign_files(name: str, shared_data: Path, compiled_cache: Path) -> None:
    path = shared_data / "pdx" / f"{name}.pdx"
    file, database = OpenFile(path, compiled_cache), _database(path)
    layers = [*database.base_variants, *database.ecu_variants, *database.functional_groups]
    compared = 0
    for layer in layers:
        variant = file.variant(layer.short_name)
        assert variant.services == tuple(service.short_name for service in layer.services)
        for position, theirs in enumerate(layer.services):
            ours = variant.service(theirs.short_name)
            for round_number in range(ROUNDS):
                compared += _compare_service(ours, theirs, position * 1000 + round_number)
    assert compared > 200


def test_free_parameters_are_the_same(shared_data: Path, compiled_cache: Path) -> None:
    path = shared_data / "pdx" / "somersault.pdx"
    file, database = OpenFile(path, compiled_cache), _database(path)
    for layer in database.ecu_variants:
        for theirs in layer.services:
            ours = file.variant(layer.short_name).service(theirs.short_name)
            assert [p.name for p in ours.parameters] == [p.short_name for p in theirs.free_parameters]
            required = {p.short_name for p in theirs.request.required_parameters}
            assert {p.name for p in ours.parameters if p.required} == required


@pytest.fixture(scope="module")
def exotic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Every kind of coded type, compu method and complex DOP, in a file of our own."""
    folder = tmp_path_factory.mktemp("exotic")
    path = write_exotic(folder / "exotic.pdx")
    return OpenFile(path, folder / "cache").variant("EXOTIC"), _database(path).base_variants[0]


@pytest.mark.parametrize("name", EXOTIC_SERVICES)
def test_every_kind_of_odx(name: str, exotic: tuple[Any, Any]) -> None:
    variant, layer = exotic
    compared = sum(_compare_service(variant.service(name), layer.services[name], seed) for seed in range(60))
    assert compared >= 120


def test_random_bytes_are_decoded_alike_or_refused_by_both(exotic: tuple[Any, Any]) -> None:
    """100 random messages per service: whatever odxtools reads, we read the same; nothing else escapes."""
    variant, layer = exotic
    read = 0
    for name in EXOTIC_SERVICES:
        maker = Maker(7)
        prefix = bytes(layer.services[name].request.coded_const_prefix())
        for _ in range(100):
            pdu = prefix + maker.random.randbytes(maker.random.randrange(0, 24))
            try:
                theirs = plain(layer.services[name].request.decode(pdu))
            except Exception as error:  # noqa: BLE001 - odxtools also leaks KeyError and the like for bad messages
                theirs = type(error).__name__
            try:
                ours = plain(variant.service(name).decode_request(pdu))
            except DataInvalid:
                assert isinstance(theirs, str) or _has_unknown_dtc(name), (name, pdu.hex())
                continue
            if not isinstance(theirs, str):
                assert ours == theirs or _both_nan(ours, theirs), (name, pdu.hex())
                read += 1
    assert read > 300


def _has_unknown_dtc(name: str) -> bool:
    return "Dtc" in name


def _both_nan(ours: Any, theirs: Any) -> bool:
    return repr(ours) == repr(theirs)


def test_refusals_name_what_may_be_given(exotic: tuple[Any, Any]) -> None:
    variant, _ = exotic
    with pytest.raises(ValueRefused, match="needs a value"):
        variant.service("TextTable").encode()
    with pytest.raises(ValueRefused) as refused:
        variant.service("TextTable").encode(Value="purple")
    assert "red" in refused.value.advice and "green" in refused.value.advice
    with pytest.raises(ValueRefused, match="no parameter 'Nonsense'"):
        variant.service("TextTable").encode(Value="red", Nonsense=1)


def test_text_as_a_person_writes_it(exotic: tuple[Any, Any]) -> None:
    variant, _ = exotic
    assert variant.service("Unsigned").encode_text({"Value": "0x1234"}).hex().endswith("1234")
    assert variant.service("Bytes").encode_text({"Value": "DE AD BE EF"}).hex().endswith("deadbeef")
    with pytest.raises(ValueRefused):
        variant.service("Unsigned").encode_text({"Value": "twelve"})
