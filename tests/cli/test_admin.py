"""`passbay admin`: every verb on an empty database and on one with a workshop; JSON, exit codes, words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.backend.identity import passwords, people
from core.errors import DatabaseFailed
from tui.cli.main import cli


class Desk:
    def __init__(self, folder: Path) -> None:
        self._environment = {"PASSBAY_DATABASE": f"sqlite:///{folder / 'backend.sqlite3'}"}

    def run(self, *arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(cli, ["admin", *arguments], env=self._environment, input=given)

    def json(self, *arguments: str, given: str = "", code: int = 0) -> dict[str, Any]:
        done = self.run(*arguments, "--json", given=given)
        assert done.exit_code == code, done.output
        return dict(json.loads(done.output.splitlines()[-1]))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(passwords, "_LOG_N", 7)
    return Desk(tmp_path)


@pytest.fixture
def workshop(desk: Desk) -> Desk:
    desk.json("organisations", "add", "Garage", "--contract", "C-1")
    desk.json("users", "add", "C-1", "anna", "--role", "flash", "--password-stdin", given="a long password\n")
    return desk


def test_a_stolen_issuer_key(workshop: Desk) -> None:
    first = workshop.json("keys", "rotate")["keyid"]
    told = workshop.json("keys", "distrust", first)
    assert told["keyid"] == first and told["signs_now"] != first and told["startkeys_to_renew"] == 0
    old, new = workshop.json("keys", "list")["rows"]
    assert old["distrusted"] and not new["distrusted"] and new["keyid"] == told["signs_now"]
    assert workshop.json("keys", "distrust", "0" * 16, code=2)["message"]
    assert workshop.json("audit")["rows"][-1]["what"] == "key distrusted"


LISTS = (
    ("organisations", "list"), ("users", "list"), ("rights", "requests"), ("credit", "packages"), ("startkeys", "list"),
    ("startkeys", "orders"), ("keys", "list"), ("maintenance", "list"), ("settings", "list"), ("audit",),
)  # fmt: skip


def test_lists_of_an_empty_back_end(desk: Desk) -> None:
    for verb in LISTS:
        assert isinstance(desk.json(*verb)["rows"], list), verb
        assert desk.run(*verb).exit_code == 0


def test_organisations_and_users(workshop: Desk) -> None:
    assert workshop.json("organisations", "add", "Other")["contract"].startswith("PB-")
    assert workshop.json("organisations", "add", "X", "--contract", "C-1", code=1)["code"] == "PB-852"
    made = workshop.json("users", "add", "C-1", "ben")
    assert len(made["password"]) >= 15 and made["identified"]
    assert workshop.json("users", "add", "C-9", "carl", code=1)["code"] == "PB-852"
    assert workshop.json("users", "add", "C-1", "x y", code=1)["code"] == "PB-852"
    assert workshop.json("users", "add", "C-1", "dora", "--password-stdin", given="short\n", code=1)
    assert workshop.json("users", "disable", "ben")["disabled"] is True
    assert workshop.json("users", "enable", "ben")["disabled"] is False
    assert "password" in workshop.json("users", "password", "ben")
    assert workshop.json("users", "identify", "ben")["login"] == "ben"
    assert workshop.json("users", "logout", "ben")["login"] == "ben"
    assert workshop.json("users", "disable", "nobody", code=1)["code"] == "PB-852"
    assert "anna" in workshop.run("users", "list", "--contract", "C-1").output


def test_rights(workshop: Desk) -> None:
    assert workshop.json("users", "list")["rows"][0]["rights"] == {"flash": "granted"}
    assert workshop.json("rights", "grant", "anna", "standard-diagnosis", "--activate")["rights"] == {
        "flash": "granted", "standard-diagnosis": "active",
    }  # fmt: skip
    assert workshop.json("rights", "revoke", "anna", "flash")["rights"]["flash"] == "revoked"
    assert workshop.run("rights", "grant", "anna", "king").exit_code == 2


def test_credit_is_given_with_its_line_in_the_audit_or_not_at_all(
    workshop: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise DatabaseFailed("The disk is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(people, "note", broken)
        assert workshop.json("credit", "give", "C-1", "vans", "hour", code=1)["code"] == DatabaseFailed.code
    assert workshop.json("credit", "show", "C-1")["rows"] == []
    workshop.json("credit", "give", "C-1", "vans", "hour")
    assert workshop.json("audit")["rows"][-1]["what"] == "credit given"
    assert workshop.json("credit", "give", "C-9", "vans", "hour", code=1)["code"] == "PB-852"


def test_credit_and_contract(workshop: Desk) -> None:
    assert len(workshop.json("credit", "packages", "--add-defaults")["rows"]) == 20
    assert workshop.json("credit", "price", "vans-hour", "999")["price_cents"] == 999
    assert workshop.json("credit", "withdraw", "vans-week")["removed"] is True
    assert workshop.json("credit", "give", "C-1", "vans", "hour", "--count", "3")["minutes_left"] == 180
    assert workshop.json("credit", "show", "C-1")["rows"][0]["minutes"] == 180
    assert workshop.json("organisations", "extend", "C-1", "2001-01-01", code=2)["code"] == "PB-002"
    assert workshop.json("organisations", "extend", "C-1", "2199-01-01")["contract_end"] > 0
    assert workshop.json("organisations", "extend", "C-1", "soon", code=2)["code"] == "PB-002"
    assert workshop.json("credit", "show", "C-1")["rows"][0]["minutes"] == 180  # carried over
    workshop.json("organisations", "end", "C-1")
    assert workshop.json("credit", "show", "C-1")["rows"][0]["minutes"] == 0  # lapsed
    assert workshop.json("credit", "verify")["problems"] == []


def test_who_may_buy(workshop: Desk) -> None:
    assert workshop.json("organisations", "list")["rows"][0]["buyers"] == "all"
    assert workshop.json("organisations", "set", "C-1", "--buyers", "admins")["buyers"] == "admins"
    assert workshop.json("organisations", "list")["rows"][0]["buyers"] == "admins"
    assert workshop.json("audit")["rows"][-1]["what"] == "buyers chosen"
    assert workshop.json("organisations", "set", "C-9", "--buyers", "all", code=1)["code"] == "PB-852"


def test_keys_maintenance_settings_audit(workshop: Desk) -> None:
    first = workshop.json("keys", "rotate")["keyid"]
    second = workshop.json("keys", "rotate")["keyid"]
    rows = workshop.json("keys", "list")["rows"]
    assert [row["keyid"] for row in rows] == [first, second] and rows[1]["endorsed"] and "private" not in str(rows)
    window = workshop.json("maintenance", "announce", "2199-01-01T10:00", "2199-01-01T12:00", "New disks")
    assert workshop.json("maintenance", "list")["rows"][0]["words"] == "New disks"
    assert workshop.json("maintenance", "cancel", window["id"])["removed"] is True
    assert workshop.json("maintenance", "announce", "2199-01-02", "2199-01-01", "x", code=2)
    assert workshop.json("settings", "set", "activation_minutes", "240")["value"] == "240"
    assert workshop.json("settings", "set", "activation_minutes", "241", code=2)
    assert workshop.json("settings", "set", "made-up", "1", code=2)["code"] == "PB-002"
    rows = '[{"purpose": "Flash", "host": "flash.example", "port": 443, "required": true}]'
    assert "flash.example" in workshop.json("settings", "set", "network", rows)["value"]
    assert workshop.json("settings", "set", "network", '[{"host": 1}]', code=2)["code"] == "PB-002"
    assert workshop.json("settings", "set", "product_groups", "vans, ships")["value"] == '["vans", "ships"]'
    told = workshop.json("audit", "--last", "3")["rows"]
    assert [row["what"] for row in told] == ["setting changed"] * 3
    assert workshop.json("startkeys", "revoke", "0" * 12, code=1)["code"] == "PB-852"
