"""Strict JSON of what travels, and the envelopes: nothing that was changed passes."""

from __future__ import annotations

import base64
import json
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core.errors import StartKeyInvalid
from core.online import dsse
from core.online.wire import (
    STARTKEY,
    TICKET,
    Account,
    Device,
    OrderRequest,
    StartKey,
    WireError,
    dumps,
    loads,
)
from core.vocabulary.online.paper import Activation, Role

DEVICE = Device("4FDEB136488F", 252, ("a" * 32, "b" * 32, ""), "0.1.0")
KEY = StartKey(
    "0" * 32, "4FDEB136488F", 252, DEVICE.traits, "Garage Müller", "C-100", 1, 2, ("vans",), (Role.STANDARD_DIAGNOSIS,)
)


def test_round_trip() -> None:
    assert loads(StartKey, dumps(KEY)) == KEY
    assert loads(OrderRequest, dumps(OrderRequest(DEVICE))) == OrderRequest(DEVICE)
    account = Account("u", "U", "O", "C", 5, (Role.FLASH,), Activation.PENDING, 7)
    assert loads(Account, dumps(account)) == account


@pytest.mark.parametrize(
    "change",
    [
        {"hardware_id": "4fdeb136488f"},
        {"hardware_id": "4FDEB136488F\n"},
        {"hardware_id": None},
        {"app_id": "252"},
        {"app_id": True},
        {"app_id": 252.0},
        {"app_id": -1},
        {"app_id": 2**40},
        {"traits": "aaaa"},
        {"traits": ["zz"]},
        {"traits": ["a" * 32] * 9},
        {"version": "\x00"},
        {"version": "\ud800"},
        {"version": "v" * 41},
        {"more": 1},
    ],
)
def test_what_is_not_in_the_contract_is_refused(change: dict[str, object]) -> None:
    fields = json.loads(dumps(DEVICE)) | change
    with pytest.raises(WireError):
        loads(Device, json.dumps(fields))


@pytest.mark.parametrize(
    "raw", ["", "[]", "1", '{"a":1,"a":1}', "[" * 100_000, "1" * 5000, "NaN", '{"a":NaN}', "\ufeff{}", "{" * 9]
)
def test_what_is_no_json_of_ours_is_refused(raw: str) -> None:
    with pytest.raises(WireError):
        loads(Device, raw)


def test_answers_of_a_newer_server_are_read() -> None:
    fields = json.loads(dumps(DEVICE)) | {"colour": "green"}
    assert loads(Device, json.dumps(fields), lenient=True) == DEVICE


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["hardware_id", "app_id", "traits", "version"]), x)))  # fmt: skip
def test_decoding_knows_one_error(value: object) -> None:
    try:
        loads(Device, json.dumps(value))
    except WireError:
        pass


def _keys(private: Ed25519PrivateKey) -> dict[str, bytes]:
    public = private.public_key().public_bytes_raw()
    return {dsse.key_id(public): public}


def test_a_signed_paper_is_read_by_its_kind_alone() -> None:
    private = Ed25519PrivateKey.generate()
    envelope = dsse.sign(STARTKEY, dumps(KEY), private)
    assert loads(StartKey, dsse.verify(envelope, STARTKEY, _keys(private))) == KEY
    with pytest.raises(StartKeyInvalid):
        dsse.verify(envelope, TICKET, _keys(private))
    with pytest.raises(StartKeyInvalid):
        dsse.verify(envelope, STARTKEY, _keys(Ed25519PrivateKey.generate()))


def test_no_mutation_of_a_signed_paper_passes() -> None:
    private = Ed25519PrivateKey.generate()
    envelope = dsse.sign(STARTKEY, dumps(KEY), private)
    keys = _keys(private)
    rng = random.Random(4)
    for _ in range(1000):
        raw = bytearray(envelope, "ascii")
        place = rng.randrange(len(raw))
        kind = rng.randrange(4)
        if kind == 0:
            raw[place] ^= 1 << rng.randrange(7)
        elif kind == 1:
            del raw[place : place + rng.randrange(1, 9)]
        elif kind == 2:
            raw[place:place] = rng.choice([b" ", b"\n", b"=", b"A", b"\\u0041"])
        else:
            raw[place] = rng.randrange(32, 127)
        changed = raw.decode("ascii")
        if changed == envelope:
            continue
        with pytest.raises(StartKeyInvalid):
            dsse.verify(changed, STARTKEY, keys)


def test_a_second_signature_or_spare_bits_are_refused() -> None:
    private = Ed25519PrivateKey.generate()
    envelope = dsse.sign(STARTKEY, b"{}1", private)
    fields = json.loads(envelope)
    doubled = fields | {"signatures": fields["signatures"] * 2}
    loose = fields | {"payload": base64.b64encode(b"{}1x").decode()[:-2] + "h="}
    for change in (doubled, loose, fields | {"alg": "none"}, fields | {"payload": 1}):
        with pytest.raises(StartKeyInvalid):
            dsse.verify(dumps(change).decode(), STARTKEY, _keys(private))
