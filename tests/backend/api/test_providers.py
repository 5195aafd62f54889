"""Log-in at somebody else's OpenID Connect provider: its tokens are believed as far as the administrator says."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from core.backend.identity import people, providers, rights
from core.errors import UsageError
from core.vocabulary.online.paper import Role
from tests.backend.rig import URL, Rig

ISSUER = "https://login.example/realms/shop"
MADE: dict[str, tuple[Any, Any]] = {
    "EdDSA": (Ed25519PrivateKey.generate(), OKPAlgorithm),
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "RS256": (rsa.generate_private_key(65537, 2048), RSAAlgorithm),
}


def _jwk(name: str) -> dict[str, Any]:
    private, algorithm = MADE[name]
    return dict(algorithm.to_jwk(private.public_key(), as_dict=True)) | {"kid": name, "use": "sig", "alg": name}


@pytest.fixture
def shop(rig: Rig) -> Rig:
    rig.user(rig.organisation(), "anna", Role.STANDARD_DIAGNOSIS, active=False)
    wish = [{"issuer": ISSUER, "audience": "passbay", "keys": [_jwk(name) for name in MADE]}]
    value = providers.checked(json.dumps(wish))
    rig.backend.write(lambda c: people.set_setting(c, providers.PROVIDERS_SETTING, value))
    return rig


def _token(rig: Rig, name: str = "EdDSA", headers: dict[str, str] | None = None, **changes: Any) -> str:
    now = rig.backend.now() // 1000
    claims = {"iss": ISSUER, "aud": "passbay", "exp": now + 300, "preferred_username": "Anna", "sub": "x"} | changes
    claims = {key: value for key, value in claims.items() if value is not None}
    return jwt.encode(claims, MADE[name][0], algorithm=name, headers={"kid": name} | (headers or {}))


def _hs256(claims: dict[str, Any], secret: bytes) -> str:
    """The public key taken for a shared secret; PyJWT itself refuses to make such a token."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS256", "kid": "RS256"}, claims)
    )
    signature = base64.urlsafe_b64encode(hmac.digest(secret, head + b"." + body, "sha256")).rstrip(b"=")
    return b".".join((head, body, signature)).decode()


def _status(rig: Rig, token: str) -> int:
    answer = rig.client.get("/api/v1/account", headers={"authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.mark.parametrize("name", MADE)
def test_a_provider_s_token_is_a_log_in_and_activates(shop: Rig, name: str) -> None:
    shop.backend.write(lambda c: people.set_setting(c, rights.ACTIVATION_SETTING, "60"))
    bearer = {"authorization": f"Bearer {_token(shop, name)}"}
    account = shop.client.get("/api/v1/account", headers=bearer).json()
    assert account["login"] == "anna" and account["activation"] == "pending"
    shop.clock.pass_(3600)
    bearer = {"authorization": f"Bearer {_token(shop, name)}"}
    assert shop.client.get("/api/v1/account", headers=bearer).json()["roles"] == ["standard-diagnosis"]


def test_what_is_not_exactly_right_is_no_log_in(shop: Rig) -> None:
    now = shop.backend.now() // 1000
    pem = (
        MADE["RS256"][0]
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    claims = {"iss": ISSUER, "aud": "passbay", "exp": now + 300, "preferred_username": "anna"}
    wrong = [
        _token(shop, iss="https://evil.example"),
        _token(shop, iss=URL),  # pretends to be ours
        _token(shop, iss=None),
        _token(shop, aud="another"),
        _token(shop, aud=None),
        _token(shop, exp=now),
        _token(shop, exp=None),
        _token(shop, nbf=now + 3600),
        _token(shop, preferred_username="nobody"),
        _token(shop, preferred_username=None),
        _token(shop, preferred_username=["anna"]),
        _token(shop, headers={"kid": "unknown"}),
        _token(shop, "ES256", headers={"kid": "EdDSA"}),  # another key than it says
        _hs256(claims, pem),
        jwt.encode(claims, "", algorithm="none", headers={"kid": "EdDSA"}),
        _token(shop)[:-4] + "AAAA",
    ]
    assert [_status(shop, token) for token in wrong] == [401] * len(wrong)
    assert _status(shop, _token(shop)) == 200
    shop.backend.write(lambda c: people.set_disabled(c, shop.users["anna"], True, shop.backend.now()))
    assert _status(shop, _token(shop)) == 401


@pytest.mark.parametrize(
    "value", ["", "x", "{}", '[{"issuer":"http://a","audience":"b","keys":[]}]', '[{"issuer":"https://a"}]',
              '[{"issuer":"https://a","audience":"b","keys":[{"kty":"oct","kid":"1"}]}]',
              '[{"issuer":"https://a","audience":"b","keys":[{"kty":"OKP","kid":"1","crv":"Ed25519","x":"AA"}]}]'],
)  # fmt: skip
def test_a_setting_that_cannot_work_is_refused(value: str) -> None:
    with pytest.raises(UsageError):
        providers.checked(value)
