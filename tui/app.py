"""Starts the app: looks at the terminal first, sets what Textual reads at import. Loads no screen before that."""

from __future__ import annotations

import os
import sys

from tui.locale import _, preferred, use
from tui.looks import early, prepare

VISITOR = "PASSBAY_VISITOR"  # core.workbench reads it, too, and gives out the bench that fits
SLOW_LINE = "SSH_CONNECTION"  # set by sshd: fewer frames, no animations


def terminal_problem() -> str:
    """Why no screen can be shown here, "" where one can."""
    if os.environ.get("TEXTUAL_DRIVER", "").startswith("tui.browser."):
        return ""  # the terminal is in a browser
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return _("Passbay's screens need a terminal. Use a command instead: passbay --help")
    if os.environ.get("TERM", "") in ("dumb", "unknown"):
        return _("This terminal (TERM=dumb) cannot show screens. Use a command instead: passbay --help")
    return ""


def helper_here() -> bool:
    """Whether the door started this for a remote helper. What it says is not clear: then it is one."""
    told = os.environ.get(VISITOR)
    if told is None:
        return False
    import json

    try:
        return bool(json.loads(told)["kind"] != "own")
    except (ValueError, KeyError, TypeError, RecursionError):
        return True


def run() -> int:
    """Runs the app to its end. 0, or 1 where there is no terminal for it or it failed."""
    looks = early()
    use(preferred(dict(os.environ), looks.language))  # before the screens, whose class bodies hold texts
    problem = terminal_problem()
    if problem:
        print(problem, file=sys.stderr)
        return 1
    if SLOW_LINE in os.environ:  # read when textual.constants is imported
        os.environ.setdefault("TEXTUAL_FPS", "5")
        os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    prepare(looks)
    from tui.shell import PassbayApp

    app = PassbayApp(looks=looks, helping=helper_here())
    try:
        app.run()
    finally:  # also where the terminal is gone and the last paint fails
        from tui.looks.hangup import end_soon, terminal_gone

        if terminal_gone():
            end_soon(app.desk)
        if app.desk is not None:
            app.desk.close()
    return app.return_code or 0
