"""What ODX-F says of a unit's memory (PHYS-MEM) and of signatures (SECURITY), and what a flash plan keeps of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from core.catalogue import Catalogue, load
from core.catalogue.plans import describe, plan_from_text, plan_of_session, plan_to_toml
from core.diagnosis.preflight.signature import signature_check
from tests.catalogue import garage_text
from tests.catalogue.exotic import HEAD
from tests.catalogue.garage_text import IMAGE, special, write_vehicle
from tests.diagnosis.test_preflight import sign

SHA256 = hashlib.sha256(IMAGE).hexdigest()
SIGNATURE, PUBLIC_KEY = sign(IMAGE)


def security(signature: str, method: str = "") -> str:
    named = f'<SECURITY-METHOD TYPE="A_ASCIISTRING">{method}</SECURITY-METHOD>' if method else ""
    signed = f'<FW-SIGNATURE TYPE="A_BYTEFIELD">{signature}</FW-SIGNATURE>'
    return f"<SECURITYS><SECURITY>{named}{signed}</SECURITY></SECURITYS>"


def vehicle(folder: Path, securities: str, key: str, memory: str = "") -> Catalogue:
    """The small vehicle with a signed session HexNew, the key and the memory in its ECU-MEM."""
    text = garage_text._flash()
    head, mark, tail = text.partition('<SESSION ID="SE.HexNew">')
    tail = tail.replace("<DATABLOCK-REFS>", f"{securities}<DATABLOCK-REFS>", 1)
    tail = tail.replace(
        f"</MEM>{special(SECURITY_LEVEL='0x21')}", f"</MEM>{memory}{special(SECURITY_LEVEL='0x21', PUBLIC_KEY=key)}"
    )
    more = {"flash.odx-f": f"{HEAD}{head}{mark}{tail}</ODX>"}
    catalogue = load([write_vehicle(folder / "signed.pdx", more)], folder / "cache")
    assert catalogue.problems == ()
    return catalogue


@pytest.mark.parametrize("method", ["", "ED25519", "Ed25519"])
def test_a_signed_session_is_checked(tmp_path: Path, method: str) -> None:
    catalogue = vehicle(tmp_path, security(SIGNATURE.upper(), method), f" {PUBLIC_KEY.upper()} ")
    signed = next(s for s in catalogue.sessions if s.name == "HexNew")
    assert (signed.signature, signed.public_key) == (SIGNATURE, PUBLIC_KEY)
    assert signature_check(signed, SHA256).ok is True
    assert signature_check(signed, hashlib.sha256(b"other").hexdigest()).ok is False
    others = [s for s in catalogue.sessions if s.name != "HexNew"]
    assert others and all(signature_check(s, SHA256).measured == "not signed" for s in others)


@pytest.mark.parametrize(
    ("signature", "method", "key", "note"),
    [
        (SIGNATURE, "RSA-2048", PUBLIC_KEY, "RSA-2048"),
        ("00" * 256, "", PUBLIC_KEY, "signature method ''"),
        (SIGNATURE, "ED25519", "abc", "64 hexadecimal digits"),
        (SIGNATURE, "ED25519", "", ""),
    ],
)
def test_what_cannot_be_checked_is_a_warning_and_never_passed_over(
    tmp_path: Path, signature: str, method: str, key: str, note: str
) -> None:
    catalogue = vehicle(tmp_path, security(signature, method), key)
    signed = next(s for s in catalogue.sessions if s.name == "HexNew")
    assert signature_check(signed, SHA256).ok is None
    if note:
        assert any(note in told for file in catalogue.files for told in file.notes)


def test_the_memory_is_described_by_ends_or_by_sizes(tmp_path: Path) -> None:
    def segment(name: str, kind: str, end: str) -> str:
        return (
            f'<PHYS-SEGMENT ID="PS.{name}" xsi:type="{kind}-PHYS-SEGMENT"><SHORT-NAME>{name}</SHORT-NAME>'
            f"<FILLBYTE>FF</FILLBYTE><START-ADDRESS>{name[1:]}</START-ADDRESS>{end}</PHYS-SEGMENT>"
        )

    segments = segment("A1000", "ADDRDEF", "<END-ADDRESS>1FFF</END-ADDRESS>") + segment(
        "B8000", "SIZEDEF", "<SIZE>256</SIZE>"
    )
    memory = f'<PHYS-MEM ID="PM"><SHORT-NAME>PM</SHORT-NAME><PHYS-SEGMENTS>{segments}</PHYS-SEGMENTS></PHYS-MEM>'
    catalogue = vehicle(tmp_path, "", "", memory)
    assert {session.memory for session in catalogue.sessions} == {((0x1000, 0x1FFF), (0x8000, 0x80FF))}


def test_a_plan_keeps_signature_and_key(tmp_path: Path) -> None:
    catalogue = vehicle(tmp_path, security(SIGNATURE, "ED25519"), PUBLIC_KEY)
    signed = next(s for s in catalogue.sessions if s.name == "HexNew")
    plan = plan_of_session(signed, catalogue.unit("UNIT"), None)
    again = plan_from_text(plan_to_toml(plan).encode(), "plan.toml")
    assert (again.signature, again.public_key) == (SIGNATURE, PUBLIC_KEY)
    assert f"Signed by the key {PUBLIC_KEY}" in describe(again)
