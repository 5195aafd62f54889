"""R3: 200 corrupt settings files never stop the start, and no failure or kill of a save leaves half a file."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from core.errors import StorageFailed
from core.settings import Settings, change, load
from core.workbench import WorkbenchPaths, open_workbench

REPOSITORY = Path(__file__).resolve().parents[2]
WHOLE = b"""# mine
theme = "passbay-light"
frame_rate = 4
last_device = "sim:van"
ascii = true

[trace]
minutes = 3.5
megabytes = 16

[keys]
"live.pause" = "p,space"

[security.oem-9]
command = ["keys", "--quiet"]
time_limit = 3
"""
OUTSIDE = (0, 27, 34, 39, 61, 91, 93, 123, 0x80, 0xFF)


def corrupt(seed: int) -> bytes:
    """Cut, flipped, doubled, spiced or shuffled."""
    chance = random.Random(seed)
    data = bytearray(WHOLE)
    kind = seed % 5
    if kind == 0:
        return bytes(data[: chance.randrange(len(data))])
    if kind == 1:
        for _ in range(chance.randint(1, 8)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == 2:
        start = chance.randrange(len(data))
        data[start:start] = data[start : start + chance.randint(1, 80)] * chance.randint(1, 3)
    elif kind == 3:
        for _ in range(chance.randint(1, 6)):
            data.insert(chance.randrange(len(data)), chance.choice(OUTSIDE))
    else:
        lines = bytes(data).split(b"\n")
        chance.shuffle(lines)
        data = bytearray(b"\n".join(lines))
    return bytes(data)


def test_200_corrupt_files_never_stop_the_start(tmp_path: Path) -> None:
    complained = 0
    for seed in range(200):
        paths = WorkbenchPaths.below(tmp_path / str(seed))
        paths.config.mkdir(parents=True)
        content = corrupt(seed)
        paths.settings_file.write_bytes(content)
        with open_workbench(paths) as workbench:
            told = [p for p in workbench.problems if str(paths.settings_file) in p]
        aside = paths.settings_file.with_name("settings.toml.broken")
        kept = aside if aside.exists() else paths.settings_file
        assert kept.read_bytes() == content, seed
        if told:
            complained += 1
            assert re.search(r"line \d+", told[0]), (seed, told)
        else:
            assert isinstance(load(paths.settings_file)[0], Settings)
        if aside.exists():
            assert aside.name in told[0]
        assert change(paths.settings_file, theme="nord").theme == "nord", seed
        assert load(paths.settings_file)[0].theme == "nord"
    assert complained > 100


@pytest.mark.parametrize("call", ["mkdir", "mkstemp", "write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES], ids=errno.errorcode.get)
def test_a_save_that_the_disk_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    import tempfile

    file = tmp_path / "config" / "settings.toml"
    if call != "mkdir":
        change(file, theme="nord")
    before = file.read_bytes() if file.exists() else None

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    class Refusing:
        """A stream of a full disk."""

        def __init__(self, descriptor: int, *_: object) -> None:
            self.descriptor = descriptor

        def __enter__(self) -> Refusing:
            return self

        def __exit__(self, *_: object) -> None:
            os.close(self.descriptor)

        write = refuse

    if call == "write":
        monkeypatch.setattr(os, "fdopen", Refusing)
    elif call == "mkstemp":
        monkeypatch.setattr(tempfile, "mkstemp", refuse)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", refuse)
    else:
        monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(StorageFailed, match=os.strerror(number)):
        change(file, theme="other")
    monkeypatch.undo()
    assert (file.read_bytes() if file.exists() else None) == before
    if before is not None:
        assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


# -- killed at each system call of a save

CALLS = ("openat", "write", "fsync", "rename", "renameat", "renameat2", "close", "mkdir", "unlink", "lseek", "fstat")
SAVE = """
import os, sys
from pathlib import Path
from core.settings import change
import tempfile, tomllib, tomli_w
os.access("/passbay-marker", os.F_OK)
change(Path(sys.argv[1]), theme="new", trace__minutes=7.0)
"""


def save(file: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = ["strace", "-f", "-e", f"trace=access,faccessat,faccessat2,{','.join(CALLS)}", *options]
    return subprocess.run(
        [*command, sys.executable, "-S", "-c", SAVE, str(file)],
        cwd=REPOSITORY, capture_output=True, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def places_of_a_save(file: Path) -> list[tuple[str, int]]:
    """(system call, which one of its name) of everything that a save does; skips where strace may not look."""
    log = file.parent.parent / "strace.log"
    result = save(file, "-o", str(log))
    if result.returncode:
        pytest.skip(f"strace cannot look here: {result.stderr[-200:]!r}")
    seen: Counter[str] = Counter()
    places, saving = [], False
    for line in log.read_text(errors="replace").splitlines():
        call = re.match(r"\d+ +(\w+)\(", line)
        if call and call[1] in CALLS:
            seen[call[1]] += 1
            if saving:
                places.append((call[1], seen[call[1]]))
        saving = saving or "passbay-marker" in line
    return places


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_save_killed_at_each_system_call_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    file = tmp_path / "config" / "settings.toml"
    file.parent.mkdir()
    old = WHOLE
    file.write_bytes(old)
    places = places_of_a_save(file)
    new = file.read_bytes()
    assert new != old and any("rename" in call for call, _ in places), places
    left = Counter[str]()
    for call, number in places:
        file.write_bytes(old)
        save(file, "-o", os.devnull, "-e", f"inject={call}:signal=SIGKILL:when={number}")
        content = file.read_bytes()
        assert content in (old, new), (call, number, content)
        left["new" if content == new else "old"] += 1
    assert left["old"] and left["new"], left
    assert load(file, {})[1] == ""
