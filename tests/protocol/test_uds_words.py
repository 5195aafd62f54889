"""UDS vocabulary: builders, readers and words, checked against udsoncan where it says the same things."""

from __future__ import annotations

import hashlib
import hmac
from itertools import pairwise

import pytest
from udsoncan import DataIdentifier, Dtc, MemoryLocation, Response, latest_standard, services
from udsoncan.BaseService import BaseService
from udsoncan.ResponseCode import ResponseCode
from udsoncan.services import (
    CommunicationControl,
    ControlDTCSetting,
    DiagnosticSessionControl,
    ECUReset,
    ReadDTCInformation,
    RequestDownload,
    RequestTransferExit,
    RoutineControl,
    SecurityAccess,
    TesterPresent,
    TransferData,
)

from core.errors import DataMissing, LocalProtocolError, RemoteProtocolError
from core.protocol import dtc, nrc, uds
from core.protocol.authentication import seed_key
from core.protocol.keep_alive import LONGEST_INTERVAL, SHORTEST_INTERVAL, KeepAliveMachine
from core.protocol.uds_client import echo_of


def words(text: str) -> str:
    return text.lower().translate(str.maketrans("", "", "_-/()"))


# --- agreement with udsoncan


def test_service_names_are_udsoncans() -> None:
    ours = uds.SERVICE_NAMES
    theirs = {
        cls.request_id(): name
        for name in dir(services)
        if isinstance(cls := getattr(services, name), type) and issubclass(cls, BaseService) and cls._sid
    }
    assert {sid: words(name) for sid, name in ours.items()} == {sid: words(name) for sid, name in theirs.items()}


def test_nrc_names_are_udsoncans() -> None:
    iso_15764 = set(range(0x38, 0x41))  # udsoncan lists these security codes of another standard under one number
    theirs = {
        value: words(name)
        for name, value in vars(ResponseCode).items()
        if isinstance(value, int) and value and value not in iso_15764
    }
    spelled_otherwise = {0x36: "exceedednumberofattempts", 0x8F: "brakeswitchesnotclosed"}  # Annex A's spelling
    ours = {code: words(nrc.lookup(code).name) for code in nrc.known_codes() if code not in iso_15764}
    assert set(ours) == set(theirs)
    for code, name in ours.items():
        assert name == spelled_otherwise.get(code, theirs[code]), f"{code:02X}"


def test_unknown_nrcs_get_their_range() -> None:
    assert nrc.lookup(0xF3).name == "vehicleManufacturerSpecificConditionsNotCorrect"
    assert nrc.lookup(0xA0).name == "reservedForSpecificConditionsNotCorrect"
    assert nrc.lookup(0x45).name == "reservedByExtendedDataLinkSecurity"
    assert nrc.lookup(0x02).name == "ISOSAEReserved"


def test_requests_are_udsoncans() -> None:
    location = MemoryLocation(address=0x80040000, memorysize=0x1234, address_format=32, memorysize_format=32)
    pairs = [
        (uds.session(3), DiagnosticSessionControl.make_request(3)),
        (uds.reset(1), ECUReset.make_request(1)),
        (uds.request_seed(0x11), SecurityAccess.make_request(0x11, SecurityAccess.Mode.RequestSeed)),
        (uds.send_key(0x11, b"KEY!"), SecurityAccess.make_request(0x11, SecurityAccess.Mode.SendKey, b"KEY!")),
        (uds.communication_control(3, 1), CommunicationControl.make_request(3, 1)),
        (uds.dtc_setting(2), ControlDTCSetting.make_request(2)),
        (uds.routine(0xFF00, b"\x01"), RoutineControl.make_request(0xFF00, 1, b"\x01")),
        (uds.routine(0xFF00, kind=3), RoutineControl.make_request(0xFF00, 3)),
        (uds.transfer_data(0xFF, b"DATA"), TransferData.make_request(0xFF, b"DATA")),
        (uds.transfer_exit(), RequestTransferExit.make_request()),
        (uds.tester_present(suppress=False), TesterPresent.make_request()),
        (uds.request_download(0x80040000, 0x1234), RequestDownload.make_request(location)),
        (uds.read_dtcs(0x2F), ReadDTCInformation.make_request(2, status_mask=0x2F)),
        (
            uds.read_dtc_snapshot(0x030100),
            ReadDTCInformation.make_request(4, dtc=0x030100, snapshot_record_number=0xFF),
        ),
        (
            uds.read_dtc_extended(0x030100),
            ReadDTCInformation.make_request(6, dtc=0x030100, extended_data_record_number=0xFF),
        ),
        (uds.clear_dtcs(), services.ClearDiagnosticInformation.make_request(0xFFFFFF)),
        (uds.read_data(0xF190, 0xF187), services.ReadDataByIdentifier.make_request([0xF190, 0xF187], None)),
    ]
    for ours, theirs in pairs:
        assert ours.hex() == theirs.get_payload().hex()


