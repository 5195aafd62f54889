"""Explanations: every code in every step says what it means there, how the unit is left, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from core.diagnosis.commands import Job, Request, Step
from core.diagnosis.explain import STEPS, explain, explain_ending, explained, step_of
from core.diagnosis.explain.offline import service_number
from core.diagnosis.explain.reasons import DENIED_CODES, TIMERS, Reason, of_denial, of_nrc, of_timer
from core.diagnosis.explain.steps import BY_NAME, StepWords
from core.diagnosis.explain.table import TABLE
from core.diagnosis.explain.words import compose
from core.diagnosis.runner import run
from core.diagnosis.tester import Tester
from core.errors import (
    DataMissing,
    JobCancelled,
    NegativeResponse,
    NoResponse,
    PreconditionNotMet,
    ProductError,
    RemoteProtocolError,
    RoutingDenied,
    StorageFailed,
    UsageError,
    VciLost,
    VerificationFailed,
)
from core.events import JobFailed
from core.messages import message_for, message_for_failure
from core.protocol import nrc
from core.vocabulary import Explanation
from tests.diagnosis.scripted_vci import ENGINE, JumpClock, Record, ScriptedVci

IMPERATIVES = (
    "Check", "Connect", "Wait", "Switch", "Repeat", "Load", "Ask", "Read", "Stop", "Leave", "Renew", "Save", "Keep",
    "Bring", "Start", "Let", "Release", "Press", "Put", "Engage", "Open", "Turn", "Disconnect", "Set", "Take",
    "Confirm", "Choose", "Report", "Send", "Free", "Flash", "This vehicle wants",
)  # fmt: skip
CODES = tuple(range(0x100))


def texts(found: Explanation) -> tuple[str, str, str]:
    return found.meaning, found.state_now, found.what_to_do


def well_formed(found: Explanation) -> None:
    for text in texts(found):
        assert text.strip() == text
        assert text.endswith("."), text
        assert text[0].isupper() or text[0].isdigit(), text
        assert not re.search(r"\{|\}|\s\s|\.\.|None|, \.|\(\)", text), text
        sentences = [part.rstrip(".") for part in text.split(". ")]
        assert len(set(sentences)) == len(sentences), f"says it twice: {text}"
        assert all(sentence[0].isupper() for sentence in sentences if sentence), text
    assert found.what_to_do.startswith(IMPERATIVES), found.what_to_do


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_code_in_every_step_is_explained(step: StepWords) -> None:
    seen: dict[tuple[str, str, str], int] = {}
    for code in CODES:
        found = compose(of_nrc(code), step, "ENGINE")
        well_formed(found)
        assert "ENGINE" in found.meaning
        assert nrc.label(code) in found.meaning
        assert seen.setdefault(texts(found), code) == code, "two codes are told the same"
    assert len(seen) == len(CODES)


@pytest.mark.parametrize("code", nrc.known_codes(), ids=lambda code: f"{code:02X}")
def test_a_code_means_something_else_in_every_step(code: int) -> None:
    meanings = [compose(of_nrc(code), step, "ENGINE").meaning for step in STEPS]
    assert len(set(meanings)) == len(STEPS)


def silences() -> Iterator[Reason]:
    """Timers, and what gateways say."""
    yield from (of_timer(timer) for timer in TIMERS)
    for denied, codes in DENIED_CODES.items():
        yield from (of_denial(denied, code) for code in (*codes, 0xEE))


@pytest.mark.parametrize("reason", list(silences()), ids=lambda reason: reason.label)
def test_every_timer_and_gateway_code_in_every_step_is_explained(reason: Reason) -> None:
    for step in STEPS:
        found = compose(reason, step, "ENGINE")
        well_formed(found)
        assert reason.label in found.meaning


def test_the_codes_of_timers_and_gateways_are_told_apart() -> None:
    for step in STEPS:
        told = [compose(reason, step, "ENGINE").meaning for reason in silences()]
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("step", [s.name for s in STEPS])
@pytest.mark.parametrize(
    "error",
    [VciLost("The cable was pulled."), JobCancelled("Stopped."), VerificationFailed("Wrong."), StorageFailed("Full."),
     RemoteProtocolError("Rules."), PreconditionNotMet("Not ready."), ProductError("Something."),
     RoutingDenied("No.", denial_code=3), NoResponse("Silence.", timer="DoIP nack 06")],
    ids=lambda error: error.name,
)  # fmt: skip
def test_every_error_in_every_step_is_explained(error: ProductError, step: str) -> None:
    well_formed(explain(error, step, "ENGINE", "coding" if step.startswith("coding") else "flash"))


def test_no_row_of_the_table_is_for_an_unknown_step() -> None:
    for kind, row in TABLE.items():
        assert "*" in row, kind
        assert set(row) - {"*"} <= set(BY_NAME), kind


# -- the state


@pytest.mark.parametrize("step", ["prepare", "session", "security", "authentication", "fingerprint"])
@pytest.mark.parametrize("problem", [0x22, 0x31, 0x35, VciLost("gone"), NoResponse("silence", timer="P2")])
def test_before_the_erase_the_unit_has_its_software(step: str, problem: int | ProductError) -> None:
    state = explain(problem, step, "ENGINE", "flash").state_now
    assert "Nothing was" in state
    without = explain(problem, step, "ENGINE", "flash", without_software=True).state_now
    assert "still has none" in without
    assert "old software" not in without


@pytest.mark.parametrize("step", ["erase-1", "transfer-3", "ENGINE/transfer-2"])
@pytest.mark.parametrize("problem", [0x72, VciLost("gone"), NoResponse("silence", timer="N_Bs"), JobCancelled("stop")])
def test_after_the_erase_it_has_none_and_is_flashed_from_the_beginning(step: str, problem: int | ProductError) -> None:
    found = explain(problem, step, "ENGINE", "flash")
    assert "no valid software" in found.state_now
    assert "again from the beginning" in found.what_to_do


def test_a_refused_erase_is_not_called_done() -> None:
    assert "not proven" in explain(0x31, "erase-1", "ENGINE", "flash").state_now
    assert "no valid software" in explain(0x72, "erase-1", "ENGINE", "flash").state_now


@pytest.mark.parametrize("step", ["reset", "verify"])
def test_written_but_not_read_back_is_never_called_done(step: str) -> None:
    found = explain(NoResponse("silence", timer="reconnect"), step, "ENGINE", "flash")
    assert re.search("not known|not read back|not started", found.state_now)
    assert "quick test" in found.what_to_do


def test_coding_after_silence_names_the_kept_coding() -> None:
    found = explain(NoResponse("silence", timer="P2"), "write", "BODY", "coding")
    assert "not known" in found.state_now
    assert "kept" in found.state_now
    assert explain(0x33, "access", "BODY", "coding").state_now == "The coding of BODY is as it was."


def test_clearing_tells_whether_codes_are_still_there() -> None:
    assert "still stored" in explain(0x22, "clear", "BODY", "faults").state_now
    assert "not known" in explain(VciLost("gone"), "clear", "BODY", "faults").state_now


@pytest.mark.parametrize(
    ("step", "kind", "sid", "name"),
    [("erase-2", "flash", None, "erase"), ("session", "flash", 0x27, "security"), ("session", "flash", 0x29,
     "authentication"), ("transfer-1", "flash", 0x34, "transfer"), ("read", "coding", None, "coding-read"),
     ("read", "coding-read", None, "coding-read"), ("access", "coding", 0x27, "coding-access"),
     ("uds", "uds", 0x31, "request"),
     ("BODY/checksum-1", "flash", None, "checksum"), ("never heard of", "flash", None, "check"),
     ("", "coding", None, "coding-read"), ("", "", None, "survey"), ("identify", "flash", 0x22, "identify"),
     ("faults", "faults", 0x19, "faults"), ("clear", "faults", 0x14, "clear"), ("check", "preview", 0x22, "check")],
)  # fmt: skip
def test_a_job_s_step_is_put_to_the_words_of_its_kind(step: str, kind: str, sid: int | None, name: str) -> None:
    assert step_of(step, kind, sid).name == name


# -- in a job


def drive(job: Job[None], vci: ScriptedVci, kind: str) -> tuple[ProductError, JobFailed]:
    record, tester = Record(), Tester(vci, vci.clock, pause=vci.clock.pass_by)
    with pytest.raises(ProductError) as ending:
        run(job, tester=tester, publish=record, kind=kind, unit="ENGINE")
    tester.close()
    return ending.value, record.of(JobFailed)[0]


def one_request(step: str, pdu: bytes) -> Job[None]:
    yield Step(step, "A step")
    yield Request("ENGINE", ENGINE, pdu)


def test_a_refusal_in_a_job_is_explained_in_its_error_event_and_message() -> None:
    vci = ScriptedVci(JumpClock())
    vci.scripts[ENGINE] = lambda pdu: bytes((0x7F, pdu[0], 0x22))
    error, event = drive(one_request("clear", b"\x14\xff\xff\xff"), vci, "faults")
    assert isinstance(error, NegativeResponse)
    assert "ENGINE refused clearing the trouble codes" in error.explanation
    assert error.state_now == "The trouble codes of ENGINE are still stored."
    assert error.advice.startswith("Switch the ignition on")
    assert (event.explanation, event.state_now, event.advice) == (error.explanation, error.state_now, error.advice)
    for message in (message_for(error), message_for_failure(event)):
        assert (message.explanation, message.state_now) == (error.explanation, error.state_now)
    assert "0x22" in error.message


def test_silence_in_a_job_is_explained() -> None:
    vci = ScriptedVci(JumpClock())
    vci.scripts[ENGINE] = lambda pdu: None
    error, _ = drive(one_request("faults", b"\x19\x02\xff"), vci, "faults")
    assert isinstance(error, NoResponse)
    assert "timer P2" in error.explanation
    assert "Check ignition" in error.advice


def test_what_the_data_say_needs_no_explanation_and_a_given_one_stays() -> None:
    def missing() -> Job[None]:
        yield Step("identify", "")
        raise DataMissing("No such unit.", "Load it.")

    def told() -> Job[None]:
        yield Step("identify", "")
        error = VciLost("gone", "Own advice.")
        error.explanation, error.state_now = "Own words.", "Own state."
        raise error

    vci = ScriptedVci(JumpClock())
    error, event = drive(missing(), vci, "faults")
    assert (error.explanation, event.state_now, error.advice) == ("", "", "Load it.")
    error, event = drive(told(), vci, "faults")
    assert (event.explanation, event.state_now, event.advice) == ("Own words.", "Own state.", "Own advice.")


@pytest.mark.parametrize(
    ("kind", "unit", "step", "told"),
    [
        ("flash", "ENGINE", "check", True), ("flash", "ENGINE, BODY", "prepare", True), ("flash", "", "identify", True),
        ("flash", "ENGINE, BODY", "restore", False), ("flash", "ENGINE, BODY", "", False),
        ("flash", "ENGINE", "erase-1", False), ("coding", "", "write", False), ("coding", "BODY", "write", True),
        ("survey", "", "survey", True),
    ],
)  # fmt: skip
def test_the_runner_says_nothing_of_a_state_that_only_the_job_knows(
    kind: str, unit: str, step: str, told: bool
) -> None:
    error = JobCancelled("Stopped.")
    explain_ending(error, step=step, unit=unit, kind=kind)
    assert bool(error.state_now) is told
    assert bool(error.explanation) is told


# -- without a vehicle


@pytest.mark.parametrize(
    ("text", "headline"),
    [("0x31", "0x31 requestOutOfRange"), ("31", "0x31 requestOutOfRange"), ("requestoutofrange", "0x31 request"),
     ("7F3673", "0x73 wrongBlock"), ("7f 36 73", "0x73 wrongBlock"), ("N_bs", "Timer N_Bs"), ("p2*", "Timer P2*"),
     ("routing:07", "DoIP, routing activation 0x07"), ("nack:06", "DoIP, diagnostic nack 0x06"),
     ("header:0x02", "DoIP, header nack 0x02"), ("nack:77", "DoIP, diagnostic nack 0x77"),
     ("ff", "0xFF ISOSAEReserved")],
)  # fmt: skip
def test_a_code_is_found_in_every_spelling(text: str, headline: str) -> None:
    found, steps = explained(text)
    assert found.startswith(headline)
    assert [line.step for line in steps] == [step.name for step in STEPS]


def test_the_list_is_limited_to_a_step_or_a_service() -> None:
    assert [line.step for line in explained("31", "erase-2")[1]] == ["erase"]
    assert [line.step for line in explained("31", "coding-write")[1]] == ["coding-write"]
    assert [line.step for line in explained("31", sid=0x2E)[1]] == ["fingerprint", "coding-write"]
    assert [line.step for line in explained("31", sid=0x3D)[1]] == ["request"]


@pytest.mark.parametrize("text", ["", "zz", "0x100", "nack:", "nack:xyz", "P3", "7F36"])
def test_what_is_no_code_is_refused_with_examples(text: str) -> None:
    with pytest.raises(UsageError) as refusal:
        explained(text)
    assert "0x31" in refusal.value.advice


def test_unknown_steps_and_services_are_refused() -> None:
    with pytest.raises(UsageError) as refusal:
        explained("31", "polish")
    assert "transfer" in refusal.value.advice
    assert [service_number(text) for text in ("0x36", "36", "TransferData")] == [0x36] * 3
    with pytest.raises(UsageError):
        service_number("Polish")


def test_a_unit_that_asks_for_more_time_without_end_is_not_called_silent() -> None:
    said = explain(NoResponse("busy", timer="total"), "request", "ENGINE", "uds")
    assert "again and again" in said.meaning and "Nothing came back" not in said.meaning
    assert "wait until the unit has finished" in said.what_to_do


def test_to_connect_again_is_asked_for_once() -> None:
    assert explain(VciLost("gone"), "identify", "", "survey").what_to_do.casefold().count("connect again") == 1
