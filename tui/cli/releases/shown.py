"""What the commands on releases and AddOns say: sizes, rows, progress lines. Outside text is cleaned by the output."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from core.events import ComponentFetched, Noted
from core.workbench import Workbench
from tui.cli.output import Output
from tui.locale import _, said

_BEAT = 0.2


def size(count: float) -> str:
    """1.2 GB, 310 MB, 62 kB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError


def day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d") if seconds else "-"


def progress_line(event: ComponentFetched) -> str:
    percent = 100 * event.done // event.total if event.total else 100
    left = (
        "" if event.seconds_left is None else ", " + _("{seconds} s left").format(seconds=f"{event.seconds_left:.0f}")
    )
    what = event.component or _("{version}, all").format(version=event.version)
    rate = f", {size(event.rate)}/s" if event.rate else ""
    part = _("{percent} % of {size}").format(percent=percent, size=size(event.total))
    return f"  {what}: {part}{rate}{left}"


@contextmanager
def watched(workbench: Workbench, out: Output) -> Iterator[None]:
    """Prints progress and notes of the stream while the block runs."""
    ended = threading.Event()

    def drain() -> None:
        for event in workbench.stream.drain():
            if isinstance(event, ComponentFetched):
                out.line(progress_line(event))
                out.record(
                    event="progress", component=event.component, done=event.done, total=event.total, rate=event.rate,
                    seconds_left=event.seconds_left,
                )  # fmt: skip
            elif isinstance(event, Noted):
                out.line(f"! {said(event.text)}")
                out.record(event="note", text=event.text)

    def follow() -> None:
        while not ended.wait(_BEAT):
            drain()

    thread = threading.Thread(target=follow, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        drain()
