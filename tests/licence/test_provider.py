"""L1-L4 with somebody else's log-in: an OpenID Connect provider that settings and back end name; the rest is ours."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.backend.rig import PASSWORD
from tests.backend.serving.support import admin, certificate
from tests.backend.serving.support import serving as back_end
from tests.licence.pcs import TIMEOUT, Pc
from tests.licence.scripted import Script, serving, tokens
from tests.licence.support import key, public

KEY = key(7)


def access_token(issuer: str, login: str) -> str:
    claims = {"iss": issuer, "aud": "passbay", "preferred_username": login, "exp": int(time.time()) + 600}
    return jwt.encode(claims, KEY, "EdDSA", headers={"kid": "k1"})


def log_in(pc: Pc) -> dict[str, Any]:
    """The provider approves by its script."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.entry", "login", "--json"],
        capture_output=True, text=True, timeout=TIMEOUT, env=pc.environment,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told | {"exit code": done.returncode}


@pytest.mark.timeout(240)
def test_a_provider_of_ones_own_logs_in_and_the_back_end_gives_the_roles(tmp_path: Path, compiled_cache: Path) -> None:
    cert, secret = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, secret)
    database = f"sqlite:///{tmp_path / 'backend.db'}"
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    script = Script([], interval=1)
    with serving(script, tls) as provider:
        provider.token += [
            "authorization_pending", tokens(access_token(provider.url, "anna"), "PROVIDER-REFRESH"),
            tokens(access_token(provider.url, "nobody-here"), "PROVIDER-REFRESH-2"),
        ]  # fmt: skip
        x = base64.urlsafe_b64encode(public(KEY)).decode().strip("=")
        jwk = {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}
        trusted = [{"issuer": provider.url, "audience": "passbay", "keys": [jwk]}]
        admin(database, "organisations", "add", "Garage Müller", "--contract", "C-1")
        roles = ["--role", "standard-diagnosis", "--role", "flash"]
        admin(database, "users", "add", "C-1", "anna", *roles, "--password-stdin", given=PASSWORD + "\n")
        admin(database, "settings", "set", "login_providers", json.dumps(trusted))
        with back_end(database, "--port", port, "--tls-cert", str(cert), "--tls-key", str(secret), "--rate", "0"):
            pc = Pc(1, tmp_path / "pc", f"https://127.0.0.1:{port}", cert, compiled_cache)
            pc.environment["PASSBAY_LOGIN__ISSUER"] = provider.url
            told = log_in(pc)
            assert (told["exit code"], told["user"], told["issuer"]) == (0, "anna", provider.url)
            assert {"standard-diagnosis", "flash"} <= set(told["roles"]) or told["activation"] == "pending"
            assert pc.well("startkey", "order")["state"] == "issued" and pc.well("startkey", "activate")["green"]
            refused = log_in(pc)
            assert (refused["exit code"], refused["error"]) == (1, "NotSignedIn")
            assert pc.well("whoami")["user"] == "anna"  # a log-in that failed takes nobody's place
            pc.well("logout")
            assert provider.revoked == ["PROVIDER-REFRESH"]
