"""The language of the command line: chosen before click is imported, then spoken in helps and in click's own texts.

Helps stand in the code as they always do (docstrings, `help=`); a command's are looked up, paragraph by paragraph, when
the command is loaded. Click asks gettext's default domain, which becomes ours. With --json everything stays English:
programs read the sentences, too.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tui.locale import DOMAIN, FOLDER, english, preferred, use
from tui.locale import _ as looked_up

if TYPE_CHECKING:
    import click

_HELP = ("-h", "--help")
_AS_IT_STANDS = "\b\n"  # click's mark in front of a paragraph whose lines are kept


def begin(arguments: Sequence[str]) -> str:
    """Chooses the language of this command line. Returns it."""
    if "--json" in arguments and not any(word in arguments for word in _HELP):
        return use("en")
    from tui.looks import early

    chosen = use(preferred(dict(os.environ), early().language))
    if chosen != "en":
        import gettext

        os.environ["LANGUAGE"] = chosen  # gettext's own choice; LC_ALL would change numbers and dates, too
        gettext.bindtextdomain(DOMAIN, str(FOLDER))
        gettext.textdomain(DOMAIN)
    return chosen


def paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """Click's mark of each paragraph ("" for none) and its words: one line, but for those that stay as they stand."""
    for part in re.split(r"\n[ \t]*\n", inspect.cleandoc(text)):
        if part.startswith(_AS_IT_STANDS):
            yield _AS_IT_STANDS, part.removeprefix(_AS_IT_STANDS)
        else:
            yield "", " ".join(part.split())


def spoken(command: click.Command) -> click.Command:
    """The same command, its helps and those of what is below it in the language of this process."""
    if english():
        return command
    if command.help:
        command.help = _translated(command.help)
    for parameter in command.params:
        words = getattr(parameter, "help", None)
        if words:
            parameter.help = _translated(words)  # type: ignore[attr-defined]
    for below in getattr(command, "commands", {}).values():
        spoken(below)
    return command


def _translated(text: str) -> str:
    return "\n\n".join(mark + looked_up(words) for mark, words in paragraphs(text))
