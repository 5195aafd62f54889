"""Two ISO-TP machines back to back under a fake clock, with a place to drop, double and swap frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.errors import ProductError
from core.protocol.isotp import IsoTpMachine

Mangle = Callable[[int, bytes], list[bytes]]
MOST_ROUNDS = 200_000


@dataclass
class Line:
    """`run` carries frames until both sides rest, and jumps the clock to the next deadline when nothing moves."""

    left: IsoTpMachine
    right: IsoTpMachine
    mangle: Mangle = lambda index, frame: [frame]
    now: float = 0.0
    frames: list[tuple[float, str, bytes]] = field(default_factory=list)
    errors: list[ProductError] = field(default_factory=list)
    _count: int = 0

    def run(self) -> None:
        for _ in range(MOST_ROUNDS):
            if self._carry("left", self.left, self.right) or self._carry("right", self.right, self.left):
                continue
            due = [d for d in (self.left.next_deadline(), self.right.next_deadline()) if d is not None]
            self._gather_errors()
            if not due:
                return
            self.now = max(self.now, min(due))
            self.left.handle_timeout(self.now)
            self.right.handle_timeout(self.now)
        raise AssertionError("the two sides never come to rest")

    def _carry(self, name: str, sender: IsoTpMachine, receiver: IsoTpMachine) -> bool:
        frames = sender.frames_to_send(self.now)
        for frame in frames:
            self.frames.append((self.now, name, frame))
            for arrived in self.mangle(self._count, frame):
                receiver.receive(arrived, self.now)
            self._count += 1
        return bool(frames)

    def _gather_errors(self) -> None:
        for machine in (self.left, self.right):
            while (error := machine.error()) is not None:
                self.errors.append(error)


def drop(which: int) -> Mangle:
    return lambda index, frame: [] if index == which else [frame]


def double(which: int) -> Mangle:
    return lambda index, frame: [frame, frame] if index == which else [frame]


def swap(which: int) -> Mangle:
    """Frame `which` arrives after the one that follows it."""
    held: list[bytes] = []

    def mangle(index: int, frame: bytes) -> list[bytes]:
        if index == which:
            held.append(frame)
            return []
        return [frame, held.pop()] if held else [frame]

    return mangle
