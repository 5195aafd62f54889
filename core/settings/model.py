"""Every setting: a frozen dataclass a table, each key with its default and its check. Reads and writes nothing.

theme = "passbay-light"              # the keys of Settings stand at the top of the file
[trace]
minutes = 5                          # a table is a dataclass of its own; PASSBAY_TRACE__MINUTES overrides it
[keys]
"live.pause" = "p"                   # identifiers of key bindings
[security.METHOD]
command = ["/usr/local/bin/keys", "--quiet"]     # JSON in and out, see core/diagnosis/security/process.py
time_limit = 10.0                                # seconds, up to 120; may be left out
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

Check = Callable[[Any], str]
"""What a value must be, in words, where it is not; "" where it is."""

T = TypeVar("T")
LONGEST_TEXT = 1000
LONGEST_TIME_LIMIT = 120.0
_BINDING = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
_ADDRESS = re.compile(r"https?://[^/@\s?#]+(/[^@\s?#]*)?")
_KEY = re.compile(r"[0-9a-fA-F]{64}")
_PRESSED = re.compile(r"[a-z0-9_+,]{1,60}")


def between(low: float, high: float) -> Check:
    return lambda value: "" if low <= value <= high else f"{low:g} to {high:g}"


def one_of(*words: str) -> Check:
    return lambda value: "" if value in words else " or ".join(f"'{word}'" for word in words)


def short_text(value: str) -> str:
    return "" if len(value) <= LONGEST_TEXT and "\0" not in value else f"a text of up to {LONGEST_TEXT} characters"


def anything(value: object) -> str:
    return ""


def key(default: T, check: Check | None = None) -> T:
    """A key of a table: bool, int, float or str as its default is."""
    made: Any = field(
        default=default, metadata={"check": check or (short_text if isinstance(default, str) else anything)}
    )
    return made  # type: ignore[no-any-return]  # a dataclass field stands where its value will be


def table(kind: type[T]) -> T:
    """A table of the file: a dataclass made of `key`s."""
    made: Any = field(default=kind(), metadata={"table": kind})
    return made  # type: ignore[no-any-return]


def named_rows(default: T, read: Callable[[str, Any], Any]) -> T:
    """A table whose names the user chooses. `read(name, value)` gives the row, or what it must be as a str."""
    made: Any = field(default=default, metadata={"rows": read})
    return made  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """[trace]: the traffic of the last minutes, kept in memory while a vehicle is connected."""

    minutes: float = key(5.0, between(0.1, 720))
    megabytes: int = key(64, between(1, 4096))


def address(value: str) -> str:
    """ "" or http(s)://host[:port][/path], without a user name: a password has no place in this file."""
    return "" if not value or _ADDRESS.fullmatch(value) else "https://host, or nothing"


def issuer_key(value: str) -> str:
    return "" if not value or _KEY.fullmatch(value) else "64 hex digits"


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """[backend]: who issues StartKeys and credit. `url` "" is the embedded one; `ca_file` a PEM file with the
    authority of its certificate; `issuer_key` its first key, where that is known another way than over the network.
    """

    url: str = key("", address)
    ca_file: str = key("")
    issuer_key: str = key("", issuer_key)


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """[login]: an OpenID Connect provider that the back end believes; "" is the back end itself."""

    issuer: str = key("", address)
    client_id: str = key("passbay")


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """[devices]: `python32` is a 32 bit Python that loads pass-thru libraries of 32 bit.

    DoIP over TLS: `doip_roots` is a PEM file (or folder) of trusted roots, `doip_certificate` a PEM file with our own
    certificate chain and its key. Simulated vehicles of this installation are trusted without.
    """

    python32: str = key("")
    doip_roots: str = key("")
    doip_certificate: str = key("")


@dataclass(frozen=True, slots=True)
class UpdateSettings:
    """[update]: where releases come from. `source` is an http(s) address, a folder or a zip, "" for this PC's demo.

    `rds` is the address of a Retail Data Storage; `trust` a file with the root metadata that vouch for the source;
    `automatic`: search and download without being asked.
    """

    source: str = key("")
    rds: str = key("")
    trust: str = key("")
    automatic: bool = key(True)


@dataclass(frozen=True, slots=True)
class KeySettings:
    """[keys]: a row is the identifier of a key binding and the keys that it shall have, parted by commas."""

    binding: str
    pressed: str


@dataclass(frozen=True, slots=True)
class SecurityProgram:
    """[security.NAME]: which program answers for a security method."""

    name: str
    command: tuple[str, ...]
    time_limit: float = 10.0


def key_row(name: str, value: Any) -> KeySettings | str:
    if not _BINDING.fullmatch(name) or not isinstance(value, str) or not _PRESSED.fullmatch(value):
        return 'a binding and its keys, e.g. "live.pause" = "p,space"'
    return KeySettings(name, value)


def security_row(name: str, value: Any) -> SecurityProgram | str:
    program = _program(name, value) if isinstance(value, dict) else None
    return program or 'command = ["PROGRAM", ...]'


def _program(name: str, row: dict[str, Any]) -> SecurityProgram | None:
    command, limit = row.get("command"), row.get("time_limit", 10.0)
    if not isinstance(command, list) or not command or row.keys() - {"command", "time_limit"}:
        return None
    if not command[0] or not all(isinstance(word, str) and "\0" not in word for word in command):
        return None
    if not isinstance(limit, int | float) or isinstance(limit, bool) or not 0 < limit <= LONGEST_TIME_LIMIT:
        return None
    return SecurityProgram(name, tuple(command), float(limit))


@dataclass(frozen=True, slots=True)
class Settings:
    """`last_device` is a VCI URI, `theme` a theme's name ("" for the built-in one), `frame_rate` how often a second the
    live panel is painted (twice at most over SSH), `colours` what the terminal may show, `ascii` no character beyond
    ASCII, `bell` at the end of a flash, `dbc` a file that names signals, `language` that of the screens ("" for the
    terminal's own).
    """

    last_device: str = key("")
    theme: str = key("")
    frame_rate: int = key(4, between(1, 30))
    colours: str = key("auto", one_of("auto", "full", "16", "none"))
    ascii: bool = key(False)
    bell: bool = key(True)
    dbc: str = key("")
    language: str = key("", one_of("", "en", "de", "it"))
    trace: TraceSettings = table(TraceSettings)
    devices: DeviceSettings = table(DeviceSettings)
    backend: BackendSettings = table(BackendSettings)
    login: LoginSettings = table(LoginSettings)
    update: UpdateSettings = table(UpdateSettings)
    keys: tuple[KeySettings, ...] = named_rows((), key_row)
    security: tuple[SecurityProgram, ...] = named_rows((), security_row)
