"""Puts a garage vehicle's units on a python-can bus: ISO-TP of every unit, functional requests, periodic frames.

One thread reads the bus and does everything; a frame of a long transfer costs a look-up and the machine. Buses are
opened by the caller and closed here.
"""

from __future__ import annotations

import threading

import can
from can.interfaces.virtual import VirtualBus

from core.errors import ProductError
from core.protocol.isotp import IsoTpMachine
from core.protocol.isotp_frames import mirrored
from core.simulation.broadcast import Broadcaster
from core.simulation.garage import Garage, GarageUnit
from core.simulation.misbehaviour.frames import FaultyLine
from core.simulation.misbehaviour.server import is_block
from core.vocabulary import CanAddress

LONGEST_WAIT = 0.05  # seconds that the thread sleeps at most, so that closing is quick
LONGEST_REQUEST = 1 << 20  # bytes; a longer FF_DL gets FC.OVFLW
ERRORS_IN_A_ROW = 50
NEVER = float("inf")
LAST_11_BIT = 0x7FF
BUS_OFF = 2.0  # seconds of the fault "bus-off"


class _Node:
    """One unit on the bus."""

    def __init__(self, unit: GarageUnit, address: CanAddress, block_size: int) -> None:
        self.unit, self.address = unit, address
        self.machine = IsoTpMachine(mirrored(address), block_size=block_size, max_receive=LONGEST_REQUEST)
        self.line = FaultyLine(address, unit.faults)

    def deadline(self) -> float:
        times = (self.machine.next_deadline(), self.unit.server.next_deadline())
        return min((at for at in times if at is not None), default=NEVER)


class _Group:
    """Units that take a functional frame the same way: on one identifier, with the same extension byte if any."""

    def __init__(self, address: CanAddress) -> None:
        self._extension = _functional_extension(address)
        self.machine = IsoTpMachine(mirrored(address), functional=True)
        self.nodes: list[_Node] = []

    def hears(self, address: CanAddress) -> bool:
        return self._extension == _functional_extension(address)


def _functional_extension(address: CanAddress) -> int | None:
    return address.tx_extension if address.functional_extension is None else address.functional_extension


