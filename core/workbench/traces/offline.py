"""Trace files of this PC: convert, decode, record from a device, replay onto a bus. The formats are in core/trace."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UsageError
from core.vocabulary import CanAddress, CanFrame, DeviceKind, DoipMessage, EcuAddress, MessageLine, TraceFigures
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.catalogue import Catalogue
    from core.stream import EventStream
    from core.vci.channel import Vci
    from core.vci.uri import VciUri
    from core.workbench.data import DataShelf

POLL_SECONDS = 0.05  # the ring holds 20,000 frames: more than a second of a full bus
BITS_29 = 0x7FF


class TraceReading:
    """A trace in words. Iterate it once; then `figures` are those of the whole file.

    `vin` is the one that the trace tells, `vehicle` the title of what is known of it, both "" where nothing is.
    """

    def __init__(
        self, path: Path, units: Sequence[tuple[str, EcuAddress]], *, vin: str = "", vehicle: str = ""
    ) -> None:
        self.vin, self.vehicle = vin, vehicle
        self.units = tuple(units)
        self._path = path
        self._counter = Counter()

    def __iter__(self) -> Iterator[MessageLine]:
        from core.trace import decode, read_trace

        self._counter = Counter()
        return decode(self._counter.watch(read_trace(self._path)), self.units)

    @property
    def figures(self) -> TraceFigures:
        return self._counter.figures(self._path)


class Traces:
    """What Workbench inherits. DataInvalid (line or place) for a damaged trace, UsageError for an unknown ending."""

    paths: WorkbenchPaths
    stream: EventStream
    _data: DataShelf

    if TYPE_CHECKING:

        def _open_vci(self, uri: VciUri) -> Vci: ...

    def trace_formats(self) -> tuple[tuple[str, str], ...]:
        """(ending, title) of every format."""
        from core.trace import FORMATS

        return tuple((each.suffix, each.title) for each in FORMATS)

    def trace_place(self, vin: str = "") -> Path:
        """A new place for the trace of a vehicle in the data folder, named by VIN and time. Makes nothing."""
        from datetime import datetime

        name = vin if vin.isalnum() and vin.isascii() else "vehicle"
        return self.paths.traces / f"{name}-{datetime.now():%Y%m%d-%H%M%S}.pcapng"

    def convert_trace(self, source: str | Path, target: str | Path) -> TraceFigures:
        """Writes `source` anew in the format that `target` ends as: whole or not at all. StorageFailed."""
        from core.trace import open_writer, read_trace

        counter = Counter()
        with open_writer(Path(target)) as writer:
            for record in counter.watch(read_trace(Path(source))):
                writer.write(record)
        return counter.figures(Path(target), writer.left_out)

    def decode_trace(
        self, source: str | Path, data_files: Sequence[str | Path] = (), pairs: Sequence[str] = ()
    ) -> TraceReading:
        """UDS requests and answers, reassembled and named.

        The names come from `data_files`; without them from what is known of the vehicle whose VIN the trace tells.
        `pairs` are identifiers TX:RX in hex that speak UDS beside them.
        """
        path = Path(source)
        named = [_pair(text) for text in pairs]
        if data_files:
            catalogues = [self._data.single(Path(file)) for file in data_files]
            units = [found for catalogue in catalogues for found in _addresses(catalogue, None)]
            return TraceReading(path, [*named, *units])
        from core.trace import find_vin, read_trace

        vin = find_vin(read_trace(path))
        if not vin:
            return TraceReading(path, named)
        catalogue = self._data.catalogue()
        vehicle = catalogue.vehicle_for(vin)
        if vehicle is None:
            return TraceReading(path, named, vin=vin)
        return TraceReading(path, [*named, *_addresses(catalogue, vehicle.name)], vin=vin, vehicle=vehicle.title)

    def record_trace(
        self, uri: str, target: str | Path, seconds: float | None = None, stop: threading.Event | None = None
    ) -> TraceFigures:
        """Everything on the device's buses into `target`, for `seconds` or until `stop` is set.

        The file grows as it is recorded. `dropped` of the figures: frames that came faster than the disk. VciBusy
        while a vehicle host has the device (save its last minutes instead), VciLost when it goes.
        """
        from time import monotonic

        from core.trace import open_writer
        from core.vci.uri import VciUri

        stop = stop or threading.Event()
        counter = Counter()
        parsed = VciUri.parse(uri)
        with open_writer(Path(target), whole=False) as writer:
            ring = self.stream.traffic
            cursor, dropped = ring.total, 0
            vci = self._open_vci(parsed)
            end = None if seconds is None else monotonic() + seconds
            try:
                over = False
                while not over:
                    left = POLL_SECONDS if end is None else min(POLL_SECONDS, end - monotonic())
                    lost = getattr(vci, "lost", None)
                    over = left <= 0 or stop.wait(max(left, 0.0)) or lost is not None
                    records, cursor, missed = ring.read_since(cursor)  # also once more after the end
                    dropped += missed
                    for record in counter.watch(iter(records)):
                        writer.write(record)
                if lost is not None:
                    raise lost
            finally:
                vci.close()
        return counter.figures(Path(target), writer.left_out, dropped)

    def replay_trace(
        self, source: str | Path, uri: str, speed: float = 1.0, stop: threading.Event | None = None
    ) -> TraceFigures:
        """Sends the CAN frames of `source` onto the bus of a can: URI, in their own time divided by `speed`.

        `left_out` of the figures: DoIP messages, error frames, FD frames without fd=1. VciBusy, VciLost.
        """
        from core.trace import read_trace
        from core.vci.opening import locked_bus
        from core.vci.uri import VciUri

        parsed = VciUri.parse(uri)
        if parsed.kind is not DeviceKind.CAN:
            raise UsageError(f"{uri} is no CAN bus.", "Replay onto one, e.g. can:socketcan/can0?bitrate=500000.")
        if not 0.001 <= speed <= 1000:
            raise UsageError("The speed is a factor from 0.001 to 1000.", "2 is twice as fast as recorded.")
        records = read_trace(Path(source))
        counter = Counter()
        with locked_bus(parsed, self.paths.locks) as bus:
            from core.trace.replay import Replay

            replay = Replay(bus, speed=speed, fd=parsed.fd)
            replay.run(counter.watch(records), stop or threading.Event())
        return counter.figures(Path(source), replay.left_out)


class Counter:
    """Counts what passes."""

    def __init__(self) -> None:
        self.frames = self.messages = self.errors = 0
        self.begin: float | None = None
        self.end = 0.0
        self.identifiers: set[tuple[int, bool]] = set()

    def watch(self, records: Iterator[CanFrame | DoipMessage]) -> Iterator[CanFrame | DoipMessage]:
        for record in records:
            if self.begin is None:
                self.begin = record.timestamp
            self.end = record.timestamp
            if isinstance(record, DoipMessage):
                self.messages += 1
            elif record.is_error_frame:
                self.frames += 1
                self.errors += 1
            else:
                self.frames += 1
                self.identifiers.add((record.arbitration_id, record.is_extended_id))
            yield record

    def figures(self, path: Path, left_out: int = 0, dropped: int = 0) -> TraceFigures:
        begin = self.begin or 0.0
        return TraceFigures(
            str(path), self.frames, self.messages, self.errors, len(self.identifiers), begin, self.end - begin,
            left_out, dropped,
        )  # fmt: skip


def _addresses(catalogue: Catalogue, vehicle: str | None) -> list[tuple[str, EcuAddress]]:
    units = catalogue.units if vehicle is None else catalogue.units_of(catalogue.vehicle(vehicle))
    return [(unit.name, address) for unit in units for address in unit.addresses]


def _pair(text: str) -> tuple[str, EcuAddress]:
    try:
        tx, rx = (int(part, 16) for part in text.split(":"))
    except ValueError:
        tx = rx = -1
    if not (0 <= tx <= 0x1FFFFFFF and 0 <= rx <= 0x1FFFFFFF):
        raise UsageError(f"{text!r} is no pair of identifiers.", "Write request and answer in hex, e.g. 7C0:7C8.")
    return text.split(":")[0].upper(), CanAddress(tx, rx, max(tx, rx) > BITS_29, functional=None)
