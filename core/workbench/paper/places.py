"""From paths and settings to the place of a back end's paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.licence.place import Place
from core.settings import Settings
from core.workbench.paths import WorkbenchPaths


def place_of(paths: WorkbenchPaths, settings: Settings, open_embedded: Callable[[], Any]) -> Place:
    """Quick: loads no other file of the licence."""
    return Place(
        paths.paper,
        paths.paper_state,
        (paths.journal, paths.history, paths.history_heads, paths.settings_file),
        open_embedded,
        settings.backend.url.strip().rstrip("/"),
        settings.backend.ca_file,
        settings.backend.issuer_key.strip().lower(),
        settings.login.issuer.strip().rstrip("/"),
        settings.login.client_id,
    )
