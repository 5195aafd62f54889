"""Which hosts and ports this PC needs (R6): each purpose at the back end's own address. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.vocabulary.shop.check import NetworkTarget

PURPOSES = ("StartKey and log-in", "Time credit", "Flash: programming and coding", "Update Service and AddOns")


def default_targets(url: str) -> tuple[NetworkTarget, ...]:
    """For the back end at `url`, "" the embedded one: it needs no host, and the rows say so."""
    parts = urlsplit(url)
    protocol = "http" if parts.scheme == "http" else "https"
    port = parts.port or (80 if protocol == "http" else 443)
    return tuple(NetworkTarget(purpose, parts.hostname or "", port, protocol) for purpose in PURPOSES)
