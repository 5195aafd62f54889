"""What happens to the ISO-TP frames between a unit and its bus where misbehaviour is ordered (ISO 15765-2). No bus."""

from __future__ import annotations

from core.protocol.isotp_frames import CF, CTS, FC, OVFLW, WAIT, flow_control, prefix_of
from core.simulation.misbehaviour.orders import UnitFaults
from core.vocabulary import CanAddress

WAIT_PAUSE = 0.02  # seconds between two FC.WAIT: a hundred of them stay below the tester's N_Bs one by one
RESERVED_STMIN, LONGEST_STMIN = 0x80, 0x7F  # 9.6.5.4: reserved; 127 ms
WAITS = {"fc-wait-3": 3, "fc-wait-100": 100}


class FaultyLine:
    """The unit's end of its bus line; `address` is the tester's view. Ask only while `faults.any`, and `due` always."""

    def __init__(self, address: CanAddress, faults: UnitFaults) -> None:
        self.faults = faults
        self._prefix = prefix_of(address, address.rx_extension)
        self._offset = len(self._prefix)
        self._padding = address.padding
        self._held_to_unit: bytes | None = None
        self._held_from_unit: bytes | None = None
        self._later: list[tuple[float, bytes]] = []

    def heard(self, data: bytes) -> list[bytes]:
        """What reaches the unit in place of this frame."""
        kind = self._kind(data)
        if kind == FC:
            return [self._asked(data)]
        if kind != CF:
            self._held_to_unit = None
            return [data]
        held, self._held_to_unit = self._held_to_unit, None
        name = self.faults.first(("lost-cf", "reordered-cf", "duplicate-cf"))
        if name == "reordered-cf":
            self._held_to_unit = data
        return _disturbed(data, name, held)

    def said(self, frames: list[bytes], now: float) -> list[bytes]:
        """What goes on the bus at once in place of these frames of the unit; the rest comes from `due`."""
        out: list[bytes] = []
        for data in frames:
            kind = self._kind(data)
            if kind == CF:
                out += self._answered(data)
            elif kind == FC:
                out += self._allowed(data, now)
            else:
                self._held_from_unit = None
                out.append(data)
        return out

    def due(self, now: float) -> list[bytes]:
        """Frames that were put off until now."""
        ready = [data for at, data in self._later if at <= now]
        if ready:
            self._later = [entry for entry in self._later if entry[0] > now]
        return ready

    def next_deadline(self) -> float | None:
        return min((at for at, _ in self._later), default=None)

    def _kind(self, data: bytes) -> int:
        return data[self._offset] >> 4 if len(data) > self._offset else -1

    def _asked(self, data: bytes) -> bytes:
        """A flow control of the tester with another STmin than it asked for."""
        at = self._offset + 2
        if len(data) <= at:
            return data
        name = self.faults.first(("stmin-ignored", "stmin-wrong"))
        st_min = {"stmin-ignored": 0, "stmin-wrong": LONGEST_STMIN}.get(name, data[at])
        return data[:at] + bytes((st_min,)) + data[at + 1 :]

    def _answered(self, data: bytes) -> list[bytes]:
        held, self._held_from_unit = self._held_from_unit, None
        name = self.faults.first(("lost-answer-cf", "reordered-answer-cf", "duplicate-answer-cf"))
        if name == "reordered-answer-cf":
            self._held_from_unit = data
        return _disturbed(data, name, held)

    def _allowed(self, data: bytes, now: float) -> list[bytes]:
        """A flow control of the unit."""
        at = self._offset
        if data[at] & 0xF != CTS:
            return [data]
        name = self.faults.first(("lost-fc", "fc-overflow", "stmin-reserved", *WAITS))
        if name == "lost-fc":
            return []
        if name == "fc-overflow":
            return [self._flow(OVFLW)]
        if name == "stmin-reserved":
            return [data[: at + 2] + bytes((RESERVED_STMIN,)) + data[at + 3 :]]
        waits = WAITS.get(name, 0)
        if not waits:
            return [data]
        self._later += [(now + number * WAIT_PAUSE, self._flow(WAIT)) for number in range(1, waits)]
        self._later.append((now + waits * WAIT_PAUSE, data))
        return [self._flow(WAIT)]

    def _flow(self, status: int) -> bytes:
        return flow_control(status, 0, 0, self._prefix, self._padding)


def _disturbed(data: bytes, name: str, held: bytes | None) -> list[bytes]:
    """A consecutive frame with what is wrong about it, then the one that waited for it."""
    if name.startswith(("lost", "reordered")):
        return []
    frames = [data, data] if name else [data]
    return frames if held is None else [*frames, held]
