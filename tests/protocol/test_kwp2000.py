"""KWP2000 (ISO 14230-3): client machine, requests, answers, words, refusals, trouble codes; and the dialects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DataInvalid, RemoteProtocolError
from core.protocol import dtc as uds_dtc
from core.protocol import uds
from core.protocol.dialect import Kwp2000Dialect, UdsDialect, dialect_of, knows
from core.protocol.kwp2000 import KwpClient, dtc, nrc, services, words
from core.protocol.uds_client import BUSY_LIMIT, REPEAT_AFTER, Notice, State
from core.vocabulary import KWP2000, CanAddress, DoipAddress

KWP = Kwp2000Dialect()


def asked(text: str, **options: object) -> KwpClient:
    client = KwpClient(p2=1.0, p2_star=6.0)
    client.send(bytes.fromhex(text), 0.0, **options)  # type: ignore[arg-type]
    assert client.pdu_to_send(0.0) == bytes.fromhex(text)
    client.sent(0.0)
    return client


@pytest.mark.parametrize(
    ("request_", "own", "foreign"),
    [
        ("1092", "5092", "5081"),
        ("1A90", "5A90585042", "5A91585042"),
        ("2105", "610587", "6106"),
        ("22F190", "62F19001", "62F191"),
        ("14FF00", "54FF00", "548000"),
        ("2701", "670111223344", "670234"),
        ("31E1", "71E1", "71E2"),
        ("33E1", "73E100", "71E1"),
        ("34004000000018004101", "740101", "7601"),
        ("3BE00102", "7BE0", "7BE1"),
        ("3601020304", "76", "77"),
        ("37", "77", "76"),
        ("3E01", "7E", "6E"),
        ("1800FF00", "5800", "5A90"),
        ("1101", "51", "92"),
    ],
)
def test_an_answer_must_repeat_what_it_repeats(request_: str, own: str, foreign: str) -> None:
    client = asked(request_)
    client.receive(bytes.fromhex(foreign), 0.1)
    assert not client.finished and [note.notice for note in client.notices] == [Notice.SKIPPED]
    client.receive(bytes.fromhex(own), 0.2)
    assert client.finished and client.next_pdu() == bytes.fromhex(own)


def test_pending_and_busy_are_those_of_uds() -> None:
    client = asked("31E2")
    client.receive(bytes.fromhex("7F3178"), 0.1)
    assert client.state is State.AWAIT_FINAL and client.next_deadline() == pytest.approx(6.1)
    client.receive(bytes.fromhex("7F3121"), 0.2)
    assert client.state is State.BUSY
    assert client.pdu_to_send(0.2 + REPEAT_AFTER) == bytes.fromhex("31E2")


def test_a_routine_is_asked_for_its_result_until_the_total_limit() -> None:
    """0x21 ends after 25 s; 0x23 is the answer to a question that has to be asked again."""
    client = asked("33E1", total=60.0)
    now = 0.0
    while now < BUSY_LIMIT + 5:
        client.receive(bytes.fromhex("7F3323"), now)
        assert client.state is State.BUSY
        now += REPEAT_AFTER
        assert client.pdu_to_send(now) is not None
        client.sent(now)
    client.receive(bytes.fromhex("73E100"), now)
    assert client.next_pdu() == bytes.fromhex("73E100")

    client = asked("33E1", total=1.0)
    client.receive(bytes.fromhex("7F3323"), 0.9)
    assert client.finished and client.next_pdu() == bytes.fromhex("7F3323")


def test_a_session_answer_names_no_times() -> None:
    client = asked("1085")
    client.receive(bytes.fromhex("508500FA0BB8"), 0.1)
    assert client.next_pdu() is not None and (client.p2, client.p2_star) == (1.0, 6.0)


def test_a_wished_silence() -> None:
    client = asked("3E02", suppressed=True)
    client.handle_timeout(1.0)
    assert client.finished and client.next_pdu() == b""
    assert services.is_suppressed(b"\x3e\x02") and not services.is_suppressed(b"\x3e\x01")
    assert services.is_suppressed(KWP.dtc_setting(False, suppress=True))
    assert not services.is_suppressed(b"\x10\x02"), "10 knows no responseRequired"


def test_requests() -> None:
    assert KWP.read_data(0x1A90) == bytes.fromhex("1A90")
    assert KWP.read_data(0x2105) == bytes.fromhex("2105")
    assert KWP.read_data(0xF190) == bytes.fromhex("22F190")
    assert KWP.write_data(0x1A9A, b"\x01") == bytes.fromhex("3B9A01")
    assert KWP.write_data(0x21E0, b"\x01") == bytes.fromhex("3BE001")
    assert KWP.write_data(0xF15A, b"\x01") == bytes.fromhex("2EF15A01")
    assert KWP.data_of(bytes.fromhex("5A905850"), 0x1A90) == b"XP"
    assert KWP.session(0x92) == bytes.fromhex("1092") and KWP.quiet_session(0x92) is None
    assert KWP.dtc_setting(False) == bytes.fromhex("8501FF0002")
    assert KWP.dtc_setting(True, suppress=True) == bytes.fromhex("8502FF0001")
    assert KWP.normal_messages(False, suppress=True) == b"\x28\x02" and KWP.normal_messages(True) == b"\x29\x01"
    assert KWP.request_download(0, 0x33, b"\x00\x40\x00", b"\x00\x18\x00") == bytes.fromhex("3400400000001800")
    assert KWP.block(7, b"ab") == b"\x36ab" and KWP.acknowledges(b"\x76", 7) and not KWP.acknowledges(b"\x77", 7)
    assert KWP.routine_results(0xE1, b"\x71\xe1") == b"\x33\xe1" and KWP.routine_results(0xE2, b"\x71\xe2\x00") is None
    with pytest.raises(DataInvalid, match="one byte"):
        KWP.routine(0xFF00)
    with pytest.raises(RemoteProtocolError):
        KWP.data_of(b"\x5a\x91X", 0x1A90)


@pytest.mark.parametrize(("answer", "length"), [("7441", 0x41), ("740101", 0x101), ("74FFFFFFFF", 0xFFFFFFFF)])
def test_the_block_length(answer: str, length: int) -> None:
    assert services.max_block_length(bytes.fromhex(answer)) == length


@pytest.mark.parametrize("answer", ["74", "7400", "7401"])
def test_a_block_length_without_room_is_refused(answer: str) -> None:
    with pytest.raises(RemoteProtocolError):
        services.max_block_length(bytes.fromhex(answer))


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0x00, ()),
        (0x10, ()),
        (0x20, ("stored",)),
        (0x40, ("pending",)),
        (0x60, ("active",)),
        (0xE3, ("active", "MIL")),
        (0xA0, ("stored", "MIL")),
    ],
)
def test_the_status_of_a_code(status: int, meaning: tuple[str, ...]) -> None:
    assert uds_dtc.status_words(dtc.status_from(status)) == meaning


@given(st.integers(0, 255))
def test_a_unit_says_the_same_status_in_both_protocols(status: int) -> None:
    """What a technician acts on: active, else stored, else pending; and the lamp."""
    said = dtc.status_from(dtc.status_to(status))
    for word in (uds_dtc.ACTIVE, uds_dtc.WARNING_INDICATOR):
        assert bool(said & word) == bool(status & word)
    if not status & uds_dtc.ACTIVE:
        assert bool(said & uds_dtc.CONFIRMED) == bool(status & uds_dtc.CONFIRMED)


def test_trouble_codes() -> None:
    answer = bytes.fromhex("58020301E0C06320")
    assert KWP.dtcs_of(answer, 0xFF) == ((0x030100, "P0301", 0x89), (0xC06300, "U0063", 0x08))
    assert KWP.dtcs_of(answer, uds_dtc.ACTIVE) == ((0x030100, "P0301", 0x89),)
    assert KWP.environment(0x030100)[0].pdu == bytes.fromhex("170301")
    for wrong in ("5801", "58010301", "58020301E0", "590203", ""):
        with pytest.raises(RemoteProtocolError):
            dtc.parse_records(bytes.fromhex(wrong))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1092", "StartDiagnosticSession extended"),
        ("5085", "ok: StartDiagnosticSession programming"),
        ("1A90", "ReadEcuIdentification 90 (VIN)"),
        ("2105", "ReadDataByLocalIdentifier 05"),
        ("3E02", "TesterPresent, no answer wanted"),
        ("7E", "ok: TesterPresent"),
        ("8502FF0002", "ControlDTCSetting off, no answer wanted"),
        ("3601020304", "TransferData 4 bytes"),
        ("740101", "ok: RequestDownload blocks of 257 bytes"),
        ("31E10101", "StartRoutineByLocalIdentifier E1 01 01"),
        ("73E100", "ok: RequestRoutineResultsByLocalIdentifier E1 status 00"),
        ("1101", "ECUReset 01"),
        ("670234", "ok: SecurityAccess level 01 key 34"),
        ("14FF00", "ClearDiagnosticInformation all"),
        ("7F3440", "! negative: RequestDownload 0x40 downloadNotAccepted"),
        ("7F3178", "! pending: StartRoutineByLocalIdentifier 0x78 needs more time"),
        ("7F33", "! broken negative response 7F 33"),
        ("19", "unknown service 19"),
        ("", "empty message"),
    ],
)
def test_words(text: str, said: str) -> None:
    assert words.describe(bytes.fromhex(text)) == said


@given(st.binary(max_size=40))
def test_any_bytes_have_words_and_end_in_printable_text(pdu: bytes) -> None:
    assert words.describe(pdu).isprintable()
    client = asked("1A90")
    client.receive(pdu, 0.1)
    if client.finished:
        assert pdu[:2] == b"\x5a\x90" or (pdu[:2] == b"\x7f\x1a" and len(pdu) > 2)


def test_every_refusal_is_named_and_advised() -> None:
    for code in range(256):
        entry = nrc.lookup(code)
        assert entry.code == code and entry.words and entry.advice.endswith(".")
    assert nrc.label(0x23) == "0x23 routineNotCompleteOrServiceInProgress"
    assert nrc.lookup(0x7F).name == "reservedByDocument" and nrc.lookup(0xF1).name == "vehicleManufacturerSpecific"
    assert nrc.explain(0x34, 0x40)[0].startswith("RequestDownload was refused: the unit accepts no download now (0x40")
    assert len(nrc.known_codes()) == 32


def test_the_dialect_is_that_of_the_address() -> None:
    assert isinstance(dialect_of(CanAddress(1, 2, protocol=KWP2000)), Kwp2000Dialect)
    assert isinstance(dialect_of(CanAddress(1, 2)), UdsDialect) and isinstance(dialect_of(DoipAddress(1)), UdsDialect)
    assert isinstance(dialect_of("kwp2000"), Kwp2000Dialect) and isinstance(dialect_of("?"), UdsDialect)
    assert knows("kwp2000") and knows("UDS") and not knows("KW1281")


def test_the_uds_dialect_is_uds() -> None:
    spoken = UdsDialect()
    assert spoken.read_data(0xF190) == uds.read_data(0xF190)
    assert spoken.block(7, b"ab") == b"\x36\x07ab" and spoken.acknowledges(b"\x76\x07", 7)
    assert not spoken.acknowledges(b"\x76\x08", 7)
    assert spoken.request_download(0x11, 0x24, b"\0\0\0\1", b"\0\2") == bytes.fromhex("341124000000010002")
    assert spoken.quiet_session(3) == b"\x10\x83" and spoken.normal_messages(False) == b"\x28\x01\x01"
    assert spoken.routine_results(0xFF00, b"\x71\x01\xff\x00") is None
