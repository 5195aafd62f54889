"""Who may talk to a host: only who knows its key; nothing that arrives ends it; the folder is closed to others."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import StorageFailed, VciBusy
from core.host import registry as registry_module
from core.host.codec import encode
from core.host.link import dial
from core.host.registry import Entry, Registry, lives, wait_until_gone
from core.host.wire import call_up
from tests.host.fake import PATIENCE, stage, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Unix sockets and modes")


def _dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_wrong_key_is_refused_by_both_ends(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts") as served:
        for key in (b"", secrets.token_bytes(32)):
            with pytest.raises(TimeoutError):
                call_up(served.entry.address, key)
        served.registry._path(served.entry.pid, "key").write_bytes(b"another")
        with pytest.raises(VciBusy, match="does not answer"):
            dial(served.registry, served.entry)
        served.registry._path(served.entry.pid, "key").write_bytes(served.server.key)
        assert served.client().voltage() == 13.25


def test_a_false_host_is_refused(tmp_path: Path) -> None:
    """One that listens at the place and does not know the key, but lets everybody in."""
    address = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(1)

        def answer() -> None:
            line, _ = listener.accept()
            with line:
                line.sendall(len(b"n" * 32).to_bytes(4, "big") + b"n" * 32)
                line.recv(1000)
                line.sendall((32).to_bytes(4, "big") + b"p" * 32)

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TimeoutError):
            call_up(address, b"key")
        thread.join(PATIENCE)


def test_random_bytes_end_no_server(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts") as served:
        for number in range(60):
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(served.entry.address)
                try:
                    line.sendall(secrets.token_bytes(1 + number * 7))
                    if number % 3 == 0:
                        line.sendall((0x7FFFFFFF).to_bytes(4, "big"))
                except OSError:
                    pass  # hung up on already
        assert served.client().voltage() == 13.25


def test_senseless_messages_of_one_that_knows_the_key_end_only_its_own_wire(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts") as served:
        good = served.client()
        wishes = ("no wish", (1, 2), [1, "info", ()])
        for message in (b"", b"\xc1", secrets.token_bytes(300), *map(encode, wishes)):
            wire = call_up(served.entry.address, served.server.key)
            wire.receive()
            wire._connection.send_bytes(message)
            assert wire.receive() is None
            wire.close()
        wire = call_up(served.entry.address, served.server.key)
        wire.receive()
        wire.send((1, "attach", (1, 2, 3)))
        assert wire.receive()[0] == "answer"
        wire.send(({"a": 1}, 7, ()))
        assert wire.receive()[0] in ("driver", "seats", "refusal")
        stranger = call_up(served.entry.address, served.server.key)
        stranger.receive()
        for visitor in (4, None):  # what it is, is told once
            stranger.send((1, "attach", (1, 2, 3, visitor)))
            assert stranger.receive()[0] == "refusal"
        stranger.hang_up()
        stranger.close()
        wire.hang_up()
        wire.close()
        assert good.voltage() == 13.25


def test_a_stranger_that_says_nothing_does_not_keep_others_out(tmp_path: Path) -> None:
    with stage(tmp_path / "hosts") as served, socket.socket(socket.AF_UNIX) as silent:
        silent.connect(served.entry.address)
        assert served.client().voltage() == 13.25


def test_too_many_callers_are_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.host.server.MOST_SEATS", 2)
    with stage(tmp_path / "hosts") as served:
        served.client()
        served.client()
        with pytest.raises((TimeoutError, OSError)):
            call_up(served.entry.address, served.server.key)
        served.clients[0].close()
        until(lambda: served.server.info().attached == 1)
        until(lambda: served.server._callers == 1)
        assert served.client().voltage() == 13.25


def test_modes_hold_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "state" / "hosts"
        with stage(folder) as served:
            served.registry.mark_ending(served.entry)
            modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            assert modes == {".json": 0o600, ".key": 0o600, ".sock": 0o600}
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == []
    finally:
        os.umask(before)


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    Registry(tmp_path).prepare()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_folder_of_another_user_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(StorageFailed, match="another user"):
        Registry(tmp_path).prepare()


def test_a_long_home_gets_a_short_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("longer" * 10)
    with stage(folder) as served:
        address = Path(served.entry.address)
        assert len(str(address)) < 100 and stat.S_IMODE(address.parent.stat().st_mode) == 0o700
        assert served.client().voltage() == 13.25
    assert not address.parent.exists()


def test_the_short_socket_of_a_killed_host_is_removed_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("longer" * 10)
    registry = Registry(folder)
    address = Path(registry.prepare())
    assert address.parent.is_dir()
    registry.write(Entry("sim:x", _dead_pid(), str(address), 1.0))
    other = Path(Registry(folder).prepare())
    assert not address.parent.exists() and list(folder.iterdir()) == []
    other.parent.rmdir()


def test_what_dead_hosts_left_is_removed(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    dead = _dead_pid()
    registry.prepare()
    entry = Entry("sim:x", dead, str(tmp_path / f"host-{dead}.sock"), 1.0)
    registry.write(entry)
    for suffix in ("key", "sock"):
        (tmp_path / f"host-{dead}.{suffix}").write_bytes(b"x")
    (tmp_path / "host-77.json").write_text("{")
    (tmp_path / "host-78.json").write_text('{"pid": 5}')
    assert not lives(entry) and wait_until_gone(entry, 0)
    assert registry.entries() == []
    assert not list(tmp_path.glob(f"host-{dead}.*"))
    (tmp_path / f"host-{dead}.key").write_bytes(b"x")  # it died before it was in the list
    registry.prepare()
    assert not list(tmp_path.glob(f"host-{dead}.*"))


def test_a_number_that_belongs_to_another_program_now_is_recognised(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.prepare()
    ours = os.getpid()
    entry = Entry("sim:x", ours, str(tmp_path / f"host-{ours}.sock"), 1.0)  # started long before this process
    registry.write(entry)
    assert registry.entries() == [entry]
    assert dial(registry, entry) is None
    assert registry.entries() == []
    young = Entry("sim:x", ours, entry.address, 2.0**40)  # lives and does not listen: it is just ending
    registry.write(young)
    assert dial(registry, young) is None
    assert registry.entries() == [young]
    assert not wait_until_gone(young, 0)


def test_another_version_is_not_talked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stage(tmp_path / "hosts") as served:
        monkeypatch.setattr("core.host.link.FINGERPRINT", "0" * 16)
        with pytest.raises(VciBusy, match="version"):
            dial(served.registry, served.entry)
