"""What screens and commands ask about Passbay in the browser: the door, its visitors, what is decided of them."""

from __future__ import annotations

import time
from collections.abc import Sequence

from core.vocabulary import Decision, Door, Visit
from core.workbench.assistance.book import VisitBook
from core.workbench.paths import WorkbenchPaths

HOST, PORT = "127.0.0.1", 8022
ACT_SECONDS = 3.0
POLL = 0.05


class Assistance:
    """`door` and `visits` are quick, the rest may take seconds: call it from a worker thread.

    Who drives a vehicle is not decided here but at its host: `vehicle.hand_over`, `vehicle.take_back`.
    """

    def __init__(self, paths: WorkbenchPaths, command: Sequence[str] = ()) -> None:
        """`command` opens the door, `passbay browser serve` where none is given."""
        self._paths, self._command = paths, command
        self._book = VisitBook(paths.visits)

    def look(self) -> tuple[Door | None, tuple[Visit, ...]]:
        """The door and the visits at one moment; without a door one look at a file, made for every second."""
        return self._book.look()

    def door(self) -> Door | None:
        """The door that is open now on this PC, whoever opened it."""
        return self._book.door()

    def visits(self) -> tuple[Visit, ...]:
        """Who waits, is in, or has just left, in the order in which they came."""
        return self._book.visits()

    def decide(self, visit_id: str, decision: Decision) -> Visit:
        """The visit as the door has it after that; as it was where the door is slow and will act later.

        UsageError, PreconditionNotMet (no door, has left already), RightMissing, StorageFailed.
        """
        before = visit = self._book.decide(visit_id, decision)
        give_up = time.monotonic() + ACT_SECONDS
        while visit.state is before.state and time.monotonic() < give_up:
            time.sleep(POLL)
            visit = next((each for each in self._book.visits() if each.id == visit_id), visit)
        return visit

    def start_door(
        self, host: str = HOST, port: int = PORT, certificate: str = "", key: str = "", public_url: str = ""
    ) -> Door:
        """Opens Passbay for browsers; the door outlives this process. SetupError, UsageError in the door's words."""
        from core.workbench.assistance import door

        options = ["--host", host, "--port", str(port)]
        for name, file in (("--certificate", certificate), ("--key", key), ("--public-url", public_url)):
            options += [name, file] if file else []
        return door.start(self._book, self._paths, options, self._command or door.COMMAND)

    def stop_door(self) -> bool:
        """Closes it and so ends all visits. Whether one was open. SetupError."""
        from core.workbench.assistance import door

        return door.stop(self._book)
