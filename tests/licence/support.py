"""An issuer of the tests, devices that are not this one, StartKeys of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.licence.hardware import APP_ID, digests, hardware_id_of
from core.licence.startkey import TrustedKeys
from core.online import dsse
from core.online.wire import ROTATION, STARTKEY, IssuerKey, IssuerKeys, KeyRotation, StartKey, dumps
from core.vocabulary import DeviceData, Role

DAY = 86_400_000
NOW = 1_795_000_000_000
SHOP = ("3d1219c7c4c5404aaa1f6d2a48adfda4", "ACME Board 7 Ryzen", "00:1b:44:11:3a:b7", "wd-wx11d6412345")
OTHER = ("77aa19c7c4c5404aaa1f6d2a48adf000", "Other Board 9 Core", "00:1b:44:99:99:99", "s3z9nb0k123456")


def key(number: int) -> Ed25519PrivateKey:
    """Always the same for a number: failures repeat."""
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def public(private: Ed25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


def trusting(*privates: Ed25519PrivateKey) -> TrustedKeys:
    return TrustedKeys({dsse.key_id(public(each)): public(each) for each in privates})


def device(values: tuple[str, str, str, str] = SHOP) -> DeviceData:
    traits = digests(values)
    return DeviceData(hardware_id_of(traits), APP_ID, traits)


def startkey(**changes: Any) -> StartKey:
    this = device()
    paper = StartKey(
        "0123456789abcdef0123456789abcdef", this.hardware_id, APP_ID, this.traits, "Shop", "C-1", NOW, NOW + 365 * DAY,
        ("passenger cars",), (Role.STANDARD_DIAGNOSIS,),
    )  # fmt: skip
    return replace(paper, **changes)


def envelope(paper: StartKey, private: Ed25519PrivateKey, kind: str = STARTKEY) -> str:
    return dsse.sign(kind, dumps(paper), private)


def chain(*privates: Ed25519PrivateKey, retired: dict[int, int] | None = None) -> IssuerKeys:
    """Keys as a back end shows them: each signed by the one before."""
    rows: list[IssuerKey] = []
    for number, each in enumerate(privates):
        raw = public(each)
        told = KeyRotation(dsse.key_id(raw), raw.hex(), NOW + number)
        rotation = dsse.sign(ROTATION, dumps(told), privates[number - 1]) if number else ""
        gone = (retired or {}).get(number)
        rows.append(IssuerKey(told.keyid, told.public, told.created, gone, rotation))
    return IssuerKeys(tuple(rows))
