"""Misbehaviour to order: every way in which a vehicle spoils a flash or a coding, by name (`--fault NAME`)."""

from core.simulation.misbehaviour.catalog import FAULTS, fault_names
from core.simulation.misbehaviour.orders import FaultOrder, Misbehaviour, UnitFaults

__all__ = ["FAULTS", "FaultOrder", "Misbehaviour", "UnitFaults", "fault_names"]
