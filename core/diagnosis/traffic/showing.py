"""The half of the panel's view that is looked at: rows, lists and figures as far as they are wanted. Eats nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from core.diagnosis.traffic.book import EXTENDED_FLAG
from core.diagnosis.traffic.buses import Bus
from core.diagnosis.traffic.filter import EVERYTHING, Filter, parse
from core.diagnosis.traffic.lines import (
    DIAGNOSTIC_MESSAGE,
    FrameTest,
    Record,
    Signals,
    exchange_facts,
    frame_lines,
    message_facts,
    newest,
    row_facts,
)
from core.diagnosis.traffic.rows import Row
from core.diagnosis.traffic.talk import Conversation, Describe, DtcText, Exchange, Trouble
from core.errors import UsageError
from core.protocol import uds
from core.protocol.dialect import dialect_of
from core.vocabulary import (
    UDS,
    BusFigures,
    BusLine,
    CanFrame,
    ErrorLine,
    ExchangeLine,
    FrameLine,
    FrameRow,
    KeptFigures,
    MessageLine,
    PanelLines,
    PanelShot,
    PanelWish,
)

NAMES_SHOWN = 300


@dataclass(slots=True)
class _Frozen:
    """What there was when the panel was paused. Rows as faces: the rows themselves go on counting."""

    first: int
    records: tuple[Record, ...]
    exchanges: tuple[Exchange, ...]
    troubles: tuple[Trouble, ...]
    rows: list[tuple[FrameRow, str]]


class Showing:
    """What TrafficView inherits. `filter` limits rows and lists; UsageError where it cannot be understood."""

    _records: deque[Record]
    _messages: deque[MessageLine]
    _talk: Conversation

    def __init__(
        self, describe: Describe | None, dtc_text: DtcText | None, signals: Callable[[], Signals | None],
        kept: Callable[[], KeptFigures],
    ) -> None:  # fmt: skip
        self._named, self._dtc_text = describe, dtc_text or (lambda unit, code: "")
        self._signals, self._kept = signals, kept
        self._buses: dict[str, Bus] = {}
        self._frames = self._dropped = self._message_count = 0
        self._paced = False
        self._spoken: dict[str, str] = {}  # units that speak no UDS
        self._text = ""
        self._filter: Filter = EVERYTHING
        self._frozen: _Frozen | None = None

    @property
    def filter(self) -> str:
        return self._text

    @filter.setter
    def filter(self, text: str) -> None:
        if text != self._text:
            self._filter = parse(text)
            self._text = text

    def poll(self, now: float) -> int:
        raise NotImplementedError

    def look(self, now: float, wish: PanelWish) -> PanelShot:
        """Takes in what came, then shows what is wished. A filter that cannot be understood shows everything."""
        self.poll(now)
        try:
            self.filter = wish.filter
        except UsageError:
            self._filter, self._text = EVERYTHING, wish.filter
        if not wish.frozen:
            self._frozen = None
        elif self._frozen is None:
            self._frozen = self._freeze()
        return PanelShot(
            wish, self._lines(wish) if wish.count else (), self.figures, self.buses(), self._kept(), self._names()
        )

    def _lines(self, wish: PanelWish) -> PanelLines:
        if wish.mode == "frames":
            return tuple(self.frame_lines(wish.count, wish.back))
        if wish.mode == "talk":
            return tuple(self.exchange_lines(wish.count, wish.back))
        if wish.mode == "errors":
            return tuple(self.error_lines(wish.count, wish.back))
        return tuple(self.rows()[: wish.count]) if wish.mode == "rows" else ()

    # -- pausing

    def _freeze(self) -> _Frozen:
        return _Frozen(
            self._frames - len(self._records), tuple(self._records), tuple(self._talk.exchanges),
            tuple(self._talk.troubles.lines), self._faces(),
        )  # fmt: skip

    def _thaw(self) -> None:
        self._frozen = None

    # -- rows and lists

    def _faces(self) -> list[tuple[FrameRow, str]]:
        """Each row as it is now, and who speaks there."""
        several, signals = self._several(), self._signals()
        ordered = sorted(
            ((order(key, row), row, key) for bus in self._buses.values() for key, row in bus.rows.items()),
            key=lambda item: item[0],
        )
        return [
            (row.face(_signal_words(row, key, signals), with_bus=several), row.units()) for _, row, key in ordered
        ]

    def _several(self) -> bool:
        """Whether identifiers need the name of their bus; those of DoIP do not."""
        return sum(bus.is_can for bus in self._buses.values()) > 1

    def rows(self) -> list[FrameRow]:
        """The fixed rows, CAN identifiers in ascending order, then DoIP pairs. The order only grows, it never jumps."""
        faces = self._frozen.rows if self._frozen is not None else self._faces()
        if not self._filter:
            return [face for face, _ in faces]
        return [face for face, units in faces if self._filter.matches(row_facts(face, units))]

    def frame_lines(self, count: int, back: int = 0) -> list[FrameLine]:
        """The last `count` frames and DoIP messages, oldest first, `back` lines up from the newest."""
        frozen = self._frozen
        records = frozen.records if frozen is not None else self._records
        first = frozen.first if frozen is not None else self._frames - len(self._records)
        numbers = range(first + len(records) - 1, first - 1, -1)
        wanted = FrameTest(self._filter, self._unit_of) if self._filter else None
        chosen = newest(zip(numbers, reversed(records), strict=True), wanted, count, back)
        return frame_lines(chosen, self._signals(), self._several())

    def message_lines(self, count: int, back: int = 0) -> list[MessageLine]:
        """The last `count` UDS messages, oldest first, `back` lines up from the newest."""
        matches = self._filter.matches
        wanted = (lambda line: matches(message_facts(line))) if self._filter else None
        return newest(reversed(self._messages), wanted, count, back)

    def exchange_lines(self, count: int, back: int = 0) -> list[ExchangeLine]:
        """The last `count` requests with their answers, oldest first."""
        exchanges = self._frozen.exchanges if self._frozen is not None else self._talk.exchanges
        lines = (exchange.line(self._describe) for exchange in reversed(exchanges))
        matches = self._filter.matches
        return newest(lines, (lambda line: matches(exchange_facts(line))) if self._filter else None, count, back)

    def error_lines(self, count: int, back: int = 0) -> list[ErrorLine]:
        """The last `count` negative responses, changes of trouble codes, refusals and bus errors, oldest first."""
        troubles = self._frozen.troubles if self._frozen is not None else self._talk.troubles.lines
        shown = self._talk.troubles.shown
        lines = (shown(trouble, self._describe, self._dtc_text) for trouble in reversed(troubles))
        return newest(lines, self._error_test() if self._filter else None, count, back)

    def _error_test(self) -> Callable[[ErrorLine], bool]:
        from core.diagnosis.traffic.filter import Facts

        def wanted(line: ErrorLine) -> bool:
            words = f"{line.code} {line.words}".casefold()
            return self._filter.matches(Facts("", line.unit.casefold(), words, words))

        return wanted

    def _describe(self, unit: str, pdu: bytes) -> str:
        """In the words of the vehicle data where it has any; what went wrong is said the same way everywhere."""
        words = self._named(unit, pdu) if self._named is not None and not uds.is_negative(pdu) else ""
        return words or dialect_of(self._spoken.get(unit, UDS)).describe(pdu)

    def _unit_of(self, record: Record) -> str:
        bus = self._buses.get(record.channel or ("" if isinstance(record, CanFrame) else "DoIP"))
        if bus is None:
            return ""
        key: object
        if isinstance(record, CanFrame):
            key = record.arbitration_id | EXTENDED_FLAG if record.is_extended_id else record.arbitration_id
        elif record.payload_type == DIAGNOSTIC_MESSAGE:
            key = int.from_bytes(record.payload[:2], "big"), int.from_bytes(record.payload[2:4], "big")
        else:
            return ""
        row = bus.rows.get(key)
        return row.units() or row.words.partition(":")[0] if row is not None else ""

    # -- figures

    @property
    def figures(self) -> BusFigures:
        """`load` may pass 1.0 on a bus without a wire (simulation): it is not paced."""
        rates = [bus.rates() for bus in self._buses.values()]
        loads = [load for _, load in rates if load is not None]
        errors = sum(bus.errors for bus in self._buses.values())
        load = max(loads) if loads else 0.0 if self._paced else None
        return BusFigures(load, sum(frames for frames, _ in rates), self._frames, self._dropped, errors)

    def buses(self) -> tuple[BusLine, ...]:
        """Each bus, in the order of its name."""
        return tuple(bus.line() for _, bus in sorted(self._buses.items()))

    @property
    def message_count(self) -> int:
        return self._message_count

    def _names(self) -> tuple[tuple[str, ...], ...]:
        """Identifiers, units and buses, for whoever writes a filter."""
        rows = [row for bus in self._buses.values() for row in bus.rows.values()]
        units = {speaker.unit for row in rows for speaker, _ in row.listeners}
        units |= {exchange.unit for exchange in list(self._talk.exchanges)[-NAMES_SHOWN:]}
        identifiers = sorted({row.identifier for row in rows})
        return tuple(identifiers[:NAMES_SHOWN]), tuple(sorted(units)[:NAMES_SHOWN]), tuple(sorted(self._buses))


def order(key: object, row: Row) -> tuple[int, str, str]:
    if isinstance(key, int):
        return (1 if key & EXTENDED_FLAG else 0), row.identifier, row.bus
    return 2, row.identifier, row.bus


def _signal_words(row: Row, key: object, signals: Signals | None) -> str:
    if signals is None or row.number is None or not isinstance(key, int):
        return ""
    return signals(row.bus, row.number, bool(key & EXTENDED_FLAG), row.data)
