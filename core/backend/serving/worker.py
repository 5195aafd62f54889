"""The ASGI app of one worker process of `passbay serve`; uvicorn calls `make_app` by name."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from core.backend.api.gate import App
from core.backend.context import Backend, Config
from core.backend.serving.server import SETUP_VARIABLE

_PATIENCE = 5.0  # seconds; a client gives up sooner than the store would by itself


def make_app() -> App:
    from core.backend.app import build_app
    from core.backend.issuer.sealing import OPTION, Seal
    from core.backend.ledger import Ledger
    from core.backend.portal.routes import portal_routes
    from core.backend.store import open_store

    setup: dict[str, Any] = json.loads(os.environ[SETUP_VARIABLE])
    seal = Seal.from_file(Path(setup["key_file"])) if setup["key_file"] else None
    store = open_store(setup["database"], migrate=False, patience=_PATIENCE, options={OPTION: seal})
    config = Config(
        public_url=setup["public_url"],
        tls=setup["tls"],
        requests_per_minute=setup["requests_per_minute"],
        metrics_folder=setup["metrics_folder"],
    )
    backend = Backend(store, Ledger(store), config, time.time)
    return build_app(backend, (*portal_routes(backend), *_release_routes(setup["releases"])))


def _release_routes(folder: str) -> tuple[Any, ...]:
    """A repository of releases beside the API: static files, TUF protects them."""
    if not folder:
        return ()
    from starlette.middleware.exceptions import ExceptionMiddleware
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles

    # it says 404 by an exception, which nobody else here expects
    return (Mount("/releases", ExceptionMiddleware(StaticFiles(directory=Path(folder)))),)
