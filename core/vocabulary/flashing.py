"""One order to flash several units: what was wished, what it would do, what came of it; a unit that was left behind."""

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
    the step where it happened, `state_now` how the unit is left, `page` the help page that says more.
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
    page: str = ""


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


@dataclass(frozen=True, slots=True)
class Interrupted:
    """One unit that was left in programming. `sentence` says so, `advice` names the right recovery.

    `block` counts from 1 and `offset` is in bytes of that block: what the unit had acknowledged at the last mark.
    `resumable`: the boot loader goes on from there. `complete`: all blocks were programmed and checked, only the new
    software has not been read back. `flashware` and `file` say what was flashed, `sha256` which bytes.
    """

    job: str
    at: float  # seconds since the epoch, of the last line
    vin: str
    unit: str
    vehicle: str = ""
    address: str = ""
    vci: str = ""
    flashware: str = ""
    file: str = ""
    sha256: str = ""
    plan: str = ""  # digest of the sequence that was under way
    software_before: str = ""
    software_after: str = ""
    step: str = ""
    step_title: str = ""
    block: int = 0
    offset: int = 0
    block_size: int = 0
    resumable: bool = False
    complete: bool = False
    forced: bool = False
    damaged: bool = False  # a line of its journal cannot be read
    sentence: str = ""
    advice: str = ""
