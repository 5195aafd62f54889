"""`check ports` behind a real name server that answers wrongly, in a network of its own (Linux, root)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.pc.network import name_server
from core.pc.network.name_server import why_not
from tests.pc.authority import TestAuthority
from tests.pc.isolated import SERVER, SERVER6
from tests.pc.name_server import NameServer

REPOSITORY = Path(__file__).resolve().parents[2]
HOST = "shop.example.org"
OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
LOG_IN = "HTTP/1.1 302 Found\r\nLocation: http://login.hotspot.example/?to=shop\r\nContent-Length: 0\r\n\r\n"
QUICK = "timeout:1 attempts:1"
DEADLINE = 4.0
MOST_OVER = 1.25
"""The check's time may be this much of its deadline: polling, and a machine that does something else."""


def _no_namespace() -> str:
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a network namespace needs Linux and root"
    script = "mount --bind /etc/hosts /etc/resolv.conf"
    done = subprocess.run(["unshare", "--net", "--mount", "sh", "-c", script], capture_output=True, text=True)
    return f"no network namespace here: {done.stderr.strip()[:100]}" if done.returncode else ""


_WHY = _no_namespace()
needs_namespace = pytest.mark.skipif(bool(_WHY), reason=_WHY)


@dataclass
class Place:
    """A network of its own; each call is a fresh one."""

    authority: TestAuthority

    def run(self, kind: str, addresses: list[str], **plan: Any) -> Any:
        defaults = {
            "kind": kind, "addresses": addresses, "at": "127.0.0.1", "network": True, "options": QUICK, "servers": [],
            "targets": [["Shop", HOST, 443]], "deadline": DEADLINE, "ca_file": str(self.authority.file), "command": [],
        }  # fmt: skip
        command = [
            "unshare",
            "--net",
            "--mount",
            sys.executable,
            "-m",
            "tests.pc.isolated",
            json.dumps(defaults | plan),
        ]
        environment = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy")}
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=REPOSITORY, env=environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def server(self, place: str = SERVER, *names: str, answer: str = OK, port: int = 443) -> list[Any]:
        files = self.authority.server(*names) if names else None
        return [place, port, answer, [str(files.certificate), str(files.key)] if files else []]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(TestAuthority(tmp_path))


def steps(row: dict[str, Any]) -> dict[str, Any]:
    return {step["name"]: (step["ok"], step["words"]) for step in row["steps"]}


def in_time(told: dict[str, Any], deadline: float = DEADLINE) -> None:
    assert told["spent"] / deadline < MOST_OVER, told["spent"]


@needs_namespace
@pytest.mark.parametrize("kind", ["right", "slow", "over-tcp"])
def test_behind_a_good_name_server_everything_is_green(place: Place, kind: str) -> None:
    servers = [place.server(SERVER, HOST), place.server(port=80)]
    targets = [["Shop", HOST, 443], ["Page", HOST, 80, "http"], ["Port", HOST, 443, "tcp"]]
    told = place.run(kind, [SERVER], servers=servers, targets=targets)
    in_time(told)
    for row in told["rows"]:
        assert (row["verdict"], row["advice"]) == ("ok", ""), row
        assert steps(row)["name"] == (True, SERVER)
    slowest = told["rows"][0]["steps"][0]["milliseconds"]
    assert (slowest > 300) == (kind == "slow") or kind == "over-tcp"  # the wait stands where it belongs
    assert "Nothing is to be done." in told["page"]


@needs_namespace
@pytest.mark.parametrize(
    ("kind", "seen", "advice"),
    [
        ("unknown", "the name is not known", f"resolve {HOST}"),
        ("empty", "the name has no address", "tells no address"),
        ("failing", "the name server 127.0.0.1 has failed", "SERVFAIL"),
        ("refusing", "the name server 127.0.0.1 refuses to answer this PC", "another name server"),
        ("silent", "the name server 127.0.0.1 does not answer", "firewall"),
        ("garbage", "what the name server 127.0.0.1 sends is no answer", "another name server"),
        ("", "nothing listens at the name server 127.0.0.1", "another name server"),
    ],
)
def test_each_wrong_answer_is_named(place: Place, kind: str, seen: str, advice: str) -> None:
    told = place.run(kind, [SERVER], servers=[place.server(SERVER, HOST)])
    in_time(told)
    (row,) = told["rows"]
    assert row["verdict"] == "failed"
    assert steps(row)["name"] == (False, seen)
    assert [step["ok"] for step in row["steps"]] == [False, None, None, None]
    assert advice in row["advice"]
    assert seen in told["page"] and row["advice"] in told["page"]


