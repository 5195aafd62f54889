"""KWP2000 in the tester and the jobs: its words, its keep-alive beside UDS, late answers, routines, explanations."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from core.catalogue.model import KWP2000_POLICY, FlashPolicy
from core.diagnosis.commands import Collect, Functional, KeepAlive, Request
from core.diagnosis.explain import STEPS, explain
from core.diagnosis.explain.reasons import of_nrc
from core.diagnosis.flash.frame import Frame
from core.diagnosis.tester import Tester
from core.errors import NegativeResponse, NoResponse
from core.events import ForeignAnswerSkipped, NegativeResponseReceived
from core.host.codec import decode, encode
from core.vocabulary import KWP2000, CanAddress
from tests.diagnosis.scripted_vci import BRAKES, ENGINE, Record, ScriptedVci
from tests.diagnosis.test_explain import well_formed

DAS = CanAddress(0x7E6, 0x7EE, protocol=KWP2000)
BLOCK = b"\x36" + bytes(20)


@pytest.fixture
def vci() -> ScriptedVci:
    return ScriptedVci()


@pytest.fixture
def record() -> Record:
    return Record()


@pytest.fixture
def tester(vci: ScriptedVci, record: Record) -> Tester:
    return Tester(vci, vci.clock, lambda: 1_700_000_000.0, record, vci.clock.pass_by)


def test_the_address_alone_decides_the_protocol(vci: ScriptedVci, tester: Tester) -> None:
    """One way, two protocols: 1A 90 is answered 5A 90 there, and is no read of UDS here."""
    vci.scripts[DAS] = lambda pdu: b"\x5a\x90XPB"
    uds = CanAddress(DAS.tx, DAS.rx)
    vci.scripts[uds] = lambda pdu: b"\x62\xf1\x90XPB"
    assert tester.request(Request("DAS", DAS, b"\x1a\x90")) == b"\x5a\x90XPB"
    assert tester.request(Request("DAS", uds, b"\x22\xf1\x90")) == b"\x62\xf1\x90XPB"
    vci.scripts[DAS] = lambda pdu: b"\x5a\x91XPB"
    with pytest.raises(NoResponse, match=r"did not answer ReadEcuIdentification 90 \(VIN\)"):
        tester.request(Request("DAS", DAS, b"\x1a\x90"))


def test_a_refusal_is_told_in_its_own_codes(vci: ScriptedVci, tester: Tester, record: Record) -> None:
    vci.scripts[DAS] = lambda pdu: b"\x7f\x34\x40"
    with pytest.raises(NegativeResponse, match=r"RequestDownload was refused.*downloadNotAccepted") as no:
        tester.request(Request("DAS", DAS, b"\x34\x00\x40\x00\x00\x00\x18\x00"))
    assert (no.value.nrc, no.value.protocol) == (0x40, KWP2000)
    assert record.events == [
        NegativeResponseReceived(1_700_000_000.0, "DAS", 0x34, 0x40, "0x40 downloadNotAccepted", KWP2000)
    ]
    again = decode(encode(no.value))
    assert (again.nrc, again.protocol, again.message) == (0x40, KWP2000, no.value.message), "also through the host"


def test_a_late_answer_is_not_taken_for_the_next_block_s(vci: ScriptedVci, tester: Tester, record: Record) -> None:
    """A 76 has no counter: the second one of a doubled answer would count for the block after it."""
    answers = iter([[(0.01, b"\x76"), (0.02, b"\x76")], [(0.01, b"\x7f\x36\x72")]])
    vci.scripts[DAS] = lambda pdu: next(answers)
    assert tester.request(Request("DAS", DAS, BLOCK)) == b"\x76"
    vci.clock.pass_by(0.05)
    assert tester.request(Request("DAS", DAS, BLOCK, raise_negative=False)) == b"\x7f\x36\x72"
    assert [type(event) for event in record.events if isinstance(event, ForeignAnswerSkipped)] == [ForeignAnswerSkipped]


def test_a_routine_that_is_not_complete_is_asked_again(vci: ScriptedVci, tester: Tester) -> None:
    answers = iter([b"\x7f\x33\x23"] * 200 + [b"\x73\xe1\x00"])
    vci.scripts[DAS] = lambda pdu: next(answers)
    assert tester.request(Request("DAS", DAS, b"\x33\xe1", timeout=300.0)) == b"\x73\xe1\x00"
    assert vci.clock.now > 140, "200 times 0.2 s"


def test_each_protocol_has_its_own_keep_alive(vci: ScriptedVci) -> None:
    vci.scripts |= {ENGINE: lambda pdu: None, DAS: lambda pdu: None}
    tester = Tester(vci)
    try:
        tester.keep_alive(KeepAlive((ENGINE, BRAKES, DAS), interval=0.05))
        with vci.functional_sent:
            assert vci.functional_sent.wait_for(lambda: len(vci.functional) >= 4, timeout=10)
    finally:
        tester.close()
    assert {(address.protocol, pdu) for _, address, pdu in vci.functional} == {
        ("UDS", b"\x3e\x80"), (KWP2000, b"\x3e\x02")}  # fmt: skip


def _said(job: Generator[Any, Any, Any]) -> list[tuple[str, str, str]]:
    """(command, protocols, PDU) of everything that a part of a job asks for."""
    said, answer = [], None
    while True:
        try:
            command = job.send(answer)
        except StopIteration:
            return said
        answer = [] if isinstance(command, Collect) else None
        if isinstance(command, Functional | Collect):
            spoken = "/".join(sorted({address.protocol for address in command.addresses}))
            said.append((type(command).__name__, spoken, command.pdu.hex()))
        elif isinstance(command, Request):
            said.append(("Request", command.address.protocol, command.pdu.hex()))


def test_a_vehicle_of_both_protocols_is_quieted_in_both() -> None:
    frame = Frame((ENGINE, BRAKES, DAS), [KWP2000_POLICY])
    assert _said(frame.open()) == [("Collect", KWP2000, "1092"), ("Functional", "UDS", "1083")]
    assert _said(frame.quiet()) == [
        ("Functional", KWP2000, "8502ff0002"), ("Functional", KWP2000, "2802"),
        ("Functional", "UDS", "8582"), ("Functional", "UDS", "288101"),
    ]  # fmt: skip
    assert _said(frame.rejoin(("DAS", DAS))) == [
        ("Request", KWP2000, "1092"), ("Request", KWP2000, "8501ff0002"), ("Request", KWP2000, "2801")]  # fmt: skip
    assert _said(frame.close(cleared=[("DAS", DAS), ("ENGINE", ENGINE)])) == [
        ("Functional", KWP2000, "2902"), ("Functional", KWP2000, "8502ff0001"),
        ("Functional", "UDS", "288001"), ("Functional", "UDS", "8581"),
        ("Collect", KWP2000, "1081"), ("Functional", "UDS", "1081"),
        ("Request", KWP2000, "14ff00"), ("Request", "UDS", "14ffffff"),
    ]  # fmt: skip
    assert _said(Frame((ENGINE, DAS), [FlashPolicy()]).open())[0] == ("Collect", KWP2000, "1092")


@pytest.mark.parametrize("step", [words.name for words in STEPS])
def test_every_code_is_explained_in_every_step(step: str) -> None:
    kind = "coding" if step.startswith("coding") else "flash"
    for code in range(256):
        error = NegativeResponse("no", sid=0x31, nrc=code, protocol=KWP2000)
        told = explain(error, step, "BODY", kind)
        well_formed(told)
        assert f"0x{code:02X}" in told.meaning


def test_a_code_of_both_protocols_means_what_its_own_says() -> None:
    assert (of_nrc(0x72).kind, of_nrc(0x72, KWP2000).label) == ("memory", "0x72 transferAborted")
    assert (of_nrc(0x40).kind, of_nrc(0x40, KWP2000).kind) == ("locked", "no-transfer")
    assert (of_nrc(0x7E).kind, of_nrc(0x7E, KWP2000).kind) == ("session", "reserved")
    assert (of_nrc(0x93).kind, of_nrc(0x93, KWP2000).kind) == ("voltage", "maker")
