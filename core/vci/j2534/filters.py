"""What goes through an ISO15765 channel: addresses as messages, flow control filters, TesterPresent by the device."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

from core.errors import ProductError
from core.vci.channel import Clock
from core.vci.j2534.driver import constants as j
from core.vci.j2534.driver.channel import Message
from core.vci.j2534.driver.errors import J2534Error
from core.vci.j2534.driver.face import OpenChannel
from core.vci.j2534.link import J2534Link
from core.vocabulary import CanAddress

TESTER_PRESENT = (b"\x3e\x80", b"\x3e\x02")  # without an answer, in UDS and in KWP2000
INTERVAL = 2000  # milliseconds; S3server is 5 s (ISO 14229-2, clause 7)
HUNGER = 4.0  # seconds without being fed: the tester has stopped, the device must stop too


class PeriodicMessages:
    """The tester goes on asking for each TesterPresent; asking feeds the periodic message instead of sending again."""

    def __init__(self, channel: OpenChannel, clock: Clock) -> None:
        self._channel, self._clock = channel, clock
        self._running: dict[bytes, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._refused = False

    def feed(self, data: bytes) -> bool:
        """Whether the device sends `data` already."""
        with self._lock:
            known = self._running.get(data)
            if known is not None:
                self._running[data] = known[0], self._clock()
            return known is not None

    def start(self, data: bytes, tx_flags: int) -> bool:
        """From now on, where `data` is a TesterPresent. False where the device cannot: then nothing has changed."""
        if not data.endswith(TESTER_PRESENT) or len(data) > 5 + 2:
            return True
        with self._lock:
            if self._refused:
                return False
            try:
                number = self._channel.start_periodic(data, tx_flags, INTERVAL)
            except J2534Error:
                self._refused = True
                return False
            self._running[data] = number, self._clock()
            return True

    def stop_hungry(self) -> None:
        """From the reader thread, often."""
        if not self._running:
            return
        now = self._clock()
        with self._lock:
            for data, (number, fed) in list(self._running.items()):
                if now - fed >= HUNGER:
                    del self._running[data]
                    try:
                        self._channel.stop_periodic(number)
                    except ProductError:
                        pass  # it ends with the channel


class UnitFilters:
    """A flow control filter for each unit that is spoken to; the quietest one makes room where there is none."""

    def __init__(self, channel: OpenChannel) -> None:
        self._channel = channel
        self._filters: OrderedDict[J2534Link, int] = OrderedDict()
        self._lock = threading.Lock()

    def give(self, link: J2534Link) -> None:
        """J2534Error where the device takes none at all."""
        address = link.can_address
        with self._lock:
            if link in self._filters:
                self._filters.move_to_end(link)
                return
            pattern, flags = message_for(address, address.rx, address.rx_extension, b"")
            flow, _ = message_for(address, address.tx, address.tx_extension, b"")
            while True:
                if len(self._filters) >= j.FILTERS_A_CHANNEL:
                    self._drop_quietest()
                try:
                    number = self._channel.start_filter(
                        j.FLOW_CONTROL_FILTER, b"\xff" * len(pattern), pattern, flow, flags
                    )
                except J2534Error as error:
                    if error.result != j.EXCEEDED_LIMIT or not self._filters:
                        raise
                    self._drop_quietest()
                    continue
                self._filters[link] = number
                return

    def drop(self, link: J2534Link) -> None:
        with self._lock:
            number = self._filters.pop(link, None)
            if number is not None:
                try:
                    self._channel.stop_filter(number)
                except ProductError:
                    pass  # it goes with the channel

    def _drop_quietest(self) -> None:
        quiet = next((each for each in self._filters if each.receiving_since() is None), next(iter(self._filters)))
        self._channel.stop_filter(self._filters.pop(quiet))


def message_for(address: CanAddress, identifier: int, extension: int | None, pdu: bytes) -> tuple[bytes, int]:
    """Data and TxFlags of a message on an ISO15765 channel."""
    flags = j.ISO15765_FRAME_PAD if address.padding is not None else 0
    flags |= j.CAN_29BIT_ID if address.is_extended_id else 0
    flags |= j.ISO15765_ADDR_TYPE if extension is not None else 0
    prefix = b"" if extension is None else bytes((extension,))
    return identifier.to_bytes(4, "big") + prefix + pdu, flags


def receiver_of(extension: bytes, links: Iterable[J2534Link]) -> J2534Link | None:
    """Which of the links on one identifier is meant; `extension` is the byte at the place where it would stand."""
    for link in links:
        own = link.can_address.rx_extension
        if own is None or extension == bytes((own,)):
            return link
    return None


def sender_of(message: Message, links: Iterable[J2534Link]) -> J2534Link | None:
    """The link that has sent the message whose TxDone this is."""
    identifier = int.from_bytes(message.data[:4], "big")
    for link in links:
        own = link.can_address.tx_extension
        if link.can_address.tx == identifier and (own is None or message.data[4:5] in (b"", bytes((own,)))):
            return link
    return None
