"""A simulated unit that speaks KWP2000: the memory, sessions and states of its UDS sisters behind other services."""

from core.simulation.ecu.kwp2000.server import KwpServer

__all__ = ["KwpServer"]
