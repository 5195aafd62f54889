"""One lock a device (G7): a second user is told within a second who has it, and kill -9 frees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import StorageFailed, VciBusy
from core.pc.locks import DeviceLock

REPOSITORY = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from core.pc.locks import DeviceLock
sys.argv = ["/somewhere/passbay", "flash"]
lock = DeviceLock("can:pcan/USB1", Path(sys.stdin.readline().strip()))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_is_named_within_a_second_and_its_death_frees_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{tmp_path}\n")
        process.stdin.flush()
        assert process.stdout.readline() == "held\n"
        before = time.monotonic()
        with pytest.raises(VciBusy) as caught:
            DeviceLock("can:pcan/USB1", tmp_path).acquire()
        assert time.monotonic() - before < 1.0
        assert caught.value.holder == f"pid {process.pid} (passbay flash)"
        assert caught.value.holder in caught.value.message
        process.kill()
        process.wait()
        with DeviceLock("can:pcan/USB1", tmp_path):
            pass


def test_a_second_user_in_the_same_process_is_refused_too(tmp_path: Path) -> None:
    first, second = DeviceLock("x", tmp_path), DeviceLock("x", tmp_path)
    first.acquire()
    with pytest.raises(VciBusy, match=f"pid {os.getpid()}"):
        second.acquire()
    first.release()
    first.release()
    with second, DeviceLock("another device", tmp_path):
        pass


def test_a_holder_file_of_the_dead_or_garbage_is_not_believed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as dead:
        dead.wait()
    with DeviceLock("x", tmp_path):
        (holder,) = tmp_path.glob("*.holder")
        for text in (json.dumps({"pid": dead.pid, "command": "ghost"}), "[" * 5000, "\x00", "{}"):
            holder.write_text(text, encoding="utf-8")
            with pytest.raises(VciBusy) as caught:
                DeviceLock("x", tmp_path).acquire()
            assert caught.value.holder == "another process"


def test_names_become_harmless_file_names(tmp_path: Path) -> None:
    names = ["../../etc/passwd", "can:a/b?c=d", "x" * 500, "ü\udc80 [b]\x1b"]
    folder = tmp_path / "locks"
    locks = [DeviceLock(name, folder) for name in names]
    for lock in locks:
        lock.acquire()
    assert {path.parent for path in folder.rglob("*")} == {folder}
    for lock in locks:
        lock.release()


def test_a_folder_that_cannot_be_made_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageFailed):
        DeviceLock("x", tmp_path / "file" / "locks").acquire()
