"""`python -m tests.releases.take_in ZIP ANCHOR LIBRARY`: takes it in; prints what became of it, time, memory."""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing
from pathlib import Path

from core.errors import ProductError
from core.releases.library import Library
from core.releases.sources.archive import ZipSource


def _status(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def main(archive: str, anchor: str, folder: str) -> None:
    import core.releases.trust.repository
    import core.releases.work.download  # noqa: F401  # loaded before memory and time are looked at

    before, began = _status("VmRSS"), time.monotonic()
    outcome, words = "taken", ""
    library = Library(Path(folder), "0.1.0")
    try:
        with closing(ZipSource(Path(archive))) as source:
            for kept in library.take_in(source, Path(anchor).read_bytes()):
                library.install(kept)
    except ProductError as problem:
        outcome, words = problem.name, problem.message
    seconds = time.monotonic() - began
    print(json.dumps({"outcome": outcome, "words": words, "seconds": seconds, "bytes": _status("VmHWM") - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
