"""The part of a connected vehicle that watches its traffic: panels, the last minutes, and their saving on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import ProductError, UsageError
from core.vocabulary import EcuAddress, KeptFigures, TraceFigures

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.diagnosis.identify import KnownVehicle
    from core.diagnosis.traffic import TrafficView
    from core.diagnosis.traffic.lines import Signals
    from core.settings import Settings
    from core.stream import EventStream
    from core.trace.last_minutes import LastMinutes
    from core.vci.uri import VciUri

MINUTES = 5.0
RECENT_RECORDS = 2000
"""What a new panel takes over from the ring: enough to show what is going on, little enough to be instant."""
PANEL_RECORDS = 20_000  # frames that a paused panel can be scrolled back: they are the ring's own objects


@dataclass(frozen=True, slots=True)
class Watching:
    """How the traffic is watched: `minutes` and `megabytes` of it are kept, `bitrates` of the buses by channel where
    there are several, `dbc` a file that names signals.
    """

    minutes: float = MINUTES
    megabytes: int = 64
    bitrates: Mapping[str, int] = field(default_factory=dict)
    dbc: str = ""


def watching(uri: VciUri, settings: Settings) -> Watching:
    from core.vci.opening import bitrates

    return Watching(settings.trace.minutes, settings.trace.megabytes, bitrates(uri), settings.dbc)


class KeptTraffic:
    """What Vehicle inherits."""

    _stream: EventStream
    _speakers: tuple[tuple[str, EcuAddress], ...]
    _catalogue: Catalogue
    _known: KnownVehicle | None
    _bitrate: int | None
    _watching: Watching
    _minutes: LastMinutes
    _signals: Signals | None = None

    def save_trace(self, path: str | Path, minutes: float | None = None) -> TraceFigures:
        """Writes what was on the buses within the last `minutes` (None: all that the settings keep).

        The ending of `path` says the format; .pcapng holds DoIP too. Also while a job runs. The file appears whole or
        not at all. UsageError for an unknown ending, StorageFailed.
        """
        from core.trace import open_writer
        from core.workbench.traces.offline import Counter

        if minutes is not None and not minutes > 0:
            raise UsageError("A trace is at least some seconds long.", "Name the minutes, e.g. 5.")
        counter = Counter()
        with open_writer(Path(path)) as writer:
            _, records = self._minutes.records((minutes or self._watching.minutes) * 60)
            for record in counter.watch(records):
                writer.write(record)
        return counter.figures(Path(path), writer.left_out, self._minutes.dropped)

    def use_dbc(self, path: str | Path) -> int:
        """From now on frames are put into the words of this DBC file, "" for none. Returns how many messages it
        describes. DataInvalid, DriverMissing where cantools is not installed."""
        if not str(path):
            self._signals = None
            return 0
        from core.trace.dbc import SignalBook

        book = SignalBook(Path(path))
        self._signals = book.words
        return len(book)

    def traffic_view(self) -> TrafficView:
        """A new view on the bus traffic, beginning a moment ago: one per panel, looked at by the roof (2-10 Hz)."""
        from core.diagnosis.traffic import TrafficView
        from core.workbench.traces.naming import Names

        ring = self._stream.traffic
        names = Names(self._catalogue, lambda: self._known.units if self._known is not None else ())
        return TrafficView(
            ring.read_since, lambda: self._speakers, cursor=max(0, ring.total - RECENT_RECORDS),
            bitrate=self._watching.bitrates or self._bitrate, describe=names.describe, dtc_text=names.dtc_text,
            signals=lambda: self._signals, kept=self._kept, capacity=PANEL_RECORDS,
        )  # fmt: skip

    def _kept(self) -> KeptFigures:
        records, size = self._minutes.kept
        return KeptFigures(self._minutes.reach, records, size, self._minutes.dropped)

    def _watch_traffic(self, stream: EventStream, watching: Watching) -> None:
        from core.trace.last_minutes import LastMinutes

        self._watching = watching
        # a sealed piece may be five seconds old when it is kept: no minute that was promised is missing
        self._minutes = LastMinutes(
            stream.traffic.read_since, stream.traffic.total, longest=watching.minutes * 60 + 10,
            most_bytes=watching.megabytes << 20,
        )  # fmt: skip
        self._minutes.follow()
        if watching.dbc:
            try:
                self.use_dbc(watching.dbc)
            except ProductError as error:  # a panel without signal names is still a panel
                self._warn(error.message)

    def _warn(self, text: str) -> None:
        raise NotImplementedError
