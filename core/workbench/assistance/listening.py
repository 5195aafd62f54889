"""Where the door for browsers listens: the same rules and words as for the back end for others."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from core.errors import SetupError

BACKLOG = 64


@dataclass(frozen=True, slots=True)
class Listening:
    """A port that is bound. `url`: where browsers find it; `tls`: browsers speak TLS, with us or what is in front."""

    socket: socket.socket
    host: str
    port: int
    url: str
    tls: bool


def listen(
    host: str, port: int, tls_cert: Path | None, tls_key: Path | None, without_tls: bool, public_url: str
) -> Listening:
    """UsageError for what would be unsafe (others than loopback need TLS), SetupError where the port is taken."""
    from core.backend.serving.binding import bind
    from core.backend.serving.options import ServeOptions

    options = ServeOptions(
        database="", host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, without_tls=without_tls,
        public_url=public_url,
    )  # fmt: skip
    options.check()
    bound = bind(options)
    bound.listen(BACKLOG)  # whoever comes before it is served waits for a moment
    bound.setblocking(False)
    taken = bound.getsockname()[1]
    url = options.url(taken)
    return Listening(bound, host, taken, url, url.startswith("https:"))


def certificate(tls_cert: Path | None, tls_key: Path | None) -> ssl.SSLContext | None:
    """None where one of them is not named: `listen` says what is wrong. SetupError for files that cannot be used."""
    if tls_cert is None or tls_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(tls_cert, tls_key)
    except (ssl.SSLError, OSError) as problem:
        raise SetupError(
            f"The certificate {tls_cert} with the key {tls_key} cannot be used: {problem}.",
            "Both are PEM files, and belong together.",
        ) from problem
    return context


def part_missing() -> SetupError:
    """Its words are the core's: they travel to a screen of another language."""
    return SetupError("The browser part is not installed.", 'Install it: pip install "passbay[browser]".')