def test_suppressed_requests_are_udsoncans() -> None:
    for ours, theirs in (
        (uds.session(3, suppress=True), DiagnosticSessionControl.make_request(3)),
        (uds.tester_present(), TesterPresent.make_request()),
        (uds.dtc_setting(2, suppress=True), ControlDTCSetting.make_request(2)),
        (uds.communication_control(1, suppress=True), CommunicationControl.make_request(1, 1)),
        (uds.reset(1, suppress=True), ECUReset.make_request(1)),
    ):
        assert ours == theirs.get_payload(suppress_positive_response=True)
        assert uds.is_suppressed(ours)
    assert not uds.is_suppressed(uds.read_data(0xF190))
    assert not uds.is_suppressed(b"\x36\x80")  # a block counter is no sub-function


def test_session_times_are_read_as_udsoncan_does() -> None:
    for pdu in ("50 03 00 32 01 F4", "50 02 07 D0 0B B8", "50 01 FF FF FF FF"):
        raw = bytes.fromhex(pdu)
        data = DiagnosticSessionControl.interpret_response(Response.from_payload(raw), latest_standard).service_data
        assert uds.session_timing(raw) == (pytest.approx(data.p2_server_max), pytest.approx(data.p2_star_server_max))
    assert uds.session_timing(b"\x50\x03") is None


@pytest.mark.parametrize("pdu", ["74 20 0F FF", "74 40 00 01 00 02", "74 10 82", "74 20 00 00", "74 20 0F", "74"])
def test_block_lengths_are_read_as_udsoncan_does(pdu: str) -> None:
    raw = bytes.fromhex(pdu)
    try:
        theirs = RequestDownload.interpret_response(Response.from_payload(raw)).service_data.max_length
    except Exception:  # noqa: BLE001 - any of udsoncan's complaints
        theirs = None
    if theirs is None or theirs < 3:
        with pytest.raises(RemoteProtocolError):
            uds.max_block_length(raw)
    else:
        assert uds.max_block_length(raw) == theirs


def test_trouble_code_lists_are_read_as_udsoncan_does() -> None:
    raw = bytes.fromhex("59 02 FF 03 01 00 2F C1 00 87 08 51 23 45 94")
    data = ReadDTCInformation.interpret_response(Response.from_payload(raw), 2).service_data
    assert dtc.parse_records(raw) == tuple((d.id, d.status.get_byte_as_int()) for d in data.dtcs)
    count = bytes.fromhex("59 01 FF 01 00 07")
    assert (
        dtc.parse_count(count)
        == ReadDTCInformation.interpret_response(Response.from_payload(count), 1).service_data.dtc_count
    )
    for broken in ("59 02", "59 02 FF 01", "62 02 FF"):
        with pytest.raises(RemoteProtocolError):
            dtc.parse_records(bytes.fromhex(broken))
    with pytest.raises(RemoteProtocolError):
        dtc.parse_count(b"\x59\x01\xff")


