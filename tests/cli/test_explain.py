"""`passbay explain` without a vehicle, and how refusals are explained at the command line."""

from __future__ import annotations

from tests.cli.support import passbay


def test_a_code_is_explained_in_the_steps_of_a_service() -> None:
    done = passbay("explain", "0x31", "--sid", "WriteDataByIdentifier", "--json")
    assert done.code == 0, done.stderr
    assert done.last["headline"].startswith("0x31 requestOutOfRange")
    assert [step["step"] for step in done.last["steps"]] == ["fingerprint", "coding-write"]
    for step in done.last["steps"]:
        assert all(step[key].endswith(".") for key in ("explanation", "state_now", "advice"))


def test_for_people_it_is_text() -> None:
    done = passbay("explain", "N_Cr", "--step", "transfer")
    assert done.code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Timer N_Cr")
    assert any(line.startswith("  Now: ") for line in lines)


def test_what_is_no_code_is_wrong_usage() -> None:
    done = passbay("explain", "nonsense", "--json")
    assert (done.code, done.last["error"]) == (2, "UsageError")
    assert "0x31" in done.last["advice"]


def test_a_wrong_override_is_refused_and_tells_the_state() -> None:
    done = passbay("flash", "--vci", "sim:car-mixed", "--ecu", "BODY", "--override", "ENGINE", "--no-host", "--json")
    assert (done.code, done.last["error"]) == (1, "PreconditionNotMet")
    assert done.last["state_now"] == "Nothing was changed in BODY."
    assert done.last["explanation"]
    assert "BODY" in done.last["advice"]


def test_the_dry_run_shows_every_line_of_the_pre_flight() -> None:
    done = passbay("flash", "--vci", "sim:car-mixed", "--ecu", "BODY", "--dry-run", "--no-host", "--json")
    assert done.code == 0, done.stdout
    lines = {check["name"]: check for check in done.last["checks"]}
    assert {"vehicle", "hardware", "voltage", "access", "image", "size", "signature", "laptop", "disk", "journal",
            "time"} <= set(lines)  # fmt: skip
    assert lines["time"]["measured"].endswith("at 500 kbit/s")
    assert not any(check["overridable"] for check in lines.values())
