"""How the command line speaks: plain lines for people, one JSON object a line for scripts, exit codes 0, 1, 2.

Outside text is cleaned on the way to a terminal; JSON keeps it whole, escaped to ASCII.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ParamSpec

import click

from core.errors import ProductError, UsageError
from core.vocabulary import CanAddress, DoipAddress, EcuAddress
from core.vocabulary.cleaning import clean
from tui.locale import _, said

P = ParamSpec("P")


def _plain(value: Any) -> Any:
    """What json cannot write by itself: bytes as hex, enums as their value, sets in order."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(_plain(v) for v in value)
    return str(value)


class Output:
    """Where a command's lines go. `json` decides which of the two ways of speaking is used.

    `aside`: what is said for people goes to standard error, because a file comes out of standard output.
    """

    def __init__(self, *, as_json: bool, aside: bool = False) -> None:
        self.json = as_json
        self._aside = aside

    def line(self, text: str = "") -> None:
        """A line for people; silent with --json."""
        if not self.json:
            click.echo(clean(text), err=self._aside)

    def record(self, **fields: Any) -> None:
        """An object for scripts; silent without --json."""
        if self.json:
            self.always(fields)

    def always(self, fields: Mapping[str, Any]) -> None:
        click.echo(json.dumps(fields, default=_plain, ensure_ascii=True))
        sys.stdout.flush()

    def failure(self, error: ProductError) -> None:
        """The last line of a command that was refused or failed."""
        fields = {"error": error.name, "code": error.code, "message": error.message, "advice": error.advice,
                  "page": error.page}
        for detail in ("explanation", "state_now"):
            if getattr(error, detail):
                fields[detail] = getattr(error, detail)
        for detail in ("holder", "sid", "nrc", "timer", "step", "safe_to_repeat", "file", "place"):
            if hasattr(error, detail):
                fields[detail] = getattr(error, detail)
        if self.json:
            self.always(fields)
        else:
            click.echo(f"{error.code} {error.name}: {clean(said(error.message))}", err=True)
            if error.explanation:
                click.echo(f"  {clean(said(error.explanation))}", err=True)
            if error.state_now:
                click.echo(_("  Now: {state}").format(state=clean(said(error.state_now))), err=True)
            click.echo(f"  {clean(said(error.advice))}", err=True)
            if not isinstance(error, UsageError):
                click.echo(_("  More: passbay support page {page}").format(page=error.page), err=True)


def address_fields(address: EcuAddress | None) -> dict[str, str]:
    """`tx` and `rx`, or `address`, as hex text the way the options take them; and what is spoken there."""
    if isinstance(address, CanAddress):
        return {"tx": f"0x{address.tx:x}", "rx": f"0x{address.rx:x}", "protocol": address.protocol}
    if isinstance(address, DoipAddress):
        return {"address": f"0x{address.logical:04x}", "protocol": address.protocol}
    return {}


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last one is the result.")(
        function
    )


def command(function: Callable[P, int | None]) -> Callable[..., None]:
    """Turns product errors into exit codes; gives the function an `out`. A closed pipe is a quiet end."""

    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool = False, **kwargs: Any) -> None:
        out = Output(as_json=as_json)
        try:
            code = function(*args, out=out, **kwargs) or 0
        except UsageError as error:
            out.failure(error)
            code = 2
        except ProductError as error:
            out.failure(error)
            code = 1
        except BrokenPipeError:
            # the reader went away (`| head`): point stdout elsewhere so that the interpreter's flush is silent
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        sys.exit(code)

    return wrapped
