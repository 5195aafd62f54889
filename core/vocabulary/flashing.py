"""One order to flash several units: what was wished, what it would do, what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from core.vocabulary.bus import EcuAddress
from core.vocabulary.results import FlashPreview, FlashResult, TwinReport


@dataclass(frozen=True, slots=True)
class FlashWish:
    """One unit of an order.

    `ecu` is its name or its address, "" where a plan file names it. `flashware` is None (the newest that fits), a
    session's name, FILE.pdx[#SESSION], or PLAN.toml[#IMAGE] with IMAGE as Intel HEX, S-record or raw binary.
    """

    ecu: str | EcuAddress = ""
    flashware: str | None = None


@dataclass(frozen=True, slots=True)
class FlashUnitResult:
    """What came of one unit: "flashed", "up-to-date", "failed" or "not-done".

    `flash` is there for the first two. For the others `reason` says why; `error`, `code` and `advice` are those of
    the error that it failed with, `erased` whether it has no valid software now, `explanation` what the error means in
    the step where it happened, `state_now` how the unit is left.
    """

    unit: str
    result: str
    flash: FlashResult | None = None
    reason: str = ""
    error: str = ""
    code: str = ""
    advice: str = ""
    erased: bool = False
    explanation: str = ""
    state_now: str = ""


@dataclass(frozen=True, slots=True)
class FlashOrderResult:
    """`result` is "flashed", "up-to-date" (all were) or "failed" (at least one is not done: in OrderIncomplete).

    `units` are in the order of the work. `not_drivable` are sentences: units without valid software, and units that
    have their new software while one that belongs to it has not.
    """

    result: str
    units: tuple[FlashUnitResult, ...]
    seconds: float
    not_drivable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FlashOrderPreview:
    """What an order would do: its units in the order of the work, `groups` those that are flashed side by side.

    Units that are up to date are in no group. `twin` is there where the simulated twin was asked for.
    """

    units: tuple[FlashPreview, ...]
    groups: tuple[tuple[str, ...], ...]
    warnings: tuple[str, ...] = ()
    twin: TwinReport | None = None


@dataclass(frozen=True, slots=True)
class PlanReport:
    """`passbay plan check`: a plan in words. With an image: its bytes' SHA-256 and (block, address, length) of them."""

    file: str
    unit: str
    lines: tuple[str, ...]
    sha256: str = ""
    segments: tuple[tuple[str, int, int], ...] = ()
