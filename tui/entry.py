"""The command `passbay`: alone it starts the app, with arguments the command line. Neither loads the other."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point. Click costs 30 ms, so the app's start never imports it."""
    if len(sys.argv) > 1:
        from tui.cli.main import cli

        cli.main(prog_name="passbay")
        return
    from tui.app import run

    sys.exit(run())


if __name__ == "__main__":
    main()
