"""`passbay rds serve`: Retail Data Storage, so that twenty laptops of a shop cost one download."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from core.workbench import open_workbench
from core.workbench.releases.rds import serve_rds
from tui.cli.output import Output, command, json_option
from tui.locale import _, said


@click.group()
def rds() -> None:
    """Retail Data Storage: a store of release data on the shop's network."""


@rds.command()
@click.option("--source", default="", metavar="URL|FOLDER", help="The publisher's repository; default: this PC's.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the data are kept.")
@click.option("--host", default="0.0.0.0", show_default=True, help="The address to listen on.")
@click.option("--port", default=8471, show_default=True, type=click.IntRange(0, 65535))
@json_option
@command
def serve(source: str, folder: Path | None, host: str, port: int, out: Output) -> None:
    """Serves what the source offers, each file fetched once. Laptops: `releases configure --rds URL`.

    They trust it no more than any other way: signatures and hashes are checked on each laptop.
    """
    ended = threading.Event()
    for name in ("SIGTERM", "SIGINT"):
        signal.signal(getattr(signal, name), lambda *_: ended.set())
    with open_workbench() as workbench:
        wanted = source or workbench.library.source.url
        store = serve_rds(workbench.paths, wanted, folder, host, port, lambda text: out.line(said(text)))
        out.line(
            _("Retail Data Storage on {url}, source {source}. Ctrl+c ends it.").format(url=store.url, source=wanted)
        )
        out.record(url=store.url, source=wanted)
        ended.wait()
        store.close()
