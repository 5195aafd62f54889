"""Counters in Prometheus' text form. Worker processes share theirs through small files in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import Counter
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_EVERY = 1.0  # seconds between two writes of a worker's counters


class Metrics:
    """`route`, the pattern and not the path, is the label: a scanner cannot fill the memory with names."""

    def __init__(self, folder: str = "") -> None:
        self._folder = Path(folder) if folder else None
        self._lock = threading.Lock()
        self._requests: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._written = 0.0
        self._started = time.time()

    def count(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "") or "other"
        method = scope["method"] if scope["method"] in ("GET", "POST", "HEAD") else "other"
        with self._lock:
            self._requests[f'method="{method}",route="{route}",status="{status}"'] += 1
            self._seconds["sum"] += seconds  # type: ignore[assignment]
            self._seconds["count"] += 1
            for bound in _BUCKETS:
                self._seconds[f"le{bound}"] += seconds <= bound
            due = self._folder is not None and time.monotonic() - self._written >= _EVERY
        if due:
            self._share()

    def _share(self) -> None:
        assert self._folder is not None
        with self._lock:
            self._written = time.monotonic()
            raw = json.dumps({"requests": self._requests, "seconds": self._seconds})
        target = self._folder / f"{os.getpid()}.json"
        fresh = target.with_suffix(".new")
        with contextlib.suppress(OSError):  # counters are no reason to refuse a request
            fresh.write_text(raw, encoding="utf-8")
            fresh.replace(target)

    def text(self, gauges: dict[str, float]) -> str:
        """The whole exposition, all workers of this machine summed up."""
        with self._lock:
            requests, seconds = Counter(self._requests), Counter(self._seconds)
        for path in self._folder.glob("*.json") if self._folder else ():
            if path.stem == str(os.getpid()):
                continue
            with contextlib.suppress(OSError, ValueError):
                other = json.loads(path.read_text(encoding="utf-8"))
                requests.update(other["requests"])
                seconds.update(other["seconds"])
        lines = ["# TYPE passbay_requests_total counter"]
        lines += [f"passbay_requests_total{{{labels}}} {count}" for labels, count in sorted(requests.items())]
        lines.append("# TYPE passbay_request_seconds histogram")
        lines += [f'passbay_request_seconds_bucket{{le="{b}"}} {seconds[f"le{b}"]}' for b in _BUCKETS]
        lines.append(f'passbay_request_seconds_bucket{{le="+Inf"}} {seconds["count"]}')
        lines.append(f"passbay_request_seconds_sum {seconds['sum']:.6f}")
        lines.append(f"passbay_request_seconds_count {seconds['count']}")
        for name, value in (gauges | {"process_start_time_seconds": self._started}).items():
            lines += [f"# TYPE passbay_{name} gauge", f"passbay_{name} {value:g}"]
        return "\n".join(lines) + "\n"
