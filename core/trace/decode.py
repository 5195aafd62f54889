"""Offline decoding: a recorded trace as UDS messages in words, reassembled from CAN or DoIP. Reads no file itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from core.diagnosis.traffic import TrafficView
from core.vocabulary import UDS, CanAddress, CanFrame, DoipMessage, EcuAddress, MessageLine

Record = CanFrame | DoipMessage

BATCH = 2000
_VIN_ANSWERS = (b"\x62\xf1\x90", b"\x5a\x90")
"""vehicleIdentificationNumber: ISO 14229-1, Annex C.1; ISO 14230-3, clause 7.1."""
_ANNOUNCEMENT = 0x0004


def decode(records: Iterable[Record], units: Sequence[tuple[str, EcuAddress]] = ()) -> Iterator[MessageLine]:
    """Every message that `units` (the legislated identifiers where there are none) said or were asked, in order."""
    known = _once_each(units)
    batch: list[Record] = []

    def read_since(cursor: int) -> tuple[list[Record], int, int]:
        return batch, cursor + len(batch), 0

    # a frame ends at most one message of each speaker on its identifier: few share one
    view = TrafficView(read_since, lambda: known, capacity=BATCH * 4)
    source = iter(records)
    while batch := list(islice(source, BATCH)):
        before = view.message_count
        view.poll(0.0)
        yield from view.message_lines(view.message_count - before)


def find_vin(records: Iterable[Record]) -> str:
    """The first VIN that a unit or a DoIP announcement tells, "" where none does."""

    def watched() -> Iterator[Record]:
        for record in records:
            if isinstance(record, DoipMessage) and record.payload_type == _ANNOUNCEMENT:
                announced.append(_vin(record.payload[:17]))
            yield record

    announced: list[str] = []
    for line in decode(watched()):
        told = next((_vin(line.data[len(s) : len(s) + 17]) for s in _VIN_ANSWERS if line.data.startswith(s)), "")
        if told and not line.is_request:
            return told
    return next((vin for vin in announced if vin), "")


def _vin(data: bytes) -> str:
    text = data.decode("ascii", "replace")
    return text if len(text) == 17 and text.isalnum() and text.isascii() else ""


def _once_each(units: Sequence[tuple[str, EcuAddress]]) -> tuple[tuple[str, EcuAddress], ...]:
    """One name an address: the units of several vehicles share identifiers, and a message is to be told once."""
    heard: set[object] = set()
    kept = []
    for name, address in units:
        place = replace(address, protocol=UDS) if isinstance(address, CanAddress) else address
        if place not in heard:
            heard.add(place)
            kept.append((name, address))
    return tuple(kept)