@needs_namespace
def test_without_a_network_it_is_the_network(place: Place) -> None:
    targets = [["Shop", HOST, 443], ["Address", SERVER, 443]]
    told = place.run("", [], network=False, at="192.0.2.53", targets=targets)
    in_time(told)
    name, address = told["rows"]
    assert steps(name)["name"] == (False, "there is no way to the name server 192.0.2.53")
    assert "no network" in name["advice"]
    assert steps(address)["connection"] == (False, "Network is unreachable")
    assert "no way there" in address["advice"]


@needs_namespace
def test_a_name_server_that_sends_everybody_to_its_own_page(place: Place) -> None:
    """A captive portal: another certificate at 443, a log-in page at 80, nothing at 8443, words without TLS at 993."""
    servers = [
        place.server("127.0.0.2", "login.hotspot.example"), place.server("127.0.0.2", answer=LOG_IN, port=80),
        place.server("127.0.0.2", answer="220 mail ready\r\n", port=993),
    ]  # fmt: skip
    targets = [["Shop", HOST, 443], ["Page", HOST, 80, "http"], ["None", HOST, 8443], ["Mail", HOST, 993]]
    told = place.run("right", ["127.0.0.2"], servers=servers, targets=targets)
    in_time(told)
    shop, page, none, mail = told["rows"]
    assert [row["verdict"] for row in told["rows"]] == ["failed", "warning", "failed", "failed"]
    for row in told["rows"]:
        assert f"{HOST} resolves to 127.0.0.2, an address of a local network" in row["advice"]
    assert "another name" in steps(shop)["TLS"][1]
    assert "login.hotspot.example" in page["advice"] and "log-in page" in page["advice"]
    assert steps(none)["connection"] == (False, "refused")
    assert "speaks no TLS" in mail["advice"]


@needs_namespace
def test_a_stranger_s_certificate_and_a_network_that_wants_a_log_in(place: Place, tmp_path: Path) -> None:
    stranger = Place(TestAuthority(tmp_path, "Hotspot Root")).server("10.11.12.13", HOST)
    told = place.run("right", ["127.0.0.3"], servers=[["127.0.0.3", *stranger[1:]]])
    (row,) = told["rows"]
    assert "'Hotspot Root' is not trusted" in steps(row)["TLS"][1]
    assert "127.0.0.3, an address of a local network" in row["advice"] and "ca_file" in row["advice"]
    wants = "HTTP/1.1 511 Network Authentication Required\r\nContent-Length: 0\r\n\r\n"
    told = place.run(
        "right", [SERVER], servers=[place.server(answer=wants, port=80)], targets=[["P", HOST, 80, "http"]]
    )
    (row,) = told["rows"]
    assert row["verdict"] == "failed" and "log-in first" in steps(row)["answer"][1]
    assert "browser" in row["advice"]


@needs_namespace
def test_ipv6_only(place: Place) -> None:
    told = place.run("right", [SERVER6], servers=[place.server(SERVER6, HOST)])
    (row,) = told["rows"]
    assert row["verdict"] == "ok" and steps(row)["name"] == (True, SERVER6), row
    elsewhere = "2606:2800:220:1::2"  # this network has no way to it
    (row,) = place.run("right", [elsewhere])["rows"]
    assert "IPv6 addresses only" in steps(row)["connection"][1] and "IPv4" in row["advice"]
    told = place.run("right", [elsewhere, SERVER])  # nothing listens at the other: that is what is told
    assert steps(told["rows"][0])["connection"] == (False, "refused")


