"""The flash part of a vehicle's face, and the simulated twin on which a flash is tried."""

from core.workbench.flash.jobs import FlashJobs
from core.workbench.flash.twin import Twins

__all__ = ["FlashJobs", "Twins"]