class CanSide:
    """The CAN half of a running garage. `failure` says why it was given up, "" while it works.

    `block_size` is the BS that the units ask for: 0 but on a bus that loses frames when a reader is slow. Units that
    speak CAN FD are on the bus only where it is an `fd` one.
    """

    def __init__(self, garage: Garage, bus: can.BusABC, block_size: int = 0, *, fd: bool = False) -> None:
        self._garage, self._bus, self._clock = garage, bus, garage.clock
        self._plain_bytes = type(bus) is VirtualBus  # it deep-copies each message: immutable bytes cost nothing
        self._nodes = [
            _Node(unit, address, block_size)
            for unit in garage.units
            if (address := unit.can_address) is not None and (fd or not address.is_fd)
        ]
        self._by_id = {(node.address.tx, node.address.is_extended_id): node for node in self._nodes}
        self._functional = self._functional_machines()
        names = {node.unit.name: node.unit for node in self._nodes}
        frames = tuple(frame for frame in garage.initial.broadcast if frame.unit in names)
        self._senders = names
        self._broadcaster = Broadcaster(frames, self._clock())
        self._wake_at = 0.0
        self._off_until = 0.0  # the bus is dead until then
        self._closing = threading.Event()
        self._errors = 0
        self.failure = ""
        self._thread = threading.Thread(target=self._run, name=f"garage {garage.name} CAN", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and shut the bus down. Idempotent."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        try:
            self._bus.shutdown()
        except (can.CanError, OSError):
            pass  # a device that is gone already cannot be let go properly

    def _functional_machines(self) -> dict[tuple[int, bool], list[_Group]]:
        """The receivers behind each functional identifier, with the units that hear them."""
        heard: dict[tuple[int, bool], list[_Group]] = {}
        for node in self._nodes:
            functional = node.address.functional
            if functional is None:
                continue
            groups = heard.setdefault((functional, node.address.is_extended_id), [])
            group = next((each for each in groups if each.hears(node.address)), None)
            if group is None:
                groups.append(group := _Group(node.address))
            group.nodes.append(node)
        return heard

    def _run(self) -> None:
        try:
            self._serve()
        except ProductError as error:  # the flash images of the data are gone or damaged
            self.failure = error.message

    def _serve(self) -> None:
        while not self._closing.is_set():
            wait = min(max(self._wake_at - self._clock(), 0.0), LONGEST_WAIT)
            message = self._receive(wait)
            if message is not None and not message.is_error_frame and not message.is_remote_frame:
                self._take(message)
            now = self._clock()
            if now >= self._wake_at:
                self._tick(now)

    def _receive(self, wait: float) -> can.Message | None:
        try:
            message = self._bus.recv(wait)
            self._errors = 0
            return message
        except (can.CanError, OSError, ValueError) as error:
            self._note_error(error)
            return None

    def _note_error(self, error: Exception) -> None:
        """A stray datagram or a full buffer passes; a bus that only fails is given up."""
        self._errors += 1
        if self._errors > ERRORS_IN_A_ROW:
            self.failure = str(error)
            self._closing.set()
        self._closing.wait(0.001)

    def _take(self, message: can.Message) -> None:
        key = (message.arbitration_id, message.is_extended_id)
        node = self._by_id.get(key)
        now = self._clock()
        if now < self._off_until:
            return
        if node is not None:
            machine, data = node.machine, bytes(message.data)
            for frame in node.line.heard(data) if node.line.faults.any else (data,):
                machine.receive(frame, now)
            while (pdu := machine.next_pdu()) is not None:
                self._request(node, pdu, now, functional=False)
            self._flush(node, now)
        else:
            for group in self._functional.get(key, ()):
                group.machine.receive(bytes(message.data), now)
                while (pdu := group.machine.next_pdu()) is not None:
                    for each in group.nodes:
                        self._request(each, pdu, now, functional=True)
                        self._flush(each, now)

    def _request(self, node: _Node, pdu: bytes, now: float, functional: bool) -> None:
        if node.line.faults.any and is_block(pdu) and node.line.faults.strikes("bus-off"):
            self._send_error_frame()
            self._off_until = now + BUS_OFF
            return
        with node.unit.lock:
            node.unit.server.receive(pdu, now, functional)
        self._garage.note_changes(node.unit)
        self._collect(node, now)

    def _collect(self, node: _Node, now: float) -> None:
        """Answers that are due go to the machine; the thread wakes for the rest."""
        with node.unit.lock:
            answers = node.unit.server.answers(now)
            deadline = node.unit.server.next_deadline()
        for _, pdu in answers:
            node.machine.send(pdu, now)
        if deadline is not None:
            self._wake_at = min(self._wake_at, deadline)

    def _flush(self, node: _Node, now: float) -> None:
        while frames := node.machine.frames_to_send(now):
            self._put(node, node.line.said(frames, now) if node.line.faults.any else frames)
        while node.machine.error() is not None:
            pass  # a tester that stopped in the middle: the unit forgets it, as a real one does
        for deadline in (node.machine.next_deadline(), node.line.next_deadline()):
            if deadline is not None:
                self._wake_at = min(self._wake_at, deadline)

    def _put(self, node: _Node, frames: list[bytes]) -> None:
        for data in frames:
            self._send(node.address.rx, data, node.address.is_extended_id, node.address.is_fd)

    def _send_error_frame(self) -> None:
        try:
            self._bus.send(can.Message(is_error_frame=True, is_extended_id=False))
        except (can.CanError, OSError, ValueError):
            pass  # not every device can send one

    def _send(self, identifier: int, data: bytes, extended: bool = False, is_fd: bool = False) -> None:
        message = can.Message(
            arbitration_id=identifier,
            is_extended_id=extended,
            data=None if self._plain_bytes else data,
            dlc=len(data),
            is_fd=is_fd,
            bitrate_switch=is_fd,
            check=False,
        )
        if self._plain_bytes:
            message.data = data  # type: ignore[assignment]
        if self._off_until and self._clock() < self._off_until:
            return
        try:
            self._bus.send(message)
        except (can.CanError, OSError) as error:
            self._note_error(error)

    def _tick(self, now: float) -> None:
        """Everything that time brings: periodic frames, ends of work and resets, timeouts of ISO-TP."""
        self._wake_at = NEVER
        for frame, data in self._broadcaster.due(now):
            if self._senders[frame.unit].server.broadcasts:
                self._send(frame.identifier, data, frame.identifier > LAST_11_BIT)
        for node in self._nodes:
            if node.deadline() <= now:
                with node.unit.lock:
                    node.unit.server.handle_timeout(now)
                self._garage.note_changes(node.unit)
                node.machine.handle_timeout(now)
            self._collect(node, now)
            self._put(node, node.line.due(now))
            self._flush(node, now)
        self._wake_at = min(self._wake_at, self._broadcaster.next_deadline())
