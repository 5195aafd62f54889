"""Rows of the PC check (R1-R5) and of the hosts and ports check (R6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """UNKNOWN: the system does not tell; never taken for good. NOT_NEEDED: asks nothing of this PC."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True)
class RequirementRow:
    """One requirement: what was measured, what is asked for, and what to do ("" where it fits)."""

    key: str
    title: str
    value: str
    limit: str
    verdict: Verdict
    advice: str = ""


@dataclass(frozen=True, slots=True)
class NetworkTarget:
    """One row of R6: why, where. `protocol`: https, http or tcp. `host` "" is the embedded back end: no network."""

    purpose: str
    host: str
    port: int
    protocol: str = "https"
    required: bool = True


@dataclass(frozen=True, slots=True)
class NetworkStep:
    """Name, connection, TLS or answer of one target. `ok` None: not reached, because a step before it failed."""

    name: str
    ok: bool | None
    words: str
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """The result of one target; `advice` is for the network administrator, "" where all is well."""

    target: NetworkTarget
    verdict: Verdict
    steps: tuple[NetworkStep, ...]
    advice: str = ""
    seconds: float = 0.0
    proxy: str = ""
