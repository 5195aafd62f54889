"""`python -m core.workbench.host_process WISH`: the vehicle host's process. Draws nothing, asks nobody.

WISH is a JSON object: uri, data_files, paths (the four roots), grace in seconds. SIGHUP is ignored; SIGTERM and SIGINT
ask for the safe ending of the job and then end the process.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from core.errors import ProductError
from core.events import Event
from core.host.registry import Entry, Registry
from core.host.server import HostServer
from core.host.spawn import READY, tell_spawner
from core.host.wire import Door
from core.stream import EventStream
from core.vocabulary import HostInfo
from core.workbench.assistance.lent import HELPERS_MAY
from core.workbench.bench import Workbench
from core.workbench.paths import WorkbenchPaths

WATCHERS_MAY = frozenset(
    (
        "voltage", "flashware", "coding_after", "coding_history", "report", "ordered_faults", "struck_faults",
        "save_trace", "use_dbc",
    )
)
"""Methods of Vehicle that change nothing and start nothing: a screen that only watches may call them."""

log = logging.getLogger("passbay.host")


class _HostStream(EventStream):
    """Facts go to the clients at once; nobody drains here. The ring of bus traffic stays here for their panels."""

    def __init__(self, server: HostServer) -> None:
        super().__init__()
        self._server = server

    def publish(self, event: Event) -> None:
        self._server.publish(event)


def main(arguments: list[str]) -> int:
    """Exit code 0 after a host's life, 1 where the vehicle could not be opened (the spawner is told why)."""
    wish: dict[str, Any] = json.loads(arguments[0])
    uri = str(wish["uri"])
    sys.argv = ["passbay", "host", uri]  # who finds the device in use reads this name
    logging.basicConfig(level=logging.INFO, format=f"%(asctime)s {os.getpid()} %(levelname)s %(message)s")
    logging.getLogger("can").setLevel(logging.ERROR)
    faulthandler.enable()
    paths = WorkbenchPaths(*(Path(root) for root in wish["paths"]))
    registry = Registry(paths.hosts)
    entry = Entry(uri, os.getpid(), "", time.time(), tuple(wish["data_files"]))
    try:
        address = registry.prepare()
        server = HostServer(
            HostInfo(uri, entry.pid, entry.started, data_files=entry.data_files), registry.new_key(),
            watchers_may=WATCHERS_MAY, helpers_may=HELPERS_MAY, grace=float(wish["grace"]), go_to=_go_to,
        )  # fmt: skip
        _heed_signals(server)
        _live(Workbench(paths, _HostStream(server)), server, registry, entry, address)
    except ProductError as error:
        registry.remove(entry)
        log.warning("%s: %s", uri, error.message)
        tell_spawner(error)
        return 1
    return 0


def _live(workbench: Workbench, server: HostServer, registry: Registry, entry: Entry, address: str) -> None:
    with workbench:
        vehicle = workbench.connect(entry.uri, entry.data_files, hosted=False)
        door = Door(address)
        entry = Entry(entry.uri, entry.pid, door.address, entry.started, entry.data_files)
        server.serve(vehicle, door)
        registry.write(entry)
        log.info("%s: open", entry.uri)
        tell_spawner(READY)
        server.run()
        registry.mark_ending(entry)
    registry.remove(entry)  # the device is free from here on
    log.info("%s: closed", entry.uri)
    server.finish("The vehicle host was stopped.")


def _go_to(directory: str) -> None:
    try:
        os.chdir(directory or os.sep)
    except OSError:
        pass  # relative names of that client cannot be found then, and the job says so


def _heed_signals(server: HostServer) -> None:
    def stop(number: int, _frame: object) -> None:
        # in a thread: the handler interrupts the main thread anywhere, also where it holds the server's lock
        threading.Thread(target=server.stop, name=f"signal {number}", daemon=True).start()

    for name, action in (("SIGHUP", signal.SIG_IGN), ("SIGTERM", stop), ("SIGINT", stop), ("SIGBREAK", stop)):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), action)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
