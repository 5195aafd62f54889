"""A browser without a screen: cookies, forms with their CSRF field, redirects."""

from __future__ import annotations

import re
from typing import Any

import httpx

from tests.backend.rig import PASSWORD, URL, InProcess, Rig


class Browser:
    def __init__(self, rig: Rig, address: str = "192.0.2.7") -> None:
        self.http = httpx.Client(transport=InProcess(rig.app, address), base_url=URL, follow_redirects=True)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(path, params=query or None)

    def csrf(self, path: str) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(path).text)
        assert found, path
        return found.group(1)

    def post(self, path: str, page: str = "", files: Any = None, **form: str) -> httpx.Response:
        """Fills the form that stands on `page` (the same path where none is named)."""
        return self.http.post(path, data={"csrf": self.csrf(page or path)} | form, files=files)

    def log_in(self, login: str, password: str = PASSWORD, **form: str) -> httpx.Response:
        return self.post("/login", login=login, password=password, **form)

    @property
    def session(self) -> str | None:
        return self.http.cookies.get("__Host-passbay")
