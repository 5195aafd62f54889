"""A J2534 device as a VCI: links on its ISO15765 channel, and a raw CAN channel beside it for the live panel."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from core.errors import NoResponse, VciError, VciLost
from core.protocol.isotp_frames import functional_frame, prefix_of
from core.vci.channel import Clock, Tap
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.channel import Message
from core.vci.j2534.driver.errors import translated
from core.vci.j2534.driver.face import OpenChannel, OpenDevice
from core.vci.j2534.filters import PeriodicMessages, UnitFilters, message_for, receiver_of, sender_of
from core.vci.j2534.link import J2534Link
from core.vci.reading import ReaderVci, link_key
from core.vocabulary import CanAddress, CanFrame, EcuAddress

WAIT = 20  # milliseconds that reading waits; frames for the panel come that late at most
PAUSE = 0.002  # seconds, where a library returns at once instead of waiting
BATCH, RAW_BATCH = 8, 256  # a long message leaves 600 frames; each call is a round trip where a helper has the library
N_AS = 1000  # milliseconds that a single frame may wait for the bus (ISO 15765-2, 9.8)
LONG = 5000  # milliseconds that a segmented message may take until the driver returns
GIVE_UP_READING = 1.0
_new = tuple.__new__
NO_FRAMES = "The device shows no single frames beside its own ISO-TP: the live panel stays without the bus."
OWN_FRAMES = "Long messages to the units are shown in the live panel only where the device's driver echoes them."
NO_PERIODIC = "The device sends no periodic messages: this PC keeps the session alive."


class J2534Vci(ReaderVci[J2534Link]):
    """One open device on one CAN bus (`core.vci.channel.Vci`). Takes over `device` and closes it.

    `limits` are sentences on what this device cannot do. Ten units have a filter at a time (7.2.7 of the standard):
    the one that has been quiet for longest makes room for the next.
    """

    most_at_once = j.FILTERS_A_CHANNEL

    def __init__(
        self,
        device: OpenDevice,
        *,
        uri: str,
        name: str,
        tap: Tap,
        bitrate: int,
        clock: Clock = time.monotonic,
        wall_clock: Clock = time.time,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        super().__init__(uri=uri, name=name, tap=tap, clock=clock, wall_clock=wall_clock, on_close=on_close)
        self._device, self.limits = device, device.limits
        self._bit = 1.0 / bitrate
        self._messages = device.connect(j.ISO15765, bitrate)
        self._messages.set(j.ISO15765_BS, 0)
        self._messages.set(j.ISO15765_STMIN, 0)
        self._frames = self._connect_frames(bitrate)
        self._periodic = PeriodicMessages(self._messages, clock)
        self._tells_first_frames = False
        self._filters = UnitFilters(self._messages)
        self._start_reading()

    def _new_link(self, address: CanAddress) -> J2534Link:
        return J2534Link(address, self._send, clock=self._clock, forget=self._forget)

    def send_functional(self, address: EcuAddress, pdu: bytes) -> None:
        """TesterPresent is handed to the device as a periodic message, where it can: a PC that stalls is not heard."""
        address, functional = self._group_of(address)
        own = address.functional_extension
        extension = address.tx_extension if own is None else own
        frame = functional_frame(address, pdu)
        data, flags = message_for(address, functional, extension, pdu)
        if not self._periodic.feed(data):
            self._write_single(data, flags, address, functional, frame)
            if not self._periodic.start(data, flags):
                self._device.lacks(NO_PERIODIC)

    def voltage(self) -> float | None:
        if self._lost is not None:
            return None
        return self._device.voltage()

    def _listen(self, link: J2534Link) -> None:
        self._filters.give(link)

    def _let_go(self) -> None:
        self._device.close()

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
                raise translated(j.BUFFER_FULL, "PassThruWriteMsgs", self._device.name)

    def _forget(self, link: J2534Link) -> None:
        super()._forget(link)
        if self._lost is None:
            self._filters.drop(link)

    # -- reading

    def _connect_frames(self, bitrate: int) -> OpenChannel | None:
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
            self._show(frames)
            shown = True
            if len(frames) < RAW_BATCH:
                break
        return shown

    def _take(self, message: Message) -> None:
        """What the device reassembled, or that it has begun or sent something."""
        if len(message.data) < 4:
            return
        link = receiver_of(message.data[4:5], self._on_identifier(message))
        status = message.rx_status
        if status & j.TX_DONE or status & j.TX_MSG_TYPE:
            sender = sender_of(message, self._everyone())
            if sender is not None and status & j.TX_DONE:
                sender.on_sent()
        elif link is not None and status & j.START_OF_MESSAGE:
            self._tells_first_frames = True
            link.on_first_frame()
        elif link is not None:
            pdu = message.data[4 + (link.can_address.rx_extension is not None) :]
            if pdu:
                link.on_message(pdu)

    def _show(self, frames: list[Message]) -> None:
        """To the tap; the first frame of a long answer is noticed here where the device does not tell it."""
        tap, name, now = self._tap, self.name, self._wall_clock()
        for frame in frames:
            whole, _, status, _ = frame
            if len(whole) < 4:
                continue
            sent, data = bool(status & j.TX_MSG_TYPE), whole[4:]
            identifier, extended = int.from_bytes(whole[:4], "big"), bool(status & j.CAN_29BIT_ID)
            # not CanFrame(...): hundreds come at once after a long message, and the answer to it waits behind them
            tap(_new(CanFrame, (now, identifier, data, extended, False, not sent, False, name, False)))
            if not sent and not self._tells_first_frames:
                self._notice(frame, data)

    def _notice(self, frame: Message, data: bytes) -> None:
        link = receiver_of(data[:1], self._on_identifier(frame))
        if link is not None and link.receiving_since() is None:
            at = int(link.can_address.rx_extension is not None)
            if data[at : at + 1] and data[at] >> 4 == 1:
                link.on_first_frame()

    def _lose(self, lost: VciLost) -> VciLost:
        """Tells everybody and lets the device go, so that it can be opened again."""
        first = self._lost is None
        lost = self._fail(lost)
        if first:
            self._device.close()
        return lost

    def _everyone(self) -> Iterator[J2534Link]:
        return (link for group in self._links.values() for link in group)

    def _on_identifier(self, message: Message) -> tuple[J2534Link, ...]:
        extended = bool(message.rx_status & j.CAN_29BIT_ID)
        return self._links.get(link_key(int.from_bytes(message.data[:4], "big"), extended), ())
