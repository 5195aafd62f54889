"""What is left of a program that ended by a fault of ours: class and places in the code, no values, no messages.

Messages and local variables of an exception hold VINs, keys and tokens; a file that is sent to somebody must not.
"""

from __future__ import annotations

import platform
import time
from pathlib import Path

from core.pc.files import write_file

KEPT = 20


def keep_crash(folder: Path, error: BaseException, version: str) -> Path:
    """Writes the crash report, forgets the oldest. StorageFailed."""
    lines = [
        f"Passbay {version}, Python {platform.python_version()}, {platform.system()} {platform.release()}",
        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "",
        *_places(error),
    ]
    path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.txt"
    write_file(path, ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    for old in sorted(folder.glob("crash-*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path


def _places(error: BaseException) -> list[str]:
    lines: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(type(current).__name__)
        place = current.__traceback__
        while place is not None:
            code = place.tb_frame.f_code
            parts = Path(code.co_filename).parts[-3:]
            lines.append(f"  {'/'.join(parts)}:{place.tb_lineno} {code.co_name}")
            place = place.tb_next
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            lines.append("after")
    return lines
