"""UDS (ISO 14229-1) as the jobs ask for it. What the bytes are stands in core/protocol/uds.py."""

from __future__ import annotations

from core.protocol import dtc, nrc, uds
from core.protocol.dialect.base import Dialect, DtcRecord, Environment
from core.protocol.nrc import Nrc
from core.protocol.uds_client import UdsClient
from core.vocabulary import UDS


class UdsDialect(Dialect):
    name = UDS
    default_session, programming_session, extended_session = 0x01, 0x02, 0x03
    vin = 0xF190  # table C.1
    fingerprint = 0xF15A
    not_in_session = frozenset({0x7E, 0x7F})
    not_supported = frozenset({0x11, 0x12, 0x31, 0x7E, 0x7F})
    counts_blocks = True
    block_overhead = 2  # SID and blockSequenceCounter

    def client(self) -> UdsClient:
        return UdsClient()

    def session(self, kind: int) -> bytes:
        return uds.session(kind)

    def quiet_session(self, kind: int) -> bytes | None:
        return uds.session(kind, suppress=True)

    def reset(self) -> bytes:
        return uds.reset()

    def tester_present(self, *, suppress: bool = True) -> bytes:
        return uds.tester_present(suppress=suppress)

    def dtc_setting(self, on: bool, *, suppress: bool = False) -> bytes:
        return uds.dtc_setting(1 if on else 2, suppress=suppress)

    def normal_messages(self, on: bool, *, suppress: bool = False) -> bytes:
        return uds.communication_control(0 if on else 1, suppress=suppress)

    def read_data(self, did: int) -> bytes:
        return uds.read_data(did)

    def data_of(self, answer: bytes, did: int) -> bytes:
        return uds.data_of(answer, did)

    def write_data(self, did: int, data: bytes) -> bytes:
        return uds.write_data(did, data)

    def read_dtcs(self, mask: int) -> bytes:
        return uds.read_dtcs(mask)

    def dtcs_of(self, answer: bytes, mask: int) -> tuple[DtcRecord, ...]:
        return tuple(DtcRecord(code, dtc.display(code), status) for code, status in dtc.parse_records(answer))

    def environment(self, code: int) -> tuple[Environment, ...]:
        return (
            Environment("snapshot", uds.read_dtc_snapshot(code), 6),  # 59 04 DTC status: no record follows
            Environment("extended data", uds.read_dtc_extended(code), 6),
        )

    def clear_dtcs(self) -> bytes:
        return uds.clear_dtcs()

    def routine(self, number: int, record: bytes = b"") -> bytes:
        return uds.routine(number, record)

    def routine_results(self, number: int, answer: bytes) -> bytes | None:
        return None

    def routine_status(self, answer: bytes) -> bytes:
        return uds.routine_status(answer)

    def request_download(self, data_format: int, address_format: int, address: bytes, size: bytes) -> bytes:
        return bytes((uds.Sid.REQUEST_DOWNLOAD, data_format, address_format)) + address + size

    def max_block_length(self, answer: bytes) -> int:
        return uds.max_block_length(answer)

    def block(self, counter: int, data: bytes) -> bytes:
        return bytes((0x36, counter)) + data

    def acknowledges(self, answer: bytes, counter: int) -> bool:
        return len(answer) >= 2 and answer[1] == counter

    def transfer_exit(self) -> bytes:
        return uds.transfer_exit()

    def describe(self, pdu: bytes) -> str:
        return uds.describe(pdu)

    def service_name(self, sid: int) -> str:
        return uds.service_name(sid)

    def is_suppressed(self, pdu: bytes) -> bool:
        return uds.is_suppressed(pdu)

    def refusal(self, code: int) -> Nrc:
        return nrc.lookup(code)
