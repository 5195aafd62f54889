"""A J2534 device as a VCI: links on its ISO15765 channel, and a raw CAN channel beside it for the live panel."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from core.errors import LocalProtocolError, NoResponse, VciError, VciLost, VciNotFound
from core.protocol.isotp_frames import functional_frame, prefix_of
from core.vci.channel import Clock, Tap
from core.vci.functional import functional_targets
from core.vci.j2534 import constants as j
from core.vci.j2534.channel import Channel, Message
from core.vci.j2534.device import J2534Device
from core.vci.j2534.filters import PeriodicMessages, UnitFilters, message_for, receiver_of, sender_of
from core.vci.j2534.link import J2534Link
from core.vocabulary import CanAddress, CanFrame, EcuAddress, Transport

WAIT = 20  # milliseconds that reading waits; frames for the panel come that late at most
PAUSE = 0.002  # seconds, where a library returns at once instead of waiting
BATCH, RAW_BATCH = 8, 64
N_AS = 1000  # milliseconds that a single frame may wait for the bus (ISO 15765-2, 9.8)
LONG = 5000  # milliseconds that a segmented message may take until the driver returns
GIVE_UP_READING = 1.0
NO_FRAMES = "The device shows no single frames beside its own ISO-TP: the live panel stays without the bus."
OWN_FRAMES = "Long messages to the units are shown in the live panel only where the device's driver echoes them."
NO_PERIODIC = "The device sends no periodic messages: this PC keeps the session alive."


class J2534Vci:
    """One open device on one CAN bus (`core.vci.channel.Vci`). Takes over `device` and closes it.

    `limits` are sentences on what this device cannot do. Ten units have a filter at a time (7.2.7 of the standard):
    the one that has been quiet for longest makes room for the next.
    """

    transports = frozenset({Transport.CAN})
    can_fd = False

    def __init__(
        self,
        device: J2534Device,
        *,
        uri: str,
        name: str,
        tap: Tap,
        bitrate: int,
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.uri, self.name, self.limits = uri, name, device.limits
        self._device, self._tap, self._clock, self._wall_clock, self._on_close = (
            device,
            tap,
            clock,
            wall_clock,
            on_close,
        )
        self._bit = 1.0 / bitrate
        self._messages = device.connect(j.ISO15765, bitrate)
        self._messages.set(j.ISO15765_BS, 0)
        self._messages.set(j.ISO15765_STMIN, 0)
        self._frames = self._connect_frames(bitrate)
        self._periodic = PeriodicMessages(self._messages, clock)
        self._tells_first_frames = False
        self._links: tuple[J2534Link, ...] = ()  # replaced, never changed: the reader takes no lock
        self._filters = UnitFilters(self._messages)
        self._registry = threading.Lock()
        self._collecting = threading.Lock()
        self._closing = threading.Event()
        self._closed = False
        self._lost: VciLost | None = None
        self._reader = threading.Thread(target=self._read, name=f"reader {name}", daemon=True)
        self._reader.start()

    def open_link(self, address: EcuAddress) -> J2534Link:
        if not isinstance(address, CanAddress):
            raise VciNotFound(
                f"{self.name} does not speak DoIP, and unit {address} is reached over DoIP only.",
                "Connect a device that supports diagnosis over IP.",
            )
        if address.is_fd:
            raise VciNotFound(f"Unit {address} speaks CAN FD, which {self.name} does not.", "Use a CAN FD interface.")
        link = J2534Link(address, self._send, clock=self._clock, forget=self._forget)
        with self._registry:
            if self._lost is not None:
                raise self._lost
            if any(_place(other.can_address) == _place(address) for other in self._links):
                raise LocalProtocolError(f"{address} has an open link already")
            self._links = (*self._links, link)
        return link

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        """TesterPresent is handed to the device as a periodic message, where it can: a PC that stalls is not heard."""
        if not isinstance(address, CanAddress):
            raise VciNotFound(f"{self.name} does not speak DoIP.")
        if address.functional is None:
            raise LocalProtocolError(f"{address} has no functional identifier")
        if self._lost is not None:
            raise self._lost
        own = address.functional_extension
        extension = address.tx_extension if own is None else own
        frame = functional_frame(address, pdu)
        data, flags = message_for(address, address.functional, extension, pdu)
        if not self._periodic.feed(data):
            self._write_single(data, flags, address, address.functional, frame)
            if not self._periodic.start(data, flags):
                self._device.lacks(NO_PERIODIC)

    def collect_functional(
        self, addresses: tuple[EcuAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        """More units than filters are asked in turns, each turn with its share of the time."""
        wanted = tuple(each for each in addresses if isinstance(each, CanAddress) and not each.is_fd)
        turns = [wanted[at : at + j.FILTERS_A_CHANNEL] for at in range(0, len(wanted), j.FILTERS_A_CHANNEL)]
        answers: list[tuple[EcuAddress, bytes]] = []
        with self._collecting:
            for index, turn in enumerate(turns):
                now = self._clock()
                answers += self._collect(turn, pdu, now + (deadline - now) / (len(turns) - index))
        return answers

    def voltage(self) -> float | None:
        if self._lost is not None:
            return None
        return self._device.voltage()

    def vin_hint(self) -> str:
        return ""

    def power_mode(self) -> int | None:
        return None

    def close(self) -> None:
        with self._registry:
            if self._closed:
                return
            self._closed = True
        self._closing.set()
        self._fail(VciLost(f"{self.name} was closed.", "Connect again."))
        self._reader.join()
        try:
            self._device.close()
        finally:
            if self._on_close is not None:
                self._on_close()

    # -- sending

    def _send(self, link: J2534Link, pdu: bytes) -> float:
        """Writes; returns when the message is on the bus at the latest, by the clock."""
        address = link.can_address
        self._filters.give(link)
        data, flags = message_for(address, address.tx, address.tx_extension, pdu)
        limit = 7 - len(prefix_of(address, address.tx_extension))
        if len(pdu) <= limit:
            self._write_single(data, flags, address, address.tx, None)
            return self._clock()
        begun = self._clock()
        frames = 1 + len(pdu) // (limit - 1)
        on_bus = frames * (160 if address.is_extended_id else 135) * self._bit  # stuffed bits of a full frame
        try:
            self._write(data, flags, LONG)
        except NoResponse as error:
            raise NoResponse(error.message, error.advice, timer="N_Bs") from error
        return begun + on_bus * 1.5 + 0.1

    def _write_single(self, data: bytes, flags: int, address: CanAddress, identifier: int, frame: bytes | None) -> None:
        """A single frame; where the driver wants a filter even for a functional one, on the raw channel."""
        if frame is None or self._frames is None:
            self._write(data, flags, N_AS)
            return
        result = self._messages.write(data, flags, N_AS, tolerate=(j.NO_FLOW_CONTROL,))
        if result == j.NO_FLOW_CONTROL:
            extended = j.CAN_29BIT_ID if address.is_extended_id else 0
            self._frames.write(identifier.to_bytes(4, "big") + frame, extended, N_AS)

    def _write(self, data: bytes, flags: int, milliseconds: int) -> None:
        """Again while the device's buffer is full, for N_As; a device that is gone ends everything."""
        give_up = self._clock() + N_AS / 1000
        while True:
            try:
                full = self._messages.write(data, flags, milliseconds, tolerate=(j.BUFFER_FULL,))
            except VciLost as lost:
                raise self._lose(lost) from None
            if not full:
                return
            if self._clock() >= give_up or self._closing.wait(PAUSE):
                raise self._device.library.error(j.BUFFER_FULL, "PassThruWriteMsgs")

    def _forget(self, link: J2534Link) -> None:
        with self._registry:
            self._links = tuple(each for each in self._links if each is not link)
        if self._lost is None:
            self._filters.drop(link)

    def _collect(
        self, addresses: tuple[CanAddress, ...], pdu: bytes, deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        heard: queue.SimpleQueue[tuple[EcuAddress, bytes]] = queue.SimpleQueue()
        there = {_place(link.can_address): link for link in self._links}
        links = [there.get(_place(address)) or self.open_link(address) for address in addresses]
        try:
            for link in links:
                self._filters.give(link)
                link.collector = lambda address, answer: heard.put((address, answer))
            for target in functional_targets(addresses):
                self.send_functional(target, pdu)
            return self._gather(heard, links, deadline)
        finally:
            for link in links:
                link.collector = None
                if _place(link.can_address) not in there:
                    link.close()

    def _gather(
        self, heard: queue.SimpleQueue[tuple[EcuAddress, bytes]], links: list[J2534Link], deadline: float
    ) -> list[tuple[EcuAddress, bytes]]:
        answers: list[tuple[EcuAddress, bytes]] = []
        while self._lost is None:
            left = deadline - self._clock()
            unfinished = left <= 0 and any(link.receiving_since() is not None for link in links)
            try:
                answers.append(heard.get(timeout=0.1 if unfinished else min(max(left, 0.0), 0.1)))
            except queue.Empty:
                if left <= 0 and not unfinished:
                    return answers
        raise self._lost

    # -- reading

    def _connect_frames(self, bitrate: int) -> Channel | None:
        """A raw channel with everything, None where the device has no second channel on these pins."""
        try:
            frames = self._device.connect(j.CAN, bitrate)
            for flags in (0, j.CAN_29BIT_ID):
                frames.start_filter(j.PASS_FILTER, bytes(4), bytes(4), None, flags)
        except VciLost:
            self._device.close()
            raise
        except VciError:
            self._device.lacks(NO_FRAMES)
            return None
        self._device.lacks(OWN_FRAMES)
        return frames

    def _read(self) -> None:
        failing_since: float | None = None
        while not self._closing.is_set():
            began = self._clock()
            try:
                messages = self._messages.read(BATCH, WAIT)
                shown = self._show_all()
                for message in messages:
                    self._take(message)
                self._periodic.stop_hungry()
                failing_since = None
            except VciLost as lost:
                self._lose(lost)
                return
            except (VciError, NoResponse) as error:
                failing_since = began if failing_since is None else failing_since
                if began - failing_since >= GIVE_UP_READING:
                    self._lose(VciLost(error.message, error.advice))
                    return
                messages, shown = [], False
            if not messages and not shown and self._clock() - began < WAIT / 2000:
                self._closing.wait(PAUSE)

    def _show_all(self) -> bool:
        """All frames there are, before what the device made of them: a first frame must not come after its message."""
        shown = False
        while self._frames is not None and (frames := self._frames.read(RAW_BATCH, 0)):
            for frame in frames:
                self._show(frame)
            shown = True
            if len(frames) < RAW_BATCH:
                break
        return shown

    def _take(self, message: Message) -> None:
        """What the device reassembled, or that it has begun or sent something."""
        if len(message.data) < 4:
            return
        link = receiver_of(message, message.data[4:5], self._links)
        status = message.rx_status
        if status & j.TX_DONE or status & j.TX_MSG_TYPE:
            sender = sender_of(message, self._links)
            if sender is not None and status & j.TX_DONE:
                sender.on_sent()
        elif link is not None and status & j.START_OF_MESSAGE:
            self._tells_first_frames = True
            link.on_first_frame()
        elif link is not None:
            pdu = message.data[4 + (link.can_address.rx_extension is not None) :]
            if pdu:
                link.on_message(pdu)

    def _show(self, frame: Message) -> None:
        """To the tap; the first frame of a long answer is noticed here where the device does not tell it."""
        if len(frame.data) < 4:
            return
        extended, sent = bool(frame.rx_status & j.CAN_29BIT_ID), bool(frame.rx_status & j.TX_MSG_TYPE)
        identifier, data = int.from_bytes(frame.data[:4], "big"), frame.data[4:]
        self._tap(CanFrame(self._wall_clock(), identifier, data, extended, False, not sent, False, self.name))
        link = None if sent or self._tells_first_frames else receiver_of(frame, data[:1], self._links)
        if link is not None and link.receiving_since() is None:
            at = int(link.can_address.rx_extension is not None)
            if data[at : at + 1] and data[at] >> 4 == 1:
                link.on_first_frame()

    def _lose(self, lost: VciLost) -> VciLost:
        """Tells everybody and lets the device go, so that it can be opened again."""
        if self._lost is None:
            self._fail(lost)
            self._device.close()
        assert self._lost is not None
        return self._lost

    def _fail(self, failure: VciLost) -> None:
        with self._registry:
            self._lost = self._lost or failure
            links = self._links
        for link in links:
            link.fail(self._lost)


def _place(address: CanAddress) -> tuple[int, bool, int | None]:
    return address.rx, address.is_extended_id, address.rx_extension

