"""`passbay serve`: the back end for others, until ctrl+c."""

from __future__ import annotations

from pathlib import Path

import click

from core.workbench import server
from tui.cli.output import Output, command, json_option


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface; others than loopback need TLS.")
@click.option("--port", default=8443, show_default=True, help="0 takes any free one.")
@click.option(
    "--database", "url", metavar="URL",
    help="sqlite:////FILE or postgresql://USER@HOST/NAME; PASSBAY_DATABASE keeps a password out of the process list.",
)  # fmt: skip
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate with its chain, PEM.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option("--workers", default=1, show_default=True, help="Worker processes.")
@click.option("--without-tls", is_flag=True, help="Leave loopback in the clear: something in front of it does TLS.")
@click.option("--public-url", default="", help="How clients reach it, where that is not https://HOST:PORT.")
@click.option(
    "--rate", "requests_per_minute", default=600, show_default=True,
    help="Requests a minute of one address and worker; 0 for no limit.",
)  # fmt: skip
@click.option(
    "--key-file", type=click.Path(path_type=Path),
    help="Encrypts the issuer's private keys in the database; else PASSBAY_KEY_FILE, else they lie there as they are.",
)  # fmt: skip
@click.option("--releases", type=click.Path(path_type=Path), help="A repository of releases, served under /releases.")
@json_option
@command
def serve(
    host: str, port: int, url: str | None, tls_cert: Path | None, tls_key: Path | None, workers: int,
    without_tls: bool, public_url: str, requests_per_minute: int, releases: Path | None, key_file: Path | None,
    out: Output,
) -> None:  # fmt: skip
    """API, shop and portal for other PCs; prints one JSON line when it is ready."""
    server.serve(
        url=url, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key, workers=workers, without_tls=without_tls,
        public_url=public_url, requests_per_minute=requests_per_minute, releases=releases, key_file=key_file,
        ready=out.always,
    )  # fmt: skip
