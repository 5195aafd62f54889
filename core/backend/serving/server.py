"""Binds, migrates, and runs uvicorn until it is told to stop; several workers share the one listening socket."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.backend.serving.binding import bind
from core.backend.serving.options import ServeOptions
from core.errors import SetupError

if TYPE_CHECKING:
    import uvicorn

SETUP_VARIABLE = "PASSBAY_SERVE_SETUP"  # what a worker process needs to know; the environment is its user's alone
_BACKLOG = 256
_MOST_CONNECTIONS = 512  # of one worker; more get 503 at once instead of piling up
_LARGEST_HEAD = 16 * 1024


def serve(options: ServeOptions, ready: Callable[[dict[str, object]], None]) -> None:
    """Blocks until SIGINT or SIGTERM. `ready` is told once the port is open: URL, port, workers."""
    options.check()
    try:
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise SetupError("The server part is not installed.", 'Install it: pip install "passbay[server]".') from error
    listening = bind(options)
    port = listening.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="passbay-serve-") as folder:
        _prepare_store(options)
        os.environ[SETUP_VARIABLE] = json.dumps(_setup(options, options.url(port), folder))
        config = _config(options)
        listening.listen(_BACKLOG)
        run = _runner(config, [listening])
        ready({"url": options.url(port), "host": options.host, "port": port, "workers": options.workers,
               "tls": options.tls, "pid": os.getpid()})  # fmt: skip
        try:
            run()
        finally:
            listening.close()


def _runner(config: uvicorn.Config, sockets: list[socket.socket]) -> Callable[[], None]:
    """What serves, with its ears for signals open already: who was told that it is ready may end it at once."""
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    if config.workers > 1:
        return Multiprocess(config, sockets=sockets).run
    server = uvicorn.Server(config)

    def stop(*_: object) -> None:
        server.should_exit = True  # also when uvicorn raises the signal once more after its graceful end

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return lambda: server.run(sockets=sockets)


def _prepare_store(options: ServeOptions) -> None:
    """Migrates once, before the workers start, and makes the first issuer key."""
    import time

    from core.backend.issuer import keys
    from core.backend.issuer.sealing import OPTION, Seal
    from core.backend.store import open_store

    seal = Seal.from_file(options.key_file) if options.key_file else None
    store = open_store(options.database, options={OPTION: seal})
    try:
        if seal is not None:
            store.write(lambda conn: keys.protect(conn, seal, only_plain=True))
        store.write(lambda conn: keys.signer(conn, int(time.time() * 1000)).keyid)
    finally:
        store.dispose()


def _setup(options: ServeOptions, url: str, metrics_folder: str) -> dict[str, object]:
    return {
        "database": options.database,
        "public_url": url,
        "tls": options.tls or url.startswith("https://"),
        "requests_per_minute": options.requests_per_minute,
        "metrics_folder": metrics_folder,
        "releases": str(options.releases or ""),
        "key_file": str(options.key_file.absolute()) if options.key_file else "",
    }


def _config(options: ServeOptions) -> uvicorn.Config:
    import uvicorn

    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return uvicorn.Config(
        "core.backend.serving.worker:make_app",
        factory=True,
        workers=options.workers,
        http="core.backend.serving.patience:PatientProtocol",
        lifespan="off",
        ws="none",
        access_log=False,  # it would name user codes and addresses
        log_level="warning",
        server_header=False,
        proxy_headers=False,  # else anybody could choose the address that his rate is counted under
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LARGEST_HEAD,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=10,
        backlog=_BACKLOG,
    )
