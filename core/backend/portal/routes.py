"""The portal's routes."""

from __future__ import annotations

from typing import Any

from core.backend.context import Backend


def portal_routes(backend: Backend) -> list[Any]:
    return []