@needs_namespace
def test_silence_ends_at_the_deadline_and_costs_its_own_rows_only(place: Place) -> None:
    """With the C library's own patience of ten seconds."""
    targets = [["Shop", HOST, 443], ["Credit", HOST, 8443], ["Here", SERVER, 443, "tcp"]]
    plan: dict[str, Any] = {"options": "", "targets": targets, "servers": [place.server(SERVER, HOST)]}
    told = place.run("silent", [], deadline=2.0, **plan)
    in_time(told, 2.0)
    assert [row["verdict"] for row in told["rows"]] == ["failed", "failed", "ok"]
    assert steps(told["rows"][0])["name"] == (False, "no answer in time")
    assert "name server" in told["rows"][0]["advice"]
    stopped = place.run("silent", [], deadline=60.0, cancel=True, **plan)
    assert stopped["spent"] / 60.0 < 0.2  # far from the deadline, and from the resolver's ten seconds
    assert [row["verdict"] for row in stopped["rows"]][:2] == ["failed", "failed"]


@needs_namespace
@pytest.mark.parametrize("kind", ["silent", "failing", ""])
def test_the_command_keeps_its_deadline_though_it_asks_the_back_end_first(place: Place, home: Path, kind: str) -> None:
    from core.workbench import WorkbenchPaths

    settings = WorkbenchPaths.below(home).settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[backend]\nurl = "https://{HOST}"\n', encoding="utf-8")
    command = ["-W", "error", "-m", "tui.entry", "check", "ports", "--json", "--deadline", "3"]
    told = place.run(kind, [SERVER], options="", command=command, network=bool(kind))
    assert told["code"] == 1, told["err"]
    assert told["err"] == ""
    rows = json.loads(told["out"].splitlines()[-1])["rows"]
    assert {row["host"] for row in rows} == {HOST} and all(row["verdict"] == "failed" for row in rows)
    assert max(row["seconds"] for row in rows) / 3 < MOST_OVER
    assert told["spent"] / 3 < 3  # with the start of a process


@needs_namespace
def test_the_back_end_tells_its_hosts_where_it_is_found(place: Place, home: Path) -> None:
    """The other side of the same coin: behind a right name server its own list is what is checked."""
    from core.workbench import WorkbenchPaths

    settings = WorkbenchPaths.below(home).settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[backend]\nurl = "http://{HOST}"\n', encoding="utf-8")
    body = json.dumps({"rows": [{"purpose": "VPN", "host": HOST, "port": 80, "required": False}]})
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    )
    told = place.run(
        "right", [SERVER], servers=[place.server(answer=f"{answer}\r\n{body}", port=80)],
        command=["-m", "tui.entry", "check", "ports", "--json"],
    )  # fmt: skip
    (row,) = json.loads(told["out"].splitlines()[-1])["rows"]
    assert (row["purpose"], row["verdict"]) == ("VPN", "ok")


@pytest.mark.parametrize(
    ("kind", "addresses", "seen"),
    [
        ("right", [], "the name has no address"), ("right", [SERVER], "answers too late"),
        ("failing", [], "has failed"), ("silent", [], "does not answer"), ("garbage", [], "is no answer"),
    ],
)  # fmt: skip
def test_the_question_by_hand(monkeypatch: pytest.MonkeyPatch, kind: str, addresses: list[str], seen: str) -> None:
    """The same without a namespace, at a port of its own."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    NameServer(kind, addresses, port=port)
    monkeypatch.setattr(name_server, "_PORT", port)
    assert seen in why_not(HOST, ("127.0.0.1",), seconds=0.3 if kind in ("silent", "garbage") else 30)[0]


def test_what_cannot_be_asked_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_server, "RESOLV_CONF", tmp_path / "none")
    assert why_not(HOST) == name_server.NO_SERVER  # Windows
    (tmp_path / "none").write_bytes(b"# \xff\nnameserver\nnameserver no-address\noptions timeout:1\n")
    assert name_server.configured() == ("no-address",)
    assert why_not(HOST) == name_server.NO_SERVER
    assert why_not("a" * 70 + ".example", ("127.0.0.1",)) == name_server.NO_SERVER  # no name of DNS
