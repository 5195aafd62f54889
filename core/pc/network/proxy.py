"""Which proxy this PC is told to use for a target: environment, Windows or macOS settings. Asks no network."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Proxy:
    """Without its password: rows are printed."""

    host: str
    port: int

    @property
    def text(self) -> str:
        return f"{self.host}:{self.port}"


def proxy_for(host: str, protocol: str) -> Proxy | None:
    """None: straight to the target. Only HTTP proxies are known; CONNECT carries everything through them."""
    import urllib.request

    if protocol == "tcp" or urllib.request.proxy_bypass(host):
        return None
    told = urllib.request.getproxies().get(protocol, "")
    if not told:
        return None
    try:
        parts = urlsplit(told if "//" in told else f"//{told}")
        return Proxy(parts.hostname, parts.port or 80) if parts.hostname else None
    except ValueError:  # a port that is no number
        return None
