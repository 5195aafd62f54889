"""PCs of a workshop: each with its own home, machine traits and log-in; all talk to one shared back end."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from tests.backend.rig import PASSWORD

HOOKS = Path(__file__).resolve().parents[1] / "hooks"
TIMEOUT = 100


class Pc:
    """`number` makes its machine traits; `home` its PASSBAY_HOME."""

    def __init__(self, number: int, home: Path, url: str, ca_file: Path, cache: Path) -> None:
        self.home, self._url, self._ca_file = home, url, ca_file
        home.mkdir()
        (home / "cache").symlink_to(cache, target_is_directory=True)
        traits = f"installation-{number}|board-{number}|00:1b:44:00:00:{number:02x}|disk-{number}"
        self.environment = {
            **os.environ, "PASSBAY_HOME": str(home), "PASSBAY_BACKEND__URL": url,
            "PASSBAY_BACKEND__CA_FILE": str(ca_file), "PASSBAY_TEST_TRAITS": traits, "PYTHONPATH": str(HOOKS),
        }  # fmt: skip
        self.said: list[str] = []

    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit code and last JSON object of a command."""
        code, lines = self.all(*arguments)
        return code, lines[-1]

    def all(self, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "tui.entry", *arguments, "--json"],
            capture_output=True, text=True, timeout=TIMEOUT, env=self.environment,
        )  # fmt: skip
        self.said += [done.stdout, done.stderr]
        assert done.stdout and "Traceback" not in done.stderr, done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    def well(self, *arguments: str) -> dict[str, Any]:
        code, told = self.run(*arguments)
        assert code == 0, told
        return told

    def refused(self, *arguments: str) -> str:
        """The name and code of the refusal."""
        code, told = self.run(*arguments)
        assert code == 1, told
        return f"{told['code']} {told['error']}"

    def log_in(self, login: str) -> dict[str, Any]:
        """`passbay login`, and a person with a browser."""
        with subprocess.Popen(
            [sys.executable, "-m", "tui.entry", "login", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            prompt = json.loads(process.stdout.readline() or process.communicate()[1])
            trust = ssl.create_default_context(cafile=str(self._ca_file))
            with httpx.Client(base_url=self._url, verify=trust, follow_redirects=True, timeout=30) as browser:
                approve(browser, login, prompt["user_code"])
            rest, errors = process.communicate(timeout=TIMEOUT)
        self.said += [json.dumps(prompt), rest, errors]
        assert process.returncode == 0, rest + errors
        told: dict[str, Any] = json.loads(rest.splitlines()[-1])
        return told

    def commission(self, login: str) -> dict[str, Any]:
        self.log_in(login)
        assert self.well("startkey", "order")["state"] == "issued"
        return self.well("startkey", "activate")


def approve(browser: httpx.Client, login: str, user_code: str) -> None:
    """What a person does: log in, look at the code, approve."""
    page = browser.get("/login")
    browser.post("/login", data={"csrf": _csrf(page.text), "login": login, "password": PASSWORD})
    page = browser.get("/device", params={"user_code": user_code})
    done = browser.post("/device", data={"csrf": _csrf(page.text), "user_code": user_code, "decision": "approve"})
    assert done.status_code == 200 and "approved" in done.text, done.text


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found, page
    return found.group(1)
