"""The part of a connected vehicle that keeps the last minutes of its traffic and saves them on request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.vocabulary import TraceFigures

if TYPE_CHECKING:
    from core.stream import EventStream
    from core.trace.last_minutes import LastMinutes

MINUTES = 5.0


class KeptTraffic:
    """What Vehicle inherits."""

    _minutes: LastMinutes

    def save_trace(self, path: str | Path, minutes: float = MINUTES) -> TraceFigures:
        """Writes what was on the buses within the last `minutes` (15 are kept at most; less on several full buses).

        The ending of `path` says the format; .pcapng holds DoIP too. Also while a job runs. The file appears whole or
        not at all. UsageError for an unknown ending, StorageFailed.
        """
        from core.trace import open_writer
        from core.workbench.traces.offline import Counter

        if not minutes > 0:
            raise UsageError("A trace is at least some seconds long.", "Name the minutes, e.g. 5.")
        counter = Counter()
        with open_writer(Path(path)) as writer:
            _, records = self._minutes.records(minutes * 60)
            for record in counter.watch(records):
                writer.write(record)
        return counter.figures(Path(path), writer.left_out, self._minutes.dropped)

    def _keep_traffic(self, stream: EventStream) -> None:
        from core.trace.last_minutes import LastMinutes

        self._minutes = LastMinutes(stream.traffic.read_since, stream.traffic.total)
        self._minutes.follow()
