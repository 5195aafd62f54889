"""Where the door for browsers listens: the same rules and words as for the back end for others."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

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
