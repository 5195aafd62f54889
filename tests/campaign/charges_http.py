"""The ledger campaign over HTTP: `passbay serve` with worker processes as the server, and the writers' way to it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

from core.backend import demo
from core.backend.identity import grants, people, rights
from core.backend.store import Store
from core.vocabulary.online.paper import Role
from tests.campaign.charges import Refused

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds
REFUSALS = ("2173-42", "2173-44")
_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class HttpDoor:
    """A client as the API sees it. What is not an answer, but silence or 5xx, leaves the outcome open."""

    def __init__(self, url: str, token_file: str) -> None:
        bearer = {"authorization": f"Bearer {Path(token_file).read_text(encoding='ascii')}"}
        # no kept connections: each request may meet another worker process
        limits = httpx.Limits(max_keepalive_connections=0)
        self._http = httpx.Client(base_url=url, headers=bearer, timeout=30, limits=limits)

    def _ask(self, operation: str, body: dict[str, object], key: str) -> str:
        try:
            answer = self._http.post(f"/api/v1/credit/{operation}", json=body, headers={"idempotency-key": key})
        except httpx.TransportError as error:
            raise ConnectionError(str(error)) from error
        if answer.status_code == 200:
            return answer.text
        code = answer.json().get("code", "") if "json" in answer.headers.get("content-type", "") else ""
        if code in REFUSALS:
            raise Refused(code)
        if answer.status_code in (502, 503, 504):
            raise ConnectionError(answer.text)
        raise RuntimeError(f"{operation} {body} got {answer.status_code}: {answer.text}")

    def buy(self, group: str, count: int, key: str) -> str:
        return self._ask("buy", {"package": f"{group.replace(' ', '-')}-hour", "count": count}, key)

    def reserve(self, group: str, minutes: int, key: str) -> str:
        return self._ask("reserve", {"group": group, "minutes": minutes, "hardware_id": "4FDEB136488F"}, key)

    def post(self, reservation: str, minutes: int, key: str) -> str:
        return self._ask("post", {"reservation": reservation, "minutes": minutes}, key)

    def void(self, reservation: str, key: str) -> str:
        return self._ask("void", {"reservation": reservation}, key)


class Server:
    """`passbay serve` on a loopback port that it keeps over its deaths."""

    def __init__(self, database: str, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._database, self._workers = database, workers
        self.start()

    def start(self) -> None:
        words = ["serve", "--port", str(self.port), "--workers", str(self._workers), "--rate", "0"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tui.entry", *words], cwd=REPOSITORY, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=os.environ | {"PASSBAY_DATABASE": self._database},
        )  # fmt: skip
        given_up = time.monotonic() + PATIENCE
        while True:
            try:
                if httpx.get(f"{self.url}/health", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > given_up or self._process.poll() is not None:
                raise RuntimeError(f"passbay serve does not come up ({self._process.poll()})")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL for the supervisor first, so that it starts no worker anew, then for every worker."""
        leader = psutil.Process(self._process.pid)
        family = [leader, *leader.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                pass
        self._process.wait(PATIENCE)
        psutil.wait_procs(family[1:], PATIENCE)


class Shop:
    """The organisation and the user whose credit the writers use."""

    def __init__(self, store: Store, token_file: Path) -> None:
        self._store, self.token_file = store, token_file
        now = time.time_ns() // 1_000_000

        def make(conn: object) -> tuple[str, str]:
            organisation = people.create_organisation(conn, "Workshop", now, "C-1", None)  # type: ignore[arg-type]
            user = people.create_user(conn, organisation, "anna", "Anna", "correct horse battery", now, identified=True)  # type: ignore[arg-type]
            for role in (Role.STANDARD_DIAGNOSIS, Role.FLASH):
                rights.grant(conn, user, role, now, activate=True)  # type: ignore[arg-type]
            demo.add_packages(conn, free=False)  # type: ignore[arg-type]
            return organisation, user

        self.organisation, self._user = store.write(make)

    def log_in(self, url: str) -> None:
        """A new access token for the writers of one round, approved as a person would in the portal."""
        begun = httpx.post(f"{url}/oauth/device_authorization", data={"client_id": "passbay"}).json()
        now = time.time_ns() // 1_000_000
        assert self._store.write(lambda c: grants.decide(c, self._user, begun["user_code"], True, now))
        form = {"client_id": "passbay", "grant_type": _GRANT, "device_code": begun["device_code"]}
        answer = httpx.post(f"{url}/oauth/token", data=form)
        assert answer.status_code == 200, answer.text
        self.token_file.write_text(json.loads(answer.text)["access_token"], encoding="ascii")
