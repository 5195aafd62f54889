"""The nouns of the releases: rows of the Update Service and the AddOn Center, what an installation changes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ReleaseState(Enum):
    """Where a release or AddOn stands on this PC."""

    AVAILABLE = "available"
    DOWNLOADING = "downloading"
    PAUSED = "paused"
    DOWNLOADED = "downloaded"
    ACTIVE = "active"  # of an AddOn: installed and on
    OFF = "off"  # an AddOn that is installed and switched off
    PREVIOUS = "previous"  # the one that roll-back returns to


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release. `size` is all of it, `missing` what a download would still fetch; `released` in seconds, UTC."""

    version: str
    title: str
    state: ReleaseState
    released: float
    size: int
    missing: int
    newest: bool = False
    offered: bool = True  # False: it is here, but the source does not offer it (any more)
    product_groups: tuple[str, ...] = ()

    @property
    def percent(self) -> int:
        return 100 if not self.size else int(100 * (self.size - self.missing) / self.size)


@dataclass(frozen=True, slots=True)
class ReleaseOverview:
    """The tab Release overview. `active` is "" while the built-in data serve; `age_days` are those of the data (S1).

    `out_of_date`: a newer release is offered, or a quarter has passed. `warning` is what was odd at the last search,
    e.g. expired metadata from a stick. `searched` is None before the first search.
    """

    rows: tuple[ReleaseRow, ...]
    active: str = ""
    newest: str = ""
    previous: str = ""
    age_days: int | None = None
    out_of_date: bool = False
    words: str = ""
    warning: str = ""
    searched: float | None = None
    free_bytes: int = 0


@dataclass(frozen=True, slots=True)
class AddOnRow:
    """One AddOn (T4). `installed` is "" where it is not; `missing_needs` are the needed ones that are not on here."""

    name: str
    title: str
    installed: str
    newest: str
    state: ReleaseState
    size: int
    missing: int
    needs: tuple[str, ...] = ()
    needs_release: str = ""
    missing_needs: tuple[str, ...] = ()

    @property
    def newer(self) -> bool:
        return bool(self.installed and self.newest and self.newest != self.installed)


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """What an installation does to one file: `change` is new, changed, removed or same."""

    name: str
    kind: str
    change: str
    size: int


@dataclass(frozen=True, slots=True)
class UnitSoftwareChange:
    """Flashware of a unit before and after; "" where there is none."""

    vehicle: str
    unit: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class InstallPreview:
    """What the installation wizard names before it does anything. `notes`: Markdown of the publisher, outside text."""

    version: str
    before: str  # the active release, "" for the built-in data
    downgrade: bool
    changes: tuple[ComponentChange, ...] = ()
    units: tuple[UnitSoftwareChange, ...] = ()
    notes: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateSource:
    """Where releases come from (C9). `url`: http(s) address, folder or zip file; "" for the demo of this PC.

    `rds`: address of a Retail Data Storage, "" for without. `trust`: file of the trusted root metadata, "" for the
    one that belongs to the demo.
    """

    url: str = ""
    rds: str = ""
    automatic: bool = True
    trust: str = ""


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """One line of "verify connection"."""

    name: str
    ok: bool
    words: str
    milliseconds: float | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class LibraryCheck:
    """Every installed file compared with what was signed. `problems` are sentences."""

    components: int
    bytes: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems
