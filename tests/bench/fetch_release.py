"""`python -m tests.bench.fetch_release URL ANCHOR FOLDER`: one download; prints seconds and bytes above idle."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from pathlib import Path

from core.releases.library import Library, Origin
from core.releases.model.manifest import RELEASE
from core.releases.sources.http import HttpSource


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def main(url: str, anchor: str, folder: str) -> None:
    import core.releases.trust.repository
    import core.releases.work.download  # noqa: F401  # idle is with everything loaded

    library = Library(Path(folder), "0.1.0")
    with closing(HttpSource(url)) as source:
        origin = Origin((source,), Path(anchor).read_bytes())
        library.search(origin)
        before, began = _status("VmRSS"), time.perf_counter()
        library.download(origin, library.heads(RELEASE)[-1])
        print(time.perf_counter() - began, _status("VmHWM") - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
