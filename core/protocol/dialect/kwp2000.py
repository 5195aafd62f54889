"""KWP2000 (ISO 14230-3 on CAN) as the jobs ask for it. What the bytes are stands in core/protocol/kwp2000/."""

from __future__ import annotations

from core.protocol import kwp2000
from core.protocol.dialect.base import Dialect, DtcRecord, Environment
from core.protocol.kwp2000 import dtc, nrc, services, words
from core.protocol.nrc import Nrc
from core.protocol.uds_client import UdsClient
from core.vocabulary import KWP2000


class Kwp2000Dialect(Dialect):
    name = KWP2000
    default_session = services.DEFAULT_SESSION
    programming_session = services.PROGRAMMING_SESSION
    extended_session = services.EXTENDED_SESSION
    vin = 0x1A90
    fingerprint = 0x1A9A
    not_in_session = frozenset({nrc.NOT_IN_SESSION})
    not_supported = frozenset({0x11, 0x12, 0x31, nrc.NOT_IN_SESSION})
    counts_blocks = False
    block_overhead = 1  # SID

    def client(self) -> UdsClient:
        return kwp2000.KwpClient()

    def session(self, kind: int) -> bytes:
        return services.session(kind)

    def quiet_session(self, kind: int) -> bytes | None:
        return None

    def reset(self) -> bytes:
        return services.reset()

    def tester_present(self, *, suppress: bool = True) -> bytes:
        return services.tester_present(suppress=suppress)

    def dtc_setting(self, on: bool, *, suppress: bool = False) -> bytes:
        return services.dtc_setting(on, suppress=suppress)

    def normal_messages(self, on: bool, *, suppress: bool = False) -> bytes:
        return services.normal_messages(on, suppress=suppress)

    def read_data(self, did: int) -> bytes:
        return services.read_data(did)

    def data_of(self, answer: bytes, did: int) -> bytes:
        return services.data_of(answer, did)

    def write_data(self, did: int, data: bytes) -> bytes:
        return services.write_data(did, data)

    def read_dtcs(self, mask: int) -> bytes:
        return services.read_dtcs()

    def dtcs_of(self, answer: bytes, mask: int) -> tuple[DtcRecord, ...]:
        """A unit of KWP2000 is asked for all that it has identified: `mask` is applied here."""
        found = ((code, dtc.status_from(status)) for code, status in dtc.parse_records(answer))
        return tuple(DtcRecord(code << 8, dtc.display(code), status) for code, status in found if status & mask)

    def environment(self, code: int) -> tuple[Environment, ...]:
        return (Environment("status of the code", services.read_dtc_status(code >> 8), 5),)  # 57 01 DTC status

    def clear_dtcs(self) -> bytes:
        return services.clear_dtcs()

    def routine(self, number: int, record: bytes = b"") -> bytes:
        return services.routine(number, record)

    def routine_results(self, number: int, answer: bytes) -> bytes | None:
        """A bare `71 id` says that it has begun."""
        return None if services.routine_status(answer) else services.routine_results(number)

    def routine_status(self, answer: bytes) -> bytes:
        return services.routine_status(answer)

    def request_download(self, data_format: int, address_format: int, address: bytes, size: bytes) -> bytes:
        return services.request_download(data_format, address, size)

    def max_block_length(self, answer: bytes) -> int:
        return services.max_block_length(answer)

    def block(self, counter: int, data: bytes) -> bytes:
        return services.transfer_data(data)

    def acknowledges(self, answer: bytes, counter: int) -> bool:
        return answer[:1] == b"\x76"

    def transfer_exit(self) -> bytes:
        return services.transfer_exit()

    def describe(self, pdu: bytes) -> str:
        return words.describe(pdu)

    def service_name(self, sid: int) -> str:
        return services.service_name(sid)

    def is_suppressed(self, pdu: bytes) -> bool:
        return services.is_suppressed(pdu)

    def refusal(self, code: int) -> Nrc:
        return nrc.lookup(code)
