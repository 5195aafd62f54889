"""The KWP2000 client: what differs from the UDS client's machine. Waiting, 0x78, 0x21, silence are the same there.

Differences: answers repeat other bytes of their request, 0x23 (routine not complete) is asked again until the total
limit, a session answer names no times, a late answer cannot be told from the next one's (no block counter).
"""

from __future__ import annotations

from typing import Final

from core.protocol.kwp2000.nrc import ROUTINE_NOT_COMPLETE
from core.protocol.kwp2000.services import Sid
from core.protocol.uds_client import REPEAT_AFTER, UdsClient

# bytes after the SID that a positive answer repeats from the request (ISO 14230-3, the response tables)
_ECHO: Final[dict[int, int]] = {
    Sid.START_DIAGNOSTIC_SESSION: 1,
    Sid.CLEAR_DIAGNOSTIC_INFORMATION: 2,
    Sid.READ_ECU_IDENTIFICATION: 1,
    Sid.READ_DATA_BY_LOCAL_IDENTIFIER: 1,
    Sid.READ_DATA_BY_COMMON_IDENTIFIER: 2,
    Sid.SECURITY_ACCESS: 1,
    Sid.WRITE_DATA_BY_COMMON_IDENTIFIER: 2,
    Sid.INPUT_OUTPUT_CONTROL_BY_COMMON_IDENTIFIER: 2,
    Sid.INPUT_OUTPUT_CONTROL_BY_LOCAL_IDENTIFIER: 1,
    Sid.START_ROUTINE_BY_LOCAL_IDENTIFIER: 1,
    Sid.STOP_ROUTINE_BY_LOCAL_IDENTIFIER: 1,
    Sid.REQUEST_ROUTINE_RESULTS_BY_LOCAL_IDENTIFIER: 1,
    Sid.WRITE_DATA_BY_LOCAL_IDENTIFIER: 1,
}


class KwpClient(UdsClient):
    """The conversation with one KWP2000 unit (P2max, P2*max and the repeats as in ISO 14230-2 and -3)."""

    early_answers = True

    @staticmethod
    def echo(pdu: bytes) -> bytes:
        """How a positive answer to `pdu` must begin."""
        return bytes(((pdu[0] + 0x40) & 0xFF,)) + pdu[1 : 1 + _ECHO.get(pdu[0], 0)]

    @staticmethod
    def times_of(answer: bytes) -> tuple[float, float] | None:
        """`50 xx` may be followed by the maker's own bytes, never by P2."""
        return None

    def _refused(self, pdu: bytes, now: float) -> None:
        end = self._total_end
        if pdu[2] == ROUTINE_NOT_COMPLETE and end is not None and now + REPEAT_AFTER < end:
            self._repeat_later(pdu, now)
        else:
            super()._refused(pdu, now)
