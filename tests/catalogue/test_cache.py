"""The compiled cache: keyed by content, whole or absent, repaired when damaged, and opened without odxtools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.catalogue import Limits, OpenFile, load
from core.catalogue.cache import SUFFIX, CompiledFile, write_compiled
from core.catalogue.compile_process import compile_file
from core.errors import StorageFailed
from tests.catalogue.exotic import write_exotic
from tests.conftest import REPOSITORY

OPEN = (
    "import sys; from pathlib import Path; from core.catalogue import load"
    "; c = load([Path(sys.argv[1])], Path(sys.argv[2]))"
)
USE = (
    "; assert not c.problems, c.problems[0].message"
    "; print([u.name for u in c.units], c.variant('EXOTIC').service('Unsigned').encode(Value=258).hex())"
    "; print(' '.join(sorted(sys.modules)))"
)


def _child(path: Path, cache: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OPEN + USE, str(path), str(cache)]
    return subprocess.Popen(command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture
def exotic(tmp_path: Path) -> Path:
    return write_exotic(tmp_path / "exotic.pdx")


def test_opening_a_known_file_imports_no_odxtools(exotic: Path, tmp_path: Path) -> None:
    load([exotic], tmp_path / "cache")
    child = _child(exotic, tmp_path / "cache")
    out, error = child.communicate(timeout=60)
    assert child.returncode == 0, error
    listed, modules = out.splitlines()
    assert listed == "['EXOTIC'] 2e01000102"
    heavy = {"odxtools", "bincopy", "xml.etree.ElementTree", "zipfile", "subprocess", "can", "textual"}
    assert not heavy & set(modules.split())


def test_concurrent_writers_leave_one_whole_file(exotic: Path, tmp_path: Path) -> None:
    children = [_child(exotic, tmp_path / "cache") for _ in range(4)]
    for child in children:
        out, error = child.communicate(timeout=100)
        assert child.returncode == 0, error
        assert out.startswith("['EXOTIC'] 2e01000102")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [SUFFIX]


def test_a_changed_file_is_noticed_even_with_the_same_size_and_time(exotic: Path, tmp_path: Path) -> None:
    assert load([exotic], tmp_path / "cache").units[0].name == "EXOTIC"
    times = exotic.stat()
    from tests.catalogue import exotic as texts

    other = texts.write_pdx(exotic, {"exotic.odx-d": _renamed(exotic)})
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert load([exotic], tmp_path / "cache").units[0].name == "EXOTIX"
    assert len(list((tmp_path / "cache").iterdir())) == 2


def _renamed(path: Path) -> bytes:
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return archive.read("exotic.odx-d").replace(b"EXOTIC", b"EXOTIX")


def _compiled(cache: Path) -> Path:
    (found,) = cache.glob(f"*{SUFFIX}")
    return found


@pytest.mark.parametrize("damage", ["empty", "cut", "header", "foreign"])
def test_a_damaged_compiled_file_is_made_anew(damage: str, exotic: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    load([exotic], cache)
    path = _compiled(cache)
    whole = path.read_bytes()
    broken = {
        "empty": b"",
        "cut": whole[:60],
        "header": whole[:70] + bytes([whole[70] ^ 1]) + whole[71:],
        "foreign": b"PK" + whole[2:],
    }[damage]
    path.write_bytes(broken)
    assert load([exotic], cache).units[0].name == "EXOTIC"
    assert _compiled(cache).read_bytes() == whole


def test_a_damaged_section_is_made_anew_when_it_is_needed(exotic: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    catalogue = load([exotic], cache)
    path = _compiled(cache)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40] + bytes(40))
    assert catalogue.variant("EXOTIC").service("Unsigned").encode(Value=1)
    assert path.read_bytes() == whole


def test_a_cache_that_cannot_be_made_says_so(exotic: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file stands where the folder should be")
    with pytest.raises(StorageFailed, match="cache"):
        load([exotic], tmp_path / "cache")


def test_the_same_file_compiles_to_the_same_bytes(exotic: Path, tmp_path: Path) -> None:
    load([exotic], tmp_path / "one")
    load([exotic], tmp_path / "two")
    assert _compiled(tmp_path / "one").read_bytes() == _compiled(tmp_path / "two").read_bytes()


def test_a_file_is_opened_from_any_folder(exotic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child finds `core` and nothing of the working folder, whatever lies there."""
    strange = tmp_path / "täst folder with blanks"
    strange.mkdir()
    (strange / "json.py").write_text("raise SystemExit('hostile')")
    (strange / "odxtools.py").write_text("raise SystemExit('hostile')")
    monkeypatch.chdir(strange)
    copy = strange / "ä b.pdx"
    copy.write_bytes(exotic.read_bytes())
    file = OpenFile(Path("ä b.pdx").absolute(), strange / "cache dir")
    assert file.units[0].name == "EXOTIC"


def test_sections_come_back_as_written(tmp_path: Path) -> None:
    write_compiled(tmp_path / "x", {"a": [1, "ü\x1b"]}, {"one": b"1" * 5000, "two": b"", "three": bytes(range(256))})
    compiled = CompiledFile(tmp_path / "x")
    assert compiled.index == {"a": [1, "ü\x1b"]}
    assert compiled.section("one") == b"1" * 5000
    assert compiled.section("two") == b"" and compiled.section("three") == bytes(range(256))
    with pytest.raises(KeyError):
        compiled.section("four")


def test_files_of_other_versions_are_thrown_away(exotic: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / f"abc-1-00000000{SUFFIX}").write_bytes(b"old")
    (cache / "abc.part").write_bytes(b"died long ago")
    os.utime(cache / "abc.part", (0, 0))
    (cache / "def.part").write_bytes(b"being written")
    load([exotic], cache)
    assert {path.name for path in cache.iterdir()} == {"def.part", _compiled(cache).name}


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    exotic: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.catalogue import compile_process

    def compile_and_change(source: Path, target: Path, limits: Limits | None) -> None:
        compile_file(source, target, limits)
        source.write_bytes(source.read_bytes() + b"\0")

    monkeypatch.setattr(compile_process, "compile_file", compile_and_change)
    (problem,) = load([exotic], tmp_path / "cache").problems
    assert "changed while it was read" in problem.message
    assert list((tmp_path / "cache").iterdir()) == []
