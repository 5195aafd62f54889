"""Security methods by name: what is installed, programs that answer, and that no seed or key leaves the pipe."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from core.catalogue.model import CodingRecord, FlashPolicy
from core.diagnosis.security import BUILT_IN, KEY, PROOF, ProcessSigner, SecurityMethods, access_problem
from core.errors import PreconditionNotMet
from core.protocol.authentication import seed_key
from tests.diagnosis.garage_help import wait_until

SEED = bytes.fromhex("1A2B3C4D")
PAYLOAD = {"method": "oem", "level": 17, "seed": "1A2B3C4D", "vin": "V", "unit": "ENGINE"}


def program(tmp_path: Path, body: str, limit: float = 20.0) -> ProcessSigner:
    """A workshop's program: `request` holds what came on its stdin."""
    script = tmp_path / "keys.py"
    script.write_text(f"import json, sys\nrequest = json.load(sys.stdin)\n{body}\n", encoding="utf-8")
    return ProcessSigner("oem", (sys.executable, str(script)), limit)


def refusal(signer: ProcessSigner, kind: str = KEY) -> PreconditionNotMet:
    with pytest.raises(PreconditionNotMet) as caught:
        signer(kind, PAYLOAD)
    return caught.value


def test_a_program_gets_the_request_and_gives_the_key(tmp_path: Path) -> None:
    inverse = 'print(json.dumps({"key": bytes(b ^ 0xFF for b in bytes.fromhex(request["seed"])).hex()}))'
    methods = SecurityMethods({"oem": program(tmp_path, inverse)})
    assert methods.key("oem", SEED, 0x11, vin="V", unit="ENGINE") == bytes.fromhex("E5D4C3B2")
    echo = program(tmp_path, 'print(json.dumps({"key": json.dumps(request).encode().hex()}))')
    assert json.loads(echo(KEY, PAYLOAD)) == PAYLOAD
    assert set(PAYLOAD) == {"method", "level", "seed", "vin", "unit"}


def test_a_program_signs_a_proof(tmp_path: Path) -> None:
    signer = program(tmp_path, 'print(json.dumps({"signature": request["data"] + "FF"}))')
    assert signer(PROOF, {"method": "oem", "data": "0102", "vin": "V", "unit": "DRIVE"}) == b"\x01\x02\xff"


@pytest.mark.parametrize(("body", "words"), [
    ("sys.exit(3)", "ended with code 3"),
    ("print('no licence', file=sys.stderr); sys.exit(1)", "ended with code 1 (no licence)"),
    ("pass", "something else than"),
    ("print('{')", "something else than"),
    ("print('[]')", "something else than"),
    ("print('{\"key\": 7}')", "something else than"),
    ("print('{\"key\": \"\"}')", "something else than"),
    ("print('{\"key\": \"1A2B3C4D5\"}')", "something else than"),
    ("print('{\"signature\": \"00\"}')", "something else than"),
    ("print('[' * 100000)", "something else than"),
    ("sys.stdout.buffer.write(bytes([255, 254]))", "something else than"),
    ("print(json.dumps({'key': '00' * 100000}))", "something else than"),
])  # fmt: skip
def test_whatever_a_program_does_wrong_is_told(tmp_path: Path, body: str, words: str) -> None:
    error = refusal(program(tmp_path, body))
    assert words in error.message and "'oem'" in error.message
    assert "[security.oem]" in error.advice and "Nothing was changed" in error.advice


