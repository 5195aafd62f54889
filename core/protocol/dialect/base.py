"""What the jobs ask of a diagnosis protocol. Only bytes and words: sequences and decisions are the jobs'. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from core.protocol.nrc import Nrc
from core.protocol.uds_client import UdsClient


class DtcRecord(NamedTuple):
    """A trouble code of a unit: the 3 byte number (KWP2000: two bytes and 00), its display, status by ISO 14229-1."""

    code: int
    display: str
    status: int


class Environment(NamedTuple):
    """A request for what was kept with a trouble code; where its answer has `head` bytes or less, there is none."""

    kind: str
    pdu: bytes
    head: int


class Dialect(ABC):
    """One diagnosis protocol. Times, repeats and stale answers are its client machine's matter."""

    name: str
    default_session: int
    programming_session: int
    extended_session: int
    vin: int
    """The "DID" that holds the VIN."""
    fingerprint: int
    """The one that takes date and author of a change, where the data name no other."""
    not_in_session: frozenset[int]
    """Codes of a refusal that another session would not give."""
    not_supported: frozenset[int]
    """Codes that say "I do not know this"."""
    counts_blocks: bool
    """A block has a counter: one whose answer was lost may be sent again."""
    block_overhead: int
    """Bytes of a TransferData message before its data."""

    @abstractmethod
    def client(self) -> UdsClient:
        """A new machine for the conversation with one unit."""

    # -- sessions and the vehicle around the unit

    @abstractmethod
    def session(self, kind: int) -> bytes: ...

    @abstractmethod
    def quiet_session(self, kind: int) -> bytes | None:
        """The same without an answer, None where the protocol has no such request."""

    @abstractmethod
    def reset(self) -> bytes: ...

    @abstractmethod
    def tester_present(self, *, suppress: bool = True) -> bytes: ...

    @abstractmethod
    def dtc_setting(self, on: bool, *, suppress: bool = False) -> bytes: ...

    @abstractmethod
    def normal_messages(self, on: bool, *, suppress: bool = False) -> bytes: ...

    # -- data and trouble codes

    @abstractmethod
    def read_data(self, did: int) -> bytes: ...

    @abstractmethod
    def data_of(self, answer: bytes, did: int) -> bytes: ...

    @abstractmethod
    def write_data(self, did: int, data: bytes) -> bytes: ...

    @abstractmethod
    def read_dtcs(self, mask: int) -> bytes: ...

    @abstractmethod
    def dtcs_of(self, answer: bytes, mask: int) -> tuple[DtcRecord, ...]: ...

    @abstractmethod
    def environment(self, code: int) -> tuple[Environment, ...]: ...

    @abstractmethod
    def clear_dtcs(self) -> bytes: ...

    # -- routines and the download

    @abstractmethod
    def routine(self, number: int, record: bytes = b"") -> bytes: ...

    @abstractmethod
    def routine_results(self, number: int, answer: bytes) -> bytes | None:
        """What asks for the result of a routine that has answered its start with `answer`; None where it is in it."""

    @abstractmethod
    def routine_status(self, answer: bytes) -> bytes: ...

    @abstractmethod
    def request_download(self, data_format: int, address_format: int, address: bytes, size: bytes) -> bytes: ...

    @abstractmethod
    def max_block_length(self, answer: bytes) -> int: ...

    @abstractmethod
    def block(self, counter: int, data: bytes) -> bytes: ...

    @abstractmethod
    def acknowledges(self, answer: bytes, counter: int) -> bool: ...

    @abstractmethod
    def transfer_exit(self) -> bytes: ...

    # -- words

    @abstractmethod
    def describe(self, pdu: bytes) -> str: ...

    @abstractmethod
    def service_name(self, sid: int) -> str: ...

    @abstractmethod
    def is_suppressed(self, pdu: bytes) -> bool: ...

    @abstractmethod
    def refusal(self, code: int) -> Nrc:
        """Name, words and advice of a negative response code."""

    def label(self, code: int) -> str:
        """E.g. "0x33 securityAccessDenied"."""
        return f"0x{code:02X} {self.refusal(code).name}"

    def explain(self, sid: int, code: int) -> tuple[str, str]:
        """(message, advice) for a refused service."""
        entry = self.refusal(code)
        return f"{self.service_name(sid)} was refused: {entry.words} ({self.label(code)}).", entry.advice
