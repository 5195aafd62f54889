"""`python -m tests.translations.command_helps LANGUAGE`: the help of every command, each text of it and as it is shown.

A process of its own, because helps are looked up as the commands are loaded.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

WIDTH = 80


def main(language: str) -> int:
    os.environ["PASSBAY_LANGUAGE"] = language
    from tui.cli.speech import begin

    assert begin([]) == language
    from tui.cli.main import cli

    print(json.dumps(dict(_walk(cli, None, "passbay"))))
    return 0


def _walk(command: Any, above: Any, name: str) -> list[tuple[str, dict[str, Any]]]:
    import click

    context = click.Context(
        command, parent=above, info_name=name.rpartition(" ")[2], terminal_width=WIDTH, max_content_width=WIDTH
    )
    texts = {"": command.help or ""}
    for parameter in command.get_params(context):
        words = getattr(parameter, "help", None)
        if words:
            texts[parameter.name] = words
    found = [(name, {"texts": texts, "shown": command.get_help(context)})]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            child = command.get_command(context, below)
            assert child is not None
            if not child.hidden:
                found += _walk(child, context, f"{name} {below}")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