@pytest.mark.parametrize("complaint", [
    "bad seed 1A2B3C4D", "bad seed 1a 2b 3c 4d", "seed=0x1A2B3C4D!", "key 439041101 is wrong", "1A:2B:3C:4D",
])  # fmt: skip
def test_no_seed_gets_out(tmp_path: Path, complaint: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    error = refusal(program(tmp_path, f"print({complaint!r}, file=sys.stderr); sys.exit(1)"))
    told = error.message + error.advice + caplog.text
    for secret in ("1A2B", "1a2b", "3C4D", "2b 3c", "439041", "2B:3C"):
        assert secret not in told
    error = refusal(program(tmp_path, "print('the key is 1A2B3C4D')"))
    assert "1A2B3C4D" not in "".join(traceback.format_exception(error))


def test_a_programs_words_cannot_act_on_a_terminal(tmp_path: Path) -> None:
    error = refusal(program(tmp_path, "print('\\x1b[2Jgone' + 'z' * 900, file=sys.stderr); sys.exit(1)"))
    assert "\x1b" not in error.message and len(error.message) < 400


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    body = (
        "import os, subprocess, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(pid)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )
    began = time.monotonic()
    error = refusal(program(tmp_path, body, limit=2.0))
    assert "did not answer within 2 s" in error.message and time.monotonic() - began < 20
    if os.name == "posix" and pid.exists():
        for number in pid.read_text().split():
            wait_until(lambda gone=int(number): not _alive(gone))  # type: ignore[misc]


def _alive(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("command", [("/no/such/program",), ("no-such-program-at-all",), ("bad\0name",)])
def test_a_program_that_is_not_there(command: tuple[str, ...]) -> None:
    signer = ProcessSigner("oem", command)
    assert "cannot be started" in refusal(signer).message


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    signer = ProcessSigner("oem", (sys.executable, "-c", "import sys; print(sys.argv[1:])", f"; touch {mark}", "$HOME"))
    refusal(signer)
    assert not mark.exists()


# -- the registry


def test_built_in_and_unknown_methods() -> None:
    key = BUILT_IN.key(seed_key.GARAGE, SEED, 0x11, vin="", unit="")
    assert key == seed_key.key_for(seed_key.GARAGE, SEED, 0x11)
    assert BUILT_IN.names == seed_key.names()
    with pytest.raises(PreconditionNotMet) as caught:
        BUILT_IN.signer("oem")
    assert "'oem'" in caught.value.message and "[security.oem]" in caught.value.advice
    with pytest.raises(PreconditionNotMet):
        BUILT_IN.signer(seed_key.GARAGE)(PROOF, {"method": seed_key.GARAGE, "data": "00"})
    with pytest.raises(PreconditionNotMet):
        BUILT_IN.identity("garage-certificate")


def test_whoever_hands_a_signer_in_is_asked_as_a_program_is() -> None:
    asked: list[tuple[str, Mapping[str, str | int]]] = []

    def online(kind: str, payload: Mapping[str, str | int]) -> bytes:
        asked.append((kind, payload))
        return b"signed"

    methods = SecurityMethods({"oem": online})
    assert methods.key("oem", SEED, 0x11, vin="V", unit="ENGINE") == b"signed"
    assert asked == [(KEY, PAYLOAD)] and methods.names == ("oem", seed_key.GARAGE)


def test_what_is_missing_is_known_before_anything_is_sent(tmp_path: Path) -> None:
    now = time.time()
    assert access_problem(BUILT_IN, FlashPolicy(), now) == ("", "")
    reason, advice = access_problem(BUILT_IN, FlashPolicy(security_method="oem"), now)
    assert "'oem'" in reason and "[security.oem]" in advice
    reason, advice = access_problem(BUILT_IN, FlashPolicy(authentication="garage-certificate"), now)
    assert "no certificate" in reason and advice
    gone = SecurityMethods({"oem": ProcessSigner("oem", ("/no/such/program",))})
    reason, advice = access_problem(gone, FlashPolicy(security_method="oem"), now)
    assert "/no/such/program" in reason and "[security.oem]" in advice
    there = SecurityMethods({"oem": program(tmp_path, "pass")})
    assert access_problem(there, FlashPolicy(security_method="oem"), now) == ("", "")
    open_record = CodingRecord("R", "R", 1, 1, (), security_level=None, security_method="oem")
    assert access_problem(BUILT_IN, open_record, now) == ("", "")
