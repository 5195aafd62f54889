"""Runs the real command line in a process of its own and reads its JSON lines."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

TIMEOUT = 100


class Outcome:
    """What a command left: exit code, every JSON line, the last one, both streams."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.stdout, self.stderr = done.returncode, done.stdout, done.stderr

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        assert self.stdout, self.stderr
        return self.lines[-1]


def passbay(*arguments: str) -> Outcome:
    return Outcome(
        subprocess.run(
            [sys.executable, "-W", "error", "-m", "tui.entry", *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    )


@contextmanager
def serving(*arguments: str) -> Iterator[dict[str, Any]]:
    """`passbay garage serve ...` in another process; yields its ready line, ends it by SIGTERM and wants exit 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.entry", "garage", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield json.loads(line)
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0, errors
