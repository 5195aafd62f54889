"""The paper side of the workbench: device data, StartKey, log-in, time credit, and the permit of every job."""

from core.workbench.paper.login import Login
from core.workbench.paper.paper import Paper

__all__ = ["Login", "Paper"]
