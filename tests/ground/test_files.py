"""Writing files whole or not at all, and who is at this PC."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from core.errors import StorageFailed
from core.pc import files
from core.pc.files import open_file, os_user, replace_file, write_file


def test_a_file_is_written_with_its_folders_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.json"
    write_file(path, b"old")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in path.parent.iterdir()] == ["file.json"]
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_what_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "own" / "file"
    write_file(path, b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync") if call == "fsync" else (Path, "replace")), full)
    with pytest.raises(StorageFailed, match=r"The list cannot be written: No space left on device\.") as failure:
        write_file(path, b"new", what="The list", advice="Free some.")
    assert failure.value.advice == "Free some."
    with pytest.raises(OSError, match="No space"):
        replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_the_content_is_on_the_disk_before_the_name_and_the_name_before_the_return(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (happened.append("fsync"), fsync(fd))[1])
    monkeypatch.setattr(Path, "replace", lambda self, to: (happened.append("replace"), replace(self, to))[1])
    write_file(tmp_path / "file", b"x")
    assert happened == ["fsync", "replace", "fsync"]


def test_who_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "meister")
    assert os_user() == "meister"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(files.os, "getuid", lambda: 4_294_967_000)  # nobody's
    assert os_user() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_a_device_is_written_to_and_a_link_stays_a_link(tmp_path: Path) -> None:
    pipe, target, link = tmp_path / "pipe", tmp_path / "target", tmp_path / "link"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(pipe, b"through")
        assert os.read(reader, 100) == b"through" and stat.S_ISFIFO(pipe.stat().st_mode)
    finally:
        os.close(reader)
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_file(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="Linux")
def test_a_full_device_is_told() -> None:
    with pytest.raises(StorageFailed, match="No space left"):
        write_file(Path("/dev/full"), b"x")
    assert Path("/dev/full").is_char_device()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
def test_a_pipe_that_nobody_writes_to_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"content")
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="a pipe or a device"):
            open_file(tmp_path / name)
    with open_file(tmp_path / "file") as stream:
        assert stream.read() == b"content"
    with pytest.raises(IsADirectoryError):
        open_file(tmp_path)
