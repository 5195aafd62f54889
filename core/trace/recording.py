"""Makes of a trace what a simulated vehicle needs: each unit's requests and answers, its own frames. Opens nothing.

The conversation is put together as the live panel does it. What was under way when the recording began or ended is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from core.diagnosis.traffic import TrafficView
from core.diagnosis.traffic.book import ALL_UNITS
from core.diagnosis.traffic.rows import Row
from core.protocol import uds
from core.simulation.initial_state import Broadcast
from core.simulation.recorded import Recording, UnitScript
from core.trace.decode import BATCH
from core.vocabulary import UDS, CanAddress, CanFrame, DoipAddress, DoipMessage, EcuAddress, Transport

Record = CanFrame | DoipMessage
Answers = list[tuple[float, bytes]]

_LEGISLATED = tuple((f"{0x7E0 + n:03X}", CanAddress(0x7E0 + n, 0x7E8 + n)) for n in range(8))  # ISO 15765-4, 6.3.2.2
_ANNOUNCEMENT, _ACTIVATED = 0x0004, 0x0006
_SHORTEST_CYCLE, _FEWEST = 0.005, 3


def record_vehicle(
    name: str, records: Iterable[Record], units: Sequence[tuple[str, EcuAddress]], vin: str
) -> Recording:
    """`units` are those that may speak; without any the legislated identifiers and every DoIP address count."""
    known = [*units] if any(isinstance(address, CanAddress) for _, address in units) else [*units, *_LEGISLATED]
    listener = _Listener(known)
    listener.listen(records)
    return Recording(
        name, vin, listener.scripts, listener.broadcast(), listener.gateway, listener.eid, listener.gid
    )


class _Listener:
    """Collects while the records pass."""

    def __init__(self, units: Sequence[tuple[str, EcuAddress]]) -> None:
        self.scripts: dict[tuple[str, EcuAddress], UnitScript] = {}
        self.gateway: int | None = None
        self.eid = self.gid = bytes(6)
        self._units = units
        self._by_name = {(name, address.transport): address for name, address in units}
        self._open: dict[tuple[str, Transport], tuple[float, int, Answers]] = {}
        self._to_all: dict[Transport, tuple[float, bytes]] = {}
        self._spoken = {key for _, each in units if isinstance(each, CanAddress) for key in _identifiers(each)}
        self._frames: dict[int, tuple[float, CanFrame, int]] = {}  # first time, last one, how many

    def listen(self, records: Iterable[Record]) -> None:
        batch: list[Record] = []

        def read_since(cursor: int) -> tuple[list[Record], int, int]:
            return batch, cursor + len(batch), 0

        view = _Ears(self, read_since, self._units)
        source = iter(self._watched(records))
        while batch := list(islice(source, BATCH)):
            view.poll(0.0)

    def _watched(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if isinstance(record, CanFrame):
                if not (record.is_error_frame or record.is_remote_frame or record.arbitration_id in self._spoken):
                    first, _, count = self._frames.get(record.arbitration_id, (record.timestamp, record, 0))
                    self._frames[record.arbitration_id] = first, record, count + 1
            else:
                self._entity(record)
            yield record

    def _entity(self, message: DoipMessage) -> None:
        """ISO 13400-2, tables 5 and 48: VIN 17, logical address 2, EID 6, GID 6; tester 2, entity 2."""
        payload = message.payload
        if message.payload_type == _ANNOUNCEMENT and len(payload) >= 31:
            self.gateway = int.from_bytes(payload[17:19], "big")
            self.eid, self.gid = payload[19:25], payload[25:31]
        elif message.payload_type == _ACTIVATED and len(payload) >= 4 and self.gateway is None:
            self.gateway = int.from_bytes(payload[2:4], "big")

    def hear(self, timestamp: float, unit: str, way: Transport, is_request: bool, pdu: bytes) -> None:
        if is_request and unit == ALL_UNITS:
            self._to_all[way] = timestamp, pdu
        elif is_request:
            answers = self._script(unit, way).add(pdu, False)
            self._open[unit, way] = timestamp, pdu[0], answers
        else:
            self._answer(timestamp, unit, way, pdu)

    def _answer(self, timestamp: float, unit: str, way: Transport, pdu: bytes) -> None:
        sid = pdu[1] if pdu[0] == uds.NEGATIVE and len(pdu) > 1 else pdu[0] - uds.POSITIVE_OFFSET
        begun = self._open.get((unit, way))
        if begun is None or begun[1] != sid:
            everyone = self._to_all.get(way)
            if everyone is None or everyone[1][0] != sid:
                return  # its request was before the trace
            begun = everyone[0], sid, self._script(unit, way).add(everyone[1], True)
            self._open[unit, way] = begun
        begun[2].append((timestamp - begun[0], pdu))

    def _script(self, unit: str, way: Transport) -> UnitScript:
        address = self._by_name.get((unit, way))
        if address is None:
            address = DoipAddress(int(unit, 16))  # the data do not know it: it is called by its logical address
            self._by_name[unit, way] = address
        return self.scripts.setdefault((unit, address), UnitScript())

    def broadcast(self) -> tuple[Broadcast, ...]:
        """What came again and again: with the last data, in the mean period."""
        sender = next((name for (name, address) in self.scripts if isinstance(address, CanAddress)), "")
        made = []
        for identifier, (first, last, count) in self._frames.items():
            if sender and count >= _FEWEST and last.timestamp > first and not last.is_fd:
                cycle = max((last.timestamp - first) / (count - 1), _SHORTEST_CYCLE)
                made.append(Broadcast(sender, identifier, cycle, last.data))
        return tuple(made)


def _identifiers(address: CanAddress) -> tuple[int, ...]:
    return (address.tx, address.rx) if address.functional is None else (address.tx, address.rx, address.functional)


class _Ears(TrafficView):
    """Hands on every message whole; keeps no line of it."""

    def __init__(self, listener: _Listener, read_since: object, units: Sequence[tuple[str, EcuAddress]]) -> None:
        super().__init__(read_since, lambda: units, capacity=1)  # type: ignore[arg-type]
        self._listener = listener

    def _message(
        self, timestamp: float, unit: str, row: Row, is_request: bool, pdu: bytes, protocol: str = UDS
    ) -> None:
        way = Transport.DOIP if ">" in row.identifier else Transport.CAN
        if pdu:
            self._listener.hear(timestamp, unit, way, is_request, pdu)
