"""What `passbay jobs list` shows: vehicle hosts, what runs in them, who sits there and who drives. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostJob:
    """The job that runs in a host. `started` in seconds since the epoch; `rate` as in ProgressMade."""

    job_id: str
    kind: str
    unit: str
    started: float
    step: str = ""
    title: str = ""
    done: int = 0
    total: int = 0
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class HostInfo:
    """One vehicle host. `driver` is "pid 4711 (passbay flash ...)", "" where nobody drives.

    `attached` counts screens and commands, `helpers` those of them that are a remote helper's. `answers` is False for
    a process that lives and says nothing in time.
    """

    uri: str
    pid: int
    started: float
    vin: str = ""
    job: HostJob | None = None
    driver: str = ""
    attached: int = 0
    data_files: tuple[str, ...] = ()
    answers: bool = True
    helpers: int = 0


@dataclass(frozen=True, slots=True)
class HostSeat:
    """Who is attached to a vehicle host. `holder` is "pid 4711 (passbay)", or "NAME of ORGANISATION (browser)".

    `helper`: a remote helper, who drives only what was handed over. `watches`: never wants to drive. `name` is for
    people, "" where nobody told one; `visit` is the visit in the browser that it belongs to, "" for a terminal.
    """

    number: int
    holder: str
    helper: bool = False
    driving: bool = False
    watches: bool = False
    name: str = ""
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who uses the app in a browser, as the door says it. `kind`: "own" (the one logged in on this PC) or "helper"."""

    visit: str
    name: str
    organisation: str = ""
    kind: str = "helper"
