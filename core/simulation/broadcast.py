"""The frames that a simulated car's units send by themselves: periods, alive counters, moving values. Pure, no bus."""

from __future__ import annotations

from heapq import heapify, heapreplace

from core.simulation.initial_state import Broadcast

NEVER = float("inf")


class Broadcaster:
    """Says which frames are due. One that comes late is sent once and not made up for."""

    def __init__(self, frames: tuple[Broadcast, ...], now: float) -> None:
        self._frames = frames
        self._counts = [0] * len(frames)
        # spread over their first period, as units that were switched on one after another
        self._due = [(now + frame.cycle * (index + 1) / len(frames), index) for index, frame in enumerate(frames)]
        heapify(self._due)

    def next_deadline(self) -> float:
        """When the next frame is due; infinity where the car sends none."""
        return self._due[0][0] if self._due else NEVER

    def due(self, now: float) -> list[tuple[Broadcast, bytes]]:
        """The frames that are due with their data of now."""
        frames = []
        while self._due and self._due[0][0] <= now:
            at, index = self._due[0]
            frame = self._frames[index]
            frames.append((frame, self._data(index, frame, now)))
            heapreplace(self._due, (max(at + frame.cycle, now), index))
        return frames

    def _data(self, index: int, frame: Broadcast, now: float) -> bytes:
        if frame.counter is None and frame.wave is None:
            return frame.data
        data = bytearray(frame.data)
        if frame.wave is not None:
            wave = frame.wave
            phase = now % wave.period / wave.period * 2.0
            share = phase if phase <= 1.0 else 2.0 - phase
            value = round(wave.low + (wave.high - wave.low) * share) & 0xFFFF
            data[wave.byte : wave.byte + 2] = value.to_bytes(2, "big")
        if frame.counter is not None:
            data[frame.counter] = data[frame.counter] & 0xF0 | self._counts[index]
            self._counts[index] = self._counts[index] + 1 & 0xF
        return bytes(data)
