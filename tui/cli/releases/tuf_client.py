"""`passbay tuf-client ...` (hidden): the command protocol of theupdateframework/tuf-conformance, for its test suite."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.errors import ProductError

_PLACE = click.Path(path_type=Path)


@click.command("tuf-client", hidden=True)
@click.option("--metadata-dir", "metadata", required=True, type=_PLACE)
@click.option("--metadata-url", default="")
@click.option("--target-name", "names", multiple=True)
@click.option("--target-base-url", "base", default="")
@click.option("--target-dir", "target", type=_PLACE)
@click.argument("action", type=click.Choice(["init", "refresh", "download"]))
@click.argument("root", required=False, type=_PLACE)
def tuf_client(
    metadata: Path, metadata_url: str, names: tuple[str, ...], base: str, target: Path | None, action: str,
    root: Path | None,
) -> None:  # fmt: skip
    """init ROOT, refresh or download, through the product's own updater and fetcher. Exit code 0 or 1."""
    from core.workbench.releases import tuf_client as client

    try:
        if action == "init" and root is not None:
            client.init(metadata, root)
        elif action == "refresh" and metadata_url:
            client.refresh(metadata, metadata_url)
        elif action == "download" and metadata_url and names and base and target is not None:
            client.download(metadata, metadata_url, names, base, target)
        else:
            raise click.UsageError(f"{action} needs more than that.")
    except ProductError as problem:
        click.echo(f"{problem.code} {problem.name}: {problem.message}", err=True)
        sys.exit(1)
