"""What must hold before a vehicle is changed: moved to core/diagnosis/preflight; the names stay here for a while."""

from core.diagnosis.preflight.rules import device_check, refuse, require_covered, require_known, vehicle_check

__all__ = ["device_check", "refuse", "require_covered", "require_known", "vehicle_check"]
