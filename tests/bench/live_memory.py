"""Memory of ring, panel and the last minutes over ten million frames, and of a recording of twelve hours.

Time is an argument of both, so that it can be accelerated; frames are those of a car's bus, not all the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

Row = tuple[str, str, str]

REPOSITORY = Path(__file__).resolve().parents[2]
FRAMES, RATE = 10_000_000, 8000
HOURS, RECORD_RATE = 12.0, 100
GROWTH_GOAL_MIB, FLAT_GOAL = 10.0, 5.0

PROGRAM = """
import json, os, sys
import psutil
from pathlib import Path
from core.diagnosis.traffic import TrafficView
from core.stream import TrafficRing
from core.trace import open_writer
from core.trace.last_minutes import LastMinutes
from core.vocabulary import CanFrame, PanelWish
frames, rate, warm, target = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
now = 0.0
ring = TrafficRing()
view = TrafficView(ring.read_since, lambda: (), bitrate=1_000_000, capacity=20_000)
minutes = LastMinutes(ring.read_since, clock=lambda: now, longest=310.0, most_bytes=64 << 20)
writer = open_writer(Path(target), whole=False) if target else None
me, cursor, lost, most_kept = psutil.Process(), 0, 0, 0
first = most = 0
wish = PanelWish("rows", 17)
batch = rate // 4
for done in range(0, frames + warm, batch):
    for n in range(done, done + batch):
        data = (n // 16 % 977).to_bytes(2, "big") + bytes((n * 7 & 0xFF, 0, 0, n >> 8 & 0xFF, 0, 0))
        ring.append(CanFrame(1e9 + n / rate, 0x100 + n % 16, data))
    now = (done + batch) / rate
    view.look(now, wish)
    minutes.take()
    if writer is not None:
        records, cursor, missed = ring.read_since(cursor)
        lost += missed
        for record in records:
            writer.write(record)
    if done % (batch * 200) == 0:
        size = me.memory_info().rss
        if done < warm:
            first = size
        most = max(most, size) if done >= warm else 0
        most_kept = max(most_kept, minutes.reach)
if writer is not None:
    writer.close()
end = me.memory_info().rss
dropped = view.figures.dropped + minutes.dropped + lost
print(json.dumps([first, max(most, end), end, dropped, most_kept, view.figures.frames]))
"""


def measure(frames: int, rate: int, warm: int, target: str = "") -> dict[str, float]:
    """MiB before (after `warm` frames), at most and at the end; frames dropped; seconds that were kept at most."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(frames), str(rate), str(warm), target],
        cwd=REPOSITORY, capture_output=True, text=True, check=True,
    )  # fmt: skip
    first, most, end, dropped, kept, seen = json.loads(done.stdout)
    mib = 1 << 20
    return {
        "first": first / mib,
        "most": most / mib,
        "end": end / mib,
        "dropped": dropped,
        "kept": kept,
        "frames": seen,
    }


def run(frames: int = FRAMES, hours: float = HOURS) -> Iterator[Row]:
    long = measure(frames, RATE, warm=RATE * 400)
    growth = long["end"] - long["first"]
    met = "met" if growth < GROWTH_GOAL_MIB else "missed"
    lost = f"dropped {long['dropped']:g}"
    what = f"{frames / 1e6:g} million frames: memory grows by MiB (from {long['first']:.1f}), {lost}"
    yield what, f"{growth:.1f}", f"< {GROWTH_GOAL_MIB:g} {met}"
    with tempfile.TemporaryDirectory() as folder:
        hour = RECORD_RATE * 3600
        day = measure(int(hours * hour) - hour, RECORD_RATE, warm=hour, target=str(Path(folder) / "day.pcapng"))
    change = (day["most"] - day["first"]) / day["first"] * 100
    met = "met" if change <= FLAT_GOAL else "missed"
    what = f"{hours:g} hours of recording to a file: memory changes by % (from {day['first']:.1f} MiB)"
    yield what, f"{change:.1f}", f"<= {FLAT_GOAL:g} {met}"
    met = "met" if day["dropped"] == 0 else "missed"
    yield f"  the same: frames dropped of {day['frames']:g}", f"{day['dropped']:g}", f"<= 0 {met}"
    met = "met" if day["kept"] <= 320 else "missed"
    yield "  the same: seconds that the ring of 5 minutes keeps at most", f"{day['kept']:.0f}", f"<= 320 {met}"
