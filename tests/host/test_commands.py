"""`passbay jobs list|watch|stop`, and commands whose job outlives them."""

from __future__ import annotations

import signal
import sys

import pytest

from core.workbench import Workbench
from tests.cli.support import passbay
from tests.host.test_process import LONG, MIXED, bench, command, read_until

__all__ = ["bench"]
SLOW = f"{MIXED}?fault=max-block-3"  # one byte a block: it outlasts every command that wants to meet it
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def test_without_a_host_there_is_nothing_to_list_watch_or_stop() -> None:
    assert passbay("jobs", "list", "--json").last == {"hosts": []}
    for verb in ("watch", "stop"):
        done = passbay("jobs", verb, "--json")
        assert (done.code, done.last["error"]) == (1, "VciNotFound")
        named = passbay("jobs", verb, "sim:car-mixed", "--json")
        assert (named.code, named.last["error"]) == (1, "VciNotFound")


def test_a_killed_flash_is_listed_and_watched_to_its_end(bench: Workbench) -> None:
    # one byte a block: the transfer must outlast three commands on a slow machine
    with command("flash", "--vci", SLOW, "--ecu", "BRAKES") as screen:
        read_until(screen, "step", "erase")
        screen.kill()
        screen.wait(LONG)
        (host,) = passbay("jobs", "list", "--json").last["hosts"]
        assert host["uri"] == SLOW and host["job"]["kind"] == "flash" and host["job"]["unit"] == "BRAKES"
        assert host["job"]["step"] and host["job"]["started"] > 0 and host["driver"] == ""
        busy = passbay("flash", "--vci", MIXED, "--ecu", "BODY", "--json")
        assert (busy.code, busy.last["error"]) == (1, "VciBusy") and str(host["pid"]) in busy.last["holder"]
        watched = passbay("jobs", "watch", str(host["pid"]), "--json")
    assert watched.code == 0, watched.stdout + watched.stderr
    assert watched.lines[0]["event"] == "attached"
    assert {"step", "progress"} <= {line.get("event") for line in watched.lines}
    assert watched.last["kind"] == "flash" and watched.last["result"]["result"] == "flashed"


def test_a_flash_is_stopped_from_another_command(bench: Workbench) -> None:
    with command("flash", "--vci", SLOW, "--ecu", "ENGINE") as screen:
        read_until(screen, "progress")
        stopped = passbay("jobs", "stop", MIXED, "--json")
        assert stopped.code == 0 and stopped.last["stopping"]["job"]["unit"] == "ENGINE"
        out, _ = screen.communicate(timeout=LONG)
    assert screen.returncode == 1
    assert '"JobCancelled"' in out.splitlines()[-1]
    assert bench.hosts() == []


def test_watching_ends_with_the_error_of_the_job(bench: Workbench) -> None:
    with command("flash", "--vci", SLOW, "--ecu", "ENGINE") as screen:
        read_until(screen, "step", "erase")
        with command("jobs", "watch") as watcher:
            read_until(watcher, "attached")
            screen.send_signal(signal.SIGINT)
            out, _ = watcher.communicate(timeout=LONG)
        screen.communicate(timeout=LONG)
    assert (screen.returncode, watcher.returncode) == (1, 1)
    assert '"JobCancelled"' in out.splitlines()[-1]


def test_coding_runs_in_a_host_and_leaves_none(bench: Workbench) -> None:
    shown = passbay("coding", "show", "--vci", MIXED, "--ecu", "BODY", "--json").last
    item = next(i for i in shown["items"] if len(i["choices"]) >= 2)
    wish = next(c for c in item["choices"] if c != item["now"])
    log = bench.paths.logs / "host.log"
    done = passbay("coding", "set", "--vci", MIXED, "--ecu", "BODY", f"{item['name']}={wish}", "--json")
    assert done.code == 0 and done.last["verified"], done.stdout + done.stderr
    assert bench.hosts() == [] and log.read_text().count("closed") == 1
    here = passbay("coding", "restore", "--vci", MIXED, "--ecu", "BODY", "--no-host", "--json")
    assert here.code == 0 and log.read_text().count("closed") == 1
