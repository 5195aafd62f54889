"""The beam: builds and wires the vehicle wing for the roof (screens, command line); has no rules of its own.

    with open_workbench() as workbench:
        with workbench.connect("sim:car-mixed") as vehicle:
            result = vehicle.survey().wait()

Every job method of `Vehicle` starts a thread and returns a `RunningJob` at once: `.wait(timeout=None)` gives the
result or raises the job's ProductError, `.cancel()` asks for the safe ending, `.done` and `.error` tell. Events of the
job (core.events) go to `workbench.stream`. With `connect(uri, hosted=True)` the vehicle lives in a process of its own
(the vehicle host) behind the same face: jobs go on when this process dies, `workbench.hosts()` and `.attach()` find
them again. Importing this loads no textual, can, odxtools: drivers and parsers load
inside the calls that need them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.workbench.bench import Workbench, open_workbench
from core.workbench.paths import WorkbenchPaths
from core.workbench.vehicle import Vehicle

if TYPE_CHECKING:
    from core.diagnosis.runner import RunningJob as RunningJob
    from core.diagnosis.traffic import TrafficView as TrafficView
    from core.host.vehicle import HostedJob as HostedJob
    from core.host.vehicle import HostedVehicle as HostedVehicle
    from core.settings import Settings as Settings
    from core.simulation.serve import RunningGarage as RunningGarage

__all__ = ["Vehicle", "Workbench", "WorkbenchPaths", "open_workbench"]