def test_status_bits_are_udsoncans() -> None:
    for status in range(256):
        theirs = Dtc.Status.from_byte(status)
        flags = (
            theirs.test_failed, theirs.test_failed_this_operation_cycle, theirs.pending, theirs.confirmed,
            theirs.test_not_completed_since_last_clear, theirs.test_failed_since_last_clear,
            theirs.test_not_completed_this_operation_cycle, theirs.warning_indicator_requested,
        )  # fmt: skip
        names = tuple(name for name, flag in zip(dtc.STATUS_BITS, flags, strict=True) if flag)
        assert dtc.status_bits(status) == names


def test_answers_that_udsoncan_accepts_are_ours_too() -> None:
    cases = [
        (RoutineControl.make_request(0xFF01, 1), "71 01 FF 01 04", RoutineControl),
        (TransferData.make_request(7, b"D"), "76 07", TransferData),
        (SecurityAccess.make_request(1, SecurityAccess.Mode.RequestSeed), "67 01 11 22 33 44", SecurityAccess),
        (TesterPresent.make_request(), "7E 00", TesterPresent),
        (ECUReset.make_request(1), "51 01", ECUReset),
    ]
    for request, answer, service in cases:
        raw = bytes.fromhex(answer)
        response = Response.from_payload(raw)
        assert response.positive and response.service is service
        assert raw.startswith(echo_of(request.get_payload()))
    routine = Response.from_payload(bytes.fromhex("71 01 FF 01 04"))
    assert RoutineControl.interpret_response(routine).service_data.routine_status_record == uds.routine_status(
        bytes.fromhex("71 01 FF 01 04")
    )
    refusal = Response.from_payload(b"\x7f\x36\x73")
    assert not refusal.positive and refusal.service is TransferData and uds.is_negative(b"\x7f\x36\x73")
    assert DataIdentifier.VIN == 0xF190 and uds.data_of(b"\x62\xf1\x90X", DataIdentifier.VIN) == b"X"


# --- words


@pytest.mark.parametrize(
    ("pdu", "line"),
    [
        ("22 F1 90", "ReadDataByIdentifier F190"),
        ("62 F1 90 1B 5B", "ok: ReadDataByIdentifier F190 1B 5B"),
        ("7F 36 73", "! negative: TransferData 0x73 wrongBlockSequenceCounter"),
        ("7F 36 78", "! pending: TransferData 0x78 needs more time"),
        ("7F 36", "! broken negative response 7F 36"),
        ("10 83", "DiagnosticSessionControl extended, no answer wanted"),
        ("3E 80", "TesterPresent, no answer wanted"),
        ("7E 00", "ok: TesterPresent"),
        ("11 01", "ECUReset hard reset"),
        ("31 01 FF 00 44", "RoutineControl start FF00 (erase memory) 44"),
        ("71 01 FF 01 04", "ok: RoutineControl start FF01 (check programming dependencies) status 04"),
        ("34 00 22 12 34 10 00", "RequestDownload to 1234, 4096 bytes, format 00"),
        ("74 20 0F FF", "ok: RequestDownload blocks of 4095 bytes"),
        ("76 0C", "ok: TransferData block 12"),
        ("27 12 01 02", "SecurityAccess level 11 key 01 02"),
        ("28 03 01", "CommunicationControl neither receive nor send"),
        ("85 02", "ControlDTCSetting off"),
        ("14 FF FF FF", "ClearDiagnosticInformation all"),
        ("19 02 FF", "ReadDTCInformation list by status FF"),
        ("BA 01", "unknown service BA 01"),
        ("", "empty message"),
    ],
)
def test_one_line_in_words(pdu: str, line: str) -> None:
    assert uds.describe(bytes.fromhex(pdu)) == line


