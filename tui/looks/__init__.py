"""What the terminal may show, and the language: known before the first paint, so it loads nothing.

Options in front of a command (`passbay --ascii`, `--set NAME=VALUE`) become environment variables: command line before
environment before file, and a vehicle host that is started from here has them, too. The glance at the settings file
sees plain top-level lines only; the real reading, with its checks, comes after the first paint.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_GLANCED = re.compile(
    r"""^[ \t]*(ascii|colours|language|theme)[ \t]*=[ \t]*["']?([\w-]*)["']?[ \t]*(?:#.*)?$""", re.MULTILINE
)
_YES = ("1", "true", "yes", "on")
_LARGEST = 1 << 20
NAMES = ("ascii", "colours", "language", "theme")


@dataclass(frozen=True, slots=True)
class Looks:
    """`colours` is auto, full, 16 or none; `language` as it stands there, "" for none."""

    ascii: bool = False
    colours: str = "auto"
    theme: str = ""
    language: str = ""


def take_options(arguments: list[str]) -> list[str]:
    """What is left of the command line when the options for every command are taken off its front."""
    rest = list(arguments)
    while rest:
        if rest[0] == "--ascii":
            os.environ["PASSBAY_ASCII"] = "1"
        elif rest[0] == "--set" and len(rest) > 1 and "=" in rest[1]:
            name, _, value = rest.pop(1).partition("=")
            os.environ[f"PASSBAY_{name.strip().replace('.', '__').upper()}"] = value
        else:
            break
        rest.pop(0)
    return rest


def early(environment: Mapping[str, str] | None = None) -> Looks:
    """From the environment, else from the settings file, else the defaults. Never raises."""
    given = os.environ if environment is None else environment
    found = dict(_GLANCED.findall(_top_of(_settings_file(given))))
    for name in NAMES:
        value = given.get(f"PASSBAY_{name.upper()}")
        if value is not None:
            found[name] = value
    colours = found.get("colours", "auto")
    if given.get("NO_COLOR"):  # https://no-color.org: when present and not empty
        colours = "none"
    if colours == "auto" and _few_colours(given):
        colours = "16"
    return Looks(found.get("ascii", "").lower() in _YES, colours, found.get("theme", ""), found.get("language", ""))


def _settings_file(environment: Mapping[str, str]) -> Path:
    home = environment.get("PASSBAY_HOME", "")
    if home:
        return Path(home) / "config" / "settings.toml"
    import platformdirs  # Textual has it loaded

    return platformdirs.user_config_path("passbay", appauthor=False) / "settings.toml"


def _top_of(path: Path) -> str:
    """What stands in front of the first table."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_LARGEST).decode(errors="replace")
    except OSError:
        return ""
    return re.split(r"^[ \t]*\[", text, maxsplit=1, flags=re.MULTILINE)[0]


def prepare(looks: Looks, environment: dict[str, str] | None = None) -> None:
    """Sets what Textual reads when it is imported."""
    target = os.environ if environment is None else environment
    if looks.colours == "none":
        target["NO_COLOR"] = "1"
    elif looks.colours == "16":
        target["TEXTUAL_COLOR_SYSTEM"] = "standard"
    elif looks.colours == "full":
        target["TEXTUAL_COLOR_SYSTEM"] = "truecolor"


def _few_colours(environment: Mapping[str, str]) -> bool:
    """Whether the terminal has 16 colours by its name, as Rich sees it."""
    bare = environment.get("TERM", "").lower() in ("linux", "xterm", "vt100", "vt220", "screen", "ansi", "cygwin")
    return bare and environment.get("COLORTERM", "").lower() not in ("truecolor", "24bit")
