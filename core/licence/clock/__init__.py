"""The time that paper is judged by: it never goes back, whatever the clock of this PC does (L2)."""

from core.licence.clock.keeping import TimeKeeper
from core.licence.clock.mark import TOLERANCE, SeenTime, observed, set_by_server

__all__ = ["TOLERANCE", "SeenTime", "TimeKeeper", "observed", "set_by_server"]
