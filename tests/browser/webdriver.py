"""A real browser by the W3C WebDriver protocol: chromium without a screen, through chromedriver's plain JSON."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name of references, fixed by the standard (section 12.2)
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
          "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")  # fmt: skip
PATIENCE = 60


def why_not() -> str:
    """The reason to skip, "" where a browser can be started."""
    for name in ("chromium", "chromedriver"):
        if shutil.which(name) is None:
            return f"no {name} (apt-get install chromium chromium-driver)"
    return ""


class Chromium:
    """One window with a profile of its own. The portal is tried without JavaScript, as it must do without."""

    def __init__(self, folder: Path, *, javascript: bool = False, size: tuple[int, int] = (1000, 900)) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._driver = subprocess.Popen(
            [str(shutil.which("chromedriver")), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False)
        self._wait()
        options = {
            "binary": shutil.which("chromium"),
            "args": [*_FLAGS, f"--user-data-dir={folder}", f"--window-size={size[0]},{size[1]}"],
            "prefs": {"profile.managed_default_content_settings.javascript": 1 if javascript else 2},
        }
        wishes = {"acceptInsecureCerts": True, "goog:chromeOptions": options}
        if javascript:
            wishes["goog:loggingPrefs"] = {"browser": "ALL"}
        begun = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wishes}})
        self._session = f"/session/{begun['sessionId']}"
        self._call("POST", f"{self._session}/timeouts", {"implicit": 10_000})

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if self._http.get("/status").json()["value"]["ready"]:
                    return
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.05)

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, path, json=body if method == "POST" else None)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value

    def open(self, url: str) -> None:
        self._call("POST", f"{self._session}/url", {"url": url})

    @property
    def url(self) -> str:
        return str(self._call("GET", f"{self._session}/url"))

    def find(self, selector: str) -> str:
        wish = {"using": "css selector", "value": selector}
        return str(self._call("POST", f"{self._session}/element", wish)[_ELEMENT])

    def text(self, selector: str = "body") -> str:
        return str(self._call("GET", f"{self._session}/element/{self.find(selector)}/text"))

    def style(self, selector: str, name: str) -> str:
        return str(self._call("GET", f"{self._session}/element/{self.find(selector)}/css/{name}"))

    def type(self, selector: str, text: str) -> None:
        self._call("POST", f"{self._session}/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        self._call("POST", f"{self._session}/element/{self.find(selector)}/click", {})

    def send(self, selector: str) -> None:
        """Clicks a button that sends a form, and waits until the page that it stood on is gone."""
        page = self.find("html")
        self.click(selector)
        end = time.monotonic() + PATIENCE
        while self._http.get(f"{self._session}/element/{page}/name").status_code == 200:
            assert time.monotonic() < end, f"{selector} sends nothing"
            time.sleep(0.02)

    def cookies(self) -> list[dict[str, Any]]:
        return list(self._call("GET", f"{self._session}/cookie"))

    def run(self, script: str, *arguments: Any) -> Any:
        """What the script returns (section 13.2.1); the page must allow JavaScript."""
        body = {"script": script, "args": list(arguments)}
        return self._call("POST", f"{self._session}/execute/sync", body)

    def wait_for(self, script: str, *arguments: Any, patience: float = PATIENCE) -> Any:
        """The first value of the script that is true in Python's sense."""
        end = time.monotonic() + patience
        while not (value := self.run(script, *arguments)):
            assert time.monotonic() < end, f"never came true: {script}"
            time.sleep(0.05)
        return value

    def press(self, keys: str) -> None:
        """Keys into what has the focus, without any click; special keys by their code points (section 17.4.2)."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        actions = [{"type": "key", "id": "keyboard", "actions": strokes}]
        self._call("POST", f"{self._session}/actions", {"actions": actions})

    def console(self) -> list[str]:
        """What the page and the browser complained about since the last question."""
        return [str(entry["message"]) for entry in self._call("POST", f"{self._session}/se/log", {"type": "browser"})]

    def resize(self, width: int, height: int) -> None:
        self._call("POST", f"{self._session}/window/rect", {"width": width, "height": height})

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._call("GET", f"{self._session}/screenshot")))

    def close(self) -> None:
        try:
            self._call("DELETE", self._session)
        finally:
            self._http.close()
            self._driver.terminate()
            self._driver.wait(PATIENCE)
