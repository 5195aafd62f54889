"""What the live panel shows, from the tap's records: rows, lists, conversation, errors, bus figures. No screen."""

from core.diagnosis.traffic.view import TrafficView

__all__ = ["TrafficView"]
