"""The child that reads one foreign PDX: `-m core.catalogue.compile_child IN OUT MEMORY SECONDS INFLATED`.

It limits itself, reads the entries with bounded reads, lets odxtools parse them and writes the compiled file. Its
standard output is empty, or one JSON object {"kind", "message", "place"} with exit code 3. It runs nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

EXIT_REFUSED = 3
EXIT_MEMORY = 4


def limit_resources(memory: int, seconds: float) -> None:
    """RLIMIT_AS and RLIMIT_CPU where there are such things, else a thread that watches the resident memory."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass
    if not sys.platform.startswith("linux"):
        threading.Thread(target=_watch_memory, args=(memory,), daemon=True).start()


def _watch_memory(memory: int) -> None:
    import psutil  # type: ignore[import-untyped,unused-ignore]

    process = psutil.Process()
    pause = threading.Event()
    while not pause.wait(0.1):
        if process.memory_info().rss > memory:
            _say("limit", f"reading it needs more than {memory // 2**20} MiB", "memory limit")
            os._exit(EXIT_MEMORY)


def main(arguments: list[str]) -> int:
    source, target = Path(arguments[0]), Path(arguments[1])
    memory, seconds, inflated = int(arguments[2]), float(arguments[3]), int(arguments[4])
    limit_resources(memory, seconds)
    from core.catalogue.odx.compiler import compile_pdx
    from core.errors import DataInvalid, StorageFailed

    try:
        compile_pdx(source, target, inflated)
    except DataInvalid as error:
        return _say("data", error.message, error.place)
    except StorageFailed as error:
        return _say("storage", error.message, str(target.parent))
    except RecursionError:
        return _say("data", "its elements refer to each other without end", "content")
    except MemoryError:
        return _say("limit", f"reading it needs more than {memory // 2**20} MiB", "memory limit")
    return 0


def _say(kind: str, message: str, place: str) -> int:
    sys.stdout.write(json.dumps({"kind": kind, "message": message, "place": place}))
    sys.stdout.flush()
    return EXIT_REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
