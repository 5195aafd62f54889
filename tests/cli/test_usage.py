"""Exit codes, plain output, lists, and outside text on the way to a terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.support import TIMEOUT, passbay, serving


def test_garage_list() -> None:
    done = passbay("garage", "list", "--json")
    vehicles = {v["name"]: v for v in done.last["vehicles"]}
    assert {"car-mixed", "car-doip", "car-old"} <= vehicles.keys()
    assert len(vehicles["car-mixed"]["units"]) >= 6 and len(vehicles["car-doip"]["units"]) >= 5
    assert vehicles["car-mixed"]["euro_class"] == "EURO 6"
    plain = passbay("garage", "list")
    assert plain.code == 0 and "car-old" in plain.stdout


def test_devices_names_missing_drivers() -> None:
    done = passbay("devices", "--json")
    assert done.code == 0, done.stderr
    devices = done.last["devices"]
    assert devices[0]["kind"] == "simulation" and devices[0]["vci"] == "sim:car-mixed"
    assert any(d["kind"] == "can" for d in devices) and any(d["kind"] == "doip" for d in devices)
    for device in devices:
        assert device["usable"] or device["verdict"], device


@pytest.mark.parametrize(
    "arguments",
    [
        ("survey",),
        ("nonsense",),
        ("survey", "--vci", "nonsense:x"),
        ("survey", "--vci", "can:"),
        ("survey", "--vci", "can:udp_multicast/239.74.163.2?port=70000"),
        ("survey", "--vci", "doip://host:notaport"),
        ("survey", "--vci", "sim:no-such-car"),
        ("devices", "--discover", "--port", "70000"),
        ("uds", "--vci", "sim:car-mixed", "--ecu", "ENGINE", "22F19"),
        ("uds", "--vci", "sim:car-mixed", "--tx", "0x7e0", "22F190"),
        ("coding", "set", "--vci", "sim:car-mixed", "--ecu", "BODY", "novalue"),
        ("coding", "set", "--vci", "sim:car-mixed", "--ecu", "BODY", "Wiper=interval", "Wiper=rain sensor"),
    ],
    ids=lambda a: " ".join(a),
)
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    done = passbay(*arguments)
    assert done.code == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    scripted = passbay(*arguments, "--json")
    assert scripted.code == 2 and not scripted.stderr
    assert scripted.last["error"] == "UsageError" and scripted.last["message"] and scripted.last["advice"]


@pytest.mark.usefixtures("papers")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("survey", "--vci", "doip://127.0.0.1:1"), "VciNotFound"),
        (("survey", "--vci", "doip://a..b"), "VciNotFound"),
        (("survey", "--vci", "can:udp_multicast/nosuch.invalid"), "VciNotFound"),
        (("survey", "--vci", "can:virtual/nobody"), "NoResponse"),
        (("flash", "--vci", "sim:car-mixed", "--ecu", "TOASTER"), "DataMissing"),
        (("survey", "--vci", "sim:car-mixed", "--data", "/nonexistent/x.pdx"), "DataInvalid"),
    ],
    ids=["doip", "host", "can", "nobody", "unit", "data"],
)
def test_refusals_end_with_1_and_say_what_to_do(arguments: tuple[str, ...], error: str) -> None:
    done = passbay(*arguments, "--json")
    assert done.code == 1, done.stdout + done.stderr
    assert done.last["error"] == error, done.last
    assert done.last["code"].startswith("PB-") and done.last["message"] and done.last["advice"]


def test_a_second_user_is_told_who_holds_the_vehicle() -> None:
    """G7: the lock of a simulated vehicle, held by a process that sits in the middle of a survey."""
    code = (
        "import sys\nfrom core.workbench import open_workbench\n"
        "with open_workbench() as w, w.connect('sim:car-mixed'):\n print('held', flush=True)\n sys.stdin.read()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdin and holder.stdout
    try:
        assert holder.stdout.readline() == "held\n"
        busy = passbay("survey", "--vci", "sim:car-mixed", "--json")
        assert (busy.code, busy.last["error"]) == (1, "VciBusy")
        assert str(holder.pid) in busy.last["holder"] and str(holder.pid) in busy.last["message"]
        holder.kill()  # kill -9 frees the lock at once
        holder.wait(TIMEOUT)
        assert passbay("survey", "--vci", "sim:car-mixed", "--json").code == 0
    finally:
        holder.kill()
        holder.communicate(timeout=TIMEOUT)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT of another process")
def test_ctrl_c_in_a_transfer_ends_safely_and_the_unit_can_be_flashed_again() -> None:
    command = [sys.executable, "-m", "tui.entry", "flash", "--vci", "sim:car-mixed", "--ecu", "BRAKES", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ.copy()
    )
    assert process.stdout and process.stderr
    for line in process.stdout:
        if json.loads(line).get("event") == "progress":
            process.send_signal(signal.SIGINT)
            break
    with process:
        rest, errors = process.stdout.read(), process.stderr.read()
    assert process.returncode == 1, rest + errors
    last = json.loads(rest.splitlines()[-1])
    assert last["error"] in ("JobCancelled", "JobInterrupted") and last["advice"]
    again = passbay("flash", "--vci", "sim:car-mixed", "--ecu", "BRAKES", "--json")
    assert (again.code, again.last.get("result")) == (0, "flashed"), again.stdout + again.stderr


def test_reset_gives_the_factory_state_back() -> None:
    vci = "sim:car-mixed"
    first = passbay("survey", "--vci", vci, "--json").last
    assert passbay("flash", "--vci", vci, "--ecu", "BODY", "--json").last["result"] == "flashed"
    assert passbay("garage", "reset", "car-mixed", "--json").last["result"] == "reset"
    assert passbay("survey", "--vci", vci, "--json").last["units"] == first["units"]


def test_serve_refuses_a_port_in_use() -> None:
    with serving("car-doip", "--doip", "127.0.0.1:0") as ready:
        done = passbay("garage", "serve", "car-doip", "--doip", ready["doip"], "--json")
    assert done.code == 1 and done.last["error"] and "Traceback" not in done.stderr


def test_data_check_of_foreign_files(shared_data: Path) -> None:
    files = sorted(str(p) for p in (shared_data / "pdx").glob("*.pdx"))
    done = passbay("data", "check", *files, "--json")
    assert done.code == 0, done.stdout[-2000:] + done.stderr
    reports = {Path(r["file"]).name: r for r in done.last["files"]}
    somersault = reports["somersault.pdx"]
    assert {"somersault_lazy", "somersault_assiduous"} <= set(somersault["units"][0]["variants"])
    assert not somersault["problems"]
    assert all(r["ok"] for r in reports.values())
    plain = passbay("data", "check", *files).stdout
    assert "variants somersault_lazy" in plain and "{" not in plain and "[" not in plain


def test_data_check_of_a_damaged_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad\x1b[31m.pdx"
    bad.write_bytes(b"PK\x03\x04 not really")
    done = passbay("data", "check", str(bad), "--json")
    assert done.code == 1 and done.last["files"][0]["problems"]
    plain = passbay("data", "check", str(bad))
    assert plain.code == 1 and "\x1b" not in plain.stdout + plain.stderr and "\\x1b[31m" in plain.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shell")
@pytest.mark.parametrize("where", [">&-", "2>&-", "<&-", "| true", ">/dev/full"])
@pytest.mark.parametrize(
    "arguments",
    ["survey --vci sim:car-old", "survey --vci sim:car-old --json", "--help"],
    ids=["plain", "json", "help"],
)
def test_streams_that_are_closed_or_full(arguments: str, where: str) -> None:
    line = f"{sys.executable} -m tui.entry {arguments} {where}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=TIMEOUT)
    assert "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    if where == ">/dev/full":
        assert done.returncode == 1 and "cannot be written: No space left" in done.stderr
    else:
        assert done.returncode == 0


def test_an_ascii_terminal_shows_every_glyph_in_some_way() -> None:
    vin = passbay("survey", "--vci", "sim:car-mixed", "--json").last["vin"]
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for arguments in (["survey", "--vci", "sim:car-mixed"], ["history", vin], ["report", vin]):
        done = subprocess.run(
            [sys.executable, "-m", "tui.entry", *arguments], env=ascii_only, capture_output=True, timeout=TIMEOUT
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shell")
def test_a_flash_of_this_process_ends_well_though_nobody_reads_its_lines() -> None:
    command = f"{sys.executable} -m tui.entry flash --no-host --vci sim:car-mixed --ecu BODY | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=TIMEOUT)
    assert "Traceback" not in done.stderr
    body = next(u for u in passbay("survey", "--vci", "sim:car-mixed", "--json").last["units"] if u["name"] == "BODY")
    assert (body["state"], body["software"], body["newer_software"]) == ("ok", "3004.21", "")
    assert passbay("recover", "--list", "--json").last["unfinished"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
@pytest.mark.parametrize("before", ["data check", "plan check", "survey --vci sim:car-old --data", "coding diff"])
def test_a_pipe_instead_of_a_file_holds_nobody_up(tmp_path: Path, before: str) -> None:
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    files = [str(pipe)] * (2 if before.endswith("diff") else 1)
    done = passbay(*before.split(), *files, "--json")
    assert done.code == 1 and "a pipe or a device" in done.stdout, done.stdout + done.stderr
