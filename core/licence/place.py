"""Where the paper of one back end lies on this PC, and how that is reached: values that the workbench knows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Place:
    """`paper` and `state` are the roots of this installation; each back end has a folder of its own in both, so that
    going to another back end and coming back loses nothing. `url` "" is the embedded one, opened by `open_embedded`."""

    paper: Path
    state: Path
    witnesses: tuple[Path, ...]
    open_embedded: Callable[[], Any]
    url: str = ""
    ca_file: str = ""
    issuer_key: str = ""  # the back end's first key, where it is known another way
    login_issuer: str = ""  # an OpenID Connect provider; "": the back end itself
    client_id: str = "passbay"

    @property
    def embedded(self) -> bool:
        return not self.url

    @property
    def name(self) -> str:
        return hashlib.sha256(self.url.encode()).hexdigest()[:12] if self.url else EMBEDDED

    @property
    def folder(self) -> Path:
        return self.paper / self.name

    @property
    def second_folder(self) -> Path:
        return self.state / self.name

    @property
    def startkey_file(self) -> Path:
        return self.folder / "startkey.dsse"

    @property
    def commissioned(self) -> bool:
        """Paper is needed for simulated vehicles, too. Quick."""
        return not self.embedded or self.startkey_file.exists()
