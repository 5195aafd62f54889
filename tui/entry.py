"""The command `passbay`: alone it starts the app, with arguments the command line. Neither loads the other."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point. Click costs 30 ms, so the app's start never imports it."""
    from tui.looks import take_options

    sys.argv[1:] = take_options(sys.argv[1:])
    if len(sys.argv) > 1 or "_PASSBAY_COMPLETE" in os.environ:  # the shell asks how a word may go on
        _command_line()
        return
    from tui.app import run

    sys.exit(run())


def _command_line() -> None:
    """With every stream closed or full: a flash must not end by a line that nobody can read."""
    if sys.stdout is None:  # passbay ... >&-
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    from tui.cli.speech import begin
    from tui.locale import _

    begin(sys.argv[1:])
    from tui.cli.main import cli  # after the choice of the language: its texts are looked up as they are read

    try:
        cli.main(prog_name="passbay")
    except OSError as problem:  # what is ours was translated below: this is standard output, on a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter's flush fails once more
        said = _("The output cannot be written: {reason}.").format(reason=problem.strerror or problem)
        sys.stderr.write(f"PB-103 StorageFailed: {said}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
