"""Pre-flight: what must hold before the first erase, one line each, and the supply voltage meanwhile."""

from core.diagnosis.preflight.checks import NO_BENCH, Bench, Findings, Subject, run_checks
from core.diagnosis.preflight.estimate import Wire
from core.diagnosis.preflight.override import decide, typed_names
from core.diagnosis.preflight.rules import refuse, require_covered, require_known
from core.diagnosis.preflight.watch import VoltageWatch

__all__ = [
    "NO_BENCH",
    "Bench",
    "Findings",
    "Subject",
    "VoltageWatch",
    "Wire",
    "decide",
    "refuse",
    "require_covered",
    "require_known",
    "run_checks",
    "typed_names",
]
