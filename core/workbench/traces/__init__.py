"""The workbench's part on bus traces: files, recording and replay with a device, the last minutes of a vehicle."""

from core.workbench.traces.keeping import KeptTraffic, Watching, watching
from core.workbench.traces.offline import Traces

__all__ = ["KeptTraffic", "Traces", "Watching", "watching"]
