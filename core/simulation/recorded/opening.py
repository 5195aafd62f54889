"""Opens a recorded vehicle as a VCI, on the same buses and sockets as the garage's own. Reads no trace."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import cast

from core.pc.locks import DeviceLock
from core.simulation.garage import Garage
from core.simulation.recorded.garage import RecordedGarage, Recording
from core.simulation.sim_vci import SimulationVci, open_can_way, open_doip_way
from core.vci.channel import Clock, Tap


def open_recorded(
    recording: Recording, *, tap: Tap, lock_directory: Path, clock: Clock = time.monotonic
) -> SimulationVci:
    """VciBusy where another process uses the same recording."""
    made = RecordedGarage(recording, clock=clock)
    garage = cast(Garage, made)  # in all that the two sides ask of it
    with ExitStack() as stack:
        stack.enter_context(DeviceLock(f"sim:{recording.name}", lock_directory))
        can = open_can_way(garage, tap, stack) if any(unit.can_address for unit in made.units) else None
        has_doip = any(unit.doip_address for unit in made.units)
        doip = open_doip_way(garage, tap, stack) if has_doip else None
        return SimulationVci(can, doip, garage, [], stack.pop_all().close)
