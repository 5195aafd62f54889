"""The panel's filter language for the roof: is a filter understood, and how may it go on. Quick, pure."""

from core.diagnosis.traffic.filter import complete, parse

__all__ = ["complete", "parse"]
