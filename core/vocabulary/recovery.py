"""What the journal says of a unit whose programming did not come to its verified end. Frozen, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass


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
