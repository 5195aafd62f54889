"""The certificates that a garage makes for itself, and a stock udsoncan tester that authenticates over DoIP."""

from __future__ import annotations

import stat
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from core.errors import DataInvalid, StorageFailed
from core.protocol.authentication import certificates
from core.protocol.authentication.certificates import TESTER, UNIT, CertificateRefused, verify_chain
from core.simulation.certificates import AUTHORITY, IDENTITY, MORE_ROOTS, ROOTS, Authority, issue, new_root, read_roots
from core.simulation.doip.side import DoipSide
from core.simulation.garage import Garage, issue_from
from core.simulation.serve import serve
from tests.protocol.certificate_help import NOW
from tests.simulation.judges import over_doip
from tests.simulation.support import CODING_DID, VIN, car


def _root_in(folder: Path) -> x509.Certificate:
    return read_roots(folder / ROOTS)[0]


def test_everything_is_made_at_the_first_use_and_kept(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "auth", wall_clock=lambda: NOW)
    unit = authority.unit("BODY", VIN)
    tester = x509.load_pem_x509_certificate((tmp_path / "auth" / IDENTITY).read_bytes())
    trusted = (_root_in(tmp_path / "auth"),)
    body = verify_chain(unit.chain, trusted, UNIT, NOW)
    assert (certificates.name_of(body.subject), certificates.serial_of(body.subject)) == ("BODY", VIN)
    assert verify_chain(tester.public_bytes(Encoding.DER), unit.roots, TESTER, NOW) == tester
    for wrong, purpose in ((unit.chain, TESTER), (tester.public_bytes(Encoding.DER), UNIT)):
        with pytest.raises(CertificateRefused):
            verify_chain(wrong, trusted, purpose, NOW)
    again = Authority(tmp_path / "auth", wall_clock=lambda: NOW + 1e7)
    assert again.ensure().certificate == trusted[0]
    assert verify_chain(again.unit("BODY", VIN).chain, trusted, UNIT, NOW + 1e7)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file modes")
def test_nobody_else_may_read_the_keys(tmp_path: Path) -> None:
    Authority(tmp_path / "auth").ensure()
    for name in (AUTHORITY, IDENTITY):
        assert stat.S_IMODE((tmp_path / "auth" / name).stat().st_mode) == 0o600


def test_two_installations_do_not_trust_each_other_until_told(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path / "ours", wall_clock=lambda: NOW), Authority(tmp_path / "theirs")
    ours.ensure()
    theirs.ensure()
    assert _root_in(tmp_path / "ours") != _root_in(tmp_path / "theirs")
    foreign = x509.load_pem_x509_certificate((tmp_path / "theirs" / IDENTITY).read_bytes()).public_bytes(Encoding.DER)
    with pytest.raises(CertificateRefused) as caught:
        verify_chain(foreign, ours.unit("BODY", VIN).roots, TESTER, time.time())
    assert caught.value.nrc == 0x52
    named = Authority(tmp_path / "ours", [tmp_path / "theirs" / ROOTS])
    assert verify_chain(foreign, named.unit("BODY", VIN).roots, TESTER, time.time())
    (tmp_path / "ours" / MORE_ROOTS).mkdir()
    (tmp_path / "ours" / MORE_ROOTS / "theirs.pem").write_bytes((tmp_path / "theirs" / ROOTS).read_bytes())
    assert verify_chain(foreign, ours.unit("BODY", VIN).roots, TESTER, time.time())


def test_two_at_once_make_one_root(tmp_path: Path) -> None:
    found: list[bytes] = []
    gate = threading.Barrier(4)

    def make() -> None:
        gate.wait(20)
        found.append(Authority(tmp_path / "auth").ensure().certificate.public_bytes(Encoding.DER))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 4 and len(set(found)) == 1


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_a_damaged_root_is_named_and_not_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / AUTHORITY).write_bytes(content)
    with pytest.raises(DataInvalid) as caught:
        Authority(tmp_path).ensure()
    assert caught.value.file.endswith(AUTHORITY) and "Delete this file" in caught.value.advice
    assert (tmp_path / AUTHORITY).read_bytes() == content


def test_a_root_with_another_key_is_damaged(tmp_path: Path) -> None:
    one, two = new_root("one", NOW), new_root("two", NOW)
    (tmp_path / AUTHORITY).write_bytes(replace(one, key=two.key).pem())
    with pytest.raises(DataInvalid):
        Authority(tmp_path).ensure()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageFailed):
        Authority(tmp_path / "file" / "auth").ensure()


def test_a_wrong_root_file_is_said_when_serving_starts(tmp_path: Path, compiled_cache: Path) -> None:
    wrong = tmp_path / "root.pem"
    wrong.write_text("no certificate")
    more = {"cache_directory": compiled_cache, "certificates": tmp_path / "auth"}
    with pytest.raises(DataInvalid):
        serve("car-doip", doip=("127.0.0.1", 0), auth_roots=[wrong], **more)
    with pytest.raises(StorageFailed):
        serve("car-doip", doip=("127.0.0.1", 0), auth_roots=[tmp_path / "none.pem"], **more)


def _lengths(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_a_stock_tester_authenticates_over_doip(tmp_path: Path) -> None:
    """udsoncan on doipclient; what is signed is written down here once more, from the words in proof.py."""
    data, initial, _ = car(doip=True)
    sessions = {"BODY": tuple(
        replace(one, policy=replace(one.policy, authentication="garage-certificate")) for one in data.sessions["BODY"]
    )}  # fmt: skip
    issuer = issue_from(tmp_path / "auth")
    garage = Garage("test-car", replace(data, sessions=sessions), initial, clock=time.monotonic, issue=issuer)
    side = DoipSide(garage)
    Authority(tmp_path / "auth").ensure()
    content = (tmp_path / "auth" / IDENTITY).read_bytes()
    key = load_pem_private_key(content, None)
    own = x509.load_pem_x509_certificate(content).public_bytes(Encoding.DER)
    challenge = bytes(range(32))
    try:
        with over_doip(side.host, side.port, 0x1003) as client:
            assert client.authentication_configuration().service_data.return_value == 0x02
            client.change_session(3)
            told = client.verify_certificate_bidirectional(0, own, challenge).service_data
            assert told.return_value == 0x11
            shown = x509.load_der_x509_certificate(told.certificate_server)
            shown.verify_directly_issued_by(_root_in(tmp_path / "auth"))
            label = b"Passbay 0x29 server"
            signed = _lengths(label, challenge, told.challenge_server, own, told.certificate_server, b"", b"\0")
            shown.public_key().verify(told.proof_of_ownership_server, signed)  # type: ignore[call-arg,union-attr]
            label = b"Passbay 0x29 client"
            mine = _lengths(label, told.challenge_server, challenge, told.certificate_server, own, b"", b"\0")
            proven = client.proof_of_ownership(key.sign(mine))  # type: ignore[call-arg,union-attr]
            assert proven.service_data.return_value == 0x12
            client.write_data_by_identifier(CODING_DID, b"\x02\x10")
            assert client.deauthenticate().service_data.return_value == 0x10
    finally:
        side.close()


def test_an_issued_certificate_may_be_short_lived() -> None:
    root = new_root("root", NOW)
    expired = issue(root, "tester", TESTER, NOW, until=NOW - 1)
    with pytest.raises(CertificateRefused) as caught:
        verify_chain(expired.certificate.public_bytes(Encoding.DER), (root.certificate,), TESTER, NOW)
    assert caught.value.nrc == 0x50
