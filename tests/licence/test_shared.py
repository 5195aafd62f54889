"""The whole way on a shared back end: TLS, PostgreSQL, two worker processes, PCs with hardware IDs of their own, and a
served vehicle. What a PC without role, credit, StartKey of its own, or with a revoked right gets; and without network.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend.conftest import postgres
from tests.backend.postgres import Postgres
from tests.backend.rig import PASSWORD
from tests.backend.serving.support import admin, certificate, serving
from tests.cli.support import serving as garage
from tests.licence.pcs import Pc

__all__ = ["postgres"]


@pytest.fixture
def shop(postgres: Postgres, tmp_path: Path, compiled_cache: Path) -> Iterator[Shop]:
    yield Shop(postgres.create(), tmp_path, compiled_cache)


class Shop:
    """The back end's database with two workshops, and the way to its server."""

    def __init__(self, database: str, folder: Path, cache: Path) -> None:
        self.database, self._folder, self._cache = database, folder, cache
        self._certificate, self._key = certificate(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = str(probe.getsockname()[1])
        self.url = f"https://127.0.0.1:{self._port}"
        self._pcs = 0
        self.admin("organisations", "add", "Garage Müller", "--contract", "C-1")
        self.admin("organisations", "add", "Rival", "--contract", "C-2")
        self.admin("credit", "packages", "--add-defaults")
        self.user("C-1", "anna", "standard-diagnosis", "flash", "organisation-admin")
        self.user("C-1", "ben", "standard-diagnosis")
        self.user("C-2", "carla", "standard-diagnosis", "flash", "organisation-admin")

    def admin(self, *arguments: str) -> dict[str, Any]:
        return admin(self.database, *arguments)

    def user(self, contract: str, login: str, *roles: str) -> None:
        options = [word for role in roles for word in ("--role", role)]
        admin(self.database, "users", "add", contract, login, *options, "--password-stdin", given=PASSWORD + "\n")
        for role in roles:
            self.admin("rights", "grant", login, role, "--activate")

    def serving(self) -> Any:
        options = ["--tls-cert", str(self._certificate), "--tls-key", str(self._key), "--workers", "2", "--rate", "0"]
        return serving(self.database, "--port", self._port, *options)

    def pc(self) -> Pc:
        self._pcs += 1
        return Pc(self._pcs, self._folder / f"pc-{self._pcs}", self.url, self._certificate, self._cache)


@pytest.mark.timeout(400)
def test_two_pcs_order_activate_log_in_buy_and_flash(shop: Shop) -> None:
    with shop.serving(), garage("van", "--doip", "127.0.0.1:0") as told:
        vci = f"doip://{told['doip']}"
        first, second, rival = shop.pc(), shop.pc(), shop.pc()
        assert first.refused("survey", "--vci", vci) == "2221-45 StartKeyMissing"
        assert first.refused("startkey", "activate") == "2221-45 StartKeyMissing"
        assert first.refused("startkey", "order") == "PB-707 NotSignedIn"
        keys = first.commission("anna"), second.commission("ben"), rival.commission("carla")
        assert [key["contract"] for key in keys] == ["C-1", "C-1", "C-2"] and all(key["green"] for key in keys)
        ids = {pc.well("startkey", "status")["hardware_id"] for pc in (first, second, rival)}
        assert len(ids) == 3

        assert first.refused("survey", "--vci", vci) == "2173-42 CreditMissing"
        assert first.well("credit", "buy", "vans-hour")["minutes"] == 60
        code, lines = first.all("flash", "--vci", vci, "--ecu", "CLUSTER")
        assert (code, lines[-1]["result"]) == (0, "flashed")
        assert "2173-43" in [line.get("code") for line in lines if line.get("event") == "message"]
        left = first.well("credit")["balances"]
        assert [row["group"] for row in left] == ["vans"] and 57 <= left[0]["minutes"] <= 59

        assert second.well("survey", "--vci", vci)["vin"]  # a colleague's credit is the workshop's
        assert second.refused("flash", "--vci", vci, "--ecu", "CLUSTER") == "PB-706 RightMissing"
        assert rival.refused("survey", "--vci", vci) == "2173-42 CreditMissing"

        _copied(first, shop.pc, vci)

        shop.admin("rights", "revoke", "anna", "flash")
        assert first.refused("flash", "--vci", vci, "--ecu", "CLUSTER") == "PB-706 RightMissing"
        assert first.well("survey", "--vci", vci)["vin"]
        shop.admin("startkeys", "revoke", first.well("startkey", "status")["hardware_id"])
        assert first.refused("startkey", "activate") == "PB-701 StartKeyInvalid"
        assert first.refused("survey", "--vci", vci) == "2221-45 StartKeyMissing"
        _no_secret_was_told(first, second, rival)


def _copied(first: Pc, new: Callable[[], Pc], vci: str) -> None:
    """StartKey, log-in and all other paper of a PC on another one: by the file, and the whole folder."""
    folder = next((first.home / "data" / "paper").glob("*/startkey.dsse")).parent
    thief, cloner = new(), new()
    (thief.home / "data" / "paper" / folder.name).mkdir(parents=True)
    shutil.copy(folder / "startkey.dsse", thief.home / "data" / "paper" / folder.name)
    shutil.copy(folder / "issuer-keys.json", thief.home / "data" / "paper" / folder.name)
    assert thief.refused("survey", "--vci", vci) == "PB-702 StartKeyOtherPc"
    assert thief.run("startkey", "status")[1]["verdict"] == "of another PC"
    for root in ("data", "state"):
        shutil.copytree(first.home / root / "paper", cloner.home / root / "paper")
    assert cloner.run("startkey", "status")[1]["verdict"] == "of another PC"
    assert cloner.refused("survey", "--vci", vci) == "PB-702 StartKeyOtherPc"
    assert cloner.refused("whoami") == "PB-707 NotSignedIn"


def _no_secret_was_told(*pcs: Pc) -> None:
    """A1: no token in any line that a command printed, nor in a log."""
    import json

    for pc in pcs:
        kept = [json.loads(path.read_text()) for path in (pc.home / "data" / "paper").glob("*/tokens.json")]
        secrets = [token for row in kept for token in (row["access"], row["refresh"])]
        logs = [path.read_text(errors="replace") for path in (pc.home / "state").rglob("*.log")]
        assert secrets and not [s for s in secrets for text in (*pc.said, *logs) if s in text]


@pytest.mark.timeout(300)
def test_the_server_goes_away_and_comes_back(shop: Shop) -> None:
    with garage("van", "--doip", "127.0.0.1:0") as told:
        vci = f"doip://{told['doip']}"
        pc = shop.pc()
        with shop.serving():
            pc.commission("anna")
            pc.well("credit", "buy", "vans-hour")
            shop.admin("maintenance", "announce", "2020-01-01T00:00", "2099-01-01T00:00", "New disks")
            pc.well("startkey", "activate")
        code, away = pc.run("startkey", "activate")
        assert (code, away["code"]) == (1, "2221-47") and "New disks" in away["message"]
        assert pc.well("flash", "--vci", vci, "--ecu", "CLUSTER")["result"] == "flashed"  # by the StartKey's grace
        assert pc.refused("credit") in ("PB-851 BackendUnreachable", "2221-47 StartKeyServerUnreachable")
        waiting = list((pc.home / "data" / "paper").glob("*/uses/*.json"))
        assert waiting, "what was used without the server waits on the disk"
        with shop.serving():
            (balance,) = pc.well("credit")["balances"]
            assert 57 <= balance["minutes"] <= 59  # the flash's minutes, once
            assert not list((pc.home / "data" / "paper").glob("*/uses/*.json"))
            assert pc.well("credit")["balances"] == [balance]
