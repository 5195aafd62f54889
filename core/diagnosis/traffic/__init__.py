"""What the live panel shows, from the records of the tap: rows, lists, UDS messages in words, bus figures. No screen."""

from core.diagnosis.traffic.view import TrafficView

__all__ = ["TrafficView"]
