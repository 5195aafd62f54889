"""What `passbay jobs list` shows: vehicle hosts, what runs in them and who drives. No behaviour."""

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

    `attached` counts screens and commands; `answers` is False for a process that lives and says nothing in time.
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
