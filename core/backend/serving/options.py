"""How a shared back end is started, checked before anything is opened. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UsageError

MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """`database` may hold a password: it comes from an environment variable where argv would show it to everybody."""

    database: str
    host: str = "127.0.0.1"
    port: int = 8443
    tls_cert: Path | None = None
    tls_key: Path | None = None
    workers: int = 1
    without_tls: bool = False  # the explicit word for leaving the loopback interface in the clear
    public_url: str = ""
    requests_per_minute: int = 600
    releases: Path | None = None  # a TUF repository that is served under /releases
    key_file: Path | None = None  # encrypts the issuer's private keys in the database

    @property
    def tls(self) -> bool:
        return self.tls_cert is not None

    @property
    def loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def with_database(self, database: str) -> ServeOptions:
        return replace(self, database=database)

    def check(self) -> None:
        """UsageError where this would be unsafe or cannot work."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise UsageError("--tls-cert and --tls-key belong together.")
        for path in (self.tls_cert, self.tls_key):
            if path is not None and not path.is_file():
                raise UsageError(f"There is no file {path}.")
        if not self.loopback and not self.tls and not self.without_tls:
            raise UsageError(
                f"{self.host} is reachable by others: log-ins and StartKeys would travel in the clear.",
                "Give --tls-cert and --tls-key; or say --without-tls where something in front of it does TLS.",
            )
        if not 0 <= self.port <= 65535:
            raise UsageError("A port is a number from 0 to 65535.")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise UsageError(f"--workers is a number from 1 to {MOST_WORKERS}.")
        if self.public_url and not self.public_url.startswith(("https://", "http://")):
            raise UsageError("--public-url begins with https:// or http://.")

    def url(self, port: int) -> str:
        """Where clients find this server: what was given, else the host as it was bound."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = self.host
        if host in ("0.0.0.0", "::"):
            host = _this_pc()
        elif ":" in host:
            host = f"[{host}]"
        scheme, usual = ("https", 443) if self.tls else ("http", 80)
        return f"{scheme}://{host}" if port == usual else f"{scheme}://{host}:{port}"


def _this_pc() -> str:
    """Its name; where that is nothing but localhost, the address that it has towards the network. Sends nothing."""
    import socket

    name = socket.getfqdn()
    if not name.startswith("localhost"):
        return name
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        try:
            towards.connect(("192.0.2.1", 9))  # RFC 5737: an address for examples; a datagram socket only looks it up
        except OSError:
            return name
        return str(towards.getsockname()[0])
