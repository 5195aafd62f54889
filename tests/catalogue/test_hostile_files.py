"""Damaged and hostile PDX files: one clear error each, in bounded time and memory, and the good file stays usable."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.catalogue import Limits, load
from core.catalogue.compile_process import MIB, check_archive
from core.errors import DataInvalid
from tests.catalogue.exotic import HEAD, INDEX, write_exotic, write_pdx

Make = Callable[[Path], Path]


def _plain_odx(body: str = "") -> str:
    return f'{HEAD}<DIAG-LAYER-CONTAINER ID="X"><SHORT-NAME>X</SHORT-NAME>{body}</DIAG-LAYER-CONTAINER></ODX>'


def _truncated(path: Path) -> Path:
    whole = write_exotic(path).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    return path


def _content(content: bytes) -> Make:
    def make(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return make


def _entries(entries: dict[str, str | bytes], *, index: bool = True) -> Make:
    return lambda path: write_pdx(path, entries, index=index)


def _damaged_entry(path: Path) -> Path:
    """A flipped bit within the compressed bytes of an entry: the directory is whole."""
    data = bytearray(write_exotic(path).read_bytes())
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("exotic.odx-d")
    data[entry.header_offset + 200] ^= 0x10
    path.write_bytes(data)
    return path


def _lying_size(path: Path) -> Path:
    """The directory says that an entry has 10 bytes; it has 3 MB."""
    write_pdx(path, {"a.odx-d": _plain_odx(" " * 3_000_000)})
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = struct.pack("<I", archive.getinfo("a.odx-d").file_size)
    path.write_bytes(data.replace(size, struct.pack("<I", 10)))
    return path


def _symlink(path: Path) -> Path:
    info = zipfile.ZipInfo("link.odx-d")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.xml", INDEX.format(name="x"))
        archive.writestr(info, "/etc/passwd")
    return path


def _doubled(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        for _ in range(2):
            archive.writestr("index.xml", INDEX.format(name="x"))
    return path


def _encrypted(path: Path) -> Path:
    data = bytearray(write_exotic(path).read_bytes())
    for signature, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        position = -1
        while (position := data.find(signature, position + 1)) >= 0:
            data[position + offset] |= 1
    path.write_bytes(data)
    return path


def _many_entries(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("index.xml", INDEX.format(name="x"))
        for number in range(5001):
            archive.writestr(f"{number}.bin", b"")
    return path


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE ODX [<!ENTITY a "' + "lol " * 100 + '">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 50}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + '] ><ODX MODEL-VERSION="2.2.0"><X>&i;</X></ODX>'
)  # fmt: skip

HOSTILE: dict[str, tuple[Make, str]] = {
    "empty file": (_content(b""), "zip"),
    "no zip": (_content(b"MZ this is something else" * 100), "zip"),
    "truncated": (_truncated, "zip"),
    "damaged entry": (_damaged_entry, "exotic.odx-d"),
    "lying size": (_lying_size, "a.odx-d"),
    "no index": (_entries({"a.odx-d": _plain_odx()}, index=False), "index.xml"),
    "index without name": (_entries({"index.xml": "<CATALOG/>"}), "index.xml"),
    "traversal": (_entries({"../../evil.txt": "x"}), "evil.txt"),
    "traversal, Windows": (_entries({"..\\..\\evil.txt": "x"}), "evil.txt"),
    "absolute name": (_entries({"/etc/evil.odx-d": _plain_odx()}), "evil.odx-d"),
    "drive letter": (_entries({"C:/evil.odx-d": _plain_odx()}), "evil.odx-d"),
    "symlink": (_symlink, "link.odx-d"),
    "same name twice": (_doubled, "index.xml"),
    "same name in other case": (_entries({"a.bin": "1", "A.BIN": "2"}), "A.BIN"),
    "encrypted": (_encrypted, "encrypted"),
    "5001 entries": (_many_entries, "5002 entries"),
    "huge inflate": (_entries({"zeros.bin": b"\0" * (201 * MIB)}), "200 MB"),
    "high ratio": (_entries({"a.odx-d": _plain_odx("<A/>" * 5_000_000)}), "100 times"),
    "entity bomb": (_entries({"a.odx-d": _LAUGHS}), "a.odx-d, line 1"),
    "external entity": (
        _entries({"a.odx-d": '<!DOCTYPE O [<!ENTITY e SYSTEM "file:///etc/passwd">]><O>&e;</O>'}), "a.odx-d, line 1",
    ),
    "broken XML": (_entries({"a.odx-d": "<ODX>\n\n<A>\n</B></ODX>"}), "a.odx-d, line 4"),
    "unknown encoding": (_entries({"a.odx-d": '<?xml version="1.0" encoding="klingon"?><ODX/>'}), "a.odx-d"),
    "other XML": (_entries({"a.odx-d": "<html><body/></html>"}), "a.odx-d"),
    "two categories": (_entries({"a.odx-d": '<ODX MODEL-VERSION="2.2.0"><A/><B/></ODX>'}), "a.odx-d"),
    "dangling reference": (
        _entries({"a.odx-d": _plain_odx(
            '<BASE-VARIANTS><BASE-VARIANT ID="B"><SHORT-NAME>B</SHORT-NAME><DIAG-COMMS><DIAG-SERVICE ID="S">'
            '<SHORT-NAME>S</SHORT-NAME><REQUEST-REF ID-REF="nowhere"/></DIAG-SERVICE></DIAG-COMMS></BASE-VARIANT>'
            "</BASE-VARIANTS>")}), "nowhere",
    ),
    "deep nesting": (
        _entries({"a.odx-d": _plain_odx("<SDGS>" + "<SDG>" * 50_000 + "</SDG>" * 50_000 + "</SDGS>")}), "without end",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_exotic(tmp_path_factory.mktemp("good") / "good.pdx")


@pytest.mark.parametrize("name", HOSTILE)
def test_one_clear_error_and_others_stay_usable(name: str, tmp_path: Path, good: Path, compiled_cache: Path) -> None:
    make, expected = HOSTILE[name]
    bad = make(tmp_path / "bad.pdx")
    catalogue = load([bad, good], compiled_cache)
    assert len(catalogue.problems) == 1
    problem = catalogue.problems[0]
    assert isinstance(problem, DataInvalid)
    assert problem.file == str(bad) and problem.place
    assert problem.message.startswith("bad.pdx") and problem.message.endswith(".")
    assert expected in problem.message + problem.place and "\n" not in problem.message
    assert "Traceback" not in problem.message
    assert [unit.name for unit in catalogue.units] == ["EXOTIC"]
    assert catalogue.variant("EXOTIC").service("Unsigned").encode(Value=7)
    assert {path.name for path in tmp_path.iterdir()} <= {"bad.pdx", "home"}


def test_missing_file(tmp_path: Path, good: Path, compiled_cache: Path) -> None:
    catalogue = load([tmp_path / "none.pdx", good, tmp_path], compiled_cache)
    assert [type(problem) for problem in catalogue.problems] == [DataInvalid, DataInvalid]
    assert "cannot be read" in catalogue.problems[0].message
    assert catalogue.units


def test_400_kilobytes_that_explode_are_stopped_by_the_memory_limit(tmp_path: Path, compiled_cache: Path) -> None:
    """Below the sizes that count as a bomb, and still far too many elements for any memory."""
    body = "".join(f'<A I="{number % 97}"/>' for number in range(950_000))
    path = write_pdx(tmp_path / "many.pdx", {"a.odx-d": _plain_odx(body)})
    assert path.stat().st_size < 400_000
    check_archive(path, Limits())
    begin = time.monotonic()
    # in a small process of its own: a child counts at least as large as the process that it was forked from
    program = (
        "import resource, sys; from pathlib import Path; from core.catalogue import load\n"
        "from core.catalogue import Limits\n"
        "(problem,) = load([Path(sys.argv[1])], Path(sys.argv[2]), limits=Limits(memory=160 << 20)).problems\n"
        "print(problem.message)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), str(compiled_cache)], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    *words, kibibytes = done.stdout.splitlines()
    assert "160 MiB" in "\n".join(words)
    assert int(kibibytes) <= 512 * 1024
    assert time.monotonic() - begin < 30


def test_the_time_limit_kills_the_child(tmp_path: Path, good: Path, compiled_cache: Path) -> None:
    copy = tmp_path / "slow.pdx"
    copy.write_bytes(good.read_bytes() + b"\0")  # another content, so it is not in the cache
    begin = time.monotonic()
    (problem,) = load([copy], compiled_cache, limits=Limits(seconds=0.02)).problems
    assert "longer than 0.02 s" in problem.message
    assert time.monotonic() - begin < 10


def test_archive_rules_cost_little_here(tmp_path: Path) -> None:
    """The directory is looked at in this process: 100,000 entries and a bomb must not hurt it."""
    path = tmp_path / "many.pdx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(str(number), b"")
    begin = time.process_time()
    with pytest.raises(DataInvalid, match="20000 entries"):
        check_archive(path, Limits())
    assert time.process_time() - begin < 2


def test_random_damage_never_escapes(tmp_path: Path, good: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Seeded damage within the XML: each file loads, or is one DataInvalid."""
    generator = random.Random(20261122)
    with zipfile.ZipFile(good) as archive:
        text = archive.read("exotic.odx-d")
    files = []
    for number in range(10):
        damaged = bytearray(text)
        for _ in range(generator.randrange(1, 4)):
            start = generator.randrange(100, len(damaged) - 60)
            if generator.random() < 0.5:
                damaged[start] = generator.choice(b'0189<>ABx"&')
            else:
                del damaged[start : start + generator.randrange(1, 60)]
        files.append(write_pdx(tmp_path / f"{number}.pdx", {"exotic.odx-d": bytes(damaged)}))
    catalogue = load(files, tmp_path / "cache")
    assert len(catalogue.problems) + len(catalogue.files) == 10
    assert all(isinstance(problem, DataInvalid) for problem in catalogue.problems)
    assert len(catalogue.problems) >= 3


def test_nested_zip_and_strange_names_are_only_names(tmp_path: Path, compiled_cache: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("../x", "x")
    entries: dict[str, str | bytes] = {"inner.zip": inner.getvalue(), "\x1b]0;x\x07.txt": "x", "CON": "x"}
    path = write_pdx(tmp_path / "names.pdx", {"a.odx-d": _plain_odx(), **entries})
    catalogue = load([path], compiled_cache)
    assert catalogue.problems == () and len(catalogue.files) == 1