def test_long_messages_stay_one_line() -> None:
    assert uds.describe(b"\x36\x0c" + bytes(4093)) == "TransferData block 12, 4093 bytes"
    assert uds.describe(b"\x2e\xf1\x5a" + bytes(100)).endswith("... (100 bytes)")
    assert uds.describe(b"\x22" + b"\xf1\x90" * 50).endswith("... (50 identifiers)")


def test_a_refusal_is_explained_with_advice() -> None:
    message, advice = nrc.explain(0x31, 0x93)
    assert message == "RoutineControl was refused: supply voltage too low (0x93 voltageTooLow)."
    assert "charger" in advice


@pytest.mark.parametrize(
    ("code", "shown"),
    [(0x030100, "P0301-00"), (0x412317, "C0123-17"), (0x9A5E01, "B1A5E-01"), (0xC10087, "U0100-87"),
     (0, "P0000-00"), (0xFFFFFF, "U3FFF-FF")],
)  # fmt: skip
def test_codes_are_displayed_as_j2012(code: int, shown: str) -> None:
    assert dtc.display(code) == shown


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x00, ()), (0x01, ("active",)), (0x04, ("pending",)), (0x14, ()), (0x08, ("stored",)), (0x09, ("active",)),
        (0x8D, ("active", "pending", "MIL")), (0x2F, ("active", "pending")), (0x88, ("stored", "MIL")), (0x50, ()),
    ],
)  # fmt: skip
def test_status_in_words(status: int, expected: tuple[str, ...]) -> None:
    assert dtc.status_words(status) == expected


def test_fields_that_do_not_fit_are_our_bug() -> None:
    with pytest.raises(LocalProtocolError):
        uds.request_download(0x1_0000_0000, 1)


# --- keys and keep-alive


def test_the_garage_key_is_an_hmac_cut_to_the_seed() -> None:
    seed = bytes.fromhex("1122334455667788")
    secret = b"passbay garage: published, for simulated vehicles only"
    expected = hmac.new(secret, b"\x11" + seed, hashlib.sha256).digest()[:8]
    assert seed_key.key_for("passbay-garage", seed, 0x11) == expected
    assert seed_key.key_for("passbay-garage", seed, 0x01) != expected
    assert len(seed_key.key_for("passbay-garage", b"\x01", 1)) == 4


def test_methods_are_registered_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed_key, "_METHODS", dict(seed_key._METHODS))
    seed_key.register("inverse", lambda seed, level: bytes(~b & 0xFF for b in seed))
    assert seed_key.key_for("inverse", b"\x0f", 1) == b"\xf0"
    assert "inverse" in seed_key.names()
    with pytest.raises(DataMissing, match="no-such"):
        seed_key.key_for("no-such", b"\x00", 1)


def test_tester_present_is_due_every_interval_without_drift_or_bursts() -> None:
    machine = KeepAliveMachine()
    assert not machine.due(0.0) and machine.next_deadline() is None
    machine.start(2.0, 10.0)
    sent = []
    for tick in range(10_000, 40_000, 7):  # a thread that wakes a little late each time
        if machine.due(tick / 1000):
            sent.append(tick / 1000)
    gaps = [b - a for a, b in pairwise(sent)]
    assert sent[0] < 10.01 and max(gaps) < 2.01 and abs(sent[-1] - 38.0) < 0.01
    assert machine.due(100.0) and not machine.due(100.0)  # one after a stall, not thirty
    assert machine.next_deadline() == 102.0
    machine.stop()
    assert not machine.due(200.0) and not machine.running


@pytest.mark.parametrize(("wished", "used"), [(60.0, LONGEST_INTERVAL), (0.0, SHORTEST_INTERVAL), (1.5, 1.5)])
def test_the_interval_stays_within_bounds(wished: float, used: float) -> None:
    machine = KeepAliveMachine()
    machine.start(wished, 0.0)
    assert machine.due(0.0)
    assert machine.next_deadline() == used
