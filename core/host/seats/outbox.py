"""What waits to be sent to one client: putting never waits for the client, and events that it is too slow for are
dropped and counted. Encodes nothing."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

EVENT_LIMIT = 2000
ANSWER_LIMIT = 4 * EVENT_LIMIT
MISSED = "missed"


class Outbox:
    """One thread takes, any puts. A message is a tuple whose first part is its kind."""

    def __init__(self, event_limit: int = EVENT_LIMIT) -> None:
        self._limit = event_limit
        self._waiting: deque[tuple[Any, ...]] = deque()
        self._news = threading.Condition()
        self._missed = 0
        self._closed = False

    def put_event(self, message: tuple[Any, ...]) -> None:
        """Dropped and counted where the client lags behind: a job's thread or a keep-alive may be the one who puts."""
        with self._news:
            if len(self._waiting) >= self._limit:
                self._missed += 1
            else:
                self._waiting.append(message)
                self._news.notify_all()

    def put(self, message: tuple[Any, ...]) -> None:
        """Never dropped: there are few of these for a job."""
        with self._news:
            self._waiting.append(message)
            self._news.notify_all()

    def put_answer(self, message: tuple[Any, ...]) -> None:
        """From the thread that reads this client only: it asks no further before it takes its answers."""
        with self._news:
            self._news.wait_for(lambda: self._closed or len(self._waiting) < ANSWER_LIMIT)
            self._waiting.append(message)
            self._news.notify_all()

    def take(self) -> tuple[Any, ...] | None:
        """The next message; ("missed", count) when the client has caught up after events were dropped; None after
        `close`, when all is taken."""
        with self._news:
            self._news.wait_for(lambda: self._waiting or self._missed or self._closed)
            if self._waiting:
                message = self._waiting.popleft()
                self._news.notify_all()
                return message
            missed, self._missed = self._missed, 0
            return (MISSED, missed) if missed else None

    def close(self) -> None:
        with self._news:
            self._closed = True
            self._news.notify_all()
