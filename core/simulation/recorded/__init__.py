"""A recorded trace as a simulated vehicle: units that answer what they answered then. Reads no file."""

from core.simulation.recorded.garage import RecordedGarage, Recording
from core.simulation.recorded.opening import open_recorded
from core.simulation.recorded.script import UnitScript

__all__ = ["RecordedGarage", "Recording", "UnitScript", "open_recorded"]
